//! What becomes of a mail in the queue, whatever happens to the server, the process and the mail.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use underpin_base::{Clock, Ids, Limits, Timestamp};
use underpin_engine::{Engine, Options, SystemQuery, Transaction, migrations};
use underpin_mail::{ComposeError, Counts, Job, Message, Queue, SmtpConfig, Transport, queued};
use underpin_migrate::Consent;
use underpin_plan::Operator;
use underpin_store::{Options as StoreOptions, Store};
use uuid::Uuid;

use crate::server::{Do, Secrecy, Server};
use crate::smtp::{config, transport};

const START: Timestamp = Timestamp(1_700_000_000_000_000);
const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

/// A row of the queue as it is stored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    recipient: String,
    payload: Option<Value>,
    attempts: i64,
    due_at: Option<String>,
    sent_at: Option<String>,
    failed_at: Option<String>,
    last_error: Option<String>,
}

/// A process with a database.
struct Process {
    engine: Arc<Engine>,
    clock: Clock,
}

impl Process {
    async fn start(dir: &Path, clock: &Clock) -> Self {
        let store = Store::open(&StoreOptions::new(dir.join("app.db"))).unwrap();
        let parsed = underpin_schema::parse("type Note @model { text: String! }", "s.graphql");
        let schema = Arc::new(parsed.schema.unwrap());
        migrations::apply(&store, &schema, Consent::KeepData, START).await.unwrap();
        let options = Options { limits: Limits::default(), clock: clock.clone(), ids: Ids::Random };
        let engine = Arc::new(Engine::start(store, schema, options).await.unwrap());
        Self { engine, clock: clock.clone() }
    }

    async fn new() -> (Self, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (Self::start(dir.path(), &Clock::manual(START)).await, dir)
    }

    async fn queue_one(&self, recipient: &str) -> Uuid {
        let mut transaction = Transaction::new(&self.engine);
        let write = queued("greet", recipient, &json!({ "name": "Ada" }), self.engine.now());
        let id = transaction.system(&write).unwrap().id();
        transaction.commit().await.unwrap();
        id
    }

    async fn queue_many(&self, n_mails: usize) {
        for n in 0..n_mails {
            self.queue_one(&format!("a{n}@b.example")).await;
        }
    }

    async fn rows(&self) -> Vec<Row> {
        let query = SystemQuery { sort: &[("createdAt", false)], ..SystemQuery::new("Mail", &[]) };
        self.engine.system_all(query).await.unwrap()
    }

    fn run(&self, transport: Transport) -> Running {
        self.run_with(transport, |job| async move { greet(&job) })
    }

    fn run_with<C, F>(&self, transport: Transport, compose: C) -> Running
    where
        C: Fn(Job) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<Message>, ComposeError>> + Send + 'static,
    {
        let queue = Queue::new(Arc::clone(&self.engine), transport);
        let (stop, stopped) = oneshot::channel::<()>();
        let runner = Arc::clone(&queue);
        let task = tokio::spawn(async move {
            runner.run(compose, async { drop(stopped.await) }).await;
        });
        Running { queue, clock: self.clock.clone(), stop: Some(stop), task }
    }
}

/// A queue at work.
struct Running {
    queue: Arc<Queue>,
    clock: Clock,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    async fn until(&self, is_so: impl FnMut(&Counts) -> bool) -> Counts {
        *self.queue.counts().wait_for(is_so).await.unwrap()
    }

    fn advance(&self, micros: i64) {
        self.clock.advance(micros);
        self.queue.notify();
    }

    async fn stop(mut self) -> Counts {
        drop(self.stop.take());
        self.task.await.unwrap();
        *self.queue.counts().borrow()
    }

    /// Ends it as `kill -9` would: nothing of it runs from here on.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

fn greet(job: &Job) -> Result<Option<Message>, ComposeError> {
    let name = job.payload["name"].as_str().ok_or_else(|| ComposeError::Never("no name".into()))?;
    let made = Message::new(&job.recipient, "Hello", format!("Hello {name}\n"), None);
    made.map(Some).map_err(|error| ComposeError::Never(error.into()))
}

fn recipients(server: &Server) -> Vec<String> {
    let commands = server.log().commands;
    let mut to: Vec<String> =
        commands.iter().filter_map(|it| it.strip_prefix("RCPT TO:<")).map(Into::into).collect();
    to.sort();
    to
}

#[tokio::test]
async fn what_is_queued_is_sent_and_nothing_secret_is_kept() {
    let (process, _dir) = Process::new().await;
    let server = Server::obliging().await;
    let running = process.run(transport(config(&server)));
    let id = process.queue_one("ada@b.example").await;
    running.queue.notify();
    running.until(|counts| counts.sent == 1).await;
    assert!(server.log().accepted[0].contains(&format!("Message-ID: <{id}@shop.example>")));
    assert!(server.log().accepted[0].contains("Hello Ada"));
    let row = process.rows().await.remove(0);
    assert_eq!((row.attempts, row.payload, row.due_at, row.failed_at), (1, None, None, None));
    assert!(row.sent_at.is_some());
    running.stop().await;
    assert_eq!(server.log().commands.last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_mail_of_a_transaction_that_failed_is_never_sent() {
    let (process, _dir) = Process::new().await;
    let mut transaction = Transaction::new(&process.engine);
    let write = queued("greet", "ada@b.example", &json!({}), process.engine.now());
    transaction.system(&write).unwrap();
    let conditions = [("name", Operator::Eq, "nobody")];
    transaction.require_row(SystemQuery::new("Account", &conditions)).unwrap();
    assert!(transaction.commit().await.is_err());
    assert_eq!(process.rows().await.len(), 0);
}

#[tokio::test]
async fn after_an_hour_without_a_server_every_mail_is_sent_once() {
    let (process, _dir) = Process::new().await;
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let server = Server::start(Secrecy::None, move |_, _| {
        if up.load(Ordering::SeqCst) { Do::Usual } else { Do::HangUp }
    })
    .await;
    process.queue_many(12).await;
    let n_written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_written);
    let running = process.run_with(transport(config(&server)), move |job| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move { greet(&job) }
    });
    let mut n_tried = 0;
    for _ in 0..6 {
        let counts = running.until(|counts| counts.put_off >= n_tried + 12).await;
        n_tried = counts.put_off;
        running.advance(10 * MINUTE);
    }
    running.until(|counts| counts.put_off >= n_tried + 12).await;
    // No link was made that nobody could be sent.
    assert_eq!(n_written.load(Ordering::SeqCst), 0);
    is_up.store(true, Ordering::SeqCst);
    running.advance(10 * MINUTE);
    let counts = running.until(|counts| counts.sent == 12).await;
    assert_eq!((counts.given_up, counts.dropped), (0, 0));
    let expected: Vec<String> = {
        let mut all: Vec<String> = (0..12).map(|n| format!("a{n}@b.example>")).collect();
        all.sort();
        all
    };
    assert_eq!(recipients(&server), expected);
    running.advance(HOUR);
    assert_eq!(running.stop().await.sent, 12);
    assert_eq!(server.log().accepted.len(), 12);
}

#[tokio::test]
async fn a_mail_whose_sending_was_cut_off_is_sent_again_with_the_same_identifier() {
    let (process, dir) = Process::new().await;
    let server = Server::start(Secrecy::None, |number, step| match (number, step) {
        (1, "(end)") => Do::TakeInSilence,
        _ => Do::Usual,
    })
    .await;
    let id = process.queue_one("ada@b.example").await;
    process.run(transport(config(&server))).kill_when(&server, 1).await;
    // What a power cut would leave: the files as they are while the process has them open.
    let after = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("app.db") {
            std::fs::copy(entry.path(), after.path().join(entry.file_name())).unwrap();
        }
    }
    let restarted = Process::start(after.path(), &process.clock).await;
    let row = restarted.rows().await.remove(0);
    assert_eq!((row.attempts, row.sent_at), (1, None));
    let running = restarted.run(transport(config(&server)));
    // The claim of the process that ended holds for two minutes.
    running.advance(MINUTE);
    running.advance(MINUTE);
    running.until(|counts| counts.sent == 1).await;
    let accepted = server.log().accepted;
    assert_eq!(accepted.len(), 2);
    let line = format!("Message-ID: <{id}@shop.example>");
    assert!(accepted.iter().all(|mail| mail.contains(&line)));
}

impl Running {
    async fn kill_when(self, server: &Server, n_accepted: usize) {
        server.until(|log| log.accepted.len() == n_accepted).await;
        self.kill().await;
    }
}

#[tokio::test]
async fn two_processes_never_send_one_mail_twice() {
    let (process, _dir) = Process::new().await;
    let server = Server::obliging().await;
    process.queue_many(40).await;
    let (one, two) =
        (process.run(transport(config(&server))), process.run(transport(config(&server))));
    server.until(|log| log.accepted.len() >= 40).await;
    let (one, two) = (one.stop().await, two.stop().await);
    assert_eq!(one.sent + two.sent, 40);
    let mut unique = recipients(&server);
    unique.dedup();
    assert_eq!((unique.len(), server.log().accepted.len()), (40, 40));
}

#[tokio::test]
async fn a_silent_connection_holds_up_one_mail_alone() {
    let (process, _dir) = Process::new().await;
    let server = Server::start(Secrecy::None, |number, step| match (number, step) {
        (1, "(end)") => Do::Silence,
        _ => Do::Usual,
    })
    .await;
    process.queue_many(9).await;
    let time_max = Duration::from_secs(2);
    let running = process.run(transport(SmtpConfig { time_max, ..config(&server) }));
    running.until(|counts| counts.sent == 8).await;
    let counts = running.until(|counts| counts.put_off == 1).await;
    assert_eq!((counts.sent, counts.given_up), (8, 0));
    running.advance(MINUTE);
    running.until(|counts| counts.sent == 9).await;
    assert_eq!(server.log().accepted.len(), 9);
}

#[tokio::test]
async fn a_mail_that_the_server_refuses_for_good_is_given_up_and_kept() {
    let (process, _dir) = Process::new().await;
    let server = Server::start(Secrecy::None, |_, step| match step {
        "RCPT TO:<nobody@b.example>" => Do::Say("550 5.1.1 <nobody@b.example>: unknown\r\n"),
        _ => Do::Usual,
    })
    .await;
    process.queue_one("nobody@b.example").await;
    process.queue_one("ada@b.example").await;
    let running = process.run(transport(config(&server)));
    let counts = running.until(|counts| counts.sent == 1 && counts.given_up == 1).await;
    assert_eq!(counts.put_off, 0);
    let rows = process.rows().await;
    let row = rows.iter().find(|row| row.recipient == "nobody@b.example").unwrap();
    assert!(row.failed_at.is_some() && row.sent_at.is_none() && row.due_at.is_none());
    assert!(row.last_error.as_deref().unwrap().contains("5.1.1"), "{row:?}");
    assert!(row.payload.is_some());
    running.advance(30 * HOUR);
    assert_eq!(running.stop().await.given_up, 1);
    assert_eq!(recipients(&server).len(), 2);
}

#[tokio::test]
async fn a_mail_is_given_up_after_a_day() {
    let (process, _dir) = Process::new().await;
    process.queue_one("ada@b.example").await;
    let running = process.run(Transport::Absent);
    let mut n_tried = 0;
    while running.clock.now().0 < START.0 + 24 * HOUR {
        let counts = running.until(|counts| counts.put_off > n_tried).await;
        n_tried = counts.put_off;
        assert_eq!(counts.given_up, 0);
        running.advance(HOUR);
    }
    running.until(|counts| counts.given_up == 1).await;
    assert_eq!(n_tried, 24);
    let row = process.rows().await.remove(0);
    assert!(row.failed_at.is_some());
    assert!(row.last_error.unwrap().contains("set `smtp_host` in `[mail]`"));
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_given_up_and_one_that_panics_stops_nothing() {
    let (process, _dir) = Process::new().await;
    let server = Server::obliging().await;
    let write = |payload: Value| queued("greet", "x@b.example", &payload, START);
    process.engine.system_write(write(json!("{{7*7}} not an object"))).await.unwrap();
    process.engine.system_write(write(json!({ "name": "panic" }))).await.unwrap();
    process.queue_one("ada@b.example").await;
    let running = process.run_with(transport(config(&server)), |job| async move {
        assert_ne!(job.payload["name"], "panic");
        greet(&job)
    });
    let is_over = |counts: &Counts| counts.given_up == 1 && counts.put_off == 1 && counts.sent == 1;
    running.until(is_over).await;
    assert_eq!(recipients(&server), ["ada@b.example>"]);
}

#[tokio::test]
async fn a_job_with_nothing_to_send_leaves_nothing_behind() {
    let (process, _dir) = Process::new().await;
    let server = Server::obliging().await;
    process.queue_one("nobody@b.example").await;
    let running = process.run_with(transport(config(&server)), |_| async { Ok(None) });
    running.until(|counts| counts.dropped == 1).await;
    assert_eq!(process.rows().await.len(), 0);
    assert_eq!(recipients(&server), [""; 0]);
}

#[tokio::test]
async fn mails_are_sent_in_the_order_in_which_they_are_due() {
    let (process, _dir) = Process::new().await;
    for n in 0..20 {
        process.queue_one(&format!("a{n:02}@b.example")).await;
        process.clock.advance(1);
    }
    let order = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&order);
    let server = Server::obliging().await;
    let running = process.run_with(transport(config(&server)), move |job| {
        seen.lock().unwrap().push(job.recipient.clone());
        async move { greet(&job) }
    });
    running.until(|counts| counts.sent == 20).await;
    let order = order.lock().unwrap().clone();
    for (place, recipient) in order.iter().enumerate() {
        let n: usize = recipient[1..3].parse().unwrap();
        assert!(n.abs_diff(place) < 8, "{recipient} was number {place}: {order:?}");
    }
}

#[tokio::test]
async fn a_mail_that_was_sent_is_removed_after_a_week() {
    let (process, _dir) = Process::new().await;
    let server = Server::obliging().await;
    process.queue_many(3).await;
    let running = process.run(transport(config(&server)));
    running.until(|counts| counts.sent == 3).await;
    for (days, n_left) in [(6, 5), (2, 4)] {
        running.advance(days * 24 * HOUR);
        // The round that sends the second one began after the clock was moved.
        for _ in 0..2 {
            let counts = *running.queue.counts().borrow();
            process.queue_one("ada@b.example").await;
            running.queue.notify();
            running.until(|now| now.sent > counts.sent).await;
        }
        assert_eq!(process.rows().await.len(), n_left, "{days}");
    }
}

#[tokio::test]
async fn a_queue_that_stops_lets_mails_end_that_are_being_sent() {
    let (process, _dir) = Process::new().await;
    let (writing, is_writing) = oneshot::channel::<()>();
    let (go_on, goes_on) = oneshot::channel::<()>();
    let both = Mutex::new(Some((writing, goes_on)));
    let server = Server::obliging().await;
    process.queue_one("ada@b.example").await;
    let running = process.run_with(transport(config(&server)), move |job| {
        let (writing, goes_on) = both.lock().unwrap().take().unwrap();
        async move {
            drop(writing);
            drop(goes_on.await);
            greet(&job)
        }
    });
    let _ = is_writing.await;
    let stopping = tokio::spawn(running.stop());
    drop(go_on);
    assert_eq!(stopping.await.unwrap().sent, 1);
}
