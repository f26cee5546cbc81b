//! Threads for reads that take long, so that they do not keep a request's thread from others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::open::{Link, Opener, Purpose};
use crate::StoreError;

/// Long reads that may wait; more are refused.
const QUEUED_MAX: usize = 128;

/// How long a read may wait for a thread: whoever asked has a deadline as well, and work that is
/// done for nobody only lengthens the wait of the others.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// A long read. It is told when there is no connection to run it with, and says whether the
/// connection can be used again.
type Task = Box<dyn FnOnce(Result<&Link, StoreError>) -> Verdict + Send>;

/// A task and when it began to wait.
struct Waiting {
    since: Instant,
    task: Task,
}

/// What a task found the connection to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sound,
    Broken,
}

/// A bounded pool of reader threads, each with a connection.
pub(super) struct Pool {
    queue: SyncSender<Waiting>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn start(opener: &Arc<Opener>, n_threads: usize) -> Result<Self, StoreError> {
        let (queue, tasks) = sync_channel(QUEUED_MAX);
        let tasks = Arc::new(Mutex::new(tasks));
        let threads = (0..n_threads.max(1))
            .map(|place| {
                let (opener, tasks) = (Arc::clone(opener), Arc::clone(&tasks));
                thread::Builder::new()
                    .name(format!("store-read-{place}"))
                    .spawn(move || serve(&opener, &tasks))
                    .map_err(|source| StoreError::StartThread { source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { queue, threads })
    }

    pub(super) fn submit(&self, task: Task) -> Result<(), StoreError> {
        let waiting = Waiting { since: Instant::now(), task };
        self.queue.try_send(waiting).map_err(|refused| match refused {
            TrySendError::Full(_) => StoreError::QueueFull { queue: "the queue of long reads" },
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }

    /// Waits for the reads that are queued, and ends the threads.
    pub(super) fn close(self) {
        drop(self.queue);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread for long reads had panicked");
            }
        }
    }
}

fn serve(opener: &Opener, tasks: &Mutex<Receiver<Waiting>>) {
    let mut kept: Option<Link> = None;
    loop {
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Waiting { since, task }) = next else { return };
        if since.elapsed() > WAIT_MAX {
            task(Err(StoreError::WaitedTooLong { queue: "the queue of long reads" }));
            continue;
        }
        let link = match kept.take() {
            Some(link) => Ok(link),
            None => opener.open(Purpose::Scan),
        };
        match link {
            // Should the read panic, its connection goes with it, and the thread stays.
            Ok(link) => match catch_unwind(AssertUnwindSafe(|| task(Ok(&link)))) {
                Ok(Verdict::Sound) => kept = Some(link),
                Ok(Verdict::Broken) => {}
                Err(_) => tracing::error!("a long read panicked"),
            },
            Err(error) => {
                task(Err(error));
            }
        }
    }
}
