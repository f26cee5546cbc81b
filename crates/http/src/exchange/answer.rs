//! The last step of an exchange: the headers every answer carries, errors in their envelope, and
//! the line of the log.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use underpin_base::{Code, Error, Result, Retry};
use underpin_plan::ActorKind;

use crate::auth::cookies::{self, Name};
use crate::headers::{Accept, RequestId};
use crate::log::{Facts, Line, agent};
use crate::reply::{Content, Reply};
use crate::server::{Conn, Refusal, Worker};
use crate::{envelope, limits};

/// Nothing of an API answer is a page: no script runs, nothing frames it.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The reference page loads from this server alone. Its styles set attributes of elements.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// A mail is shown with its own styles, and may neither load nor run anything. Pages framed within
/// are under the same policy.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Nothing on a page where secrets are typed in comes from elsewhere or goes elsewhere.
const ACCOUNT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Makes hyper's answer of an outcome and writes the request's line.
pub(super) fn finish(
    worker: &Worker,
    conn: &Conn,
    (head, facts): (&Parts, &Facts),
    outcome: Result<Reply>,
) -> Response<Full<Bytes>> {
    let (reply, error) = match outcome {
        Ok(reply) => (reply, None),
        Err(error) => (of_error(&error, facts), Some(error)),
    };
    if let Some(error) = &error {
        write_failure(error, facts);
    }
    let (status, bytes_out) = (reply.status, reply.body.len() as u64);
    let response = complete(worker, conn, facts, reply);
    let cause = error.as_ref().and_then(cause);
    let line = Line {
        facts,
        method: head.method.as_str(),
        path: head.uri.path(),
        agent: agent(head),
        peer: conn.peer,
        status: status.as_u16(),
        code: error.as_ref().map(|error| error.code().name()),
        cause: cause.as_deref(),
        bytes_out,
        micros: micros_since(facts.started),
    };
    worker.log.borrow_mut().push(&line);
    response
}

fn complete(worker: &Worker, conn: &Conn, facts: &Facts, reply: Reply) -> Response<Full<Bytes>> {
    let mut headers = HeaderMap::with_capacity(16);
    if let Some(media_type) = reply.content.media_type() {
        headers.insert(CONTENT_TYPE, media_type);
    }
    headers.insert("x-request-id", facts.id.header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let (policy, cache) = match (reply.content, facts.actor) {
        (Content::Page, _) => (PAGE_POLICY, "no-cache"),
        (Content::Mail, _) => (MAIL_POLICY, "no-store"),
        (Content::Account, _) => (ACCOUNT_POLICY, "no-cache"),
        (Content::File(_), _) => (API_POLICY, "no-cache"),
        (Content::Nothing | Content::Json | Content::Problem, ActorKind::Anonymous)
            if !facts.is_secret =>
        {
            (API_POLICY, "private, no-cache")
        }
        (Content::Nothing | Content::Json | Content::Problem, _) => (API_POLICY, "no-store"),
    };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if worker.shared.public_url.as_ref().is_some_and(|url| url.scheme() == "https") {
        headers.insert(
            STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    for (name, value) in reply.headers {
        if name == SET_COOKIE {
            headers.append(name, value);
        } else {
            headers.insert(name, value);
        }
    }
    if facts.forgets_session {
        for name in Name::OF_SESSION {
            headers.append(SET_COOKIE, cookies::forget(name));
        }
    }
    if let Some(counted) = &facts.counted {
        limits::insert(&mut headers, &worker.policies, counted);
    }
    if conn.body_pending() {
        // The client is still sending what nobody will read. hyper drops a small rest and goes
        // on; here the client is told not to count on it.
        conn.leave_unread();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    *response.headers_mut() = headers;
    response
}

fn of_error(error: &Error, facts: &Facts) -> Reply {
    let code = error.code();
    let id = facts.id.as_str();
    let (content, body) = if facts.accept.problem {
        (Content::Problem, envelope::problem(error, id))
    } else {
        (Content::Json, envelope::error(error, id))
    };
    let mut reply = Reply::new(status_of(code), content, Bytes::from(body));
    if code == Code::MethodNotAllowed {
        let allowed = error.details().allowed.join(", ");
        let allowed = HeaderValue::try_from(allowed).ok();
        reply.headers.extend(allowed.map(|allowed| (ALLOW, allowed)));
    }
    // Whatever is not proved, a token proves (RFC 9110, section 15.5.2).
    if code.status() == 401 {
        reply = reply.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if code.retry() == Retry::Later {
        let seconds = match facts.counted.filter(|_| code == Code::RateLimited) {
            Some(counted) => counted.retry_after_s(),
            None => Some(retry_after_s(&facts.id)),
        };
        reply.headers.extend(seconds.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
    }
    reply
}

/// One to five seconds, spread over clients so that they do not come back together.
fn retry_after_s(id: &RequestId) -> u32 {
    let spread = id.as_str().bytes().fold(0_u32, |sum, byte| sum.wrapping_add(u32::from(byte)));
    spread % 5 + 1
}

fn status_of(code: Code) -> StatusCode {
    StatusCode::from_u16(code.status()).expect("invariant: the code table holds HTTP statuses")
}

/// A failure of ours goes to the operator's log too, with all its causes.
fn write_failure(error: &Error, facts: &Facts) {
    if error.code().status() >= 500 {
        let cause = cause(error).unwrap_or_default();
        tracing::error!(id = facts.id.as_str(), code = error.code().name(), cause, "{error}");
    }
}

/// The chain of causes of an error.
fn cause(error: &Error) -> Option<String> {
    let mut source = error.source();
    let mut text = source?.to_string();
    while let Some(next) = source.and_then(std::error::Error::source) {
        // Writing into a string does not fail.
        let _ = write!(text, ": {next}");
        source = Some(next);
    }
    Some(text)
}

fn micros_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The whole answer to a request that never became an exchange, as bytes for the socket; and its
/// line. `read` is what came of its head.
pub(crate) fn refuse(worker: &Worker, conn: &Conn, refusal: Refusal, read: &[u8]) -> Vec<u8> {
    let (code, message) = match refusal {
        Refusal::Malformed(message) => (Code::MalformedRequest, message),
        Refusal::Unescaped => {
            (Code::MalformedRequest, "the URL has a character that must be percent-encoded")
        }
        Refusal::HeadTooLarge => (Code::HeadTooLarge, "the head has too many bytes or lines"),
        Refusal::TargetTooLong => (Code::UriTooLong, "the URL has too many bytes"),
        Refusal::TimedOut => (Code::RequestTimeout, "the head did not arrive in time"),
    };
    let at = worker.shared.engine.now();
    let facts = Facts {
        started: Instant::now(),
        at,
        id: RequestId::new(&worker.shared.ids, at),
        trace: None,
        accept: Accept { json: true, problem: false },
        route: None,
        model: None,
        operation: None,
        actor: ActorKind::Anonymous,
        n_statements: 0,
        n_rows: 0,
        bytes_in: read.len() as u64,
        client: conn.peer.ip().to_canonical(),
        counted: None,
        caller: None,
        is_audited: false,
        is_secret: false,
        forgets_session: false,
    };
    let mut error = Error::new(code, message);
    if refusal == Refusal::Unescaped {
        error = error.with_hint(
            "encode spaces, quotes, `<` and `>` in a URL, as `curl -G --data-urlencode \
             'filter=price > 10' URL` does",
        );
    }
    let body = envelope::error(&error, facts.id.as_str());
    let (method, path) = request_line(read);
    let line = Line {
        facts: &facts,
        method: &method,
        path: &path,
        agent: "",
        peer: conn.peer,
        status: code.status(),
        code: Some(code.name()),
        cause: None,
        bytes_out: body.len() as u64,
        micros: 0,
    };
    worker.log.borrow_mut().push(&line);
    on_the_wire(code, &facts, &body)
}

fn on_the_wire(code: Code, facts: &Facts, body: &[u8]) -> Vec<u8> {
    let status = status_of(code);
    let mut head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         x-request-id: {}\r\ndate: {}\r\n",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
        facts.id.as_str(),
        httpdate::HttpDate::from(
            std::time::UNIX_EPOCH
                + std::time::Duration::from_micros(facts.at.0.max(0).unsigned_abs())
        ),
    );
    if code.retry() == Retry::Later {
        head.push_str("retry-after: 1\r\n");
    }
    head.push_str("\r\n");
    let mut answer = head.into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// Method and path of a head that may be anything.
fn request_line(read: &[u8]) -> (String, String) {
    let line = read.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(2_048)]).into_owned();
    let mut words = line.split(' ');
    let method = words.next().filter(|word| !word.is_empty()).unwrap_or("-");
    let target = words.next().unwrap_or("-");
    let path = target.split('?').next().unwrap_or_default();
    (method.chars().take(32).collect(), path.to_owned())
}
