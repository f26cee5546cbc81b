//! The rule language: CEL expressions over a schema, typed into one [`Predicate`].
//!
//! Pure. A rule's text is parsed, checked against the schema's types, folded for a set of roles,
//! and from then on is a [`Predicate`]: `sql` makes a condition of it, [`eval`](crate::eval)
//! decides it in memory, and both must agree on every input. The same language, with fields
//! standing bare, is the `filter` of a request. Knows no SQL text and no HTTP.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod filter;
mod predicate;

pub use filter::{FilterExpr, LiteralText};
pub use predicate::{
    ActorValue, CompareOp, Operand, Path, Predicate, Quantified, Root, Slot, TextOp, Var,
};
