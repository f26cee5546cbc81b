//! What is used once: links and codes of mails, and whatever lies between two requests of one login.
//!
//! Only a keyed hash of a ticket is stored. It is consumed by deleting its row at the version that
//! was read, so of all who show it at once one alone succeeds; nothing else of the transaction
//! happens for the others.

use std::pin::Pin;

use serde::Deserialize;
use serde_json::Value as Json;
use underpin_base::{Code, Error, Result, Secret, Timestamp};
use underpin_credentials::ticket::Ticket;
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::Accounts;
use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::Event;

/// How often something is tried again that another write came in between of.
const ATTEMPTS: usize = 8;

const MINUTE: i64 = 60_000_000;

/// One of several attempts at the same thing.
pub(crate) type Attempt<'f, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'f>>;

/// What a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
    ChangeEmail,
    MagicLink,
    Code,
    Setup,
    Invitation,
    Mfa,
    PasskeyRegistration,
    PasskeyLogin,
    Oauth,
    OauthExchange,
}

impl Purpose {
    /// The name in the row, to which the hash is bound.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "VERIFY_EMAIL",
            Self::ResetPassword => "RESET_PASSWORD",
            Self::ChangeEmail => "CHANGE_EMAIL",
            Self::MagicLink => "MAGIC_LINK",
            Self::Code => "CODE",
            Self::Setup => "SETUP",
            Self::Invitation => "INVITATION",
            Self::Mfa => "MFA",
            Self::PasskeyRegistration => "PASSKEY_REGISTRATION",
            Self::PasskeyLogin => "PASSKEY_LOGIN",
            Self::Oauth => "OAUTH",
            Self::OauthExchange => "OAUTH_EXCHANGE",
        }
    }

    /// How long a ticket is good for.
    pub(crate) const fn minutes(self) -> u32 {
        match self {
            Self::VerifyEmail => 24 * 60,
            Self::ResetPassword => 30,
            Self::ChangeEmail => 60,
            Self::MagicLink | Self::Setup => 15,
            Self::Code | Self::Mfa | Self::Oauth => 10,
            Self::PasskeyRegistration | Self::PasskeyLogin => 5,
            Self::OauthExchange => 1,
            Self::Invitation => 7 * 24 * 60,
        }
    }

    /// When a ticket made now ends.
    pub(crate) fn ends_at(self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 + i64::from(self.minutes()) * MINUTE)
    }
}

/// A ticket, with its account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TicketRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) kind: String,
    pub(crate) hash: String,
    pub(crate) email: Option<String>,
    pub(crate) tries: u32,
    #[serde(deserialize_with = "underpin_engine::system::time")]
    pub(crate) expires_at: Timestamp,
    pub(crate) data: Option<Json>,
    pub(crate) account: Option<AccountRow>,
}

#[derive(Deserialize)]
struct Id {
    id: Uuid,
}

/// A ticket to make.
pub(crate) struct NewTicket<'t> {
    pub(crate) purpose: Purpose,
    pub(crate) account: Option<Uuid>,
    pub(crate) email: Option<&'t str>,
    pub(crate) data: Option<Json>,
}

impl Accounts {
    /// Makes a ticket in the place of all earlier ones of its kind and account.
    pub(crate) async fn issue_ticket(&self, new: &NewTicket<'_>) -> Result<Secret<String>> {
        let ticket = Ticket::generate();
        let hash = ticket.hash(self.keys_of_installation()?, new.purpose.name());
        for _ in 0..ATTEMPTS {
            let mut transaction = Transaction::new(&self.engine);
            let earlier = self.tickets_of(new.account, new.purpose).await?;
            for earlier in earlier {
                transaction.system(&SystemWrite::delete("Ticket", earlier.id))?;
            }
            transaction.system(&ticket_row(new, &hash, self.engine.now()))?;
            match transaction.commit().await.map_err(Error::from) {
                Ok(_) => return Ok(ticket.text()),
                Err(error) if error.code() == Code::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(Code::Overloaded, "the link is being made by several at once"))
    }

    /// The tickets of a kind and account; of a kind alone when there is no account.
    pub(crate) async fn tickets_of(
        &self,
        account: Option<Uuid>,
        purpose: Purpose,
    ) -> Result<Vec<TicketRow>> {
        let account = account.map(|account| account.to_string());
        let kind = ("kind", Operator::Eq, purpose.name());
        match &account {
            Some(account) => {
                let conditions = [("account", Operator::Eq, account.as_str()), kind];
                let query = SystemQuery::new("Ticket", &conditions).with(&["account.roles"]);
                self.engine.system_all(query).await
            }
            None => {
                let query = SystemQuery::new("Ticket", std::slice::from_ref(&kind));
                self.engine.system_all(query.with(&["account.roles"])).await
            }
        }
    }

    /// Adds the end of all tickets of an account but one, which is consumed.
    pub(crate) async fn end_tickets(
        &self,
        transaction: &mut Transaction<'_>,
        account: Uuid,
        but: Option<Uuid>,
    ) -> Result<()> {
        let account = account.to_string();
        let conditions = [("account", Operator::Eq, account.as_str())];
        let rows: Vec<Id> = self.engine.system_all(SystemQuery::new("Ticket", &conditions)).await?;
        for row in rows.iter().filter(|row| Some(row.id) != but) {
            transaction.system(&SystemWrite::delete("Ticket", row.id))?;
        }
        Ok(())
    }

    /// The ticket in force with this text, for one of these purposes.
    ///
    /// # Errors
    /// `INVALID_TOKEN`, whatever is wrong with it.
    pub(crate) async fn find_ticket(&self, purposes: &[Purpose], text: &str) -> Result<TicketRow> {
        let ticket = Ticket::parse(text).ok_or_else(invalid_token)?;
        let keys = self.keys_of_installation()?;
        for purpose in purposes {
            let hash = ticket.hash(keys, purpose.name());
            let conditions = [("hash", Operator::Eq, hash.as_str())];
            let query = SystemQuery::new("Ticket", &conditions).with(&["account.roles"]);
            let found: Option<TicketRow> = self.engine.system_find(query).await?;
            if let Some(found) = found.filter(|found| found.kind == purpose.name()) {
                let in_force = self.engine.now() < found.expires_at;
                return if in_force { Ok(found) } else { Err(invalid_token()) };
            }
        }
        Err(invalid_token())
    }

    /// Adds that the ticket is used up: the transaction is done by one alone.
    pub(crate) fn consume(transaction: &mut Transaction<'_>, ticket: &TicketRow) -> Result<()> {
        let write = SystemWrite::delete("Ticket", ticket.id).at(ticket.version);
        transaction.system(&write).map(drop)
    }

    /// Does something that uses a ticket up. What another write came in between of is tried again;
    /// what was used up by then is not in force any more.
    pub(crate) async fn spend<'f, T>(
        &self,
        ask: &Ask<'_>,
        event: &'static str,
        attempt: impl Fn() -> Attempt<'f, T>,
    ) -> Result<T> {
        for _ in 0..ATTEMPTS {
            match attempt().await {
                Err(error) if error.code() == Code::VersionMismatch => {}
                Err(error) if matches!(error.code(), Code::NotFound | Code::InvalidToken) => break,
                done => return done,
            }
        }
        self.audit_refusal(ask, &Event::new(event), Code::InvalidToken).await?;
        Err(invalid_token())
    }
}

/// The row of a ticket.
pub(crate) fn ticket_row(new: &NewTicket<'_>, hash: &str, now: Timestamp) -> SystemWrite {
    let data = new.data.as_ref().map_or(Value::Null, |data| Value::Json(data.to_string()));
    SystemWrite::create("Ticket")
        .text("kind", new.purpose.name())
        .set("account", new.account.map_or(Value::Null, Value::Uuid))
        .text("hash", hash)
        .maybe("email", new.email)
        .time("expiresAt", new.purpose.ends_at(now))
        .set("data", data)
}

/// The one answer to every link, code and challenge that is not in force.
pub(crate) fn invalid_token() -> Error {
    Error::new(Code::InvalidToken, "the link or code is not in force")
        .with_hint("ask for a new one: each is good once, and for a short time")
}
