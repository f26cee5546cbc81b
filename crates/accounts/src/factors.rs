//! Second factors as they are stored, and what goes with every change of them: other sessions end,
//! the owner is told by mail, and a row says that it happened.

use serde::{Deserialize, Deserializer};
use underpin_base::{Error, Result, Timestamp};
use underpin_credentials::passkey::Passkey;
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::Accounts;
use crate::ask::{Ask, Signed};
use crate::audit::Event;
use crate::authenticate::refused;

/// Something an account proves itself by besides its password.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FactorRow {
    pub(crate) id: Uuid,
    pub(crate) version: i64,
    pub(crate) kind: FactorKind,
    pub(crate) name: Option<String>,
    pub(crate) secret: String,
    #[serde(deserialize_with = "underpin_engine::system::maybe_time")]
    pub(crate) confirmed_at: Option<Timestamp>,
    #[serde(deserialize_with = "number")]
    pub(crate) counter: i64,
    pub(crate) created_at: String,
    pub(crate) last_used_at: Option<String>,
}

/// What a factor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FactorKind {
    Totp,
    Passkey,
    RecoveryCode,
}

/// The factors of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Factors(Vec<FactorRow>);

impl Factors {
    /// The authenticator app, whether or not it was confirmed.
    pub(crate) fn app(&self) -> Option<&FactorRow> {
        self.0.iter().find(|factor| factor.kind == FactorKind::Totp)
    }

    /// The authenticator app that counts.
    pub(crate) fn confirmed_app(&self) -> Option<&FactorRow> {
        self.app().filter(|factor| factor.confirmed_at.is_some())
    }

    /// The rows of passkeys, oldest first.
    pub(crate) fn passkeys(&self) -> impl Iterator<Item = &FactorRow> {
        self.0.iter().filter(|factor| factor.kind == FactorKind::Passkey)
    }

    /// The rows of recovery codes that were not used.
    pub(crate) fn recovery_codes(&self) -> impl Iterator<Item = &FactorRow> {
        self.0.iter().filter(|factor| factor.kind == FactorKind::RecoveryCode)
    }
}

impl FactorRow {
    /// The passkey that this is, with the counter of its last use.
    pub(crate) fn passkey(&self) -> Option<Passkey> {
        let passkey = Passkey::from_text(&self.secret)?;
        Some(Passkey { sign_count: u32::try_from(self.counter).ok()?, ..passkey })
    }

    /// The write that removes it, unless it was changed meanwhile.
    pub(crate) fn remove(&self) -> SystemWrite {
        SystemWrite::delete("Factor", self.id).at(self.version)
    }

    /// The write that notes a use: of several at once one alone is done.
    pub(crate) fn used(&self, counter: i64, now: Timestamp) -> SystemWrite {
        SystemWrite::update("Factor", self.id)
            .set("counter", Value::Int(counter))
            .time("lastUsedAt", now)
            .at(self.version)
    }
}

impl Accounts {
    /// The factors of an account.
    pub(crate) async fn factors(&self, account: Uuid) -> Result<Factors> {
        let account = account.to_string();
        let conditions = [("account", Operator::Eq, account.as_str())];
        let query = SystemQuery {
            sort: &[("createdAt", false)],
            ..SystemQuery::new("Factor", &conditions)
        };
        self.engine.system_all(query).await.map(Factors)
    }

    /// Adds what goes with every change of a factor of the caller. Whoever reads the factors after
    /// the caller was recognised is sure that nobody else changed any meanwhile: the account's
    /// version is held against that of the recognition.
    pub(crate) async fn add_factor_change(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        signed: &Signed,
        event: Event<'_>,
    ) -> Result<()> {
        let account = self.account(signed.account).await?.ok_or_else(refused)?;
        transaction.require(&signed.standing)?;
        let epoch = Value::Int(account.epoch + 1);
        let write = SystemWrite::update("Account", account.id).at(account.version);
        transaction.system(&write.set("epoch", epoch.clone()))?;
        // This one goes on.
        transaction.system(&SystemWrite::update("Session", signed.session).set("epoch", epoch))?;
        transaction.changes_authority();
        Self::audit(transaction, ask, &event.of(account.id).session(signed.session))?;
        if let Some(email) = self.email(ask.app, &account).await? {
            let mail = (underpin_mail::Kind::MfaChanged, email.as_str());
            Self::queue_mail(transaction, ask, mail, Some(account.id))?;
        }
        Ok(())
    }

    /// Does a change of factors.
    pub(crate) async fn commit_factor_change(&self, transaction: Transaction<'_>) -> Result<()> {
        transaction.commit().await.map_err(Error::from)?;
        self.mail_is_queued();
        Ok(())
    }
}

/// A `BigInt`, which is a text on the wire.
fn number<'de, D: Deserializer<'de>>(row: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Number(i64),
        Text(String),
    }
    match Form::deserialize(row)? {
        Form::Number(number) => Ok(number),
        Form::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
