//! The embedded store: one writer with group commit, readers beside it.

mod bind;
mod checkpoint;
mod decode;
mod encode;
mod exclusive;
mod guard;
mod lent;
mod list;
mod mover;
mod oddities;
mod open;
mod pool;
mod queue;
mod read;
mod readers;
mod refusal;
mod system;
mod trouble;
mod write;
mod writer;

#[cfg(test)]
mod faults;

use std::fmt;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, available_parallelism};

use tokio::sync::oneshot;
use underpin_base::{Error, Result};
use underpin_sql::{Inputs, ReadProgram};

use self::guard::Clockwork;
use self::oddities::Oddities;
use self::open::{Link, Opener, Purpose};
use self::pool::{Pool, Verdict};
use self::queue::{Command, QueuedWrite};
use self::read::{Execution, Stopped};
use self::readers::Readers;
use self::writer::Writer;
use crate::{
    Failure, Options, ReadCost, ReadJob, ReadOutcome, Seal, Stats, Step, StoreError, WriteJob,
    WriteOutcome,
};

#[cfg(test)]
pub(crate) use self::faults::{Barrier, Faults, Halt, HaltBy, Undo, until};
pub use self::lent::inspect;
pub(crate) use self::trouble::Trouble;

/// Microseconds a read may keep the thread of its request when it can go on elsewhere.
const INLINE_US_MAX: u64 = 20_000;

/// Reader connections at least and at most.
const READERS: std::ops::RangeInclusive<usize> = 2..=64;

/// A SQLite database. Clones are handles on the same one.
///
/// Several processes may have the database open: each waits for the others' writes.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    opener: Arc<Opener>,
    shared: Arc<Shared>,
    readers: Readers,
    pool: Mutex<Option<Pool>>,
    pool_threads: usize,
    commands: SyncSender<Command>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the threads of a store have in common.
struct Shared {
    clockwork: Arc<Clockwork>,
    oddities: Oddities,
    statement_us_max: u64,
    answer_bytes_max: usize,
    page_bytes: u64,
    /// Pages in the log at which nothing more is written.
    log_pages_max: u64,
    #[cfg(test)]
    faults: Faults,
    n_queued: AtomicUsize,
    n_commits: AtomicU64,
    n_writes: AtomicU64,
    /// Pages in the log, and how many there were when emptying it last failed.
    n_log_pages: AtomicU64,
    n_log_pages_tried: AtomicU64,
    /// Pages in the log when the mover was last woken.
    n_log_pages_moved: AtomicU64,
    is_writable: AtomicBool,
    is_closed: AtomicBool,
}

impl Store {
    /// Opens the database, and makes it when it is not there.
    ///
    /// # Errors
    /// When the path is a directory, the file is not a database or cannot be written, another
    /// process keeps it locked, or a thread cannot be started.
    pub fn open(options: &Options) -> Result<Self, StoreError> {
        let n_readers = available_parallelism().map_or(2, NonZero::get);
        let n_readers = n_readers.clamp(*READERS.start(), *READERS.end());
        let clockwork = Arc::new(Clockwork::new());
        let opener = Arc::new(Opener::new(options, n_readers, Arc::clone(&clockwork))?);
        let link = opener.open(Purpose::Write)?;
        let shared = Arc::new(Shared::new(options, clockwork, &link)?);
        let (commands, queue) = sync_channel(options.queued_writes_max.max(1));
        let writer = Writer::new(Arc::clone(&opener), Arc::clone(&shared), queue, link)?;
        let thread = thread::Builder::new()
            .name("store-write".to_owned())
            .spawn(move || writer.run())
            .map_err(|source| StoreError::StartThread { source })?;
        Ok(Self(Arc::new(Inner {
            readers: Readers::new(Arc::clone(&opener), n_readers),
            opener,
            shared,
            pool: Mutex::new(None),
            pool_threads: options.pool_threads,
            commands,
            writer: Mutex::new(Some(thread)),
        })))
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.opener.path()
    }

    /// Executes `program` on the calling thread and appends its rows to `out`. All its statements
    /// see one state of the database. Appends nothing when it fails or finds nothing.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` when the rows have more bytes than an answer may have;
    /// `QUERY_TIMEOUT`, `STORAGE_UNAVAILABLE`, `SHUTTING_DOWN`; `INTERNAL` for a defect.
    pub fn read(
        &self,
        program: &ReadProgram,
        inputs: &Inputs,
        seal: &dyn Seal,
        out: &mut Vec<u8>,
    ) -> Result<ReadOutcome> {
        let limit_us = self.0.shared.statement_us_max;
        match self.read_within(limit_us, (program, inputs, seal), out)? {
            Within::Done(outcome) => Ok(outcome),
            Within::Expired(error) => Err(error.into()),
        }
    }

    /// Executes a read that is known to take long, on a thread kept for such. As [`Store::read`]
    /// otherwise.
    ///
    /// # Errors
    /// As [`Store::read`], and `OVERLOADED` when too many long reads wait, or this one did for more
    /// than a second.
    pub async fn read_pooled(&self, job: &ReadJob, out: &mut Vec<u8>) -> Result<ReadOutcome> {
        let (reply, answer) = oneshot::channel();
        let (job, shared) = (job.clone(), Arc::clone(&self.0.shared));
        let mut buffer = std::mem::take(out);
        let task = Box::new(move |link: Result<&Link, StoreError>| {
            // Whoever gave up waiting does not need it read.
            if reply.is_closed() {
                return Verdict::Sound;
            }
            let parts = (&*job.program, &job.inputs, &*job.seal);
            let result = link.and_then(|link| {
                shared.run_read(link, shared.statement_us_max, parts, &mut buffer)
            });
            let verdict = match &result {
                Err(error) if is_broken(error) => Verdict::Broken,
                _ => Verdict::Sound,
            };
            drop(reply.send((buffer, result)));
            verdict
        });
        self.with_pool(|pool| pool.submit(task))?;
        let Ok((buffer, result)) = answer.await else { return Err(StoreError::Panicked.into()) };
        *out = buffer;
        match result? {
            Within::Done(outcome) => Ok(outcome),
            Within::Expired(error) => Err(error.into()),
        }
    }

    /// Executes a read where it belongs, by what its program has `cost` so far: here when it is
    /// short, on a thread for long reads otherwise. One that proves long while it runs here is
    /// given up and begun anew over there.
    ///
    /// # Errors
    /// As [`Store::read_pooled`].
    pub async fn read_adaptive(
        &self,
        job: &ReadJob,
        cost: &ReadCost,
        out: &mut Vec<u8>,
    ) -> Result<ReadOutcome> {
        if !cost.is_slow() {
            let limit_us = INLINE_US_MAX.min(self.0.shared.statement_us_max);
            let parts = (&*job.program, &job.inputs, &*job.seal);
            match self.read_within(limit_us, parts, out)? {
                Within::Done(outcome) => {
                    cost.observe(&outcome);
                    return Ok(outcome);
                }
                Within::Expired(_) => cost.mark_slow(),
            }
        }
        let outcome = self.read_pooled(job, out).await?;
        cost.observe(&outcome);
        Ok(outcome)
    }

    /// Does one write, in a transaction it may share with others, and returns once it is durable.
    /// Should the future be dropped, the write is done or not done, never by half.
    ///
    /// # Errors
    /// `NOT_FOUND`, `FORBIDDEN`, `VERSION_MISMATCH`, `REFERENCE_CONFLICT`, `VALIDATION_ERROR` and
    /// `UNIQUE_CONFLICT` as the program says; `QUERY_TOO_COMPLEX` when the row to answer with is too
    /// long, `OVERLOADED` when too many writes wait,
    /// `QUERY_TIMEOUT`, `STORAGE_UNAVAILABLE`, `SHUTTING_DOWN`; `INTERNAL` for a defect. Nothing
    /// was changed then.
    pub async fn write(&self, job: WriteJob) -> Result<WriteOutcome> {
        let outcomes = self.transact(vec![Step::Write(job)]).await;
        let mut outcomes = outcomes.map_err(|failure| failure.error)?;
        outcomes.pop().ok_or_else(|| Error::internal("a write that was done has no outcome"))
    }

    /// Does all of `steps` in their order, or nothing, in a transaction it may share with others;
    /// returns the outcomes of the writes among them once they are durable.
    ///
    /// # Errors
    /// As [`Store::write`], with the step that failed; `NOT_FOUND` for a requirement.
    pub async fn transact(&self, steps: Vec<Step>) -> Result<Vec<WriteOutcome>, Failure> {
        let (reply, answer) = oneshot::channel();
        self.submit(Command::Write(Box::new(QueuedWrite { steps, reply })))?;
        match answer.await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Closed.into()),
        }
    }

    /// Numbers for whoever watches.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let shared = &self.0.shared;
        Stats {
            n_queued_writes: shared.n_queued.load(Ordering::Relaxed),
            n_commits: shared.n_commits.load(Ordering::Relaxed),
            n_writes: shared.n_writes.load(Ordering::Relaxed),
            log_bytes: shared.n_log_pages.load(Ordering::Relaxed) * shared.page_bytes,
            is_writable: shared.is_writable.load(Ordering::Relaxed),
        }
    }

    /// Whether the database answers, and took the last write. After a failure the store tries by
    /// itself about once a second, while nobody writes.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` or `SHUTTING_DOWN`.
    pub fn ready(&self) -> Result<()> {
        self.0.shared.check_open()?;
        self.0.readers.with(|link| {
            let sql = "SELECT count(*) FROM sqlite_schema";
            let mut statement =
                link.conn.prepare_cached(sql).map_err(|source| StoreError::Read { source })?;
            statement
                .query_row([], |row| row.get::<_, i64>(0))
                .map_err(|source| StoreError::Read { source })
        })?;
        if self.0.shared.is_writable.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(StoreError::WriterDown.into())
        }
    }

    /// A number that SQLite changes with every change of a table or index, whichever process made
    /// it. Cheap to ask.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn schema_version(&self) -> Result<i64, StoreError> {
        self.0.shared.check_open()?;
        self.0.readers.with(|link| {
            link.conn
                .query_row("PRAGMA schema_version", [], |row| row.get(0))
                .map_err(|source| StoreError::Read { source })
        })
    }

    /// Takes nothing more, does what is queued, empties the write-ahead log and closes every
    /// connection. Blocks; further calls do nothing.
    pub fn close(&self) {
        self.0.close();
    }

    /// Columns that were found to hold what their codec cannot read.
    #[cfg(test)]
    pub(crate) fn n_oddities(&self) -> usize {
        self.0.shared.oddities.len()
    }

    fn read_within(
        &self,
        limit_us: u64,
        parts: (&ReadProgram, &Inputs, &dyn Seal),
        out: &mut Vec<u8>,
    ) -> Result<Within, StoreError> {
        self.0.shared.check_open()?;
        self.0.readers.with(|link| self.0.shared.run_read(link, limit_us, parts, out))
    }

    fn with_pool<T>(
        &self,
        use_pool: impl FnOnce(&Pool) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.shared.check_open()?;
        let mut pool = lock(&self.0.pool);
        match &*pool {
            Some(pool) => use_pool(pool),
            None => {
                let started = Pool::start(&self.0.opener, self.0.pool_threads)?;
                use_pool(pool.insert(started))
            }
        }
    }

    fn submit(&self, command: Command) -> Result<(), StoreError> {
        self.0.shared.check_open()?;
        self.0.shared.n_queued.fetch_add(1, Ordering::Relaxed);
        self.0.commands.try_send(command).map_err(|refused| {
            self.0.shared.n_queued.fetch_sub(1, Ordering::Relaxed);
            match refused {
                TrySendError::Full(_) => StoreError::QueueFull { queue: "the queue of writes" },
                TrySendError::Disconnected(_) => StoreError::Closed,
            }
        })
    }
}

impl Store {
    /// Queues work of the store's own, waiting for a place: it is rare and must not be refused.
    fn submit_waiting(&self, command: Command) -> Result<(), StoreError> {
        self.0.shared.check_open()?;
        self.0.commands.send(command).map_err(|_| StoreError::Closed)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path()).finish_non_exhaustive()
    }
}

/// What a read under a time limit came to.
enum Within {
    Done(ReadOutcome),
    Expired(StoreError),
}

impl Shared {
    fn new(options: &Options, clockwork: Arc<Clockwork>, link: &Link) -> Result<Self, StoreError> {
        let page_bytes = link
            .conn
            .query_row("PRAGMA page_size", [], |row| row.get::<_, i64>(0))
            .map_err(|source| StoreError::Configure { source })?;
        Ok(Self {
            clockwork,
            oddities: Oddities::default(),
            statement_us_max: options.statement_ms_max.saturating_mul(1_000),
            answer_bytes_max: options.answer_bytes_max,
            page_bytes: u64::try_from(page_bytes).unwrap_or(0),
            #[cfg(not(test))]
            log_pages_max: checkpoint::FULL_PAGES,
            #[cfg(test)]
            log_pages_max: options.faults.log_pages_max,
            #[cfg(test)]
            faults: options.faults.clone(),
            n_queued: AtomicUsize::new(0),
            n_commits: AtomicU64::new(0),
            n_writes: AtomicU64::new(0),
            n_log_pages: AtomicU64::new(0),
            n_log_pages_tried: AtomicU64::new(0),
            n_log_pages_moved: AtomicU64::new(0),
            is_writable: AtomicBool::new(true),
            is_closed: AtomicBool::new(false),
        })
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.is_closed.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }

    fn run_read(
        &self,
        link: &Link,
        limit_us: u64,
        (program, inputs, seal): (&ReadProgram, &Inputs, &dyn Seal),
        out: &mut Vec<u8>,
    ) -> Result<Within, StoreError> {
        let start = out.len();
        link.guard.begin(limit_us);
        let (conn, oddities) = (&link.conn, &self.oddities);
        let end_max = start.saturating_add(self.answer_bytes_max);
        let mut execution = Execution { conn, inputs, seal, oddities, n_statements: 0, end_max };
        let result = read::execute(&mut execution, program, out);
        match result {
            Ok(mut outcome) => {
                outcome.busy_us = link.guard.busy_us();
                Ok(Within::Done(outcome))
            }
            Err(stopped) => {
                out.truncate(start);
                let error = match stopped {
                    Stopped::Database(source) => StoreError::Read { source },
                    Stopped::TooLong => {
                        StoreError::AnswerTooLong { bytes_max: self.answer_bytes_max }
                    }
                };
                if link.guard.has_expired() { Ok(Within::Expired(error)) } else { Err(error) }
            }
        }
    }
}

impl Inner {
    fn close(&self) {
        self.shared.is_closed.store(true, Ordering::Release);
        let writer = lock(&self.writer).take();
        let Some(writer) = writer else { return };
        // Readers first: the writer empties the log best when nobody reads from it.
        self.readers.close();
        if let Some(pool) = lock(&self.pool).take() {
            pool.close();
        }
        // Waits for a place in the queue; the writer is making them.
        drop(self.commands.send(Command::Close));
        // A closure that ran on the writer's thread may have held the last handle.
        if writer.thread().id() != thread::current().id() && writer.join().is_err() {
            tracing::error!("the writer's thread had panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Whether the connection that met `error` cannot be trusted any longer. Waiting for another
/// process's lock in vain says nothing against it.
fn is_broken(error: &StoreError) -> bool {
    error
        .database_error()
        .is_some_and(|error| Trouble::of(error) == Trouble::Storage && !Trouble::is_busy(error))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
