//! Logging in: by a password, by a link, by a code.

use serde_json::json;
use underpin_base::{Code, Error, Result};
use underpin_credentials::ticket::{CODE_TRIES_MAX, Code as MailCode};
use underpin_engine::{SystemWrite, Transaction};
use underpin_schema::Value;

use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::{Event, row};
use crate::proof::PasswordRow;
use crate::session::Proven;
use crate::tickets::{Attempt, Purpose, TicketRow, invalid_token};
use crate::{Accounts, Answer, Verification};

impl Accounts {
    /// Logs in with a password. An address that nobody has takes as long as a wrong password.
    pub(crate) async fn login(&self, ask: &Ask<'_>) -> Result<Answer> {
        let email = ask.inputs.text("email");
        let given = ask.inputs.password("password");
        let account = self.find(ask.app, email).await?.and_then(|found| found.account);
        // The epoch is that of before: a password that is changed meanwhile opens nothing.
        let password = match &account {
            Some(account) => self.password_of(account.id).await?,
            None => None,
        };
        let verdict = match &password {
            Some(password) => Some(self.hasher.verify(given, &password.hash).await?),
            None => {
                self.hasher.verify_nobody(given).await?;
                None
            }
        };
        let matches = verdict.is_some_and(|verdict| verdict.matches);
        let Some(account) = account.filter(|account| matches && account.suspended_at.is_none())
        else {
            let event = Event::new("session.created").target(email);
            self.audit_refusal(ask, &event, Code::InvalidCredentials).await?;
            return Err(wrong());
        };
        let must_prove = self.options.settings.verification == Verification::Required;
        if must_prove && !account.has_proved(email) {
            let event = Event::new("session.created").of(account.id).target(email);
            self.audit_refusal(ask, &event, Code::EmailUnverified).await?;
            return Err(Error::new(Code::EmailUnverified, "the address is not confirmed yet")
                .with_hint("follow the link in the mail, or have it sent again"));
        }
        if let (Some(password), true) = (&password, verdict.is_some_and(|it| it.needs_upgrade)) {
            self.strengthen(password, given).await?;
        }
        let proven =
            Proven { account: account.id, epoch: account.epoch, methods: vec!["password"] };
        let grant = self.log_in(ask, Transaction::new(&self.engine), &proven).await?;
        Ok(Answer::Session(Box::new(grant)))
    }

    /// Stores a stronger hash of a password that was given. What stands in the way is left for the
    /// next login.
    async fn strengthen(&self, password: &PasswordRow, given: &str) -> Result<()> {
        let Ok(hash) = self.hasher.hash(given).await else { return Ok(()) };
        let write = SystemWrite::update("Password", password.id).at(password.version);
        match self.engine.system_write(write.text("hash", hash)).await {
            Err(error) if !matches!(error.code(), Code::VersionMismatch | Code::NotFound) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Logs in by the link that was sent.
    pub(crate) async fn login_link(&self, ask: &Ask<'_>) -> Result<Answer> {
        let attempt = move || -> Attempt<'_, _> {
            Box::pin(async move {
                let text = ask.inputs.text("token");
                let ticket = self.find_ticket(&[Purpose::MagicLink], text).await?;
                Box::pin(self.log_in_by_mail(ask, &ticket, "link")).await
            })
        };
        let grant = self.spend(ask, "session.created", attempt).await?;
        Ok(Answer::Session(Box::new(grant)))
    }

    /// Logs in by the code that was sent. What a guess came to is told only by whoever's count of it
    /// was committed, so there are five guesses, however many arrive at once.
    pub(crate) async fn login_code(&self, ask: &Ask<'_>) -> Result<Answer> {
        let email = ask.inputs.text("email");
        let guess = MailCode::parse(ask.inputs.text("code"));
        // Each guess that another came in between of saw that one counted.
        for _ in 0..=CODE_TRIES_MAX + 2 {
            let Some(ticket) = self.code_in_force(ask, email).await? else { break };
            let keys = self.keys_of_installation()?;
            let challenge = ticket.id.to_string();
            let matches =
                guess.as_ref().is_some_and(|guess| guess.matches(keys, &challenge, &ticket.hash));
            let done = if matches {
                let grant = Box::pin(self.log_in_by_mail(ask, &ticket, "code")).await;
                grant.map(|grant| Answer::Session(Box::new(grant)))
            } else {
                self.count_guess(ask, &ticket).await.and(Err(invalid_token()))
            };
            match done {
                Err(error) if matches!(error.code(), Code::VersionMismatch | Code::NotFound) => {}
                done => return done,
            }
        }
        let event = Event::new("session.created").target(email);
        self.audit_refusal(ask, &event, Code::InvalidToken).await?;
        Err(invalid_token())
    }

    async fn code_in_force(&self, ask: &Ask<'_>, email: &str) -> Result<Option<TicketRow>> {
        let account = self.find(ask.app, email).await?.and_then(|found| found.account);
        let Some(account) = account else { return Ok(None) };
        let tickets = self.tickets_of(Some(account.id), Purpose::Code).await?;
        Ok(tickets.into_iter().find(|ticket| {
            ask.now < ticket.expires_at
                && ticket.tries < CODE_TRIES_MAX
                && ticket.email.as_deref() == Some(email)
        }))
    }

    /// Counts a wrong guess, and tells of it: one transaction, as for an address that nobody has.
    async fn count_guess(&self, ask: &Ask<'_>, ticket: &TicketRow) -> Result<()> {
        let since = ticket.data.as_ref().and_then(|data| data["since"].as_i64());
        let data = json!({ "since": since.unwrap_or(ask.now.0) });
        let write = SystemWrite::update("Ticket", ticket.id)
            .at(ticket.version)
            .set("tries", Value::Int(i64::from(ticket.tries) + 1))
            .set("data", Value::Json(data.to_string()));
        let mut transaction = Transaction::new(&self.engine);
        transaction.system(&write)?;
        let mut event = Event::new("session.created");
        event.account = ticket.account.as_ref().map(|account| account.id);
        event.target = ticket.email.as_deref();
        transaction.system(&row(&event, Code::InvalidToken.name(), ask))?;
        transaction.commit().await?;
        Ok(())
    }

    /// Logs in whoever reads the mails of an account's address.
    async fn log_in_by_mail(
        &self,
        ask: &Ask<'_>,
        ticket: &TicketRow,
        method: &'static str,
    ) -> Result<crate::Grant> {
        let (account, email) = self.owner_of(ask, ticket).await?;
        let mut transaction = Transaction::new(&self.engine);
        Self::consume(&mut transaction, ticket)?;
        let epoch = self.prove_address(&mut transaction, ask, (&account, &email)).await?;
        let proven = Proven { account: account.id, epoch, methods: vec![method] };
        if epoch != account.epoch {
            // The factors of whoever had not proved the address go with this transaction.
            return self.enter(ask, transaction, &proven).await;
        }
        self.log_in(ask, transaction, &proven).await
    }

    /// The account of a ticket and the address it was sent to, while that is the account's.
    pub(crate) async fn owner_of(
        &self,
        ask: &Ask<'_>,
        ticket: &TicketRow,
    ) -> Result<(AccountRow, String)> {
        let account = ticket.account.clone().filter(|account| account.suspended_at.is_none());
        let account = account.ok_or_else(invalid_token)?;
        let email = ticket.email.clone().ok_or_else(invalid_token)?;
        let current = self.email(ask.app, &account).await?;
        if current.as_deref() == Some(email.as_str()) {
            Ok((account, email))
        } else {
            Err(invalid_token())
        }
    }
}

/// The one answer to a login that fails.
fn wrong() -> Error {
    Error::new(Code::InvalidCredentials, "the e-mail and the password are not those of an account")
}
