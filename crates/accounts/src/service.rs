//! Service accounts and their keys: what programs use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use underpin_base::{Code, Error, FieldError, Result};
use underpin_engine::{SystemQuery, SystemWrite};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::actor::{AccountRow, RoleName, sorted_names};
use crate::administration::{ATTEMPTS_MAX, Attempt, contended, settle};
use crate::ask::Ask;
use crate::audit::Event;
use crate::user_keys::spec_of;
use crate::{Accounts, Answer, KeyInfo, KeySpec, NewKey};

#[derive(Deserialize)]
struct RoleId {
    id: Uuid,
    name: String,
}

#[derive(Deserialize)]
struct KeyId {
    id: Uuid,
}

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// The account.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Its roles.
    pub roles: Vec<String>,
    /// Since when nothing stands for it.
    pub suspended_at: Option<String>,
    /// When it was made.
    pub created_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceRow {
    id: Uuid,
    version: i64,
    name: String,
    suspended_at: Option<String>,
    created_at: String,
    roles: Vec<RoleName>,
}

impl ServiceRow {
    fn role_names(&self) -> Vec<String> {
        sorted_names(&self.roles)
    }
}

impl From<ServiceRow> for ServiceAccount {
    fn from(row: ServiceRow) -> Self {
        let roles = row.role_names();
        let ServiceRow { id, name, suspended_at, created_at, .. } = row;
        Self { id, name, roles, suspended_at, created_at }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyWithAccount {
    id: Uuid,
    name: String,
    prefix: String,
    scopes: Option<Vec<String>>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    account: AccountRow,
}

impl Accounts {
    pub(crate) async fn list_service_accounts(&self) -> Result<Answer> {
        Ok(Answer::Data { data: json!(self.service_accounts().await?), meta: None })
    }

    pub(crate) async fn create_service_account_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let roles = ask.inputs.texts("roles").unwrap_or_default();
        let account = self.create_service_account(ask, ask.inputs.text("name"), roles).await?;
        Ok(Answer::Created(json!(account)))
    }

    pub(crate) async fn delete_service_account_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let account = self.service_account(ask.segment(0)?).await?;
        self.delete_service_account(ask, account.id).await?;
        Ok(Answer::Nothing)
    }

    pub(crate) async fn create_service_key_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let account = self.service_account(ask.segment(0)?).await?;
        // A key acts as its account: whoever holds it may all that the account may.
        self.require_roles(ask, &account.role_names())?;
        let (_, answer) = self.create_key(ask, account.id, spec_of(ask)).await?;
        Ok(Answer::Created(answer))
    }

    /// The service accounts, by name.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn service_accounts(&self) -> Result<Vec<ServiceAccount>> {
        let conditions = [("name", Operator::IsNull, "false")];
        let query =
            SystemQuery { sort: &[("name", false)], ..SystemQuery::new("Account", &conditions) };
        let rows: Vec<ServiceRow> = self.engine.system_all(query.with(&["roles"])).await?;
        Ok(rows.into_iter().map(ServiceAccount::from).collect())
    }

    pub(crate) async fn create_service_account(
        &self,
        ask: &Ask<'_>,
        name: &str,
        roles: &[String],
    ) -> Result<ServiceAccount> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let ids = self.role_ids(roles).await?;
            self.require_roles(ask, roles)?;
            let write = SystemWrite::create("Account")
                .text("name", name)
                .set("roles", Value::List(ids.into_iter().map(Value::Uuid).collect()));
            let id = work.system(&write)?.id();
            let target = id.to_string();
            let event = Event::new("serviceAccount.created").target(&target);
            let details = json!({ "name": name, "roles": roles });
            Self::audit(&mut work, ask, &event.details(details))?;
            if let Attempt::Done = settle(work).await? {
                return self.service_account(&target).await.map(ServiceAccount::from);
            }
        }
        Err(contended())
    }

    async fn delete_service_account(&self, ask: &Ask<'_>, id: Uuid) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let account = self.service_account(&id.to_string()).await?;
            self.require_roles(ask, &account.role_names())?;
            work.system(&SystemWrite::delete("Account", id).at(account.version))?;
            work.changes_authority();
            let target = id.to_string();
            let event = Event::new("serviceAccount.deleted").target(&target);
            Self::audit(&mut work, ask, &event.details(json!({ "name": account.name })))?;
            if let Attempt::Done = settle(work).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The service account with this id.
    async fn service_account(&self, id: &str) -> Result<ServiceRow> {
        let absent = || Error::new(Code::NotFound, "there is no such service account");
        let id: Uuid = id.parse().map_err(|_| absent())?;
        let id = id.to_string();
        let conditions = [("id", Operator::Eq, id.as_str()), ("name", Operator::IsNull, "false")];
        let query = SystemQuery::new("Account", &conditions).with(&["roles"]);
        self.engine.system_find(query).await?.ok_or_else(absent)
    }

    /// Makes a service account with these roles, and a key of it.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for a role that there is not, or a name that is empty or too long.
    pub async fn create_service_key(&self, name: &str, roles: &[String]) -> Result<NewKey> {
        let spec = KeySpec { name, scopes: None, expires_at: None };
        self.operator().create_service_key(spec, roles).await
    }

    /// Every key that was ever made, oldest first.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>> {
        self.key_infos(&[]).await
    }

    /// Ends a key. Requests with it are refused from then on, in other processes within a second.
    ///
    /// # Errors
    /// `NOT_FOUND` when no key in force has this prefix.
    pub async fn revoke_key_by_prefix(&self, prefix: &str) -> Result<()> {
        let conditions =
            [("prefix", Operator::Eq, prefix), ("revokedAt", Operator::IsNull, "true")];
        let key: Option<KeyId> =
            self.engine.system_find(SystemQuery::new("Key", &conditions)).await?;
        let Some(key) = key else {
            return Err(Error::new(
                Code::NotFound,
                format!("no key in force starts with `up_{prefix}`"),
            )
            .with_hint("`underpin key list` shows the keys"));
        };
        self.operator().revoke_key(key.id).await
    }

    /// The rows of roles, by their names.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` that names every role that there is not.
    pub(crate) async fn role_ids(&self, names: &[String]) -> Result<Vec<Uuid>> {
        let rows: Vec<RoleId> = self.engine.system_all(SystemQuery::new("Role", &[])).await?;
        let known: BTreeMap<&str, Uuid> =
            rows.iter().map(|role| (role.name.as_str(), role.id)).collect();
        let unknown: Vec<FieldError> = names
            .iter()
            .filter(|name| !known.contains_key(name.as_str()))
            .map(|name| FieldError {
                path: "roles".to_owned(),
                code: "UNKNOWN_VALUE",
                message: format!(
                    "there is no role `{name}`; there are: {}",
                    known.keys().copied().collect::<Vec<_>>().join(", ")
                ),
            })
            .collect();
        if unknown.is_empty() {
            Ok(names.iter().filter_map(|name| known.get(name.as_str()).copied()).collect())
        } else {
            Err(Error::validation(unknown))
        }
    }
}

impl From<KeyWithAccount> for KeyInfo {
    fn from(key: KeyWithAccount) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            roles: key.account.role_names(),
            scopes: key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}
