//! The rule language: CEL expressions over a schema, typed into one [`Predicate`].
//!
//! Pure. A rule's text is parsed, checked against the schema's types, folded for a set of roles,
//! and from then on is a [`Predicate`]: `sql` makes a condition of it, [`eval()`] decides it in
//! memory, and both must agree on every input. The same language, with fields standing bare, is
//! the `filter` of a request. Knows no SQL text and no HTTP.
//!
//! ```text
//! text ─ lexer ─ parser ─► expression ─ checker ─► Predicate ─ fold, rebase ─► Predicate
//! ```
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod checker;
mod clause;
mod combine;
mod compile;
mod display;
#[cfg(test)]
mod dream;
mod eval;
mod filter;
#[cfg(test)]
mod fixture;
mod fold;
mod lexer;
mod literal;
mod parser;
mod predicate;
mod problem;
mod rebase;
mod syntax;
mod trace;
mod typing;

pub use clause::{Clause, Form, RowsClause, RuleKind};
pub use compile::{CheckRule, FieldRules, ModelRules, Rules, UpdateRule};
pub use eval::{Rows, Situation, eval};
pub use filter::{
    FilterError, FilterExpr, SlotType, Visible, VisibleField, parse_filter, scan_filter,
    type_filter,
};
pub use fold::{Facts, fold, grants, grants_any};
pub use predicate::{
    ActorValue, CompareOp, Operand, Path, Predicate, Quantified, Root, Slot, TextOp, Var,
};
pub use rebase::{Base, Vars};
pub use syntax::LiteralText;
pub use trace::{Trace, trace};
