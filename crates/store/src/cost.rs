//! What a kind of read has cost so far, to know where to run the next one.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ReadOutcome;

/// Microseconds from which a read is better off the thread that serves other requests.
const SLOW_US: u64 = 2_000;

/// The recent cost of one read program. Keep one beside each program; any thread may use it.
#[derive(Debug, Default)]
pub struct ReadCost {
    average_us: AtomicU64,
}

impl ReadCost {
    /// Takes a finished read into account. The average follows within a few reads, so a program
    /// that was slow while pages came from the disk returns once they are cached.
    pub fn observe(&self, outcome: &ReadOutcome) {
        let old = self.average_us.load(Ordering::Relaxed);
        // Most reads were cheap and are: nothing to write to a line that threads share.
        if old == 0 && outcome.busy_us == 0 {
            return;
        }
        // Two threads may overwrite each other's sample; an average does not mind.
        self.average_us.store((old * 3 + outcome.busy_us) / 4, Ordering::Relaxed);
    }

    /// Marks the program as slow: a read of it was given up for the sake of other requests.
    pub fn mark_slow(&self) {
        self.average_us.fetch_max(SLOW_US * 8, Ordering::Relaxed);
    }

    /// Whether the next read should run beside the threads that serve requests.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.average_us.load(Ordering::Relaxed) >= SLOW_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_becomes_slow_by_what_it_costs_and_recovers() {
        let cost = ReadCost::default();
        let cheap = ReadOutcome::default();
        let dear = ReadOutcome { busy_us: 40_000, ..ReadOutcome::default() };
        cost.observe(&cheap);
        assert!(!cost.is_slow());
        cost.observe(&dear);
        assert!(cost.is_slow());
        for _ in 0..10 {
            cost.observe(&cheap);
        }
        assert!(!cost.is_slow());
    }
}
