//! A small database and its programs, written by hand: owners, their items, the items' parts, and
//! tags joined to items.
//!
//! The SQL stands where the compiler's would; everything that looks at outcomes goes by the
//! programs alone, so that another database can be put to the same tests with SQL of its own.

use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;
use underpin_base::Error;
use underpin_migrate::{Cell, Database};
use underpin_schema::{Encoding, IdKind, Scalar, Value};
use underpin_sql::{
    Bind, BindSource, Cardinality, Codec, CursorColumn, Failure, Inputs, LinkProgram, Output,
    ReadProgram, Select, Statement, Test, UniqueKey, WriteProgram,
};
use uuid::Uuid;

use crate::{Options, ReadJob, ReadOutcome, Seal, Store, StoreError, WriteJob, WriteOutcome};

pub(crate) const UUID: Codec = native(Scalar::Id(IdKind::Uuid));
pub(crate) const TEXT: Codec = native(Scalar::String);
pub(crate) const INT: Codec = native(Scalar::Int);
pub(crate) const BIG: Codec = native(Scalar::BigInt);

const SCHEMA: &str = "
    CREATE TABLE owner (id BLOB PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE item (
        id BLOB PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        stock INTEGER NOT NULL,
        owner_id BLOB REFERENCES owner (id),
        version INTEGER NOT NULL DEFAULT 1
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX item_stock ON item (stock, id);
    CREATE TABLE part (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        item_id BLOB NOT NULL REFERENCES item (id) ON DELETE RESTRICT,
        label TEXT NOT NULL
    ) STRICT;
    CREATE INDEX part_item ON part (item_id, id);
    CREATE TABLE tag (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL) STRICT;
    CREATE TABLE item_tag (
        item_id BLOB NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
        PRIMARY KEY (item_id, tag_id)
    ) STRICT, WITHOUT ROWID;
";

/// The database, in a directory that goes when it is dropped.
pub(crate) struct Shop {
    pub(crate) store: Store,
    pub(crate) directory: TempDir,
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::open_with(|_| {})
    }

    pub(crate) fn open_with(adjust: impl FnOnce(&mut Options)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut options = Options::new(directory.path().join("shop.db"));
        adjust(&mut options);
        let store = Store::open(&options).unwrap();
        create_tables(&store);
        Self { store, directory }
    }

    /// The database's file with something added to its name.
    pub(crate) fn path_with(&self, suffix: &str) -> PathBuf {
        let mut path = self.store.path().as_os_str().to_owned();
        path.push(suffix);
        path.into()
    }

    /// Another store on the same database, as another process would have.
    pub(crate) fn open_again(&self) -> Store {
        Store::open(&Options::new(self.store.path())).unwrap()
    }

    /// Reads and returns the JSON, or nothing when it was not found.
    pub(crate) fn read(&self, program: &ReadProgram, inputs: &Inputs) -> Option<String> {
        read(&self.store, program, inputs)
    }
}

/// Reads and returns the JSON, or nothing when it was not found.
pub(crate) fn read(store: &Store, program: &ReadProgram, inputs: &Inputs) -> Option<String> {
    let mut out = Vec::new();
    let outcome = store.read(program, inputs, &PlainSeal, &mut out).unwrap();
    outcome.found.then(|| String::from_utf8(out).unwrap())
}

pub(crate) fn create_tables(store: &Store) {
    for sql in SCHEMA.split(';').filter(|sql| !sql.trim().is_empty()) {
        execute(store, sql.to_owned(), Vec::new());
    }
}

/// Cursors that can be read: the shape, then the values.
pub(crate) struct PlainSeal;

impl Seal for PlainSeal {
    fn seal(&self, shape: u64, values: &[Value], out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{shape}:{values:?}").replace('"', "'").as_bytes());
    }
}

pub(crate) const fn native(scalar: Scalar) -> Codec {
    Codec { scalar, encoding: Encoding::Native, list: false }
}

pub(crate) fn statement(text: &str, binds: Vec<Bind>) -> Statement {
    Statement { text: text.to_owned(), binds }
}

pub(crate) fn slot(place: u16, codec: Codec) -> Bind {
    Bind { source: BindSource::Slot(place), codec }
}

pub(crate) fn bind(source: BindSource, codec: Codec) -> Bind {
    Bind { source, codec }
}

pub(crate) fn column(name: &str, column: u16, codec: Codec) -> Output {
    Output::Column { label: format!("\"{name}\":").into(), column, codec, shown: None }
}

/// A select of one row or a page, without relations, versions or cursors.
pub(crate) fn select(
    statement: Statement,
    outputs: Vec<Output>,
    cardinality: Cardinality,
) -> Select {
    Select {
        statement,
        outputs,
        cardinality,
        cursor: Vec::new(),
        cursor_shape: 0,
        reversed: false,
        version_column: None,
        key_column: 0,
        key_codec: UUID,
    }
}

pub(crate) fn reading(root: Select) -> ReadProgram {
    ReadProgram { parent: None, root, count: None }
}

pub(crate) fn inputs(slots: Vec<Value>) -> Inputs {
    Inputs { slots, actor: Vec::new(), now: 0, limit: 20, offset: 0, cursor: Vec::new() }
}

pub(crate) fn id(number: u128) -> Value {
    Value::Uuid(Uuid::from_u128(number))
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(crate) fn write_job(program: &Arc<WriteProgram>, slots: Vec<Value>) -> WriteJob {
    WriteJob {
        program: Arc::clone(program),
        inputs: inputs(slots),
        seal: Arc::new(PlainSeal),
        earlier: Vec::new(),
    }
}

pub(crate) fn read_job(program: ReadProgram, inputs: Inputs) -> ReadJob {
    ReadJob { program: Arc::new(program), inputs, seal: Arc::new(PlainSeal) }
}

fn item_outputs() -> Vec<Output> {
    vec![
        column("id", 0, UUID),
        column("name", 1, TEXT),
        column("stock", 2, INT),
        column("version", 3, INT),
    ]
}

/// An item by its key (slot 0).
pub(crate) fn item() -> ReadProgram {
    reading(Select { version_column: Some(3), ..item_reply(slot(0, UUID)) })
}

fn item_reply(key: Bind) -> Select {
    let sql = "SELECT id, name, stock, version FROM item WHERE id = ?1";
    let root = select(statement(sql, vec![key]), item_outputs(), Cardinality::One);
    Select { version_column: Some(3), ..root }
}

/// Items by stock and key, from the first one or from after the cursor.
pub(crate) fn items(after: Option<()>) -> ReadProgram {
    let columns = "SELECT id, name, stock, version FROM item";
    let limit = bind(BindSource::LimitPlusOne, BIG);
    let statement = match after {
        None => statement(&format!("{columns} ORDER BY stock, id LIMIT ?1"), vec![limit]),
        Some(()) => statement(
            &format!("{columns} WHERE (stock, id) > (?1, ?2) ORDER BY stock, id LIMIT ?3"),
            vec![bind(BindSource::Cursor(0), INT), bind(BindSource::Cursor(1), UUID), limit],
        ),
    };
    reading(with_cursor(select(statement, item_outputs(), Cardinality::Page)))
}

/// Items before the cursor, read backwards.
pub(crate) fn items_before() -> ReadProgram {
    let statement = statement(
        "SELECT id, name, stock, version FROM item WHERE (stock, id) < (?1, ?2) \
         ORDER BY stock DESC, id DESC LIMIT ?3",
        vec![
            bind(BindSource::Cursor(0), INT),
            bind(BindSource::Cursor(1), UUID),
            bind(BindSource::LimitPlusOne, BIG),
        ],
    );
    let root = with_cursor(select(statement, item_outputs(), Cardinality::Page));
    reading(Select { reversed: true, ..root })
}

fn with_cursor(select: Select) -> Select {
    let cursor =
        vec![CursorColumn { column: 2, codec: INT }, CursorColumn { column: 0, codec: UUID }];
    Select { cursor, cursor_shape: 7, ..select }
}

/// Items with their owner and at most two parts each, and how many items there are.
pub(crate) fn items_with_relations() -> ReadProgram {
    let owner = select(
        statement("SELECT name FROM owner WHERE id = ?1", vec![bind(BindSource::Parent(4), UUID)]),
        vec![column("name", 0, TEXT)],
        Cardinality::One,
    );
    let parts = Select {
        cursor: vec![CursorColumn { column: 0, codec: BIG }],
        cursor_shape: 9,
        ..select(
            statement(
                "SELECT id, label FROM part WHERE item_id = ?1 ORDER BY id LIMIT 3",
                vec![bind(BindSource::Parent(0), UUID)],
            ),
            vec![column("label", 1, TEXT)],
            Cardinality::Included(2),
        )
    };
    let outputs = vec![
        column("name", 1, TEXT),
        Output::Relation {
            name: "owner".into(),
            shown: None,
            unless_null: Some(4),
            select: Box::new(owner),
        },
        Output::Relation {
            name: "parts".into(),
            shown: Some(5),
            unless_null: None,
            select: Box::new(parts),
        },
    ];
    let root = select(
        statement(
            "SELECT id, name, stock, version, owner_id, stock >= 0 FROM item \
             ORDER BY stock, id LIMIT ?1",
            vec![bind(BindSource::LimitPlusOne, BIG)],
        ),
        outputs,
        Cardinality::Page,
    );
    let count = statement("SELECT count(*) FROM item", Vec::new());
    ReadProgram { count: Some(count), ..reading(with_cursor(root)) }
}

/// The parts of an item (slot 0), which must be there.
pub(crate) fn parts_of_item() -> ReadProgram {
    let parent = statement("SELECT 1 FROM item WHERE id = ?1", vec![slot(0, UUID)]);
    let root = select(
        statement(
            "SELECT id, label FROM part WHERE item_id = ?1 ORDER BY id LIMIT ?2",
            vec![slot(0, UUID), bind(BindSource::LimitPlusOne, BIG)],
        ),
        vec![column("id", 0, native(Scalar::Id(IdKind::Int))), column("label", 1, TEXT)],
        Cardinality::Page,
    );
    ReadProgram { parent: Some(parent), ..reading(root) }
}

fn tested(failures: Vec<Failure>) -> Vec<Test> {
    failures.into_iter().map(|failure| Test { failure }).collect()
}

/// Makes an item: key, name, stock, owner (slots 0 to 3). The stock must not be negative, nor 13
/// (a null is both, for the sake of a test), and the owner must be there.
pub(crate) fn create_item() -> Arc<WriteProgram> {
    let tests = "?4 IS NULL OR EXISTS (SELECT 1 FROM owner WHERE id = ?4), ?3 >= 0, ?3 <> 13";
    let values = || vec![slot(0, UUID), slot(1, TEXT), slot(2, INT), slot(3, UUID)];
    let condition = "(?4 IS NULL OR EXISTS (SELECT 1 FROM owner WHERE id = ?4)) \
        AND ?3 >= 0 AND ?3 <> 13";
    Arc::new(WriteProgram {
        makes_key: false,
        main: statement(
            &format!(
                "INSERT INTO item (id, name, stock, owner_id) SELECT ?1, ?2, ?3, ?4 \
                 WHERE {condition}"
            ),
            values(),
        ),
        explain: statement(&format!("SELECT {tests} WHERE ?1 IS NOT ?2"), values()),
        tests: tested(vec![
            Failure::Reference { field: "owner".to_owned() },
            Failure::Check { message: "the stock is not negative".to_owned() },
            Failure::Check { message: "thirteen is unlucky".to_owned() },
        ]),
        links: Vec::new(),
        reply: Some(item_reply(slot(0, UUID))),
        uniques: vec![UniqueKey {
            columns: vec!["item.name".to_owned()],
            index: "sqlite_autoindex_item_2".to_owned(),
            fields: vec!["name".to_owned()],
        }],
    })
}

/// Adds to an item's stock: key, what to add, version (slots 0 to 2).
pub(crate) fn add_stock() -> Arc<WriteProgram> {
    let values = || vec![slot(0, UUID), slot(1, INT), slot(2, INT)];
    Arc::new(WriteProgram {
        makes_key: false,
        main: statement(
            "UPDATE item SET stock = stock + ?2, version = version + 1 \
             WHERE id = ?1 AND version = ?3 AND stock + ?2 >= 0",
            values(),
        ),
        explain: statement(
            "SELECT version = ?3, stock + ?2 >= 0 FROM item WHERE id = ?1",
            values(),
        ),
        tests: tested(vec![
            Failure::Version,
            Failure::Check { message: "the stock is not negative".to_owned() },
        ]),
        links: Vec::new(),
        reply: Some(item_reply(slot(0, UUID))),
        uniques: Vec::new(),
    })
}

/// Removes an item (slot 0).
pub(crate) fn delete_item() -> Arc<WriteProgram> {
    Arc::new(WriteProgram {
        makes_key: false,
        main: statement("DELETE FROM item WHERE id = ?1", vec![slot(0, UUID)]),
        explain: statement("SELECT 1 FROM item WHERE id = ?1", vec![slot(0, UUID)]),
        tests: Vec::new(),
        links: Vec::new(),
        reply: None,
        uniques: Vec::new(),
    })
}

/// Makes a part: item and label (slots 0 and 1). The database makes the key.
pub(crate) fn create_part() -> Arc<WriteProgram> {
    let reply = select(
        statement("SELECT id, label FROM part WHERE id = ?1", vec![bind(BindSource::NewKey, BIG)]),
        vec![column("id", 0, native(Scalar::Id(IdKind::Int))), column("label", 1, TEXT)],
        Cardinality::One,
    );
    Arc::new(WriteProgram {
        makes_key: true,
        main: statement(
            "INSERT INTO part (item_id, label) VALUES (?1, ?2)",
            vec![slot(0, UUID), slot(1, TEXT)],
        ),
        explain: statement("SELECT 1", Vec::new()),
        tests: Vec::new(),
        links: Vec::new(),
        reply: Some(reply),
        uniques: Vec::new(),
    })
}

/// Sets the tags of an item: key and list of tags (slots 0 and 1).
pub(crate) fn set_tags() -> Arc<WriteProgram> {
    let link = LinkProgram {
        field: "tags".to_owned(),
        slot: 1,
        clear: Some(statement("DELETE FROM item_tag WHERE item_id = ?1", vec![slot(0, UUID)])),
        add: statement(
            "INSERT INTO item_tag (item_id, tag_id) SELECT ?1, id FROM tag WHERE id = ?2",
            vec![slot(0, UUID), bind(BindSource::LinkKey, native(Scalar::Id(IdKind::Int)))],
        ),
    };
    Arc::new(WriteProgram {
        makes_key: false,
        main: statement("UPDATE item SET version = version + 1 WHERE id = ?1", vec![slot(0, UUID)]),
        explain: statement("SELECT 1 FROM item WHERE id = ?1", vec![slot(0, UUID)]),
        tests: Vec::new(),
        links: vec![link],
        reply: Some(item_reply(slot(0, UUID))),
        uniques: Vec::new(),
    })
}

pub(crate) async fn make_item(shop: &Shop, key: u128, name: &str, stock: i64) -> WriteOutcome {
    make_item_of(shop, (key, name, stock), Value::Null).await
}

pub(crate) async fn make_item_of(
    shop: &Shop,
    (key, name, stock): (u128, &str, i64),
    owner: Value,
) -> WriteOutcome {
    let slots = vec![id(key), text(name), Value::Int(stock), owner];
    shop.store.write(write_job(&create_item(), slots)).await.unwrap()
}

pub(crate) fn make_owner(shop: &Shop, key: u128, name: &str) {
    let sql = "INSERT INTO owner (id, name) VALUES (?1, ?2)";
    execute(&shop.store, sql.to_owned(), vec![key_cell(key), Cell::Text(name.to_owned())]);
}

pub(crate) fn make_tags(shop: &Shop, names: &[&str]) {
    for name in names {
        let sql = "INSERT INTO tag (name) VALUES (?1)";
        execute(&shop.store, sql.to_owned(), vec![Cell::Text((*name).to_owned())]);
    }
}

/// A negative stock is what hides an item's parts.
pub(crate) fn hide_parts(shop: &Shop, key: u128) {
    let sql = "UPDATE item SET stock = -1 WHERE id = ?1";
    execute(&shop.store, sql.to_owned(), vec![key_cell(key)]);
}

pub(crate) fn remove_parts(shop: &Shop) {
    execute(&shop.store, "DELETE FROM part".to_owned(), Vec::new());
}

pub(crate) fn tags_of(shop: &Shop, key: u128) -> Vec<i64> {
    let sql = "SELECT tag_id FROM item_tag WHERE item_id = ?1 ORDER BY tag_id";
    let tags = statement(sql, vec![slot(0, UUID)]);
    let program = reading(select(tags, vec![column("tag", 0, INT)], Cardinality::Page));
    let json = shop.read(&program, &inputs(vec![id(key)])).unwrap();
    let rows: Vec<std::collections::HashMap<String, i64>> = serde_json::from_str(&json).unwrap();
    rows.iter().map(|row| row["tag"]).collect()
}

pub(crate) fn version_of(store: &Store, key: u128) -> i64 {
    let mut out = Vec::new();
    let outcome = store.read(&item(), &inputs(vec![id(key)]), &PlainSeal, &mut out).unwrap();
    outcome.version.unwrap()
}

pub(crate) fn read_page(
    shop: &Shop,
    program: &ReadProgram,
    inputs: &Inputs,
) -> (Vec<serde_json::Value>, ReadOutcome) {
    let mut out = Vec::new();
    let outcome = shop.store.read(program, inputs, &PlainSeal, &mut out).unwrap();
    (serde_json::from_slice(&out).unwrap(), outcome)
}

pub(crate) fn paths(error: &Error) -> Vec<String> {
    error.details().fields.iter().map(|field| field.path.clone()).collect()
}

pub(crate) fn messages(error: &Error) -> Vec<String> {
    error.details().fields.iter().map(|field| field.message.clone()).collect()
}

/// Executes SQL that no program would.
pub(crate) fn execute(store: &Store, sql: String, binds: Vec<Cell>) {
    let work = move |db: &mut dyn Database| Ok::<_, StoreError>(db.execute(&sql, &binds));
    store.lend(work).unwrap().unwrap();
}

/// The number that a query yields.
pub(crate) fn number(store: &Store, sql: &str) -> i64 {
    let read = |db: &mut dyn Database| Ok::<_, StoreError>(db.query(sql, &[]).unwrap());
    store.lend_reading(read).unwrap()[0][0].integer().unwrap()
}

pub(crate) fn count(store: &Store, table: &str) -> i64 {
    number(store, &format!("SELECT count(*) FROM {table}"))
}

/// The file is sound, and every reference leads somewhere.
pub(crate) fn assert_sound(store: &Store) {
    let query = |db: &mut dyn Database| {
        let check = db.query("PRAGMA integrity_check", &[]).unwrap();
        Ok::<_, StoreError>((check, db.query("PRAGMA foreign_key_check", &[]).unwrap()))
    };
    let (integrity, references) = store.lend_reading(query).unwrap();
    assert_eq!(integrity, [[Cell::Text("ok".to_owned())]]);
    assert_eq!(references, Vec::<Vec<Cell>>::new());
}

pub(crate) fn key_cell(key: u128) -> Cell {
    Cell::Blob(key.to_be_bytes().to_vec())
}
