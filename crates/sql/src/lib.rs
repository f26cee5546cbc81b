//! Turns authorized plans into SQL text, binds and the shape of the result, for one dialect.
//!
//! Sits between `plan`, which has applied rules and limits, and the stores, which only execute.
//! Pure, and cannot fail: whatever a dialect lacks was refused earlier. Names in the text come
//! from the schema alone; every value is bound. Knows nothing of connections or HTTP.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod codec;
mod condition;
mod dialect;
mod keyset;
mod operand;
mod program;
mod select;
mod statement;
mod write;

pub use dialect::Dialect;
pub use program::{
    Bind, BindSource, Cardinality, Codec, CursorColumn, Failure, Inputs, LinkProgram, Output,
    ReadProgram, Select, Statement, Test, UniqueKey, WriteProgram,
};
pub use select::read;
pub use write::write;
