//! The error every room returns to a transport: what a client may know, and what only the log may.
//!
//! A transport renders `code`, `message`, `details` and `hint`; `source` goes to the log alone, in
//! every build profile. Rooms with failures of their own keep a `thiserror` enum and convert it at
//! their edge.

use std::error::Error as StdError;
use std::fmt;

use crate::Code;

/// The result of whatever can fail towards a client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure with a stable code, a text for the client and a cause for the log.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    message: String,
    hint: Option<String>,
    details: Details,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What else a client is told, beside code and message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// Wrong fields by their path in the body (`items.0.quantity`), in the order they were found.
    pub fields: Vec<FieldError>,
    /// Byte of the body, or character of the parameter, that could not be read.
    pub offset: Option<usize>,
    /// The query parameter or header that is wrong.
    pub parameter: Option<String>,
    /// Names that would have been right.
    pub allowed: Vec<String>,
    /// With `MFA_REQUIRED`: what the next request goes on with.
    pub challenge: Option<String>,
    /// With `MFA_REQUIRED`: by what the challenge can be answered.
    pub methods: Vec<String>,
}

/// One wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where in the body: names and indexes joined by dots.
    pub path: String,
    /// `REQUIRED`, `UNKNOWN_FIELD`, `INVALID_TYPE`, … as the reference page lists them.
    pub code: &'static str,
    /// A sentence for whoever reads the answer.
    pub message: String,
}

impl Error {
    /// An error with a text the client may read.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            hint: None,
            details: Details::default(),
            source: None,
        }))
    }

    /// A defect: the client reads a fixed sentence, the log reads `source`.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "the server failed to answer this request").with_source(source)
    }

    /// The answer for what is absent and for what the caller may not see, which must not differ.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "there is nothing here that you may see")
    }

    /// One `VALIDATION_ERROR` for all of `fields`.
    #[must_use]
    pub fn validation(fields: Vec<FieldError>) -> Self {
        let message = match fields.len() {
            1 => "1 field is invalid".to_owned(),
            n_fields => format!("{n_fields} fields are invalid"),
        };
        let mut error = Self::new(Code::ValidationError, message);
        error.0.details.fields = fields;
        error
    }

    /// Adds advice on what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the place in the body or parameter.
    #[must_use]
    pub fn with_offset(mut self, offset: usize) -> Self {
        self.0.details.offset = Some(offset);
        self
    }

    /// Adds the parameter or header that is wrong.
    #[must_use]
    pub fn with_parameter(mut self, parameter: impl Into<String>) -> Self {
        self.0.details.parameter = Some(parameter.into());
        self
    }

    /// Adds the challenge to answer, and by what it can be.
    #[must_use]
    pub fn with_challenge(mut self, challenge: impl Into<String>, methods: Vec<String>) -> Self {
        self.0.details.challenge = Some(challenge.into());
        self.0.details.methods = methods;
        self
    }

    /// Adds names that would have been right.
    #[must_use]
    pub fn with_allowed(mut self, allowed: Vec<String>) -> Self {
        self.0.details.allowed = allowed;
        self
    }

    /// Adds wrong fields.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.details.fields = fields;
        self
    }

    /// Adds the cause, which only the log reads.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The text for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Advice for the client.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// What else the client is told.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.0.details
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
