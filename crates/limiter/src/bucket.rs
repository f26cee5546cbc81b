//! One caller's count: the generic cell rate algorithm over a single atomic number.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::Quota;
use crate::quota::Rate;

/// How far beyond a full span the kept time may lie before the clock is taken to have gone back.
/// Threads that read the clock one after the other may come here in another order.
const SLACK_NS: i64 = 1_000_000_000;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The last moment that is counted from, in 2261: every span fits in behind it.
const NOW_NS_MAX: i64 = i64::MAX - 400 * 86_400 * NANOS_PER_SECOND;

/// What a caller has spent, as the time at which it will have all of its burst again.
///
/// The same bucket may be asked with different quotas from one call to the next.
#[derive(Debug)]
pub struct Bucket {
    /// Nanoseconds since 1970: the theoretical arrival time of ITU-T I.371.
    whole_at_ns: AtomicI64,
}

/// Whether something may be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may, and was counted.
    Admitted,
    /// Not now; it was not counted.
    Wait,
    /// Never, for it costs more than the whole burst; it was not counted.
    Never,
}

/// The answer of a bucket, in the terms of draft-ietf-httpapi-ratelimit-headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be done.
    pub outcome: Outcome,
    /// How many a window of the quota holds; `u32::MAX` without a bound.
    pub limit: u32,
    /// How many may be done at once after this.
    pub remaining: u32,
    /// Seconds until the whole burst is there again, rounded up.
    pub reset_s: u32,
    /// Seconds after which the same may succeed, at least 1 when it has to wait; else 0.
    pub retry_after_s: u32,
}

impl Verdict {
    const UNLIMITED: Self = Self {
        outcome: Outcome::Admitted,
        limit: u32::MAX,
        remaining: u32::MAX,
        reset_s: 0,
        retry_after_s: 0,
    };

    /// The answer where there is no room for a bucket: to come again soon.
    #[must_use]
    pub fn no_room(quota: &Quota) -> Self {
        Self {
            outcome: Outcome::Wait,
            limit: quota.amount().unwrap_or(u32::MAX),
            remaining: 0,
            reset_s: 1,
            retry_after_s: 1,
        }
    }

    /// Whether it may be done.
    #[must_use]
    pub const fn is_admitted(&self) -> bool {
        matches!(self.outcome, Outcome::Admitted)
    }
}

impl Bucket {
    /// A bucket of which nothing is spent.
    #[must_use]
    pub const fn new() -> Self {
        Self { whole_at_ns: AtomicI64::new(i64::MIN) }
    }

    /// Spends `cost` when the quota has that much left at `now_us`, in microseconds since 1970.
    /// A cost of 0 is always admitted: it only looks.
    ///
    /// When the clock goes back, the bucket counts as empty from there on: nobody gains, and
    /// nobody waits longer than it takes to refill.
    #[must_use = "what is not admitted must not be done"]
    pub fn take(&self, quota: &Quota, cost: u32, now_us: i64) -> Verdict {
        let Some(rate) = quota.rate() else { return Verdict::UNLIMITED };
        let now = nanoseconds(now_us);
        let latest = now.saturating_add(rate.span_ns());
        // One number is all there is, so no other memory has to be seen in order.
        let mut kept = self.whole_at_ns.load(Ordering::Relaxed);
        loop {
            let went_back = kept > latest.saturating_add(SLACK_NS);
            let spent = if went_back { latest } else { kept.max(now) };
            let (outcome, next) = spend(rate, cost, spent, latest);
            if outcome != Outcome::Admitted && !went_back {
                return verdict(rate, outcome, (spent, next), now);
            }
            let whole_at = if outcome == Outcome::Admitted { next } else { spent };
            match self.whole_at_ns.compare_exchange_weak(
                kept,
                whole_at,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return verdict(rate, outcome, (whole_at, next), now),
                Err(changed) => kept = changed,
            }
        }
    }

    /// Whether nothing is spent at `now_us`, so that the bucket is worth as much as a new one.
    pub(crate) fn is_whole(&self, now_us: i64) -> bool {
        self.whole_at_ns.load(Ordering::Relaxed) <= nanoseconds(now_us)
    }

    /// Undoes a jump of the clock: from now on the bucket is whole by `latest_us`.
    pub(crate) fn whole_by(&self, latest_us: i64) {
        self.whole_at_ns.fetch_min(nanoseconds(latest_us), Ordering::Relaxed);
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self::new()
    }
}

fn nanoseconds(us: i64) -> i64 {
    us.saturating_mul(1_000).min(NOW_NS_MAX)
}

/// What becomes of a cost when the bucket would be whole at `spent`, and at which time it would be
/// whole with that cost.
fn spend(rate: Rate, cost: u32, spent: i64, latest: i64) -> (Outcome, i64) {
    if cost == 0 {
        return (Outcome::Admitted, spent);
    }
    if cost > rate.burst {
        return (Outcome::Never, spent);
    }
    let next = spent.saturating_add(rate.interval_ns * i64::from(cost));
    (if next <= latest { Outcome::Admitted } else { Outcome::Wait }, next)
}

fn verdict(rate: Rate, outcome: Outcome, (whole_at, next): (i64, i64), now: i64) -> Verdict {
    let left_ns = now.saturating_add(rate.span_ns()).saturating_sub(whole_at).max(0);
    let wait_ns = next.saturating_sub(now.saturating_add(rate.span_ns()));
    Verdict {
        outcome,
        limit: rate.amount(),
        remaining: u32::try_from(left_ns / rate.interval_ns).unwrap_or(u32::MAX),
        reset_s: whole_seconds(whole_at.saturating_sub(now)),
        retry_after_s: match outcome {
            Outcome::Admitted | Outcome::Never => 0,
            Outcome::Wait => whole_seconds(wait_ns).max(1),
        },
    }
}

/// Seconds, rounded up.
fn whole_seconds(ns: i64) -> u32 {
    let ns = ns.max(0).unsigned_abs();
    u32::try_from(ns.div_ceil(NANOS_PER_SECOND.unsigned_abs())).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
