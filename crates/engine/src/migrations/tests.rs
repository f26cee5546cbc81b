//! Migrations through a store: what is done, refused, copied and told.

mod adopted;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tempfile::TempDir;
use underpin_base::Timestamp;
use underpin_migrate::{Cell, Class, Consent, Database, RunError, Status};
use underpin_schema::{Schema, parse};
use underpin_store::{Options, Store, StoreError};

use super::{apply, drift, preview, status};

const KEEP: Consent = Consent::KeepData;
const LOSE: Consent = Consent::AllowDestructive;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&Options::new(directory.path().join("shop.db"))).unwrap();
    (directory, store)
}

fn schema(text: &str) -> Arc<Schema> {
    let parsed = parse(text, "schema.graphql");
    Arc::new(parsed.schema.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics)))
}

fn item(fields: &str) -> Arc<Schema> {
    schema(&format!(
        "type Item @model(timestamps: false, version: false) {{ id: ID! @id(kind: INT) {fields} }}"
    ))
}

fn run(store: &Store, sql: &'static str) -> Vec<Vec<Cell>> {
    store
        .lend(move |db: &mut dyn Database| Ok::<_, StoreError>(db.query(sql, &[]).unwrap()))
        .unwrap()
}

fn at(n: i64) -> Timestamp {
    Timestamp(n)
}

#[tokio::test]
async fn a_database_is_brought_to_a_schema_and_says_so() {
    let (_directory, store) = store();
    let first = item("name: String");
    assert!(
        matches!(status(&store, &first).await.unwrap(), Status::Behind(plan) if plan.steps.len() == 1)
    );
    let done = apply(&store, &first, KEEP, at(1)).await.unwrap();
    assert_eq!((done.plan.steps.len(), done.backup), (1, None));
    assert_eq!(status(&store, &first).await.unwrap(), Status::UpToDate);
    assert!(apply(&store, &first, KEEP, at(2)).await.unwrap().plan.is_empty());
    assert_eq!(drift(&store, &first).await.unwrap(), []);

    let second = item("name: String stock: Int! @default(value: 1)");
    apply(&store, &second, KEEP, at(3)).await.unwrap();
    let behind = status(&store, &first).await.unwrap();
    assert!(matches!(behind, Status::Ahead { n_migrations: 1, .. }), "{behind:?}");
    let history = run(&store, "SELECT applied_at FROM _underpin_migrations ORDER BY id");
    assert_eq!(history, [[Cell::Integer(1)], [Cell::Integer(3)]]);
}

#[tokio::test]
async fn a_preview_tells_what_would_be_refused_and_changes_nothing() {
    let (_directory, store) = store();
    apply(&store, &item("name: String note: String"), KEEP, at(1)).await.unwrap();
    run(&store, "INSERT INTO item VALUES (1, 'a', NULL), (2, 'a', 'x')");
    let wanted = item("name: String @unique note: String!");
    let seen = preview(&store, &wanted, KEEP).await.unwrap();
    let reasons: Vec<_> = seen.refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
    assert_eq!(seen.plan.class(), Class::NeedsData);
    assert!(reasons[0].starts_with("`Item.note` becomes required, but is null in 1 row"));
    run(&store, "DELETE FROM item WHERE id = 1");
    assert_eq!(preview(&store, &wanted, KEEP).await.unwrap().refusals, []);
    assert!(matches!(status(&store, &wanted).await.unwrap(), Status::Behind(_)));
    assert_eq!(run(&store, "SELECT count(*) FROM pragma_table_info('item')"), [[Cell::Integer(3)]]);
}

#[tokio::test]
async fn data_is_deleted_only_with_consent_and_after_a_copy() {
    let (_directory, store) = store();
    apply(&store, &item("name: String"), KEEP, at(1)).await.unwrap();
    run(&store, "INSERT INTO item VALUES (1, 'precious')");
    let wanted = item("note: String");
    let refused = apply(&store, &wanted, KEEP, at(2)).await;
    assert!(matches!(refused, Err(RunError::Refused { refusals }) if refusals.len() == 1));
    assert_eq!(run(&store, "SELECT name FROM item"), [[Cell::Text("precious".to_owned())]]);

    let done = apply(&store, &wanted, LOSE, at(3)).await.unwrap();
    assert_eq!(run(&store, "SELECT note FROM item"), [[Cell::Null]]);
    let backup = done.backup.unwrap();
    assert_eq!(backup.file_name().unwrap(), "shop.backup-3.db");
    let copy = Store::open(&Options::new(backup)).unwrap();
    assert_eq!(run(&copy, "SELECT name FROM item"), [[Cell::Text("precious".to_owned())]]);
}

/// Another process that adds items until the column `name` is gone.
fn add_items_meanwhile(path: PathBuf) -> JoinHandle<()> {
    let (begun, has_begun) = channel();
    let adding = thread::spawn(move || {
        let conn = rusqlite::Connection::open(path).unwrap();
        conn.busy_timeout(Duration::from_secs(60)).unwrap();
        conn.pragma_update(None, "synchronous", "OFF").unwrap();
        while conn.execute("INSERT INTO item (name) VALUES ('precious')", []).is_ok() {
            begun.send(()).unwrap_or_default();
            thread::yield_now();
        }
    });
    has_begun.recv().unwrap();
    adding
}

#[tokio::test]
async fn a_copy_has_every_row_that_another_process_added_before_the_deletion() {
    for round in 0..5 {
        let (_directory, store) = store();
        apply(&store, &item("name: String"), KEEP, at(1)).await.unwrap();
        let adding = add_items_meanwhile(store.path().to_owned());
        let done = apply(&store, &item("note: String"), LOSE, at(2)).await.unwrap();
        adding.join().unwrap();
        let copy = Store::open(&Options::new(done.backup.unwrap())).unwrap();
        let count = "SELECT count(*) FROM item";
        assert_eq!(run(&copy, count), run(&store, count), "round {round}");
    }
}

#[tokio::test]
async fn a_migration_that_is_refused_leaves_no_copy() {
    let (directory, store) = store();
    apply(&store, &item("name: String note: String"), KEEP, at(1)).await.unwrap();
    run(&store, "INSERT INTO item VALUES (1, 'precious', NULL)");
    let refused = apply(&store, &item("note: String!"), LOSE, at(2)).await;
    assert!(matches!(refused, Err(RunError::Refused { .. })), "{refused:?}");
    assert!(!directory.path().join("shop.backup-2.db").exists());
}

#[tokio::test]
async fn nothing_is_deleted_when_the_copy_cannot_be_made() {
    let (directory, store) = store();
    apply(&store, &item("name: String"), KEEP, at(1)).await.unwrap();
    run(&store, "INSERT INTO item VALUES (1, 'precious')");
    let taken = directory.path().join("shop.backup-2.db");
    std::fs::write(&taken, "of somebody else").unwrap();
    apply(&store, &item("note: String"), LOSE, at(2)).await.unwrap_err();
    assert_eq!(run(&store, "SELECT name FROM item"), [[Cell::Text("precious".to_owned())]]);
    assert_eq!(std::fs::read_to_string(taken).unwrap(), "of somebody else");
}

#[tokio::test]
async fn tables_changed_behind_our_back_are_reported() {
    let (_directory, store) = store();
    let wanted = item("name: String @index stock: Int! @default(value: 1)");
    apply(&store, &wanted, KEEP, at(1)).await.unwrap();
    run(&store, "DROP INDEX item_name_idx");
    run(&store, "ALTER TABLE item ADD COLUMN theirs TEXT");
    run(&store, "ALTER TABLE item RENAME COLUMN stock TO stocks");
    let found = drift(&store, &wanted).await.unwrap();
    let messages: Vec<_> = found.iter().map(|mismatch| mismatch.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`item` has no column `stock`",
            "`item` has a column `stocks` that the schema has not",
            "`item` has a column `theirs` that the schema has not",
            "`item` has no index `item_name_idx`",
        ]
    );
}

#[tokio::test]
async fn a_server_one_schema_behind_can_still_create_rows() {
    let (_directory, store) = store();
    let wanted = schema(
        "type Log @model { text: String! seen: DateTime! @default(now: true) n: Int! @default(value: 3) }",
    );
    apply(&store, &wanted, KEEP, at(1)).await.unwrap();
    run(&store, "INSERT INTO log (id, text) VALUES (zeroblob(16), 'x')");
    let row = run(&store, "SELECT n, version, seen > 0, created_at > 0, updated_at > 0 FROM log");
    assert_eq!(row, [[3, 1, 1, 1, 1].map(Cell::Integer)]);
}

#[tokio::test]
async fn adopted_tables_are_compared_with_the_schema() {
    let (_directory, store) = store();
    run(&store, "CREATE TABLE theirs (id INTEGER PRIMARY KEY, name INTEGER, must TEXT NOT NULL)");
    run(&store, "CREATE VIEW seen AS SELECT * FROM theirs");
    let adopted = "managed: false, timestamps: false, version: false";
    let wanted = schema(&format!(
        "type Theirs @model({adopted}) {{ id: ID! @id(kind: INT) name: String gone: Int }}
         type Seen @model({adopted}) {{ id: ID! @id(kind: INT) }}
         type Absent @model({adopted}) {{ id: ID! @id(kind: INT) }}"
    ));
    apply(&store, &wanted, KEEP, at(1)).await.unwrap();
    let found = drift(&store, &wanted).await.unwrap();
    let messages: Vec<_> = found.iter().map(|mismatch| mismatch.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "`theirs.name` is declared INTEGER, which cannot hold String as TEXT",
            "`theirs` has no column `gone`",
            "`theirs.must` is NOT NULL without a default, but no field writes it",
            "`seen` is a view, not a table",
            "there is no table `absent`",
        ]
    );
}

#[tokio::test]
async fn a_partial_index_covers_the_rows_its_rule_holds_for() {
    let (_directory, store) = store();
    let wanted = schema(
        r#"
        enum Status { OPEN DONE }
        type Item @model(timestamps: false, version: false)
          @index(fields: ["a"], name: "eq", where: "row.status == 'OPEN' && row.price >= 0.50")
          @index(fields: ["a"], name: "null", where: "row.note != null && !(row.done)")
          @index(fields: ["a"], name: "words", where: "row.note.startsWith('it\\'s') || size(row.note) > 3")
          @index(fields: ["a"], name: "in", where: "row.status in ['OPEN', 'DONE'] && row.a != 1")
          @index(fields: ["a"], name: "time", where: "row.at < timestamp('2026-01-01T00:00:00Z')") {
          id: ID! @id(kind: INT)
          a: Int
          status: Status!
          price: Decimal! @decimal(precision: 9, scale: 2)
          done: Boolean!
          note: String
          at: DateTime!
        }"#,
    );
    apply(&store, &wanted, KEEP, at(1)).await.unwrap();
    let rows = run(
        &store,
        "SELECT substr(sql, instr(sql, 'WHERE ')) FROM sqlite_schema WHERE type = 'index' \
         AND tbl_name = 'item' AND sql IS NOT NULL ORDER BY rowid",
    );
    let conditions: Vec<_> = rows.iter().map(|row| row[0].text().unwrap()).collect();
    assert_eq!(
        conditions,
        [
            "WHERE (\"status\" = 'OPEN' AND \"price\" >= 50)",
            "WHERE ((\"note\" IS NULL) IS NOT TRUE AND (\"done\") IS NOT TRUE)",
            "WHERE (substr(\"note\", 1, 4) = 'it''s' OR length(\"note\") > 3)",
            "WHERE (\"status\" IN ('OPEN', 'DONE') AND \"a\" IS NOT 1)",
            "WHERE \"at\" < 1767225600000000",
        ]
    );
}
