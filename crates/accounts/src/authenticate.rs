//! From what was shown to who it stands for.

use std::sync::Arc;

use serde::Deserialize;
use underpin_base::{Code, Error, Result, Timestamp};
use underpin_engine::{App, Shown, Standing, SystemQuery};
use underpin_plan::Operator;
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::{Accounts, Identity, keys};

/// A key, with its account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyRow {
    id: Uuid,
    hash: String,
    scopes: Option<Vec<String>>,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    expires_at: Option<Timestamp>,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    revoked_at: Option<Timestamp>,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    last_used_at: Option<Timestamp>,
    account: AccountRow,
}

impl Accounts {
    /// Who shows this bearer token. `app` is held by the caller.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, in the same words whatever is wrong with it.
    pub async fn authenticate(&self, app: &App, token: &str) -> Result<Arc<Identity>> {
        if let Some(actor) = self.options.fixed_tokens.get(token) {
            return Ok(Arc::new(Identity::fixed(Arc::clone(actor))));
        }
        let now = self.engine.now();
        let generation = self.engine.authority_generation();
        if let Some(identity) = self.known.get(token, now, generation) {
            return Ok(identity);
        }
        self.authenticate_anew(app, token).await
    }

    /// As [`Accounts::authenticate`], whoever the token stood for a moment ago: for when that turned
    /// out to have changed.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, in the same words whatever is wrong with it.
    pub async fn authenticate_anew(&self, app: &App, token: &str) -> Result<Arc<Identity>> {
        if let Some(actor) = self.options.fixed_tokens.get(token) {
            return Ok(Arc::new(Identity::fixed(Arc::clone(actor))));
        }
        let now = self.engine.now();
        self.engine.refresh_roles().await?;
        let generation = self.engine.authority_generation();
        let identity = if token.starts_with(keys::MARK) {
            self.recognise_key(app, token, now).await?
        } else {
            Box::pin(self.recognise_session(app, token, now)).await?
        };
        let identity = Arc::new(identity);
        self.known.insert(token, Arc::clone(&identity), (now, generation));
        Ok(identity)
    }

    async fn recognise_key(&self, app: &App, token: &str, now: Timestamp) -> Result<Identity> {
        let (prefix, secret) = keys::split(token).ok_or_else(refused)?;
        let conditions = [("prefix", Operator::Eq, prefix)];
        let query = SystemQuery::new("Key", &conditions).with(&["account.roles"]);
        let key: Option<KeyRow> = self.engine.system_find(query).await?;
        // The secret is compared even when there is no such key, so that the time of the answer
        // does not tell which prefixes exist.
        let hash = key.as_ref().map_or("", |key| key.hash.as_str());
        let matches = keys::matches(secret, hash);
        let in_force =
            |key: &KeyRow| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end);
        let key = key.filter(|key| matches && in_force(key)).ok_or_else(refused)?;
        let actor = key.account.actor(&self.engine, app).await?.ok_or_else(refused)?;
        let actor = match key.scopes {
            Some(scopes) => actor.as_key(scopes),
            None => actor.as_unscoped_key(),
        };
        self.usage.note(&self.engine, (key.id, key.last_used_at), now);
        let standing =
            Standing { by: Shown::Key, id: key.id, account_version: key.account.version };
        Ok(Identity {
            actor: Arc::new(actor),
            standing: Some(Arc::new(standing)),
            account: Some(key.account.id),
            session: None,
            key: Some(key.id),
            expires_at: key.expires_at,
        })
    }
}

impl Identity {
    fn fixed(actor: Arc<underpin_plan::Actor>) -> Self {
        Self { actor, standing: None, account: None, session: None, key: None, expires_at: None }
    }
}

/// The one answer to every token that stands for nobody.
pub(crate) fn refused() -> Error {
    Error::new(Code::Unauthenticated, "the bearer token is not one that is in force")
        .with_hint("log in again, or use a key that is in force")
}
