//! To a mail server, by SMTP (RFC 5321) over TLS (RFC 8314, RFC 3207).
//!
//! The connections are lettre's, the order of commands is ours. lettre's own pool takes back a
//! connection whose command was given up, so that the next message would read the answers to the
//! one before; and it takes any answer that is not an error for the one that follows.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::Error as LettreError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::time::{Instant, timeout};
use underpin_base::Secret;

use crate::{Message, SendError, Sender, Stage, Stamp};

/// Connections that are kept for the next message.
const IDLE_MAX: usize = 4;
/// How long a connection is kept. Servers hang up after a minute or more.
const IDLE_TIME_MAX: Duration = Duration::from_secs(20);
/// How long taking leave may take.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(2);

/// A mail server.
#[derive(Debug, Clone)]
pub struct SmtpConfig {
    /// Its name, which its certificate must have too, or its IP address.
    pub host: String,
    /// Its port; without one that of the security: 465, 587 or 25.
    pub port: Option<u16>,
    /// How the connection is kept secret. Without one: `None` on this machine, `Tls` on port 465,
    /// `StartTls` everywhere else.
    pub security: Option<Security>,
    /// How to sign in, where that is asked for.
    pub login: Option<Login>,
    /// Who mails come from.
    pub from: Sender,
    /// How long one message may take, from connecting to the server's last answer.
    pub time_max: Duration,
    /// Certificates to trust beside those of the system, as PEM.
    pub certificates: Option<Vec<u8>>,
}

/// How a connection is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Encrypted from the first byte.
    Tls,
    /// Encrypted before anything that matters is said, or not used.
    StartTls,
    /// Not at all.
    None,
}

/// A name and its password.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret<String>,
}

/// Why a server cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum SmtpConfigError {
    /// The password would go over the network for everybody to read.
    #[error("a password is not sent without encryption to another machine")]
    PasswordInClear,
    /// The certificates cannot be read, or the host has no name that a certificate could have.
    #[error("encryption cannot be set up for this host")]
    Tls(#[source] LettreError),
}

/// A mail server that messages are sent to.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    tls: Option<TlsParameters>,
    hello: ClientId,
    credentials: Option<Credentials>,
    from: Sender,
    time_max: Duration,
    idle: Mutex<Vec<Idle>>,
}

/// A connection between two messages.
struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

impl Smtp {
    /// A mail server. Nothing is sent to it yet.
    ///
    /// # Errors
    /// [`SmtpConfigError`] when the configuration contradicts itself.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpConfigError> {
        let security = match (config.security, config.port) {
            (Some(security), _) => security,
            (None, Some(465)) => Security::Tls,
            (None, _) if is_this_machine(&config.host) => Security::None,
            (None, _) => Security::StartTls,
        };
        let is_in_clear = security == Security::None && !is_this_machine(&config.host);
        if is_in_clear && config.login.is_some() {
            return Err(SmtpConfigError::PasswordInClear);
        }
        let tls = match security {
            Security::Tls | Security::StartTls => Some(tls(&config)?),
            Security::None => None,
        };
        Ok(Self {
            port: config.port.unwrap_or(match security {
                Security::Tls => 465,
                Security::StartTls => 587,
                Security::None => 25,
            }),
            security,
            tls,
            // Not the machine's name, which is nobody's business.
            hello: ClientId::Domain(config.from.domain().to_owned()),
            credentials: config
                .login
                .map(|login| Credentials::new(login.username, login.password.expose().clone())),
            host: config.host,
            from: config.from,
            time_max: config.time_max,
            idle: Mutex::default(),
        })
    }

    /// Where messages go, for the log: host, port and security.
    #[must_use]
    pub fn shown(&self) -> String {
        let security = match self.security {
            Security::Tls => "tls",
            Security::StartTls => "starttls",
            Security::None => "not encrypted",
        };
        format!("{}:{} ({security})", self.host, self.port)
    }

    pub(crate) async fn send(&self, stamp: Stamp, message: &Message) -> Result<(), SendError> {
        let wire = message.wire(&self.from, stamp);
        // What is given up here is dropped with its connection, so nobody reads a late answer.
        match timeout(self.time_max, self.attempt(message, &wire)).await {
            Ok(sent) => sent,
            Err(_) => Err(SendError::TimedOut(self.time_max)),
        }
    }

    pub(crate) async fn reach(&self) -> Result<(), SendError> {
        let reached = timeout(self.time_max, async {
            match self.reuse().await {
                Some(connection) => Ok(connection),
                None => self.connect().await,
            }
        });
        let connection = reached.await.map_err(|_| SendError::TimedOut(self.time_max))??;
        self.keep(connection);
        Ok(())
    }

    pub(crate) async fn rest(&self) {
        let idle = std::mem::take(&mut *self.lock());
        // Whoever does not answer the farewell is left without one.
        let _ = timeout(LEAVE_TIME_MAX, async {
            for mut idle in idle {
                idle.connection.abort().await;
            }
        })
        .await;
    }

    async fn attempt(&self, message: &Message, wire: &[u8]) -> Result<(), SendError> {
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let sent = self.deliver(&mut connection, message, wire).await;
        // A refusal leaves the connection in order: the next message begins with a reset.
        if matches!(sent, Ok(()) | Err(SendError::Refused { .. })) {
            self.keep(connection);
        }
        sent
    }

    /// A connection that was kept and still answers.
    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let mut idle = self.lock().pop()?;
            if idle.since.elapsed() > IDLE_TIME_MAX {
                continue;
            }
            if idle.connection.command(Rset).await.is_ok_and(|reply| reply.has_code(250)) {
                return Some(idle.connection);
            }
        }
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.lock();
        if idle.len() < IDLE_MAX {
            idle.push(Idle { connection, since: Instant::now() });
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let (wrapped, later) = match self.security {
            Security::Tls => (self.tls.clone(), None),
            Security::StartTls => (None, self.tls.clone()),
            Security::None => (None, None),
        };
        let server = (self.host.as_str(), self.port);
        // For each of the host's addresses: one that leads nowhere leaves time for the others.
        let limit = Some(self.time_max / 3);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, wrapped, None);
        let mut connection = connecting.await.map_err(refused(Stage::Greeting))?;
        if let Some(tls) = later {
            let encrypting = connection.starttls(tls, &self.hello);
            encrypting.await.map_err(refused(Stage::Encryption))?;
        }
        if let Some(credentials) = &self.credentials {
            let login = connection.auth(DEFAULT_MECHANISMS, credentials);
            follows(Stage::Login, &login.await.map_err(refused(Stage::Login))?, &[235])?;
        }
        Ok(connection)
    }

    /// One message. Each answer must be the one that follows: a server that is out of step, or
    /// somebody who slipped an answer in before the encryption, would otherwise make a message
    /// seem sent that was not.
    async fn deliver(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &Message,
        wire: &[u8],
    ) -> Result<(), SendError> {
        let sender = Mail::new(Some(self.from.email().clone()), Vec::new());
        let reply = connection.command(sender).await.map_err(refused(Stage::Sender))?;
        follows(Stage::Sender, &reply, &[250])?;
        let recipient = Rcpt::new(message.recipient().clone(), Vec::new());
        let reply = connection.command(recipient).await.map_err(refused(Stage::Recipient))?;
        follows(Stage::Recipient, &reply, &[250, 251])?;
        let reply = connection.command(Data).await.map_err(refused(Stage::Content))?;
        follows(Stage::Content, &reply, &[354])?;
        let reply = connection.message(wire).await.map_err(refused(Stage::Content))?;
        follows(Stage::Content, &reply, &[250])
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("server", &self.shown()).finish_non_exhaustive()
    }
}

fn tls(config: &SmtpConfig) -> Result<TlsParameters, SmtpConfigError> {
    let mut builder = TlsParametersBuilder::new(config.host.clone());
    if let Some(pem) = &config.certificates {
        builder =
            builder.add_root_certificate(Certificate::from_pem(pem).map_err(SmtpConfigError::Tls)?);
    }
    builder.build().map_err(SmtpConfigError::Tls)
}

fn refused(stage: Stage) -> impl Fn(LettreError) -> SendError {
    move |error| match error.status() {
        Some(code) => SendError::Refused {
            stage,
            code: code.into(),
            reply: std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default(),
        },
        None => SendError::Broken(error),
    }
}

fn follows(stage: Stage, reply: &Response, codes: &[u16]) -> Result<(), SendError> {
    if codes.iter().any(|code| reply.has_code(*code)) {
        Ok(())
    } else {
        Err(SendError::OutOfStep { stage, code: reply.code().into() })
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(host: &str, port: Option<u16>, security: Option<Security>) -> String {
        let from = Sender::parse("no-reply@shop.example").unwrap();
        let time_max = Duration::from_secs(30);
        let (login, certificates) = (None, None);
        let host = host.to_owned();
        let config = SmtpConfig { host, port, security, login, from, time_max, certificates };
        Smtp::new(config).map(|smtp| smtp.shown()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn a_connection_to_another_machine_is_encrypted_unless_said_otherwise() {
        assert_eq!(shown("mail.example", None, None), "mail.example:587 (starttls)");
        assert_eq!(shown("mail.example", Some(25), None), "mail.example:25 (starttls)");
        assert_eq!(shown("mail.example", Some(465), None), "mail.example:465 (tls)");
        assert_eq!(shown("mail.example", None, Some(Security::Tls)), "mail.example:465 (tls)");
        let none = Some(Security::None);
        assert_eq!(shown("mail.example", None, none), "mail.example:25 (not encrypted)");
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(shown(host, Some(1025), None), format!("{host}:1025 (not encrypted)"));
        }
    }

    #[test]
    fn a_password_does_not_leave_the_machine_in_clear() {
        let password = Secret::new("hunter2".to_owned());
        let config = |host: &str| SmtpConfig {
            host: host.to_owned(),
            port: None,
            security: Some(Security::None),
            login: Some(Login { username: "shop".to_owned(), password: password.clone() }),
            from: Sender::parse("no-reply@shop.example").unwrap(),
            time_max: Duration::from_secs(30),
            certificates: None,
        };
        assert!(matches!(Smtp::new(config("mail.example")), Err(SmtpConfigError::PasswordInClear)));
        let smtp = Smtp::new(config("localhost")).unwrap();
        assert!(!format!("{smtp:?}{:?}", config("x")).contains("hunter2"));
    }
}
