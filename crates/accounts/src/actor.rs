//! From the row of an account to an actor.

use serde::Deserialize;
use underpin_base::{Result, Timestamp};
use underpin_engine::{App, Engine, SystemQuery};
use underpin_plan::{Actor, Operator};
use underpin_schema::Value;
use uuid::Uuid;

/// An account, with its roles.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) subject: Option<String>,
    /// Sessions of another epoch have ended.
    pub(crate) epoch: i64,
    pub(crate) verified_email: Option<String>,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    pub(crate) suspended_at: Option<Timestamp>,
    pub(crate) anonymous: bool,
    #[serde(default)]
    pub(crate) roles: Vec<RoleName>,
}

/// A role of an account.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RoleName {
    pub(crate) name: String,
}

/// Whoever signs in as the row of the account model with this key, given as text, as it is now. Not a
/// way to recognise anybody: nothing was shown. `None` when there is no such row or the account is
/// suspended.
///
/// # Errors
/// `STORAGE_UNAVAILABLE` and the like.
pub async fn actor_of(engine: &Engine, app: &App, key: &str) -> Result<Option<Actor>> {
    let conditions = [("subject", Operator::Eq, key)];
    let query = SystemQuery::new("Account", &conditions).with(&["roles"]);
    match engine.system_find::<AccountRow>(query).await? {
        Some(account) => account.actor(engine, app).await,
        // It never signed in, and nobody gave it a role.
        None => Ok(engine
            .user_row(app, key)
            .await?
            .map(|row| Actor { user: row.fields, ..Actor::user(row.key, []) })),
    }
}

/// The names, sorted: rows come in no order.
pub(crate) fn sorted_names(roles: &[RoleName]) -> Vec<String> {
    let mut names: Vec<String> = roles.iter().map(|role| role.name.clone()).collect();
    names.sort_unstable();
    names
}

impl AccountRow {
    /// Whether this address was proved.
    pub(crate) fn has_proved(&self, email: &str) -> bool {
        self.verified_email.as_deref().is_some_and(|proved| proved.eq_ignore_ascii_case(email))
    }

    /// In the order of the alphabet, whatever order the rows come in.
    pub(crate) fn role_names(&self) -> Vec<String> {
        sorted_names(&self.roles)
    }

    /// The actor; `None` when the account is suspended, or is of a row that is not there any more.
    pub(crate) async fn actor(&self, engine: &Engine, app: &App) -> Result<Option<Actor>> {
        if self.suspended_at.is_some() {
            return Ok(None);
        }
        let Some(subject) = &self.subject else {
            return Ok(Some(Actor::key(self.role_names())));
        };
        let Some(row) = engine.user_row(app, subject).await? else { return Ok(None) };
        let mut actor = Actor::user(row.key, self.role_names());
        actor.verified = self.is_verified(app, &row.fields);
        if self.anonymous {
            actor.claims.insert("anonymous".to_owned(), "true".to_owned());
        }
        actor.user = row.fields;
        Ok(Some(actor))
    }

    /// Whether the e-mail that was proved is the account's still.
    fn is_verified(
        &self,
        app: &App,
        fields: &std::collections::BTreeMap<underpin_schema::FieldId, Value>,
    ) -> bool {
        let Some(model) = app.schema().account_model() else { return false };
        let Some(proved) = &self.verified_email else { return false };
        let identity = model.account.iter().flat_map(|account| &account.identity);
        identity
            .filter_map(|field| fields.get(field))
            .any(|value| matches!(value, Value::Text(text) if text.eq_ignore_ascii_case(proved)))
    }
}
