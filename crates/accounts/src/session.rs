//! Sessions: how one begins, what it is given, and how its access token is recognised.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use underpin_base::{Error, Result, Secret, Timestamp};
use underpin_credentials::csrf;
use underpin_credentials::refresh::RefreshToken;
use underpin_engine::{App, Shown, Standing, SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::{Event, agent, ip};
use crate::authenticate::refused;
use crate::signing::Fresh;
use crate::{Accounts, Grant, Identity};

/// A session, with its account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) epoch: i64,
    pub(crate) counter: u32,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    pub(crate) rotated_at: Option<Timestamp>,
    #[serde(deserialize_with = "underpin_engine::system::time")]
    pub(crate) authenticated_at: Timestamp,
    #[serde(deserialize_with = "underpin_engine::system::time")]
    pub(crate) last_used_at: Timestamp,
    #[serde(deserialize_with = "underpin_engine::system::time")]
    pub(crate) expires_at: Timestamp,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) cookies: bool,
    pub(crate) client: Option<String>,
    pub(crate) account: AccountRow,
}

/// Somebody who proved who it is.
#[derive(Debug, Clone)]
pub(crate) struct Proven {
    /// The account.
    pub(crate) account: Uuid,
    /// The account's epoch, as it was when the proof was judged, or as the transaction sets it.
    pub(crate) epoch: i64,
    /// By what: `password`, `totp`, `passkey`, `link`, `code`, `oauth`.
    pub(crate) methods: Vec<&'static str>,
}

impl SessionRow {
    /// Whether the session lasts: not ended, neither by itself nor with all of its account.
    pub(crate) fn is_in_force(&self, now: Timestamp, idle_us: i64) -> bool {
        self.revoked_at.is_none()
            && self.epoch == self.account.epoch
            && self.account.suspended_at.is_none()
            && now < self.ends_at(idle_us)
    }

    /// When it ends by itself unless it is used before.
    pub(crate) fn ends_at(&self, idle_us: i64) -> Timestamp {
        self.expires_at.min(Timestamp(self.last_used_at.0.saturating_add(idle_us)))
    }
}

impl Accounts {
    /// The session with this id.
    pub(crate) async fn session(&self, id: Uuid) -> Result<Option<SessionRow>> {
        let id = id.to_string();
        let conditions = [("id", Operator::Eq, id.as_str())];
        self.engine
            .system_find(SystemQuery::new("Session", &conditions).with(&["account.roles"]))
            .await
    }

    /// Logs in whoever has proved who it is, unless a second factor is wanted: then what is asked
    /// next is the error. `transaction` holds whatever the proof used up; it is done either way.
    ///
    /// # Errors
    /// `MFA_REQUIRED`; those of the transaction.
    pub(crate) async fn log_in<'a>(
        &'a self,
        ask: &Ask<'a>,
        mut transaction: Transaction<'a>,
        proven: &Proven,
    ) -> Result<Grant> {
        if let Some(wanted) = self.second_factor(&mut transaction, proven).await? {
            transaction.commit().await?;
            return Err(wanted);
        }
        self.enter(ask, transaction, proven).await
    }

    /// Logs in whoever has proved all that is wanted.
    pub(crate) async fn enter<'a>(
        &'a self,
        ask: &Ask<'a>,
        mut transaction: Transaction<'a>,
        proven: &Proven,
    ) -> Result<Grant> {
        let session = self.add_session(&mut transaction, ask, proven)?;
        transaction.commit().await?;
        self.grant(ask.app, session).await
    }

    /// Adds a session.
    pub(crate) fn add_session(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        proven: &Proven,
    ) -> Result<Uuid> {
        let methods = proven.methods.iter().map(|method| Value::Text((*method).to_owned()));
        let write = SystemWrite::create("Session")
            .id("account", proven.account)
            .set("epoch", Value::Int(proven.epoch))
            .time("authenticatedAt", ask.now)
            .time("lastUsedAt", ask.now)
            .time("expiresAt", Timestamp(ask.now.0 + self.options.settings.session_us()))
            .set("methods", Value::List(methods.collect()))
            .set("cookies", Value::Bool(ask.inputs.flag("cookies")))
            .maybe("client", ask.inputs.maybe("client"))
            .maybe("ip", ip(&ask.client).as_deref())
            .maybe("agent", agent(&ask.client).as_deref());
        let session = transaction.system(&write)?.id();
        let event = Event::new("session.created").of(proven.account).session(session);
        let event = event.details(json!({ "methods": proven.methods }));
        Self::audit(transaction, ask, &event)?;
        Ok(session)
    }

    /// The tokens of a session as it is.
    pub(crate) async fn grant(&self, app: &App, session: Uuid) -> Result<Grant> {
        let session = self.session(session).await?.ok_or_else(refused)?;
        self.grant_of(app, &session).await
    }

    /// The tokens of a session: an access token, and the refresh token at its counter.
    pub(crate) async fn grant_of(&self, app: &App, session: &SessionRow) -> Result<Grant> {
        let keys = self.keys_of_installation()?;
        let now = self.engine.now();
        let actor = session.account.actor(&self.engine, app).await?.ok_or_else(refused)?;
        let subject = session.account.subject.as_deref().ok_or_else(refused)?;
        let left = session.expires_at.0.saturating_sub(now.0).max(0) / 1_000_000;
        let lifetime = self.options.settings.access_seconds().min(left);
        let tokens = self.tokens(Fresh::Usual).await?;
        let claims = tokens.claims(session.account.id.to_string(), session.id, now, lifetime);
        let access = tokens
            .issue(&claims)
            .ok_or_else(|| Error::internal("there is no key that signs access tokens"))?;
        let refresh = RefreshToken { session: session.id, counter: session.counter };
        Ok(Grant {
            access,
            expires_in: u32::try_from(lifetime).unwrap_or(0),
            refresh: refresh.text(keys),
            refresh_expires_at: session.expires_at,
            cookies: session.cookies,
            session: session.id,
            csrf: Secret::new(csrf::token(keys, session.id)),
            user: self.user_json(app, &Arc::new(actor), subject).await?,
        })
    }

    /// Who shows this access token.
    pub(crate) async fn recognise_session(
        &self,
        app: &App,
        token: &str,
        now: Timestamp,
    ) -> Result<Identity> {
        if self.options.keys.is_none() {
            return Err(refused());
        }
        let claims = match self.tokens(Fresh::Usual).await?.verify(token, now) {
            Ok(claims) => claims,
            // Another process may have made a key since.
            Err(_) => {
                let newest = self.tokens(Fresh::Newest).await?;
                newest.verify(token, now).map_err(|_| refused())?
            }
        };
        let session = self.session(claims.session).await?.ok_or_else(refused)?;
        let idle_us = self.options.settings.idle_us();
        let is_its_own = claims.subject == session.account.id.to_string();
        if !is_its_own || !session.is_in_force(now, idle_us) {
            return Err(refused());
        }
        let actor = session.account.actor(&self.engine, app).await?.ok_or_else(refused)?;
        let ends_at = Timestamp(claims.expires_at.saturating_mul(1_000_000));
        let standing = Standing {
            by: Shown::Session,
            id: session.id,
            account_version: session.account.version,
        };
        Ok(Identity {
            actor: Arc::new(actor),
            standing: Some(Arc::new(standing)),
            account: Some(session.account.id),
            session: Some(session.id),
            key: None,
            expires_at: Some(ends_at.min(session.ends_at(idle_us))),
        })
    }
}
