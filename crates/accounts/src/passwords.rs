//! Setting a password: by a link that was sent, or by whoever is logged in. Either way all other
//! sessions end, and the owner is told.

use serde::Deserialize;
use underpin_base::{Error, Result};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::ask::Ask;
use crate::audit::Event;
use crate::tickets::{Attempt, Purpose};
use crate::{Accounts, Answer};

impl Accounts {
    /// Sets a new password by the link that was sent, and ends all sessions.
    pub(crate) async fn reset_password(&self, ask: &Ask<'_>) -> Result<Answer> {
        let purposes = [Purpose::ResetPassword, Purpose::Invitation];
        let password = ask.inputs.password("password");
        let names: Vec<String> = match self.find_ticket(&purposes, ask.inputs.text("token")).await {
            Ok(ticket) => ticket.email.into_iter().collect(),
            Err(_) => Vec::new(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if let Some(fault) = self.password_fault("password", password, &names) {
            return Err(Error::validation(vec![fault]));
        }
        let hash = self.hasher.hash(password).await?;
        let hash = hash.as_str();
        let attempt = move || -> Attempt<'_, _> {
            Box::pin(async move {
                let ticket = self.find_ticket(&purposes, ask.inputs.text("token")).await?;
                let (account, email) = self.owner_of(ask, &ticket).await?;
                let mut transaction = Transaction::new(&self.engine);
                Self::consume(&mut transaction, &ticket)?;
                if account.has_proved(&email) {
                    let write = SystemWrite::update("Account", account.id).at(account.version);
                    transaction.system(&write.set("epoch", Value::Int(account.epoch + 1)))?;
                    transaction.changes_authority();
                    self.set_password(&mut transaction, ask, (account.id, hash)).await?;
                    // Whoever had the account in their hands may have made some.
                    self.end_keys(&mut transaction, ask, account.id).await?;
                } else {
                    // Whatever password there was goes with all else that was not proved.
                    self.prove_address(&mut transaction, ask, (&account, &email)).await?;
                    let write = SystemWrite::create("Password").id("account", account.id);
                    let write = write.text("hash", hash).time("changedAt", ask.now);
                    transaction.system(&write)?;
                }
                self.end_tickets(&mut transaction, account.id, Some(ticket.id)).await?;
                let mail = (Kind::PasswordChanged, email.as_str());
                Self::queue_mail(&mut transaction, ask, mail, Some(account.id))?;
                let event = Event::new("password.reset").of(account.id);
                Self::audit(&mut transaction, ask, &event)?;
                transaction.commit().await.map_err(Error::from)
            })
        };
        self.spend(ask, "password.reset", attempt).await?;
        self.mail_is_queued();
        Ok(Answer::Nothing)
    }

    /// Adds the end of all API keys of an account.
    async fn end_keys(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        account: Uuid,
    ) -> Result<()> {
        #[derive(Deserialize)]
        struct Id {
            id: Uuid,
        }
        let account = account.to_string();
        let conditions =
            [("account", Operator::Eq, account.as_str()), ("revokedAt", Operator::IsNull, "true")];
        let keys: Vec<Id> = self.engine.system_all(SystemQuery::new("Key", &conditions)).await?;
        for key in keys {
            transaction.system(&SystemWrite::update("Key", key.id).time("revokedAt", ask.now))?;
        }
        Ok(())
    }

    /// Sets a new password, and ends all other sessions.
    pub(crate) async fn change_password(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let account = self.account(signed.account).await?.ok_or_else(Error::not_found)?;
        let email = self.email(ask.app, &account).await?;
        let password = ask.inputs.password("newPassword");
        let names: Vec<&str> = email.as_deref().into_iter().collect();
        if let Some(fault) = self.password_fault("newPassword", password, &names) {
            return Err(Error::validation(vec![fault]));
        }
        self.reauthenticate(ask, &signed).await?;
        let hash = self.hasher.hash(password).await?;
        let epoch = Value::Int(account.epoch + 1);
        let mut transaction = Transaction::new(&self.engine);
        transaction.require(&signed.standing)?;
        let write = SystemWrite::update("Account", account.id).at(account.version);
        transaction.system(&write.set("epoch", epoch.clone()))?;
        // This one goes on.
        transaction.system(&SystemWrite::update("Session", signed.session).set("epoch", epoch))?;
        transaction.changes_authority();
        self.set_password(&mut transaction, ask, (account.id, &hash)).await?;
        self.end_tickets(&mut transaction, account.id, None).await?;
        if let Some(email) = &email {
            let mail = (Kind::PasswordChanged, email.as_str());
            Self::queue_mail(&mut transaction, ask, mail, Some(account.id))?;
        }
        Self::audit(&mut transaction, ask, &Event::new("password.changed"))?;
        transaction.commit().await?;
        self.mail_is_queued();
        Ok(Answer::Nothing)
    }
}
