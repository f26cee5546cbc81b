//! A mail server that does as it is told, and says what it received.
//!
//! It knows just enough of SMTP to play along. At every step a test may let it say something else,
//! hang up, or fall silent.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// The certificate of `localhost` that the server shows, signed by itself.
pub(crate) const CERTIFICATE: &[u8] = include_bytes!("localhost/certificate.pem");
const KEY: &[u8] = include_bytes!("localhost/key.pem");

/// What the server does at a step.
pub(crate) enum Do {
    /// What a mail server does.
    Usual,
    /// This, in place of the usual answer.
    Say(&'static str),
    /// Nothing more, the connection open.
    Silence,
    /// Closes the connection.
    HangUp,
    /// Takes the message, and falls silent before it says so.
    TakeInSilence,
}

/// How the server keeps its connections secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrecy {
    None,
    StartTls,
    Tls,
}

/// What came in: commands as they were sent, and what followed `DATA`, its dots taken away.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) n_connections: usize,
    pub(crate) commands: Vec<String>,
    pub(crate) accepted: Vec<String>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    log: watch::Sender<Log>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

type Script = Arc<dyn Fn(usize, &str) -> Do + Send + Sync>;

impl Server {
    /// A server whose `script` is asked at each step: with the number of the connection, from one,
    /// and the command. The greeting is `(hello)`, the end of a message `(end)`.
    pub(crate) async fn start(
        secrecy: Secrecy,
        script: impl Fn(usize, &str) -> Do + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = watch::Sender::new(Log::default());
        let script: Script = Arc::new(script);
        let shared = log.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut session = Session {
                    number: {
                        shared.send_modify(|log| log.n_connections += 1);
                        shared.borrow().n_connections
                    },
                    secrecy,
                    script: Arc::clone(&script),
                    log: shared.clone(),
                };
                tokio::spawn(async move { session.run(stream).await });
            }
        });
        Self { address, log }
    }

    /// A server that takes every message.
    pub(crate) async fn obliging() -> Self {
        Self::start(Secrecy::None, |_, _| Do::Usual).await
    }

    /// Waits until the log is so.
    pub(crate) async fn until(&self, is_so: impl FnMut(&Log) -> bool) {
        let _ = self.log.subscribe().wait_for(is_so).await.unwrap();
    }

    pub(crate) fn log(&self) -> Log {
        self.log.borrow().clone()
    }
}

struct Session {
    number: usize,
    secrecy: Secrecy,
    script: Script,
    log: watch::Sender<Log>,
}

impl Session {
    async fn run(&mut self, stream: TcpStream) -> Option<()> {
        let stream: Box<dyn Stream> = match self.secrecy {
            Secrecy::Tls => Box::new(encrypt(Box::new(stream)).await?),
            Secrecy::None | Secrecy::StartTls => Box::new(stream),
        };
        let mut stream = BufReader::new(stream);
        let mut encrypted = self.secrecy == Secrecy::Tls;
        self.answer(&mut stream, "(hello)", "220 test\r\n").await?;
        loop {
            let line = read_line(&mut stream).await?;
            self.log.send_modify(|log| log.commands.push(line.clone()));
            let verb = line.split(' ').next().unwrap().to_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let offer = match self.secrecy {
                        Secrecy::StartTls if !encrypted => "250-test\r\n250 STARTTLS\r\n",
                        _ => "250-test\r\n250 AUTH PLAIN LOGIN\r\n",
                    };
                    self.answer(&mut stream, &line, offer).await?;
                }
                "STARTTLS" => {
                    self.answer(&mut stream, &line, "220 go ahead\r\n").await?;
                    let plain = stream.into_inner();
                    stream = BufReader::new(Box::new(encrypt(plain).await?));
                    encrypted = true;
                }
                "AUTH" => self.answer(&mut stream, &line, "235 welcome\r\n").await?,
                "DATA" => {
                    self.answer(&mut stream, &line, "354 go ahead\r\n").await?;
                    self.take_message(&mut stream).await?;
                }
                "QUIT" => {
                    self.answer(&mut stream, &line, "221 bye\r\n").await?;
                    return None;
                }
                _ => self.answer(&mut stream, &line, "250 fine\r\n").await?,
            }
        }
    }

    async fn take_message(&mut self, stream: &mut BufReader<Box<dyn Stream>>) -> Option<()> {
        let mut message = String::new();
        loop {
            let line = read_line(stream).await?;
            if line == "." {
                break;
            }
            message.push_str(line.strip_prefix('.').unwrap_or(&line));
            message.push_str("\r\n");
        }
        // Kept before the answer: a client that never hears it may have sent the message.
        let what = (self.script)(self.number, "(end)");
        if matches!(what, Do::Usual | Do::TakeInSilence) {
            self.log.send_modify(|log| log.accepted.push(message));
        }
        self.act(stream, what, "250 taken\r\n").await
    }

    async fn answer(
        &self,
        stream: &mut BufReader<Box<dyn Stream>>,
        step: &str,
        usual: &'static str,
    ) -> Option<()> {
        self.act(stream, (self.script)(self.number, step), usual).await
    }

    async fn act(
        &self,
        stream: &mut BufReader<Box<dyn Stream>>,
        what: Do,
        usual: &'static str,
    ) -> Option<()> {
        let answer = match what {
            Do::Usual => usual,
            Do::Say(answer) => answer,
            Do::Silence | Do::TakeInSilence => std::future::pending().await,
            Do::HangUp => return None,
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.flush().await.ok()
    }
}

async fn read_line(stream: &mut BufReader<Box<dyn Stream>>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(line.strip_suffix("\r\n").expect("lines end in CR LF").to_owned()),
    }
}

async fn encrypt(
    stream: Box<dyn Stream>,
) -> Option<tokio_rustls::server::TlsStream<Box<dyn Stream>>> {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config)).accept(stream).await.ok()
}
