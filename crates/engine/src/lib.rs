//! The only door to data: plans, executes, and remembers plans.
//!
//! Transports hand over requests in their client's names and get JSON rows back. Every read and
//! every write of the product goes through [`Engine`], rows of our own included, so there is one
//! place where rules, limits and transactions apply. Knows no transport.
#![warn(missing_docs)]

mod authority;
mod call;
mod cursor;
mod engine;
pub mod migrations;
mod plans;
mod reads;
mod roles;
mod seeding;
mod standing;
pub mod system;
mod transaction;
mod users;
mod writes;

pub use call::{Context, PageLinks, ReadCall, ReadReply, Shown, Standing, WriteReply};
pub use engine::{App, AppGuard, Engine, Options};
pub use roles::Permissions;
pub use seeding::Seeding;
pub use system::{SystemQuery, SystemWrite};
pub use transaction::{Aborted, Made, Transaction};
pub use users::UserRow;
