//! Where an account is logged in, and the end of it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use underpin_base::{Error, Result};
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::Operator;
use underpin_schema::Value;
use uuid::Uuid;

use crate::ask::Ask;
use crate::audit::Event;
use crate::people::time_text;
use crate::{Accounts, Answer};

/// A session as its owner sees it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Device {
    id: Uuid,
    created_at: String,
    last_used_at: String,
    authenticated_at: String,
    expires_at: String,
    methods: Vec<String>,
    cookies: bool,
    client: Option<String>,
    ip: Option<String>,
    agent: Option<String>,
    #[serde(default)]
    current: bool,
}

impl Accounts {
    /// The devices on which the account that asks is logged in, the one used last first.
    pub(crate) async fn list_sessions(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let account = self.account(signed.account).await?.ok_or_else(Error::not_found)?;
        let (id, epoch) = (account.id.to_string(), account.epoch.to_string());
        let now = time_text(ask.now);
        let conditions = [
            ("account", Operator::Eq, id.as_str()),
            ("epoch", Operator::Eq, epoch.as_str()),
            ("revokedAt", Operator::IsNull, "true"),
            ("expiresAt", Operator::Gt, now.as_str()),
        ];
        let query = SystemQuery {
            sort: &[("lastUsedAt", true)],
            ..SystemQuery::new("Session", &conditions)
        };
        let (mut devices, _) = self.engine.system_list::<Device>(query).await?;
        for device in &mut devices {
            device.current = device.id == signed.session;
        }
        let data = serde_json::to_value(devices).map_err(Error::internal)?;
        Ok(Answer::Data { data, meta: None })
    }

    /// Ends the session that asks.
    pub(crate) async fn logout(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        self.end(ask, signed.session).await?;
        Ok(Answer::Ended)
    }

    /// Ends one of the sessions of the account that asks.
    pub(crate) async fn end_session(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let id = Uuid::try_parse(ask.segment(0)?).map_err(|_| Error::not_found())?;
        let session = self.session(id).await?.filter(|session| {
            session.account.id == signed.account
                && session.is_in_force(ask.now, self.options.settings.idle_us())
        });
        let session = session.ok_or_else(Error::not_found)?;
        self.end(ask, session.id).await?;
        Ok(if id == signed.session { Answer::Ended } else { Answer::Nothing })
    }

    async fn end(&self, ask: &Ask<'_>, session: Uuid) -> Result<()> {
        let mut transaction = Transaction::new(&self.engine);
        let write = SystemWrite::update("Session", session).time("revokedAt", ask.now);
        transaction.system(&write)?;
        transaction.changes_authority();
        let target = session.to_string();
        Self::audit(&mut transaction, ask, &Event::new("session.ended").target(&target))?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends all sessions of the account that asks but this one.
    pub(crate) async fn end_other_sessions(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let account = self.account(signed.account).await?.ok_or_else(Error::not_found)?;
        let epoch = Value::Int(account.epoch + 1);
        let mut transaction = Transaction::new(&self.engine);
        transaction.require(&signed.standing)?;
        let write = SystemWrite::update("Account", account.id).at(account.version);
        transaction.system(&write.set("epoch", epoch.clone()))?;
        transaction.system(&SystemWrite::update("Session", signed.session).set("epoch", epoch))?;
        transaction.changes_authority();
        let event = Event::new("session.ended").details(json!({ "others": true }));
        Self::audit(&mut transaction, ask, &event)?;
        transaction.commit().await?;
        Ok(Answer::Nothing)
    }
}
