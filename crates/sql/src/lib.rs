//! Turns authorized plans into SQL text, binds and the shape of the result, for one dialect.
//!
//! Sits between `plan`, which has applied rules and limits, and the stores, which only execute.
//! Pure, and cannot fail: whatever a dialect lacks was refused earlier. Names in the text come
//! from the schema alone; every value is bound. Knows nothing of connections or HTTP.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod program;

pub use program::{
    Bind, BindSource, Cardinality, Codec, CursorColumn, Failure, Inputs, LinkProgram, Output,
    ReadProgram, Select, Statement, Test, UniqueKey, WriteProgram,
};
