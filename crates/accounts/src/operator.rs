//! What whoever runs the server does with its database at hand: nothing is refused for want of
//! permissions, and everything leaves its row of the audit, as done by the service.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use underpin_base::{Code, Error, Result};
use underpin_engine::{App, SystemQuery, SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_plan::{Actor, Operator as Comparison};
use underpin_schema::Value;
use uuid::Uuid;

use crate::actor::{AccountRow, RoleName, sorted_names};
use crate::administration::{ATTEMPTS_MAX, Attempt, contended, settle};
use crate::ask::Ask;
use crate::audit::Event;
use crate::inputs::Inputs;
use crate::keys::{hex, random};
use crate::people::{email_field, email_of};
use crate::register::{NewAccount, is_taken, taken};
use crate::roles::{RoleChange, RoleInfo};
use crate::suspension::Deed;
use crate::{Accounts, Client, Identity, KeySpec, NewKey, OperationId};

/// Whoever runs the server.
pub struct Operator<'a>(&'a Accounts);

/// A user with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInfo {
    /// The key of the row of the account model, as text.
    pub id: String,
    /// The account.
    pub account: Uuid,
    /// The address, where the model has one.
    pub email: Option<String>,
    /// Whether the address was proved.
    pub verified: bool,
    /// The roles.
    pub roles: Vec<String>,
    /// Since when nothing stands for it.
    pub suspended_at: Option<String>,
    /// When it was made.
    pub created_at: String,
}

/// A user to make.
#[derive(Debug, Clone, Copy)]
pub struct NewUser<'u> {
    /// The address.
    pub email: &'u str,
    /// The password; without one a mail invites to choose it.
    pub password: Option<&'u str>,
    /// Whether the operator answers for the address, so that no mail asks to prove it.
    pub verified: bool,
    /// Names of roles.
    pub roles: &'u [String],
    /// Further fields of the account model.
    pub fields: &'u Map<String, Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserRow {
    id: Uuid,
    subject: String,
    verified_email: Option<String>,
    suspended_at: Option<String>,
    created_at: String,
    roles: Vec<RoleName>,
}

impl Accounts {
    /// The same accounts, for whoever runs the server.
    #[must_use]
    pub fn operator(&self) -> Operator<'_> {
        Operator(self)
    }
}

impl Operator<'_> {
    /// Every user who has an account, in the order in which they were made.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn users(&self) -> Result<Vec<UserInfo>> {
        let app = self.0.engine.app().await;
        let conditions = [("subject", Comparison::IsNull, "false")];
        let query = SystemQuery {
            sort: &[("createdAt", false)],
            ..SystemQuery::new("Account", &conditions)
        };
        let rows: Vec<UserRow> = self.0.engine.system_all(query.with(&["roles"])).await?;
        let mut users = Vec::with_capacity(rows.len());
        for row in rows {
            let user = self.0.engine.user_row(&app, &row.subject).await?;
            let email = user.as_ref().and_then(|user| email_of(&app, user));
            let proved = row.verified_email.as_deref();
            users.push(UserInfo {
                verified: email
                    .as_deref()
                    .is_some_and(|it| proved.is_some_and(|proved| proved.eq_ignore_ascii_case(it))),
                id: row.subject,
                account: row.id,
                email,
                roles: sorted_names(&row.roles),
                suspended_at: row.suspended_at,
                created_at: row.created_at,
            });
        }
        Ok(users)
    }

    /// Makes a user. Without a password a mail invites to choose one.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`; `UNIQUE_CONFLICT` when the address is taken; `NOT_FOUND` when nobody can
    /// log in by an address.
    pub async fn create_user(&self, new: NewUser<'_>) -> Result<()> {
        let accounts = self.0;
        let app = accounts.engine.app().await;
        let ask = asked(accounts, &app, &new)?;
        let field = email_field(&app).ok_or_else(|| {
            Error::new(Code::NotFound, "the schema has no model whose rows log in by an address")
        })?;
        let hash = match new.password {
            Some(password) => Some(accounts.hasher.hash(password).await?),
            None => None,
        };
        let email = ask.inputs.text("email");
        let roles = accounts.role_ids(new.roles).await?;
        let mut work = Transaction::new(&accounts.engine);
        let row = accounts.add_row(&mut work, &ask, (field, email))?;
        let (password, proved) = (hash.as_deref(), new.verified);
        let account = NewAccount { password, proved, roles, ..NewAccount::of(email) };
        Accounts::add_account(&mut work, &ask, (&row, &account))?;
        let mail = match (&hash, new.verified) {
            (None, _) => Some(Kind::Invitation),
            (Some(_), false) => Some(Kind::VerifyEmail),
            (Some(_), true) => None,
        };
        if let Some(mail) = mail {
            Accounts::queue_mail(&mut work, &ask, (mail, email), None)?;
        }
        match work.commit().await.map_err(Error::from) {
            Ok(_) => {
                accounts.mail_is_queued();
                Ok(())
            }
            Err(error) if is_taken(&error, field) => Err(taken(field)),
            Err(error) => Err(error),
        }
    }

    /// Has nothing stand for an account any more.
    ///
    /// # Errors
    /// `NOT_FOUND`, `LAST_ADMINISTRATOR`.
    pub async fn suspend(&self, user: &str) -> Result<()> {
        self.deed(user, Deed::Suspend).await
    }

    /// Lets a suspended account log in again.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn reinstate(&self, user: &str) -> Result<()> {
        self.deed(user, Deed::Reinstate).await
    }

    /// Gives a user a role; tells all that it has then.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn grant_role(&self, user: &str, role: &str) -> Result<Vec<String>> {
        let app = self.0.engine.app().await;
        let account = self.user(&app, user).await?;
        let account = self.0.grant_role(&ask(self.0, &app), account.id, role).await?;
        Ok(account.role_names())
    }

    /// Takes a role from a user; tells all that it has then.
    ///
    /// # Errors
    /// `NOT_FOUND`, `LAST_ADMINISTRATOR`.
    pub async fn take_role(&self, user: &str, role: &str) -> Result<Vec<String>> {
        let app = self.0.engine.app().await;
        let account = self.user(&app, user).await?;
        let account = self.0.take_role(&ask(self.0, &app), account.id, role).await?;
        Ok(account.role_names())
    }

    /// Makes a role.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`, `UNIQUE_CONFLICT`.
    pub async fn create_role(
        &self,
        name: &str,
        description: Option<&str>,
        permissions: &[String],
    ) -> Result<RoleInfo> {
        let app = self.0.engine.app().await;
        let change = RoleChange { description, permissions: Some(permissions) };
        self.0.create_role(&ask(self.0, &app), name, change).await
    }

    /// Sets all that a role permits.
    ///
    /// # Errors
    /// `NOT_FOUND`, `VALIDATION_ERROR`, `LAST_ADMINISTRATOR`.
    pub async fn set_role(&self, name: &str, permissions: &[String]) -> Result<RoleInfo> {
        self.change_role(name, RoleChange { description: None, permissions: Some(permissions) })
            .await
    }

    /// Changes a role.
    ///
    /// # Errors
    /// As [`Operator::set_role`].
    pub async fn change_role(&self, name: &str, change: RoleChange<'_>) -> Result<RoleInfo> {
        let app = self.0.engine.app().await;
        self.0.update_role(&ask(self.0, &app), name, change).await
    }

    /// Deletes a role that no schema declares.
    ///
    /// # Errors
    /// `NOT_FOUND`, `REFERENCE_CONFLICT`, `LAST_ADMINISTRATOR`.
    pub async fn delete_role(&self, name: &str) -> Result<()> {
        let app = self.0.engine.app().await;
        self.0.delete_role(&ask(self.0, &app), name).await
    }

    /// Makes a key of a user.
    ///
    /// # Errors
    /// `NOT_FOUND`, `VALIDATION_ERROR`, `LIMIT_REACHED`.
    pub async fn create_key(&self, user: &str, spec: KeySpec<'_>) -> Result<NewKey> {
        let app = self.0.engine.app().await;
        let account = self.user(&app, user).await?;
        let (key, _) = self.0.create_key(&ask(self.0, &app), account.id, spec).await?;
        Ok(key)
    }

    /// Makes a service account with these roles, and a key of it.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`.
    pub async fn create_service_key(&self, spec: KeySpec<'_>, roles: &[String]) -> Result<NewKey> {
        let app = self.0.engine.app().await;
        let ask = ask(self.0, &app);
        self.0.check_key(spec)?;
        for _ in 0..ATTEMPTS_MAX {
            let mut work = self.0.begin(&ask).await?;
            let ids = self.0.role_ids(roles).await?.into_iter().map(Value::Uuid).collect();
            // Several keys may be made for one purpose; their accounts are told apart by a number.
            let name: String = spec.name.chars().take(80).collect();
            let write = SystemWrite::create("Account")
                .text("name", format!("{name} {}", hex(&random::<9>())))
                .set("roles", Value::List(ids));
            let account = work.system(&write)?.id();
            let (key, id) = Accounts::add_key(&mut work, account, spec)?;
            let target = id.to_string();
            let event = Event::new("key.created").target(&target);
            let owner = account.to_string();
            let details = json!({ "name": spec.name, "account": owner, "roles": roles });
            Accounts::audit(&mut work, &ask, &event.details(details))?;
            if let Attempt::Done = settle(work).await? {
                return Ok(key);
            }
        }
        Err(contended())
    }

    /// Ends a key.
    ///
    /// # Errors
    /// `NOT_FOUND`.
    pub async fn revoke_key(&self, id: Uuid) -> Result<()> {
        let app = self.0.engine.app().await;
        self.0.revoke_key(&ask(self.0, &app), id).await
    }

    /// Makes a key in the place of the one with this prefix, which goes on working for a while.
    ///
    /// # Errors
    /// `NOT_FOUND`, `REFERENCE_CONFLICT` when it was replaced before.
    pub async fn rotate_key(&self, prefix: &str, overlap_seconds: u32) -> Result<NewKey> {
        #[derive(Deserialize)]
        struct Row {
            id: Uuid,
        }
        let app = self.0.engine.app().await;
        let conditions = [("prefix", Comparison::Eq, prefix)];
        let row: Option<Row> =
            self.0.engine.system_find(SystemQuery::new("Key", &conditions)).await?;
        let row = row.ok_or_else(crate::user_keys::no_key)?;
        let (key, _) = self.0.rotate_key(&ask(self.0, &app), row.id, overlap_seconds).await?;
        Ok(key)
    }

    async fn deed(&self, user: &str, deed: Deed) -> Result<()> {
        let app = self.0.engine.app().await;
        let account = self.user(&app, user).await?;
        self.0.do_to_account(&ask(self.0, &app), account.id, deed).await
    }

    /// Whoever is meant: by an address, by the key of a row, or by that of an account.
    async fn user(&self, app: &App, user: &str) -> Result<AccountRow> {
        if !user.contains('@') {
            return self.0.target(app, user).await;
        }
        let absent = || Error::new(Code::NotFound, format!("nobody has the address {user}"));
        let found = self.0.find(app, &user.to_ascii_lowercase()).await?.ok_or_else(absent)?;
        self.0.account_of_found(found).await?.ok_or_else(absent)
    }
}

/// What the service asks.
fn ask<'a>(accounts: &Accounts, app: &'a App) -> Ask<'a> {
    Ask {
        app,
        inputs: Inputs::default(),
        path: &[],
        query: &[],
        caller: Some(Arc::new(Identity {
            actor: Arc::new(Actor::service()),
            standing: None,
            account: None,
            session: None,
            key: None,
            expires_at: None,
        })),
        refresh_cookie: None,
        flow_cookie: None,
        client: Client::default(),
        now: accounts.engine.now(),
    }
}

/// What registering would be sent, read as strictly. A user without a password is held to have a
/// good one, which is nobody's.
fn asked<'a>(accounts: &Accounts, app: &'a App, new: &NewUser<'_>) -> Result<Ask<'a>> {
    let mut body = new.fields.clone();
    let stand_in = hex(&random::<16>());
    body.insert("email".to_owned(), json!(new.email));
    body.insert("password".to_owned(), json!(new.password.unwrap_or(&stand_in)));
    let body = Json::Object(body).to_string();
    let operation = OperationId::Register.operation();
    let inputs = Inputs::read(operation, app, body.as_bytes(), accounts.engine.limits())?;
    Ok(Ask { inputs, ..ask(accounts, app) })
}
