//! Opening databases of every kind, and the settings that hold from then on.

use std::fs;

use rusqlite::Connection;
use tempfile::tempdir;
use tokio::task::JoinSet;
use underpin_base::Code;
use underpin_migrate::{Cell, Database, Detail};
use underpin_schema::Value;
use underpin_sql::Cardinality;

use super::shop::*;
use crate::sqlite::{Barrier, until};
use crate::{Options, Store, StoreError};

#[test]
fn a_directory_is_not_a_database() {
    let directory = tempdir().unwrap();
    let error = Store::open(&Options::new(directory.path())).unwrap_err();
    assert!(matches!(error, StoreError::IsDirectory { .. }), "{error:?}");
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("notes.txt");
    let notes = "a file that has nothing to do with databases\n".repeat(50);
    fs::write(&path, &notes).unwrap();
    let error = Store::open(&Options::new(&path)).unwrap_err();
    assert!(matches!(error, StoreError::NotDatabase { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), notes);
}

#[test]
fn a_directory_that_is_missing_is_made_and_one_that_cannot_be_is_named() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("a/b/shop.db");
    Store::open(&Options::new(&path)).unwrap().close();
    assert!(path.is_file());
    fs::write(directory.path().join("file"), "").unwrap();
    let error = Store::open(&Options::new(directory.path().join("file/shop.db"))).unwrap_err();
    assert!(matches!(error, StoreError::CreateDirectory { .. }), "{error:?}");
}

#[test]
fn a_file_that_may_not_be_written_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("shop.db");
    Store::open(&Options::new(&path)).unwrap().close();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let opened = Store::open(&Options::new(&path));
    // Permissions mean nothing to the superuser.
    if fs::OpenOptions::new().write(true).open(&path).is_ok() {
        opened.unwrap();
    } else {
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    }
}

#[test]
fn a_database_that_another_process_keeps_to_itself_is_refused() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE").unwrap();
    let options = Options { busy_ms_max: 20, ..Options::new(&path) };
    let error = Store::open(&options).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    assert_eq!(underpin_base::Error::from(error).code(), Code::StorageUnavailable);
    other.execute_batch("COMMIT").unwrap();
    Store::open(&options).unwrap();
}

#[test]
fn the_writer_waits_for_the_disk_unless_told_otherwise() {
    let setting = |store: &Store, name: &str| {
        let sql = format!("PRAGMA {name}");
        let work = move |db: &mut dyn Database| Ok::<_, StoreError>(db.query(&sql, &[]).unwrap());
        store.lend(work).unwrap().remove(0).remove(0)
    };
    let shop = Shop::open();
    assert_eq!(setting(&shop.store, "journal_mode"), Cell::Text("wal".to_owned()));
    assert_eq!(setting(&shop.store, "synchronous"), Cell::Integer(2));
    assert_eq!(setting(&shop.store, "mmap_size"), Cell::Integer(0));
    assert_eq!(setting(&shop.store, "trusted_schema"), Cell::Integer(0));
}

#[test]
fn a_mistyped_name_is_an_error_and_not_a_text() {
    let shop = Shop::open();
    let mistyped = statement("SELECT \"nmae\" FROM item", Vec::new());
    let program = reading(select(mistyped, vec![column("name", 0, TEXT)], Cardinality::Page));
    let mut out = Vec::new();
    let no_inputs = inputs(Vec::new());
    let error = shop.store.read(&program, &no_inputs, &PlainSeal, &mut out).unwrap_err();
    assert_eq!((error.code(), out.len()), (Code::Internal, 0));
    // The client learns nothing of it; the log everything.
    assert!(!error.message().contains("nmae"));
    let source = std::error::Error::source(&error).unwrap();
    assert!(format!("{source:?}").contains("nmae"), "{source:?}");
}

#[tokio::test]
async fn a_connection_that_reads_cannot_write() {
    let shop = Shop::open();
    make_item(&shop, 1, "a", 1).await;
    let sql = "DELETE FROM item RETURNING name";
    let returning = statement(sql, Vec::new());
    let program = reading(select(returning, vec![column("name", 0, TEXT)], Cardinality::Page));
    let mut out = Vec::new();
    let no_inputs = inputs(Vec::new());
    shop.store.read(&program, &no_inputs, &PlainSeal, &mut out).unwrap_err();
    assert!(shop.read(&item(), &inputs(vec![id(1)])).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_may_write_to_one_database() {
    let shop = Shop::open();
    make_item(&shop, 1, "a", 0).await;
    let mut writers = JoinSet::new();
    for store in [shop.store.clone(), shop.open_again()] {
        writers.spawn(async move {
            let mut n_done = 0;
            while n_done < 50 {
                let slots = vec![id(1), Value::Int(1), Value::Int(version_of(&store, 1))];
                match store.write(write_job(&add_stock(), slots)).await {
                    Ok(_) => n_done += 1,
                    Err(error) => assert_eq!(error.code(), Code::VersionMismatch),
                }
            }
        });
    }
    writers.join_all().await;
    let json = shop.read(&item(), &inputs(vec![id(1)])).unwrap();
    assert!(json.contains("\"stock\":100,"), "{json}");
}

#[test]
fn values_of_our_own_are_kept_and_the_first_of_several_stays() {
    let shop = Shop::open();
    assert_eq!(shop.store.meta("key").unwrap(), None);
    assert_eq!(shop.store.meta_or_set("key", b"first").unwrap(), b"first");
    assert_eq!(shop.open_again().meta_or_set("key", b"second").unwrap(), b"first");
    shop.store.set_meta("key", b"third").unwrap();
    shop.store.close();
    assert_eq!(shop.open_again().meta("key").unwrap(), Some(b"third".to_vec()));
}

#[test]
fn foreign_keys_are_in_force_again_after_work_that_went_without() {
    let shop = Shop::open();
    // `execute` is such work: nothing stops it from leaving a part without an item.
    let orphan = "INSERT INTO part (item_id, label) VALUES (x'00', 'x')";
    execute(&shop.store, orphan.to_owned(), Vec::new());
    let error = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(shop.store.write(write_job(&create_part(), vec![id(9), text("y")])))
        .unwrap_err();
    assert_eq!(error.code(), Code::ReferenceConflict);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_writer_empties_the_log_and_the_file_stays() {
    let shop = Shop::open();
    let barrier = Barrier::raise(&shop.store);
    let writes = spawn_bulk(&shop, &barrier).await;
    barrier.lower();
    writes.join_all().await;
    until(|| shop.store.stats().log_bytes == 0).await;
    assert!(fs::metadata(shop.path_with("-wal")).unwrap().len() > BULK_BYTES);
    // All of it is in the database itself: a copy of that one file has it.
    let copy = shop.directory.path().join("copy.db");
    fs::copy(shop.store.path(), &copy).unwrap();
    let found = crate::sqlite::inspect(&copy, Detail::Data).unwrap();
    assert_eq!(found.table("item").unwrap().n_rows, Some(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_moved_while_the_writer_is_busy() {
    let shop = Shop::open();
    let first = Barrier::raise(&shop.store);
    let writes = spawn_bulk(&shop, &first).await;
    // Queued behind the writes before they begin: the writer never has an idle moment.
    let second = Barrier::queue(&shop.store);
    first.lower();
    writes.join_all().await;
    until(|| fs::metadata(shop.store.path()).unwrap().len() > BULK_BYTES).await;
    assert!(shop.store.stats().log_bytes > BULK_BYTES, "the writer itself did nothing");
    second.lower();
}

/// Bytes that the log holds at least after [`spawn_bulk`].
const BULK_BYTES: u64 = 4 * 1024 * 1024;

/// Queues writes that, in one commit, make a log that is worth moving.
async fn spawn_bulk(shop: &Shop, barrier: &Barrier) -> JoinSet<()> {
    let mut writes = JoinSet::new();
    for number in 0..60 {
        let name = format!("{number} {}", "x".repeat(100_000));
        let slots = vec![id(number), text(&name), Value::Int(1), Value::Null];
        let (store, job) = (shop.store.clone(), write_job(&create_item(), slots));
        writes.spawn(async move { drop(store.write(job).await.unwrap()) });
    }
    barrier.await_queued(60).await;
    writes
}
