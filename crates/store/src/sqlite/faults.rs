//! Faults that tests provoke, and a hold on the writer.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, ffi};
use tokio::sync::oneshot;
use underpin_schema::Value;

use super::Store;
use super::open::Purpose;
use super::queue::{Ending, QueuedWrite, References};
use crate::{Step, StoreError, WriteOutcome};

/// What goes wrong, and what is deliberately done wrong to see that a test notices.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    /// Pages the database may have; a connection that writes learns of it when it is opened.
    pub(crate) pages_max: Arc<AtomicU32>,
    /// Pages in the log at which nothing more is written.
    pub(crate) log_pages_max: u64,
    /// Acknowledge writes before their commit.
    pub(crate) acknowledges_early: bool,
    /// The write to stop, and where.
    pub(crate) halt: Arc<Mutex<Option<Halt>>>,
}

/// Stops a write at the end of one of its statements.
#[derive(Debug, Clone)]
pub(crate) struct Halt {
    /// The write's first value.
    pub(crate) key: Value,
    /// How many statements end before.
    pub(crate) after: u32,
    pub(crate) by: HaltBy,
    pub(crate) undo: Undo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HaltBy {
    /// An error of SQLite with this code. The statements of the program count.
    Error(i32),
    /// The end of the process. Those around them count too: the savepoint, its release and, of the
    /// last write of a group, the commit.
    Abort,
}

/// What becomes of what a write did before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undo {
    Done,
    /// It stays, as it must not.
    Forgotten,
}

/// What is left to count of the write that the writer's thread is at.
#[derive(Clone, Copy)]
struct Countdown {
    n_left: u32,
    by: HaltBy,
    undo: Undo,
}

thread_local! {
    static COUNTDOWN: Cell<Option<Countdown>> = const { Cell::new(None) };
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            pages_max: Arc::new(AtomicU32::new(u32::MAX - 1)),
            log_pages_max: super::checkpoint::FULL_PAGES,
            acknowledges_early: false,
            halt: Arc::default(),
        }
    }
}

impl Faults {
    pub(super) fn apply(&self, conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
        if purpose == Purpose::Write {
            let pages_max = self.pages_max.load(Ordering::SeqCst);
            conn.pragma_update(None, "max_page_count", pages_max)?;
            if self.halt.lock().unwrap().is_some() {
                // Next to no cache: pages go to the log long before the commit, as those of large
                // writes do.
                conn.pragma_update(None, "cache_size", 1)?;
            }
        }
        Ok(())
    }

    /// Begins to count the statements of `write`, should it be the one to stop.
    pub(super) fn begin_write(&self, write: &QueuedWrite) {
        let halt = self.halt.lock().unwrap();
        let halt = halt.as_ref().filter(|halt| first_value(write) == Some(&halt.key));
        COUNTDOWN.set(halt.map(|Halt { after, by, undo, .. }| Countdown {
            n_left: *after,
            by: *by,
            undo: *undo,
        }));
    }

    /// What a store must not do: tells whoever waits that all is done before it is.
    pub(super) fn acknowledge_early(&self, group: &mut [QueuedWrite]) {
        if self.acknowledges_early {
            for write in group {
                let nobody = oneshot::channel().0;
                let reply = std::mem::replace(&mut write.reply, nobody);
                let outcomes = vec![WriteOutcome::default(); write.steps.len()];
                drop(reply.send(Ok(outcomes)));
            }
        }
    }
}

/// The first value of the first write.
fn first_value(write: &QueuedWrite) -> Option<&Value> {
    write.steps.iter().find_map(|step| match step {
        Step::Write(job) => job.inputs.slots.first(),
        Step::Require(_) => None,
    })
}

/// Counts a statement of a program, and fails when it is the one to stop after.
pub(super) fn end_statement() -> rusqlite::Result<()> {
    match count_statement() {
        None => Ok(()),
        Some(HaltBy::Error(code)) => {
            Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
        }
        Some(HaltBy::Abort) => std::process::abort(),
    }
}

/// Counts a statement that stands around those of a program.
pub(super) fn end_step() {
    let counts = COUNTDOWN.get().is_some_and(|countdown| countdown.by == HaltBy::Abort);
    if counts && count_statement().is_some() {
        std::process::abort();
    }
}

/// How to stop, when it is time.
fn count_statement() -> Option<HaltBy> {
    let mut countdown = COUNTDOWN.get()?;
    countdown.n_left = countdown.n_left.checked_sub(1)?;
    COUNTDOWN.set(Some(countdown));
    (countdown.n_left == 0).then_some(countdown.by)
}

/// Whether what the write did is left in place though it failed.
pub(super) fn forgets_to_undo() -> bool {
    COUNTDOWN.get().is_some_and(|countdown| countdown.undo == Undo::Forgotten)
}

/// Keeps the writer busy, so that a test decides what is queued behind it.
pub(crate) struct Barrier {
    store: Store,
    is_reached: Receiver<()>,
    release: SyncSender<()>,
    is_passed: Receiver<Result<(), StoreError>>,
}

impl Barrier {
    /// Stops the writer, once it has done what was queued before.
    pub(crate) fn raise(store: &Store) -> Self {
        let barrier = Self::queue(store);
        barrier.is_reached.recv().unwrap();
        barrier
    }

    /// Queues the stop, and does not wait until the writer has come to it.
    pub(crate) fn queue(store: &Store) -> Self {
        let (reached, is_reached) = sync_channel::<()>(1);
        let (release, released) = sync_channel::<()>(1);
        let stop = move |_: &Connection| {
            reached.send(()).unwrap();
            released.recv().unwrap();
            Ok(((), Ending::Commit))
        };
        let is_passed = store.queue_exclusive(References::Checked, stop).unwrap();
        Self { store: store.clone(), is_reached, release, is_passed }
    }

    /// Waits until so many writes are queued.
    pub(crate) async fn await_queued(&self, n_writes: usize) {
        until(|| self.store.stats().n_queued_writes >= n_writes).await;
    }

    pub(crate) fn lower(self) {
        self.release.send(()).unwrap();
        self.is_passed.recv().unwrap().unwrap();
    }
}

/// Waits until something holds that is bound to, and fails when it does not.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it does not come to hold");
}
