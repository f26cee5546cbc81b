//! What goes into a store besides a program, and what comes out.

use std::sync::Arc;

use underpin_schema::Value;
use underpin_sql::{Inputs, WriteProgram};

/// Turns the sort values of a row into an opaque cursor. Stores write cursors into rows whose
/// included relations were cut short, but know nothing of keys or encodings.
pub trait Seal: Send + Sync {
    /// Appends the text of a cursor for a list of this shape (see `Select::cursor_shape`).
    fn seal(&self, shape: u64, values: &[Value], out: &mut Vec<u8>);
}

/// What a read found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOutcome {
    /// Whether the item, or the parent of a nested list, is there.
    pub found: bool,
    /// Rows written at the top level.
    pub n_rows: u32,
    /// Whether the list goes on past the page in the direction it was read.
    pub has_more: bool,
    /// The sort values of the page's first row.
    pub first: Vec<Value>,
    /// The sort values of the page's last row.
    pub last: Vec<Value>,
    /// The version of the item.
    pub version: Option<i64>,
    /// The number of all rows, where asked.
    pub total: Option<u64>,
    /// Statements executed: the round trips a networked database would need at most.
    pub n_statements: u32,
}

/// A write to do.
#[derive(Debug, Clone)]
pub struct WriteJob {
    /// What to execute.
    pub program: Arc<WriteProgram>,
    /// With which values.
    pub inputs: Inputs,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteOutcome {
    /// The row as it was committed, as a JSON object; empty after a delete or when the actor may
    /// not read it.
    pub row: Vec<u8>,
    /// Its version.
    pub version: Option<i64>,
    /// Statements executed.
    pub n_statements: u32,
}
