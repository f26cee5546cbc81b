//! The one way out: every HTTP request that Underpin sends to another server.
//!
//! A request is resolved, judged and sent in that order, and the address that was judged is the one
//! that is connected to, so a name that answers differently the second time gains nothing. Nothing is
//! followed (a redirect is an answer like any other), everything has an end (time, bytes, addresses,
//! requests at once), and no connection is kept, because a kept one would outlive the judgement of
//! its address.
//!
//! [`Reach::Public`] is for addresses that users name, [`Reach::Any`] for those an operator
//! configured. What went wrong is told in one fixed sentence; the cause is for the log, since it would
//! tell a user which inner addresses answer.
//!
//! There are no proxies, no cookies, no compression and no HTTP/2: few requests leave, and each of
//! these would be one more way past the judgement.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod address;
mod client;
mod error;
mod exchange;
mod message;
mod resolve;
mod target;
mod tls;

pub use address::is_public;
pub use client::{Client, Settings};
pub use error::{Cause, Error, SetupError};
pub use message::{Request, Response};
pub use target::{Reach, Refusal, check, parse};
