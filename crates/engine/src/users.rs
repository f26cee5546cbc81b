//! Rows of the account model, as whoever recognises their owners needs them.

use std::collections::BTreeMap;

use underpin_base::{Code, Error, FieldError, Result};
use underpin_plan::{
    Actor, ActorKind, Condition, Operator, PageRequest, Paging, RawText, ReadRequest, Target,
    WriteRequest, decode_document,
};
use underpin_schema::{Field, FieldCode, FieldId, FieldKind, Model, ModelId, Scalar, Value};

use crate::{App, Context, Engine, ReadCall};

/// A row of the account model.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRow {
    /// Its key.
    pub key: Value,
    /// Every column that is not hidden, for rules to compare with.
    pub fields: BTreeMap<FieldId, Value>,
}

impl Engine {
    /// The key, as text, of the row of the account model that has this value in `field`; `None`
    /// where there is none.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn user_key_by(
        &self,
        app: &App,
        field: FieldId,
        text: &str,
    ) -> Result<Option<String>> {
        let Some(model) = app.schema().account_model() else { return Ok(None) };
        let name = &model.field(field).name;
        let request = || {
            Ok(ReadRequest {
                target: Target::List(model.id),
                fields: Some(vec!["id".to_owned()]),
                include: Vec::new(),
                conditions: vec![Condition {
                    path: name.clone(),
                    operator: Operator::Eq,
                    n_values: 1,
                }],
                filter: None,
                sort: Vec::new(),
                page: PageRequest { paging: Paging::First, count: false },
            })
        };
        let values = [RawText::Query { text, parameter: name }];
        let shape = format!("user by {name}");
        let call = ReadCall {
            shape: shape.as_bytes(),
            build: &request,
            values: &values,
            limit: Some(1),
            page: None,
            cursor: None,
        };
        let mut rows = Vec::new();
        self.read(app, &self.service_context(), call, &mut rows).await?;
        let rows: Vec<BTreeMap<String, serde_json::Value>> =
            serde_json::from_slice(&rows).map_err(Error::internal)?;
        let key = rows.into_iter().next().and_then(|mut row| row.remove(&model.key_field().name));
        Ok(key.map(|key| match key {
            serde_json::Value::String(key) => key,
            other => other.to_string(),
        }))
    }

    /// The row of the account model with this key, as `ctx.actor` may see it, as JSON; `{}` where
    /// it may not.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn user_json(&self, app: &App, ctx: &Context, key: &str) -> Result<Vec<u8>> {
        let Some(model) = app.schema().account_model() else { return Ok(b"{}".to_vec()) };
        let request = || Ok(item(model.id));
        let values = [RawText::Key(key)];
        let call = ReadCall {
            shape: b"user row",
            build: &request,
            values: &values,
            limit: None,
            page: None,
            cursor: None,
        };
        let mut row = Vec::new();
        match self.read(app, ctx, call, &mut row).await {
            Ok(_) => Ok(row),
            Err(error)
                if matches!(
                    error.code(),
                    Code::NotFound | Code::Forbidden | Code::Unauthenticated
                ) =>
            {
                Ok(b"{}".to_vec())
            }
            Err(error) => Err(error),
        }
    }

    /// The row of the account model with this key, given as text; `None` where there is none, or
    /// the schema has no account model.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn user_row(&self, app: &App, key: &str) -> Result<Option<UserRow>> {
        let Some(model) = app.schema().account_model() else { return Ok(None) };
        let FieldKind::Scalar(scalar @ Scalar::Id(_)) = &model.key_field().kind else {
            unreachable!("invariant: a key is an ID")
        };
        let Ok(parsed) = scalar.parse_text(key) else { return Ok(None) };
        let request = || Ok(item(model.id));
        let values = [RawText::Key(key)];
        let call = ReadCall {
            shape: b"user row",
            build: &request,
            values: &values,
            limit: None,
            page: None,
            cursor: None,
        };
        let mut row = Vec::new();
        match self.read(app, &self.service_context(), call, &mut row).await {
            Ok(_) => {}
            Err(error) if error.code() == Code::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
        let document = decode_document(app.schema(), model.id, &row, self.limits())?;
        if let Some(wrong) = document.errors.first() {
            return Err(Error::internal(format!("a row reads as no document: {}", wrong.path)));
        }
        Ok(Some(UserRow { key: parsed, fields: document.entries.into_iter().collect() }))
    }
}

/// Refuses to change the address in the actor's own row: whoever has it sets a new password by mail,
/// so a session that was left open for a moment would be the account for good. The operation that
/// proves a new address sets it as the server itself.
///
/// # Errors
/// `VALIDATION_ERROR` that names the field.
pub(crate) fn keep_own_address(model: &Model, actor: &Actor, request: &WriteRequest) -> Result<()> {
    let is_own = request.kind.key().is_some_and(|key| *key != Value::Null && *key == actor.id);
    if !is_own || actor.profile.kind == ActorKind::Service {
        return Ok(());
    }
    let identity: &[FieldId] = model.account.as_ref().map_or(&[], |account| &account.identity);
    let is_address = |field: &Field| {
        identity.contains(&field.id)
            && (field.kind == FieldKind::Scalar(Scalar::Email) || field.name == "email")
    };
    let is_other = |field: FieldId, value: &Value| match (actor.user.get(&field), value) {
        (Some(Value::Text(now)), Value::Text(next)) => !now.eq_ignore_ascii_case(next),
        (now, next) => now != Some(next),
    };
    let wrong = request.document.entries.iter().filter_map(|(id, value)| {
        let field = model.field(*id);
        (is_address(field) && is_other(*id, value)).then(|| FieldError {
            path: field.name.clone(),
            code: FieldCode::ReadOnly.name(),
            message: "is changed by the operation that proves a new address".to_owned(),
        })
    });
    let wrong: Vec<FieldError> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::validation(wrong)) }
}

fn item(model: ModelId) -> ReadRequest {
    ReadRequest {
        target: Target::Item(model),
        fields: None,
        include: Vec::new(),
        conditions: Vec::new(),
        filter: None,
        sort: Vec::new(),
        page: PageRequest { paging: Paging::First, count: false },
    }
}
