//! The second factor of a login: when one is wanted, and how its challenge is answered.
//!
//! A login that has proved the first factor gets a challenge instead of a session. Each try at it is
//! counted before it is looked at (`mfa_tries.rs`), and whatever answers it is used up in the
//! transaction that makes the session: the step of a code, the counter of a passkey, the row of a
//! recovery code, the challenge itself.

use serde_json::{Value as Json, json};
use underpin_base::{Code, Error, Result};
use underpin_credentials::passkey::{self, UserVerification};
use underpin_credentials::recovery::RecoveryCode;
use underpin_engine::{SystemWrite, Transaction};
use underpin_schema::Value;

use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::Event;
use crate::challenge::lost_race;
use crate::factors::{FactorKind, Factors};
use crate::session::Proven;
use crate::tickets::{Purpose, TicketRow, invalid_token};
use crate::{Accounts, Answer, Grant};

/// How often somebody tries again to use up what they proved, when others were faster. Each round
/// that is lost was won by a try that counted, and there are few of those.
const ROUNDS_MAX: usize = 16;

/// What answers a challenge.
#[derive(Debug, Clone, Copy)]
enum Guess<'a> {
    Code(&'a str),
    RecoveryCode(&'a str),
    Passkey(&'a str),
}

impl<'a> Guess<'a> {
    fn read(ask: &'a Ask<'_>) -> Result<Self> {
        let inputs = &ask.inputs;
        let (code, recovery) = (inputs.maybe("code"), inputs.maybe("recoveryCode"));
        match (code, recovery, inputs.maybe("credential")) {
            (Some(code), None, None) => Ok(Self::Code(code)),
            (None, Some(code), None) => Ok(Self::RecoveryCode(code)),
            (None, None, Some(credential)) => Ok(Self::Passkey(credential)),
            _ => Err(Error::validation(vec![crate::inputs::refusal(
                "code",
                underpin_schema::FieldCode::Required,
                "one of `code`, `recoveryCode` and `credential` must be sent, and no other",
            )])),
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Code(_) => "totp",
            Self::RecoveryCode(_) => "recoveryCode",
            Self::Passkey(_) => "passkey",
        }
    }
}

impl Accounts {
    /// What a login is asked next when its account has a second factor that is not among what it
    /// has proved; `None` when nothing is.
    pub(crate) async fn second_factor(
        &self,
        transaction: &mut Transaction<'_>,
        proven: &Proven,
    ) -> Result<Option<Error>> {
        // A passkey that stands alone was asked to make sure who uses it: it is two factors.
        if proven.methods.contains(&"passkey") || self.options.keys.is_none() {
            return Ok(None);
        }
        let factors = self.factors(proven.account).await?;
        let methods = self.methods(&factors);
        if methods.is_empty() {
            return Ok(None);
        }
        let data = json!({ "epoch": proven.epoch, "methods": proven.methods });
        let account = Some(proven.account);
        let challenge = self.add_ticket(transaction, Purpose::Mfa, account, data)?;
        let error = Error::new(Code::MfaRequired, "this account has a second factor")
            .with_hint("answer the challenge with a code, a recovery code or a passkey")
            .with_challenge(challenge.expose().as_str(), methods);
        Ok(Some(error))
    }

    /// By what a challenge of an account with these factors can be answered; by nothing when it has
    /// none that must be.
    fn methods(&self, factors: &Factors) -> Vec<String> {
        let has_app = factors.confirmed_app().is_some();
        let has_passkey = self.options.relying_party.is_some() && factors.passkeys().count() > 0;
        let must = has_app || has_passkey && self.options.settings.passkeys_are_second_factors;
        if !must {
            return Vec::new();
        }
        let has_code = factors.recovery_codes().count() > 0;
        [(has_app, "totp"), (has_passkey, "passkey"), (has_code, "recoveryCode")]
            .into_iter()
            .filter(|(has, _)| *has)
            .map(|(_, method)| method.to_owned())
            .collect()
    }

    /// Answers the challenge of a login.
    pub(crate) async fn login_mfa(&self, ask: &Ask<'_>) -> Result<Answer> {
        let guess = Guess::read(ask)?;
        let text = ask.inputs.text("challenge");
        let claimed = self.claim_try(text).await?;
        let account = account_of(&claimed)?;
        for _ in 0..ROUNDS_MAX {
            let challenge = self.find_ticket(&[Purpose::Mfa], text).await?;
            let mut transaction = Transaction::new(&self.engine);
            let state = claimed.text("passkey");
            if !self.judge(&mut transaction, ask, (guess, state), account).await? {
                let event = Event::new("mfa.tried").of(account.id).target(guess.method());
                self.audit_refusal(ask, &event, Code::InvalidCredentials).await?;
                return Err(wrong());
            }
            Self::consume(&mut transaction, &challenge)?;
            let session = self.add_session(&mut transaction, ask, &proven(&challenge, guess)?)?;
            match transaction.commit().await.map_err(Error::from) {
                Ok(_) => {
                    self.give_back_try(account.id).await?;
                    return self.granted(ask, session).await;
                }
                // Somebody counted a try, or used up the same proof: it is judged once more.
                Err(error) if lost_race(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(invalid_token())
    }

    async fn granted(&self, ask: &Ask<'_>, session: uuid::Uuid) -> Result<Answer> {
        let grant: Grant = self.grant(ask.app, session).await?;
        Ok(Answer::Session(Box::new(grant)))
    }

    /// Whether a guess is right. What it proves is used up with the transaction.
    async fn judge(
        &self,
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        (guess, state): (Guess<'_>, Option<&str>),
        account: &AccountRow,
    ) -> Result<bool> {
        let factors = self.factors(account.id).await?;
        let write = match guess {
            Guess::Code(code) => self.judge_code(ask, &factors, (account, code))?,
            Guess::RecoveryCode(code) => self.judge_recovery_code(&factors, (account, code))?,
            Guess::Passkey(answer) => self.judge_passkey(ask, &factors, (state, answer)),
        };
        let Some(write) = write else { return Ok(false) };
        transaction.system(&write)?;
        Ok(true)
    }

    /// The write that uses up the step of a code.
    fn judge_code(
        &self,
        ask: &Ask<'_>,
        factors: &Factors,
        (account, code): (&AccountRow, &str),
    ) -> Result<Option<SystemWrite>> {
        let Some(app) = factors.confirmed_app() else { return Ok(None) };
        let secret = self.open_totp(account.id, app)?;
        let step = secret.verify(code, ask.now, Some(app.counter));
        Ok(step.map(|step| app.used(step, ask.now)))
    }

    /// The write that uses up a recovery code.
    fn judge_recovery_code(
        &self,
        factors: &Factors,
        (account, code): (&AccountRow, &str),
    ) -> Result<Option<SystemWrite>> {
        let Some(code) = RecoveryCode::parse(code) else { return Ok(None) };
        let hash = code.hash(self.keys_of_installation()?, &account.id.to_string());
        let found = factors.recovery_codes().find(|factor| factor.secret == hash);
        Ok(found.map(crate::factors::FactorRow::remove))
    }

    /// The write that notes the counter of a passkey.
    fn judge_passkey(
        &self,
        ask: &Ask<'_>,
        factors: &Factors,
        (state, answer): (Option<&str>, &str),
    ) -> Option<SystemWrite> {
        let party = self.options.relying_party.as_deref()?;
        let presented = passkey::presented_credential(answer.as_bytes())?;
        let is_it = |passkey: &passkey::Passkey| passkey.credential_id == presented;
        let (factor, passkey) = factors
            .passkeys()
            .filter(|factor| factor.kind == FactorKind::Passkey)
            .filter_map(|factor| Some((factor, factor.passkey()?)))
            .find(|(_, passkey)| is_it(passkey))?;
        let proof = party.finish_assertion(state?.as_bytes(), answer.as_bytes(), &passkey).ok()?;
        Some(factor.used(i64::from(proof.sign_count), ask.now))
    }

    /// What a browser needs to answer a challenge with a passkey.
    pub(crate) async fn mfa_passkey_options(&self, text: &str) -> Result<Answer> {
        let party = self.relying_party()?;
        for _ in 0..ROUNDS_MAX {
            let challenge = self.find_ticket(&[Purpose::Mfa], text).await?;
            let account = account_of(&challenge)?;
            let factors = self.factors(account.id).await?;
            let passkeys: Vec<_> =
                factors.passkeys().filter_map(crate::factors::FactorRow::passkey).collect();
            if passkeys.is_empty() {
                return Err(invalid_token());
            }
            let ceremony = party.assertion_options(&passkeys, UserVerification::Preferred);
            let mut data = challenge.data.clone().unwrap_or_default();
            data["passkey"] = Json::String(String::from_utf8_lossy(&ceremony.state).into_owned());
            let write = SystemWrite::update("Ticket", challenge.id)
                .set("data", Value::Json(data.to_string()))
                .at(challenge.version);
            match self.engine.system_write(write).await {
                Ok(_) => return crate::passkeys::options_answer(text, &ceremony.options),
                Err(error) if lost_race(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(invalid_token())
    }
}

/// The account of a challenge, while it stands as it did when the first factor was proved.
pub(crate) fn account_of(challenge: &TicketRow) -> Result<&AccountRow> {
    let epoch = challenge.data.as_ref().and_then(|data| data["epoch"].as_i64());
    let stands =
        |account: &&AccountRow| account.suspended_at.is_none() && Some(account.epoch) == epoch;
    challenge.account.as_ref().filter(stands).ok_or_else(invalid_token)
}

/// Everything that was proved, by the first factor and the second.
fn proven(challenge: &TicketRow, guess: Guess<'_>) -> Result<Proven> {
    let account = account_of(challenge)?;
    let first = challenge.data.as_ref().and_then(|data| data["methods"].as_array());
    let names = ["password", "link", "code", "oauth"];
    let was_used = |name: &&str| {
        first.is_some_and(|methods| methods.iter().any(|method| method.as_str() == Some(name)))
    };
    let mut methods: Vec<&'static str> = names.into_iter().filter(was_used).collect();
    methods.push(guess.method());
    Ok(Proven { account: account.id, epoch: account.epoch, methods })
}

/// The one answer to a guess that is not right.
pub(crate) fn wrong() -> Error {
    Error::new(Code::InvalidCredentials, "this does not answer the challenge")
        .with_hint("wait for the next code of the authenticator, or use a recovery code")
}
