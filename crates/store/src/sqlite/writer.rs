//! The one thread that writes.
//!
//! Writes that are queued when the thread comes round share a transaction, each in a savepoint of
//! its own, and are acknowledged after their shared commit: one sync of the disk serves them all.
//! A write that fails takes back its savepoint alone.
//!
//! After trouble with the storage the connection is given up and a new one opened. A sync that
//! failed is never tried again: the pages it lost are not known, so what was not acknowledged is
//! answered with an error and the log goes on from its last sound commit.
//!
//! While the storage cannot be written, an idle writer tries by itself, so that readiness does not
//! wait for somebody's write.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvError, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use underpin_base::Error;

use super::mover::Mover;
use super::open::{Link, Opener, Purpose};
use super::queue::{Command, Ending, Exclusive, QueuedWrite, References};
use super::trouble::Trouble;
use super::write::Failed;
use super::{Shared, checkpoint, is_broken, system, write};
use crate::{Failure, StoreError, WriteOutcome};

/// Writes that share a transaction at most: enough to make the sync cheap, few enough to keep the
/// wait of the first short.
const GROUP_MAX: usize = 256;

/// How long an idle writer waits before it tries again to write to a storage that failed.
const PROBE: Duration = Duration::from_secs(1);

/// What one write of a group has come to so far.
enum Verdict {
    /// Nothing.
    Open,
    /// This, should the transaction be committed.
    Provisional(Result<Vec<WriteOutcome>, Failure>),
    /// It took the transaction down with it: this, whatever becomes of the others.
    Final(Failure),
}

/// How the transaction of a group ended.
enum Ended {
    Committed,
    /// One of its writes left a reference dangling that is checked at the commit.
    Dangling(rusqlite::Error),
}

/// The writer's thread and what it owns.
pub(super) struct Writer {
    opener: Arc<Opener>,
    shared: Arc<Shared>,
    commands: Receiver<Command>,
    link: Option<Link>,
    mover: Mover,
    /// When the storage last failed.
    failed_at: Instant,
}

impl Writer {
    pub(super) fn new(
        opener: Arc<Opener>,
        shared: Arc<Shared>,
        commands: Receiver<Command>,
        link: Link,
    ) -> Result<Self, StoreError> {
        let mover = Mover::start(&opener)?;
        let mut writer =
            Self { opener, shared, commands, link: None, mover, failed_at: Instant::now() };
        writer.adopt(link);
        Ok(writer)
    }

    /// Serves until it is told to close, or every handle on the store is gone.
    pub(super) fn run(mut self) {
        let mut pending = None;
        loop {
            let command = match pending.take() {
                Some(command) => Ok(command),
                None => self.next_command(),
            };
            match command {
                Ok(Command::Write(first)) => {
                    let mut group = vec![*first];
                    pending = self.gather(&mut group);
                    self.commit_group(group);
                }
                Ok(Command::Exclusive(work)) => self.run_exclusive(work),
                Ok(Command::Close) | Err(RecvError) => break,
            }
            self.keep_log_short();
        }
        self.mover.close();
        checkpoint::finish(self.link);
    }

    /// Waits for a command. When there is none, the time is good for a checkpoint.
    fn next_command(&mut self) -> Result<Command, RecvError> {
        match self.commands.try_recv() {
            Ok(command) => return Ok(command),
            Err(TryRecvError::Disconnected) => return Err(RecvError),
            Err(TryRecvError::Empty) => {}
        }
        if let Some(link) = &self.link {
            checkpoint::when_idle(&link.conn, &self.shared);
        }
        while let Some(pause) = self.pause() {
            match self.commands.recv_timeout(pause) {
                Ok(command) => return Ok(command),
                Err(RecvTimeoutError::Disconnected) => return Err(RecvError),
                Err(RecvTimeoutError::Timeout) => self.use_pause(),
            }
        }
        self.commands.recv()
    }

    /// How long to wait for a command until there is something to do of the writer's own; `None`
    /// when there is nothing.
    fn pause(&self) -> Option<Duration> {
        if self.link.is_some() && checkpoint::is_wanted(&self.shared) {
            return Some(checkpoint::PAUSE);
        }
        let is_writable = self.shared.is_writable.load(Ordering::Relaxed);
        (!is_writable).then(|| PROBE.saturating_sub(self.failed_at.elapsed()))
    }

    fn use_pause(&mut self) {
        if let Some(link) = &self.link
            && checkpoint::is_wanted(&self.shared)
        {
            checkpoint::again(&link.conn, &self.shared);
        }
        let is_writable = self.shared.is_writable.load(Ordering::Relaxed);
        if !is_writable && self.failed_at.elapsed() >= PROBE {
            self.probe();
        }
    }

    /// Writes a small row, to learn whether the storage can be written again.
    fn probe(&mut self) {
        let result = unless_panicked(|| {
            let conn = &self.link()?.conn;
            begin(conn)?;
            system::write_probe(conn).map_err(|error| abandon(conn, error))?;
            commit(conn).map_err(|source| abandon(conn, StoreError::Commit { source }))
        });
        match result {
            Ok(()) => {
                self.shared.is_writable.store(true, Ordering::Relaxed);
                tracing::info!("the storage can be written again");
            }
            Err(error) => {
                // What failed first was reported; this would be a line a second.
                tracing::debug!(?error, "the storage still cannot be written");
                self.failed_at = Instant::now();
                if error.is_panic() || is_broken(&error) {
                    self.link = None;
                }
            }
        }
    }

    /// Takes the writes that are queued, up to a full group. What is not a write ends the group
    /// and comes next.
    fn gather(&mut self, group: &mut Vec<QueuedWrite>) -> Option<Command> {
        while group.len() < GROUP_MAX {
            match self.commands.try_recv() {
                Ok(Command::Write(write)) => group.push(*write),
                Ok(other) => return Some(other),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return None,
            }
        }
        None
    }

    fn commit_group(&mut self, mut group: Vec<QueuedWrite>) {
        self.shared.n_queued.fetch_sub(group.len(), Ordering::Relaxed);
        // Whoever gave up waiting does not need it done.
        group.retain(|write| !write.reply.is_closed());
        if group.is_empty() {
            return;
        }
        #[cfg(test)]
        self.opener.faults().acknowledge_early(&mut group);
        let mut verdicts: Vec<Verdict> = group.iter().map(|_| Verdict::Open).collect();
        let result = unless_panicked(|| self.try_group(&group, &mut verdicts));
        self.note(&result);
        for (write, verdict) in group.into_iter().zip(verdicts) {
            let answer = match (&result, verdict) {
                (_, Verdict::Final(failure)) => Err(failure),
                (Ok(()), Verdict::Provisional(answer)) => answer,
                (Ok(()), Verdict::Open) => Err(StoreError::Panicked.into()),
                (Err(error), Verdict::Provisional(_) | Verdict::Open) => Err(repeat(error).into()),
            };
            // Nobody may wait any more: the write is done or not done all the same.
            drop(write.reply.send(answer));
        }
    }

    fn try_group(
        &mut self,
        group: &[QueuedWrite],
        verdicts: &mut [Verdict],
    ) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        let link = self.link()?;
        let error = match run_group(link, &shared, group, verdicts)? {
            Ended::Committed => return Ok(()),
            Ended::Dangling(error) => error,
        };
        // SQLite does not say which write it was. Alone, each finds out.
        if let ([write], [verdict]) = (group, &mut *verdicts) {
            *verdict = Verdict::Final(Failed::Database(error).into_answer(&write.steps, 0));
            return Ok(());
        }
        for (write, verdict) in group.iter().zip(verdicts) {
            if matches!(verdict, Verdict::Final(_)) {
                continue;
            }
            let (one, slot) = (std::slice::from_ref(write), std::slice::from_mut(verdict));
            let result = self.try_group(one, slot);
            self.note(&result);
            if let Err(error) = result {
                *verdict = Verdict::Final(error.into());
            }
        }
        Ok(())
    }

    fn run_exclusive(&mut self, mut work: Box<dyn Exclusive>) {
        let result = unless_panicked(|| self.try_exclusive(&mut *work));
        self.note(&result);
        work.finish(result);
    }

    fn try_exclusive(&mut self, work: &mut dyn Exclusive) -> Result<(), StoreError> {
        let shared = Arc::clone(&self.shared);
        let conn = &self.link()?.conn;
        let references = work.references();
        if references == References::Unchecked {
            conn.pragma_update(None, "foreign_keys", false)
                .map_err(|source| StoreError::Configure { source })?;
        }
        let result = begin(conn).and_then(|()| match work.run(conn) {
            Ok(Ending::Commit) => commit(conn)
                .map(|()| {
                    shared.n_commits.fetch_add(1, Ordering::Relaxed);
                    shared.is_writable.store(true, Ordering::Relaxed);
                })
                .map_err(|source| abandon(conn, StoreError::Commit { source })),
            Ok(Ending::RollBack) => roll_back(conn),
            Err(error) => Err(abandon(conn, error)),
        });
        if references == References::Unchecked {
            // A new connection checks references again, whatever happened here.
            self.link = None;
        }
        result
    }

    /// The connection; a new one when the last was given up.
    fn link(&mut self) -> Result<&Link, StoreError> {
        if self.link.is_none() {
            let link = self.opener.open(Purpose::Write)?;
            self.adopt(link);
        }
        if let Some(link) = &self.link {
            checkpoint::refuse_when_full(&link.conn, &self.shared)?;
        }
        self.link.as_ref().ok_or(StoreError::WriterDown)
    }

    fn adopt(&mut self, mut link: Link) {
        if checkpoint::watch(&mut link.conn, &self.shared).is_ok() {
            self.link = Some(link);
        }
    }

    /// Takes note of how a transaction ended, and gives up a connection that cannot be trusted.
    fn note(&mut self, result: &Result<(), StoreError>) {
        let Err(error) = result else { return };
        if error.is_panic() || is_broken(error) {
            self.link = None;
            tracing::error!(?error, "a transaction failed; the writer reconnects");
        }
        if error.is_panic() || error.is_lasting() {
            self.shared.is_writable.store(false, Ordering::Relaxed);
            self.failed_at = Instant::now();
        }
    }

    fn keep_log_short(&mut self) {
        if let Some(link) = &self.link {
            checkpoint::when_due(&link.conn, &self.shared, &self.mover);
        }
    }
}

/// Runs a group in one transaction. Starts over, without those that have their final verdict, when
/// a write takes the transaction down with it.
fn run_group(
    link: &Link,
    shared: &Shared,
    group: &[QueuedWrite],
    verdicts: &mut [Verdict],
) -> Result<Ended, StoreError> {
    let conn = &link.conn;
    loop {
        begin(conn)?;
        let mut is_lost = false;
        for (write, verdict) in group.iter().zip(verdicts.iter_mut()) {
            if !matches!(verdict, Verdict::Final(_)) {
                let answer = run_one(link, shared, write)
                    .map_err(|source| abandon(conn, StoreError::Write { source }))?;
                is_lost = conn.is_autocommit();
                *verdict = match answer {
                    Err(failure) if is_lost => Verdict::Final(failure),
                    answer => Verdict::Provisional(answer),
                };
            }
            if is_lost {
                break;
            }
        }
        if !is_lost {
            return end_group(conn, shared, verdicts);
        }
    }
}

/// Runs one write in a savepoint. The outer error is about the storage and concerns the group; the
/// inner one is this write's own.
fn run_one(
    link: &Link,
    shared: &Shared,
    write: &QueuedWrite,
) -> rusqlite::Result<Result<Vec<WriteOutcome>, Failure>> {
    #[cfg(test)]
    shared.faults.begin_write(write);
    link.guard.begin(shared.statement_us_max);
    let outcome = in_savepoint(&link.conn, || write::execute(&link.conn, shared, &write.steps));
    link.guard.lift();
    match outcome {
        Ok(outcomes) => Ok(Ok(outcomes)),
        Err((_, Failed::Database(error))) if Trouble::of(&error) == Trouble::Storage => Err(error),
        Err((place, failed)) => Ok(Err(failed.into_answer(&write.steps, place))),
    }
}

fn end_group(
    conn: &Connection,
    shared: &Shared,
    verdicts: &[Verdict],
) -> Result<Ended, StoreError> {
    match commit(conn) {
        Ok(()) => {
            let is_done = |verdict: &&Verdict| matches!(verdict, Verdict::Provisional(Ok(_)));
            let n_done = verdicts.iter().filter(is_done).count();
            shared.n_commits.fetch_add(1, Ordering::Relaxed);
            shared.n_writes.fetch_add(n_done as u64, Ordering::Relaxed);
            // Writes that were all refused say nothing about the storage.
            if n_done > 0 {
                shared.is_writable.store(true, Ordering::Relaxed);
            }
            Ok(Ended::Committed)
        }
        Err(error) if Trouble::of(&error) == Trouble::Constraint => {
            roll_back(conn)?;
            Ok(Ended::Dangling(error))
        }
        Err(source) => Err(abandon(conn, StoreError::Commit { source })),
    }
}

fn begin(conn: &Connection) -> Result<(), StoreError> {
    run_cached(conn, "BEGIN IMMEDIATE").map_err(|source| StoreError::Begin { source })
}

fn commit(conn: &Connection) -> rusqlite::Result<()> {
    run_cached(conn, "COMMIT")
}

fn in_savepoint<T>(
    conn: &Connection,
    work: impl FnOnce() -> Result<T, (usize, Failed)>,
) -> Result<T, (usize, Failed)> {
    let run = |sql| run_cached(conn, sql).map_err(|error| (0, Failed::Database(error)));
    run("SAVEPOINT one")?;
    let result = work();
    #[cfg(test)]
    if super::faults::forgets_to_undo() {
        run("RELEASE one")?;
        return result;
    }
    if result.is_ok() {
        run("RELEASE one")?;
    } else if !conn.is_autocommit() {
        run("ROLLBACK TO one")?;
        run("RELEASE one")?;
    }
    result
}

/// Rolls back, and returns `error`. That there is nothing to roll back is no further trouble.
fn abandon(conn: &Connection, error: StoreError) -> StoreError {
    if let Err(rollback) = roll_back(conn) {
        tracing::warn!(error = ?rollback, "a transaction could not be rolled back");
    }
    error
}

fn roll_back(conn: &Connection) -> Result<(), StoreError> {
    if conn.is_autocommit() {
        return Ok(());
    }
    conn.execute_batch("ROLLBACK").map_err(|source| StoreError::Write { source })
}

fn run_cached(conn: &Connection, sql: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([])?;
    #[cfg(test)]
    super::faults::end_step();
    Ok(())
}

fn unless_panicked(work: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
    // What the work leaves behind is not looked at again: the connection is given up.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(StoreError::Panicked))
}

/// The same failure for another write of the group.
fn repeat(error: &StoreError) -> Error {
    let source = match error.database_error() {
        Some(database) => format!("{error}: {database}"),
        None => error.to_string(),
    };
    error.to_answer().with_source(source)
}
