//! Making an account: the row, the account, the password, the mail and the audit as one.
//!
//! Where addresses must be proved the answer does not depend on whether one has an account already:
//! the password is hashed either way, what was sent is held against the same rules and unique
//! fields, one transaction is committed, and the rest is told by mail.

use serde_json::json;
use underpin_base::{Code, Error, FieldError, Result};
use underpin_engine::{Made, SystemQuery, SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_plan::Operator;
use underpin_schema::{Field, FieldCode, Value};
use uuid::Uuid;

use crate::ask::Ask;
use crate::audit::{Event, row};
use crate::inputs::refusal;
use crate::keys::{hex, random};
use crate::people::email_field;
use crate::session::Proven;
use crate::{Accounts, Answer, Registration, Verification};

/// An account to make.
pub(crate) struct NewAccount<'n> {
    pub(crate) email: &'n str,
    /// Whether the address is proved.
    pub(crate) proved: bool,
    pub(crate) anonymous: bool,
    /// The hash of the password.
    pub(crate) password: Option<&'n str>,
    /// Rows of roles.
    pub(crate) roles: Vec<Uuid>,
}

impl Accounts {
    /// Makes an account.
    pub(crate) async fn register(&self, ask: &Ask<'_>) -> Result<Answer> {
        if self.options.settings.registration == Registration::Closed {
            return Err(Error::new(Code::Forbidden, "accounts are made by an administrator here"));
        }
        let field = email_field(ask.app).ok_or_else(Error::not_found)?;
        let email = ask.inputs.text("email");
        let is_known = self.find(ask.app, email).await?.is_some();
        match self.options.settings.verification {
            Verification::Optional if is_known => Err(taken(field)),
            Verification::Optional => Box::pin(self.register_and_log_in(ask, field)).await,
            Verification::Required if is_known => self.register_known(ask, field).await,
            Verification::Required => Box::pin(self.register_unproved(ask, field)).await,
        }
    }

    async fn register_and_log_in(&self, ask: &Ask<'_>, field: &Field) -> Result<Answer> {
        let email = ask.inputs.text("email");
        let mut transaction = Transaction::new(&self.engine);
        let row = self.add_row(&mut transaction, ask, (field, email))?;
        let hash = self.hasher.hash(ask.inputs.password("password")).await?;
        let new = NewAccount { password: Some(&hash), ..NewAccount::of(email) };
        let account = Self::add_account(&mut transaction, ask, (&row, &new))?;
        Self::queue_mail(&mut transaction, ask, (Kind::VerifyEmail, email), None)?;
        let proven = Proven { account, epoch: 0, methods: vec!["password"] };
        let grant = self.log_in(ask, transaction, &proven).await?;
        self.mail_is_queued();
        Ok(Answer::Registered(Box::new(grant)))
    }

    async fn register_unproved(&self, ask: &Ask<'_>, field: &Field) -> Result<Answer> {
        let email = ask.inputs.text("email");
        let mut transaction = Transaction::new(&self.engine);
        let row = self.add_row(&mut transaction, ask, (field, email))?;
        let hash = self.hasher.hash(ask.inputs.password("password")).await?;
        let new = NewAccount { password: Some(&hash), ..NewAccount::of(email) };
        Self::add_account(&mut transaction, ask, (&row, &new))?;
        Self::queue_mail(&mut transaction, ask, (Kind::VerifyEmail, email), None)?;
        match transaction.commit().await.map_err(Error::from) {
            Ok(_) => {
                self.mail_is_queued();
                Ok(Answer::Accepted)
            }
            // Somebody registered the address in the meantime.
            Err(error) if is_taken(&error, field) => self.tell_owner(ask).await,
            Err(error) => Err(error),
        }
    }

    /// Tries what registering would have come to with an address that nobody has, so that a mistake
    /// in another field is answered as ever; then undoes it and writes to the address.
    async fn register_known(&self, ask: &Ask<'_>, field: &Field) -> Result<Answer> {
        let email = ask.inputs.text("email");
        let domain = email.rsplit('@').next().unwrap_or_default();
        // As long as what was sent: how long an address may be is a rule as well.
        let name = hex(&random::<32>());
        let n_bytes = (email.len() - domain.len()).saturating_sub(1).clamp(1, name.len());
        let stand_in = format!("{}@{domain}", &name[..n_bytes]);
        let mut transaction = Transaction::new(&self.engine);
        let row = self.add_row(&mut transaction, ask, (field, &stand_in))?;
        let hash = self.hasher.hash(ask.inputs.password("password")).await?;
        let new = NewAccount { password: Some(&hash), ..NewAccount::of(&stand_in) };
        Self::add_account(&mut transaction, ask, (&row, &new))?;
        // No row has this name: whatever stands before is tried, and none of it is done.
        transaction.require_row(SystemQuery::new("Epoch", &[("name", Operator::Eq, "")]))?;
        match transaction.commit().await {
            Err(aborted) if aborted.place.is_none() && aborted.error.code() == Code::NotFound => {
                self.tell_owner(ask).await
            }
            // Short names may be somebody's.
            Err(aborted) if is_taken(&aborted.error, field) => self.tell_owner(ask).await,
            Err(aborted) => Err(aborted.error),
            Ok(_) => Err(Error::internal("a trial of a registration was committed")),
        }
    }

    async fn tell_owner(&self, ask: &Ask<'_>) -> Result<Answer> {
        let email = ask.inputs.text("email");
        let mut transaction = Transaction::new(&self.engine);
        Self::queue_mail(&mut transaction, ask, (Kind::AlreadyRegistered, email), None)?;
        let event = Event::new("account.created").target(email);
        transaction.system(&row(&event, Code::UniqueConflict.name(), ask))?;
        transaction.commit().await?;
        self.mail_is_queued();
        Ok(Answer::Accepted)
    }

    /// Adds the row of the account model, with everything that was sent held against its rules.
    pub(crate) fn add_row<'a>(
        &self,
        transaction: &mut Transaction<'a>,
        ask: &Ask<'a>,
        (field, email): (&Field, &str),
    ) -> Result<Made> {
        let document = ask.inputs.fields.clone();
        let mut faults: Vec<FieldError> = Vec::new();
        if let Some(sent) = ask.inputs.maybe("email") {
            let value = Value::Text(sent.to_owned());
            faults.extend(field.validate_value(ask.app.schema(), &value));
        }
        if document.entries.iter().any(|(id, _)| *id == field.id) {
            faults.push(refusal(&field.name, FieldCode::ReadOnly, "is set by `email`"));
        }
        let texts = document.entries.iter().filter_map(|(_, value)| match value {
            Value::Text(text) if text.len() <= 100 => Some(text.as_str()),
            _ => None,
        });
        let names: Vec<&str> = texts.chain(ask.inputs.maybe("email")).collect();
        if let Some(password) = ask.inputs.maybe_password("password") {
            faults.extend(self.password_fault("password", password, &names));
        }
        let given = vec![(field.id, Value::Text(email.to_owned()))];
        match transaction.register(ask.app, document, given) {
            Ok(made) if faults.is_empty() => Ok(made),
            Ok(_) => Err(Error::validation(faults)),
            Err(error) if error.code() == Code::ValidationError => {
                faults.extend(error.details().fields.iter().cloned());
                Err(Error::validation(faults))
            }
            Err(error) => Err(error),
        }
    }

    /// Adds the account of a row that the transaction makes.
    pub(crate) fn add_account(
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (row, new): (&Made, &NewAccount<'_>),
    ) -> Result<Uuid> {
        let roles = new.roles.iter().copied().map(Value::Uuid).collect();
        let write = SystemWrite::create("Account")
            .key_of("subject", row)
            .maybe("verifiedEmail", new.proved.then_some(new.email))
            .set("anonymous", Value::Bool(new.anonymous))
            .set("roles", Value::List(roles));
        let account = transaction.system(&write)?.id();
        if let Some(hash) = new.password {
            let write = SystemWrite::create("Password").id("account", account);
            transaction.system(&write.text("hash", hash).time("changedAt", ask.now))?;
        }
        let event = Event::new("account.created").of(account).target(new.email);
        let event = event.details(json!({ "anonymous": new.anonymous }));
        Self::audit(transaction, ask, &event)?;
        Ok(account)
    }
}

impl<'n> NewAccount<'n> {
    /// One that has proved nothing, and has no roles and no password.
    pub(crate) fn of(email: &'n str) -> Self {
        Self { email, proved: false, anonymous: false, password: None, roles: Vec::new() }
    }
}

/// Whether a refusal is about the address.
pub(crate) fn is_taken(error: &Error, field: &Field) -> bool {
    error.code() == Code::UniqueConflict
        && error.details().fields.iter().all(|fault| fault.path == field.name)
}

pub(crate) fn taken(field: &Field) -> Error {
    let fault = refusal(&field.name, FieldCode::NotUnique, "another account has this address");
    Error::new(Code::UniqueConflict, "another account has this address").with_fields(vec![fault])
}
