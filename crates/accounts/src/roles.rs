//! Roles as data: listed, made, changed and deleted while the server runs. A change takes effect
//! with the next request, in other processes within a second.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use underpin_base::{Code, Error, FieldError, Result};
use underpin_engine::{Permissions, SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::{FieldCode, Value, naming};
use uuid::Uuid;

use crate::administration::{ATTEMPTS_MAX, Attempt, contended, settle};
use crate::ask::Ask;
use crate::audit::Event;
use crate::inputs::refusal;
use crate::{Accounts, Answer};

/// The permission that covers all others.
const EVERYTHING: &str = "*";

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleInfo {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it permits, sorted.
    pub permissions: Vec<String>,
    /// Whether the schema declares it, so that it cannot be deleted.
    pub declared: bool,
}

/// What becomes of a role.
#[derive(Debug, Clone, Copy, Default)]
pub struct RoleChange<'c> {
    /// What it is for; `None` leaves it.
    pub description: Option<&'c str>,
    /// All that it permits from here on; `None` leaves it.
    pub permissions: Option<&'c [String]>,
}

/// A role as a row.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RoleRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) name: String,
    description: Option<String>,
    declared: Option<Vec<String>>,
    permissions: Vec<PermissionName>,
}

#[derive(Debug, Clone, Deserialize)]
struct PermissionName {
    name: String,
}

impl RoleRow {
    pub(crate) fn permissions(&self) -> Vec<String> {
        let mut names: Vec<String> = self.permissions.iter().map(|it| it.name.clone()).collect();
        names.sort_unstable();
        names
    }

    fn info(&self) -> RoleInfo {
        RoleInfo {
            name: self.name.clone(),
            description: self.description.clone(),
            permissions: self.permissions(),
            declared: self.declared.is_some(),
        }
    }
}

impl Accounts {
    /// Every role, by name.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn roles(&self) -> Result<Vec<RoleInfo>> {
        let query = SystemQuery { sort: &[("name", false)], ..SystemQuery::new("Role", &[]) };
        let rows: Vec<RoleRow> = self.engine.system_all(query.with(&["permissions"])).await?;
        Ok(rows.iter().map(RoleRow::info).collect())
    }

    pub(crate) async fn list_roles(&self) -> Result<Answer> {
        Ok(Answer::Data { data: json!(self.roles().await?), meta: None })
    }

    pub(crate) async fn create_role_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let change = RoleChange {
            description: ask.inputs.maybe("description"),
            permissions: ask.inputs.texts("permissions"),
        };
        let role = self.create_role(ask, ask.inputs.text("name"), change).await?;
        Ok(Answer::Created(json!(role)))
    }

    pub(crate) async fn update_role_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let change = RoleChange {
            description: ask.inputs.maybe("description"),
            permissions: ask.inputs.texts("permissions"),
        };
        let role = self.update_role(ask, ask.segment(0)?, change).await?;
        Ok(Answer::Data { data: json!(role), meta: None })
    }

    pub(crate) async fn delete_role_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        self.delete_role(ask, ask.segment(0)?).await?;
        Ok(Answer::Nothing)
    }

    /// Makes a role.
    pub(crate) async fn create_role(
        &self,
        ask: &Ask<'_>,
        name: &str,
        change: RoleChange<'_>,
    ) -> Result<RoleInfo> {
        let permissions: BTreeSet<String> =
            change.permissions.unwrap_or_default().iter().cloned().collect();
        check(Some(name), &permissions, "permissions")?;
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            self.require_all(ask, &permissions)?;
            if self.engine.roles().contains(name) {
                return Err(Error::new(
                    Code::UniqueConflict,
                    format!("there is a role `{name}` already"),
                ));
            }
            let write = SystemWrite::create("Role")
                .text("name", name)
                .maybe("description", change.description);
            self.write_role(&mut work, write, &permissions).await?;
            let event = Event::new("role.created").target(name);
            Self::audit(&mut work, ask, &event.details(json!({ "permissions": permissions })))?;
            if let Attempt::Done = settle(work).await? {
                self.engine.refresh_roles().await?;
                return Ok(self.role(name).await?.info());
            }
        }
        Err(contended())
    }

    /// Changes a role.
    pub(crate) async fn update_role(
        &self,
        ask: &Ask<'_>,
        name: &str,
        change: RoleChange<'_>,
    ) -> Result<RoleInfo> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let role = self.role(name).await?;
            let before: BTreeSet<String> = role.permissions().into_iter().collect();
            let after = match change.permissions {
                Some(permissions) => permissions.iter().cloned().collect(),
                None => before.clone(),
            };
            check(None, &after, "permissions")?;
            self.require_all(ask, before.symmetric_difference(&after))?;
            let mut write = SystemWrite::update("Role", role.id).at(role.version);
            if change.description.is_some() {
                write = write.maybe("description", change.description);
            }
            self.write_role(&mut work, write, &after).await?;
            let event = Event::new("role.changed").target(name);
            let added: Vec<&String> = after.difference(&before).collect();
            let removed: Vec<&String> = before.difference(&after).collect();
            Self::audit(
                &mut work,
                ask,
                &event.details(json!({ "added": added, "removed": removed })),
            )?;
            if removed.iter().any(|permission| *permission == EVERYTHING) {
                work.keep_administrator().await?;
            }
            if let Attempt::Done = settle(work).await? {
                self.engine.refresh_roles().await?;
                return Ok(self.role(name).await?.info());
            }
        }
        Err(contended())
    }

    /// Deletes a role that no schema declares.
    pub(crate) async fn delete_role(&self, ask: &Ask<'_>, name: &str) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let role = self.role(name).await?;
            if role.declared.is_some() {
                let message = format!("the schema declares the role `{name}`");
                return Err(Error::new(Code::ReferenceConflict, message)
                    .with_hint("take its permissions, or remove it from the schema first"));
            }
            self.require_all(ask, &role.permissions())?;
            work.system(&SystemWrite::delete("Role", role.id).at(role.version))?;
            self.engine.changes_roles(&mut work).await?;
            Self::audit(&mut work, ask, &Event::new("role.deleted").target(name))?;
            work.keep_administrator().await?;
            if let Attempt::Done = settle(work).await? {
                return self.engine.refresh_roles().await;
            }
        }
        Err(contended())
    }

    /// The role with this name.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub(crate) async fn role(&self, name: &str) -> Result<RoleRow> {
        let conditions = [("name", Operator::Eq, name)];
        let query = SystemQuery::new("Role", &conditions).with(&["permissions"]);
        let row = self.engine.system_find(query).await?;
        row.ok_or_else(|| Error::new(Code::NotFound, "there is no such role"))
    }

    async fn write_role<'a>(
        &'a self,
        work: &mut Transaction<'a>,
        write: SystemWrite,
        permissions: &BTreeSet<String>,
    ) -> Result<()> {
        let mut rows = Permissions::load(&self.engine).await?;
        let keys = rows.keys(work, permissions)?;
        work.system(&write.set("permissions", Value::List(keys)))?;
        self.engine.changes_roles(work).await
    }
}

/// Refuses names that a schema could not declare either.
pub(crate) fn check(name: Option<&str>, permissions: &BTreeSet<String>, path: &str) -> Result<()> {
    let mut wrong: Vec<FieldError> = Vec::new();
    if name.is_some_and(|name| !naming::is_role_name(name)) {
        let message = "must consist of letters, digits, `_` and `-`";
        wrong.push(refusal("name", FieldCode::InvalidFormat, message));
    }
    wrong.extend(permissions.iter().filter(|it| !naming::is_permission(it)).map(|permission| {
        let message = format!(
            "`{permission}` is no permission; one reads like `products:update`, `products:*` or `*`"
        );
        refusal(path, FieldCode::InvalidFormat, &message)
    }));
    if wrong.is_empty() { Ok(()) } else { Err(Error::validation(wrong)) }
}
