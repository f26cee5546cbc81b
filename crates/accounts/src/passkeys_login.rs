//! Logging in with a passkey alone. The authenticator must make sure who uses it, so what it is and
//! what its user knows, or is, are two factors, and no other is asked for.

use serde::Deserialize;
use serde_json::json;
use underpin_base::{Code, Error, Result};
use underpin_credentials::passkey::{self, Passkey, Proof, UserVerification};
use underpin_engine::{SystemQuery, Transaction};
use underpin_plan::Operator;

use crate::actor::AccountRow;
use crate::ask::Ask;
use crate::audit::Event;
use crate::challenge::lost_race;
use crate::factors::FactorRow;
use crate::passkeys::{credential_text, not_accepted, options_answer};
use crate::session::Proven;
use crate::tickets::Purpose;
use crate::{Accounts, Answer};

/// A passkey, with its account.
#[derive(Deserialize)]
struct Owned {
    #[serde(flatten)]
    factor: FactorRow,
    account: AccountRow,
}

impl Accounts {
    /// What a browser needs to log in with a passkey, or to answer a challenge with one.
    pub(crate) async fn passkey_login_options(&self, ask: &Ask<'_>) -> Result<Answer> {
        if let Some(challenge) = ask.inputs.maybe("challenge") {
            return self.mfa_passkey_options(challenge).await;
        }
        let party = self.relying_party()?;
        // Which passkeys there are is not told: the authenticator knows those of this server.
        let ceremony = party.assertion_options(&[], UserVerification::Required);
        let data = json!({ "state": String::from_utf8_lossy(&ceremony.state) });
        let mut transaction = Transaction::new(&self.engine);
        let challenge = self.add_ticket(&mut transaction, Purpose::PasskeyLogin, None, data)?;
        transaction.commit().await.map_err(Error::from)?;
        options_answer(challenge.expose(), &ceremony.options)
    }

    /// Logs in with a passkey.
    pub(crate) async fn passkey_login(&self, ask: &Ask<'_>) -> Result<Answer> {
        let ticket = self.take_ticket(Purpose::PasskeyLogin, ask.inputs.text("challenge")).await?;
        let state = ticket.text("state").unwrap_or_default();
        let answer = ask.inputs.text("credential").as_bytes();
        let Some((owned, proof)) = self.prove_passkey(state.as_bytes(), answer).await? else {
            let event = Event::new("passkey.tried");
            self.audit_refusal(ask, &event, Code::InvalidCredentials).await?;
            return Err(not_accepted());
        };
        let account = owned.account;
        if account.suspended_at.is_some() {
            return Err(not_accepted());
        }
        if self.must_prove_address(ask.app, &account).await? {
            let message = "the address is not confirmed yet";
            return Err(Error::new(Code::EmailUnverified, message)
                .with_hint("follow the link in the mail, or have it sent again"));
        }
        let mut transaction = Transaction::new(&self.engine);
        transaction.system(&owned.factor.used(i64::from(proof.sign_count), ask.now))?;
        let (account, epoch) = (account.id, account.epoch);
        let proven = Proven { account, epoch, methods: vec!["passkey"] };
        match self.log_in(ask, transaction, &proven).await {
            Ok(grant) => Ok(Answer::Session(Box::new(grant))),
            Err(error) if lost_race(&error) => Err(not_accepted()),
            Err(error) => Err(error),
        }
    }

    /// Whose passkey it is that answers, when the answer holds.
    async fn prove_passkey(&self, state: &[u8], answer: &[u8]) -> Result<Option<(Owned, Proof)>> {
        let party = self.relying_party()?;
        let Some(presented) = passkey::presented_credential(answer) else { return Ok(None) };
        let credential = credential_text(&presented);
        let conditions =
            [("kind", Operator::Eq, "PASSKEY"), ("credential", Operator::Eq, &*credential)];
        let query = SystemQuery::new("Factor", &conditions).with(&["account.roles"]);
        let Some(owned) = self.engine.system_find::<Owned>(query).await? else { return Ok(None) };
        let Some(passkey) = owned.factor.passkey() else { return Ok(None) };
        let belongs = |passkey: &Passkey| passkey.account == owned.account.id.to_string();
        if !belongs(&passkey) {
            return Ok(None);
        }
        let proof = party.finish_assertion(state, answer, &passkey).ok();
        Ok(proof.map(|proof| (owned, proof)))
    }
}
