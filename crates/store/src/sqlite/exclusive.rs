//! Work that has a transaction to itself: migrations and the store's own housekeeping.

use std::sync::mpsc::{SyncSender, sync_channel};

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use underpin_sql::{BindSource, Statement};

use super::Store;
use super::encode::encode;
use super::queue::{Command, Exclusive, References};
use crate::StoreError;

impl Store {
    /// Executes `script` in one transaction: all of it or nothing. Tables may be made anew
    /// meanwhile; references are checked once, before the commit. A statement without binds may
    /// hold several, separated by semicolons; binds must be literals.
    ///
    /// Blocks until it is committed. Runs when the writes queued before are done, and has no time
    /// limit.
    ///
    /// # Errors
    /// The statement that failed, or the references that would dangle. Nothing was changed then.
    pub fn migrate(&self, script: Vec<Statement>) -> Result<(), StoreError> {
        self.run_exclusive(References::CheckedAtEnd, move |conn| {
            script.iter().try_for_each(|statement| run_statement(conn, statement))
        })
    }

    /// Runs `work` on the writer's thread, in a transaction that is committed when it succeeds.
    pub(super) fn run_exclusive<T: Send + 'static>(
        &self,
        references: References,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = sync_channel(1);
        let task = Task { references, work: Some(work), value: None, reply };
        self.submit_waiting(Command::Exclusive(Box::new(task)))?;
        answer.recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// Work, its result until it is committed, and who waits for it.
struct Task<T, F> {
    references: References,
    work: Option<F>,
    value: Option<T>,
    reply: SyncSender<Result<T, StoreError>>,
}

impl<T, F> Exclusive for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn references(&self) -> References {
        self.references
    }

    fn run(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let work = self.work.take().expect("invariant: work is run once");
        self.value = Some(work(conn)?);
        Ok(())
    }

    fn finish(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        // Nobody may wait any more: what was committed stays.
        drop(reply.send(result.and_then(|()| value.ok_or(StoreError::Panicked))));
    }
}

fn run_statement(conn: &Connection, statement: &Statement) -> Result<(), StoreError> {
    let failed = |source| StoreError::Script { statement: statement.text.clone(), source };
    if statement.binds.is_empty() {
        return conn.execute_batch(&statement.text).map_err(failed);
    }
    let values = statement.binds.iter().map(|bind| match &bind.source {
        BindSource::Literal(value) => encode(value, bind.codec),
        _ => ToSqlOutput::Borrowed(ValueRef::Null),
    });
    let mut prepared = conn.prepare(&statement.text).map_err(failed)?;
    prepared.execute(rusqlite::params_from_iter(values)).map(drop).map_err(failed)
}
