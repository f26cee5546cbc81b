//! Rows of the account model and their accounts: how one is found by an address.

use serde_json::json;
use underpin_base::{Code, Result, Timestamp};
use underpin_engine::{App, SystemQuery, SystemWrite, UserRow};
use underpin_plan::Operator;
use underpin_schema::{Field, FieldKind, Scalar, Value};
use uuid::Uuid;

use crate::actor::AccountRow;
use crate::{Accounts, Verification};

/// Where the addresses of accounts lie that have none: nobody receives mail there (RFC 6761,
/// section 6.4).
pub(crate) const PLACEHOLDER_DOMAIN: &str = "@anonymous.invalid";

/// Whoever has an address.
#[derive(Debug)]
pub(crate) struct Found {
    /// The key of the row, as text.
    pub(crate) key: String,
    /// The account; none yet for a row that was made by other ways than registering.
    pub(crate) account: Option<AccountRow>,
}

/// The field that holds the address of whoever a row is: an identity of type `Email`, else one that
/// is called `email`.
pub(crate) fn email_field(app: &App) -> Option<&Field> {
    let model = app.schema().account_model()?;
    let fields = || model.account.iter().flat_map(|account| &account.identity);
    let mut fields_by_type = fields()
        .map(|id| model.field(*id))
        .filter(|it| it.kind == FieldKind::Scalar(Scalar::Email));
    fields_by_type
        .next()
        .or_else(|| fields().map(|id| model.field(*id)).find(|field| field.name == "email"))
}

/// The address in a row.
pub(crate) fn email_of(app: &App, row: &UserRow) -> Option<String> {
    match row.fields.get(&email_field(app)?.id)? {
        Value::Text(text) => Some(text.to_ascii_lowercase()),
        _ => None,
    }
}

/// A time as conditions compare with it.
pub(crate) fn time_text(at: Timestamp) -> String {
    let mut text = Vec::with_capacity(32);
    Scalar::DateTime.write_text(&Value::DateTime(at.0), &mut text);
    String::from_utf8(text).expect("invariant: a time is written in ASCII")
}

impl Accounts {
    /// Whoever has this address.
    pub(crate) async fn find(&self, app: &App, email: &str) -> Result<Option<Found>> {
        let Some(field) = email_field(app) else { return Ok(None) };
        let Some(key) = self.engine.user_key_by(app, field.id, email).await? else {
            return Ok(None);
        };
        let account = self.account_of(&key).await?;
        Ok(Some(Found { key, account }))
    }

    /// The account of the row with this key.
    pub(crate) async fn account_of(&self, key: &str) -> Result<Option<AccountRow>> {
        let conditions = [("subject", Operator::Eq, key)];
        self.engine.system_find(SystemQuery::new("Account", &conditions).with(&["roles"])).await
    }

    /// The account with this id.
    pub(crate) async fn account(&self, id: Uuid) -> Result<Option<AccountRow>> {
        let id = id.to_string();
        let conditions = [("id", Operator::Eq, id.as_str())];
        self.engine.system_find(SystemQuery::new("Account", &conditions).with(&["roles"])).await
    }

    /// The account of whoever was found; made now for a row that had none.
    pub(crate) async fn account_of_found(&self, found: Found) -> Result<Option<AccountRow>> {
        if found.account.is_some() {
            return Ok(found.account);
        }
        let write = SystemWrite::create("Account").text("subject", found.key.as_str());
        match self.engine.system_write(write).await {
            Ok(_) => {}
            // Somebody else made it at the same time.
            Err(error) if error.code() == Code::UniqueConflict => {}
            Err(error) => return Err(error),
        }
        self.account_of(&found.key).await
    }

    /// The address of an account, from its row.
    pub(crate) async fn email(&self, app: &App, account: &AccountRow) -> Result<Option<String>> {
        let Some(subject) = &account.subject else { return Ok(None) };
        let row = self.engine.user_row(app, subject).await?;
        Ok(row.and_then(|row| email_of(app, &row)))
    }

    /// Whether an account must prove its address before anybody logs in to it.
    pub(crate) async fn must_prove_address(&self, app: &App, account: &AccountRow) -> Result<bool> {
        if self.options.settings.verification == Verification::Optional {
            return Ok(false);
        }
        let email = self.email(app, account).await?;
        Ok(email.is_some_and(|email| !account.has_proved(&email)))
    }

    /// The row of an account as its owner may see it, as JSON.
    pub(crate) async fn user_json(
        &self,
        app: &App,
        actor: &std::sync::Arc<underpin_plan::Actor>,
        subject: &str,
    ) -> Result<Vec<u8>> {
        let mut ctx = self.engine.service_context();
        ctx.actor = std::sync::Arc::clone(actor);
        let row = self.engine.user_json(app, &ctx, subject).await?;
        // A key is known to its owner, whatever the rules say of the row.
        Ok(if row == b"{}" { json!({ "id": subject }).to_string().into_bytes() } else { row })
    }
}
