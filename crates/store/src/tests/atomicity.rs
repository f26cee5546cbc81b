//! A write of several statements, stopped after each of them in turn: the database that is opened
//! afterwards holds all of it or nothing.
//!
//! An error stops the write alone, or, when it is the storage's, the group that shares its
//! transaction. The end of the process stops all, in a process of its own; there the statements
//! around those of the program count too, up to the commit.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rusqlite::ffi;
use tempfile::TempDir;
use tokio::task::JoinSet;
use underpin_base::{Code, Result};
use underpin_migrate::{Cell, Database};
use underpin_schema::Value;

use super::shop::*;
use crate::sqlite::{Barrier, Halt, HaltBy, Undo};
use crate::{Options, Store, StoreError, WriteJob, WriteOutcome};

/// Name the database, the operation and the statement to the process that ends.
const DATABASE: &str = "UNDERPIN_TEST_HALTED";
const OPERATION: &str = "UNDERPIN_TEST_HALTED_OPERATION";
const AFTER: &str = "UNDERPIN_TEST_HALTED_AFTER";

/// The item of the write that is stopped, and those of the writes before and after it.
const STOPPED: u128 = 1;
const NEIGHBOURS: [u128; 2] = [2, 3];

/// The signal of a process that aborts.
const ABORTED: i32 = 6;

/// More than the statements of any write here, for a loop that must end.
const MANY: u32 = 20;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    /// Makes an item with three tags.
    Create,
    /// Sets three tags instead of two others.
    Merge,
}

/// What there is of a write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Extent {
    Nothing,
    Half,
    Whole,
}

/// How a group of three ended: the stopped write between its neighbours.
#[derive(Debug)]
struct Ended {
    answers: [Result<WriteOutcome>; 3],
    extents: [Extent; 3],
    n_commits: u64,
}

#[tokio::test]
async fn a_write_stopped_by_an_error_leaves_nothing_and_its_neighbours_are_whole() {
    for operation in [Operation::Create, Operation::Merge] {
        for after in 1..MANY {
            let ended = end(operation, after, ffi::SQLITE_INTERRUPT, Undo::Done).await;
            let at = format!("{operation:?} after {after}: {ended:?}");
            assert_eq!(defect(&ended), None, "{at}");
            assert_eq!(ended.n_commits, 1, "{at}");
            assert!(ended.answers[0].is_ok() && ended.answers[2].is_ok(), "{at}");
            match &ended.answers[1] {
                Err(error) => assert_eq!(error.code(), Code::QueryTimeout, "{at}"),
                // There was no statement left to stop after.
                Ok(outcome) => {
                    assert_eq!(after, outcome.n_statements + 1, "{at}");
                    assert_eq!(outcome.n_statements, operation.n_statements(), "{at}");
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_write_stopped_by_the_storage_takes_its_group_with_it() {
    for operation in [Operation::Create, Operation::Merge] {
        for after in 1..=operation.n_statements() {
            let ended = end(operation, after, ffi::SQLITE_IOERR_WRITE, Undo::Done).await;
            let at = format!("{operation:?} after {after}: {ended:?}");
            assert_eq!(defect(&ended), None, "{at}");
            assert_eq!(ended.extents, [Extent::Nothing; 3], "{at}");
        }
    }
}

/// The tests above would notice: a store that keeps what a failed write did is caught, wherever
/// the write was stopped.
#[tokio::test]
async fn what_a_stopped_write_left_behind_is_noticed() {
    for operation in [Operation::Create, Operation::Merge] {
        for after in 1..=operation.n_statements() {
            let ended = end(operation, after, ffi::SQLITE_INTERRUPT, Undo::Forgotten).await;
            assert!(defect(&ended).is_some(), "{operation:?} after {after}: {ended:?}");
        }
    }
}

#[test]
fn a_write_stopped_by_the_end_of_the_process_is_there_only_after_its_commit() {
    for operation in [Operation::Create, Operation::Merge] {
        // A savepoint and its release stand around the program; then comes the commit.
        let commit = operation.n_statements() + 3;
        let mut n_spilled = 0;
        for after in 1..=commit {
            let shelf = prepare(operation);
            let status = run_until(&shelf.path, operation, after);
            assert_eq!(status.signal(), Some(ABORTED), "{operation:?} after {after}: {status}");
            let log = std::fs::metadata(shelf.path.with_extension("db-wal")).unwrap();
            n_spilled += u32::from(after < commit && log.len() > 0);
            let store = Store::open(&Options::new(&shelf.path)).unwrap();
            let expected = if after < commit { Extent::Nothing } else { Extent::Whole };
            let found = [extent(&store, operation, STOPPED), neighbour(&store, NEIGHBOURS[0])];
            assert_eq!(found, [expected; 2], "{operation:?} after {after}");
            assert_sound(&store);
        }
        assert!(n_spilled > 0, "no page was in the log before its commit");
        let status = run_until(&prepare(operation).path, operation, commit + 1);
        assert!(status.success(), "a statement stands behind the commit");
    }
}

/// Does nothing but in the processes that the test above starts.
#[tokio::test]
async fn until_its_statement_is_done() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let after = std::env::var_os(AFTER).unwrap().to_str().unwrap().parse().unwrap();
    let operation = match std::env::var_os(OPERATION).unwrap().to_str() {
        Some("Create") => Operation::Create,
        _ => Operation::Merge,
    };
    let store = open(Path::new(&path), after, HaltBy::Abort, Undo::Done);
    let jobs = [create(NEIGHBOURS[0], &[1, 2]), operation.job()];
    for answer in write_together(&store, jobs.into()).await {
        answer.unwrap();
    }
}

impl Operation {
    fn job(self) -> WriteJob {
        let tags = Value::List([1, 2, 3].map(Value::Int).into());
        match self {
            Self::Create => create(STOPPED, &[1, 2, 3]),
            Self::Merge => write_job(&set_tags(), vec![id(STOPPED), tags]),
        }
    }

    /// The change, what clears the list, its three rows, and the row to answer with.
    fn n_statements(self) -> u32 {
        match self {
            Self::Create => 5,
            Self::Merge => 6,
        }
    }
}

/// A database with four tags, and the item that a merge changes.
struct Shelf {
    path: PathBuf,
    _directory: TempDir,
}

fn prepare(operation: Operation) -> Shelf {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let store = Store::open(&Options::new(&path)).unwrap();
    create_tables(&store);
    for name in ["red", "green", "blue", "grey"] {
        execute(&store, format!("INSERT INTO tag (name) VALUES ('{name}')"), Vec::new());
    }
    if operation == Operation::Merge {
        let item = "INSERT INTO item (id, name, stock) VALUES (?1, 'old', 1)";
        let tags = "INSERT INTO item_tag SELECT ?1, id FROM tag WHERE id IN (3, 4)";
        for sql in [item, tags] {
            execute(&store, sql.to_owned(), vec![key_cell(STOPPED)]);
        }
    }
    store.close();
    Shelf { path, _directory: directory }
}

/// Makes an item of many pages with these tags.
fn create(key: u128, tags: &[i64]) -> WriteJob {
    let mut program = (*create_item()).clone();
    program.links.clone_from(&set_tags().links);
    program.links[0].clear = None;
    program.links[0].slot = 4;
    let name = format!("{key} {}", "x".repeat(100_000));
    let tags = Value::List(tags.iter().copied().map(Value::Int).collect());
    write_job(&program.into(), vec![id(key), text(&name), Value::Int(1), Value::Null, tags])
}

/// A store that stops the write of [`STOPPED`].
fn open(path: &Path, after: u32, by: HaltBy, undo: Undo) -> Store {
    let mut options = Options::new(path);
    let halt = Halt { key: id(STOPPED), after, by, undo };
    options.faults.halt = Arc::new(Mutex::new(Some(halt)));
    Store::open(&options).unwrap()
}

/// Does the writes in one transaction, in this order.
async fn write_together(store: &Store, jobs: Vec<WriteJob>) -> Vec<Result<WriteOutcome>> {
    let barrier = Barrier::raise(store);
    let mut writes = JoinSet::new();
    for (place, job) in jobs.into_iter().enumerate() {
        let store = store.clone();
        writes.spawn(async move { (place, store.write(job).await) });
        barrier.await_queued(place + 1).await;
    }
    barrier.lower();
    let mut answers = writes.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Stops the write in the middle of a group, and opens the database anew.
async fn end(operation: Operation, after: u32, code: i32, undo: Undo) -> Ended {
    let shelf = prepare(operation);
    let store = open(&shelf.path, after, HaltBy::Error(code), undo);
    let [first, last] = NEIGHBOURS.map(|key| create(key, &[1, 2]));
    let answers = write_together(&store, vec![first, operation.job(), last]).await;
    // The barrier's commit is not the group's.
    let n_commits = store.stats().n_commits - 1;
    store.close();
    let store = Store::open(&Options::new(&shelf.path)).unwrap();
    assert_sound(&store);
    let [first, last] = NEIGHBOURS.map(|key| neighbour(&store, key));
    Ended {
        answers: answers.try_into().unwrap(),
        extents: [first, extent(&store, operation, STOPPED), last],
        n_commits,
    }
}

/// What of a group is not as its answers say.
fn defect(ended: &Ended) -> Option<String> {
    let answers = ended.answers.iter().zip(ended.extents).enumerate();
    let mut wrong = answers.filter(|(_, (answer, extent))| {
        *extent != if answer.is_ok() { Extent::Whole } else { Extent::Nothing }
    });
    wrong.next().map(|(place, (_, extent))| format!("{extent:?} is there of write {place}"))
}

fn extent(store: &Store, operation: Operation, key: u128) -> Extent {
    let before = match operation {
        Operation::Create => row(None, None),
        Operation::Merge => row(Some(1), Some("3,4")),
    };
    let version = if operation == Operation::Create { 1 } else { 2 };
    measure(store, key, [before, row(Some(version), Some("1,2,3"))])
}

fn neighbour(store: &Store, key: u128) -> Extent {
    measure(store, key, [row(None, None), row(Some(1), Some("1,2"))])
}

fn measure(store: &Store, key: u128, [before, after]: [Vec<Cell>; 2]) -> Extent {
    let sql = "SELECT (SELECT version FROM item WHERE id = ?1), \
        (SELECT group_concat(tag_id ORDER BY tag_id) FROM item_tag WHERE item_id = ?1)";
    let query = |db: &mut dyn Database| {
        Ok::<_, StoreError>(db.query(sql, &[key_cell(key)]).unwrap().remove(0))
    };
    match store.lend_reading(query).unwrap() {
        found if found == before => Extent::Nothing,
        found if found == after => Extent::Whole,
        _ => Extent::Half,
    }
}

/// An item's version and its tags.
fn row(version: Option<i64>, tags: Option<&str>) -> Vec<Cell> {
    let tags = tags.map_or(Cell::Null, |tags| Cell::Text(tags.to_owned()));
    vec![version.map_or(Cell::Null, Cell::Integer), tags]
}

/// Runs the process in which the write is stopped by its end.
fn run_until(path: &Path, operation: Operation, after: u32) -> ExitStatus {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::atomicity::until_its_statement_is_done"])
        .env(DATABASE, path)
        .env(OPERATION, format!("{operation:?}"))
        .env(AFTER, after.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}
