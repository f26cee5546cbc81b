//! The socket as hyper sees it: one whole, checked head at a time, then its body.
//!
//! Heads wait here until they are complete, so that a refused one never reaches hyper and the
//! connection's task can answer it with our own envelope. When hyper refuses a head that passed,
//! its bare answer is swallowed for the same reason.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::conn::{Conn, Phase};
use super::framing::{Bounds, Framing, Refusal, Step};

const SCRATCH_BYTES: usize = 16 * 1024;

thread_local! {
    // Sockets are read into one buffer a thread, so that idle connections hold none.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice());
}

/// A socket that lets only well-framed requests pass.
pub(crate) struct Guard {
    stream: TcpStream,
    conn: Rc<Conn>,
    framing: Framing,
    /// Bytes read and not yet passed on: part of a head, or whatever follows a message.
    held: Vec<u8>,
    /// How many of `held` were looked at and found to be an incomplete head.
    examined: usize,
    /// How many of `held` may be passed on.
    cleared: usize,
}

impl Guard {
    pub(crate) fn new(stream: TcpStream, conn: Rc<Conn>, bounds: Bounds) -> Self {
        let framing = Framing::new(bounds);
        Self { stream, conn, framing, held: Vec::new(), examined: 0, cleared: 0 }
    }

    /// The socket, and what was read of it but not passed on.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.held)
    }

    /// Clears what `held` starts with; false when more must be read first.
    fn examine(&mut self) -> Result<bool, Refusal> {
        while self.held.len() > self.examined {
            match self.framing.step(&self.held)? {
                Step::Skip(n) => {
                    self.held.drain(..n);
                    self.examined = 0;
                }
                Step::Incomplete => {
                    self.examined = self.held.len();
                    if self.conn.phase() != Phase::Head {
                        self.conn.enter(Phase::Head);
                    }
                }
                Step::Head(n) => {
                    self.conn.head_passed();
                    (self.cleared, self.examined) = (n, 0);
                    return Ok(true);
                }
                Step::Body(n) => {
                    self.cleared = n;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn pass_held(&mut self, out: &mut ReadBufCursor<'_>) {
        let n = self.cleared.min(out.remaining());
        out.put_slice(&self.held[..n]);
        self.held.drain(..n);
        self.cleared -= n;
        if self.held.is_empty() && self.held.capacity() > SCRATCH_BYTES / 4 {
            self.held = Vec::new();
        }
    }

    /// The usual way: a whole request came with one read and goes on without a stop. `fresh` is
    /// no longer than the room in `out`. Returns whether anything was passed on.
    fn pass_fresh(&mut self, fresh: &[u8], out: &mut ReadBufCursor<'_>) -> Result<bool, Refusal> {
        let mut at = 0;
        let mut outcome = Ok(());
        while at < fresh.len() && !(at > 0 && self.framing.between_messages()) {
            let step = match self.framing.step(&fresh[at..]) {
                Ok(step) => step,
                Err(refusal) => {
                    outcome = Err(refusal);
                    break;
                }
            };
            match step {
                Step::Head(n) => {
                    self.conn.head_passed();
                    out.put_slice(&fresh[at..at + n]);
                    at += n;
                }
                Step::Body(n) => {
                    out.put_slice(&fresh[at..at + n]);
                    at += n;
                }
                Step::Incomplete | Step::Skip(_) => break,
            }
        }
        self.held.extend_from_slice(&fresh[at..]);
        outcome.map(|()| at > 0)
    }

    fn poll_pass(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut ReadBufCursor<'_>,
    ) -> Poll<io::Result<Result<(), Refusal>>> {
        loop {
            if self.cleared > 0 {
                self.pass_held(out);
                return Poll::Ready(Ok(Ok(())));
            }
            match self.examine() {
                Ok(true) => continue,
                Ok(false) => {}
                Err(refusal) => return Poll::Ready(Ok(Err(refusal))),
            }
            let read = SCRATCH.with_borrow_mut(|scratch| {
                let room = out.remaining().min(scratch.len());
                let mut buffer = ReadBuf::new(&mut scratch[..room]);
                ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
                let fresh = buffer.filled();
                if fresh.is_empty() {
                    return Poll::Ready(Ok(Some(Ok(()))));
                }
                if !self.held.is_empty() {
                    self.held.extend_from_slice(fresh);
                    return Poll::Ready(Ok(None));
                }
                Poll::Ready(Ok(match self.pass_fresh(fresh, out) {
                    Ok(true) => Some(Ok(())),
                    Ok(false) => None,
                    Err(refusal) => Some(Err(refusal)),
                }))
            });
            match ready!(read) {
                Ok(Some(passed)) => return Poll::Ready(Ok(passed)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Read for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut out: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // To hyper, a refused connection is one whose client has nothing more to say.
        if self.conn.is_refused() {
            return Poll::Ready(Ok(()));
        }
        match ready!(self.poll_pass(cx, &mut out))? {
            Ok(()) => {}
            Err(refusal) => self.conn.refuse(refusal),
        }
        Poll::Ready(Ok(()))
    }
}

impl Write for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.conn.refused_by_hyper() {
            self.conn.refuse(Refusal::Malformed("the head is not valid HTTP"));
            return Poll::Ready(Ok(bytes.len()));
        }
        let n_written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.conn.wrote();
        Poll::Ready(Ok(n_written))
    }

    /// hyper asks for it once it holds nothing more to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.conn.flushed();
        Poll::Ready(Ok(()))
    }

    /// Leaves the socket open: the connection's task may still have a refusal to send, and closes
    /// it in its own way.
    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.conn.refused_by_hyper() {
            self.conn.refuse(Refusal::Malformed("the head is not valid HTTP"));
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let n_written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        self.conn.wrote();
        Poll::Ready(Ok(n_written))
    }
}
