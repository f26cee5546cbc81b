//! What the writer's thread is asked to do.

use rusqlite::Connection;
use tokio::sync::oneshot;
use underpin_base::Result;

use crate::{StoreError, WriteJob, WriteOutcome};

/// A request to the writer.
pub(super) enum Command {
    /// One write, which may share a transaction with others.
    Write(Box<QueuedWrite>),
    /// Work that needs a transaction to itself.
    Exclusive(Box<dyn Exclusive>),
    /// End, once all that was queued before is done.
    Close,
}

/// A write and who waits for it.
pub(super) struct QueuedWrite {
    pub(super) job: WriteJob,
    pub(super) reply: oneshot::Sender<Result<WriteOutcome>>,
}

/// Work with a transaction to itself.
pub(super) trait Exclusive: Send {
    /// Whether references may dangle in the meantime; they are checked before the commit.
    fn references(&self) -> References;

    /// Does the work. It is committed if this succeeds.
    fn run(&mut self, conn: &Connection) -> std::result::Result<(), StoreError>;

    /// Tells whoever waits.
    fn finish(self: Box<Self>, result: std::result::Result<(), StoreError>);
}

/// When foreign keys are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum References {
    /// With each statement.
    Checked,
    /// Once, before the commit: tables may be made anew meanwhile.
    CheckedAtEnd,
    /// By the work itself, which may know of references that dangled before.
    CheckedByWork,
}
