//! Work that has a transaction to itself: migrations and the store's own housekeeping.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rusqlite::Connection;

use super::Store;
use super::queue::{Command, Ending, Exclusive, References};
use crate::StoreError;

impl Store {
    /// Runs `work` on the writer's thread, in a transaction of its own.
    pub(super) fn run_exclusive<T: Send + 'static>(
        &self,
        references: References,
        work: impl FnOnce(&Connection) -> Result<(T, Ending), StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answer = self.queue_exclusive(references, work)?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Queues `work` for that; what comes of it arrives at the receiver.
    pub(super) fn queue_exclusive<T: Send + 'static>(
        &self,
        references: References,
        work: impl FnOnce(&Connection) -> Result<(T, Ending), StoreError> + Send + 'static,
    ) -> Result<Receiver<Result<T, StoreError>>, StoreError> {
        let (reply, answer) = sync_channel(1);
        let task = Task { references, work: Some(work), value: None, reply };
        self.submit_waiting(Command::Exclusive(Box::new(task)))?;
        Ok(answer)
    }
}

/// Work, its result until the transaction has ended, and who waits for it.
struct Task<T, F> {
    references: References,
    work: Option<F>,
    value: Option<T>,
    reply: SyncSender<Result<T, StoreError>>,
}

impl<T, F> Exclusive for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<(T, Ending), StoreError> + Send,
{
    fn references(&self) -> References {
        self.references
    }

    fn run(&mut self, conn: &Connection) -> Result<Ending, StoreError> {
        let work = self.work.take().expect("invariant: work is run once");
        let (value, ending) = work(conn)?;
        self.value = Some(value);
        Ok(ending)
    }

    fn finish(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        // Nobody may wait any more: what was committed stays.
        drop(reply.send(result.and_then(|()| value.ok_or(StoreError::Panicked))));
    }
}
