//! Who somebody was found to be, remembered for a moment.

use std::sync::Arc;

use aws_lc_rs::digest;
use quick_cache::sync::Cache;
use underpin_base::Timestamp;
use underpin_engine::Standing;
use underpin_plan::Actor;
use uuid::Uuid;

/// How long it is believed that another process has changed nothing, in microseconds: the bound on
/// how long what ended there still works here. What ends in this process ends at once.
const TRUST_MICROS: i64 = 1_000_000;

/// Tokens remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Somebody who was recognised.
#[derive(Debug)]
pub struct Identity {
    /// As rules see it.
    pub actor: Arc<Actor>,
    /// What must still hold when a write commits.
    pub standing: Option<Arc<Standing>>,
    /// The account; `None` for the fixed actors of tests.
    pub account: Option<Uuid>,
    /// The session, where it is one that was shown.
    pub session: Option<Uuid>,
    /// The API key, where it is one that was shown.
    pub key: Option<Uuid>,
    /// When what was shown ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Identities by the token that was shown. Tokens are compared whole, under a hash with a random
/// seed: a digest in their place would cost every request more than all else that is done here.
pub(crate) struct Known {
    identities: Cache<Box<str>, Remembered>,
}

#[derive(Clone)]
struct Remembered {
    identity: Arc<Identity>,
    at: Timestamp,
    generation: u64,
}

impl Known {
    pub(crate) fn new() -> Self {
        Self { identities: Cache::new(REMEMBERED_MAX) }
    }

    /// Whom the token stood for less than [`TRUST_MICROS`] ago, when nothing changed since.
    pub(crate) fn get(
        &self,
        token: &str,
        now: Timestamp,
        generation: u64,
    ) -> Option<Arc<Identity>> {
        let found = self.identities.get(token)?;
        let age = now.0 - found.at.0;
        let is_fresh = (0..TRUST_MICROS).contains(&age) && found.generation == generation;
        let in_force = found.identity.expires_at.is_none_or(|end| now < end);
        (is_fresh && in_force).then_some(found.identity)
    }

    /// Remembers whom `token` stands for. `generation` was taken before the database was asked.
    pub(crate) fn insert(
        &self,
        token: &str,
        identity: Arc<Identity>,
        (at, generation): (Timestamp, u64),
    ) {
        self.identities.insert(Box::from(token), Remembered { identity, at, generation });
    }
}

pub(crate) fn digest_of(text: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().try_into().expect("invariant: SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(expires_at: Option<Timestamp>) -> Arc<Identity> {
        let actor = Arc::new(Actor::anonymous());
        let (standing, account, session, key) = (None, None, None, None);
        Arc::new(Identity { actor, standing, account, session, key, expires_at })
    }

    #[test]
    fn whoever_was_recognised_is_believed_for_a_second() {
        let known = Known::new();
        known.insert("token", identity(None), (Timestamp(0), 7));
        assert!(known.get("token", Timestamp(TRUST_MICROS - 1), 7).is_some());
        assert!(known.get("token", Timestamp(TRUST_MICROS), 7).is_none());
        assert!(known.get("token", Timestamp(-1), 7).is_none());
        assert!(known.get("other", Timestamp(0), 7).is_none());
    }

    #[test]
    fn nobody_is_believed_once_something_changed() {
        let known = Known::new();
        known.insert("token", identity(None), (Timestamp(0), 7));
        assert!(known.get("token", Timestamp(1), 8).is_none());
    }

    #[test]
    fn what_ends_by_itself_is_not_believed_longer() {
        let known = Known::new();
        known.insert("token", identity(Some(Timestamp(10))), (Timestamp(0), 7));
        assert!(known.get("token", Timestamp(9), 7).is_some());
        assert!(known.get("token", Timestamp(10), 7).is_none());
    }
}
