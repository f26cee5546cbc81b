//! Passkeys of the account that asks: made, listed, removed. `passkeys_login.rs` logs in with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};
use underpin_base::{Code, Error, Result};
use underpin_credentials::passkey::{Person, RelyingParty, UserVerification};
use underpin_engine::{SystemWrite, Transaction, UserRow};
use underpin_schema::Value;
use uuid::Uuid;

use crate::ask::{Ask, Signed};
use crate::audit::Event;
use crate::authenticate::refused;
use crate::factors::{FactorRow, Factors};
use crate::tickets::{Purpose, invalid_token};
use crate::{Accounts, Answer};

/// Passkeys of an account.
const PASSKEYS_MAX: usize = 20;

/// Bytes of what an authenticator calls a passkey (Web Authentication, section 4).
const CREDENTIAL_BYTES_MAX: usize = 1_023;

impl Accounts {
    /// What a browser needs to make a passkey.
    pub(crate) async fn passkey_options(&self, ask: &Ask<'_>) -> Result<Answer> {
        let party = self.relying_party()?;
        let signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let factors = self.factors(signed.account).await?;
        check_number(&factors)?;
        let account = self.account(signed.account).await?.ok_or_else(refused)?;
        let subject = account.subject.as_deref().ok_or_else(refused)?;
        let row = self.engine.user_row(ask.app, subject).await?.ok_or_else(refused)?;
        let email = crate::people::email_of(ask.app, &row).unwrap_or_else(|| subject.to_owned());
        let name = name_of(ask, &row).unwrap_or_else(|| email.clone());
        let person = Person { account: account.id, name: &email, display_name: &name };
        let existing: Vec<_> = factors.passkeys().filter_map(FactorRow::passkey).collect();
        let ceremony = party.registration_options(person, &existing, UserVerification::Preferred);
        let data = json!({
            "state": String::from_utf8_lossy(&ceremony.state),
            "session": signed.session.to_string(),
        });
        let mut transaction = Transaction::new(&self.engine);
        let purpose = Purpose::PasskeyRegistration;
        let challenge = self.add_ticket(&mut transaction, purpose, Some(account.id), data)?;
        transaction.commit().await.map_err(Error::from)?;
        options_answer(challenge.expose(), &ceremony.options)
    }

    /// Adds the passkey that a browser made, for the session that asked for it.
    pub(crate) async fn add_passkey(&self, ask: &Ask<'_>) -> Result<Answer> {
        let party = self.relying_party()?;
        let signed = ask.signed()?;
        let challenge = ask.inputs.text("challenge");
        let ticket = self.take_ticket(Purpose::PasskeyRegistration, challenge).await?;
        let session = signed.session.to_string();
        let is_its_own = ticket.account.as_ref().is_some_and(|it| it.id == signed.account)
            && ticket.text("session") == Some(session.as_str());
        let state = ticket.text("state").filter(|_| is_its_own).ok_or_else(invalid_token)?;
        let answer = ask.inputs.text("credential").as_bytes();
        let passkey = party
            .finish_registration(state.as_bytes(), answer)
            .map_err(|cause| not_accepted().with_source(cause))?;
        if passkey.credential_id.len() > CREDENTIAL_BYTES_MAX {
            return Err(not_accepted());
        }
        let factors = self.factors(signed.account).await?;
        check_number(&factors)?;
        let mut transaction = Transaction::new(&self.engine);
        self.add_factor_change(&mut transaction, ask, &signed, Event::new("passkey.added")).await?;
        let name = ask.inputs.maybe("name").unwrap_or("Passkey");
        let write = SystemWrite::create("Factor")
            .id("account", signed.account)
            .text("kind", "PASSKEY")
            .text("name", name)
            .text("secret", passkey.to_text())
            .text("credential", credential_text(&passkey.credential_id))
            .set("counter", Value::Int(i64::from(passkey.sign_count)))
            .time("confirmedAt", ask.now);
        let id = transaction.system(&write)?.id();
        match self.commit_factor_change(transaction).await {
            Ok(()) => {}
            Err(error) if error.code() == Code::UniqueConflict => return Err(known_already()),
            Err(error) => return Err(error),
        }
        Ok(Answer::Created(json!({ "id": id.to_string(), "name": name })))
    }

    /// The passkeys of the caller.
    pub(crate) async fn list_passkeys(&self, ask: &Ask<'_>) -> Result<Answer> {
        let factors = self.factors(ask.signed()?.account).await?;
        let list: Vec<Json> = factors.passkeys().map(shown).collect();
        Ok(Answer::Data { data: Json::Array(list), meta: None })
    }

    /// Removes one of them.
    pub(crate) async fn remove_passkey(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed: Signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let id = Uuid::parse_str(ask.segment(0)?).map_err(|_| Error::not_found())?;
        let factors = self.factors(signed.account).await?;
        let factor = factors.passkeys().find(|factor| factor.id == id);
        let factor = factor.ok_or_else(Error::not_found)?;
        let target = id.to_string();
        let event = Event::new("passkey.removed").target(&target);
        let mut transaction = Transaction::new(&self.engine);
        self.add_factor_change(&mut transaction, ask, &signed, event).await?;
        transaction.system(&factor.remove())?;
        self.commit_factor_change(transaction).await?;
        Ok(Answer::Nothing)
    }

    /// The server as browsers know it.
    pub(crate) fn relying_party(&self) -> Result<&RelyingParty> {
        self.options.relying_party.as_deref().ok_or_else(|| {
            Error::new(Code::NotFound, "there are no passkeys at an address without a name")
                .with_hint("open the server by a name such as `localhost`, set as its public URL")
        })
    }
}

/// What the first half of a ceremony is answered with.
pub(crate) fn options_answer(challenge: &str, options: &str) -> Result<Answer> {
    let options: Json = serde_json::from_str(options).map_err(Error::internal)?;
    Ok(Answer::Data { data: json!({ "challenge": challenge, "options": options }), meta: None })
}

/// What a passkey is found by.
pub(crate) fn credential_text(credential_id: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(credential_id)
}

/// The one answer to what proves no passkey.
pub(crate) fn not_accepted() -> Error {
    Error::new(Code::InvalidCredentials, "the passkey is not accepted")
}

fn check_number(factors: &Factors) -> Result<()> {
    if factors.passkeys().count() < PASSKEYS_MAX {
        return Ok(());
    }
    let message = format!("an account has at most {PASSKEYS_MAX} passkeys");
    Err(Error::new(Code::Forbidden, message).with_hint("remove one that is not used any more"))
}

fn known_already() -> Error {
    Error::new(Code::UniqueConflict, "this passkey is registered already")
}

fn shown(factor: &FactorRow) -> Json {
    json!({
        "id": factor.id.to_string(),
        "name": factor.name,
        "createdAt": factor.created_at,
        "lastUsedAt": factor.last_used_at,
        "backedUp": factor.passkey().is_some_and(|passkey| passkey.backed_up),
    })
}

/// What a person is called: the field `name` of the account model, where it has one.
fn name_of(ask: &Ask<'_>, row: &UserRow) -> Option<String> {
    let field = ask.app.schema().account_model()?.field_named("name")?;
    match row.fields.get(&field.id)? {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}
