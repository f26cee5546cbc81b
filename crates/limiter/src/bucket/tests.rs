use std::sync::Barrier;
use std::sync::atomic::AtomicU32;

use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// Some day in 2026.
const NOW: i64 = 1_790_000_000 * SECOND;

fn quota(text: &str) -> Quota {
    text.parse().expect(text)
}

/// How many of `n` calls with a cost of one are admitted at `now_us`.
fn admitted(bucket: &Bucket, quota: &Quota, n: u32, now_us: i64) -> u32 {
    let count = (0..n).filter(|_| bucket.take(quota, 1, now_us).is_admitted()).count();
    u32::try_from(count).unwrap()
}

#[test]
fn a_burst_is_admitted_and_then_as_much_as_time_gives_back() {
    let (bucket, quota) = (Bucket::new(), quota("60/min burst 5"));
    assert_eq!(admitted(&bucket, &quota, 100, NOW), 5);
    assert_eq!(admitted(&bucket, &quota, 100, NOW + SECOND - 1), 0);
    assert_eq!(admitted(&bucket, &quota, 100, NOW + SECOND), 1);
    assert_eq!(admitted(&bucket, &quota, 100, NOW + 3 * SECOND + 500_000), 2);
    assert_eq!(admitted(&bucket, &quota, 100, NOW + HOUR), 5);
}

#[test]
fn a_verdict_says_what_is_left_and_how_long_to_wait() {
    let (bucket, quota) = (Bucket::new(), quota("60/min burst 3"));
    let first = bucket.take(&quota, 2, NOW);
    let expected = Verdict {
        outcome: Outcome::Admitted,
        limit: 60,
        remaining: 1,
        reset_s: 2,
        retry_after_s: 0,
    };
    assert_eq!(first, expected);
    let second = bucket.take(&quota, 3, NOW + 100_000);
    let expected =
        Verdict { outcome: Outcome::Wait, limit: 60, remaining: 1, reset_s: 2, retry_after_s: 2 };
    assert_eq!(second, expected);
    let looked = bucket.take(&quota, 0, NOW + SECOND);
    assert_eq!((looked.outcome, looked.remaining, looked.reset_s), (Outcome::Admitted, 2, 1));
}

#[test]
fn who_waits_as_long_as_told_is_admitted() {
    for text in ["7/s", "20/15min", "600/min burst 100", "3/h", "1000000/s", "999/d burst 1"] {
        let (bucket, quota) = (Bucket::new(), quota(text));
        let mut now = NOW;
        admitted(&bucket, &quota, quota.burst().unwrap(), now);
        for _ in 0..20 {
            let refused = bucket.take(&quota, 1, now);
            assert_eq!(refused.outcome, Outcome::Wait, "{text}");
            now += i64::from(refused.retry_after_s) * SECOND;
            assert!(bucket.take(&quota, 1, now).is_admitted(), "{text}");
            while bucket.take(&quota, 1, now).is_admitted() {}
        }
    }
}

#[test]
fn a_cost_beyond_the_burst_is_never_admitted_and_costs_nothing() {
    let (bucket, quota) = (Bucket::new(), quota("600/min burst 10"));
    let verdict = bucket.take(&quota, 11, NOW);
    assert_eq!((verdict.outcome, verdict.retry_after_s), (Outcome::Never, 0));
    assert_eq!(admitted(&bucket, &quota, 11, NOW), 10);
}

#[test]
fn no_bound_admits_everything() {
    let bucket = Bucket::new();
    assert!(bucket.take(&Quota::UNLIMITED, u32::MAX, NOW).is_admitted());
    assert!(bucket.is_whole(NOW));
}

#[test]
fn threads_together_get_exactly_the_burst() {
    let (bucket, quota) = (Bucket::new(), quota("5000/min"));
    let (n_threads, start) = (8, Barrier::new(8));
    let total = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                start.wait();
                total.fetch_add(admitted(&bucket, &quota, 2_000, NOW), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(total.into_inner(), 5_000);
}

#[test]
fn threads_whose_clock_moves_get_exactly_the_burst_and_what_time_gave_back() {
    let (bucket, quota) = (Bucket::new(), quota("1000/s"));
    let total = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Each thread's clock goes to the same end, so all that time gives back is asked
                // for; out of order, as threads come.
                for step in 0..=1_000 {
                    let n = admitted(&bucket, &quota, 3, NOW + step * 1_000);
                    total.fetch_add(n, Ordering::Relaxed);
                }
                total.fetch_add(admitted(&bucket, &quota, 3_000, NOW + SECOND), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(total.into_inner(), 2_000);
}

#[test]
fn a_clock_that_goes_back_neither_locks_out_nor_grants_a_second_burst() {
    for text in ["60/min", "10/s burst 40", "20/15min", "600/min burst 2"] {
        for spent in [1, 2] {
            let (bucket, quota) = (Bucket::new(), quota(text));
            admitted(&bucket, &quota, spent, NOW);
            let back = NOW - HOUR;
            assert_eq!(admitted(&bucket, &quota, 1_000, back), 0, "{text}");
            let rate = quota.rate().unwrap();
            let whole = back + rate.span_ns() / 1_000 + 1;
            assert_eq!(admitted(&bucket, &quota, 1_000, whole), rate.burst, "{text}");
        }
    }
}

#[test]
fn a_clock_that_runs_ahead_and_comes_back_costs_one_window_at_most() {
    let (bucket, quota) = (Bucket::new(), quota("60/min"));
    assert_eq!(admitted(&bucket, &quota, 100, NOW), 60);
    assert_eq!(admitted(&bucket, &quota, 100, NOW + HOUR), 60);
    assert_eq!(admitted(&bucket, &quota, 100, NOW), 0);
    assert_eq!(admitted(&bucket, &quota, 100, NOW + 60 * SECOND), 60);
}

#[test]
fn the_ends_of_the_calendar_do_no_harm() {
    let quota = quota("20/15min");
    for now in [i64::MIN, -1, 0, i64::MAX / 1_000, i64::MAX] {
        assert_eq!(admitted(&Bucket::new(), &quota, 100, now), 20, "{now}");
    }
}

/// The same promise told as a bucket that fills: tokens times the window, in whole numbers.
struct Model {
    tokens: i128,
    at_us: i64,
}

impl Model {
    fn take(
        &mut self,
        (amount, window_us, burst): (i128, i128, i128),
        cost: i128,
        now: i64,
    ) -> bool {
        let gained = i128::from(now - self.at_us) * amount;
        self.tokens = (self.tokens + gained).min(burst * window_us);
        self.at_us = now;
        let admitted = cost * window_us <= self.tokens;
        if admitted {
            self.tokens -= cost * window_us;
        }
        admitted
    }
}

proptest! {
    /// Amounts that divide a second into whole nanoseconds, so that nothing is rounded.
    #[test]
    fn a_bucket_decides_as_a_bucket_that_fills(
        amount in prop::sample::select(vec![1_i128, 2, 5, 8, 10, 60, 100, 250, 1_000]),
        window_s in prop::sample::select(vec![1_i128, 15, 60, 900, 3_600]),
        burst in 1_i128..40,
        calls in prop::collection::vec((0_i64..3_000_000, 1_u32..12), 1..200),
    ) {
        let text = format!("{amount}/{window_s}s burst {burst}");
        let quota = quota(&text);
        let exact = window_s * 1_000_000_000 % amount == 0;
        prop_assume!(exact);
        let bucket = Bucket::new();
        let mut model = Model { tokens: burst * window_s * 1_000_000, at_us: NOW };
        let mut now = NOW;
        for (pause, cost) in calls {
            now += pause;
            let expected = model.take((amount, window_s * 1_000_000, burst), i128::from(cost), now);
            let verdict = bucket.take(&quota, cost, now);
            prop_assert_eq!(verdict.is_admitted(), expected, "{} at {}", text, now);
            let left = model.tokens / (window_s * 1_000_000);
            prop_assert_eq!(i128::from(verdict.remaining), left);
            prop_assert_eq!(verdict.outcome == Outcome::Never, i128::from(cost) > burst);
        }
    }

    #[test]
    fn no_stretch_of_time_holds_more_than_the_quota(
        amount in 1_u32..500, window_s in 1_i64..100, burst in 1_u32..50,
        pauses in prop::collection::vec(0_i64..500_000, 1..300),
    ) {
        let quota = quota(&format!("{amount}/{window_s}s burst {burst}"));
        let bucket = Bucket::new();
        let mut now = NOW;
        let mut times = Vec::new();
        for pause in pauses {
            now += pause;
            if bucket.take(&quota, 1, now).is_admitted() {
                times.push(now);
            }
        }
        for (first, start) in times.iter().enumerate() {
            for (last, end) in times.iter().enumerate().skip(first) {
                let given_back = (end - start) * i64::from(amount) / (window_s * SECOND);
                let n = i64::try_from(last - first + 1).unwrap();
                prop_assert!(n <= i64::from(burst) + given_back);
            }
        }
    }

    #[test]
    fn however_the_clock_jumps_nobody_waits_longer_than_a_window(
        jumps in prop::collection::vec(-2 * HOUR..2 * HOUR, 1..30),
    ) {
        let quota = quota("60/min");
        let bucket = Bucket::new();
        let mut now = NOW;
        for jump in jumps {
            now += jump;
            prop_assert!(admitted(&bucket, &quota, 100, now) <= 60);
            prop_assert!(bucket.take(&quota, 1, now + 60 * SECOND).is_admitted());
        }
    }
}
