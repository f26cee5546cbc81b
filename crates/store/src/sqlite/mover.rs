//! A thread that moves the write-ahead log into the database while the writer goes on writing.
//!
//! Under a steady load it cannot empty the log, for there is always a commit it has not seen. But
//! it leaves the writer, who can, next to nothing to move, and so next to no pause.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::wal::CheckpointMode;

use super::open::{Opener, Purpose};
use super::trouble::Trouble;
use crate::StoreError;

/// The thread, as the writer sees it.
pub(super) struct Mover {
    signal: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Mover {
    pub(super) fn start(opener: &Arc<Opener>) -> Result<Self, StoreError> {
        let (signal, signals) = sync_channel(1);
        let opener = Arc::clone(opener);
        let thread = thread::Builder::new()
            .name("store-log".to_owned())
            .spawn(move || serve(&opener, &signals))
            .map_err(|source| StoreError::StartThread { source })?;
        Ok(Self { signal, thread })
    }

    /// Has what is in the log moved, at once or after what is being moved.
    pub(super) fn wake(&self) {
        match self.signal.try_send(()) {
            // Full means that it is about to look anyway.
            Ok(()) | Err(TrySendError::Full(())) => {}
            Err(TrySendError::Disconnected(())) => {
                tracing::error!("the thread that moves the log has ended");
            }
        }
    }

    /// Waits for the move that is under way, and ends the thread.
    pub(super) fn close(self) {
        drop(self.signal);
        if self.thread.join().is_err() {
            tracing::error!("the thread that moves the log had panicked");
        }
    }
}

fn serve(opener: &Opener, signals: &Receiver<()>) {
    let mut link = None;
    while signals.recv().is_ok() {
        if link.is_none() {
            link = opener.open(Purpose::Move).ok();
        }
        let Some(open) = &link else { continue };
        match open.conn.wal_checkpoint_v2(Some(c"main"), CheckpointMode::PASSIVE) {
            Ok(_) => {}
            // The writer, or another process, is at it.
            Err(error) if Trouble::is_busy(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "the write-ahead log could not be moved");
                link = None;
            }
        }
    }
}
