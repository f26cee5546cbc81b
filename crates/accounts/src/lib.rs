//! Who asks: accounts and what they prove themselves by, sessions, API keys, roles.
//!
//! Everything is kept in rows of our own and written through the engine. What a client can ask for
//! stands in one table, [`OPERATIONS`]: a transport gives each a place, and every operation has its
//! access, its limit and its inputs there and nowhere else. Knows no transport.
#![warn(missing_docs)]

mod accounts;
mod actor;
mod ask;
mod audit;
mod authenticate;
mod browser;
mod call;
mod dispatch;
mod identity;
mod inputs;
mod keys;
mod me;
mod operation;
mod people;
mod service;
mod session;
mod settings;
mod signing;

pub use accounts::{Accounts, Options};
pub use actor::actor_of;
pub use call::{Answer, Call, Client, Grant};
pub use identity::Identity;
pub use keys::{KeyInfo, NewKey};
pub use operation::{
    Access, Input, InputKind, OPERATIONS, Operation, OperationId, Outcome, Throttle,
};
pub use settings::{Registration, Settings, Verification};
