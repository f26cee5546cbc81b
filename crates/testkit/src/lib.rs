//! What tests of the product stand on: servers of their own, actors, requests, scenarios.
//!
//! A test starts a server on a temporary database ([`TestApp`]), asks it as somebody
//! ([`Client`]) and says what it expects ([`Answer`]). Scenario files do the same without Rust
//! ([`scenario`]). Nothing that ships depends on this crate.
#![warn(missing_docs)]

mod app;
mod authenticator;
mod client;
pub mod expect;
mod mails;
mod provider;
mod request_log;
pub mod scenario;
mod wire;

pub use app::{Setup, TestApp};
pub use authenticator::{Authenticator, Pair};
pub use client::{Answer, Client, Request};
pub use provider::{Browser, CertifiedProvider};
pub use wire::{Wire, WireAnswer};
