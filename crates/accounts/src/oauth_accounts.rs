//! Whose login it is: from what a provider says of somebody to an account.
//!
//! Issuer and subject name a person. An address links a person to an account that is there already
//! only where both sides vouch for it: the provider, and this server, which had it proved. An account
//! whose address nobody proved may have been made by somebody else to lie in wait for its owner; once
//! the owner comes, what gave access to it before ends.

use serde::Deserialize;
use serde_json::json;
use underpin_base::{Error, Result};
use underpin_engine::{Made, SystemQuery, SystemWrite, Transaction};
use underpin_mail::Kind;
use underpin_oidc::Identity;
use underpin_plan::{Document, Operator};
use underpin_schema::{FieldKind, Scalar, Value};
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::Event;
use crate::challenge::lost_race;
use crate::oauth_redirect::OauthFault;
use crate::people::{Found, PLACEHOLDER_DOMAIN, email_field};
use crate::register::NewAccount;
use crate::{Accounts, Registration, Verification};

/// How often it is looked up anew who somebody is, when somebody else made the account meanwhile.
const ROUNDS_MAX: usize = 3;

/// Why there is no account to log in to.
#[derive(Debug)]
pub(crate) enum Setback {
    /// Something that the page is told.
    Fault(OauthFault),
    /// A failure of the server.
    Error(Error),
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<OauthFault> for Setback {
    fn from(fault: OauthFault) -> Self {
        Self::Fault(fault)
    }
}

#[derive(Deserialize)]
struct IdentityRow {
    id: Uuid,
    account: AccountRow,
}

/// Somebody at a provider.
#[derive(Clone, Copy)]
struct Person<'p> {
    provider: &'p str,
    identity: &'p Identity,
}

/// Whether a new account is given the name that the provider told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Kept,
    LeftOut,
}

impl Accounts {
    /// The account of somebody at a provider, and its epoch; made or linked now when it is the first
    /// time.
    pub(crate) async fn account_by_identity(
        &self,
        ask: &Ask<'_>,
        provider: &str,
        identity: &Identity,
    ) -> Result<(Uuid, i64), Setback> {
        let person = Person { provider, identity };
        for round in 0..ROUNDS_MAX {
            if let Some(known) = self.known_identity(ask, identity).await? {
                return Ok(known);
            }
            // Where names are unique, the one that the provider told may be somebody's already.
            let name = if round == 0 { Name::Kept } else { Name::LeftOut };
            match self.meet_identity(ask, person, name).await {
                Err(Setback::Error(error)) if lost_race(&error) => {}
                met => return met,
            }
        }
        Err(OauthFault::Failed.into())
    }

    /// Whoever logged in so before.
    async fn known_identity(
        &self,
        ask: &Ask<'_>,
        identity: &Identity,
    ) -> Result<Option<(Uuid, i64)>, Setback> {
        let conditions = [
            ("issuer", Operator::Eq, identity.issuer.as_str()),
            ("subject", Operator::Eq, identity.subject.as_str()),
        ];
        let query = SystemQuery::new("Identity", &conditions).with(&["account.roles"]);
        let row: Option<IdentityRow> = self.engine.system_find(query).await?;
        let Some(row) = row else { return Ok(None) };
        if row.account.suspended_at.is_some() {
            return Err(OauthFault::AccountSuspended.into());
        }
        if self.must_prove_address(ask.app, &row.account).await? {
            return Err(OauthFault::EmailUnverified.into());
        }
        let write = SystemWrite::update("Identity", row.id).time("lastUsedAt", ask.now);
        self.engine.system_write(write).await?;
        Ok(Some((row.account.id, row.account.epoch)))
    }

    /// Somebody who comes for the first time.
    async fn meet_identity(
        &self,
        ask: &Ask<'_>,
        person: Person<'_>,
        name: Name,
    ) -> Result<(Uuid, i64), Setback> {
        let email = usable(person.identity).ok_or(OauthFault::NoEmail)?;
        let found = self.find(ask.app, &email).await?;
        match (person.identity.email_verified, found) {
            (true, Some(found)) => self.link_identity(ask, person, (found, &email)).await,
            (false, _) if self.options.settings.verification == Verification::Required => {
                // In the same words whether or not the address has an account.
                Err(OauthFault::EmailUnverified.into())
            }
            (false, Some(_)) => Err(OauthFault::EmailTaken.into()),
            (_, None) => self.make_identity(ask, person, (&email, name)).await,
        }
    }

    /// Links somebody to the account of an address that the provider vouches for.
    async fn link_identity(
        &self,
        ask: &Ask<'_>,
        person: Person<'_>,
        (found, email): (Found, &str),
    ) -> Result<(Uuid, i64), Setback> {
        let account = self.account_of_found(found).await?.ok_or(OauthFault::Failed)?;
        if account.suspended_at.is_some() {
            return Err(OauthFault::AccountSuspended.into());
        }
        let is_proved = account.has_proved(email);
        if !is_proved && account.verified_email.is_some() {
            // Its owner proved another address, and wrote this one into the row without proof.
            return Err(OauthFault::EmailTaken.into());
        }
        let mut transaction = Transaction::new(&self.engine);
        if is_proved {
            let (id, version) = (account.id.to_string(), account.version.to_string());
            let conditions = [("id", Operator::Eq, &*id), ("version", Operator::Eq, &*version)];
            transaction.require_row(SystemQuery::new("Account", &conditions))?;
        } else {
            self.end_tickets(&mut transaction, account.id, None).await?;
        }
        let epoch = self.prove_address(&mut transaction, ask, (&account, email)).await?;
        Self::add_identity(&mut transaction, ask, (person, account.id))?;
        let mail = (Kind::IdentityLinked, email);
        Self::queue_mail(&mut transaction, ask, mail, Some(account.id))?;
        transaction.commit().await.map_err(Error::from)?;
        Ok((account.id, epoch))
    }

    /// Makes an account for somebody whose address nobody has.
    async fn make_identity(
        &self,
        ask: &Ask<'_>,
        person: Person<'_>,
        (email, name): (&str, Name),
    ) -> Result<(Uuid, i64), Setback> {
        if self.options.settings.registration == Registration::Closed {
            return Err(OauthFault::RegistrationClosed.into());
        }
        let proved = person.identity.email_verified;
        let mut transaction = Transaction::new(&self.engine);
        let row = Self::add_row_of(&mut transaction, ask, person, (email, name))?;
        let new = NewAccount { proved, ..NewAccount::of(email) };
        let account = Self::add_account(&mut transaction, ask, (&row, &new))?;
        Self::add_identity(&mut transaction, ask, (person, account))?;
        if !proved {
            Self::queue_mail(&mut transaction, ask, (Kind::VerifyEmail, email), None)?;
        }
        transaction.commit().await.map_err(Error::from)?;
        Ok((account, 0))
    }

    /// Adds the row of the account model: the address, and the name where it may be set so.
    fn add_row_of<'a>(
        transaction: &mut Transaction<'a>,
        ask: &Ask<'a>,
        person: Person<'_>,
        (email, name): (&str, Name),
    ) -> Result<Made, Setback> {
        let model = ask.app.schema().account_model().ok_or_else(Error::not_found)?;
        let field = email_field(ask.app).ok_or_else(Error::not_found)?;
        let given = || vec![(field.id, Value::Text(email.to_owned()))];
        let named = model.field_named("name").filter(|named| {
            named.id != field.id && named.kind == FieldKind::Scalar(Scalar::String)
        });
        let called = person.identity.name.clone().filter(|_| name == Name::Kept);
        if let (Some(named), Some(called)) = (named, called) {
            let entries = vec![(named.id, Value::Text(called))];
            let document = Document { entries, errors: Vec::new() };
            if let Ok(row) = transaction.register(ask.app, document, given()) {
                return Ok(row);
            }
        }
        transaction
            .register(ask.app, Document::default(), given())
            .map_err(|_| Setback::Fault(OauthFault::FieldsRequired))
    }

    /// Adds that somebody at a provider logs in to an account.
    fn add_identity(
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (person, account): (Person<'_>, Uuid),
    ) -> Result<()> {
        let Person { provider, identity } = person;
        let write = SystemWrite::create("Identity")
            .id("account", account)
            .text("provider", provider)
            .text("issuer", identity.issuer.as_str())
            .text("subject", identity.subject.as_str())
            .maybe("email", identity.email.as_deref())
            .time("lastUsedAt", ask.now);
        transaction.system(&write)?;
        let event = Event::new("identity.linked").of(account).target(provider);
        let details = json!({ "issuer": identity.issuer, "subject": identity.subject });
        Self::audit(transaction, ask, &event.details(details))
    }
}

/// The address in the form in which accounts are told apart, if one can have it.
fn usable(identity: &Identity) -> Option<String> {
    let email = identity.email.as_ref()?.to_ascii_lowercase();
    (email.is_ascii() && !email.ends_with(PLACEHOLDER_DOMAIN)).then_some(email)
}
