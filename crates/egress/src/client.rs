//! The client: its bounds, and the steps of a request.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::error::{Cause, Error, SetupError};
use crate::exchange::exchange;
use crate::message::{Request, Response};
use crate::resolve::{Names, resolve};
use crate::tls::Trust;

/// How long one address may take to accept a connection, so that a dead one leaves time for the
/// next.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(3);

/// Bounds on every request, and whom to trust.
#[derive(Debug, Clone)]
pub struct Settings {
    /// From the call until the last byte of the answer. Default 10 s.
    pub time_max: Duration,
    /// Bytes of an answer's body. Default 1 MiB.
    pub body_bytes_max: usize,
    /// Requests at once; a further one waits, within its time. Default 64.
    pub requests_max: usize,
    /// Authorities to trust besides the machine's, as PEM text.
    pub trusted_pem: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(10),
            body_bytes_max: 1 << 20,
            requests_max: 64,
            trusted_pem: None,
        }
    }
}

/// Sends requests to other servers. Cheap to clone; clones share their bounds.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    names: Names,
    trust: Trust,
    permits: Semaphore,
}

impl Client {
    /// A client with these settings. Reads no file and opens no connection yet.
    ///
    /// # Errors
    /// When the certificates to trust cannot be read.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        Self::with_names(settings, Names::System)
    }

    pub(crate) fn with_names(settings: Settings, names: Names) -> Result<Self, SetupError> {
        let trust = Trust::new(settings.trusted_pem.as_deref())?;
        let permits = Semaphore::new(settings.requests_max.min(Semaphore::MAX_PERMITS));
        Ok(Self { shared: Arc::new(Shared { settings, names, trust, permits }) })
    }

    /// Sends the request and reads the whole answer, whatever its status.
    ///
    /// Needs a Tokio runtime with IO and time. Dropping the future closes the connection.
    ///
    /// # Errors
    /// When there is no answer within the bounds; [`Error::cause`] says why.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let max = self.shared.settings.time_max;
        match timeout(max, Box::pin(self.shared.send(request))).await {
            Ok(result) => result.map_err(Error::from),
            Err(_) => Err(Cause::Time { max }.into()),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.shared.settings).finish()
    }
}

impl Shared {
    async fn send(&self, request: Request) -> Result<Response, Cause> {
        let _permit = self.permits.acquire().await.expect("invariant: it is never closed");
        let addresses = resolve(&self.names, &request.url, request.reach).await?;
        let stream = connect(&addresses).await?;
        let client_max = self.settings.body_bytes_max;
        let body_max = request.body_bytes_max.map_or(client_max, |bytes| bytes.min(client_max));
        if request.url.scheme() == "https" {
            let stream = self.trust.connect(&request.url, stream).await?;
            exchange(stream, request, body_max).await
        } else {
            exchange(stream, request, body_max).await
        }
    }
}

/// A connection to the first of the addresses that takes one.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Cause> {
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).map_err(Cause::Connect)?;
                return Ok(stream);
            }
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(Cause::Connect(failure))
}

#[cfg(test)]
mod tests;
