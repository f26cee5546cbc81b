//! Underpin's own data: accounts, sessions, roles, mails and whatever else a room keeps in the
//! database beside the rows of the application.
//!
//! It lives in a schema that no transport can name, and is read and written through the same plans
//! as all data, as the service actor. Whoever reads deserializes rows as they are on the wire.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use underpin_base::{Error, Result, Timestamp};
use underpin_plan::{
    Actor, Condition, Document, Operator, PageRequest, Paging, RawText, ReadRequest, SortKey,
    Target, WriteKind, WriteRequest,
};
use underpin_schema::{FieldKind, Model, Scalar, Schema, Value};
use uuid::Uuid;

use crate::{Context, Engine, Made, ReadCall, Transaction, WriteReply};

/// The schema of our own models.
pub(crate) const SYSTEM_SCHEMA: &str = include_str!("system.graphql");

/// What the tables of our own models start with; schemas of users are refused such names.
const TABLE_PREFIX: &str = "_underpin_";

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
        for field in &mut model.fields {
            if let FieldKind::ManyToMany(join) = &mut field.kind {
                join.table.insert_str(0, TABLE_PREFIX);
            }
        }
    }
    schema
}

/// A question for rows of one of our own models.
#[derive(Debug, Clone, Copy)]
pub struct SystemQuery<'q> {
    /// The model, as `system.graphql` names it.
    pub model: &'static str,
    /// What must hold: a path, a comparison, and the value as text.
    pub conditions: &'q [(&'static str, Operator, &'q str)],
    /// The fields to sort by, each with whether the greatest comes first.
    pub sort: &'static [(&'static str, bool)],
    /// Relations to return with each row.
    pub include: &'static [&'static str],
    /// Whether the keys of the rows are all that is wanted.
    pub keys_alone: bool,
    /// Rows at most.
    pub limit: u32,
    /// Where to go on, as an earlier answer said.
    pub cursor: Option<&'q str>,
}

impl<'q> SystemQuery<'q> {
    /// Rows of `model` for which all conditions hold.
    #[must_use]
    pub fn new(model: &'static str, conditions: &'q [(&'static str, Operator, &'q str)]) -> Self {
        Self {
            model,
            conditions,
            sort: &[],
            include: &[],
            keys_alone: false,
            limit: 100,
            cursor: None,
        }
    }

    /// With these relations.
    #[must_use]
    pub fn with(mut self, include: &'static [&'static str]) -> Self {
        self.include = include;
        self
    }

    /// What distinguishes it from questions that need another plan.
    fn shape(&self) -> Vec<u8> {
        use std::fmt::Write as _;
        let mut shape = String::with_capacity(64);
        shape.push_str(self.model);
        for (path, operator, _) in self.conditions {
            write!(shape, "&{path}={operator:?}").expect("invariant: a string takes all text");
        }
        for (field, descending) in self.sort {
            write!(shape, "^{field}{descending}").expect("invariant: a string takes all text");
        }
        for relation in self.include {
            write!(shape, "+{relation}").expect("invariant: a string takes all text");
        }
        if self.cursor.is_some() {
            shape.push('>');
        }
        if self.keys_alone {
            shape.push('#');
        }
        shape.into_bytes()
    }

    fn values(&self) -> Vec<RawText<'q>> {
        let raw = |&(parameter, _, text): &(&'static str, Operator, &'q str)| RawText::Query {
            text,
            parameter,
        };
        self.conditions.iter().map(raw).collect()
    }

    fn call<'c>(
        &self,
        shape: &'c [u8],
        build: &'c (dyn Fn() -> Result<ReadRequest> + Sync),
        values: &'c [RawText<'c>],
    ) -> ReadCall<'c>
    where
        'q: 'c,
    {
        let (limit, cursor) = (Some(self.limit), self.cursor);
        ReadCall { shape, build, values, limit, page: None, cursor }
    }

    /// Hands the question over in the form that plans are made of.
    pub(crate) fn ask<T>(
        &self,
        schema: &Schema,
        work: impl FnOnce(&ReadCall<'_>) -> Result<T>,
    ) -> Result<T> {
        let (shape, values) = (self.shape(), self.values());
        let request = || Ok(self.request(schema));
        work(&self.call(&shape, &request, &values))
    }

    fn request(&self, schema: &Schema) -> ReadRequest {
        let conditions = self.conditions.iter().map(|(path, operator, _)| Condition {
            path: (*path).to_owned(),
            operator: *operator,
            n_values: 1,
        });
        let sort = self.sort.iter().map(|(path, descending)| SortKey {
            path: (*path).to_owned(),
            descending: *descending,
        });
        let paging = if self.cursor.is_some() { Paging::After } else { Paging::First };
        ReadRequest {
            target: Target::List(schema.by_name[self.model]),
            fields: self.keys_alone.then(|| vec!["id".to_owned()]),
            include: self.include.iter().map(|&relation| relation.to_owned()).collect(),
            conditions: conditions.collect(),
            filter: None,
            sort: sort.collect(),
            page: PageRequest { paging, count: false },
        }
    }
}

/// A write of one row of our own models.
#[derive(Debug, Clone)]
pub struct SystemWrite {
    pub(crate) model: &'static str,
    pub(crate) kind: WriteKind,
    pub(crate) values: Vec<(&'static str, Value)>,
    pub(crate) if_version: Option<i64>,
    /// Fields that take, as text, the key of a row made earlier in the transaction.
    pub(crate) keys: Vec<(&'static str, Made)>,
}

impl SystemWrite {
    /// A new row.
    #[must_use]
    pub fn create(model: &'static str) -> Self {
        Self::of(model, WriteKind::Create { under: None })
    }

    /// A change of the fields that are set.
    #[must_use]
    pub fn update(model: &'static str, id: Uuid) -> Self {
        Self::of(model, WriteKind::Merge { key: Value::Uuid(id) })
    }

    /// The end of a row.
    #[must_use]
    pub fn delete(model: &'static str, id: Uuid) -> Self {
        Self::of(model, WriteKind::Delete { key: Value::Uuid(id) })
    }

    fn of(model: &'static str, kind: WriteKind) -> Self {
        Self { model, kind, values: Vec::new(), if_version: None, keys: Vec::new() }
    }

    /// Only while the row is at this version; `VERSION_MISMATCH` or `NOT_FOUND` otherwise. Of
    /// several that name the same version one alone succeeds, however they race.
    #[must_use]
    pub fn at(mut self, version: i64) -> Self {
        self.if_version = Some(version);
        self
    }

    /// Sets a field.
    #[must_use]
    pub fn set(mut self, field: &'static str, value: Value) -> Self {
        self.values.push((field, value));
        self
    }

    /// Sets a text.
    #[must_use]
    pub fn text(self, field: &'static str, text: impl Into<String>) -> Self {
        self.set(field, Value::Text(text.into()))
    }

    /// Sets a text that may be missing.
    #[must_use]
    pub fn maybe(self, field: &'static str, text: Option<&str>) -> Self {
        self.set(field, text.map_or(Value::Null, |text| Value::Text(text.to_owned())))
    }

    /// Sets a reference or a UUID.
    #[must_use]
    pub fn id(self, field: &'static str, id: Uuid) -> Self {
        self.set(field, Value::Uuid(id))
    }

    /// Sets a time.
    #[must_use]
    pub fn time(self, field: &'static str, at: Timestamp) -> Self {
        self.set(field, Value::DateTime(at.0))
    }

    /// Sets a text to the key of a row that an earlier write of the same transaction makes.
    #[must_use]
    pub fn key_of(mut self, field: &'static str, made: &Made) -> Self {
        self.keys.push((field, made.clone()));
        self
    }

    pub(crate) fn request(&self, schema: &Schema) -> WriteRequest {
        let model = model_named(schema, self.model);
        let field = |name: &str| {
            *model.by_field.get(name).expect("invariant: our own schema has the field")
        };
        let set = self.values.iter().map(|(name, value)| (field(name), value.clone()));
        let keys = self.keys.iter().map(|(name, made)| (field(name), made.text()));
        WriteRequest {
            model: model.id,
            kind: self.kind.clone(),
            document: Document { entries: set.chain(keys).collect(), errors: Vec::new() },
            if_version: self.if_version,
            include: Vec::new(),
            // The row as it became is seldom wanted; its key always.
            fields: Some(vec!["id".to_owned(), "version".to_owned()]),
        }
    }
}

impl Engine {
    /// The first row that a question finds.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like; `INTERNAL` when the row is not a `T`.
    pub async fn system_find<T: DeserializeOwned>(
        &self,
        query: SystemQuery<'_>,
    ) -> Result<Option<T>> {
        let (mut rows, _) = self.system_list(SystemQuery { limit: 1, ..query }).await?;
        Ok(rows.pop())
    }

    /// The rows that a question finds, and where to go on when there are more.
    ///
    /// # Errors
    /// As [`Engine::system_find`].
    pub async fn system_list<T: DeserializeOwned>(
        &self,
        query: SystemQuery<'_>,
    ) -> Result<(Vec<T>, Option<String>)> {
        let mut rows = Vec::new();
        let ctx = self.service_context();
        let (shape, values) = (query.shape(), query.values());
        let request = || Ok(query.request(self.system().schema()));
        let call = query.call(&shape, &request, &values);
        let reply = self.read(self.system(), &ctx, call, &mut rows).await?;
        let rows = serde_json::from_slice(&rows).map_err(Error::internal)?;
        Ok((rows, reply.page.and_then(|page| page.next_cursor)))
    }

    /// Every row that a question finds, over all pages.
    ///
    /// # Errors
    /// As [`Engine::system_find`].
    pub async fn system_all<T: DeserializeOwned>(&self, query: SystemQuery<'_>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = SystemQuery { limit: 1_000, cursor: cursor.as_deref(), ..query };
            let (rows, next) = self.system_list(page).await?;
            all.extend(rows);
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Does one write of our own rows in a transaction of its own.
    ///
    /// # Errors
    /// Whatever the write comes to; see [`SystemWrite`].
    pub async fn system_write(&self, write: SystemWrite) -> Result<WriteReply> {
        let mut transaction = Transaction::new(self);
        transaction.system(&write)?;
        let mut replies = transaction.commit().await?;
        replies.pop().ok_or_else(|| Error::internal("a write that was done has no reply"))
    }

    /// The circumstances of what the server does by itself.
    #[must_use]
    pub fn service_context(&self) -> Context {
        Context {
            actor: std::sync::Arc::new(Actor::service()),
            now: self.now(),
            ip: None,
            transport: "service",
            standing: None,
        }
    }
}

fn model_named<'s>(schema: &'s Schema, name: &str) -> &'s Model {
    schema.model(schema.by_name[name])
}

/// A time in a row of ours, for `#[serde(deserialize_with = "…")]`.
///
/// # Errors
/// When it is no time.
pub fn time<'de, D: Deserializer<'de>>(row: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(row)?;
    parse_time(&text).ok_or_else(|| D::Error::custom("not a time"))
}

/// A time in a row of ours that may be missing.
///
/// # Errors
/// When it is no time.
pub fn maybe_time<'de, D: Deserializer<'de>>(row: D) -> Result<Option<Timestamp>, D::Error> {
    match Option::<String>::deserialize(row)? {
        None => Ok(None),
        Some(text) => parse_time(&text).map(Some).ok_or_else(|| D::Error::custom("not a time")),
    }
}

fn parse_time(text: &str) -> Option<Timestamp> {
    match Scalar::DateTime.parse_text(text) {
        Ok(Value::DateTime(at)) => Some(Timestamp(at)),
        _ => None,
    }
}
