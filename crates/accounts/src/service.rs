//! Service accounts and their keys: what programs use.

use std::collections::BTreeMap;

use serde::Deserialize;
use underpin_base::{Code, Error, FieldError, Result};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::{Accounts, KeyInfo, NewKey};

#[derive(Deserialize)]
struct RoleId {
    id: Uuid,
    name: String,
}

#[derive(Deserialize)]
struct KeyId {
    id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyWithAccount {
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
    /// Makes a service account with these roles, and a key of it.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for a role that there is not, or a name that is empty or too long.
    pub async fn create_service_key(&self, name: &str, roles: &[String]) -> Result<NewKey> {
        let roles = self.role_ids(roles).await?;
        let key = NewKey::generate();
        let mut transaction = Transaction::new(&self.engine);
        // Several keys may be made for one purpose; their accounts are told apart by the prefix.
        let account = SystemWrite::create("Account")
            .text("name", format!("{} {}", name.chars().take(80).collect::<String>(), key.prefix))
            .set("roles", Value::List(roles.into_iter().map(Value::Uuid).collect()));
        let account = transaction.system(&account)?.id();
        transaction.system(
            &SystemWrite::create("Key")
                .id("account", account)
                .text("name", name)
                .text("prefix", key.prefix.as_str())
                .text("hash", key.hash.as_str()),
        )?;
        transaction.commit().await?;
        Ok(key)
    }

    /// Every key that was ever made, oldest first.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>> {
        let query = SystemQuery {
            sort: &[("createdAt", false)],
            ..SystemQuery::new("Key", &[]).with(&["account.roles"])
        };
        let keys: Vec<KeyWithAccount> = self.engine.system_all(query).await?;
        Ok(keys.into_iter().map(KeyInfo::from).collect())
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
        let mut transaction = Transaction::new(&self.engine);
        transaction
            .system(&SystemWrite::update("Key", key.id).time("revokedAt", self.engine.now()))?;
        transaction.changes_authority();
        transaction.commit().await?;
        Ok(())
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
