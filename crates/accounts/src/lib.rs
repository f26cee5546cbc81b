//! Who asks: accounts and what they prove themselves by, sessions, API keys, roles.
//!
//! Everything is kept in rows of our own and written through the engine. What a client can ask for
//! stands in one table, [`OPERATIONS`]: a transport gives each a place, and every operation has its
//! access, its limit and its inputs there and nowhere else. Knows no transport.
#![warn(missing_docs)]

mod accounts;
mod actor;
mod authenticate;
mod call;
mod identity;
mod keys;
mod operation;
mod service;

pub use accounts::{Accounts, Options};
pub use call::{Answer, Call, Client, Grant};
pub use identity::Identity;
pub use keys::{KeyInfo, NewKey};
pub use operation::{
    Access, Input, InputKind, OPERATIONS, Operation, OperationId, Outcome, Throttle,
};
