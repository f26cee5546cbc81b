//! Threads of their own for hashing, which give way to everything else.
//!
//! A hash keeps a core busy for milliseconds. On threads of a lower priority it does so in the time
//! that requests leave over, so a burst of logins slows logins and nothing else.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// By how much the threads give way: enough that requests come first, not so much that a login
/// waits for ever on a busy machine.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

/// The threads, started with the first work. They end when this is dropped.
#[derive(Debug)]
pub(super) struct Threads {
    n_threads: u32,
    queue: OnceLock<Sender<Work>>,
}

impl Threads {
    pub(super) fn new(n_threads: u32) -> Self {
        Self { n_threads, queue: OnceLock::new() }
    }

    /// Runs `work`, and returns what it made; `None` when it panicked or no thread could be started.
    /// It goes on when nobody waits any more. Whoever calls holds a permit, so the queue stays short.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let work = move || drop(reply.send(work()));
        let queue = self.queue.get_or_init(|| start(self.n_threads));
        queue.send(Box::new(work)).ok()?;
        answer.await.ok()
    }
}

fn start(n_threads: u32) -> Sender<Work> {
    let (queue, works) = channel::<Work>();
    let works = Arc::new(Mutex::new(works));
    for number in 0..n_threads {
        let works = Arc::clone(&works);
        let started =
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || serve(&works));
        if let Err(error) = started {
            tracing::error!(%error, "a thread for hashing passwords could not be started");
        }
    }
    queue
}

fn serve(works: &Mutex<Receiver<Work>>) {
    give_way();
    loop {
        let next = works.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        // Whoever waits learns of a panic by its channel being closed; the thread goes on.
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)));
    }
}

/// Lowers the priority of this thread alone, as `nice` does on Linux.
#[cfg(target_os = "linux")]
fn give_way() {
    // Without it logins compete with requests, which is no reason not to serve.
    let _ = rustix::process::nice(NICE);
}

#[cfg(not(target_os = "linux"))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_takes_no_thread_down() {
        let threads = Threads::new(1);
        assert_eq!(threads.run(|| panic!("as a hash never does")).await, None::<()>);
        assert_eq!(threads.run(|| 7).await, Some(7));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn hashing_gives_way_to_requests() {
        let threads = Threads::new(1);
        let own = rustix::process::nice(0).unwrap();
        let theirs = threads.run(|| rustix::process::nice(0).unwrap()).await.unwrap();
        assert_eq!(theirs, (own + NICE).min(19));
    }
}
