//! Keeps the write-ahead log short: when it is moved into the database, and what happens when it
//! cannot be.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::Shared;
use super::mover::Mover;
use super::open::Link;
use super::trouble::Trouble;
use crate::StoreError;

/// Pages from which an idle writer empties the log, and at whose multiples it is moved beside a busy
/// one: 4 MiB.
const IDLE_PAGES: u64 = 1_024;

/// Pages from which a busy writer does: 64 MiB.
const BUSY_PAGES: u64 = 16_384;

/// Pages from which long reads, which keep the log from being emptied, are stopped: 256 MiB.
const EVICT_PAGES: u64 = 65_536;

/// Pages at which nothing more is written: 1 GiB.
pub(super) const FULL_PAGES: u64 = 262_144;

/// How long an idle writer waits for a command before it tries again to empty the log.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// How long a read may keep the log from being emptied once it is large.
const READ_US_MAX: u64 = 30_000_000;

/// Counts the pages of the log after each commit.
pub(super) fn watch(conn: &mut Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let shared = Arc::clone(shared);
    conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, n_pages: i32| {
        shared.n_log_pages.store(u64::try_from(n_pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))
}

/// Empties the log if it is worth it, as nobody waits.
pub(super) fn when_idle(conn: &Connection, shared: &Shared) {
    run_from(IDLE_PAGES, conn, shared);
}

/// Whether the log is still worth emptying: a reader or the mover was in the way.
pub(super) fn is_wanted(shared: &Shared) -> bool {
    shared.n_log_pages.load(Ordering::Relaxed) >= IDLE_PAGES
}

/// Tries once more to empty the log.
pub(super) fn again(conn: &Connection, shared: &Shared) {
    empty(conn, shared);
}

/// Empties the log if it is high time, though writes wait. Until then has it moved on the side.
pub(super) fn when_due(conn: &Connection, shared: &Shared, mover: &Mover) {
    run_from(BUSY_PAGES, conn, shared);
    let n_pages = shared.n_log_pages.load(Ordering::Relaxed);
    let n_moved = shared.n_log_pages_moved.load(Ordering::Relaxed);
    if n_pages < n_moved {
        // The log began anew.
        shared.n_log_pages_moved.store(0, Ordering::Relaxed);
    } else if n_pages >= n_moved + IDLE_PAGES {
        shared.n_log_pages_moved.store(n_pages, Ordering::Relaxed);
        mover.wake();
    }
}

/// An error when the log may not grow further.
pub(super) fn refuse_when_full(conn: &Connection, shared: &Shared) -> Result<(), StoreError> {
    if shared.n_log_pages.load(Ordering::Relaxed) < shared.log_pages_max {
        return Ok(());
    }
    empty(conn, shared);
    match shared.n_log_pages.load(Ordering::Relaxed) {
        n_pages if n_pages < shared.log_pages_max => Ok(()),
        n_pages => Err(StoreError::LogFull { bytes: n_pages * shared.page_bytes }),
    }
}

/// Empties the log and removes it: the database is one file again. With other processes at it,
/// they go on.
pub(super) fn finish(link: Option<Link>) {
    let Some(link) = link else { return };
    if let Err(error) = link.conn.wal_checkpoint_v2(Some(c"main"), CheckpointMode::PASSIVE) {
        tracing::warn!(%error, "the write-ahead log could not be emptied; the next start does it");
    }
    if let Err((_, error)) = link.conn.close() {
        tracing::warn!(%error, "the database was not closed cleanly; the next start recovers it");
    }
}

fn run_from(least_pages: u64, conn: &Connection, shared: &Shared) {
    let n_pages = shared.n_log_pages.load(Ordering::Relaxed);
    // A log that could not be emptied is tried again only once it has grown by a quarter, or every
    // commit under a long read would pay for a futile attempt.
    let tried = shared.n_log_pages_tried.load(Ordering::Relaxed);
    if n_pages < least_pages || (n_pages >= tried && n_pages < tried + tried / 4) {
        return;
    }
    empty(conn, shared);
}

fn empty(conn: &Connection, shared: &Shared) {
    let n_pages = shared.n_log_pages.load(Ordering::Relaxed);
    if n_pages >= EVICT_PAGES {
        shared.clockwork.evict_older_than(READ_US_MAX);
    }
    match conn.wal_checkpoint_v2(Some(c"main"), CheckpointMode::PASSIVE) {
        // Everything is in the database: the next commit begins the log anew.
        Ok((n_logged, n_moved)) if n_moved >= n_logged => {
            shared.n_log_pages.store(0, Ordering::Relaxed);
            shared.n_log_pages_tried.store(0, Ordering::Relaxed);
        }
        Ok(_) => shared.n_log_pages_tried.store(n_pages, Ordering::Relaxed),
        // The mover, or another process, is at it: later, when it has left little to do.
        Err(error) if Trouble::is_busy(&error) => {}
        Err(error) => {
            shared.n_log_pages_tried.store(n_pages, Ordering::Relaxed);
            tracing::warn!(%error, "the write-ahead log could not be emptied");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::super::guard::Clockwork;
    use super::super::open::{Opener, Purpose};
    use super::*;
    use crate::Options;

    static IS_HELD: AtomicBool = AtomicBool::new(false);
    static IS_FREE: AtomicBool = AtomicBool::new(false);

    /// Called while a checkpoint waits for a reader, with the lock on checkpoints taken.
    fn hold(_: i32) -> bool {
        IS_HELD.store(true, Ordering::SeqCst);
        thread::yield_now();
        !IS_FREE.load(Ordering::SeqCst)
    }

    #[test]
    fn a_log_that_somebody_else_is_moving_does_not_count_as_tried() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options::new(directory.path().join("a.db"));
        let clockwork = Arc::new(Clockwork::new());
        let opener = Opener::new(&options, 2, Arc::clone(&clockwork)).unwrap();
        let writer = opener.open(Purpose::Write).unwrap();
        let shared = Shared::new(&options, clockwork, &writer).unwrap();
        let (reader, mut mover) =
            (opener.open(Purpose::Read).unwrap(), opener.open(Purpose::Move).unwrap());
        writer.conn.execute_batch("CREATE TABLE t (a)").unwrap();
        reader.conn.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        writer.conn.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        shared.n_log_pages.store(2, Ordering::Relaxed);

        mover.conn.busy_handler(Some(hold)).unwrap();
        let moving = thread::spawn(move || {
            mover.conn.wal_checkpoint_v2(Some(c"main"), CheckpointMode::FULL).is_ok()
        });
        while !IS_HELD.load(Ordering::SeqCst) {
            assert!(!moving.is_finished(), "nothing kept it");
            thread::yield_now();
        }
        again(&writer.conn, &shared);
        assert_eq!(shared.n_log_pages.load(Ordering::Relaxed), 2);
        assert_eq!(shared.n_log_pages_tried.load(Ordering::Relaxed), 0);

        IS_FREE.store(true, Ordering::SeqCst);
        moving.join().unwrap();
        drop(reader);
        again(&writer.conn, &shared);
        assert_eq!(shared.n_log_pages.load(Ordering::Relaxed), 0);
    }
}
