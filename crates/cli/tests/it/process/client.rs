//! The least HTTP client that can tell whether a request was answered.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Status and body of a `GET`, on a connection of its own.
pub(super) fn get(address: SocketAddr, target: &str) -> std::io::Result<(u16, String)> {
    request(address, "GET", target, None)
}

/// Status and body of a `POST` of JSON with a key, or without one where it is empty.
pub(super) fn post(
    address: SocketAddr,
    target: &str,
    (key, body): (&str, &str),
) -> std::io::Result<(u16, String)> {
    request(address, "POST", target, Some((key, body)))
}

fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    body: Option<(&str, &str)>,
) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut head =
        format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    if let Some((key, body)) = body {
        if !key.is_empty() {
            head.push_str(&format!("Authorization: Bearer {key}\r\n"));
        }
        head.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    let body = body.map_or("", |(_, body)| body);
    write!(stream, "{head}\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.get(9..12).and_then(|digits| digits.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no answer: {answer:?}")))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.to_owned()))
}
