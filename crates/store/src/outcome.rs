//! What goes into a store besides a program, and what comes out.

use std::sync::Arc;

use underpin_base::Error;
use underpin_schema::Value;
use underpin_sql::{Inputs, ReadProgram, WriteProgram};

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
    /// The sort values of the page's first row. Empty for a page read backwards that is not full:
    /// nothing comes before it.
    pub first: Vec<Value>,
    /// The sort values of the page's last row. Empty for a page read forwards that is not full:
    /// nothing comes after it.
    pub last: Vec<Value>,
    /// The version of the item.
    pub version: Option<i64>,
    /// The number of all rows, where asked.
    pub total: Option<u64>,
    /// Statements executed: the round trips a networked database would need at most.
    pub n_statements: u32,
    /// Microseconds the database was busy; 0 when that was but a moment.
    pub busy_us: u64,
}

/// A read that may have to change threads.
#[derive(Clone)]
pub struct ReadJob {
    /// What to execute.
    pub program: Arc<ReadProgram>,
    /// With which values.
    pub inputs: Inputs,
    /// Makes cursors for included relations that are cut short.
    pub seal: Arc<dyn Seal>,
}

/// A write to do.
#[derive(Clone)]
pub struct WriteJob {
    /// What to execute.
    pub program: Arc<WriteProgram>,
    /// With which values.
    pub inputs: Inputs,
    /// Makes cursors for included relations of the reply that are cut short.
    pub seal: Arc<dyn Seal>,
    /// Slots to fill with keys that the database makes in earlier writes of the transaction.
    pub earlier: Vec<Earlier>,
}

/// A slot whose value is known once an earlier write is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// The slot. It takes the key as text where it holds a text, else as it is.
    pub slot: usize,
    /// The write, counted from 0 among those of the transaction.
    pub write: usize,
}

/// One step of a transaction.
#[derive(Clone)]
pub enum Step {
    /// Goes on only when the item is there. It is read in the transaction, so no write that commits
    /// before this one goes unseen.
    Require(ReadJob),
    /// Does a write.
    Write(WriteJob),
}

/// Why nothing of a transaction was done.
#[derive(Debug)]
pub struct Failure {
    /// The step that failed, from 0; 0 too when the storage failed and no step of it.
    pub step: usize,
    /// What the client is told. `NOT_FOUND` for a [`Step::Require`].
    pub error: Error,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { step: 0, error }
    }
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WriteOutcome {
    /// The row as it was committed, as a JSON object; empty after a delete or when the actor may
    /// not read it.
    pub row: Vec<u8>,
    /// Its version.
    pub version: Option<i64>,
    /// Its key, where the database made it.
    pub key: Option<Value>,
    /// Statements executed.
    pub n_statements: u32,
}

/// How a store is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Writes waiting.
    pub n_queued_writes: usize,
    /// Transactions committed since the store was opened; each may hold many writes.
    pub n_commits: u64,
    /// Writes committed since the store was opened.
    pub n_writes: u64,
    /// Bytes of the write-ahead log that are in use.
    pub log_bytes: u64,
    /// Whether the storage took what was last written to it, were it only the store's own trial.
    pub is_writable: bool,
}
