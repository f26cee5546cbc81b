//! Trouble with the storage: nothing acknowledged is lost, reads go on, writes resume.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::JoinSet;
use underpin_base::Code;
use underpin_migrate::Database;
use underpin_schema::Value;
use underpin_sql::WriteProgram;

use super::shop::*;
use crate::sqlite::{Barrier, until};
use crate::{Options, Store, StoreError};

/// Names the directory to the process that meets a limit on the size of files.
const LIMITED: &str = "UNDERPIN_TEST_LIMITED";

fn bulky(number: u128) -> Vec<Value> {
    let name = format!("{number} {}", "x".repeat(20_000));
    vec![id(number), text(&name), Value::Int(1), Value::Null]
}

#[tokio::test]
async fn a_full_disk_fails_writes_alone_and_they_resume_once_there_is_room() {
    let pages_max = Arc::new(AtomicU32::new(60));
    let shop = Shop::open_with(|options| options.faults.pages_max = Arc::clone(&pages_max));
    let mut n_done = 0;
    let error = loop {
        match shop.store.write(write_job(&create_item(), bulky(n_done))).await {
            Ok(_) => n_done += 1,
            Err(error) => break error,
        }
    };
    assert!(n_done > 3, "there was room for {n_done}");
    assert_eq!(error.code(), Code::StorageUnavailable);
    assert_eq!(shop.store.ready().unwrap_err().code(), Code::StorageUnavailable);
    for number in 0..=n_done {
        let is_there = shop.read(&item(), &inputs(vec![id(number)])).is_some();
        assert_eq!(is_there, number < n_done, "{number}");
    }

    // Nobody writes: the store finds out by itself.
    pages_max.store(10_000, Ordering::SeqCst);
    until(|| shop.store.ready().is_ok()).await;
    shop.store.write(write_job(&create_item(), bulky(n_done))).await.unwrap();
    assert!(shop.read(&item(), &inputs(vec![id(n_done)])).is_some());
}

#[tokio::test]
async fn a_write_that_is_refused_does_not_make_a_full_disk_ready() {
    let shop = Shop::open_with(|options| options.faults.pages_max = Arc::new(60.into()));
    let mut number = 0;
    while shop.store.write(write_job(&create_item(), bulky(number))).await.is_ok() {
        number += 1;
    }
    let error = shop.store.write(write_job(&delete_item(), vec![id(99)])).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(!shop.store.stats().is_writable);
}

#[tokio::test]
async fn a_log_that_may_not_grow_makes_unready_until_nobody_is_in_the_way() {
    let shop = Shop::open_with(|options| options.faults.log_pages_max = 60);
    let reader = rusqlite::Connection::open(shop.store.path()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM item").unwrap();
    let mut number = 0;
    while shop.store.write(write_job(&create_item(), bulky(number))).await.is_ok() {
        number += 1;
    }
    assert!(number > 3);
    assert_eq!(shop.store.ready().unwrap_err().code(), Code::StorageUnavailable);
    drop(reader);
    until(|| shop.store.ready().is_ok()).await;
    shop.store.write(write_job(&create_item(), bulky(number))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_fails_fails_everything_in_it() {
    let pages_max = Arc::new(AtomicU32::new(60));
    let shop = Shop::open_with(|options| options.faults.pages_max = Arc::clone(&pages_max));
    let barrier = Barrier::raise(&shop.store);
    let mut writes = JoinSet::new();
    for number in 0..30 {
        let (store, job) = (shop.store.clone(), write_job(&create_item(), bulky(number)));
        writes.spawn(async move { store.write(job).await });
    }
    barrier.await_queued(30).await;
    barrier.lower();
    for result in writes.join_all().await {
        assert_eq!(result.unwrap_err().code(), Code::StorageUnavailable);
    }
    assert_eq!(shop.read(&items(None), &inputs(Vec::new())), Some("[]".to_owned()));
}

#[tokio::test]
async fn work_that_panics_is_undone_and_the_writer_goes_on() {
    let shop = Shop::open();
    let result: Result<(), StoreError> = shop.store.lend(|db: &mut dyn Database| {
        db.execute("DROP TABLE part", &[]).unwrap();
        panic!("a defect");
    });
    assert!(matches!(result, Err(StoreError::Panicked)), "{result:?}");
    make_item(&shop, 1, "a", 1).await;
    shop.store.write(write_job(&create_part(), vec![id(1), text("x")])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_that_only_the_commit_refuses_fails_its_own_write_alone() {
    let shop = Shop::open();
    let table = "CREATE TABLE note (item_id BLOB \
        REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED)";
    execute(&shop.store, table.to_owned(), Vec::new());
    make_item(&shop, 1, "a", 1).await;
    let sql = "INSERT INTO note (item_id) VALUES (?1)";
    let main = statement(sql, vec![slot(0, UUID)]);
    let program = Arc::new(WriteProgram { main, ..(*delete_item()).clone() });
    let barrier = Barrier::raise(&shop.store);
    let mut writes = JoinSet::new();
    for key in [1, 99, 1] {
        let (store, job) = (shop.store.clone(), write_job(&program, vec![id(key)]));
        writes.spawn(async move { (key, store.write(job).await) });
    }
    barrier.await_queued(3).await;
    barrier.lower();
    for (key, result) in writes.join_all().await {
        match key {
            1 => assert_eq!(result.unwrap().n_statements, 1),
            _ => assert_eq!(result.unwrap_err().code(), Code::ReferenceConflict),
        }
    }
    assert_eq!(count(&shop.store, "note"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trigger_that_rolls_everything_back_fails_its_own_write_alone() {
    let shop = Shop::open();
    let trigger = "CREATE TRIGGER moody BEFORE INSERT ON item WHEN new.stock = 7 \
        BEGIN SELECT RAISE(ROLLBACK, 'not seven'); END";
    execute(&shop.store, trigger.to_owned(), Vec::new());
    let barrier = Barrier::raise(&shop.store);
    let mut writes = JoinSet::new();
    for stock in [1, 7, 2] {
        let key = u128::try_from(stock).unwrap();
        let slots = vec![id(key), text(&key.to_string()), Value::Int(stock), Value::Null];
        let (store, job) = (shop.store.clone(), write_job(&create_item(), slots));
        writes.spawn(async move { (stock, store.write(job).await) });
    }
    barrier.await_queued(3).await;
    barrier.lower();
    for (stock, result) in writes.join_all().await {
        match stock {
            7 => assert_eq!(result.unwrap_err().code(), Code::ValidationError),
            _ => assert_eq!(result.unwrap().version, Some(1)),
        }
    }
    assert_eq!(count(&shop.store, "item"), 2);
}

/// Runs a process whose files may not grow beyond some hundred KiB: the operating system fails its
/// writes to the log midway, as a disk does.
#[test]
fn an_error_of_the_disk_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    create_tables(&Store::open(&Options::new(&path)).unwrap());
    let script = "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "tests::faults::under_a_limit_on_the_size_of_files", "--nocapture"])
        .env(LIMITED, &path)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged: Vec<u128> = printed
        .lines()
        .filter_map(|line| line.strip_prefix("acknowledged "))
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(acknowledged.len() > 3, "{printed}");
    let store = Store::open(&Options::new(&path)).unwrap();
    for number in &acknowledged {
        assert!(read(&store, &item(), &inputs(vec![id(*number)])).is_some(), "lost {number}");
    }
    assert_sound(&store);
}

/// Does nothing but in the process that the test above starts.
#[tokio::test]
async fn under_a_limit_on_the_size_of_files() {
    let Some(path) = std::env::var_os(LIMITED) else { return };
    let store = Store::open(&Options::new(path)).unwrap();
    let mut n_failed = 0;
    for number in 0..60 {
        match store.write(write_job(&create_item(), bulky(number))).await {
            Ok(_) => println!("\nacknowledged {number}"),
            Err(error) => {
                assert_eq!(error.code(), Code::StorageUnavailable, "{error:?}");
                n_failed += 1;
                // Reads go on.
                assert!(read(&store, &item(), &inputs(vec![id(0)])).is_some());
            }
        }
    }
    assert!(n_failed > 0, "the limit was not met");
}
