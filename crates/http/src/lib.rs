//! HTTP: from bytes on a socket to a call of the engine and back.
//!
//! A server is a few threads, each with its own runtime and connections. On a connection the
//! *guard* lets only well-framed requests through to hyper; each becomes an *exchange*, which is
//! routed by the *site* made of the schema, answered, and leaves one line in the log. Handlers
//! translate and nothing more: names stay as the client wrote them, and whatever is allowed or
//! refused is decided by the engine.
//!
//! Knows neither databases nor SQL.
#![warn(missing_docs)]

mod auth;
mod body;
mod catch;
mod caught_mail;
mod docs;
mod envelope;
mod etag;
mod exchange;
mod headers;
mod health;
mod host;
mod json;
mod limits;
mod log;
mod openapi;
mod path;
mod query;
mod reply;
mod rest;
mod server;
mod site;

pub use limits::Tiers;
pub use log::{LogFormat, LogOptions};
pub use openapi::openapi;
pub use server::{ServerOptions, serve};
