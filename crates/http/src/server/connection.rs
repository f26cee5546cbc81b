//! The life of one connection: hyper serves it, and what hyper cannot answer is answered here.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::conn::{Conn, Verdict};
use super::framing::Bounds;
use super::guard::Guard;
use super::worker::Worker;
use crate::exchange;

/// Bytes and time given to a client that still sends when it is hung up on. Closing at once would
/// reset the connection, and the answer would be lost with it.
const LINGER_BYTES_MAX: usize = 256 * 1024;
const LINGER: Duration = Duration::from_secs(1);

/// How long the answer to a refused head may take to leave.
const REFUSAL: Duration = Duration::from_secs(5);

pub(super) async fn run(worker: &Rc<Worker>, conn: &Rc<Conn>, stream: std::net::TcpStream) {
    // A socket that broke on its way here has nobody left to tell.
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let guard = Guard::new(stream, Rc::clone(conn), bounds(worker));
    let (guard, unparsed) = serve(worker, conn, guard).await;
    let (mut stream, held) = guard.into_parts();
    if let Some(refusal) = conn.take_refusal() {
        let read = if unparsed.is_empty() { &held } else { &unparsed[..] };
        let answer = exchange::refuse(worker, conn, refusal, read);
        let sent = tokio::time::timeout(REFUSAL, stream.write_all(&answer)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
    if conn.left_unread() {
        linger(stream).await;
    }
}

fn bounds(worker: &Worker) -> Bounds {
    let limits = &worker.shared.limits;
    Bounds {
        head_bytes_max: limits.head_bytes_max,
        headers_max: limits.headers_max,
        target_bytes_max: limits.target_bytes_max,
    }
}

/// Serves requests until the client, a deadline or a refusal ends it. Returns what hyper held of a
/// head that it refused, too.
async fn serve(worker: &Rc<Worker>, conn: &Rc<Conn>, guard: Guard) -> (Guard, Bytes) {
    let service = service_fn(|request| exchange::answer(worker, conn, request));
    let mut http = Builder::new()
        // A client may close its sending side and still read; and a write that has begun is not
        // to be dropped half-way because its client left.
        .half_close(true)
        // The watch does it, for all phases and without a timer per connection.
        .header_read_timeout(None)
        .max_headers(worker.shared.limits.headers_max + 1)
        .max_buf_size(worker.shared.limits.head_bytes_max.max(64 * 1024))
        .serve_connection(guard, service);
    poll_fn(|cx| {
        conn.remember(cx.waker());
        match conn.verdict() {
            Verdict::Go => {}
            Verdict::Drain => Pin::new(&mut http).graceful_shutdown(),
            Verdict::Close => return Poll::Ready(()),
        }
        // Why a connection ended is the client's affair: it broke, or it was refused, which the
        // caller answers.
        Pin::new(&mut http).poll(cx).map(|_ended| ())
    })
    .await;
    let parts = http.into_parts();
    (parts.io, parts.read_buf)
}

/// Closes the sending side and reads on for a moment, so that the client gets to read the answer.
async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let drained = async {
        let mut buffer = [0; 4096];
        let mut n_read = 0;
        while n_read < LINGER_BYTES_MAX {
            match stream.read(&mut buffer).await {
                Ok(n) if n > 0 => n_read += n,
                _ => break,
            }
        }
    };
    // Past the time the client has had its chance.
    let _ = tokio::time::timeout(LINGER, drained).await;
}
