//! Counts tries at second factors, before each is looked at: five for a challenge, and five for an
//! account within ten minutes, however many challenges they are spread over.
//!
//! Both counts are rows that change at the version that was read, in one transaction, so parallel
//! tries cannot pass them. A try that was right is given back to the account; those that were not
//! stay until the window is over.

use underpin_base::{Code, Error, Result, Timestamp};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::Accounts;
use crate::challenge::lost_race;
use crate::mfa::account_of;
use crate::tickets::{Purpose, TicketRow};

/// Tries for a challenge, and for an account within a window.
const TRIES_MAX: u32 = 5;

/// How long tries of an account count: 10 minutes, in microseconds.
const WINDOW_US: i64 = 600_000_000;

/// How often a try is claimed anew when others were faster. Every round that is lost was won by one
/// that counted.
const ROUNDS_MAX: usize = 32;

impl Accounts {
    /// Counts a try at a challenge. The guess may be looked at afterwards, and not before. What a
    /// passkey answers is taken from the challenge, so that it is answered once.
    ///
    /// # Errors
    /// `INVALID_TOKEN` when the challenge is not in force, or was tried too often; or the account.
    pub(crate) async fn claim_try(&self, text: &str) -> Result<TicketRow> {
        for _ in 0..ROUNDS_MAX {
            let challenge = self.find_ticket(&[Purpose::Mfa], text).await?;
            let account = account_of(&challenge)?;
            if challenge.tries >= TRIES_MAX {
                return Err(too_often());
            }
            let mut data = challenge.data.clone().unwrap_or_default();
            if let Some(members) = data.as_object_mut() {
                members.remove("passkey");
            }
            let mut transaction = Transaction::new(&self.engine);
            let claim = SystemWrite::update("Ticket", challenge.id)
                .set("tries", Value::Int(i64::from(challenge.tries) + 1))
                .set("data", Value::Json(data.to_string()))
                .at(challenge.version);
            transaction.system(&claim)?;
            self.count_try_of(&mut transaction, account.id).await?;
            match transaction.commit().await.map_err(Error::from) {
                Ok(_) => return Ok(challenge),
                Err(error) if lost_race(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(too_often())
    }

    /// Counts a try of an account, of what has no challenge of its own.
    ///
    /// # Errors
    /// `INVALID_TOKEN` when there were too many.
    pub(crate) async fn claim_try_of(&self, account: Uuid) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let mut transaction = Transaction::new(&self.engine);
            self.count_try_of(&mut transaction, account).await?;
            match transaction.commit().await.map_err(Error::from) {
                Ok(_) => return Ok(()),
                Err(error) if lost_race(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(too_often())
    }

    /// Adds the count of a try of an account.
    async fn count_try_of(&self, transaction: &mut Transaction<'_>, account: Uuid) -> Result<()> {
        let now = self.engine.now();
        let until = Timestamp(now.0 + WINDOW_US);
        let write = match self.window(account).await? {
            None => SystemWrite::create("Ticket")
                .text("kind", "MFA")
                .text("hash", window_name(account))
                .set("tries", Value::Int(1))
                .time("expiresAt", until),
            Some(window) if window.expires_at <= now => SystemWrite::update("Ticket", window.id)
                .set("tries", Value::Int(1))
                .time("expiresAt", until)
                .at(window.version),
            Some(window) if window.tries >= TRIES_MAX => return Err(too_often()),
            Some(window) => SystemWrite::update("Ticket", window.id)
                .set("tries", Value::Int(i64::from(window.tries) + 1))
                .at(window.version),
        };
        transaction.system(&write).map(drop)
    }

    /// Takes back the count of a try that was right.
    pub(crate) async fn give_back_try(&self, account: Uuid) -> Result<()> {
        for _ in 0..ROUNDS_MAX {
            let Some(window) = self.window(account).await? else { return Ok(()) };
            let tries = i64::from(window.tries.saturating_sub(1));
            let write = SystemWrite::update("Ticket", window.id)
                .set("tries", Value::Int(tries))
                .at(window.version);
            match self.engine.system_write(write).await {
                Ok(_) => return Ok(()),
                Err(error) if lost_race(&error) => {}
                Err(error) => return Err(error),
            }
        }
        // One try fewer is left to the account until the window is over.
        Ok(())
    }

    async fn window(&self, account: Uuid) -> Result<Option<TicketRow>> {
        let name = window_name(account);
        let conditions = [("hash", Operator::Eq, name.as_str())];
        let query = SystemQuery::new("Ticket", &conditions).with(&["account.roles"]);
        self.engine.system_find(query).await
    }
}

/// What the count of an account is found by. No hash of a ticket has a colon. The row belongs to no
/// account, so that what ends an account's tickets leaves it.
fn window_name(account: Uuid) -> String {
    format!("tries:{account}")
}

fn too_often() -> Error {
    Error::new(Code::InvalidToken, "there were too many tries")
        .with_hint("wait for ten minutes, then log in again")
}
