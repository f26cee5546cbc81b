//! From what somebody asks to what they may have: requests, and the plans that answer them.
//!
//! Pure. A transport builds a request that names things as its client did; [`authorize_read`] and
//! [`authorize_write`] resolve the names, apply the schema's rules for the actor's roles and
//! return a plan. They are the only makers of plans, and `sql` compiles nothing else, so nothing
//! reaches a database unauthorized. Knows no transport and no SQL text.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod actor;
mod authorized;
mod catalog;
mod condition;
mod document;
mod reach;
mod read;
mod request;
mod roles;
mod selection;
mod shape;
mod slot;
mod sort;
mod validate;
mod view;
mod write;

pub use actor::{Actor, ActorKind, Profile};
pub use authorized::{
    Assigned, AuthorizedRead, AuthorizedWrite, Link, LinkSide, Member, Operation, Parent, ReadPlan,
    RowTest, Rows, Selection, SortTerm, Source, Unique, WritePlan, WriteSlot, WriteTest,
};
pub use catalog::{Catalog, Folded, FoldedField, FoldedModel};
pub use document::{Object, decode_document, decode_object, read_object};
pub use read::authorize_read;
pub use request::{
    Condition, Document, Operator, PageRequest, Paging, ReadRequest, SortKey, Target, WriteKind,
    WriteRequest,
};
pub use roles::Roles;
pub use shape::{Versioned, WriteShape};
pub use slot::{RawText, SlotType};
pub use validate::{permit, validate, validate_registration};
pub use write::authorize_write;
