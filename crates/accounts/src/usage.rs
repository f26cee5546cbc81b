//! When keys were last used, to the minute: noted beside the requests, and at most once a minute for
//! each key.

use std::sync::Arc;

use quick_cache::sync::Cache;
use underpin_base::Timestamp;
use underpin_engine::{Engine, SystemWrite};
use uuid::Uuid;

const MINUTE: i64 = 60_000_000;

/// Keys whose last minute is remembered.
const KEYS_MAX: usize = 10_000;

/// The minute that was noted last, by key.
pub(crate) struct Usage {
    noted: Cache<Uuid, i64>,
}

impl Usage {
    pub(crate) fn new() -> Self {
        Self { noted: Cache::new(KEYS_MAX) }
    }

    /// Notes that a key was used now, unless that is known to the minute. Nobody waits for it, and
    /// where it cannot be written the key's next use a minute later tries again.
    pub(crate) fn note(
        &self,
        engine: &Arc<Engine>,
        (key, last): (Uuid, Option<Timestamp>),
        now: Timestamp,
    ) {
        let minute = now.0.div_euclid(MINUTE);
        let is_known = last.is_some_and(|last| last.0.div_euclid(MINUTE) >= minute)
            || self.noted.get(&key).is_some_and(|noted| noted >= minute);
        if is_known {
            return;
        }
        self.noted.insert(key, minute);
        let write = SystemWrite::update("Key", key).time("lastUsedAt", Timestamp(minute * MINUTE));
        let engine = Arc::clone(engine);
        tokio::spawn(async move { engine.system_write(write).await.map(drop) });
    }
}
