//! A schema on a database of its own, and short words for what is done to it.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use underpin_base::{Clock, Ids, Limits, Result, Timestamp};
use underpin_engine::{Context, Engine, Options, ReadCall, ReadReply, migrations};
use underpin_migrate::Consent;
use underpin_plan::{
    Actor, PageRequest, Paging, RawText, ReadRequest, SortKey, Target, WriteKind, WriteRequest,
    decode_document,
};
use underpin_schema::{ModelId, Schema, Value};
use underpin_store::{Options as StoreOptions, Store};

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000);

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) clock: Clock,
    pub(crate) directory: TempDir,
}

/// The schema in `text`, which has no mistakes.
pub(crate) fn schema(text: &str) -> Arc<Schema> {
    let parsed = underpin_schema::parse(text, "schema.graphql");
    Arc::new(parsed.schema.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics)))
}

impl World {
    pub(crate) async fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreOptions::new(directory.path().join("app.db"))).unwrap();
        let schema = schema(text);
        migrations::apply(&store, &schema, Consent::KeepData, START).await.unwrap();
        let clock = Clock::manual(START);
        let options =
            Options { limits: Limits::default(), clock: clock.clone(), ids: Ids::sequence() };
        let engine = Engine::start(store, schema, options).await.unwrap();
        Self { engine, clock, directory }
    }

    pub(crate) fn context(&self, actor: Actor) -> Context {
        Context {
            actor: Arc::new(actor),
            now: self.engine.now(),
            ip: None,
            transport: "rest",
            standing: None,
        }
    }

    pub(crate) async fn model(&self, name: &str) -> ModelId {
        self.engine.app().await.schema().by_name[name]
    }

    pub(crate) async fn create(&self, actor: Actor, model: &str, body: Json) -> Result<Json> {
        self.write(actor, model, WriteKind::Create { under: None }, body).await
    }

    pub(crate) async fn write(
        &self,
        actor: Actor,
        model: &str,
        kind: WriteKind,
        body: Json,
    ) -> Result<Json> {
        let app = self.engine.app().await;
        let model = app.schema().by_name[model];
        let body = body.to_string();
        let document = decode_document(app.schema(), model, body.as_bytes(), self.engine.limits())?;
        let request = WriteRequest {
            model,
            kind,
            document,
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        let reply = self.engine.write(&app, &self.context(actor), request).await?;
        Ok(serde_json::from_slice(&reply.row).unwrap_or(Json::Null))
    }

    pub(crate) async fn item(&self, actor: Actor, model: &str, key: &str) -> Result<Json> {
        let target = Target::Item(self.model(model).await);
        let request = request(target, &[], Paging::First);
        let mut rows = Vec::new();
        let make = || Ok(request.clone());
        let values = [RawText::Key(key)];
        let call = ReadCall {
            shape: b"item",
            build: &make,
            values: &values,
            limit: None,
            page: None,
            cursor: None,
        };
        let app = self.engine.app().await;
        self.engine.read(&app, &self.context(actor), call, &mut rows).await?;
        Ok(serde_json::from_slice(&rows).unwrap())
    }

    pub(crate) async fn list(
        &self,
        actor: Actor,
        request: ReadRequest,
        (limit, cursor): (u32, Option<&str>),
    ) -> Result<(Json, ReadReply)> {
        let shape = format!("{request:?}");
        let make = || Ok(request.clone());
        let call = ReadCall {
            shape: shape.as_bytes(),
            build: &make,
            values: &[],
            limit: Some(limit),
            page: None,
            cursor,
        };
        let mut rows = Vec::new();
        let app = self.engine.app().await;
        let reply = self.engine.read(&app, &self.context(actor), call, &mut rows).await?;
        Ok((serde_json::from_slice(&rows).unwrap(), reply))
    }
}

pub(crate) fn request(target: Target, sort: &[&str], paging: Paging) -> ReadRequest {
    let key = |term: &&str| SortKey {
        path: term.trim_start_matches('-').to_owned(),
        descending: term.starts_with('-'),
    };
    ReadRequest {
        target,
        fields: None,
        include: Vec::new(),
        conditions: Vec::new(),
        filter: None,
        sort: sort.iter().map(key).collect(),
        page: PageRequest { paging, count: false },
    }
}

pub(crate) fn admin() -> Actor {
    Actor::key(["admin".to_owned()])
}

pub(crate) fn key(row: &Json) -> Value {
    Value::Uuid(row["id"].as_str().unwrap().parse().unwrap())
}

pub(crate) fn named(name: &str) -> Json {
    json!({ "name": name })
}
