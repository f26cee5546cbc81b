//! Accounts that have proved nothing, and how one becomes an account like any other.
//!
//! The model demands an address, so such an account has one where nobody receives mail.

use underpin_base::{Code, Error, Result};
use underpin_engine::{SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_schema::Value;

use crate::ask::Ask;
use crate::audit::Event;
use crate::keys::{hex, random};
use crate::people::{PLACEHOLDER_DOMAIN, email_field};
use crate::register::{NewAccount, taken};
use crate::session::Proven;
use crate::{Accounts, Answer, Verification};

impl Accounts {
    /// Makes an account that has proved nothing.
    pub(crate) async fn log_in_anonymously(&self, ask: &Ask<'_>) -> Result<Answer> {
        if !self.options.settings.anonymous {
            return Err(Error::not_found());
        }
        let field = email_field(ask.app).ok_or_else(Error::not_found)?;
        let email = format!("{}{PLACEHOLDER_DOMAIN}", hex(&random::<16>()));
        let mut transaction = Transaction::new(&self.engine);
        let row = self.add_row(&mut transaction, ask, (field, &email))?;
        let new = NewAccount { anonymous: true, ..NewAccount::of(&email) };
        let account = Self::add_account(&mut transaction, ask, (&row, &new))?;
        let proven = Proven { account, epoch: 0, methods: Vec::new() };
        let grant = self.log_in(ask, transaction, &proven).await?;
        Ok(Answer::Session(Box::new(grant)))
    }

    /// Gives an anonymous account a password and an address. Where addresses must be proved it has
    /// the address once that is, and stays anonymous until then.
    pub(crate) async fn promote(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let field = email_field(ask.app).ok_or_else(Error::not_found)?;
        let account = self.account(signed.account).await?.ok_or_else(Error::not_found)?;
        if !account.anonymous {
            return Err(Error::new(Code::Forbidden, "the account is not anonymous"));
        }
        let (email, password) = (ask.inputs.text("email"), ask.inputs.password("password"));
        let mut faults = field.validate_value(ask.app.schema(), &Value::Text(email.to_owned()));
        faults.extend(self.password_fault("password", password, &[email]));
        if !faults.is_empty() {
            return Err(Error::validation(faults));
        }
        let hash = self.hasher.hash(password).await?;
        let mut transaction = Transaction::new(&self.engine);
        transaction.require(&signed.standing)?;
        self.set_password(&mut transaction, ask, (account.id, &hash)).await?;
        let mail = (Kind::VerifyEmail, email);
        match self.options.settings.verification {
            Verification::Required => {
                Self::queue_new_address(&mut transaction, ask, mail, &account)?;
            }
            Verification::Optional => {
                if self.find(ask.app, email).await?.is_some() {
                    return Err(taken(field));
                }
                self.write_address(&mut transaction, ask.app, (&account, email)).await?;
                let write = SystemWrite::update("Account", account.id).at(account.version);
                transaction.system(&write.set("anonymous", Value::Bool(false)))?;
                transaction.changes_authority();
                Self::queue_mail(&mut transaction, ask, mail, None)?;
            }
        }
        Self::audit(&mut transaction, ask, &Event::new("account.promoted").target(email))?;
        transaction.commit().await?;
        self.mail_is_queued();
        Ok(Answer::Accepted)
    }
}
