//! From a configuration to an open port: the listener, the worker threads, the request log.

use std::future::Future;
use std::io::{ErrorKind, LineWriter};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use underpin_accounts::Accounts;
use underpin_base::Ids;
use underpin_http::{LogOptions, ServerOptions};
use underpin_mail::Caught;
use url::Url;

use crate::config::{Config, LogLevel, Server};
use crate::exit::Failure;
use crate::logging;

/// An open port.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Opens the configured port, so that a port in use is known before anything else is done.
    pub(crate) fn open(server: &Server) -> Result<Self, Failure> {
        let wanted = server.address;
        let socket = TcpListener::bind(wanted).map_err(|error| cannot_listen(wanted, &error))?;
        let address = socket.local_addr().map_err(|error| cannot_listen(wanted, &error))?;
        Ok(Self { socket, address })
    }

    /// The address, with the port that was picked.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a client on this machine reaches the server, or where the configuration says that
    /// clients do.
    pub(crate) fn url(&self, server: &Server) -> String {
        url(server, self.address)
    }
}

/// Where a client reaches a server that listens at `address`.
pub(crate) fn url(server: &Server, address: SocketAddr) -> String {
    if let Some(url) = &server.public_url {
        return url.as_str().to_owned();
    }
    let reachable = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(reachable, address.port()))
}

/// Serves until `shutdown` is ready and the requests in flight have ended. Where mail is caught and
/// not sent, its pages are served too.
pub(crate) async fn serve(
    listener: Listener,
    accounts: Arc<Accounts>,
    config: &Config,
    caught_mail: Option<Arc<Caught>>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let address = listener.address;
    let public_url = config.server.public_url.as_ref().map(|url| {
        Url::parse(url.as_str()).expect("invariant: the configuration checked that it is a URL")
    });
    let options = ServerOptions {
        listeners: vec![listener.socket],
        workers: workers(&config.server),
        public_url,
        hosts: Vec::new(),
        origins: config.auth.allowed_origins.as_slice().to_vec(),
        tiers: config.tiers.of_server(),
        trusted_proxies: config.server.trusted_proxies.as_slice().to_vec(),
        ids: Ids::Random,
        log: request_log(config),
        caught_mail,
    };
    underpin_http::serve(options, accounts, shutdown)
        .await
        .map_err(|error| Failure::failed(format!("cannot serve on {address}: {error}")))
}

fn workers(server: &Server) -> usize {
    match server.workers {
        0 => available_parallelism().map_or(1, NonZero::get),
        n_workers => n_workers,
    }
}

fn request_log(config: &Config) -> LogOptions {
    let format = match config.log.level {
        LogLevel::Error | LogLevel::Warn => underpin_http::LogFormat::Off,
        LogLevel::Info | LogLevel::Debug | LogLevel::Trace => {
            if logging::is_json(config.log.format) {
                underpin_http::LogFormat::Json
            } else {
                underpin_http::LogFormat::Text
            }
        }
    };
    LogOptions { format, output: Box::new(LineWriter::new(std::io::stderr())) }
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> Failure {
    let (reason, help) = match error.kind() {
        ErrorKind::AddrInUse => (
            "another program listens there".to_owned(),
            "stop it, or choose another port: `--address 127.0.0.1:0` picks a free one",
        ),
        ErrorKind::PermissionDenied => (
            "this needs more rights than the process has".to_owned(),
            "ports below 1024 are reserved; choose a higher one",
        ),
        ErrorKind::AddrNotAvailable => (
            "this machine has no such address".to_owned(),
            "`0.0.0.0` listens on every address it has",
        ),
        _ => (error.to_string(), "choose another address with `--address`"),
    };
    Failure::failed(format!("cannot listen on {address}: {reason}")).with_help(help)
}
