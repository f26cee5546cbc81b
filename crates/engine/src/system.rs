//! Underpin's own data: API keys, kept as rows of models of our own.
//!
//! They live in a schema that no transport can name, and are read and written through the same
//! plans as all data, as the service actor.

use std::sync::Arc;

use serde::Deserialize;
use underpin_base::{Code, Error, FieldError, Result};
use underpin_plan::{
    Actor, Condition, Document, Operator, PageRequest, Paging, RawText, ReadRequest, SortKey,
    Target, WriteKind, WriteRequest,
};
use underpin_schema::{Schema, Value};

use crate::keys::{self, NewKey};
use crate::{App, Context, Engine, ReadCall};

/// The schema of our own models.
pub(crate) const SYSTEM_SCHEMA: &str = include_str!("system.graphql");

/// What the tables of our own models start with; schemas of users are refused such names.
const TABLE_PREFIX: &str = "_underpin_";

/// What is known of a key, all but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// The row's key.
    pub id: String,
    /// What the key is for, as its maker named it.
    pub name: String,
    /// The public part of the token.
    pub prefix: String,
    /// The roles that requests with the key have.
    pub roles: Vec<String>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it stops working, if it does.
    pub expires_at: Option<String>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<String>,
    #[serde(default, skip_serializing)]
    hash: String,
}

/// The schema of our own models, in tables that no schema of a user can name.
pub(crate) fn schema() -> Schema {
    let parsed = underpin_schema::parse(SYSTEM_SCHEMA, "system.graphql");
    let problems = parsed.diagnostics;
    let mut schema =
        parsed.schema.unwrap_or_else(|| panic!("invariant: our own schema is sound: {problems:?}"));
    for model in &mut schema.models {
        model.table.insert_str(0, TABLE_PREFIX);
        for index in &mut model.indexes {
            index.name.insert_str(0, TABLE_PREFIX);
        }
    }
    schema
}

impl Engine {
    /// Makes an API key whose requests have `roles`.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for a role that the schema does not declare or a name that is empty or
    /// too long.
    pub async fn create_key(&self, name: &str, roles: &[String]) -> Result<NewKey> {
        let unknown = unknown_roles(self.app().await.schema(), roles);
        if !unknown.is_empty() {
            return Err(Error::validation(unknown));
        }
        let key = NewKey::generate();
        let text = |text: &str| Value::Text(text.to_owned());
        let roles = Value::List(roles.iter().map(|role| text(role)).collect());
        let values = [
            ("name", text(name)),
            ("prefix", text(&key.prefix)),
            ("hash", text(&key.hash)),
            ("roles", roles),
        ];
        self.write_system(WriteKind::Create { under: None }, &values).await?;
        Ok(key)
    }

    /// Every key that was ever made, oldest first.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>> {
        let mut keys: Vec<KeyInfo> = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let (page, next) = self.keys_page(cursor.as_deref()).await?;
            keys.extend(page);
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(keys),
            }
        }
    }

    /// Ends a key. Requests with it are refused within a second on every node.
    ///
    /// # Errors
    /// `NOT_FOUND` when no key in force has this prefix.
    pub async fn revoke_key(&self, prefix: &str) -> Result<()> {
        let key = self.key_by_prefix(prefix).await?.filter(|key| key.revoked_at.is_none());
        let Some(key) = key else {
            return Err(Error::new(
                Code::NotFound,
                format!("no key in force starts with `up_{prefix}`"),
            )
            .with_hint("`underpin key list` shows the keys"));
        };
        let id = uuid::Uuid::parse_str(&key.id).map_err(Error::internal)?;
        let values = [("revokedAt", Value::DateTime(self.now().0))];
        self.write_system(WriteKind::Merge { key: Value::Uuid(id) }, &values).await
    }

    /// Who presents this bearer token.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when it is not a key that is in force.
    pub async fn authenticate(&self, token: &str) -> Result<Arc<Actor>> {
        if let Some(actor) = self.fixed_actor(token) {
            return Ok(actor);
        }
        let now = self.now();
        if let Some(actor) = self.remembered_keys().get(token, now) {
            return Ok(actor);
        }
        let (prefix, secret) = keys::split(token).ok_or_else(keys::refused)?;
        let key = self.key_by_prefix(prefix).await?;
        // The secret is compared even when there is no such key, so that the time of the answer
        // does not tell which prefixes exist.
        let hash = key.as_ref().map_or("", |key| key.hash.as_str());
        let matches = keys::matches(secret, hash);
        let key = key.filter(|key| matches && key.in_force(now.0)).ok_or_else(keys::refused)?;
        let actor = Arc::new(Actor::key(key.roles));
        self.remembered_keys().insert(token, Arc::clone(&actor), now);
        Ok(actor)
    }

    async fn key_by_prefix(&self, prefix: &str) -> Result<Option<KeyInfo>> {
        let condition =
            Condition { path: "prefix".to_owned(), operator: Operator::Eq, n_values: 1 };
        let request = || Ok(list_of_keys(vec![condition.clone()], Paging::First));
        let values = [RawText::Query { text: prefix, parameter: "prefix" }];
        let call = ReadCall {
            shape: b"key by prefix",
            build: &request,
            values: &values,
            limit: Some(1),
            page: None,
            cursor: None,
        };
        Ok(self.read_keys(call).await?.0.pop())
    }

    async fn keys_page(&self, cursor: Option<&str>) -> Result<(Vec<KeyInfo>, Option<String>)> {
        let (shape, paging): (&[u8], _) = match cursor {
            Some(_) => (b"keys after", Paging::After),
            None => (b"keys", Paging::First),
        };
        let request = || Ok(list_of_keys(Vec::new(), paging));
        let call = ReadCall {
            shape,
            build: &request,
            values: &[],
            limit: Some(self.limits().page_rows_max),
            page: None,
            cursor,
        };
        self.read_keys(call).await
    }

    async fn read_keys(&self, call: ReadCall<'_>) -> Result<(Vec<KeyInfo>, Option<String>)> {
        let mut rows = Vec::new();
        let reply = self.read(self.system(), &self.service_context(), call, &mut rows).await?;
        let keys = serde_json::from_slice(&rows).map_err(Error::internal)?;
        Ok((keys, reply.page.and_then(|page| page.next_cursor)))
    }

    async fn write_system(&self, kind: WriteKind, values: &[(&str, Value)]) -> Result<()> {
        let app = self.system();
        let model = key_model(app);
        let entries = values.iter().map(|(name, value)| {
            let field = model.by_field.get(*name).expect("invariant: our own schema has it");
            (*field, value.clone())
        });
        let document = Document { entries: entries.collect(), errors: Vec::new() };
        let request = WriteRequest {
            model: model.id,
            kind,
            document,
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        self.write(app, &self.service_context(), request).await.map(drop)
    }

    fn service_context(&self) -> Context {
        Context {
            actor: Arc::new(Actor::service()),
            now: self.now(),
            ip: None,
            transport: "service",
        }
    }
}

impl KeyInfo {
    /// Whether the key works at `now` (microseconds since 1970).
    fn in_force(&self, now: i64) -> bool {
        let expired = self.expires_at.as_deref().is_some_and(|text| {
            let at = underpin_schema::Scalar::DateTime.parse_text(text);
            // An expiry that cannot be read is treated as past: access is never widened by doubt.
            !matches!(at, Ok(Value::DateTime(at)) if at > now)
        });
        self.revoked_at.is_none() && !expired
    }
}

fn key_model(app: &App) -> &underpin_schema::Model {
    let id = app.schema().by_name["Key"];
    app.schema().model(id)
}

fn list_of_keys(conditions: Vec<Condition>, paging: Paging) -> ReadRequest {
    ReadRequest {
        target: Target::List(underpin_schema::ModelId(0)),
        fields: None,
        include: Vec::new(),
        conditions,
        filter: None,
        sort: vec![SortKey { path: "createdAt".to_owned(), descending: false }],
        page: PageRequest { paging, count: false },
    }
}

fn unknown_roles(schema: &Schema, roles: &[String]) -> Vec<FieldError> {
    let known: Vec<&str> = schema.roles.iter().map(|role| role.name.as_str()).collect();
    let unknown = roles.iter().filter(|role| !known.contains(&role.as_str()));
    unknown
        .map(|role| FieldError {
            path: "roles".to_owned(),
            code: "UNKNOWN_VALUE",
            message: format!("the schema has no role `{role}`; it has: {}", known.join(", ")),
        })
        .collect()
}
