//! Requests as a test writes them, and answers that know what was expected of them.
//!
//! ```text
//! app.user("ada").patch("/api/v1/notes/1", json!({"text": "two"})).send().is_error(403, "FORBIDDEN");
//! ```

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::expect::{Names, differences};
use crate::wire::{Wire, WireAnswer};

/// Somebody who sends requests.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    token: Option<String>,
}

/// A request being put together.
#[derive(Debug, Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    address: SocketAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An answer, and the request it is to, for messages.
#[derive(Debug, Clone)]
#[must_use = "say what you expect of the answer"]
pub struct Answer {
    request: String,
    wire: WireAnswer,
}

impl Client {
    /// Whoever presents `token`, or nobody known.
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// `GET`
    pub fn get(&self, target: &str) -> Request {
        self.request("GET", target)
    }

    /// `POST` with a JSON body.
    pub fn post(&self, target: &str, body: &Value) -> Request {
        self.request("POST", target).json(body)
    }

    /// `PUT` with a JSON body.
    pub fn put(&self, target: &str, body: &Value) -> Request {
        self.request("PUT", target).json(body)
    }

    /// `PATCH` with a JSON body.
    pub fn patch(&self, target: &str, body: &Value) -> Request {
        self.request("PATCH", target).json(body)
    }

    /// `DELETE`
    pub fn delete(&self, target: &str) -> Request {
        self.request("DELETE", target)
    }

    /// Any method.
    pub fn request(&self, method: &str, target: &str) -> Request {
        let mut headers = vec![("Host".to_owned(), self.address.to_string())];
        if let Some(token) = &self.token {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        Request {
            address: self.address,
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: None,
        }
    }
}

impl Request {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a query parameter; the value is percent-encoded, the name is taken as it is.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.push(if self.target.contains('?') { '&' } else { '?' });
        self.target.push_str(name);
        self.target.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.,*".contains(&byte) {
                self.target.push(char::from(byte));
            } else {
                self.target.push_str(&format!("%{byte:02X}"));
            }
        }
        self
    }

    /// Sets a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    /// Sets any body.
    pub fn bytes(mut self, media_type: &str, body: Vec<u8>) -> Self {
        let is_set = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if !is_set {
            self.headers.push(("Content-Type".to_owned(), media_type.to_owned()));
        }
        self.body = Some(body);
        self
    }

    /// Sends the request over a connection of its own.
    #[track_caller]
    pub fn send(self) -> Answer {
        let mut wire = Wire::connect(self.address);
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = &self.body {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        head.push_str("Connection: close\r\n\r\n");
        wire.send(head);
        wire.send(self.body.unwrap_or_default());
        let answer = if self.method == "HEAD" { wire.answer_to_head() } else { wire.answer() };
        Answer { request: format!("{} {}", self.method, self.target), wire: answer }
    }
}

impl Answer {
    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.wire.status
    }

    /// The header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.wire.header(name)
    }

    /// Every value of a header that may stand more than once, in order.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.wire.headers.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.wire.body
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        let parsed = serde_json::from_slice(&self.wire.body);
        parsed.unwrap_or_else(|error| panic!("{}: not JSON: {error}\n{self}", self.request))
    }

    /// The code of the error, if the answer is one.
    #[must_use]
    pub fn error_code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.wire.body).ok()?;
        Some(body.get("error")?.get("code")?.as_str()?.to_owned())
    }

    /// Checks the status.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.wire.status, status, "{self}");
        self
    }

    /// Checks a header.
    ///
    /// # Panics
    /// When it is absent or other.
    #[track_caller]
    pub fn has_header(self, name: &str, value: &str) -> Self {
        assert_eq!(self.header(name), Some(value), "header {name} of {self}");
        self
    }

    /// Checks that the header is absent.
    ///
    /// # Panics
    /// When it is there.
    #[track_caller]
    pub fn lacks_header(self, name: &str) -> Self {
        assert_eq!(self.header(name), None, "header {name} of {self}");
        self
    }

    /// Checks the body; see [`crate::expect`] for placeholders.
    ///
    /// # Panics
    /// When it differs.
    #[track_caller]
    pub fn has_body(self, expected: &Value) -> Self {
        let found = differences(expected, &self.json(), &mut Names::new());
        assert!(found.is_empty(), "{}\n{self}", found.join("\n"));
        self
    }

    /// Checks status and code of an error, and that its envelope is whole.
    ///
    /// # Panics
    /// When it is no such error.
    #[track_caller]
    pub fn is_error(self, status: u16, code: &str) -> Self {
        let error = json!({"code": code, "message": "$text", "requestId": "$text", "...": true});
        self.is(status).has_body(&json!({"error": error}))
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.wire.body);
        write!(f, "{} -> {}\n{body}", self.request, self.wire.status)
    }
}
