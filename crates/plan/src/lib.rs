//! From what somebody asks to what they may have: requests, and the plans that answer them.
//!
//! Pure. A transport builds a request that names things as its client did; [`authorize_read`] and
//! [`authorize_write`] resolve the names, apply the schema's rules for the actor's roles and
//! return a plan. They are the only makers of plans, and `sql` compiles nothing else, so nothing
//! reaches a database unauthorized. Knows no transport and no SQL text.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod actor;
mod request;

pub use actor::{Actor, ActorKind, Profile};
pub use request::{
    Condition, Document, Operator, PageRequest, Paging, ReadRequest, SortKey, Target, WriteKind,
    WriteRequest,
};
