//! What happened to accounts, written with what happened: a row in the same transaction, or for
//! what was refused one of its own.
//!
//! Rows never hold a secret, a token or a password, and whatever a client says is cut.

use serde_json::Value as Json;
use underpin_base::{Code, Result};
use underpin_engine::{SystemWrite, Transaction};
use underpin_plan::ActorKind;
use underpin_schema::Value;
use uuid::Uuid;

use crate::administration::event_of;
use crate::ask::Ask;
use crate::{Accounts, Call, Client, Identity};

/// Bytes of what a client calls itself that are kept.
pub(crate) const AGENT_BYTES_MAX: usize = 512;

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event<'e> {
    /// Such as `session.created`.
    pub(crate) name: &'static str,
    /// The account that acted, or as which somebody tried to.
    pub(crate) account: Option<Uuid>,
    pub(crate) session: Option<Uuid>,
    /// What it was done to.
    pub(crate) target: Option<&'e str>,
    pub(crate) details: Option<Json>,
}

impl<'e> Event<'e> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, account: None, session: None, target: None, details: None }
    }

    /// Of this account.
    pub(crate) fn of(mut self, account: Uuid) -> Self {
        self.account = Some(account);
        self
    }

    /// In this session.
    pub(crate) fn session(mut self, session: Uuid) -> Self {
        self.session = Some(session);
        self
    }

    /// Done to this.
    pub(crate) fn target(mut self, target: &'e str) -> Self {
        self.target = Some(target);
        self
    }

    /// With more to say of it; nothing secret.
    pub(crate) fn details(mut self, details: Json) -> Self {
        self.details = Some(details);
        self
    }
}

impl Accounts {
    /// Adds the row of something that happens with the transaction.
    pub(crate) fn audit(
        transaction: &mut Transaction<'_>,
        ask: &Ask<'_>,
        event: &Event<'_>,
    ) -> Result<()> {
        transaction.system(&row(event, "success", ask)).map(drop)
    }

    /// Writes the row of something that was refused.
    ///
    /// # Errors
    /// Those of the write: what cannot be told of is not answered either.
    pub(crate) async fn audit_refusal(
        &self,
        ask: &Ask<'_>,
        event: &Event<'_>,
        code: Code,
    ) -> Result<()> {
        self.engine.system_write(row(event, code.name(), ask)).await.map(drop)
    }

    /// Writes the row of a request that somebody who was recognised may not make, whatever it was
    /// for: `target` says what was asked, `code` what was answered.
    ///
    /// # Errors
    /// Those of the write: what cannot be told of is not answered either.
    pub async fn audit_request(
        &self,
        caller: &Identity,
        client: &Client,
        (target, code): (&str, Code),
    ) -> Result<()> {
        let event = Event::new("request.denied").target(target);
        let row = row_of(&event, code.name(), (Some(caller), client));
        self.engine.system_write(row).await.map(drop)
    }

    /// Writes the row of a call that somebody who was recognised may not make.
    ///
    /// # Errors
    /// Those of the write.
    pub(crate) async fn audit_denial(&self, call: &Call<'_>, code: Code) -> Result<()> {
        let Some(caller) = call.caller.as_deref().filter(|_| code == Code::Forbidden) else {
            return Ok(());
        };
        let target = call.path.join("/");
        let event = Event::new(event_of(call.operation)).target(&target);
        let row = row_of(&event, code.name(), (Some(caller), &call.client));
        self.engine.system_write(row).await.map(drop)
    }
}

/// The row.
pub(crate) fn row(event: &Event<'_>, outcome: &'static str, ask: &Ask<'_>) -> SystemWrite {
    row_of(event, outcome, (ask.caller.as_deref(), &ask.client))
}

/// The row of what somebody tried from somewhere.
fn row_of(
    event: &Event<'_>,
    outcome: &'static str,
    (caller, client): (Option<&Identity>, &Client),
) -> SystemWrite {
    let account = event.account.or(caller.and_then(|identity| identity.account));
    let session = event.session.or(caller.and_then(|identity| identity.session));
    let text = |id: Uuid| id.to_string();
    let details = event.details.as_ref().map_or(Value::Null, |it| Value::Json(it.to_string()));
    SystemWrite::create("Audit")
        .text("event", event.name)
        .text("outcome", outcome)
        .text("actor", actor_name(caller))
        .maybe("account", account.map(text).as_deref())
        .maybe("session", session.map(text).as_deref())
        .maybe("target", event.target.map(|target| cut(target, 500)).as_deref())
        .maybe("ip", ip(client).as_deref())
        .maybe("agent", agent(client).as_deref())
        .set("details", details)
}

fn actor_name(caller: Option<&Identity>) -> &'static str {
    caller.map_or(ActorKind::Anonymous, |identity| identity.actor.profile.kind).name()
}

pub(crate) fn ip(client: &Client) -> Option<String> {
    client.ip.map(|ip| ip.to_string())
}

pub(crate) fn agent(client: &Client) -> Option<String> {
    client.agent.as_deref().map(|agent| cut(agent, AGENT_BYTES_MAX))
}

/// At most so many bytes of a text, without the control characters with which it could pass for
/// more than one line. A field's length is counted in characters, of which there are no more.
pub(crate) fn cut(text: &str, bytes_max: usize) -> String {
    let mut kept = String::with_capacity(text.len().min(bytes_max));
    for character in text.chars().filter(|character| !character.is_control()) {
        if kept.len() + character.len_utf8() > bytes_max {
            break;
        }
        kept.push(character);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character_and_kept_to_one_line() {
        assert_eq!(cut("a\nb\u{1b}[31m\0c", 100), "ab[31mc");
        assert_eq!(cut("ééé", 5), "éé");
        assert_eq!(cut("", 5), "");
    }
}
