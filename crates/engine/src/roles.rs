//! Roles as rows: taken over from the schema, changed while the server runs, and known to every
//! process that serves the database.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use underpin_base::{Code, Result};
use underpin_plan::{Operator, Profile, Roles};
use underpin_schema::{Schema, Value};
use uuid::Uuid;

use crate::{Engine, Made, SystemQuery, SystemWrite, Transaction};

/// The row that tells of changes.
const EPOCH: &str = "roles";

#[derive(Deserialize)]
struct RoleRow {
    id: Uuid,
    version: i64,
    name: String,
    declared: Option<Vec<String>>,
    permissions: Vec<PermissionRow>,
}

#[derive(Deserialize)]
struct PermissionRow {
    id: Uuid,
    name: String,
}

#[derive(Deserialize)]
struct EpochRow {
    id: Uuid,
    version: i64,
}

impl RoleRow {
    fn permissions(&self) -> Vec<String> {
        self.permissions.iter().map(|permission| permission.name.clone()).collect()
    }
}

impl Engine {
    /// Grows when what a session, a key or an account of this process stands for may have changed:
    /// whoever remembers who somebody is keeps this number, taken before it asked, and asks anew
    /// when it is another.
    #[must_use]
    pub fn authority_generation(&self) -> u64 {
        self.authority().generation()
    }

    /// Makes everybody ask the database anew who asks.
    pub fn note_authority_change(&self) {
        self.authority().advance();
    }

    /// Whether actors with this profile have a permission.
    #[must_use]
    pub fn permits(&self, profile: &Profile, permission: &str) -> bool {
        self.authority().roles().roles.permit(profile, permission)
    }

    /// The roles as they are, with what they permit.
    #[must_use]
    pub fn roles(&self) -> Roles {
        self.authority().roles().roles.clone()
    }

    /// Takes over what another process changed about roles. Cheap when there is nothing.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn refresh_roles(&self) -> Result<()> {
        let version = self.roles_epoch().await?.map_or(0, |row| row.version);
        if version != self.authority().roles().version {
            self.load_roles().await?;
        }
        Ok(())
    }

    /// Adds to a transaction that changes roles that it does: every process takes the change over.
    /// Call [`Engine::refresh_roles`] after it is committed.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn changes_roles(&self, transaction: &mut Transaction<'_>) -> Result<()> {
        let write = match self.roles_epoch().await? {
            Some(row) => SystemWrite::update("Epoch", row.id),
            None => SystemWrite::create("Epoch"),
        };
        transaction.system(&write.text("name", EPOCH))?;
        Ok(())
    }

    async fn roles_epoch(&self) -> Result<Option<EpochRow>> {
        let conditions = [("name", Operator::Eq, EPOCH)];
        self.system_find(SystemQuery::new("Epoch", &conditions)).await
    }

    /// Brings the rows of the roles to what `schema` declares, and loads them.
    pub(crate) async fn adopt_roles(&self, schema: &Schema) -> Result<()> {
        // Two processes that start at once may both try; the second finds it done.
        match self.write_declared(schema).await {
            Err(error) if matches!(error.code(), Code::UniqueConflict | Code::VersionMismatch) => {
                self.write_declared(schema).await?;
            }
            other => other?,
        }
        self.load_roles().await
    }

    async fn write_declared(&self, schema: &Schema) -> Result<()> {
        let rows: Vec<RoleRow> =
            self.system_all(SystemQuery::new("Role", &[]).with(&["permissions"])).await?;
        let rows: BTreeMap<&str, &RoleRow> =
            rows.iter().map(|row| (row.name.as_str(), row)).collect();
        let changed = schema.roles.iter().filter(|role| {
            rows.get(role.name.as_str()).is_none_or(|row| row.declared.as_ref() != Some(&role.can))
        });
        let changed: Vec<_> = changed.collect();
        if changed.is_empty() {
            return Ok(());
        }
        let mut transaction = Transaction::new(self);
        let mut permissions = Permissions::load(self).await?;
        for role in changed {
            let row = rows.get(role.name.as_str()).copied();
            let wanted = merged(row, &role.can);
            let keys = permissions.keys(&mut transaction, &wanted)?;
            let write = match row {
                Some(row) => SystemWrite::update("Role", row.id).at(row.version),
                None => SystemWrite::create("Role").text("name", role.name.as_str()),
            };
            transaction.system(
                &write.set("declared", json(&role.can)).set("permissions", Value::List(keys)),
            )?;
        }
        self.changes_roles(&mut transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn load_roles(&self) -> Result<()> {
        // The epoch first: what changes after is loaded again.
        let version = self.roles_epoch().await?.map_or(0, |row| row.version);
        let rows: Vec<RoleRow> =
            self.system_all(SystemQuery::new("Role", &[]).with(&["permissions"])).await?;
        let roles = rows.iter().map(|row| (row.name.clone(), row.permissions())).collect();
        self.authority().set_roles(roles, version);
        self.note_authority_change();
        Ok(())
    }
}

/// The permissions of a role after the schema changed from what it declared last to `can`: what was
/// changed while the server ran stays.
fn merged(row: Option<&RoleRow>, can: &[String]) -> BTreeSet<String> {
    let can: BTreeSet<String> = can.iter().cloned().collect();
    let Some(row) = row else { return can };
    let before: BTreeSet<String> = row.declared.iter().flatten().cloned().collect();
    let mut merged: BTreeSet<String> = row.permissions().into_iter().collect();
    merged.extend(can.difference(&before).cloned());
    merged.retain(|permission| can.contains(permission) || !before.contains(permission));
    merged
}

fn json(permissions: &[String]) -> Value {
    let text = serde_json::to_string(permissions).expect("invariant: strings are JSON");
    Value::Json(text)
}

/// The rows of permissions, made where they are missing.
pub struct Permissions(BTreeMap<String, Uuid>);

impl Permissions {
    /// Those that there are.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn load(engine: &Engine) -> Result<Self> {
        let rows: Vec<PermissionRow> =
            engine.system_all(SystemQuery::new("Permission", &[])).await?;
        Ok(Self(rows.into_iter().map(|row| (row.name, row.id)).collect()))
    }

    /// The keys of these permissions; those that are missing are made by the transaction.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for a name that is too long.
    pub fn keys<'n>(
        &mut self,
        transaction: &mut Transaction<'_>,
        names: impl IntoIterator<Item = &'n String>,
    ) -> Result<Vec<Value>> {
        let mut keys = Vec::new();
        for name in names {
            let id = match self.0.get(name) {
                Some(id) => *id,
                None => {
                    let write = SystemWrite::create("Permission").text("name", name.as_str());
                    let id = transaction.system(&write).map(|made: Made| made.id())?;
                    self.0.insert(name.clone(), id);
                    id
                }
            };
            keys.push(Value::Uuid(id));
        }
        Ok(keys)
    }
}
