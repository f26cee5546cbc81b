//! Where one request ends and the next begins, decided before hyper sees a byte.
//!
//! hyper reads some heads leniently (a bare line feed ends a line; of `Content-Length` beside
//! `Transfer-Encoding` it takes one and drops the other), and two readers that disagree on where
//! a request ends are how requests are smuggled past a proxy. Here such heads are refused. What
//! hyper itself refuses (names, values, the request line) is not looked at twice. Pure: bytes in,
//! counts out.

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not HTTP, or HTTP that can be read in two ways.
    Malformed(&'static str),
    /// The request's target has a character that a URL must escape.
    Unescaped,
    /// The head has too many bytes or lines.
    HeadTooLarge,
    /// The request's target has too many bytes.
    TargetTooLong,
    /// The head did not arrive in time.
    TimedOut,
}

/// Bounds on a head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes of the head, its empty line included; of a chunked body's trailer, too.
    pub head_bytes_max: usize,
    /// Header lines.
    pub headers_max: usize,
    /// Bytes of the request's target.
    pub target_bytes_max: usize,
}

/// Follows a stream of requests.
#[derive(Debug)]
pub(crate) struct Framing {
    bounds: Bounds,
    state: State,
}

/// What the bytes at hand are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The head is not complete yet.
    Incomplete,
    /// This many bytes are empty lines before the head and mean nothing (RFC 9112, section 2.2).
    Skip(usize),
    /// This many bytes are a whole head.
    Head(usize),
    /// This many bytes belong to the body.
    Body(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// Bytes of the body still to come.
    Length(u64),
    Chunked(Chunk),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// In the digits of a size: how many were read, and their value.
    Size(u8, u64),
    /// Between the size and its line's end: bytes seen, the chunk's size.
    Extension(usize, u64),
    /// Before the line feed that ends the size.
    SizeEnd(u64),
    /// In the data: bytes to come.
    Data(u64),
    /// Before the two bytes that end the data.
    DataCr,
    DataLf,
    /// At the start of a trailer line, or of the last, empty one: trailer bytes seen.
    TrailerStart(usize),
    Trailer(usize),
    TrailerEnd(usize),
    LastLf,
}

/// The longest chunk extension that is read over; nobody has a use for them.
const EXTENSION_BYTES_MAX: usize = 1_024;

const MALFORMED_CHUNK: Refusal = Refusal::Malformed("the chunked body is malformed");

impl Framing {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, state: State::Head }
    }

    /// Whether the next byte starts a new head.
    pub(crate) fn between_messages(&self) -> bool {
        self.state == State::Head
    }

    /// Takes the front of `bytes`, which is never empty. An incomplete head must be offered again
    /// from its first byte.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<Step, Refusal> {
        match self.state {
            State::Head => self.head(bytes),
            State::Length(left) => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - taken as u64;
                self.state = if left == 0 { State::Head } else { State::Length(left) };
                Ok(Step::Body(taken))
            }
            State::Chunked(chunk) => self.chunks(chunk, bytes).map(Step::Body),
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Step, Refusal> {
        if bytes.starts_with(b"\r\n") {
            return Ok(Step::Skip(2));
        }
        if bytes == b"\r" {
            return Ok(Step::Incomplete);
        }
        let mut body = BodyHeaders::default();
        let mut start = 0;
        let mut n_lines = 0;
        while let Some(length) = memchr::memchr(b'\n', &bytes[start..]) {
            let end = start + length;
            if end == start || bytes[end - 1] != b'\r' {
                return Err(Refusal::Malformed("a line of the head does not end with CR LF"));
            }
            let line = &bytes[start..end - 1];
            start = end + 1;
            if start > self.bounds.head_bytes_max {
                return Err(Refusal::HeadTooLarge);
            }
            if line.is_empty() {
                self.state = body.framing()?;
                return Ok(Step::Head(start));
            }
            if n_lines == 0 {
                self.request_line(line)?;
                check_escaped(line)?;
            } else {
                body.line(line)?;
            }
            n_lines += 1;
            if n_lines > self.bounds.headers_max + 1 {
                return Err(Refusal::HeadTooLarge);
            }
        }
        self.incomplete(bytes, n_lines)
    }

    /// A head that goes on may already be too long, and must not be waited for.
    fn incomplete(&self, bytes: &[u8], n_lines: usize) -> Result<Step, Refusal> {
        if n_lines == 0 {
            self.request_line(bytes)?;
        }
        if bytes.len() >= self.bounds.head_bytes_max {
            return Err(Refusal::HeadTooLarge);
        }
        Ok(Step::Incomplete)
    }

    fn request_line(&self, line: &[u8]) -> Result<(), Refusal> {
        let Some(method_end) = memchr::memchr(b' ', line) else {
            return if line.len() > 64 {
                Err(Refusal::Malformed("the request line has no method"))
            } else {
                Ok(())
            };
        };
        let target = &line[method_end + 1..];
        let target_bytes = memchr::memchr(b' ', target).unwrap_or(target.len());
        if target_bytes > self.bounds.target_bytes_max {
            return Err(Refusal::TargetTooLong);
        }
        Ok(())
    }

    /// Walks chunks up to the end of the body or of `bytes`.
    fn chunks(&mut self, mut chunk: Chunk, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut at = 0;
        while at < bytes.len() {
            if let Chunk::Data(left) = chunk {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                at += taken;
                let left = left - taken as u64;
                chunk = if left == 0 { Chunk::DataCr } else { Chunk::Data(left) };
                continue;
            }
            let byte = bytes[at];
            at += 1;
            match self.chunk_byte(chunk, byte)? {
                Some(next) => chunk = next,
                None => {
                    self.state = State::Head;
                    return Ok(at);
                }
            }
        }
        self.state = State::Chunked(chunk);
        Ok(at)
    }

    /// The state after one byte outside chunk data; `None` after the body's last byte.
    fn chunk_byte(&self, chunk: Chunk, byte: u8) -> Result<Option<Chunk>, Refusal> {
        let next = match (chunk, byte) {
            (Chunk::Size(digits, size), _) if byte.is_ascii_hexdigit() => {
                // 15 digits are 2^60: no overflow, and no body is that long.
                if digits >= 15 {
                    return Err(MALFORMED_CHUNK);
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                Chunk::Size(digits + 1, size * 16 + u64::from(digit))
            }
            (Chunk::Size(1.., size), b'\r') => Chunk::SizeEnd(size),
            (Chunk::Size(1.., size), b';') => Chunk::Extension(1, size),
            (Chunk::Extension(_, size), b'\r') => Chunk::SizeEnd(size),
            (Chunk::Extension(seen, size), _)
                if byte != b'\n' && byte != 0 && seen < EXTENSION_BYTES_MAX =>
            {
                Chunk::Extension(seen + 1, size)
            }
            (Chunk::SizeEnd(0), b'\n') => Chunk::TrailerStart(0),
            (Chunk::SizeEnd(size), b'\n') => Chunk::Data(size),
            (Chunk::DataCr, b'\r') => Chunk::DataLf,
            (Chunk::DataLf, b'\n') => Chunk::Size(0, 0),
            (Chunk::TrailerStart(_), b'\r') => Chunk::LastLf,
            (Chunk::LastLf, b'\n') => return Ok(None),
            (Chunk::Trailer(seen), b'\r') => Chunk::TrailerEnd(seen + 1),
            (Chunk::TrailerEnd(seen), b'\n') => Chunk::TrailerStart(seen + 1),
            (Chunk::TrailerStart(seen) | Chunk::Trailer(seen), _) if byte != b'\n' && byte != 0 => {
                if seen >= self.bounds.head_bytes_max {
                    return Err(Refusal::HeadTooLarge);
                }
                Chunk::Trailer(seen + 1)
            }
            _ => return Err(MALFORMED_CHUNK),
        };
        Ok(Some(next))
    }
}

/// Refuses what hyper would refuse without a reason: a query as a person would type it.
fn check_escaped(line: &[u8]) -> Result<(), Refusal> {
    let Some(start) = memchr::memchr(b' ', line) else { return Ok(()) };
    let rest = &line[start + 1..];
    let target = &rest[..memchr::memrchr(b' ', rest).unwrap_or(rest.len())];
    let query = memchr::memchr(b'?', target).map_or(&[][..], |at| &target[at..]);
    let is_typed = target.starts_with(b"/") && target.contains(&b' ')
        || query.iter().any(|byte| matches!(byte, b'"' | b'<' | b'>'));
    if is_typed { Err(Refusal::Unescaped) } else { Ok(()) }
}

/// What the headers say about the body.
#[derive(Debug, Default)]
struct BodyHeaders {
    length: Option<u64>,
    chunked: bool,
}

impl BodyHeaders {
    fn line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        match line[0] {
            b'c' | b'C' => {
                if let Some(value) = header_value(line, b"content-length") {
                    self.content_length(value)?;
                }
            }
            b't' | b'T' => {
                if let Some(value) = header_value(line, b"transfer-encoding") {
                    self.transfer_encoding(value)?;
                }
            }
            b' ' | b'\t' => return Err(Refusal::Malformed("a header line is folded")),
            _ => {}
        }
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(Refusal::Malformed("Content-Length stands twice"));
        }
        let digits_only = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if !digits_only {
            return Err(Refusal::Malformed("Content-Length is not a number"));
        }
        let length = value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        self.length = Some(length);
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::Malformed("Transfer-Encoding is not exactly `chunked`"));
        }
        self.chunked = true;
        Ok(())
    }

    fn framing(&self) -> Result<State, Refusal> {
        match (self.chunked, self.length) {
            (true, Some(_)) => {
                Err(Refusal::Malformed("Content-Length and Transfer-Encoding stand together"))
            }
            (true, None) => Ok(State::Chunked(Chunk::Size(0, 0))),
            (false, Some(length)) if length > 0 => Ok(State::Length(length)),
            (false, _) => Ok(State::Head),
        }
    }
}

/// The value of a line whose name is `name` (in lower case), without white space around it.
fn header_value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    if !found.eq_ignore_ascii_case(name) {
        return None;
    }
    rest.strip_prefix(b":").map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { head_bytes_max: 256, headers_max: 4, target_bytes_max: 64 };

    /// Where the messages of `input` end, read in pieces of `size` bytes.
    fn ends(input: &[u8], size: usize) -> Result<Vec<usize>, Refusal> {
        let mut framing = Framing::new(BOUNDS);
        let (mut consumed, mut available, mut found) = (0, 0, Vec::new());
        loop {
            if consumed < available {
                let taken = match framing.step(&input[consumed..available])? {
                    Step::Incomplete => 0,
                    Step::Skip(n) => n,
                    Step::Head(n) | Step::Body(n) => {
                        if framing.between_messages() {
                            found.push(consumed + n);
                        }
                        n
                    }
                };
                consumed += taken;
                if taken > 0 {
                    continue;
                }
            }
            if available == input.len() {
                return Ok(found);
            }
            available = input.len().min(available + size);
        }
    }

    #[track_caller]
    fn check_ends(input: &str, expected: &[usize]) {
        for size in [1, 2, 3, 7, input.len()] {
            assert_eq!(ends(input.as_bytes(), size).unwrap(), expected, "in pieces of {size}");
        }
    }

    #[track_caller]
    fn check_refused(input: &str) {
        for size in [1, 5, input.len()] {
            let outcome = ends(input.as_bytes(), size);
            assert!(matches!(outcome, Err(Refusal::Malformed(_))), "{size}: {outcome:?}");
        }
    }

    #[test]
    fn pipelined_requests_end_where_their_lengths_say() {
        check_ends("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[27]);
        check_ends(
            "POST / HTTP/1.1\r\nContent-Length:  3 \r\n\r\nabcGET / HTTP/1.1\r\n\r\n",
            &[43, 61],
        );
        check_ends("\r\n\r\nGET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", &[41]);
    }

    #[test]
    fn chunked_bodies_end_after_their_trailer() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n";
        let next = "GET / HTTP/1.1\r\n\r\n";
        for body in
            ["0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "A;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"]
        {
            let end = head.len() + body.len();
            check_ends(&format!("{head}{body}{next}"), &[end, end + next.len()]);
        }
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_refused() {
        for headers in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 5, 6\r\n",
            "Content-Length: -1\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "X: 1\nY: 2\r\n",
            "X: 1\r\n folded\r\n",
        ] {
            check_refused(&format!("POST / HTTP/1.1\r\n{headers}\r\n"));
        }
    }

    #[test]
    fn a_malformed_chunk_is_refused() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in [
            "ffffffffffffffff1\r\n",
            "\r\n",
            "+3\r\nabc\r\n",
            "3 \r\nabc\r\n",
            "3\nabc\r\n",
            "3\r\nabcd\r\n",
            "3\r\nabc\n",
            "0\r\n\n",
            "0x3\r\nabc\r\n",
        ] {
            check_refused(&format!("{head}{body}"));
        }
    }

    #[test]
    fn heads_past_a_bound_are_refused_before_they_end() {
        let many = format!("GET / HTTP/1.1\r\n{}", "A: 1\r\n".repeat(5));
        let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(256));
        let target = format!("GET /{}", "x".repeat(64));
        for size in [1, 9, 1_000] {
            assert_eq!(ends(many.as_bytes(), size), Err(Refusal::HeadTooLarge));
            assert_eq!(ends(long.as_bytes(), size), Err(Refusal::HeadTooLarge));
            assert_eq!(ends(target.as_bytes(), size), Err(Refusal::TargetTooLong));
        }
    }
}
