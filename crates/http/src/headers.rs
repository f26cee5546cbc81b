//! What a request's headers say, other than about its body and its preconditions.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue};
use hyper::http::request::Parts;
use smallvec::SmallVec;
use underpin_base::{Code, Error, Ids, Result, Timestamp};

use crate::host::Hosts;

/// The longest request id taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// What a request is called in its answer and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(SmallVec<[u8; 36]>);

impl RequestId {
    /// The client's, where it sent one fit to be printed; else a new one.
    pub(crate) fn of(headers: &HeaderMap, ids: &Ids, now: Timestamp) -> Self {
        let sent = headers.get("x-request-id").map(HeaderValue::as_bytes);
        if let Some(sent) = sent.filter(|sent| is_printable_id(sent)) {
            return Self(SmallVec::from_slice(sent));
        }
        Self::new(ids, now)
    }

    pub(crate) fn new(ids: &Ids, now: Timestamp) -> Self {
        let mut text = [0; 36];
        ids.next(now).hyphenated().encode_lower(&mut text);
        Self(SmallVec::from_buf(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: a request id is ASCII")
    }

    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).expect("invariant: a request id is printable")
    }
}

fn is_printable_id(sent: &[u8]) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&sent.len())
        && sent.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'+')
        })
}

/// The trace a request belongs to (W3C Trace Context, section 3.2): 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceId([u8; 32]);

impl TraceId {
    /// The trace that `traceparent` names; a malformed header counts as none, as the standard has
    /// it.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let sent = headers.get("traceparent")?.as_bytes();
        let is_field =
            |field: &[u8]| field.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (head, rest) = sent.split_first_chunk::<55>()?;
        let [version, id, parent, flags] = [&head[..2], &head[3..35], &head[36..52], &head[53..]];
        let is_well_formed = [version, id, parent, flags].into_iter().all(is_field)
            && [head[2], head[35], head[52]] == [b'-'; 3]
            && version != b"ff"
            && (rest.is_empty() || version != b"00" && rest[0] == b'-')
            && id.iter().any(|digit| *digit != b'0')
            && parent.iter().any(|digit| *digit != b'0');
        is_well_formed.then(|| id.try_into().map(Self).ok()).flatten()
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: a trace id is hexadecimal")
    }
}

/// Refuses a request for another host.
///
/// # Errors
/// `MALFORMED_REQUEST` without exactly one `Host` (RFC 9112, section 3.2), and
/// `MISDIRECTED_REQUEST`.
pub(crate) fn check_host(head: &Parts, hosts: &Hosts) -> Result<()> {
    let mut sent = head.headers.get_all(HOST).iter();
    let (first, second) = (sent.next(), sent.next());
    let host = first.and_then(|host| host.to_str().ok());
    let is_old = head.version < hyper::Version::HTTP_11;
    if second.is_some() || host.is_none() && !is_old {
        return Err(Error::new(Code::MalformedRequest, "a request has exactly one Host header"));
    }
    // A target in absolute form names the host itself, and the header counts for nothing.
    let authority = head.uri.authority().map(hyper::http::uri::Authority::as_str);
    match authority.or(host) {
        Some(host) if !hosts.answers_for(host) => {
            Err(Error::new(Code::MisdirectedRequest, "this server does not answer for that host")
                .with_hint("set `server.public_url` to the URL clients use"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The bearer token (RFC 6750, section 2.1).
///
/// # Errors
/// `INVALID_HEADER` when two stand there, `UNAUTHENTICATED` when it is no bearer token.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(Error::new(Code::InvalidHeader, "the Authorization header stands twice")
            .with_parameter("authorization"));
    }
    let malformed = || {
        Error::new(Code::Unauthenticated, "the Authorization header is not `Bearer` and a token")
    };
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(malformed)?;
    let token = token.trim_start_matches(' ');
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    };
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(is_token) {
        Ok(Some(token))
    } else {
        Err(malformed())
    }
}

/// Whether the client asks for answers to writes without their row (RFC 7240, section 4.2).
pub(crate) fn wants_no_body(headers: &HeaderMap) -> bool {
    headers.get_all("prefer").iter().any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|preference| preference.trim_ascii().eq_ignore_ascii_case(b"return=minimal"))
    })
}

/// Which of our media types a client takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accept {
    /// `application/json`
    pub json: bool,
    /// Errors as `application/problem+json` (RFC 9457); asked for by name only.
    pub problem: bool,
}

impl Accept {
    /// What `Accept` says (RFC 9110, section 12.5.1); a client without one takes everything.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut accept = Self { json: false, problem: false };
        let mut json_quality = None;
        let mut is_absent = true;
        for value in headers.get_all(ACCEPT) {
            is_absent = false;
            for range in value.as_bytes().split(|byte| *byte == b',') {
                accept.range(range.trim_ascii(), &mut json_quality);
            }
        }
        let named = json_quality.is_some_and(|(_, accepted)| accepted);
        accept.json = is_absent || named || accept.problem;
        accept
    }

    /// Reads one range. Of those that fit JSON, the most specific one counts.
    fn range(&mut self, range: &[u8], json: &mut Option<(u8, bool)>) {
        let mut parts = range.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let media = parts.next().unwrap_or_default();
        let accepted = !parts.any(is_zero_quality);
        let specificity = match media.to_ascii_lowercase().as_slice() {
            b"application/json" => 3,
            b"application/*" => 2,
            b"*/*" => 1,
            b"application/problem+json" => {
                self.problem = accepted;
                return;
            }
            _ => return,
        };
        if json.is_none_or(|(best, _)| specificity > best) {
            *json = Some((specificity, accepted));
        }
    }
}

/// `q=0`, `q=0.0`, …
fn is_zero_quality(parameter: &[u8]) -> bool {
    let digits = parameter.strip_prefix(b"q=").or_else(|| parameter.strip_prefix(b"Q="));
    digits.is_some_and(|digits| digits.iter().all(|byte| matches!(byte, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .fold(HeaderMap::new(), |mut map, (name, value): (hyper::header::HeaderName, _)| {
                map.append(name, value);
                map
            })
    }

    #[test]
    fn a_request_id_is_taken_over_when_it_is_harmless() {
        let id = |sent: &'static str| {
            let headers = headers(&[("x-request-id", sent)]);
            RequestId::of(&headers, &Ids::sequence(), Timestamp(0)).as_str().to_owned()
        };
        assert_eq!(id("abc-123_X.y:z/1+2"), "abc-123_X.y:z/1+2");
        let fresh = "00000000-0000-7000-8000-000000000001";
        assert_eq!(id(""), fresh);
        assert_eq!(id("a b"), fresh);
        assert_eq!(id("a\tb"), fresh);
        assert_eq!(id("{\"a\":1}"), fresh);
        let long = "x".repeat(129).leak();
        assert_eq!(id(long), fresh);
    }

    #[test]
    fn a_trace_is_read_from_a_well_formed_traceparent_alone() {
        let trace = |sent: &'static str| {
            TraceId::of(&headers(&[("traceparent", sent)])).map(|id| id.as_str().to_owned())
        };
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let parent = "00f067aa0ba902b7";
        let well = format!("00-{id}-{parent}-01").leak();
        assert_eq!(trace(well).as_deref(), Some(id));
        let later = format!("01-{id}-{parent}-01-more").leak();
        assert_eq!(trace(later).as_deref(), Some(id));
        for sent in [
            format!("00-{id}-{parent}"),
            format!("ff-{id}-{parent}-01"),
            format!("00-{id}-{parent}-01-more"),
            format!("00-{}-{parent}-01", "0".repeat(32)),
            format!("00-{id}-{}-01", "0".repeat(16)),
            format!("00-{}-{parent}-01", id.to_uppercase()),
            String::from("x"),
        ] {
            assert_eq!(trace(sent.leak()), None);
        }
    }

    #[test]
    fn only_one_well_formed_bearer_token_is_read() {
        let bearer = |pairs: &[(&'static str, &'static str)]| {
            super::bearer(&headers(pairs))
                .map(|token| token.map(str::to_owned))
                .map_err(|error| error.code())
        };
        assert_eq!(bearer(&[]), Ok(None));
        let token = Ok(Some("up_a.b-c=".to_owned()));
        assert_eq!(bearer(&[("authorization", "Bearer up_a.b-c=")]), token);
        assert_eq!(bearer(&[("authorization", "bEARER  up_a.b-c=")]), token);
        for bad in ["Bearer", "Bearer ", "Basic dTpw", "Bearer a b", "up_abc", "", "Bearer a,b"] {
            assert_eq!(bearer(&[("authorization", bad)]), Err(Code::Unauthenticated), "{bad}");
        }
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer a")];
        assert_eq!(bearer(&twice), Err(Code::InvalidHeader));
    }

    #[test]
    fn an_answer_without_its_row_is_asked_for_by_name() {
        let minimal = |sent| wants_no_body(&headers(&[("prefer", sent)]));
        assert!(minimal("respond-async, Return=Minimal"));
        assert!(!minimal("return=representation"));
        assert!(!wants_no_body(&HeaderMap::new()));
    }

    #[test]
    fn the_most_specific_range_decides_what_is_acceptable() {
        let accept = |sent: &'static str| {
            let accept = Accept::of(&headers(&[("accept", sent)]));
            (accept.json, accept.problem)
        };
        assert_eq!(Accept::of(&HeaderMap::new()), Accept { json: true, problem: false });
        assert_eq!(accept("*/*"), (true, false));
        assert_eq!(accept("text/html, application/*;q=0.8"), (true, false));
        assert_eq!(accept("Application/JSON; charset=utf-8"), (true, false));
        assert_eq!(accept("application/problem+json"), (true, true));
        assert_eq!(accept("application/json, application/problem+json;q=0"), (true, false));
        assert_eq!(accept("application/json;q=0, */*"), (false, false));
        assert_eq!(accept("*/*, application/json;q=0.000"), (false, false));
        assert_eq!(accept("text/csv"), (false, false));
        assert_eq!(accept(""), (false, false));
    }
}
