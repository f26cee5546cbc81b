//! The buckets of many callers, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Bucket, Quota, Verdict};

/// How long to wait, once there is no room, before looking for room again. Looking costs a walk
/// over a whole shard, which newcomers must not be able to ask for one by one.
const SWEEP_PAUSE_US: i64 = 250_000;

/// Shards at most; a power of two.
const SHARDS_MAX: usize = 64;

/// Entries that make a shard of its own worth while.
const SHARD_ENTRIES_MIN: usize = 64;

/// What a newcomer gets when there is no room for its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// A refusal. For what must never go uncounted, such as trying passwords.
    Refuse,
    /// A bucket that all newcomers share.
    Share,
}

/// A caller's bucket.
#[derive(Debug, Clone)]
pub enum Found {
    /// Its own. As long as this is held, no second bucket is made for the caller.
    Own(Arc<Bucket>),
    /// The one that newcomers share while there is no room. Not to be held: there may be room soon.
    Shared(Arc<Bucket>),
    /// None: there is no room, and newcomers are refused.
    Refused,
}

/// Buckets by caller, at most as many as there is room for.
///
/// A bucket that is whole again equals a new one, so it makes room. Callers are kept as hashes
/// under a key of this process: memory does not depend on what they call themselves, and nobody
/// can choose a name that shares another's bucket.
#[derive(Debug)]
pub struct Buckets {
    hashes: RandomState,
    shards: Vec<Mutex<Shard>>,
    entries_per_shard: usize,
    overflow: Arc<Bucket>,
    full: Full,
    /// Microseconds that any bucket in here takes at most to be whole again.
    span_us_max: AtomicI64,
}

#[derive(Debug, Default)]
struct Shard {
    buckets: HashMap<u64, Arc<Bucket>, BuildHasherDefault<AsIs>>,
    swept_us: i64,
}

impl Buckets {
    /// Room for `entries_max` callers, at least one.
    #[must_use]
    pub fn new(entries_max: usize, full: Full) -> Self {
        let wanted = (entries_max / SHARD_ENTRIES_MIN).clamp(1, SHARDS_MAX);
        let n_shards = 1 << wanted.ilog2();
        Self {
            hashes: RandomState::new(),
            shards: (0..n_shards).map(|_| Mutex::default()).collect(),
            entries_per_shard: (entries_max / n_shards).max(1),
            overflow: Arc::default(),
            full,
            span_us_max: AtomicI64::new(0),
        }
    }

    /// Spends `cost` of the caller's bucket, as [`Bucket::take`] does.
    #[must_use = "what is not admitted must not be done"]
    pub fn take<K: Hash + ?Sized>(
        &self,
        key: &K,
        quota: &Quota,
        cost: u32,
        now_us: i64,
    ) -> Verdict {
        match self.find(key, quota, now_us) {
            Found::Own(bucket) | Found::Shared(bucket) => bucket.take(quota, cost, now_us),
            Found::Refused => Verdict::no_room(quota),
        }
    }

    /// The caller's bucket, to be asked with `quota` at `now_us`.
    #[must_use]
    pub fn find<K: Hash + ?Sized>(&self, key: &K, quota: &Quota, now_us: i64) -> Found {
        let hash = self.hashes.hash_one(key);
        let mut shard = self.lock(hash);
        if let Some(bucket) = shard.buckets.get(&hash) {
            return Found::Own(Arc::clone(bucket));
        }
        let span_us = quota.rate().map_or(0, |rate| rate.span_ns() / 1_000);
        let span_us_max = self.span_us_max.fetch_max(span_us, Ordering::Relaxed).max(span_us);
        if !shard.has_room(self.entries_per_shard, span_us_max, now_us) {
            return match self.full {
                Full::Share => Found::Shared(Arc::clone(&self.overflow)),
                Full::Refuse => Found::Refused,
            };
        }
        let bucket = Arc::default();
        shard.buckets.insert(hash, Arc::clone(&bucket));
        Found::Own(bucket)
    }

    /// How many callers have a bucket of their own.
    #[must_use]
    pub fn len(&self) -> usize {
        let len = |shard: &Mutex<Shard>| {
            shard.lock().unwrap_or_else(PoisonError::into_inner).buckets.len()
        };
        self.shards.iter().map(len).sum()
    }

    /// Whether nobody has a bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self, hash: u64) -> std::sync::MutexGuard<'_, Shard> {
        // The map takes its places from the lowest and highest bits.
        let index = (hash >> 24) as usize & (self.shards.len() - 1);
        // Every step leaves the map as good as it was, so a panic under the lock breaks nothing.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shard {
    /// Whether there is room for one more, if need be made now.
    fn has_room(&mut self, entries_max: usize, span_us_max: i64, now_us: i64) -> bool {
        let len = self.buckets.len();
        if len < entries_max {
            // The map is about to grow: whatever can be dropped spares it that.
            if len == self.buckets.capacity() {
                self.sweep(span_us_max, now_us);
            }
            return true;
        }
        let since_us = now_us.saturating_sub(self.swept_us);
        // A negative time is a clock that went back.
        if (0..SWEEP_PAUSE_US).contains(&since_us) {
            return false;
        }
        self.sweep(span_us_max, now_us);
        self.buckets.len() < entries_max
    }

    /// Drops the buckets that equal new ones. One that somebody holds stays, or its caller would
    /// have two.
    fn sweep(&mut self, span_us_max: i64, now_us: i64) {
        let latest_us = now_us.saturating_add(span_us_max);
        self.swept_us = now_us;
        self.buckets.retain(|_, bucket| {
            bucket.whole_by(latest_us);
            !bucket.is_whole(now_us) || Arc::strong_count(bucket) > 1
        });
    }
}

/// Takes a number that is a hash already.
#[derive(Debug, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests;
