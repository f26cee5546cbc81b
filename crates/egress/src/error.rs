//! What can go wrong: one sentence for users, the cause for the log.

use std::io;
use std::time::Duration;

use crate::target::Refusal;

/// A request that brought no answer.
///
/// The text is the same whatever happened, so that it cannot tell a user which inner addresses
/// exist; the cause is the [`source`](std::error::Error::source).
#[derive(Debug, thiserror::Error)]
#[error("the other server could not be reached, or did not answer as it should")]
pub struct Error {
    #[source]
    cause: Box<Cause>,
}

impl Error {
    /// What went wrong, for the log and for decisions; never for users.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self { cause: Box::new(cause) }
    }
}

/// What went wrong with a request, by the step that failed.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// The URL, or an address its host stands for, must not be asked.
    #[error("the request was not sent")]
    Refused(#[source] Refusal),
    /// A header of the request cannot be written.
    #[error("the header `{name}` of the request cannot be written")]
    Header {
        /// The header.
        name: &'static str,
    },
    /// The request could not be put together.
    #[error("the request cannot be written")]
    Build(#[source] hyper::http::Error),
    /// The host's name could not be resolved.
    #[error("the name of the host could not be resolved")]
    Resolve(#[source] io::Error),
    /// The host's name stands for no address.
    #[error("the name of the host stands for no address")]
    NoAddress,
    /// No address of the host took the connection.
    #[error("no connection to the host")]
    Connect(#[source] io::Error),
    /// There is nobody whose certificates could be trusted.
    #[error("could not set up TLS")]
    TrustSetup(#[source] rustls::Error),
    /// The host did not prove who it is.
    #[error("no TLS session with the host")]
    Tls(#[source] io::Error),
    /// The request could not be sent, or its answer's head not be read.
    #[error("the request was not answered in HTTP/1.1")]
    Exchange(#[source] hyper::Error),
    /// The answer's body broke off.
    #[error("the answer broke off")]
    Body(#[source] hyper::Error),
    /// The answer's body has more bytes than the request allows.
    #[error("the answer has more than {max} bytes")]
    TooLarge {
        /// Bytes allowed.
        max: usize,
    },
    /// It took longer than the client's limit.
    #[error("no whole answer within {max:?}")]
    Time {
        /// The time allowed.
        max: Duration,
    },
    /// The answer is not the JSON that was expected.
    // The parser's own message quotes the answer, which may hold a token.
    #[error("the answer's JSON has another form, at line {line}, column {column}")]
    Json {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
}

/// Settings of a client that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The further certificates cannot be read.
    #[error("the certificates to trust are not in PEM form")]
    Certificates(#[source] rustls::pki_types::pem::Error),
    /// There is text but no certificate in it.
    #[error("the text of certificates to trust holds none")]
    NoCertificate,
}
