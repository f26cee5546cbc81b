//! Databases of others: read off, checked, and served where they lie.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value as Json;
use underpin_base::{Error, Timestamp};
use underpin_migrate::{Consent, Detail, pull};
use underpin_plan::{
    Actor, Document, PageRequest, Paging, ReadRequest, Target, WriteKind, WriteRequest,
};
use underpin_schema::{FieldKind, Model, Scalar, Schema, Value};
use underpin_store::{Options, Store, sqlite};

use super::{apply, drift, schema};
use crate::{App, Context, Engine, ReadCall};

const CHINOOK: &str = include_str!("../../../../migrate/tests/fixtures/chinook.sql");
const NASTY: &str = include_str!("../../../../migrate/tests/fixtures/nasty.sql");

struct Adopted {
    engine: Engine,
    store: Store,
    schema: Arc<Schema>,
}

/// Pulls the schema of the database and serves it with that.
async fn adopt(path: &Path) -> Adopted {
    let pulled = pull(&sqlite::inspect(path, Detail::Data).unwrap());
    let schema = schema(&pulled.text);
    let store = Store::open(&Options::new(path)).unwrap();
    apply(&store, &schema, Consent::KeepData, Timestamp(1)).await.unwrap();
    let engine =
        Engine::start(store.clone(), Arc::clone(&schema), crate::Options::default()).await.unwrap();
    Adopted { engine, store, schema }
}

fn made_of(sql: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("theirs.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (directory, path)
}

fn statements(path: &Path) -> Vec<String> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let sql = "SELECT name || ': ' || coalesce(sql, '') FROM sqlite_schema \
               WHERE tbl_name NOT LIKE '\\_underpin%' ESCAPE '\\' AND name <> 'sqlite_sequence'";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

impl Adopted {
    fn ctx(&self) -> Context {
        Context {
            actor: Arc::new(Actor::key(["admin".to_owned()])),
            now: self.engine.now(),
            ip: None,
            transport: "rest",
            standing: None,
        }
    }

    fn model(&self, name: &str) -> &Model {
        self.schema.model(self.schema.by_name[name])
    }

    /// The first rows of a model with every relation it has.
    async fn rows(&self, app: &App, model: &Model) -> Vec<Json> {
        let include = model.fields.iter().filter(|field| field.is_relation());
        let include: Vec<String> = include.map(|field| field.name.clone()).collect();
        let build = || {
            Ok::<_, Error>(ReadRequest {
                target: Target::List(model.id),
                fields: None,
                include: include.clone(),
                conditions: Vec::new(),
                filter: None,
                sort: Vec::new(),
                page: PageRequest { paging: Paging::First, count: false },
            })
        };
        let call = ReadCall {
            shape: model.name.as_bytes(),
            build: &build,
            values: &[],
            limit: Some(100),
            page: None,
            cursor: None,
        };
        let mut out = Vec::new();
        self.engine.read(app, &self.ctx(), call, &mut out).await.unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    async fn write(&self, model: &str, kind: WriteKind, values: &[(&str, Value)]) -> Json {
        let model = self.model(model);
        let entries = values.iter().map(|(name, value)| (model.by_field[*name], value.clone()));
        let request = WriteRequest {
            model: model.id,
            kind,
            document: Document { entries: entries.collect(), errors: Vec::new() },
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        let app = self.engine.app().await;
        let reply = self.engine.write(&app, &self.ctx(), request).await.unwrap();
        if reply.row.is_empty() { Json::Null } else { serde_json::from_slice(&reply.row).unwrap() }
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[tokio::test]
async fn chinook_is_served_read_and_write_where_it_lies() {
    let (_directory, path) = made_of(CHINOOK);
    let before = statements(&path);
    let adopted = adopt(&path).await;
    assert_eq!(drift(&adopted.store, &adopted.schema).await.unwrap(), []);
    let app = adopted.engine.app().await;
    for model in &adopted.schema.models {
        assert!(!adopted.rows(&app, model).await.is_empty(), "{}", model.name);
    }
    let invoices = adopted.rows(&app, adopted.model("Invoice")).await;
    assert_eq!(invoices[0]["invoiceDate"], "2021-01-01T00:00:00.000000Z");
    assert_eq!(invoices[0]["total"], "1.98");
    assert_eq!(invoices[0]["customer"]["lastName"], "Köhler");
    assert_eq!(invoices[0]["invoiceLines"].as_array().unwrap().len(), 2);
    drop(app);

    let made = [("name", text("Ada")), ("albums", Value::Null)];
    let artist = adopted.write("Artist", WriteKind::Create { under: None }, &made[..1]).await;
    let key = Value::Int(artist["id"].as_str().unwrap().parse().unwrap());
    let merge = WriteKind::Merge { key: key.clone() };
    let changed = adopted.write("Artist", merge, &[("name", text("Lovelace"))]).await;
    assert_eq!(changed["name"], "Lovelace");
    let tracks = Value::List(vec![Value::Int(2), Value::Int(4)]);
    let playlist = [("name", text("Mine")), ("tracks", tracks)];
    adopted.write("Playlist", WriteKind::Create { under: None }, &playlist).await;
    adopted.write("Artist", WriteKind::Delete { key }, &[]).await;
    let date = Value::DateTime(1_700_000_000_000_000);
    let total = Value::Decimal("12.50".parse().unwrap());
    let invoice = [("customer", Value::Int(2)), ("invoiceDate", date), ("total", total)];
    let invoice = adopted.write("Invoice", WriteKind::Create { under: None }, &invoice).await;
    assert_eq!(invoice["total"], "12.50");

    let conn = rusqlite::Connection::open(&path).unwrap();
    let stored = conn.query_row(
        "SELECT InvoiceDate, Total, (SELECT count(*) FROM PlaylistTrack JOIN Playlist USING \
         (PlaylistId) WHERE Playlist.Name = 'Mine') FROM Invoice ORDER BY InvoiceId DESC LIMIT 1",
        [],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?, row.get::<_, i64>(2)?)),
    );
    assert_eq!(stored.unwrap(), ("2023-11-14 22:13:20".to_owned(), 12.5, 2));
    assert_eq!(statements(&path), before);
}

/// A value that the field takes, where one can be told.
fn sample(schema: &Schema, kind: &FieldKind) -> Option<Value> {
    match kind {
        FieldKind::Scalar(Scalar::String) => Some(text("abcd")),
        FieldKind::Scalar(Scalar::Int | Scalar::BigInt) => Some(Value::Int(7)),
        FieldKind::Scalar(Scalar::Float) => Some(Value::Float(0.5)),
        FieldKind::Scalar(Scalar::Boolean) => Some(Value::Bool(true)),
        FieldKind::Scalar(Scalar::Decimal { .. }) => Some(Value::Decimal("1.5".parse().unwrap())),
        FieldKind::Scalar(Scalar::DateTime) => Some(Value::DateTime(1_700_000_000_000_000)),
        FieldKind::Scalar(Scalar::Date) => Some(Value::Date(20_000)),
        FieldKind::Scalar(Scalar::Time) => Some(Value::Time(3_600_000_000)),
        FieldKind::Scalar(Scalar::Json) => Some(Value::Json("{\"b\":2}".to_owned())),
        FieldKind::ToOne(relation) if schema.model(relation.target).name == "User" => {
            Some(Value::Uuid("0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()))
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_nasty_database_is_served_as_far_as_it_can_be() {
    let (_directory, path) = made_of(NASTY);
    let before = statements(&path);
    let adopted = adopt(&path).await;
    let app = adopted.engine.app().await;
    for model in &adopted.schema.models {
        let _ = adopted.rows(&app, model).await;
    }
    drop(app);
    // Every field of a model with odd names, odd forms, and a column that the database computes.
    for name in ["Order", "QueryRow", "M2ndLevelItem", "User"] {
        let model = adopted.model(name);
        let fields = model.fields.iter().filter(|field| !field.readonly && field.id != model.key);
        let values: Vec<(&str, Value)> = fields
            .filter_map(|field| Some((field.name.as_str(), sample(&adopted.schema, &field.kind)?)))
            .collect();
        let made = adopted.write(name, WriteKind::Create { under: None }, &values).await;
        for (field, value) in &values {
            if matches!(value, Value::Text(_) | Value::Bool(_) | Value::Decimal(_)) {
                assert!(!made[*field].is_null(), "{name}.{field}: {made}");
            }
        }
    }
    let app = adopted.engine.app().await;
    let orders = adopted.rows(&app, adopted.model("Order")).await;
    let last = orders.last().unwrap();
    assert_eq!(
        (&last["totalCents"], &last["placedMs"]),
        (&Json::from(150), &Json::from("2023-11-14T22:13:20.000000Z"))
    );
    assert_eq!(statements(&path), before);
}
