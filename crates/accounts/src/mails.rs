//! The mails of accounts: what is queued with their cause, and what each says when it is sent.
//!
//! A row of the queue names a kind, an address and who asked, and is written alike whether or not
//! anybody has the address. Who that is, is looked up when the mail is due; only then is its link or
//! code made, so no secret waits in the queue.

use std::net::IpAddr;

use serde_json::{Value as Json, json};
use underpin_base::{Error, Result, Secret, Timestamp};
use underpin_credentials::ticket::{CODE_LIFETIME_US, CODE_TRIES_MAX, Code as MailCode};
use underpin_engine::{App, SystemQuery, SystemWrite, Transaction};
use underpin_mail::{Kind, Values};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::Accounts;
use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::{agent, ip};
use crate::people::{PLACEHOLDER_DOMAIN, time_text};
use crate::tickets::{NewTicket, Purpose};

/// Mails of one kind that an address is sent within an hour.
const MAILS_MAX: u32 = 5;

const HOUR: i64 = 3_600_000_000;

/// A mail that is due, as a row of the queue has it.
#[derive(Debug, Clone, Copy)]
pub struct Due<'m> {
    /// The name of its kind.
    pub kind: &'m str,
    /// The address, as it was given.
    pub recipient: &'m str,
    /// What the row says besides.
    pub payload: &'m Json,
    /// When it was queued.
    pub queued_at: Timestamp,
}

impl Accounts {
    /// Adds a mail. Call [`Accounts::mail_is_queued`] once the transaction is done.
    pub(crate) fn queue_mail(
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (kind, recipient): (Kind, &str),
        account: Option<Uuid>,
    ) -> Result<()> {
        let account = account.map(|account| account.to_string());
        Self::queue_row(transaction, ask, (kind, recipient), json!({ "account": account }))
    }

    /// Adds the mail whose link gives an account the address that it goes to. It is good while the
    /// account's epoch is this one: whoever receives the mail may put it off for hours, and must
    /// not be sent a link for an account that its owner has taken back meanwhile.
    pub(crate) fn queue_new_address(
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        mail: (Kind, &str),
        account: &AccountRow,
    ) -> Result<()> {
        let about = json!({ "account": account.id.to_string(), "epoch": account.epoch });
        Self::queue_row(transaction, ask, mail, about)
    }

    fn queue_row(
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (kind, recipient): (Kind, &str),
        mut payload: Json,
    ) -> Result<()> {
        payload["ip"] = json!(ip(&ask.client));
        payload["agent"] = json!(agent(&ask.client));
        let write = SystemWrite::create("Mail")
            .text("kind", kind.name())
            .text("recipient", recipient)
            .set("payload", Value::Json(payload.to_string()))
            .time("dueAt", ask.now);
        transaction.system(&write).map(drop)
    }

    /// Has whoever sends mails look at the queue.
    pub(crate) fn mail_is_queued(&self) {
        if let Some(on_mail) = &self.options.on_mail {
            on_mail();
        }
    }

    /// What a mail says that is about to be sent: makes its link or code. `None` when there is
    /// nothing to send, as when nobody has the address. When it is called again for the same mail,
    /// what it made before is good no longer.
    ///
    /// # Errors
    /// `INTERNAL` for a kind that there is not; `STORAGE_UNAVAILABLE` and the like.
    pub async fn compose(&self, due: Due<'_>) -> Result<Option<(Kind, Values)>> {
        let kind = Kind::by_name(due.kind)
            .ok_or_else(|| Error::internal("the queue holds a mail of an unknown kind"))?;
        if due.recipient.ends_with(PLACEHOLDER_DOMAIN) {
            return Ok(None);
        }
        if is_asked_for(kind) && self.has_had_enough(due).await? {
            return Ok(None);
        }
        let app = self.engine.app().await;
        let values = values_of(due);
        let values = match kind {
            Kind::AlreadyRegistered => {
                self.find(&app, due.recipient).await?.is_some().then_some(values)
            }
            Kind::VerifyEmail => self.compose_verification(&app, due, values).await?,
            Kind::ChangeEmail => self.compose_change(&app, due, values).await?,
            Kind::ResetPassword => {
                let page = (Purpose::ResetPassword, "reset-password");
                self.compose_link(&app, due, (page, values)).await?
            }
            Kind::MagicLink => {
                let page = (Purpose::MagicLink, "magic-link");
                self.compose_link(&app, due, (page, values)).await?
            }
            Kind::Invitation => {
                let page = (Purpose::Invitation, "invitation");
                self.compose_link(&app, due, (page, values)).await?
            }
            Kind::Code => self.compose_code(&app, due, values).await?,
            Kind::PasswordChanged
            | Kind::EmailChanged
            | Kind::MfaChanged
            | Kind::IdentityLinked
            | Kind::SessionReused => Some(values),
        };
        Ok(values.map(|values| (kind, values)))
    }

    /// Whether an address was sent as many mails of a kind as one may be: whoever asks for them need
    /// not be whoever receives them. What was sent last stays good.
    async fn has_had_enough(&self, due: Due<'_>) -> Result<bool> {
        let since = time_text(Timestamp(self.engine.now().0 - HOUR));
        let conditions = [
            ("sentAt", Operator::Gt, since.as_str()),
            ("recipient", Operator::Eq, due.recipient),
            ("kind", Operator::Eq, due.kind),
        ];
        let query = SystemQuery { limit: MAILS_MAX, ..SystemQuery::new("Mail", &conditions) };
        let (sent, _) = self.engine.system_list::<Json>(query).await?;
        Ok(sent.len() >= MAILS_MAX as usize)
    }

    /// A link for whoever has the address.
    async fn compose_link(
        &self,
        app: &App,
        due: Due<'_>,
        ((purpose, page), values): ((Purpose, &str), Values),
    ) -> Result<Option<Values>> {
        let Some(account) = self.account_to_write(app, due.recipient).await? else {
            return Ok(None);
        };
        let link = self.link(purpose, page, (account.id, due.recipient)).await?;
        Ok(Some(values.with_link(link, purpose.minutes())))
    }

    async fn compose_verification(
        &self,
        app: &App,
        due: Due<'_>,
        values: Values,
    ) -> Result<Option<Values>> {
        // A mail about an account by name is the promotion of one that had no address yet.
        if account_named(due.payload).is_some() {
            return self.compose_change(app, due, values).await;
        }
        let purpose = Purpose::VerifyEmail;
        let account = self.account_to_write(app, due.recipient).await?;
        let Some(account) = account.filter(|account| !account.has_proved(due.recipient)) else {
            return Ok(None);
        };
        let link = self.link(purpose, "verify-email", (account.id, due.recipient)).await?;
        Ok(Some(values.with_link(link, purpose.minutes())))
    }

    /// A link for the account that is to have the address, unless somebody else has it.
    async fn compose_change(
        &self,
        app: &App,
        due: Due<'_>,
        values: Values,
    ) -> Result<Option<Values>> {
        let Some(id) = account_named(due.payload) else { return Ok(None) };
        let epoch = due.payload["epoch"].as_i64();
        let stands =
            |account: &AccountRow| account.suspended_at.is_none() && Some(account.epoch) == epoch;
        let account = self.account(id).await?.filter(stands);
        let is_free = self.find(app, due.recipient).await?.is_none();
        let Some(account) = account.filter(|_| is_free) else { return Ok(None) };
        let purpose = Purpose::ChangeEmail;
        // The account may be taken back between the look at it and the link.
        let new = NewTicket {
            purpose,
            account: Some(account.id),
            email: Some(due.recipient),
            data: Some(json!({ "epoch": account.epoch })),
        };
        let link = self.link_of("verify-email", &new).await?;
        Ok(Some(values.with_link(link, purpose.minutes())))
    }

    /// A code for whoever has the address. Guesses at earlier codes count for ten minutes: asking
    /// for another code gives no more of them.
    async fn compose_code(
        &self,
        app: &App,
        due: Due<'_>,
        values: Values,
    ) -> Result<Option<Values>> {
        let Some(account) = self.account_to_write(app, due.recipient).await? else {
            return Ok(None);
        };
        let now = self.engine.now();
        let mut transaction = Transaction::new(&self.engine);
        let (mut tries, mut since) = (0, None);
        for earlier in self.tickets_of(Some(account.id), Purpose::Code).await? {
            let first = earlier.data.as_ref().and_then(|data| data["since"].as_i64());
            let counts = first.is_some_and(|first| now.0.abs_diff(first) < CODE_LIFETIME_US as u64);
            if counts && earlier.tries >= tries {
                (tries, since) = (earlier.tries, first);
            }
            transaction.system(&SystemWrite::delete("Ticket", earlier.id).at(earlier.version))?;
        }
        if tries >= CODE_TRIES_MAX {
            return Ok(None);
        }
        let code = MailCode::generate();
        let id = self.engine.request_id();
        let write = SystemWrite::create("Ticket")
            .id("id", id)
            .text("kind", Purpose::Code.name())
            .id("account", account.id)
            .text("hash", code.hash(self.keys_of_installation()?, &id.to_string()))
            .text("email", due.recipient)
            .set("tries", Value::Int(tries.into()))
            .time("expiresAt", Purpose::Code.ends_at(now))
            .set("data", Value::Json(json!({ "since": since }).to_string()));
        transaction.system(&write)?;
        transaction.commit().await?;
        Ok(Some(values.with_code(code.text(), Purpose::Code.minutes())))
    }

    /// The account of whoever has an address, unless it is suspended.
    async fn account_to_write(&self, app: &App, email: &str) -> Result<Option<AccountRow>> {
        let Some(found) = self.find(app, email).await? else { return Ok(None) };
        let account = self.account_of_found(found).await?;
        Ok(account.filter(|account| account.suspended_at.is_none()))
    }

    /// A link with a new ticket. It starts with what the configuration says, and nothing else.
    async fn link(
        &self,
        purpose: Purpose,
        page: &str,
        (account, email): (Uuid, &str),
    ) -> Result<Secret<String>> {
        let new = NewTicket { purpose, account: Some(account), email: Some(email), data: None };
        self.link_of(page, &new).await
    }

    async fn link_of(&self, page: &str, new: &NewTicket<'_>) -> Result<Secret<String>> {
        let token = self.issue_ticket(new).await?;
        let base = self.options.settings.links.trim_end_matches('/');
        // Behind the `#`: a browser sends it to no server, so it stands in no log on the way.
        Ok(Secret::new(format!("{base}/{page}#token={}", token.expose())))
    }
}

/// Whether strangers can have mails of this kind sent.
fn is_asked_for(kind: Kind) -> bool {
    match kind {
        Kind::VerifyEmail
        | Kind::AlreadyRegistered
        | Kind::ResetPassword
        | Kind::ChangeEmail
        | Kind::MagicLink
        | Kind::Code => true,
        Kind::PasswordChanged
        | Kind::EmailChanged
        | Kind::MfaChanged
        | Kind::IdentityLinked
        | Kind::SessionReused
        | Kind::Invitation => false,
    }
}

fn values_of(due: Due<'_>) -> Values {
    let ip = due.payload["ip"].as_str().and_then(|ip| ip.parse::<IpAddr>().ok());
    Values::to(due.recipient).at(due.queued_at).asked_by(ip, due.payload["agent"].as_str())
}

fn account_named(payload: &Json) -> Option<Uuid> {
    payload["account"].as_str().and_then(|id| Uuid::try_parse(id).ok())
}
