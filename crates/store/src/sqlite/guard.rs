//! Time limits on statements.
//!
//! SQLite calls back every few thousand steps of its machine. The clock is first read then, so a
//! short statement, which ends before, pays nothing for its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rusqlite::Connection;

/// Machine steps between two looks at the clock: some ten microseconds.
const STEPS: i32 = 2_000;

/// Time since the store was opened, and what readers must yield to.
#[derive(Debug)]
pub(super) struct Clockwork {
    opened: Instant,
    /// Reads that began before this many microseconds are stopped.
    evict_before_us: AtomicU64,
}

/// The limit on whatever a connection executes.
#[derive(Debug)]
pub(super) struct Guard {
    clockwork: Arc<Clockwork>,
    limit_us: AtomicU64,
    /// When SQLite first called back; 0 while it has not.
    started_us: AtomicU64,
    expired: AtomicBool,
}

impl Clockwork {
    pub(super) fn new() -> Self {
        Self { opened: Instant::now(), evict_before_us: AtomicU64::new(0) }
    }

    /// Microseconds since the store was opened; never 0.
    fn now_us(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_micros()).unwrap_or(u64::MAX).max(1)
    }

    /// Stops every read that has run for longer than `age_us`.
    pub(super) fn evict_older_than(&self, age_us: u64) {
        self.evict_before_us.store(self.now_us().saturating_sub(age_us), Ordering::Relaxed);
    }
}

impl Guard {
    /// Puts a guard on `conn`; it limits nothing until [`Guard::begin`].
    pub(super) fn install(
        conn: &mut Connection,
        clockwork: Arc<Clockwork>,
    ) -> rusqlite::Result<Arc<Self>> {
        let guard = Arc::new(Self {
            clockwork,
            limit_us: AtomicU64::new(u64::MAX),
            started_us: AtomicU64::new(0),
            expired: AtomicBool::new(false),
        });
        let watched = Arc::clone(&guard);
        conn.progress_handler(STEPS, Some(move || watched.must_stop()))?;
        Ok(guard)
    }

    /// Starts a limit of `limit_us` for what is executed from here on. A connection is used by
    /// one thread at a time, so plain stores suffice.
    pub(super) fn begin(&self, limit_us: u64) {
        self.limit_us.store(limit_us, Ordering::Relaxed);
        self.started_us.store(0, Ordering::Relaxed);
        self.expired.store(false, Ordering::Relaxed);
    }

    /// Lifts the limit.
    pub(super) fn lift(&self) {
        self.begin(u64::MAX);
    }

    /// Microseconds since SQLite first called back after [`Guard::begin`]; 0 when it has not.
    pub(super) fn busy_us(&self) -> u64 {
        match self.started_us.load(Ordering::Relaxed) {
            0 => 0,
            started => self.clockwork.now_us().saturating_sub(started),
        }
    }

    /// Whether the limit, and nothing else, stopped the statement.
    pub(super) fn has_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    fn must_stop(&self) -> bool {
        let now = self.clockwork.now_us();
        let started = self.started_us.load(Ordering::Relaxed);
        if started == 0 {
            self.started_us.store(now, Ordering::Relaxed);
            return false;
        }
        let limit = self.limit_us.load(Ordering::Relaxed);
        if limit == u64::MAX {
            return false;
        }
        if now - started > limit {
            self.expired.store(true, Ordering::Relaxed);
            return true;
        }
        started < self.clockwork.evict_before_us.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
        SELECT count(*) FROM n";

    fn guarded() -> (Connection, Arc<Guard>, Arc<Clockwork>) {
        let clockwork = Arc::new(Clockwork::new());
        let mut conn = Connection::open_in_memory().unwrap();
        let guard = Guard::install(&mut conn, Arc::clone(&clockwork)).unwrap();
        (conn, guard, clockwork)
    }

    #[test]
    fn a_statement_ends_at_its_limit_and_the_next_one_has_its_own() {
        let (conn, guard, _) = guarded();
        for _ in 0..2 {
            guard.begin(5_000);
            conn.query_row(ENDLESS, [], |_| Ok(())).unwrap_err();
            assert!(guard.has_expired() && guard.busy_us() >= 5_000);
            guard.begin(5_000);
            conn.query_row("SELECT 1", [], |_| Ok(())).unwrap();
            assert!(!guard.has_expired());
            assert_eq!(guard.busy_us(), 0, "a short statement does not look at the clock");
        }
    }

    #[test]
    fn a_read_that_is_in_the_way_is_stopped_before_its_limit() {
        let (conn, guard, clockwork) = guarded();
        guard.begin(u64::MAX - 1);
        let reader = thread::spawn(move || conn.query_row(ENDLESS, [], |_| Ok(())).unwrap_err());
        // It must have begun to be older than anything.
        while !reader.is_finished() {
            clockwork.evict_older_than(0);
            thread::yield_now();
        }
        reader.join().unwrap();
        assert!(!guard.has_expired());
    }
}
