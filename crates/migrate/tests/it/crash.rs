//! A process that dies in the middle of a migration leaves the old schema or the new one, whole.

use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::Connection;
use underpin_migrate::{Cell, Consent, Database, Failure, Part, Status, apply, status};

use crate::cases::Case;
use crate::database::{Lite, shape};

/// Tells the child process which database to migrate and at which statement to die.
const DATABASE: &str = "UNDERPIN_TEST_CRASH_DATABASE";
const STATEMENT: &str = "UNDERPIN_TEST_CRASH_STATEMENT";

/// Changes of every sort at once: tables that come, go, are renamed and made anew, values that are
/// converted, pairs that move, indexes and sequences.
const CASE: &str = r#"
--- old
type Customer @model(timestamps: false, version: false) {
  id: ID! @id(kind: INT)
  name: String @index
  balance: Decimal! @decimal(precision: 9, scale: 2)
  orders: [Order!]! @relation(field: "customer")
}
type Order @model(timestamps: false, version: false) {
  id: ID! @id(kind: INT)
  customer: Customer! @relation(onDelete: CASCADE)
  status: Status! @default(value: OPEN)
  tag: Tag
}
type Tag @model(timestamps: false, version: false) {
  id: ID! @id(kind: STRING)
  label: String @unique
}
type Old @model(timestamps: false, version: false) {
  id: ID! @id(kind: INT)
  name: String
}
enum Status { OPEN DONE }

--- rows
INSERT INTO customer VALUES (1, 'ada', 1250), (2, 'bob', -7), (50, 'gone', 0);
DELETE FROM customer WHERE id = 50;
INSERT INTO tag VALUES ('n', 'new'), ('s', NULL);
INSERT INTO "order" VALUES (7, 1, 'OPEN', 'n'), (8, 2, 'DONE', NULL), (9, 2, 'OPEN', 's');
INSERT INTO old VALUES (1, 'x');

--- new
type Person @model(timestamps: false, version: false) @renamedFrom(name: "Customer") {
  id: ID! @id(kind: INT)
  fullName: String! @renamedFrom(name: "name") @index @text(compare: CASELESS)
  balance: Decimal! @decimal(precision: 12, scale: 4)
  orders: [Order!]! @relation(field: "customer")
  since: Int! @default(value: 2026)
}
type Order @model(timestamps: false, version: false) @unique(fields: ["customer", "state"]) {
  id: ID! @id(kind: INT)
  customer: Person! @relation(onDelete: RESTRICT)
  state: Status! @default(value: WAITING) @renamedFrom(name: "status")
  tags: [Tag!]! @relation @renamedFrom(name: "tag")
  lines: [Line!]! @relation(field: "order")
}
type Tag @model(timestamps: false, version: false) {
  id: ID! @id(kind: STRING)
  label: String
  orders: [Order!]! @relation
}
type Line @model(timestamps: false, version: false) {
  order: Order! @relation(onDelete: CASCADE)
}
enum Status { WAITING @renamedFrom(name: "OPEN") DONE LOST }
"#;

/// Dies at the n-th statement, as by `kill -9`: nothing is unwound, closed or flushed.
struct Mortal {
    lite: Lite,
    n_left: u32,
}

impl Mortal {
    fn live(&mut self) {
        if self.n_left == 0 {
            std::process::abort();
        }
        self.n_left -= 1;
    }
}

impl Database for Mortal {
    fn query(&mut self, sql: &str, binds: &[Cell]) -> Result<Vec<Vec<Cell>>, Failure> {
        self.live();
        self.lite.query(sql, binds)
    }

    fn execute(&mut self, sql: &str, binds: &[Cell]) -> Result<(), Failure> {
        self.live();
        self.lite.execute(sql, binds)
    }
}

fn open(path: &Path) -> Lite {
    let conn = Connection::open(path).unwrap();
    let settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF";
    conn.execute_batch(settings).unwrap();
    Lite(conn)
}

/// Only does something in a process that the other test started.
#[test]
fn child_dies_at_its_statement() {
    let (Some(database), Some(n_left)) = (std::env::var_os(DATABASE), std::env::var_os(STATEMENT))
    else {
        return;
    };
    let n_left = n_left.to_str().and_then(|n| n.parse().ok()).unwrap();
    let mut mortal = Mortal { lite: open(Path::new(&database)), n_left };
    let new = Case::parse(CASE).new;
    mortal.execute("BEGIN IMMEDIATE", &[]).unwrap();
    apply(&mut mortal, Part::Application, &new, Consent::AllowDestructive, 1).unwrap();
    mortal.execute("COMMIT", &[]).unwrap();
    mortal.live();
}

fn run_child(database: &Path, n_left: u32) -> bool {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_dies_at_its_statement"])
        .env(DATABASE, database)
        .env(STATEMENT, n_left.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    status.success()
}

#[test]
fn a_process_that_dies_at_any_statement_leaves_one_schema_whole() {
    let directory = tempfile::tempdir().unwrap();
    let case = Case::parse(CASE);
    let template = directory.path().join("template.db");
    case.database().execute("VACUUM INTO ?1", &[text(&template)]).unwrap();
    let before = state(&mut open(&template));
    let done = directory.path().join("done.db");
    std::fs::copy(&template, &done).unwrap();
    assert!(run_child(&done, u32::MAX));
    let after = state(&mut open(&done));
    assert_ne!(before, after);
    let (mut n_old, mut n_new) = (0, 0);
    for n_left in 0.. {
        let path = directory.path().join(format!("{n_left}.db"));
        std::fs::copy(&template, &path).unwrap();
        let survived = run_child(&path, n_left);
        let mut lite = open(&path);
        let found = state(&mut lite);
        lite.assert_sound();
        if found == after {
            n_new += 1;
            assert_eq!(status(&mut lite, Part::Application, &case.new).unwrap(), Status::UpToDate);
        } else {
            n_old += 1;
            assert_eq!(found, before, "died at statement {n_left}");
            assert_eq!(status(&mut lite, Part::Application, &case.old).unwrap(), Status::UpToDate);
        }
        drop(lite);
        assert!(run_child(&path, u32::MAX), "could not migrate after dying at {n_left}");
        assert_eq!(state(&mut open(&path)), after);
        if survived {
            break;
        }
    }
    assert!(n_old > 40 && n_new == 2, "{n_old} deaths before the commit, {n_new} after it");
}

fn state(lite: &mut Lite) -> (String, underpin_migrate::Introspection) {
    (lite.dump(), shape(lite))
}

fn text(path: &Path) -> Cell {
    Cell::Text(path.to_str().unwrap().to_owned())
}
