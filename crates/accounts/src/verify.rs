//! Addresses: how one is proved, and how an account comes by another one.

use serde_json::json;
use underpin_base::{Error, Result};
use underpin_engine::{App, SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_plan::{Document, WriteKind, WriteRequest};
use underpin_schema::Value;

use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::Event;
use crate::people::{PLACEHOLDER_DOMAIN, email_field};
use crate::session::Proven;
use crate::tickets::{Attempt, Purpose, TicketRow, invalid_token};
use crate::{Accounts, Answer};

impl Accounts {
    /// Proves an address by the link that was sent to it, and logs in.
    pub(crate) async fn verify_email(&self, ask: &Ask<'_>) -> Result<Answer> {
        let attempt = move || -> Attempt<'_, _> {
            Box::pin(async move {
                let purposes = [Purpose::VerifyEmail, Purpose::ChangeEmail];
                let ticket = self.find_ticket(&purposes, ask.inputs.text("token")).await?;
                let account = ticket.account.clone().filter(|it| it.suspended_at.is_none());
                let account = account.ok_or_else(invalid_token)?;
                let mut transaction = Transaction::new(&self.engine);
                Self::consume(&mut transaction, &ticket)?;
                let epoch = if ticket.kind == Purpose::ChangeEmail.name() {
                    self.change_address(&mut transaction, ask, (&account, &ticket)).await?
                } else {
                    self.confirm_address(&mut transaction, ask, (&account, &ticket)).await?
                };
                let proven = Proven { account: account.id, epoch, methods: vec!["link"] };
                Box::pin(self.log_in(ask, transaction, &proven)).await
            })
        };
        let grant = self.spend(ask, "email.verified", attempt).await?;
        self.mail_is_queued();
        Ok(Answer::Session(Box::new(grant)))
    }

    /// The address that the account registered with. The link answers that registration, so the
    /// password that was chosen there stays.
    async fn confirm_address(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (account, ticket): (&AccountRow, &TicketRow),
    ) -> Result<i64> {
        let current = self.email(ask.app, account).await?;
        let email = ticket.email.as_deref().ok_or_else(invalid_token)?;
        if current.as_deref() != Some(email) {
            return Err(invalid_token());
        }
        let write = SystemWrite::update("Account", account.id).at(account.version);
        transaction.system(&write.text("verifiedEmail", email))?;
        transaction.changes_authority();
        let event = Event::new("email.verified").of(account.id).target(email);
        Self::audit(transaction, ask, &event)?;
        Ok(account.epoch)
    }

    /// Another address: it stands in the row from now on, and everything that the old one could
    /// open is closed.
    async fn change_address<'a>(
        &self,
        transaction: &mut Transaction<'a>,
        ask: &Ask<'a>,
        (account, ticket): (&AccountRow, &TicketRow),
    ) -> Result<i64> {
        let email = ticket.email.as_deref().ok_or_else(invalid_token)?;
        let asked_in = ticket.data.as_ref().and_then(|data| data["epoch"].as_i64());
        if asked_in != Some(account.epoch) {
            return Err(invalid_token());
        }
        let old = self.email(ask.app, account).await?.ok_or_else(invalid_token)?;
        if self.find(ask.app, email).await?.is_some() {
            return Err(invalid_token());
        }
        self.write_address(transaction, ask.app, (account, email)).await?;
        let epoch = account.epoch + 1;
        let write = SystemWrite::update("Account", account.id)
            .at(account.version)
            .text("verifiedEmail", email)
            .set("anonymous", Value::Bool(false))
            .set("epoch", Value::Int(epoch));
        transaction.system(&write)?;
        transaction.changes_authority();
        self.end_tickets(transaction, account.id, Some(ticket.id)).await?;
        if !old.ends_with(PLACEHOLDER_DOMAIN) {
            Self::queue_mail(transaction, ask, (Kind::EmailChanged, &old), Some(account.id))?;
        }
        let event = Event::new("email.changed").of(account.id).target(email);
        Self::audit(transaction, ask, &event.details(json!({ "before": old })))?;
        Ok(epoch)
    }

    /// Adds that the row of an account has this address.
    pub(crate) async fn write_address<'a>(
        &self,
        transaction: &mut Transaction<'a>,
        app: &'a App,
        (account, email): (&AccountRow, &str),
    ) -> Result<()> {
        let field = email_field(app).ok_or_else(Error::not_found)?;
        let model = app.schema().account_model().ok_or_else(Error::not_found)?;
        let subject = account.subject.as_deref().ok_or_else(Error::not_found)?;
        let row = self.engine.user_row(app, subject).await?.ok_or_else(Error::not_found)?;
        let request = WriteRequest {
            model: model.id,
            kind: WriteKind::Merge { key: row.key },
            document: Document {
                entries: vec![(field.id, Value::Text(email.to_owned()))],
                errors: Vec::new(),
            },
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        transaction.write(app, &self.engine.service_context(), &request).await.map(drop)
    }

    /// Sends a link to a new address, which takes effect once that is proved.
    pub(crate) async fn change_email(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        email_field(ask.app).ok_or_else(Error::not_found)?;
        self.reauthenticate(ask, &signed).await?;
        let account = self.account(signed.account).await?.ok_or_else(Error::not_found)?;
        let email = ask.inputs.text("email");
        let mut transaction = Transaction::new(&self.engine);
        transaction.require(&signed.standing)?;
        let mail = (Kind::ChangeEmail, email);
        Self::queue_new_address(&mut transaction, ask, mail, &account)?;
        let event = Event::new("email.changeRequested").target(email);
        Self::audit(&mut transaction, ask, &event)?;
        transaction.commit().await?;
        self.mail_is_queued();
        Ok(Answer::Accepted)
    }

    /// Queues a mail to an address, whoever has it.
    pub(crate) async fn request_mail(
        &self,
        ask: &Ask<'_>,
        kind: Kind,
        event: &'static str,
    ) -> Result<Answer> {
        email_field(ask.app).ok_or_else(Error::not_found)?;
        let email = ask.inputs.text("email");
        let mut transaction = Transaction::new(&self.engine);
        Self::queue_mail(&mut transaction, ask, (kind, email), None)?;
        Self::audit(&mut transaction, ask, &Event::new(event).target(email))?;
        transaction.commit().await?;
        self.mail_is_queued();
        Ok(Answer::Accepted)
    }
}
