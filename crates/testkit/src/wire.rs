//! A bare HTTP/1.1 connection: what goes over the socket is exactly what a test says.
//!
//! The other clients of this crate stand on it; tests of framing use it directly. It reads
//! answers strictly, so that a server that frames them wrongly fails the test.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    /// Bytes read that belong to no answer yet.
    held: Vec<u8>,
}

/// An answer as it came over the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireAnswer {
    /// The status.
    pub status: u16,
    /// Header lines as they came, in order.
    pub headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub body: Vec<u8>,
}

impl WireAnswer {
    /// The value of the header, whatever the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

impl Wire {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("nobody listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("invariant: the time is not zero");
        stream.set_nodelay(true).expect("invariant: the socket is open");
        Self { stream, held: Vec::new() }
    }

    /// Sends bytes as they are. A server that closed the connection already is not an error here;
    /// the test learns of it from what it reads.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        drop(self.stream.write_all(bytes.as_ref()));
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) {
        drop(self.stream.shutdown(Shutdown::Write));
    }

    /// Reads one answer with a body.
    ///
    /// # Panics
    /// When what comes is no answer, or nothing comes.
    #[track_caller]
    pub fn answer(&mut self) -> WireAnswer {
        self.read_answer(BodyExpected::Yes)
    }

    /// Reads the answer to a HEAD request.
    ///
    /// # Panics
    /// When what comes is no answer, or nothing comes.
    #[track_caller]
    pub fn answer_to_head(&mut self) -> WireAnswer {
        self.read_answer(BodyExpected::No)
    }

    /// Whether the server has closed the connection, with nothing more sent.
    pub fn is_closed(&mut self) -> bool {
        self.held.is_empty() && !self.read_some()
    }

    #[track_caller]
    fn read_answer(&mut self, body: BodyExpected) -> WireAnswer {
        let head = self.take_until(b"\r\n\r\n");
        let head = String::from_utf8(head).expect("a head is text");
        let mut lines = head.trim_end_matches("\r\n").split("\r\n");
        let status = parse_status(lines.next().unwrap_or_default());
        let headers: Vec<(String, String)> = lines.map(parse_header).collect();
        let mut answer = WireAnswer { status, headers, body: Vec::new() };
        let has_body = matches!(body, BodyExpected::Yes) && !matches!(status, 100..200 | 204 | 304);
        if has_body {
            answer.body = self.read_body(&answer);
        }
        answer
    }

    #[track_caller]
    fn read_body(&mut self, answer: &WireAnswer) -> Vec<u8> {
        let length = answer.header("content-length");
        match (length, answer.header("transfer-encoding")) {
            (Some(length), None) => {
                let n_bytes = length.parse().expect("content-length is a number");
                self.take(n_bytes)
            }
            (None, Some("chunked")) => self.read_chunks(),
            other => panic!("an answer is framed by a length or by chunks, not by {other:?}"),
        }
    }

    #[track_caller]
    fn read_chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let line = self.take_until(b"\r\n");
            let digits = std::str::from_utf8(&line[..line.len() - 2]).expect("a size is text");
            let n_bytes = usize::from_str_radix(digits, 16).expect("a size is hexadecimal");
            body.extend_from_slice(&self.take(n_bytes));
            assert_eq!(self.take(2), b"\r\n", "a chunk ends with a line break");
            if n_bytes == 0 {
                return body;
            }
        }
    }

    #[track_caller]
    fn take_until(&mut self, end: &[u8]) -> Vec<u8> {
        loop {
            let found = self.held.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                return self.held.drain(..at + end.len()).collect();
            }
            assert!(self.read_some(), "the server closed the connection: {}", self.shown());
        }
    }

    #[track_caller]
    fn take(&mut self, n_bytes: usize) -> Vec<u8> {
        while self.held.len() < n_bytes {
            assert!(self.read_some(), "the server closed the connection: {}", self.shown());
        }
        self.held.drain(..n_bytes).collect()
    }

    /// Reads what there is; false at the end of the stream.
    #[track_caller]
    fn read_some(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(n_bytes) => {
                self.held.extend_from_slice(&chunk[..n_bytes]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("no answer came: {error}; so far: {}", self.shown()),
        }
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.held).into_owned()
    }
}

/// Whether an answer of this status has a body.
#[derive(Debug, Clone, Copy)]
enum BodyExpected {
    Yes,
    No,
}

#[track_caller]
fn parse_status(line: &str) -> u16 {
    let rest = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "));
    let digits = rest.and_then(|rest| rest.get(..3));
    let status = digits.and_then(|digits| digits.parse().ok());
    status.unwrap_or_else(|| panic!("`{line}` is no status line"))
}

#[track_caller]
fn parse_header(line: &str) -> (String, String) {
    let Some((name, value)) = line.split_once(':') else { panic!("`{line}` is no header") };
    (name.to_owned(), value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server that sends `bytes` to whoever connects, and closes.
    fn sending(bytes: &'static [u8]) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || listener.accept().unwrap().0.write_all(bytes).unwrap());
        Wire::connect(address)
    }

    #[test]
    fn answers_of_known_length_are_read_one_after_the_other() {
        let mut wire = sending(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 204 No Content\r\n\r\n",
        );
        let first = wire.answer();
        assert_eq!((first.status, first.body.as_slice()), (200, b"hi".as_slice()));
        assert_eq!(wire.answer().status, 204);
        assert!(wire.is_closed());
    }

    #[test]
    fn chunks_are_put_together() {
        let mut wire = sending(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
        );
        assert_eq!(wire.answer().body, b"abcd");
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        let mut wire = sending(b"HTTP/1.1 304 Not Modified\r\neTag: \"1\"\r\n\r\n");
        assert_eq!(wire.answer().header("ETag"), Some("\"1\""));
    }
}
