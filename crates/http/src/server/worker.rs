//! One worker: a thread with its own runtime, its connections, and the watch over their deadlines.
//!
//! Deadlines are looked at a few times a second for all connections together, so that no request
//! pays for a timer.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::MissedTickBehavior;
use underpin_engine::App;
use underpin_plan::Actor;

use super::conn::{Conn, Phase};
use super::{Arrival, Shared, connection};
use crate::limits::Policies;
use crate::log::LogBuffer;
use crate::site::Site;

/// What the requests of one thread share.
pub(crate) struct Worker {
    pub shared: Arc<Shared>,
    pub log: RefCell<LogBuffer>,
    pub policies: Policies,
    /// Whoever sends no credentials.
    pub anonymous: Arc<Actor>,
    /// The routes of the schema served last, and its generation.
    site: RefCell<Option<(u64, Rc<Site>)>>,
    connections: RefCell<HashMap<u64, Rc<Conn>>>,
    last_number: Cell<u64>,
}

impl Worker {
    fn new(shared: Arc<Shared>) -> Self {
        let log = RefCell::new(shared.log.buffer());
        let policies = shared.limiter.policies();
        Self {
            shared,
            log,
            policies,
            anonymous: Arc::new(Actor::anonymous()),
            site: RefCell::new(None),
            connections: RefCell::default(),
            last_number: Cell::new(0),
        }
    }

    /// The routes of `app`, made when its schema is first met.
    pub(crate) fn site(&self, app: &App) -> Rc<Site> {
        let mut kept = self.site.borrow_mut();
        match &*kept {
            Some((generation, site)) if *generation == app.generation() => Rc::clone(site),
            _ => {
                let site = Rc::new(Site::new(app.schema()));
                *kept = Some((app.generation(), Rc::clone(&site)));
                site
            }
        }
    }

    fn add(&self, conn: &Rc<Conn>) -> u64 {
        let number = self.last_number.get() + 1;
        self.last_number.set(number);
        self.connections.borrow_mut().insert(number, Rc::clone(conn));
        number
    }

    fn watch(&self) {
        let now = Instant::now();
        for conn in self.connections.borrow().values() {
            conn.watch(now, &self.shared.limits);
        }
        self.log.borrow_mut().flush(now);
    }

    fn is_empty(&self) -> bool {
        self.connections.borrow().is_empty()
    }
}

/// Takes a connection out of its worker's list however its task ends.
struct Listed<'a> {
    worker: &'a Worker,
    counter: &'a AtomicUsize,
    number: u64,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.worker.connections.borrow_mut().remove(&self.number);
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How long a connection that has not sent its first head is kept once the server stops.
const HEAD_PATIENCE: Duration = Duration::from_millis(250);

/// Runs a worker until the acceptor hangs up and its connections have ended.
pub(super) fn run(
    shared: Arc<Shared>,
    mut inbox: mpsc::Receiver<Arrival>,
    counter: &Arc<AtomicUsize>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("invariant: a process with a listener can make a runtime");
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async {
        let worker = Rc::new(Worker::new(shared));
        let mut tick = tokio::time::interval(watch_interval(&worker));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                arrival = inbox.recv() => match arrival {
                    Some(arrival) => take_over(&worker, counter, arrival),
                    None => break,
                },
                _ = tick.tick() => worker.watch(),
            }
        }
        drain(&worker, &mut tick).await;
        worker.log.borrow_mut().flush(Instant::now());
    });
}

fn watch_interval(worker: &Worker) -> Duration {
    let limits = &worker.shared.limits;
    let shortest = limits.head_ms_max.min(limits.body_ms_max).min(limits.idle_ms_max);
    Duration::from_millis((shortest / 4).clamp(10, 250))
}

fn take_over(worker: &Rc<Worker>, counter: &Arc<AtomicUsize>, arrival: Arrival) {
    let Arrival { stream, peer, permit } = arrival;
    let (worker, counter) = (Rc::clone(worker), Arc::clone(counter));
    let conn = Rc::new(Conn::new(peer));
    let number = worker.add(&conn);
    tokio::task::spawn_local(async move {
        let _listed = Listed { worker: &worker, counter: &counter, number };
        connection::run(&worker, &conn, stream).await;
        // Whoever waits for the line of a single request finds it at once.
        worker.log.borrow_mut().flush(Instant::now());
        drop(permit);
    });
}

/// Lets requests in flight end, for as long as the limits say.
async fn drain(worker: &Worker, tick: &mut tokio::time::Interval) {
    let started = Instant::now();
    let deadline = started + Duration::from_millis(worker.shared.limits.drain_ms_max);
    let mut pause = tokio::time::interval(Duration::from_millis(5));
    loop {
        // A connection whose head has not been read would be closed with the head in it, so it
        // gets a moment: what its client sent before the signal may still lie in the socket.
        let is_patient = started.elapsed() < HEAD_PATIENCE;
        for conn in worker.connections.borrow().values() {
            if !(is_patient && matches!(conn.phase(), Phase::Fresh | Phase::Head)) {
                conn.drain();
            }
        }
        if worker.is_empty() || Instant::now() >= deadline {
            return;
        }
        tokio::select! {
            _ = pause.tick() => {}
            _ = tick.tick() => worker.watch(),
        }
    }
}
