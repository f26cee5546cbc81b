//! The keys that sign access tokens: rows, sealed, replaced every 30 days.
//!
//! A key is published before it signs and believed until its last token has ended, so nobody who
//! keeps the set for a day meets a token that it cannot verify. Every process finds the keys of the
//! others in the database.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::sync::Mutex;
use underpin_base::{Result, Timestamp};
use underpin_credentials::Keys;
use underpin_credentials::token::{AccessTokens, SigningKey};
use underpin_engine::{SystemQuery, SystemWrite};
use underpin_plan::Operator;

use crate::Accounts;
use crate::people::time_text;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// How long a key signs, in microseconds.
const SIGNS_US: i64 = 30 * DAY;

/// How long before that the next one is published.
const PUBLISHED_US: i64 = DAY;

/// How long after it signed last a key is believed: longer than any token is good for.
const BELIEVED_US: i64 = 3_600 * SECOND;

/// How often the rows are read again, in microseconds.
const READ_US: i64 = 60 * SECOND;

/// How often they are read at most when a token names a key that is not known, so that inventing
/// names costs us nothing.
const READ_US_MIN: i64 = SECOND;

/// The keys, as they were read last.
pub(crate) struct Signing {
    held: RwLock<Option<Arc<Held>>>,
    /// Whoever reads or makes keys; the others wait for what it finds.
    reading: Mutex<()>,
}

struct Held {
    /// The first key signs.
    tokens: AccessTokens,
    read_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    kid: String,
    secret: String,
    #[serde(deserialize_with = "underpin_engine::system::time")]
    active_at: Timestamp,
}

impl Signing {
    pub(crate) fn new() -> Self {
        Self { held: RwLock::new(None), reading: Mutex::new(()) }
    }

    fn held(&self) -> Option<Arc<Held>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was read at most so long ago. A clock that was set back does not make it younger.
    fn younger_than(&self, age_us: i64, now: Timestamp) -> Option<Arc<Held>> {
        self.held().filter(|held| (0..age_us).contains(&(now.0 - held.read_at.0)))
    }
}

/// What issues and verifies tokens at present.
pub(crate) struct Tokens(Arc<Held>);

impl std::ops::Deref for Tokens {
    type Target = AccessTokens;

    fn deref(&self) -> &AccessTokens {
        &self.0.tokens
    }
}

/// How old the keys may be that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// As old as is usual.
    Usual,
    /// As new as can be: a token names one that is not known.
    Newest,
}

impl Accounts {
    /// The public keys, as a JSON Web Key Set.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn jwks(&self) -> Result<String> {
        Ok(self.tokens(Fresh::Usual).await?.jwks().to_string())
    }

    /// What issues and verifies tokens. The first key is made when it is first needed.
    pub(crate) async fn tokens(&self, fresh: Fresh) -> Result<Tokens> {
        let age_us = match fresh {
            Fresh::Usual => READ_US,
            Fresh::Newest => READ_US_MIN,
        };
        let now = self.engine.now();
        if let Some(held) = self.signing.younger_than(age_us, now) {
            return Ok(Tokens(held));
        }
        let _reading = self.signing.reading.lock().await;
        if let Some(held) = self.signing.younger_than(age_us, now) {
            return Ok(Tokens(held));
        }
        let held = Arc::new(self.read_keys(now).await?);
        let mut place = self.signing.held.write().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Arc::clone(&held));
        Ok(Tokens(held))
    }

    async fn read_keys(&self, now: Timestamp) -> Result<Held> {
        let keys = self.keys_of_installation()?;
        let mut found = self.usable_keys(keys, now).await?;
        let newest = found.iter().map(|(active_at, _)| *active_at).max();
        let due = match newest {
            None => Some(now),
            Some(newest) => {
                let next = Timestamp(newest.0 + SIGNS_US);
                (now.0 >= next.0 - PUBLISHED_US).then_some(next.max(now))
            }
        };
        if let Some(active_at) = due {
            found.push((active_at, self.make_key(keys, active_at).await?));
        }
        // The one that signs comes first: the latest of those whose time has come.
        found.sort_by_key(|(active_at, _)| (*active_at > now, std::cmp::Reverse(*active_at)));
        let keys = found.into_iter().map(|(_, key)| key).collect();
        let settings = &self.options.settings;
        let tokens = AccessTokens::new(settings.issuer.as_str(), settings.audience.as_str(), keys);
        Ok(Held { tokens, read_at: now })
    }

    /// The keys that are believed. One that another secret sealed is of no use, and left alone.
    async fn usable_keys(
        &self,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, SigningKey)>> {
        let bound = time_text(now);
        let conditions = [("retiresAt", Operator::Gt, bound.as_str())];
        let rows: Vec<KeyRow> =
            self.engine.system_all(SystemQuery::new("SigningKey", &conditions)).await?;
        let opened = rows.into_iter().filter_map(|row| {
            let sealed = STANDARD.decode(&row.secret).ok()?;
            let plain = keys.open(&place(&row.kid), &sealed)?;
            SigningKey::from_pkcs8(&plain).map(|key| (row.active_at, key))
        });
        Ok(opened.collect())
    }

    async fn make_key(&self, keys: &Keys, active_at: Timestamp) -> Result<SigningKey> {
        let key = SigningKey::generate();
        let sealed = keys.seal(&place(key.kid()), key.to_pkcs8().expose());
        let write = SystemWrite::create("SigningKey")
            .text("kid", key.kid())
            .text("secret", STANDARD.encode(sealed))
            .time("activeAt", active_at)
            .time("retiresAt", Timestamp(active_at.0 + SIGNS_US + BELIEVED_US));
        self.engine.system_write(write).await?;
        Ok(key)
    }
}

/// What a sealed key is bound to.
fn place(kid: &str) -> String {
    format!("SigningKey/secret/{kid}")
}
