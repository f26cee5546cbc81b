//! The account that asks: what it is told of itself.

use serde_json::{Value as Json, json};
use underpin_base::{Error, Result};

use crate::ask::Ask;
use crate::{Accounts, Answer};

impl Accounts {
    /// The account that asks: its row, its roles and what they permit.
    pub(crate) async fn me(&self, ask: &Ask<'_>) -> Result<Answer> {
        let Some(identity) = &ask.caller else { return Err(Error::not_found()) };
        let actor = &identity.actor;
        let account = match identity.account {
            Some(id) => self.account(id).await?,
            None => None,
        };
        let subject = account.as_ref().and_then(|account| account.subject.as_deref());
        let user: Json = match subject {
            Some(subject) => {
                let row = self.user_json(ask.app, actor, subject).await?;
                serde_json::from_slice(&row).map_err(Error::internal)?
            }
            None => Json::Null,
        };
        let data = json!({
            "user": user,
            "roles": actor.profile.roles,
            "permissions": self.engine.roles().permissions(&actor.profile.roles),
            "scopes": actor.profile.scopes,
            "verified": actor.verified,
            "anonymous": account.as_ref().is_some_and(|account| account.anonymous),
        });
        Ok(Answer::Data { data, meta: None })
    }
}
