//! API keys of accounts: made, listed, replaced and ended. A key acts as its account, narrowed to its
//! scopes; no key makes keys.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use underpin_base::{Code, Error, Result, Timestamp};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::{FieldCode, Scalar, Value};
use uuid::Uuid;

use crate::administration::{ATTEMPTS_MAX, Attempt, contended, settle};
use crate::ask::Ask;
use crate::audit::Event;
use crate::inputs::refusal;
use crate::{Accounts, Answer, KeyInfo, NewKey, roles};

/// Keys of an account that are in force at the same time, those that another replaces left out.
const KEYS_MAX: usize = 100;

/// How long a key that was replaced goes on working, when nobody says: a day, in seconds.
const OVERLAP_SECONDS_DEFAULT: u32 = 86_400;

/// A week, in seconds.
const OVERLAP_SECONDS_MAX: u32 = 604_800;

/// A key to make.
#[derive(Debug, Clone, Copy)]
pub struct KeySpec<'k> {
    /// What it is for.
    pub name: &'k str,
    /// What it is narrowed to; `None` narrows nothing.
    pub scopes: Option<&'k [String]>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

/// A key as a row.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) name: String,
    scopes: Option<Vec<String>>,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    expires_at: Option<Timestamp>,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    revoked_at: Option<Timestamp>,
    #[serde(default)]
    successor: Option<RowId>,
    account: RowId,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RowId {
    id: Uuid,
}

impl KeyRow {
    fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Accounts {
    pub(crate) async fn list_keys(&self, ask: &Ask<'_>) -> Result<Answer> {
        let account = ask.signed()?.account.to_string();
        let keys = self.key_infos(&[("account", Operator::Eq, account.as_str())]).await?;
        Ok(Answer::Data { data: json!(keys), meta: None })
    }

    pub(crate) async fn create_key_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        Self::require_proved(ask)?;
        self.reauthenticate(ask, &signed).await?;
        let (_, answer) = self.create_key(ask, signed.account, spec_of(ask)).await?;
        Ok(Answer::Created(answer))
    }

    pub(crate) async fn rotate_key_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let overlap = match ask.inputs.maybe("overlapSeconds") {
            None => OVERLAP_SECONDS_DEFAULT,
            Some(text) => {
                let seconds = text.parse().ok().filter(|it| *it <= OVERLAP_SECONDS_MAX);
                seconds.ok_or_else(|| {
                    let message = format!("must be a whole number from 0 to {OVERLAP_SECONDS_MAX}");
                    let fault = refusal("overlapSeconds", FieldCode::OutOfRange, &message);
                    Error::validation(vec![fault])
                })?
            }
        };
        let key = self.own_key(ask, signed.account).await?;
        let (_, answer) = self.rotate_key(ask, key.id, overlap).await?;
        Ok(Answer::Created(answer))
    }

    pub(crate) async fn revoke_key_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let key = self.own_key(ask, signed.account).await?;
        self.revoke_key(ask, key.id).await?;
        Ok(Answer::Nothing)
    }

    /// Makes a key of an account; what is told of it holds the whole key.
    pub(crate) async fn create_key(
        &self,
        ask: &Ask<'_>,
        account: Uuid,
        spec: KeySpec<'_>,
    ) -> Result<(NewKey, Json)> {
        self.check_key(spec)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            self.require_room(account).await?;
            let made = Self::add_key(&mut work, account, spec)?;
            let target = made.1.to_string();
            let event = Event::new("key.created").target(&target);
            let owner = account.to_string();
            let details = json!({ "name": spec.name, "account": owner, "scopes": spec.scopes });
            Self::audit(&mut work, ask, &event.details(details))?;
            if let Attempt::Done = settle(work).await? {
                let answer = shown(&made, spec);
                return Ok((made.0, answer));
            }
        }
        Err(contended())
    }

    /// Makes a key in the place of another, which goes on working for a while. Of several that
    /// replace the same key at once, one alone does.
    pub(crate) async fn rotate_key(
        &self,
        ask: &Ask<'_>,
        id: Uuid,
        overlap_seconds: u32,
    ) -> Result<(NewKey, Json)> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let now = self.engine.now();
            let old = self.key_row(id).await?.filter(|key| key.is_in_force(now));
            let old = old.ok_or_else(no_key)?;
            if old.successor.is_some() {
                let message = "another key takes the place of this one already";
                return Err(Error::new(Code::ReferenceConflict, message));
            }
            let spec = KeySpec {
                name: &old.name,
                scopes: old.scopes.as_deref(),
                expires_at: old.expires_at,
            };
            let made = Self::add_key(&mut work, old.account.id, spec)?;
            let end = Timestamp(now.0 + i64::from(overlap_seconds) * 1_000_000);
            let end = old.expires_at.map_or(end, |expires_at| expires_at.min(end));
            let mut write = SystemWrite::update("Key", old.id)
                .at(old.version)
                .id("successor", made.1)
                .time("expiresAt", end);
            if overlap_seconds == 0 {
                // Writes in flight with it end too.
                write = write.time("revokedAt", now);
            }
            work.system(&write)?;
            work.changes_authority();
            let target = old.id.to_string();
            let event = Event::new("key.rotated").target(&target);
            let successor = made.1.to_string();
            let details = json!({ "successor": successor, "overlapSeconds": overlap_seconds });
            Self::audit(&mut work, ask, &event.details(details))?;
            if let Attempt::Done = settle(work).await? {
                let answer = shown(&made, spec);
                return Ok((made.0, answer));
            }
        }
        Err(contended())
    }

    /// Ends a key.
    pub(crate) async fn revoke_key(&self, ask: &Ask<'_>, id: Uuid) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let key = self.key_row(id).await?.filter(|key| key.revoked_at.is_none());
            let key = key.ok_or_else(no_key)?;
            let write = SystemWrite::update("Key", id).at(key.version);
            work.system(&write.time("revokedAt", self.engine.now()))?;
            work.changes_authority();
            let target = id.to_string();
            Self::audit(&mut work, ask, &Event::new("key.revoked").target(&target))?;
            if let Attempt::Done = settle(work).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Refuses a key that could never be used as it is meant.
    pub(crate) fn check_key(&self, spec: KeySpec<'_>) -> Result<()> {
        let scopes: BTreeSet<String> = spec.scopes.unwrap_or_default().iter().cloned().collect();
        roles::check(None, &scopes, "scopes")?;
        match spec.expires_at {
            Some(end) if end <= self.engine.now() => {
                let fault = refusal("expiresAt", FieldCode::OutOfRange, "must be in the future");
                Err(Error::validation(vec![fault]))
            }
            _ => Ok(()),
        }
    }

    /// Adds a key of an account.
    pub(crate) fn add_key(
        transaction: &mut Transaction<'_>,
        account: Uuid,
        spec: KeySpec<'_>,
    ) -> Result<(NewKey, Uuid)> {
        let key = NewKey::generate();
        let mut write = SystemWrite::create("Key")
            .id("account", account)
            .text("name", spec.name)
            .text("prefix", key.prefix.as_str())
            .text("hash", key.hash.as_str());
        if let Some(scopes) = spec.scopes {
            write = write.set("scopes", Value::Json(json!(scopes).to_string()));
        }
        if let Some(expires_at) = spec.expires_at {
            write = write.time("expiresAt", expires_at);
        }
        let id = transaction.system(&write)?.id();
        Ok((key, id))
    }

    /// The keys for which conditions hold, oldest first.
    pub(crate) async fn key_infos(
        &self,
        conditions: &[(&'static str, Operator, &str)],
    ) -> Result<Vec<KeyInfo>> {
        let query = SystemQuery {
            sort: &[("createdAt", false)],
            ..SystemQuery::new("Key", conditions).with(&["account.roles"])
        };
        let keys: Vec<crate::service::KeyWithAccount> = self.engine.system_all(query).await?;
        Ok(keys.into_iter().map(KeyInfo::from).collect())
    }
    /// The key with this id.
    async fn key_row(&self, id: Uuid) -> Result<Option<KeyRow>> {
        let id = id.to_string();
        let conditions = [("id", Operator::Eq, id.as_str())];
        let query = SystemQuery::new("Key", &conditions).with(&["account", "successor"]);
        self.engine.system_find(query).await
    }

    /// The key that a path names, when it is the caller's own.
    async fn own_key(&self, ask: &Ask<'_>, account: Uuid) -> Result<KeyRow> {
        let id = ask.segment(0)?.parse().map_err(|_| no_key())?;
        let key = self.key_row(id).await?;
        key.filter(|key| key.account.id == account).ok_or_else(no_key)
    }

    /// Refuses one key more than an account may have.
    async fn require_room(&self, account: Uuid) -> Result<()> {
        let (account, now) = (account.to_string(), self.engine.now());
        let conditions = [
            ("account", Operator::Eq, account.as_str()),
            ("revokedAt", Operator::IsNull, "true"),
            ("successor", Operator::IsNull, "true"),
        ];
        let query = SystemQuery::new("Key", &conditions).with(&["account", "successor"]);
        let keys: Vec<KeyRow> = self.engine.system_all(query).await?;
        if keys.iter().filter(|key| key.is_in_force(now)).count() < KEYS_MAX {
            return Ok(());
        }
        Err(Error::new(Code::LimitReached, format!("an account has at most {KEYS_MAX} keys"))
            .with_hint("revoke one that is not used any more"))
    }
}

/// What a body says of a key.
pub(crate) fn spec_of<'a>(ask: &'a Ask<'_>) -> KeySpec<'a> {
    KeySpec {
        name: ask.inputs.text("name"),
        scopes: ask.inputs.texts("scopes"),
        expires_at: ask.inputs.time("expiresAt").flatten(),
    }
}

/// What is told of a key that was made: the one time that its secret is.
fn shown((key, id): &(NewKey, Uuid), spec: KeySpec<'_>) -> Json {
    json!({
        "id": id,
        "key": key.token.expose(),
        "prefix": key.prefix,
        "name": spec.name,
        "scopes": spec.scopes,
        "expiresAt": spec.expires_at.map(text_of),
    })
}

/// A time as it is on the wire.
fn text_of(at: Timestamp) -> String {
    let mut text = Vec::new();
    Scalar::DateTime.write_text(&Value::DateTime(at.0), &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

pub(crate) fn no_key() -> Error {
    Error::new(Code::NotFound, "there is no such key in force")
}
