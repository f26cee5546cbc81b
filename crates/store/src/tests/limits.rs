//! Bounds on time and on what may wait, and what becomes of work that is beyond them.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use underpin_base::{Code, Result};
use underpin_schema::Value;
use underpin_sql::{Cardinality, ReadProgram, WriteProgram};

use super::shop::*;
use crate::sqlite::{Barrier, until};
use crate::{ReadCost, ReadJob, Seal, WriteOutcome};

/// Counts for as long as nobody stops it.
const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
    SELECT count(*) FROM n";

/// Counts for some tens of milliseconds, more than a request's thread has to spare.
const LENGTHY: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
    WHERE i < 2000000) SELECT count(*) FROM n";

fn counting(sql: &str) -> ReadProgram {
    let count = statement(sql, Vec::new());
    reading(select(count, vec![column("n", 0, BIG)], Cardinality::One))
}

/// An update that takes as long as it is let.
fn endless_write() -> Arc<WriteProgram> {
    let sql = format!("UPDATE item SET stock = ({ENDLESS}) WHERE id = ?1");
    let main = statement(&sql, vec![slot(0, UUID)]);
    Arc::new(WriteProgram { main, ..(*delete_item()).clone() })
}

fn spawn_write(shop: &Shop, program: &Arc<WriteProgram>, slots: Vec<Value>) -> WriteTask {
    let (store, job) = (shop.store.clone(), write_job(program, slots));
    tokio::spawn(async move { store.write(job).await })
}

type WriteTask = JoinHandle<Result<WriteOutcome>>;

fn named(number: u128) -> Vec<Value> {
    vec![id(number), text(&number.to_string()), Value::Int(1), Value::Null]
}

#[tokio::test]
async fn a_read_beyond_its_time_is_stopped_and_leaves_its_buffer_as_it_was() {
    let shop = Shop::open_with(|options| options.statement_ms_max = 20);
    let mut out = b"before".to_vec();
    let no_inputs = inputs(Vec::new());
    let error = shop.store.read(&counting(ENDLESS), &no_inputs, &PlainSeal, &mut out).unwrap_err();
    assert_eq!((error.code(), out.as_slice()), (Code::QueryTimeout, b"before".as_slice()));

    let job = read_job(counting(ENDLESS), no_inputs);
    let error = shop.store.read_pooled(&job, &mut out).await.unwrap_err();
    assert_eq!((error.code(), out.as_slice()), (Code::QueryTimeout, b"before".as_slice()));

    // The connections are as good as before.
    make_item(&shop, 1, "a", 1).await;
    assert!(shop.read(&item(), &inputs(vec![id(1)])).is_some());
}

#[tokio::test]
async fn an_answer_has_a_bound_in_bytes_for_rows_and_for_those_of_relations() {
    let shop = Shop::open_with(|options| options.answer_bytes_max = 2_000);
    make_item(&shop, 1, &"a".repeat(500), 1).await;
    let no_inputs = inputs(Vec::new());
    let read = |program: &ReadProgram| {
        let mut out = vec![b'['; 5_000];
        let result = shop.store.read(program, &no_inputs, &PlainSeal, &mut out);
        (result, out.len())
    };
    let (result, n_bytes) = read(&items_with_relations());
    assert_eq!(result.unwrap().n_rows, 1);
    assert!(n_bytes > 5_500, "what stood there before does not count");

    for number in 1..=2 {
        let part = vec![id(1), text(&format!("{number} {}", "p".repeat(900)))];
        shop.store.write(write_job(&create_part(), part)).await.unwrap();
    }
    let (result, n_bytes) = read(&items_with_relations());
    let error = result.unwrap_err();
    assert_eq!((error.code(), n_bytes), (Code::QueryTooComplex, 5_000));
    assert_eq!(error.hint(), Some("ask for fewer rows, fields or relations"));

    for number in 2..=5 {
        make_item(&shop, number, &number.to_string().repeat(500), 1).await;
    }
    assert_eq!(read(&items(None)).0.unwrap_err().code(), Code::QueryTooComplex);
    let mut out = Vec::new();
    let job = read_job(items(None), no_inputs.clone());
    let error = shop.store.read_pooled(&job, &mut out).await.unwrap_err();
    assert_eq!((error.code(), out.len()), (Code::QueryTooComplex, 0));
}

#[tokio::test]
async fn a_write_whose_answer_would_be_too_long_is_not_done() {
    let shop = Shop::open_with(|options| options.answer_bytes_max = 2_000);
    let slots = vec![id(1), text(&"a".repeat(3_000)), Value::Int(1), Value::Null];
    let error = shop.store.write(write_job(&create_item(), slots)).await.unwrap_err();
    assert_eq!(error.code(), Code::QueryTooComplex);
    assert_eq!(count(&shop.store, "item"), 0);
}

#[tokio::test]
async fn a_lengthy_read_moves_to_the_pool_and_stays_there_while_it_is_lengthy() {
    let shop = Shop::open();
    let job = read_job(counting(LENGTHY), inputs(Vec::new()));
    let cost = ReadCost::default();
    for _ in 0..2 {
        let mut out = b"before".to_vec();
        shop.store.read_adaptive(&job, &cost, &mut out).await.unwrap();
        assert_eq!(out, br#"before{"n":"2000000"}"#);
        assert!(cost.is_slow());
    }
    let short = read_job(counting("SELECT 7"), inputs(Vec::new()));
    let cost = ReadCost::default();
    let mut out = Vec::new();
    shop.store.read_adaptive(&short, &cost, &mut out).await.unwrap();
    assert_eq!(out, br#"{"n":"7"}"#);
    assert!(!cost.is_slow());
}

#[tokio::test]
async fn a_long_read_that_waits_for_more_than_a_second_is_not_begun() {
    let shop = Shop::open_with(|options| {
        options.pool_threads = 1;
        options.statement_ms_max = 1_200;
    });
    let job = read_job(counting(ENDLESS), inputs(Vec::new()));
    let (mut out, mut other) = (Vec::new(), Vec::new());
    let endless = shop.store.read_pooled(&job, &mut out);
    let waiting = shop.store.read_pooled(&job, &mut other);
    let (endless, waiting) = tokio::join!(endless, waiting);
    assert_eq!(endless.unwrap_err().code(), Code::QueryTimeout);
    assert_eq!(waiting.unwrap_err().code(), Code::Overloaded);
}

#[tokio::test]
async fn a_long_read_that_nobody_waits_for_is_not_done() {
    let shop = Shop::open_with(|options| {
        options.pool_threads = 1;
        options.statement_ms_max = 300;
    });
    let job = read_job(counting(ENDLESS), inputs(Vec::new()));
    for _ in 0..8 {
        let mut out = Vec::new();
        let given_up = timeout(Duration::ZERO, shop.store.read_pooled(&job, &mut out)).await;
        assert!(given_up.is_err());
    }
    // Behind them all it would have waited for too long.
    let mut out = Vec::new();
    let short = read_job(counting("SELECT 7"), inputs(Vec::new()));
    shop.store.read_pooled(&short, &mut out).await.unwrap();
    assert_eq!(out, br#"{"n":"7"}"#);
}

struct PanickingSeal;

impl Seal for PanickingSeal {
    fn seal(&self, _: u64, _: &[Value], _: &mut Vec<u8>) {
        panic!("a defect");
    }
}

#[tokio::test]
async fn a_long_read_that_panics_leaves_its_thread_to_the_next() {
    let shop = Shop::open_with(|options| options.pool_threads = 1);
    make_item(&shop, 1, "a", 1).await;
    for number in 1..=3 {
        let part = vec![id(1), text(&number.to_string())];
        shop.store.write(write_job(&create_part(), part)).await.unwrap();
    }
    let sound = read_job(items_with_relations(), inputs(Vec::new()));
    let panicking = ReadJob { seal: Arc::new(PanickingSeal), ..sound.clone() };
    for _ in 0..2 {
        let mut out = Vec::new();
        let error = shop.store.read_pooled(&panicking, &mut out).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert_eq!(shop.store.read_pooled(&sound, &mut out).await.unwrap().n_rows, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_beyond_its_time_fails_alone_though_it_takes_the_transaction_down() {
    let shop = Shop::open_with(|options| options.statement_ms_max = 50);
    make_item(&shop, 0, "a", 1).await;
    let barrier = Barrier::raise(&shop.store);
    let before = spawn_write(&shop, &create_item(), named(1));
    barrier.await_queued(1).await;
    let endless = spawn_write(&shop, &endless_write(), vec![id(0)]);
    barrier.await_queued(2).await;
    let after = spawn_write(&shop, &create_item(), named(2));
    barrier.await_queued(3).await;
    barrier.lower();
    before.await.unwrap().unwrap();
    assert_eq!(endless.await.unwrap().unwrap_err().code(), Code::QueryTimeout);
    after.await.unwrap().unwrap();
    for number in [1, 2] {
        assert!(shop.read(&item(), &inputs(vec![id(number)])).is_some());
    }
    let json = shop.read(&item(), &inputs(vec![id(0)])).unwrap();
    assert!(json.contains("\"stock\":1,"), "{json}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once() {
    let shop = Shop::open_with(|options| options.queued_writes_max = 3);
    let barrier = Barrier::raise(&shop.store);
    let waiting: Vec<_> =
        (1..=3).map(|number| spawn_write(&shop, &create_item(), named(number))).collect();
    barrier.await_queued(3).await;
    let error = shop.store.write(write_job(&create_item(), named(4))).await.unwrap_err();
    assert_eq!(error.code(), Code::Overloaded);
    assert_eq!(shop.store.stats().n_queued_writes, 3);
    barrier.lower();
    for write in waiting {
        write.await.unwrap().unwrap();
    }
    shop.store.write(write_job(&create_item(), named(4))).await.unwrap();
    assert_eq!(shop.store.stats().n_queued_writes, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queued_writes_share_a_commit() {
    let shop = Shop::open();
    let before = shop.store.stats();
    let barrier = Barrier::raise(&shop.store);
    let writes: Vec<_> =
        (1..=50).map(|number| spawn_write(&shop, &create_item(), named(number))).collect();
    barrier.await_queued(50).await;
    barrier.lower();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    let after = shop.store.stats();
    // One commit is the barrier's own.
    assert_eq!(after.n_commits - before.n_commits, 2);
    assert_eq!(after.n_writes - before.n_writes, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_nobody_waits_for_any_more_is_not_begun() {
    let shop = Shop::open();
    let barrier = Barrier::raise(&shop.store);
    let given_up = spawn_write(&shop, &create_item(), named(1));
    barrier.await_queued(1).await;
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    barrier.lower();
    shop.store.write(write_job(&create_item(), named(2))).await.unwrap();
    assert_eq!(shop.read(&item(), &inputs(vec![id(1)])), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_does_what_is_queued_and_refuses_the_rest() {
    let shop = Shop::open();
    let barrier = Barrier::raise(&shop.store);
    let queued = spawn_write(&shop, &create_item(), named(1));
    barrier.await_queued(1).await;
    let (store, (closed, is_closed)) = (shop.store.clone(), channel());
    let closing = std::thread::spawn(move || {
        store.close();
        closed.send(()).unwrap();
    });
    until(|| shop.store.ready().is_err()).await;
    assert!(is_closed.try_recv().is_err(), "a write is still queued");
    let error = shop.store.write(write_job(&create_item(), named(2))).await.unwrap_err();
    assert_eq!(error.code(), Code::ShuttingDown);
    barrier.lower();
    queued.await.unwrap().unwrap();
    closing.join().unwrap();
    shop.store.close();

    let mut out = Vec::new();
    let no_inputs = inputs(Vec::new());
    let error = shop.store.read(&items(None), &no_inputs, &PlainSeal, &mut out).unwrap_err();
    assert_eq!(error.code(), Code::ShuttingDown);
    // The database is one file again, and complete.
    assert!(!shop.path_with("-wal").exists());
    assert!(read(&shop.open_again(), &item(), &inputs(vec![id(1)])).is_some());
}

#[cfg(unix)]
#[test]
fn a_new_database_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let store = crate::Store::open(&crate::Options::new(&path)).unwrap();
    store.set_meta("a", b"b").unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.path());
    }
    store.close();
}
