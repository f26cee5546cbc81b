use std::net::{IpAddr, Ipv6Addr};
use std::sync::Barrier;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::{AddressKey, Outcome};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const NOW: i64 = 1_790_000_000 * SECOND;

fn quota(text: &str) -> Quota {
    text.parse().expect(text)
}

fn n_admitted(
    buckets: &Buckets,
    keys: impl Iterator<Item = u64>,
    quota: &Quota,
    now: i64,
) -> usize {
    keys.filter(|key| buckets.take(key, quota, 1, now).is_admitted()).count()
}

#[test]
fn each_caller_has_a_quota_of_its_own() {
    let (buckets, quota) = (Buckets::new(1_000, Full::Refuse), quota("3/min"));
    for key in ["ada@example.com", "bob@example.com"] {
        let n = (0..10).filter(|_| buckets.take(key, &quota, 1, NOW).is_admitted()).count();
        assert_eq!(n, 3, "{key}");
    }
    assert_eq!(buckets.len(), 2);
}

#[test]
fn no_number_of_callers_takes_more_than_the_room() {
    for full in [Full::Refuse, Full::Share] {
        let (buckets, quota) = (Buckets::new(1_000, full), quota("3/min"));
        n_admitted(&buckets, 0..50_000, &quota, NOW);
        assert!(buckets.len() <= 1_000, "{}", buckets.len());
        assert!(buckets.len() >= 900, "{}", buckets.len());
    }
}

#[test]
fn with_no_room_newcomers_are_refused_or_share_one_quota() {
    let quota = quota("3/min");
    let strict = Buckets::new(1, Full::Refuse);
    assert_eq!(n_admitted(&strict, 0..100, &quota, NOW), 1);
    let refused = strict.take(&7_u64, &quota, 1, NOW);
    assert_eq!((refused.outcome, refused.limit, refused.retry_after_s), (Outcome::Wait, 3, 1));
    let lenient = Buckets::new(1, Full::Share);
    assert_eq!(n_admitted(&lenient, 0..100, &quota, NOW), 1 + 3);
    // Who was there before is not touched by the crowd.
    assert!(strict.take(&0_u64, &quota, 1, NOW).is_admitted());
    assert!(lenient.take(&0_u64, &quota, 1, NOW).is_admitted());
}

#[test]
fn a_bucket_that_is_whole_again_makes_room() {
    let (buckets, quota) = (Buckets::new(100, Full::Refuse), quota("60/min"));
    assert_eq!(n_admitted(&buckets, 0..100, &quota, NOW), 100);
    assert_eq!(n_admitted(&buckets, 100..200, &quota, NOW + SECOND / 2), 0);
    assert_eq!(n_admitted(&buckets, 100..200, &quota, NOW + SECOND), 100);
    assert!(buckets.len() <= 100);
}

#[test]
fn a_few_callers_at_a_time_need_little_room_however_many_come() {
    let (buckets, quota) = (Buckets::new(1_000_000, Full::Refuse), quota("60/min"));
    for second in 0..1_000_u64 {
        let keys = second * 10..second * 10 + 10;
        let now = NOW + i64::try_from(second).unwrap() * 2 * SECOND;
        assert_eq!(n_admitted(&buckets, keys, &quota, now), 10);
    }
    // A shard grows only past what it cannot drop.
    assert!(buckets.len() <= 64 * 8, "{}", buckets.len());
}

#[test]
fn a_held_bucket_stays_the_callers_only_one() {
    let (buckets, quota) = (Buckets::new(1, Full::Refuse), quota("3/min"));
    let Found::Own(held) = buckets.find("ada", &quota, NOW) else { panic!("there is room") };
    assert!(matches!(buckets.find("bob", &quota, NOW + HOUR), Found::Refused));
    assert!(held.take(&quota, 2, NOW + HOUR).is_admitted());
    let left = buckets.take("ada", &quota, 1, NOW + HOUR);
    assert_eq!(left.remaining, 0);
    drop(held);
    assert!(matches!(buckets.find("bob", &quota, NOW + 2 * HOUR), Found::Own(_)));
}

#[test]
fn a_clock_that_goes_back_frees_a_full_room_within_a_window() {
    let (buckets, quota) = (Buckets::new(100, Full::Refuse), quota("60/min"));
    for key in 0..100_u64 {
        assert!(buckets.take(&key, &quota, 60, NOW).is_admitted());
    }
    assert_eq!(n_admitted(&buckets, 100..200, &quota, NOW - HOUR), 0);
    assert_eq!(n_admitted(&buckets, 100..200, &quota, NOW - HOUR + 60 * SECOND), 100);
}

#[test]
fn addresses_rotated_within_a_64_share_one_quota() {
    let (buckets, quota) = (Buckets::new(1_000, Full::Refuse), quota("10/min"));
    let network = 0x2001_0db8_0000_0001_u128 << 64;
    let mut n = 0;
    for host in 0..10_000_u128 {
        let address =
            Ipv6Addr::from(network | ((host * 0x9e37_79b9_7f4a_7c15) & u128::from(u64::MAX)));
        let key = AddressKey::of(IpAddr::V6(address));
        n += usize::from(buckets.take(&key, &quota, 1, NOW).is_admitted());
    }
    assert_eq!((n, buckets.len()), (10, 1));
}

#[test]
fn threads_that_meet_a_new_caller_at_once_share_one_bucket() {
    let (buckets, quota) = (Buckets::new(10_000, Full::Refuse), quota("5/min"));
    let (start, total) = (Barrier::new(8), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                total.fetch_add(n_admitted(&buckets, 0..1_000, &quota, NOW), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(total.into_inner(), 5_000);
}
