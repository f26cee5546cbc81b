//! The account that asks: what it is told of itself, how it changes its row, and its end.

use serde_json::{Value as Json, json};
use underpin_base::{Error, Result};
use underpin_engine::Transaction;
use underpin_plan::{Document, WriteKind, WriteRequest};
use underpin_schema::{FieldCode, Value};

use crate::ask::Ask;
use crate::audit::Event;
use crate::inputs::refusal;
use crate::people::email_field;
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

    /// Changes the row of the account that asks, as the rules of its model allow. The address is
    /// changed by proving the new one, and not here.
    pub(crate) async fn update_me(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        let mut document = ask.inputs.fields.clone();
        let email = email_field(ask.app);
        if let Some(email) =
            email.filter(|email| document.entries.iter().any(|(id, _)| *id == email.id))
        {
            let message = "is changed by the operation that proves a new address";
            document.errors.push(refusal(&email.name, FieldCode::ReadOnly, message));
        }
        let key = signed.identity.actor.id.clone();
        let request = own_row(ask, WriteKind::Merge { key }, document)?;
        let reply = self.engine.write(ask.app, &ask.context(&signed), request).await?;
        let data = serde_json::from_slice(&reply.row).map_err(Error::internal)?;
        Ok(Answer::Data { data, meta: None })
    }

    /// Deletes the account that asks, and its row. That is its owner's right, whatever the rules say
    /// of deleting such rows; rows that refer to it may stand in the way.
    pub(crate) async fn delete_me(&self, ask: &Ask<'_>) -> Result<Answer> {
        let signed = ask.signed()?;
        self.reauthenticate(ask, &signed).await?;
        let key = signed.identity.actor.id.clone();
        if key == Value::Null {
            return Err(Error::not_found());
        }
        let request = own_row(ask, WriteKind::Delete { key }, Document::default())?;
        let mut ctx = self.engine.service_context();
        ctx.standing = Some(std::sync::Arc::clone(&signed.standing));
        let mut transaction = Transaction::new(&self.engine);
        transaction.write(ask.app, &ctx, &request).await?;
        Self::audit(&mut transaction, ask, &Event::new("account.deleted"))?;
        transaction.commit().await?;
        Ok(Answer::Ended)
    }
}

fn own_row(ask: &Ask<'_>, kind: WriteKind, document: Document) -> Result<WriteRequest> {
    let model = ask.app.schema().account_model().ok_or_else(Error::not_found)?.id;
    Ok(WriteRequest { model, kind, document, if_version: None, include: Vec::new(), fields: None })
}
