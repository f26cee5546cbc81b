//! Which roles a user has.

use serde_json::json;
use underpin_base::{Code, Error, Result};
use underpin_engine::{App, SystemWrite};
use underpin_schema::Value;
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::administration::{ATTEMPTS_MAX, Attempt, contended, settle};
use crate::ask::Ask;
use crate::audit::Event;
use crate::people::Found;
use crate::{Accounts, Answer};

impl Accounts {
    pub(crate) async fn user_roles(&self, ask: &Ask<'_>) -> Result<Answer> {
        let account = self.target(ask.app, ask.segment(0)?).await?;
        Ok(roles_of(&account))
    }

    pub(crate) async fn grant_role_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let account = self.target(ask.app, ask.segment(0)?).await?;
        let account = self.grant_role(ask, account.id, ask.inputs.text("role")).await?;
        Ok(roles_of(&account))
    }

    pub(crate) async fn take_role_for(&self, ask: &Ask<'_>) -> Result<Answer> {
        let account = self.target(ask.app, ask.segment(0)?).await?;
        self.take_role(ask, account.id, ask.segment(1)?).await?;
        Ok(Answer::Nothing)
    }

    /// Gives an account a role. Nothing happens when it has it.
    pub(crate) async fn grant_role(
        &self,
        ask: &Ask<'_>,
        id: Uuid,
        name: &str,
    ) -> Result<AccountRow> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let role = self.role(name).await?;
            self.require_all(ask, &role.permissions())?;
            self.require_roles(ask, &[name.to_owned()])?;
            let account = self.account(id).await?.ok_or_else(no_user)?;
            if account.role_names().iter().any(|held| held == name) {
                return Ok(account);
            }
            let mut roles = self.role_ids(&account.role_names()).await?;
            roles.push(role.id);
            let roles = roles.into_iter().map(Value::Uuid).collect();
            let write = SystemWrite::update("Account", id).at(account.version);
            work.system(&write.set("roles", Value::List(roles)))?;
            work.changes_authority();
            let target = id.to_string();
            let event = Event::new("role.granted").target(&target);
            Self::audit(&mut work, ask, &event.details(json!({ "role": name })))?;
            if let Attempt::Done = settle(work).await? {
                return self.account(id).await?.ok_or_else(no_user);
            }
        }
        Err(contended())
    }

    /// Takes a role from an account. Nothing happens when it does not have it.
    pub(crate) async fn take_role(
        &self,
        ask: &Ask<'_>,
        id: Uuid,
        name: &str,
    ) -> Result<AccountRow> {
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.begin(ask).await?;
            let role = self.role(name).await?;
            self.require_all(ask, &role.permissions())?;
            self.require_roles(ask, &[name.to_owned()])?;
            let account = self.account(id).await?.ok_or_else(no_user)?;
            let mut names = account.role_names();
            if !names.iter().any(|held| held == name) {
                return Ok(account);
            }
            names.retain(|held| held != name);
            let roles = self.role_ids(&names).await?.into_iter().map(Value::Uuid).collect();
            let write = SystemWrite::update("Account", id).at(account.version);
            work.system(&write.set("roles", Value::List(roles)))?;
            work.changes_authority();
            let target = id.to_string();
            let event = Event::new("role.taken").target(&target);
            Self::audit(&mut work, ask, &event.details(json!({ "role": name })))?;
            work.keep_administrator().await?;
            if let Attempt::Done = settle(work).await? {
                return self.account(id).await?.ok_or_else(no_user);
            }
        }
        Err(contended())
    }

    /// The account that a path names: by the key of its row of the account model, or by its own.
    /// A row that never logged in gets its account here.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub(crate) async fn target(&self, app: &App, key: &str) -> Result<AccountRow> {
        if let Some(account) = self.account_of(key).await? {
            return Ok(account);
        }
        if let Ok(id) = key.parse::<Uuid>()
            && let Some(account) = self.account(id).await?
        {
            return Ok(account);
        }
        if self.engine.user_row(app, key).await?.is_none() {
            return Err(no_user());
        }
        let found = Found { key: key.to_owned(), account: None };
        self.account_of_found(found).await?.ok_or_else(no_user)
    }
}

fn roles_of(account: &AccountRow) -> Answer {
    Answer::Data { data: json!({ "roles": account.role_names() }), meta: None }
}

pub(crate) fn no_user() -> Error {
    Error::new(Code::NotFound, "there is no such user")
}
