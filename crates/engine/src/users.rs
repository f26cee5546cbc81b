//! Rows of the account model, as whoever recognises their owners needs them.

use std::collections::BTreeMap;

use underpin_base::{Code, Error, Result};
use underpin_plan::{PageRequest, Paging, RawText, ReadRequest, Target, decode_document};
use underpin_schema::{FieldId, FieldKind, Scalar, Value};

use crate::{App, Engine, ReadCall};

/// A row of the account model.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRow {
    /// Its key.
    pub key: Value,
    /// Every column that is not hidden, for rules to compare with.
    pub fields: BTreeMap<FieldId, Value>,
}

impl Engine {
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
        let request = || {
            Ok(ReadRequest {
                target: Target::Item(model.id),
                fields: None,
                include: Vec::new(),
                conditions: Vec::new(),
                filter: None,
                sort: Vec::new(),
                page: PageRequest { paging: Paging::First, count: false },
            })
        };
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
