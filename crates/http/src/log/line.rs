//! What a line says of a request, and how.
//!
//! Everything a client chose is escaped and cut; tokens and bodies never get here.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::header::USER_AGENT;
use hyper::http::request::Parts;
use underpin_accounts::Identity;
use underpin_base::Timestamp;
use underpin_plan::ActorKind;
use underpin_schema::wire;

use crate::headers::{Accept, RequestId, TraceId};
use crate::json::{push_number, push_string};
use crate::limits::Counted;

/// Bytes of one text of a client at most.
const TEXT_BYTES_MAX: usize = 1_024;

/// What is found out about a request while it is answered.
pub(crate) struct Facts {
    pub started: Instant,
    pub at: Timestamp,
    pub id: RequestId,
    pub trace: Option<TraceId>,
    pub accept: Accept,
    /// The path with its key left open.
    pub route: Option<Rc<str>>,
    pub model: Option<Rc<str>>,
    pub operation: Option<&'static str>,
    pub actor: ActorKind,
    pub n_statements: u32,
    pub n_rows: u32,
    pub bytes_in: u64,
    /// The address of the client that the connection speaks for.
    pub client: IpAddr,
    pub counted: Option<Counted>,
    /// Who asks, where somebody was recognised, were it only to be refused.
    pub caller: Option<Arc<Identity>>,
    /// Whether whoever answers has written what was refused into the audit.
    pub is_audited: bool,
    /// Whether nothing of the answer may be kept, not by the client either.
    pub is_secret: bool,
    /// Whether the answer has the browser forget the cookies of a session.
    pub forgets_session: bool,
}

/// A line to be written.
pub(crate) struct Line<'a> {
    pub facts: &'a Facts,
    pub method: &'a str,
    pub path: &'a str,
    pub agent: &'a str,
    pub peer: SocketAddr,
    pub status: u16,
    pub code: Option<&'static str>,
    /// The cause of a failure of ours, for the log alone.
    pub cause: Option<&'a str>,
    pub bytes_out: u64,
    pub micros: u64,
}

/// The text a client calls itself by.
pub(crate) fn agent(head: &Parts) -> &str {
    head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}

impl Line<'_> {
    /// When the answer was made.
    pub(crate) fn ended(&self) -> Instant {
        self.facts.started + Duration::from_micros(self.micros)
    }

    pub(crate) fn push_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"ts\":\"");
        wire::date_time(self.facts.at.0, out);
        out.extend_from_slice(b"\",\"id\":");
        push_string(out, self.facts.id.as_str());
        push_field(out, "method", self.method);
        push_field(out, "route", self.facts.route.as_deref().unwrap_or("-"));
        push_field(out, "path", self.path);
        push_count(out, "status", self.status);
        if let Some(code) = self.code {
            push_field(out, "code", code);
        }
        push_field(out, "actor", self.facts.actor.name());
        if let Some(model) = &self.facts.model {
            push_field(out, "model", model);
        }
        if let Some(operation) = self.facts.operation {
            push_field(out, "op", operation);
        }
        push_count(out, "us", self.micros);
        push_count(out, "queries", self.facts.n_statements);
        push_count(out, "rows", self.facts.n_rows);
        push_count(out, "in", self.facts.bytes_in);
        push_count(out, "out", self.bytes_out);
        if let Some(trace) = &self.facts.trace {
            push_field(out, "trace", trace.as_str());
        }
        out.extend_from_slice(b",\"peer\":\"");
        push_peer(out, self.peer);
        out.push(b'"');
        if self.facts.client != self.peer.ip().to_canonical() {
            push_field(out, "client", &self.facts.client.to_string());
        }
        if !self.agent.is_empty() {
            push_field(out, "agent", self.agent);
        }
        if let Some(cause) = self.cause {
            push_field(out, "cause", cause);
        }
        out.extend_from_slice(b"}\n");
    }

    pub(crate) fn push_text(&self, out: &mut Vec<u8>) {
        push_clock(out, self.facts.at);
        for text in [self.method, self.path] {
            out.push(b' ');
            push_plain(out, cut(text));
        }
        out.push(b' ');
        push_number(out, self.status);
        if let Some(code) = self.code {
            out.push(b' ');
            out.extend_from_slice(code.as_bytes());
        }
        out.push(b' ');
        push_number(out, self.micros / 1_000);
        out.push(b'.');
        push_digits(out, self.micros % 1_000, 3);
        out.extend_from_slice(b" ms");
        for (count, one, many) in [
            (self.facts.n_rows, &b" row"[..], &b" rows"[..]),
            (self.facts.n_statements, b" query", b" queries"),
        ] {
            if count > 0 {
                out.push(b' ');
                push_number(out, count);
                out.extend_from_slice(if count == 1 { one } else { many });
            }
        }
        if let Some(cause) = self.cause {
            out.extend_from_slice(b" (");
            push_plain(out, cut(cause));
            out.push(b')');
        }
        out.push(b'\n');
    }
}

fn push_field(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    push_string(out, cut(text));
}

fn push_count(out: &mut Vec<u8>, name: &str, count: impl itoa::Integer) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    push_number(out, count);
}

fn push_peer(out: &mut Vec<u8>, peer: SocketAddr) {
    use std::io::Write as _;
    // Writing into memory does not fail.
    let _ = write!(out, "{}", peer.ip());
}

/// Text without anything that moves a terminal's cursor or colours it.
fn push_plain(out: &mut Vec<u8>, text: &str) {
    let is_plain = |c: char| !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    for c in text.chars() {
        let c = if is_plain(c) { c } else { '\u{fffd}' };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// `16:01:24`
fn push_clock(out: &mut Vec<u8>, at: Timestamp) {
    let seconds = at.0.rem_euclid(86_400_000_000).unsigned_abs() / 1_000_000;
    push_digits(out, seconds / 3_600, 2);
    out.push(b':');
    push_digits(out, seconds / 60 % 60, 2);
    out.push(b':');
    push_digits(out, seconds % 60, 2);
}

fn push_digits(out: &mut Vec<u8>, number: u64, width: u32) {
    for place in (0..width).rev() {
        let digit = number / 10_u64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use underpin_base::Ids;

    use super::*;

    fn facts() -> Facts {
        Facts {
            started: Instant::now(),
            at: Timestamp(1_795_190_484_123_456),
            id: RequestId::new(&Ids::sequence(), Timestamp(0)),
            trace: None,
            accept: Accept { json: true, problem: false },
            route: Some(Rc::from("/api/v1/products")),
            model: Some(Rc::from("Product")),
            operation: Some("list"),
            actor: ActorKind::Anonymous,
            n_statements: 2,
            n_rows: 20,
            bytes_in: 0,
            client: IpAddr::from([127, 0, 0, 1]),
            counted: None,
            caller: None,
            is_audited: false,
            is_secret: false,
            forgets_session: false,
        }
    }

    fn line<'a>(facts: &'a Facts, path: &'a str, agent: &'a str) -> Line<'a> {
        Line {
            facts,
            method: "GET",
            path,
            agent,
            peer: SocketAddr::from(([127, 0, 0, 1], 9)),
            status: 200,
            code: None,
            cause: None,
            bytes_out: 512,
            micros: 1_250,
        }
    }

    fn json(line: &Line<'_>) -> String {
        let mut out = Vec::new();
        line.push_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_states_the_facts_of_a_request() {
        let facts = facts();
        let text = json(&line(&facts, "/api/v1/products", "curl/8"));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "ts": "2026-11-20T16:01:24.123456Z",
            "id": "00000000-0000-7000-8000-000000000001",
            "method": "GET", "route": "/api/v1/products", "path": "/api/v1/products",
            "status": 200, "actor": "anonymous", "model": "Product", "op": "list",
            "us": 1250, "queries": 2, "rows": 20, "in": 0, "out": 512,
            "peer": "127.0.0.1", "agent": "curl/8",
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn a_client_cannot_forge_a_line_or_colour_a_terminal() {
        let facts = facts();
        let hostile = "/x\n{\"level\":\"fatal\"}\u{1b}[31m\r\u{2028}";
        let line = line(&facts, hostile, hostile);
        let text = json(&line);
        assert_eq!(text.lines().count(), 1);
        assert!(!text.trim_end().contains(char::is_control));
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["agent"], hostile);
        let mut out = Vec::new();
        line.push_text(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(!text.trim_end().contains(char::is_control));
        assert!(text.starts_with("16:01:24 GET /x"), "{text}");
        assert!(text.ends_with(" 200 1.250 ms 20 rows 2 queries\n"), "{text}");
    }

    #[test]
    fn long_texts_are_cut() {
        let facts = facts();
        let long = "ü".repeat(1 << 19);
        assert!(json(&line(&facts, &long, &long)).len() < 3 * TEXT_BYTES_MAX);
    }
}
