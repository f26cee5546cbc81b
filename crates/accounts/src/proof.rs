//! Passwords as rows, and what somebody proves anew before it changes what its account is
//! proved by.

use serde::Deserialize;
use serde_json::json;
use underpin_base::{Code, Error, FieldError, Result};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::Accounts;
use crate::actor::AccountRow;
use crate::ask::{Ask, Signed};
use crate::audit::Event;

/// How long a login counts as proof for whoever has no password, in microseconds.
const RECENT_US: u64 = 15 * 60 * 1_000_000;

/// A password.
#[derive(Debug, Deserialize)]
pub(crate) struct PasswordRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) hash: String,
}

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

impl Accounts {
    /// The password of an account.
    pub(crate) async fn password_of(&self, account: Uuid) -> Result<Option<PasswordRow>> {
        let account = account.to_string();
        let conditions = [("account", Operator::Eq, account.as_str())];
        self.engine.system_find(SystemQuery::new("Password", &conditions)).await
    }

    /// What is wrong with a new password for somebody with these names.
    pub(crate) fn password_fault(
        &self,
        path: &str,
        password: &str,
        names: &[&str],
    ) -> Option<FieldError> {
        let refused = self.password_rules.check(password, names).err()?;
        Some(refused.field_error(path))
    }

    /// Adds that an account has this password from now on.
    pub(crate) async fn set_password(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (account, hash): (Uuid, &str),
    ) -> Result<()> {
        let write = match self.password_of(account).await? {
            Some(row) => SystemWrite::update("Password", row.id).at(row.version),
            None => SystemWrite::create("Password").id("account", account),
        };
        transaction.system(&write.text("hash", hash).time("changedAt", ask.now)).map(drop)
    }

    /// Has whoever asks prove anew who it is: by the password, where the account has one; else by
    /// having logged in a short time ago.
    ///
    /// # Errors
    /// `REAUTHENTICATION_REQUIRED`, `INVALID_CREDENTIALS`.
    pub(crate) async fn reauthenticate(&self, ask: &Ask<'_>, signed: &Signed) -> Result<()> {
        let password = self.password_of(signed.account).await?;
        match (password, ask.inputs.maybe_password("currentPassword")) {
            (Some(row), Some(given)) => {
                if self.hasher.verify(given, &row.hash).await?.matches {
                    return Ok(());
                }
                let event = Event::new("account.reauthenticated");
                self.audit_refusal(ask, &event, Code::InvalidCredentials).await?;
                Err(Error::new(Code::InvalidCredentials, "the password is not the account's"))
            }
            (Some(_), None) => Err(wants_proof("send the password as `currentPassword`")),
            (None, _) => {
                let session = self.session(signed.session).await?;
                let is_recent = session.is_some_and(|session| {
                    ask.now.0.abs_diff(session.authenticated_at.0) < RECENT_US
                });
                if is_recent { Ok(()) } else { Err(wants_proof("log in again")) }
            }
        }
    }

    /// Refuses whoever has not proved an address what would outlive that somebody else proves it:
    /// a key of an account that a stranger registered is not its owner's.
    ///
    /// # Errors
    /// `EMAIL_UNVERIFIED`.
    pub(crate) fn require_proved(ask: &Ask<'_>) -> Result<()> {
        if ask.caller.as_deref().is_some_and(|caller| caller.actor.verified) {
            return Ok(());
        }
        Err(Error::new(Code::EmailUnverified, "the address is not confirmed yet")
            .with_hint("follow the link in the mail, or have it sent again"))
    }

    /// Adds that whoever reads mails to `email` owns the account, and returns its epoch from then
    /// on. Where that was not known yet, whatever gave access to the account before was made by
    /// somebody who had not proved it, and ends: an address that somebody else registered first
    /// is no way into the account of its owner.
    pub(crate) async fn prove_address(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (account, email): (&AccountRow, &str),
    ) -> Result<i64> {
        if account.has_proved(email) {
            return Ok(account.epoch);
        }
        for model in ["Password", "Factor", "Identity", "Key"] {
            let id = account.id.to_string();
            let conditions = [("account", Operator::Eq, id.as_str())];
            let rows: Vec<Id> =
                self.engine.system_all(SystemQuery::new(model, &conditions)).await?;
            for row in rows {
                transaction.system(&SystemWrite::delete(model, row.id))?;
            }
        }
        let epoch = account.epoch + 1;
        let write = SystemWrite::update("Account", account.id).at(account.version);
        transaction.system(&write.text("verifiedEmail", email).set("epoch", Value::Int(epoch)))?;
        transaction.changes_authority();
        let event = Event::new("email.verified").of(account.id).target(email);
        Self::audit(transaction, ask, &event.details(json!({ "purged": true })))?;
        Ok(epoch)
    }
}

fn wants_proof(hint: &str) -> Error {
    Error::new(Code::ReauthenticationRequired, "this needs a new proof of who you are")
        .with_hint(hint)
}
