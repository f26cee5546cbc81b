//! The end of the process at any moment: what was acknowledged is there, and nothing is there by
//! half.
//!
//! A process of its own serves sixteen writers and tells its parent of each acknowledgement over a
//! pipe. The parent is the client: it keeps the ledger, kills the process without warning, opens
//! the database and compares.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use tokio::task::JoinSet;
use underpin_schema::Value;

use super::shop::*;
use crate::{Options, Store, WriteJob};

/// Names the database to the process that is killed, and the number its keys begin at.
const DATABASE: &str = "UNDERPIN_TEST_KILLED";
const FIRST_KEY: &str = "UNDERPIN_TEST_KILLED_FIRST_KEY";

/// Makes that process acknowledge before it commits.
const MUTANT: &str = "UNDERPIN_TEST_KILLED_MUTANT";

/// How often to kill; 8 without it.
const CYCLES: &str = "UNDERPIN_TEST_KILL_CYCLES";

const WRITERS: u128 = 16;

#[derive(Clone, Copy, PartialEq)]
enum Build {
    Sound,
    AcknowledgesEarly,
}

#[test]
fn a_kill_at_any_moment_loses_nothing_that_was_acknowledged() {
    let n_cycles = std::env::var_os(CYCLES).map_or(8, |n| n.to_str().unwrap().parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    prepare(&path);
    let mut ledger = Vec::new();
    for cycle in 0..n_cycles {
        ledger.extend(run_and_kill(&path, cycle, Build::Sound));
        let store = Store::open(&Options::new(&path)).unwrap();
        assert_eq!(lost(&store, &ledger), [0_u128; 0], "in cycle {cycle}");
        assert_whole(&store);
        assert_sound(&store);
        // Half the cycles leave the log to the next process, as a crash of all would.
        if cycle % 2 == 0 {
            store.close();
        }
    }
}

/// The test above would notice: a store that acknowledges before it commits is caught.
#[test]
fn a_kill_reveals_acknowledgements_that_came_too_early() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    prepare(&path);
    let revealed = (0..20).any(|cycle| {
        let ledger = run_and_kill(&path, cycle, Build::AcknowledgesEarly);
        !lost(&Store::open(&Options::new(&path)).unwrap(), &ledger).is_empty()
    });
    assert!(revealed);
}

/// Does nothing but in the processes that the tests above start and kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn until_it_is_killed() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let first_key = std::env::var_os(FIRST_KEY).unwrap().to_str().unwrap().parse::<u128>().unwrap();
    let mut options = Options::new(path);
    options.faults.acknowledges_early = std::env::var_os(MUTANT).is_some();
    let store = Store::open(&options).unwrap();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            let mut key = first_key + writer;
            loop {
                store.write(create_with_tags(key)).await.unwrap();
                // One call of the operating system: a line is told whole or not at all.
                std::io::stdout()
                    .lock()
                    .write_all(format!("\nacknowledged {key}\n").as_bytes())
                    .unwrap();
                key += WRITERS;
            }
        });
    }
    writers.join_all().await;
}

fn prepare(path: &Path) {
    let store = Store::open(&Options::new(path)).unwrap();
    create_tables(&store);
    for name in ["red", "green"] {
        execute(&store, format!("INSERT INTO tag (name) VALUES ('{name}')"), Vec::new());
    }
    store.close();
}

/// A write of three rows: an item and both tags.
fn create_with_tags(key: u128) -> WriteJob {
    let mut program = (*create_item()).clone();
    let tags = Value::List(vec![Value::Int(1), Value::Int(2)]);
    program.links.clone_from(&set_tags().links);
    program.links[0].clear = None;
    program.links[0].slot = 4;
    let slots = vec![id(key), text(&key.to_string()), Value::Int(1), Value::Null, tags];
    write_job(&program.into(), slots)
}

/// Starts the process, lets it acknowledge a random number of writes, kills it, and returns what
/// it had acknowledged.
fn run_and_kill(path: &Path, cycle: u128, build: Build) -> Vec<u128> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "tests::kill::until_it_is_killed", "--nocapture"])
        .env(DATABASE, path)
        .env(FIRST_KEY, (cycle * 1_000_000).to_string())
        .stdout(Stdio::piped());
    if build == Build::AcknowledgesEarly {
        command.env(MUTANT, "1");
    }
    let mut process = command.spawn().unwrap();
    let n_awaited = 1 + RandomState::new().build_hasher().finish() % 400;
    let mut acknowledged = Vec::new();
    for line in BufReader::new(process.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(key) = line.strip_prefix("acknowledged ") {
            acknowledged.push(key.parse().unwrap());
        }
        // What it says between this and its end is read too: it was acknowledged.
        if acknowledged.len() as u64 == n_awaited {
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    assert!(acknowledged.len() as u64 >= n_awaited, "the process ended by itself");
    acknowledged
}

fn lost(store: &Store, ledger: &[u128]) -> Vec<u128> {
    let program = item();
    let is_there = |key: &u128| read(store, &program, &inputs(vec![id(*key)])).is_some();
    ledger.iter().copied().filter(|key| !is_there(key)).collect()
}

/// Every item has both of its tags.
fn assert_whole(store: &Store) {
    let sql = "SELECT count(*) FROM item WHERE \
        (SELECT count(*) FROM item_tag WHERE item_id = item.id) <> 2";
    assert_eq!(number(store, sql), 0);
}
