//! A database of another program: its schema is pulled, its rows are served, and it stays as it is.
//!
//! `UNDERPIN_TEST_DATA` names a folder with the real Chinook database (`chinook/chinook.sqlite`);
//! `cargo xtask test --data DIR` sets it. Without it the tests run over a fixture of its shape.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use serde_json::{Value, json};
use tempfile::TempDir;
use underpin_migrate::Detail;
use underpin_schema::{Field, FieldKind, IdKind, Model, Scalar, Schema};
use underpin_testkit::{Client, TestApp};

const FIXTURE: &str = include_str!("../../../../tests/fixtures/music_store.sql");

/// The database, served under the schema that was pulled from it.
struct Store {
    app: TestApp,
    schema: Schema,
    original: PathBuf,
    _folder: TempDir,
}

impl Store {
    fn serve() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join("original.db");
        match std::env::var_os("UNDERPIN_TEST_DATA") {
            Some(data) => {
                let path = Path::new(&data).join("chinook/chinook.sqlite");
                std::fs::copy(&path, &original)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
            None => Connection::open(&original).unwrap().execute_batch(FIXTURE).unwrap(),
        }
        let found = underpin_store::sqlite::inspect(&original, Detail::Data).unwrap();
        let pulled = underpin_migrate::pull(&found).text;
        let schema = underpin_schema::parse(&pulled, "schema.graphql").schema.unwrap();
        let app = TestApp::of(&pulled).with_database(&original).start();
        Self { app, schema, original, _folder: folder }
    }

    fn sql(&self) -> Connection {
        Connection::open(self.app.database()).unwrap()
    }

    fn count(&self, sql: &str) -> usize {
        let count: i64 = self.sql().query_row(sql, [], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }
}

/// All rows of a list, page by page.
fn read_all(client: &Client, target: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut request = client.get(target);
        if let Some(cursor) = &cursor {
            request = request.query("cursor", cursor);
        }
        let page = request.send().is(200).json();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        match &page["meta"]["nextCursor"] {
            Value::String(next) => cursor = Some(next.clone()),
            _ => return rows,
        }
    }
}

/// The value of a column as the API writes it.
fn on_the_wire(field: &Field, stored: Stored) -> Value {
    match (&field.kind, stored) {
        (_, Stored::Null) => Value::Null,
        (FieldKind::Scalar(Scalar::String), Stored::Text(text)) => json!(text),
        (FieldKind::Scalar(Scalar::Int), Stored::Integer(number)) => json!(number),
        (
            FieldKind::Scalar(Scalar::Id(IdKind::Int)) | FieldKind::ToOne(_),
            Stored::Integer(key),
        ) => {
            json!(key.to_string())
        }
        (FieldKind::Scalar(Scalar::Decimal { scale, .. }), Stored::Real(number)) => {
            json!(format!("{number:.0$}", usize::from(*scale)))
        }
        (FieldKind::Scalar(Scalar::Decimal { scale, .. }), Stored::Integer(number)) => {
            json!(format!("{number}.{}", "0".repeat(usize::from(*scale))))
        }
        (FieldKind::Scalar(Scalar::DateTime), Stored::Text(text)) => {
            json!(format!("{}.000000Z", text.replace(' ', "T")))
        }
        (kind, stored) => panic!("{}: {stored:?} in a {kind:?}", field.name),
    }
}

/// Every row of a model as the API should answer it.
fn expected_rows(connection: &Connection, schema: &Schema, model: &Model) -> Vec<Value> {
    let fields: Vec<&Field> = model.fields.iter().filter(|field| field.has_column()).collect();
    let columns: Vec<String> = fields.iter().map(|field| format!("\"{}\"", field.column)).collect();
    let key = &schema.field(model.id, model.key).column;
    let (columns, table) = (columns.join(", "), &model.table);
    let sql = format!("SELECT {columns} FROM \"{table}\" ORDER BY \"{key}\"");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| {
        let member = |(at, field): (usize, &&Field)| {
            Ok((field.name.clone(), on_the_wire(field, row.get(at)?)))
        };
        fields.iter().enumerate().map(member).collect::<rusqlite::Result<_>>().map(Value::Object)
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// The tables as they were made, without ours.
fn tables(path: &Path) -> BTreeMap<String, String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema \
             WHERE tbl_name NOT LIKE '\\_%' ESCAPE '\\' AND tbl_name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn every_row_of_every_table_is_answered_as_it_is_stored() {
    let store = Store::serve();
    let sql = store.sql();
    assert!(store.schema.models.len() >= 7, "tables were left out");
    for model in &store.schema.models {
        let target = format!("/api/v1/{}?limit=100", model.plural);
        let found = read_all(&store.app.admin(), &target);
        let expected = expected_rows(&sql, &store.schema, model);
        assert_eq!(found.len(), expected.len(), "{}", model.name);
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{}", model.name);
        }
        let counted = store.app.admin().get(&format!("{target}&count=exact")).send().is(200).json();
        assert_eq!(counted["meta"]["total"], json!(expected.len()), "{}", model.name);
    }
}

#[test]
fn related_rows_are_those_that_sql_finds() {
    let store = Store::serve();
    let albums = read_all(
        &store.app.admin(),
        "/api/v1/albums?include=artist,tracks&fields=id,artist.name,tracks.name&limit=100",
    );
    let sql = store.sql();
    for album in &albums {
        let id: i64 = album["id"].as_str().unwrap().parse().unwrap();
        let artist: Option<String> = sql
            .query_row(
                "SELECT Name FROM Artist JOIN Album USING (ArtistId) WHERE AlbumId = ?1",
                [id],
                |row| row.get(0),
            )
            .unwrap();
        let mut tracks =
            sql.prepare("SELECT Name FROM Track WHERE AlbumId = ?1 ORDER BY TrackId").unwrap();
        let tracks = tracks.query_map([id], |row| Ok(json!({"name": row.get::<_, String>(0)?})));
        let tracks: Vec<Value> = tracks.unwrap().collect::<rusqlite::Result<_>>().unwrap();
        assert_eq!(album["artist"], json!({"name": artist}));
        assert_eq!(album["tracks"], json!(tracks));
    }
    assert_eq!(albums.len(), store.count("SELECT count(*) FROM Album"));
}

#[test]
fn a_list_that_was_cut_goes_on_at_its_cursor() {
    let store = Store::serve();
    let admin = store.app.admin();
    let playlists =
        read_all(&admin, "/api/v1/playlists?include=tracks&fields=id,tracks.id&limit=100");
    let mut n_cut = 0;
    for playlist in playlists {
        let id = playlist["id"].as_str().unwrap();
        let mut tracks: Vec<Value> = playlist["tracks"].as_array().unwrap().clone();
        if let Some(cursor) = playlist["_next"]["tracks"].as_str() {
            n_cut += 1;
            let target = format!("/api/v1/playlists/{id}/tracks?fields=id&limit=100");
            let mut page = admin.get(&target).query("cursor", cursor).send().is(200).json();
            tracks.extend(page["data"].as_array().unwrap().iter().cloned());
            while let Some(next) = page["meta"]["nextCursor"].as_str() {
                page = admin.get(&target).query("cursor", next).send().is(200).json();
                tracks.extend(page["data"].as_array().unwrap().iter().cloned());
            }
        }
        let sql = format!("SELECT count(*) FROM PlaylistTrack WHERE PlaylistId = {id}");
        assert_eq!(tracks.len(), store.count(&sql), "playlist {id}");
    }
    assert!(n_cut > 0, "no list was long enough to be cut");
}

#[test]
fn tables_stay_as_their_owner_made_them() {
    let store = Store::serve();
    let admin = store.app.admin();
    let made = admin.post("/api/v1/artists", &json!({"name": "Mary Lou Williams"}));
    let made = made.send().is(201).json()["data"]["id"].as_str().unwrap().to_owned();
    let album = json!({"title": "Zodiac Suite", "artist": made});
    let album = admin.post("/api/v1/albums", &album).send().is(201).json();
    let album = format!("/api/v1/albums/{}", album["data"]["id"].as_str().unwrap());
    let _ = admin.patch(&album, &json!({"title": "The Zodiac Suite"})).send().is(200);
    let artist = format!("/api/v1/artists/{made}");
    let _ = admin.delete(&artist).send().is_error(409, "REFERENCE_CONFLICT");
    let _ = admin.delete(&album).send().is(204);
    let _ = admin.delete(&artist).send().is(204);
    assert_eq!(tables(store.app.database()), tables(&store.original));
    let untouched = Connection::open(&store.original).unwrap();
    for model in &store.schema.models {
        let before = expected_rows(&untouched, &store.schema, model);
        assert_eq!(expected_rows(&store.sql(), &store.schema, model), before, "{}", model.name);
    }
}

#[test]
fn nobody_but_an_administrator_sees_pulled_tables() {
    let store = Store::serve();
    for model in &store.schema.models {
        let target = format!("/api/v1/{}", model.plural);
        let _ = store.app.anonymous().get(&target).send().is_error(401, "UNAUTHENTICATED");
    }
}
