//! The only door to data: authenticates, plans, executes, and remembers plans.
//!
//! Transports hand over requests in their client's names and get JSON rows back. Every read and
//! every write of the product goes through [`Engine`], system tables included, so there is one
//! place where rules, limits and transactions apply. Knows no transport.
#![warn(missing_docs)]

mod call;
mod cursor;
mod engine;
mod keys;
pub mod migrations;
mod plans;
mod reads;
mod seeding;
mod system;
mod writes;

pub use call::{Context, PageLinks, ReadCall, ReadReply, WriteReply};
pub use engine::{App, AppGuard, Engine, Options};
pub use keys::NewKey;
pub use seeding::Seeding;
pub use system::KeyInfo;
