//! What the parts of one connection know of each other: the socket's guard, the service that
//! answers requests, and the worker that watches over deadlines.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::task::Waker;
use std::time::{Duration, Instant};

use underpin_base::Limits;

use super::framing::Refusal;
use crate::limits::Spent;

/// What a connection is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first byte of its first request.
    Fresh,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
    /// Its answer.
    Working,
    /// The client to read its answer, of which something is not in the socket yet.
    Answering,
    /// The next request.
    Idle,
}

/// Whether a request has a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HasBody {
    /// It has none.
    No,
    /// One of at least a byte, or of unknown length.
    Yes,
}

/// What the worker's watch has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing to do.
    Go,
    /// No further request; end once the one in hand is answered.
    Drain,
    /// End at once.
    Close,
}

/// The shared state of one connection. It never leaves its worker's thread.
#[derive(Debug)]
pub(crate) struct Conn {
    /// The client's address.
    pub peer: SocketAddr,
    /// What whoever asked over it last has spent.
    pub spent: RefCell<Option<Spent>>,
    phase: Cell<Phase>,
    since: Cell<Instant>,
    body_overdue: Cell<bool>,
    verdict: Cell<Verdict>,
    refusal: Cell<Option<Refusal>>,
    is_refused: Cell<bool>,
    unread: Cell<bool>,
    body_pending: Cell<bool>,
    heads: Cell<u64>,
    calls: Cell<u64>,
    waker: RefCell<Option<Waker>>,
}

impl Conn {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self {
            peer,
            spent: RefCell::new(None),
            phase: Cell::new(Phase::Fresh),
            since: Cell::new(Instant::now()),
            body_overdue: Cell::new(false),
            verdict: Cell::new(Verdict::Go),
            refusal: Cell::new(None),
            is_refused: Cell::new(false),
            unread: Cell::new(false),
            body_pending: Cell::new(false),
            heads: Cell::new(0),
            calls: Cell::new(0),
            waker: RefCell::new(None),
        }
    }

    /// Notes what the connection waits for from this moment.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since.set(Instant::now());
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Some of an answer went into the socket: its client reads on, however slowly.
    pub(crate) fn wrote(&self) {
        if self.phase.get() == Phase::Answering {
            self.since.set(Instant::now());
        }
    }

    /// All that there was to write is in the socket.
    pub(crate) fn flushed(&self) {
        if self.phase.get() == Phase::Answering {
            self.enter(Phase::Idle);
        }
    }

    /// A whole head went on to hyper.
    pub(crate) fn head_passed(&self) {
        self.heads.set(self.heads.get() + 1);
        self.phase.set(Phase::Working);
    }

    /// hyper called the service with the head of a request that has a body or not.
    pub(crate) fn called(&self, has_body: HasBody) {
        self.calls.set(self.calls.get() + 1);
        self.body_pending.set(has_body == HasBody::Yes);
    }

    /// The body was read to its end.
    pub(crate) fn body_read(&self) {
        self.body_pending.set(false);
    }

    /// Whether the request in hand has a body that was not read to its end.
    pub(crate) fn body_pending(&self) -> bool {
        self.body_pending.get()
    }

    /// Whether hyper has a head that it has not called the service with: whatever it writes then
    /// is its own refusal.
    pub(crate) fn refused_by_hyper(&self) -> bool {
        self.heads.get() > self.calls.get()
    }

    /// Notes why the connection cannot go on.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.refusal.set(Some(refusal));
        self.is_refused.set(true);
        self.unread.set(true);
    }

    /// Takes the reason, so that it is answered once.
    pub(crate) fn take_refusal(&self) -> Option<Refusal> {
        self.refusal.take()
    }

    /// Whether the connection has been found unable to go on.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.get()
    }

    /// Notes that the client may still be sending when the connection is closed.
    pub(crate) fn leave_unread(&self) {
        self.unread.set(true);
    }

    pub(crate) fn left_unread(&self) -> bool {
        self.unread.get()
    }

    /// Whether the body took too long.
    pub(crate) fn body_overdue(&self) -> bool {
        self.body_overdue.get()
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict.get()
    }

    /// Keeps the waker of the connection's task.
    pub(crate) fn remember(&self, waker: &Waker) {
        let mut kept = self.waker.borrow_mut();
        if !kept.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *kept = Some(waker.clone());
        }
    }

    /// No further requests.
    pub(crate) fn drain(&self) {
        if self.verdict.get() == Verdict::Go {
            self.verdict.set(Verdict::Drain);
            self.wake();
        }
    }

    /// Ends what has waited too long.
    pub(crate) fn watch(&self, now: Instant, limits: &Limits) {
        let waited = now.saturating_duration_since(self.since.get());
        let past = |limit_ms: u64| waited > Duration::from_millis(limit_ms);
        match self.phase.get() {
            Phase::Fresh if past(limits.head_ms_max) => self.close(),
            Phase::Head if past(limits.head_ms_max) => {
                self.refuse(Refusal::TimedOut);
                self.close();
            }
            Phase::Body if past(limits.body_ms_max) => {
                self.body_overdue.set(true);
                self.wake();
            }
            Phase::Answering | Phase::Idle if past(limits.idle_ms_max) => self.close(),
            Phase::Fresh
            | Phase::Head
            | Phase::Body
            | Phase::Working
            | Phase::Answering
            | Phase::Idle => {}
        }
    }

    fn close(&self) {
        self.verdict.set(Verdict::Close);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conn() -> Conn {
        Conn::new(SocketAddr::from(([127, 0, 0, 1], 1)))
    }

    #[test]
    fn each_phase_has_its_own_deadline() {
        let limits =
            Limits { head_ms_max: 10, body_ms_max: 20, idle_ms_max: 30, ..Limits::default() };
        let verdicts = |phase: Phase, ms: u64| {
            let conn = conn();
            conn.enter(phase);
            conn.watch(Instant::now() + Duration::from_millis(ms), &limits);
            (conn.verdict(), conn.body_overdue(), conn.take_refusal())
        };
        assert_eq!(verdicts(Phase::Fresh, 100), (Verdict::Close, false, None));
        assert_eq!(verdicts(Phase::Head, 5), (Verdict::Go, false, None));
        assert_eq!(verdicts(Phase::Head, 11), (Verdict::Close, false, Some(Refusal::TimedOut)));
        assert_eq!(verdicts(Phase::Body, 15), (Verdict::Go, false, None));
        assert_eq!(verdicts(Phase::Body, 100), (Verdict::Go, true, None));
        assert_eq!(verdicts(Phase::Working, 60_000), (Verdict::Go, false, None));
        assert_eq!(verdicts(Phase::Idle, 25), (Verdict::Go, false, None));
        assert_eq!(verdicts(Phase::Idle, 100), (Verdict::Close, false, None));
        assert_eq!(verdicts(Phase::Answering, 100), (Verdict::Close, false, None));
    }

    #[test]
    fn a_connection_is_idle_once_its_answer_is_written() {
        let conn = conn();
        conn.enter(Phase::Working);
        conn.flushed();
        assert_eq!(conn.phase(), Phase::Working);
        conn.enter(Phase::Answering);
        conn.wrote();
        assert_eq!(conn.phase(), Phase::Answering);
        conn.flushed();
        assert_eq!(conn.phase(), Phase::Idle);
    }
}
