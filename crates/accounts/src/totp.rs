//! Authenticator apps and recovery codes of the account that asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use underpin_base::{Code, Error, Result};
use underpin_credentials::recovery::RecoveryCode;
use underpin_credentials::totp::TotpSecret;
use underpin_engine::{SystemWrite, Transaction};
use underpin_schema::Value;
use uuid::Uuid;

use crate::ask::{Ask, Signed};
use crate::audit::Event;
use crate::authenticate::refused;
use crate::challenge::lost_race;
use crate::factors::{FactorRow, Factors};
use crate::mfa::wrong;
use crate::{Accounts, Answer};

impl Accounts {
    /// Makes the secret of an app. It counts once a code of it was confirmed; until then a further
    /// secret takes its place.
    pub(crate) async fn start_totp(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let account = self.account(signed.account).await?.ok_or_else(refused)?;
        let label = self.email(ask.app, &account).await?.or(account.subject).unwrap_or_default();
        let secret = TotpSecret::generate();
        let keys = self.keys_of_installation()?;
        let sealed = STANDARD.encode(keys.seal(&place(account.id), secret.bytes()));
        let factors = self.factors(account.id).await?;
        let write = match factors.app() {
            Some(app) if app.confirmed_at.is_some() => return Err(has_one()),
            Some(app) => SystemWrite::update("Factor", app.id).at(app.version),
            // The name keeps two that are made at once from both standing.
            None => SystemWrite::create("Factor")
                .id("account", account.id)
                .text("kind", "TOTP")
                .text("credential", place(account.id)),
        };
        let mut transaction = Transaction::new(&self.engine);
        transaction.require(&signed.standing)?;
        transaction.system(&write.text("secret", sealed))?;
        Self::audit(&mut transaction, ask, &Event::new("totp.started").of(account.id))?;
        match transaction.commit().await.map_err(Error::from) {
            Ok(_) => {}
            Err(error) if lost_race(&error) => return Err(has_one()),
            Err(error) => return Err(error),
        }
        let issuer = &self.options.settings.app_name;
        Ok(Answer::Created(json!({
            "secret": secret.text().expose(),
            "uri": secret.uri(issuer, &label).expose(),
        })))
    }

    /// Confirms an app by a code of it.
    pub(crate) async fn confirm_totp(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let factors = self.factors(signed.account).await?;
        let Some(app) = factors.app() else { return Err(none_started()) };
        if app.confirmed_at.is_some() {
            return Err(has_one());
        }
        self.claim_try_of(signed.account).await?;
        let secret = self.open_totp(signed.account, app)?;
        let Some(step) = secret.verify(ask.inputs.text("code"), ask.now, Some(app.counter)) else {
            return Err(wrong());
        };
        let mut transaction = Transaction::new(&self.engine);
        let event = Event::new("totp.added");
        self.add_factor_change(&mut transaction, ask, &signed, event).await?;
        transaction.system(&app.used(step, ask.now).time("confirmedAt", ask.now))?;
        let codes = self.replace_codes(&mut transaction, &signed, &factors)?;
        self.commit_factor_change(transaction).await?;
        self.give_back_try(signed.account).await?;
        Ok(Answer::Data { data: codes, meta: None })
    }

    /// Removes the app, and the recovery codes with it.
    pub(crate) async fn remove_totp(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let factors = self.factors(signed.account).await?;
        let app = factors.app().ok_or_else(none_started)?;
        let mut transaction = Transaction::new(&self.engine);
        let event = Event::new("totp.removed");
        self.add_factor_change(&mut transaction, ask, &signed, event).await?;
        for factor in std::iter::once(app).chain(factors.recovery_codes()) {
            transaction.system(&factor.remove())?;
        }
        self.commit_factor_change(transaction).await?;
        Ok(Answer::Nothing)
    }

    /// Makes new recovery codes.
    pub(crate) async fn new_recovery_codes(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let factors = self.factors(signed.account).await?;
        if factors.confirmed_app().is_none() && factors.passkeys().count() == 0 {
            return Err(none_started());
        }
        let mut transaction = Transaction::new(&self.engine);
        let event = Event::new("recoveryCodes.made");
        self.add_factor_change(&mut transaction, ask, &signed, event).await?;
        let codes = self.replace_codes(&mut transaction, &signed, &factors)?;
        self.commit_factor_change(transaction).await?;
        Ok(Answer::Created(codes))
    }

    /// Adds new recovery codes in the place of all former ones, and gives them, to be shown once.
    fn replace_codes(
        &self,
        transaction: &mut Transaction<'_>,
        signed: &Signed,
        factors: &Factors,
    ) -> Result<serde_json::Value> {
        let keys = self.keys_of_installation()?;
        for former in factors.recovery_codes() {
            transaction.system(&former.remove())?;
        }
        let codes = RecoveryCode::generate_set();
        for code in &codes {
            let write = SystemWrite::create("Factor")
                .id("account", signed.account)
                .text("kind", "RECOVERY_CODE")
                .text("secret", code.hash(keys, &signed.account.to_string()))
                .set("counter", Value::Int(0));
            transaction.system(&write)?;
        }
        let texts: Vec<String> = codes.iter().map(|code| code.text().expose().clone()).collect();
        Ok(json!({ "recoveryCodes": texts }))
    }

    /// The secret of an app.
    pub(crate) fn open_totp(&self, account: Uuid, app: &FactorRow) -> Result<TotpSecret> {
        let keys = self.keys_of_installation()?;
        STANDARD
            .decode(&app.secret)
            .ok()
            .and_then(|sealed| keys.open(&place(account), &sealed))
            .and_then(|bytes| TotpSecret::from_bytes(&bytes))
            .ok_or_else(|| Error::internal("the secret of a second factor does not open"))
    }
}

/// What a sealed secret is bound to. An account has one app.
fn place(account: Uuid) -> String {
    format!("Factor/totp/{account}")
}

fn has_one() -> Error {
    Error::new(Code::UniqueConflict, "this account has an authenticator app already")
        .with_hint("remove it before you add another")
}

fn none_started() -> Error {
    Error::new(Code::NotFound, "this account has no authenticator app")
        .with_hint("`POST totp` makes the secret of one")
}
