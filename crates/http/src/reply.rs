//! An answer before it becomes hyper's.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};
use smallvec::SmallVec;

/// Status, headers of its own and body of an answer. What every answer carries is added where it
/// is sent.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: SmallVec<[(HeaderName, HeaderValue); 4]>,
    pub content: Content,
    pub body: Bytes,
}

/// What a body is, and with it how it may be kept and framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// There is none.
    Nothing,
    /// Rows or an error: for the one who asked.
    Json,
    /// An error as RFC 9457 has it.
    Problem,
    /// A file that is the same for all; this is its media type.
    File(&'static str),
    /// A page with scripts and styles of this server.
    Page,
    /// A page without scripts, around what others wrote.
    Mail,
    /// A page on which somebody proves who they are.
    Account,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Self {
        Self::new(status, Content::Json, Bytes::from(body))
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, Content::Nothing, Bytes::new())
    }

    pub(crate) fn new(status: StatusCode, content: Content, body: Bytes) -> Self {
        Self { status, headers: SmallVec::new(), content, body }
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Content {
    /// The media type.
    pub(crate) fn media_type(self) -> Option<HeaderValue> {
        let media_type = match self {
            Self::Nothing => return None,
            Self::Json => "application/json",
            Self::Problem => "application/problem+json",
            Self::File(media_type) => media_type,
            Self::Page | Self::Mail | Self::Account => "text/html; charset=utf-8",
        };
        Some(HeaderValue::from_static(media_type))
    }
}
