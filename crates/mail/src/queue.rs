//! The queue of mails, kept in the database until each is sent or given up.
//!
//! A row is claimed by moving the time at which it is due: whoever does that at the row's version
//! has it, and when the process ends meanwhile, the row is due again. So each mail is sent at least
//! once, by one process at a time, and its identifier is the same each time. Rows hold no secrets:
//! the mail is written when it is sent.

mod attempt;
mod row;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use underpin_base::{Code, Retry, Timestamp};
use underpin_engine::{Engine, SystemWrite};
use underpin_schema::Value;
use uuid::Uuid;

use crate::{Message, RenderError, Transport};
use row::Row;

/// Mails that are sent at the same time.
const AT_ONCE_MAX: usize = 4;
/// How often the queue is looked at when nobody says that there is something in it: other
/// processes put mails there too, and some are due later.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// How long mails that are being sent may take to end when the queue is stopped. The others are due
/// again when their claim has run out.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Sends what is queued.
pub struct Queue {
    engine: Arc<Engine>,
    transport: Transport,
    wake: Notify,
    counts: watch::Sender<Counts>,
}

/// What became of the mails that this process has worked on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Taken by the mail server.
    pub sent: u64,
    /// There was nothing to send: nobody has the address.
    pub dropped: u64,
    /// Could not be sent, and will be tried again.
    pub put_off: u64,
    /// Were given up.
    pub given_up: u64,
}

/// A mail that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The row.
    pub id: Uuid,
    /// What it is for, in the words of whoever queued it.
    pub kind: String,
    /// The address, as it was given.
    pub recipient: String,
    /// What it is about. It may be what a stranger wrote.
    pub payload: serde_json::Value,
    /// When it was queued.
    pub queued_at: Timestamp,
}

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// Not at present.
    #[error("the mail could not be written at present")]
    Later(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Never, whatever is tried: nobody knows this kind of mail, or can read what it is about.
    #[error("the mail cannot be written")]
    Never(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<underpin_base::Error> for ComposeError {
    fn from(error: underpin_base::Error) -> Self {
        // A defect of ours may be mended within a day.
        if error.code().retry() == Retry::Later || error.code() == Code::Internal {
            Self::Later(Box::new(error))
        } else {
            Self::Never(Box::new(error))
        }
    }
}

impl From<RenderError> for ComposeError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::Message { .. } => Self::Never(Box::new(error)),
            RenderError::Missing { .. } | RenderError::Template { .. } => {
                Self::Later(Box::new(error))
            }
        }
    }
}

/// The write that queues a mail. It belongs into the transaction of its cause; afterwards
/// [`Queue::notify`] has it sent at once.
///
/// `payload` says what the mail is about, and holds no link, code or token.
#[must_use]
pub fn queued(
    kind: &str,
    recipient: &str,
    payload: &serde_json::Value,
    due: Timestamp,
) -> SystemWrite {
    SystemWrite::create("Mail")
        .text("kind", kind)
        .text("recipient", recipient)
        .set("payload", Value::Json(payload.to_string()))
        .time("dueAt", due)
}

impl Queue {
    /// A queue in the database of `engine`, which goes out by `transport`.
    #[must_use]
    pub fn new(engine: Arc<Engine>, transport: Transport) -> Arc<Self> {
        let (counts, wake) = (watch::Sender::new(Counts::default()), Notify::new());
        Arc::new(Self { engine, transport, wake, counts })
    }

    /// Says that something was queued.
    pub fn notify(&self) {
        self.wake.notify_one();
    }

    /// What became of mails so far, and from now on.
    #[must_use]
    pub fn counts(&self) -> watch::Receiver<Counts> {
        self.counts.subscribe()
    }

    /// Sends what is queued until `shutdown` is ready; mails being sent get a moment to end.
    ///
    /// `compose` writes a mail when it is about to be sent, and makes its link or code only then.
    /// `None` means that there is nothing to send. It may be called again for the same job, when
    /// a mail is thought lost that may have arrived after all; whether what it made before is good
    /// still is for it to say.
    pub async fn run<C, F>(self: &Arc<Self>, compose: C, shutdown: impl Future<Output = ()>)
    where
        C: Fn(Job) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Option<Message>, ComposeError>> + Send + 'static,
    {
        let compose = Arc::new(compose);
        let mut sending = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut purge_due = Timestamp(i64::MIN);
        loop {
            self.purge_when_due(&mut purge_due).await;
            for row in self.claim(AT_ONCE_MAX - sending.len()).await {
                let (queue, compose) = (Arc::clone(self), Arc::clone(&compose));
                sending.spawn(async move { queue.work(row, &*compose).await });
            }
            if sending.is_empty() {
                self.transport.rest().await;
            }
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = sending.join_next() => {}
                () = self.wake.notified() => {}
                () = sleep(LOOK_INTERVAL) => {}
            }
        }
        let _ =
            timeout(DRAIN_TIME_MAX, async { while sending.join_next().await.is_some() {} }).await;
        self.transport.rest().await;
    }

    async fn claim(&self, n_max: usize) -> Vec<Row> {
        if n_max == 0 {
            return Vec::new();
        }
        match row::claim(&self.engine, n_max).await {
            Ok(claimed) => {
                // Another process was faster with some, so there may be more behind them.
                if claimed.n_lost > 0 {
                    self.wake.notify_one();
                }
                claimed.rows
            }
            Err(error) => {
                tracing::warn!(%error, "the queue of mails could not be read");
                Vec::new()
            }
        }
    }

    async fn purge_when_due(&self, due: &mut Timestamp) {
        let now = self.engine.now();
        if now < *due {
            return;
        }
        match row::purge(&self.engine).await {
            Ok(()) => *due = Timestamp(now.0.saturating_add(row::PURGE_INTERVAL_MICROS)),
            Err(error) => tracing::warn!(%error, "old mails could not be removed from the queue"),
        }
    }

    fn count(&self, add: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(add);
    }
}
