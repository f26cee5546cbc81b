//! Accepts connections and hands each to the least busy worker.
//!
//! One thread with a runtime of its own per worker, nothing shared between them but the engine:
//! short reads run inline where the request arrived, and no request changes threads.

mod conn;
mod connection;
mod framing;
mod guard;
mod worker;

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use underpin_accounts::Accounts;
use underpin_base::{Ids, Limits};
use underpin_engine::Engine;
use underpin_limiter::Cidr;
use underpin_mail::Caught;
use url::Url;

use crate::host::Hosts;
use crate::limits::{Limiter, Tiers};
use crate::log::{Log, LogOptions};
pub(crate) use conn::{Conn, HasBody, Phase};
pub(crate) use framing::Refusal;
pub(crate) use worker::Worker;

/// How a server runs.
pub struct ServerOptions {
    /// Where connections arrive; already bound and listening.
    pub listeners: Vec<std::net::TcpListener>,
    /// Worker threads, at least one; as many as there are cores is best.
    pub workers: usize,
    /// Where clients reach the server, when that is known: its host is answered, others are
    /// refused with 421.
    pub public_url: Option<Url>,
    /// Further hosts to answer for, without port.
    pub hosts: Vec<String>,
    /// Sites besides this server's own whose pages may send requests with cookies: origins, as
    /// browsers write them.
    pub origins: Vec<String>,
    /// How much each kind of caller may ask for.
    pub tiers: Tiers,
    /// Proxies that are believed whom they speak for (`X-Forwarded-For`).
    pub trusted_proxies: Vec<Cidr>,
    /// Where request ids come from.
    pub ids: Ids,
    /// One line per request.
    pub log: LogOptions,
    /// Mails that were kept and not sent: shown to everybody at `/dev/mail`, which is there for
    /// them alone.
    pub caught_mail: Option<Arc<Caught>>,
}

/// What every worker shares.
pub(crate) struct Shared {
    pub engine: Arc<Engine>,
    pub accounts: Arc<Accounts>,
    pub limits: Limits,
    pub limiter: Limiter,
    pub hosts: Hosts,
    pub public_url: Option<Url>,
    pub origins: Vec<String>,
    pub ids: Ids,
    pub log: Log,
    pub caught_mail: Option<Arc<Caught>>,
    pub draining: AtomicBool,
}

/// A connection on its way to a worker. The permit is given back when it ends.
struct Arrival {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
}

/// A worker as the acceptor sees it.
struct Handle {
    arrivals: mpsc::Sender<Arrival>,
    n_connections: Arc<AtomicUsize>,
    ended: oneshot::Receiver<()>,
    thread: std::thread::JoinHandle<()>,
}

/// Connections that may wait for one worker to take them over.
const ARRIVALS_MAX: usize = 1_024;

/// Bytes of an answer that a socket holds beyond those on their way.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 128 * 1_024;

/// How long to let go when the process has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` is ready: then readiness turns false, nothing more is accepted, idle
/// connections close, and requests in flight get `Limits::drain_ms_max`.
///
/// # Errors
/// When a listener cannot be used or a thread cannot be started.
pub async fn serve(
    options: ServerOptions,
    accounts: Arc<Accounts>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let ServerOptions { listeners, workers, public_url, hosts, .. } = options;
    let engine = Arc::clone(accounts.engine());
    let limits = engine.limits().clone();
    let addresses: Vec<SocketAddr> =
        listeners.iter().map(std::net::TcpListener::local_addr).collect::<io::Result<_>>()?;
    let listeners: Vec<TcpListener> =
        listeners.into_iter().map(into_tokio).collect::<io::Result<_>>()?;
    let (log, flusher) = Log::start(options.log)?;
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    let shared = Arc::new(Shared {
        engine,
        accounts,
        hosts: Hosts::new(public_url.as_ref(), &hosts, &addresses),
        limits,
        limiter: Limiter::new(options.tiers, options.trusted_proxies),
        public_url,
        origins: options.origins,
        ids: options.ids,
        log,
        caught_mail: options.caught_mail,
        draining: AtomicBool::new(false),
    });
    let workers: Vec<Handle> = (0..workers.max(1))
        .map(|number| start_worker(number, &shared))
        .collect::<io::Result<_>>()?;

    tokio::select! {
        () = accept(&listeners, &workers, &connections) => {}
        () = shutdown => {}
    }
    shared.draining.store(true, Ordering::SeqCst);
    drop(listeners);
    end_workers(workers).await;
    drop(shared);
    flusher.end();
    Ok(())
}

fn into_tokio(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    wake_early(&listener);
    TcpListener::from_std(listener)
}

/// Keeps what waits in a socket short, for all connections of the listener: a socket takes more
/// only once a good part of what it holds has left, and a slow client must not look like one that
/// takes nothing.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn wake_early(listener: &std::net::TcpListener) {
    // Without it slow clients are seen to read in larger steps.
    let _ = socket2::SockRef::from(listener).set_tcp_notsent_lowat(UNSENT_BYTES);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn wake_early(_: &std::net::TcpListener) {}

fn start_worker(number: usize, shared: &Arc<Shared>) -> io::Result<Handle> {
    let (arrivals, inbox) = mpsc::channel(ARRIVALS_MAX);
    let (report_end, ended) = oneshot::channel();
    let n_connections = Arc::new(AtomicUsize::new(0));
    let (shared, counter) = (Arc::clone(shared), Arc::clone(&n_connections));
    let thread = std::thread::Builder::new().name(format!("http-{number}")).spawn(move || {
        worker::run(shared, inbox, &counter);
        // Nobody listens any more when `serve` itself was dropped.
        let _ = report_end.send(());
    })?;
    Ok(Handle { arrivals, n_connections, ended, thread })
}

async fn end_workers(workers: Vec<Handle>) {
    let (ends, threads): (Vec<_>, Vec<_>) = workers
        .into_iter()
        .map(|worker| {
            drop(worker.arrivals);
            (worker.ended, worker.thread)
        })
        .unzip();
    for end in ends {
        // An error is a worker that ended by a panic: it, too, has ended.
        let _ = end.await;
    }
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("an http worker ended by a panic");
        }
    }
}

async fn accept(listeners: &[TcpListener], workers: &[Handle], connections: &Arc<Semaphore>) {
    loop {
        // The permit comes first: at the bound, connections wait in the listen queue.
        let permit = Arc::clone(connections).acquire_owned().await;
        let permit = permit.expect("invariant: the semaphore is never closed");
        match accept_one(listeners).await {
            Ok((stream, peer)) => hand_over(stream, peer, permit, workers).await,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn accept_one(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    poll_fn(|cx| {
        for listener in listeners {
            if let Poll::Ready(accepted) = listener.poll_accept(cx) {
                return Poll::Ready(accepted);
            }
        }
        Poll::Pending
    })
    .await
}

async fn hand_over(
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    workers: &[Handle],
) {
    // A connection that broke meanwhile has nobody left to tell.
    let Ok(stream) = stream.set_nodelay(true).and_then(|()| stream.into_std()) else { return };
    let least_busy = workers
        .iter()
        .min_by_key(|worker| worker.n_connections.load(Ordering::Relaxed))
        .expect("invariant: a server has at least one worker");
    least_busy.n_connections.fetch_add(1, Ordering::Relaxed);
    if least_busy.arrivals.send(Arrival { stream, peer, permit }).await.is_err() {
        tracing::error!("an http worker has ended; its connections are dropped");
    }
}
