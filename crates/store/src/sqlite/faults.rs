//! Faults that tests provoke, and a hold on the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Store;
use super::open::Purpose;
use super::queue::{Ending, QueuedWrite, References};
use crate::{StoreError, WriteOutcome};

/// What goes wrong, and what is deliberately done wrong to see that a test notices.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    /// Pages the database may have; a connection that writes learns of it when it is opened.
    pub(crate) pages_max: Arc<AtomicU32>,
    /// Pages in the log at which nothing more is written.
    pub(crate) log_pages_max: u64,
    /// Acknowledge writes before their commit.
    pub(crate) acknowledges_early: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            pages_max: Arc::new(AtomicU32::new(u32::MAX - 1)),
            log_pages_max: super::checkpoint::FULL_PAGES,
            acknowledges_early: false,
        }
    }
}

impl Faults {
    pub(super) fn apply(&self, conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
        if purpose == Purpose::Write {
            let pages_max = self.pages_max.load(Ordering::SeqCst);
            conn.pragma_update(None, "max_page_count", pages_max)?;
        }
        Ok(())
    }

    /// What a store must not do: tells whoever waits that all is done before it is.
    pub(super) fn acknowledge_early(&self, group: &mut [QueuedWrite]) {
        if self.acknowledges_early {
            for write in group {
                let nobody = oneshot::channel().0;
                let reply = std::mem::replace(&mut write.reply, nobody);
                drop(reply.send(Ok(WriteOutcome::default())));
            }
        }
    }
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
