//! What the writer's thread is asked to do.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::{Failure, Step, StoreError, WriteOutcome};

/// A request to the writer.
pub(super) enum Command {
    /// One request's writes, which may share a transaction with those of others.
    Write(Box<QueuedWrite>),
    /// Work that needs a transaction to itself.
    Exclusive(Box<dyn Exclusive>),
    /// End, once all that was queued before is done.
    Close,
}

/// What of one request is done together or not at all, and who waits for it.
pub(super) struct QueuedWrite {
    pub(super) steps: Vec<Step>,
    pub(super) reply: oneshot::Sender<Result<Vec<WriteOutcome>, Failure>>,
}

/// Work with a transaction to itself.
pub(super) trait Exclusive: Send {
    /// Whether the database checks references meanwhile.
    fn references(&self) -> References;

    /// Does the work, and says how to end the transaction. Failure rolls it back.
    fn run(&mut self, conn: &Connection) -> Result<Ending, StoreError>;

    /// Tells whoever waits.
    fn finish(self: Box<Self>, result: Result<(), StoreError>);
}

/// Whether foreign keys are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    /// They are.
    Checked,
    /// They are not: tables may be made anew, and whoever does so answers for the references.
    Unchecked,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// What was done stays.
    Commit,
    /// What was done is undone.
    RollBack,
}
