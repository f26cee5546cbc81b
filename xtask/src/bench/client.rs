//! One request over one connection, for checks; load comes from wrk.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// A server that takes longer is not answering.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    /// The method.
    pub(super) method: &'a str,
    /// The target.
    pub(super) target: &'a str,
    /// The bearer token; none when empty.
    pub(super) token: &'a str,
    /// The JSON body; none when empty.
    pub(super) body: &'a str,
}

impl Request<'_> {
    /// Sends it and returns status and body.
    pub(super) fn send(self, address: SocketAddr) -> Result<(u16, Value)> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(self.text(address).as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        parse(&answer).with_context(|| format!("no answer to {} {}", self.method, self.target))
    }

    fn text(self, address: SocketAddr) -> String {
        let (method, target, body) = (self.method, self.target, self.body);
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n");
        if !self.token.is_empty() {
            text.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        }
        if !body.is_empty() {
            let length = body.len();
            let json = "Content-Type: application/json";
            text.push_str(&format!("{json}\r\nContent-Length: {length}\r\n"));
        }
        text.push_str("Connection: close\r\n\r\n");
        text.push_str(body);
        text
    }
}

/// Status and JSON of an answer with a body of known length.
fn parse(answer: &[u8]) -> Option<(u16, Value)> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, serde_json::from_slice(&answer[end + 4..]).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_json_are_read() {
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(answer), Some((404, serde_json::json!({}))));
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n\r\nnot json"), None);
    }
}
