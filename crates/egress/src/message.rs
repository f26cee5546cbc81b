//! A request, and the answer to it.

use std::fmt;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use url::{Position, Url, form_urlencoded};

use crate::error::{Cause, Error};
use crate::target::Reach;

/// A request to another server. It reaches the public internet only, unless
/// [`Request::reach`] says otherwise.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    pub(crate) reach: Reach,
    pub(crate) body_bytes_max: Option<usize>,
}

impl Request {
    /// Asks for what is at `url`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Bytes::new())
    }

    /// Sends a body of the named media type.
    #[must_use]
    pub fn post(url: Url, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, url, body.into()).header("content-type", media_type)
    }

    /// Sends a form, encoded as browsers do.
    #[must_use]
    pub fn post_form(url: Url, fields: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::post(url, "application/x-www-form-urlencoded", form)
    }

    /// Adds a header; the name in lower case. One that cannot be written fails the request when it
    /// is sent.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// How far this request may go.
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Bytes the answer's body may have, where fewer than the client allows do.
    #[must_use]
    pub fn body_bytes_max(mut self, bytes: usize) -> Self {
        self.body_bytes_max = Some(bytes);
        self
    }

    fn new(method: Method, url: Url, body: Bytes) -> Self {
        let (headers, reach) = (Vec::new(), Reach::default());
        Self { method, url, headers, body, reach, body_bytes_max: None }
    }
}

/// Shows neither query, headers nor body: each may hold a secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, &self.url[..Position::AfterPath])
    }
}

/// An answer, whatever its status; a redirect too is one.
#[derive(Clone)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is one of success, 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, when it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// [`Cause::Json`] when it is not JSON of that form; the error quotes nothing of it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Cause::Json { line: error.line(), column: error.column() }.into())
    }
}

/// Shows the status only: headers and body may hold secrets.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}, {} bytes", self.status, self.body.len())
    }
}
