//! Reads the body of a write: one JSON document, no larger and no slower than allowed.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use hyper::HeaderMap;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE};
use underpin_base::{Code, Error, Limits, Result};

use crate::server::{Conn, Phase, Refusal};

/// Media types a body may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// That, or `application/merge-patch+json` (RFC 7396).
    MergePatch,
}

/// Refuses a body for what its headers say of it, before it is read.
///
/// # Errors
/// `UNSUPPORTED_MEDIA_TYPE` and `BODY_TOO_LARGE`.
pub(crate) fn check_headers(
    headers: &HeaderMap,
    body: &Incoming,
    media: Media,
    limits: &Limits,
) -> Result<()> {
    check_encoding(headers)?;
    check_media(headers, media)?;
    if body.size_hint().lower() > limits.body_bytes_max as u64 {
        return Err(too_large(limits));
    }
    Ok(())
}

fn check_encoding(headers: &HeaderMap) -> Result<()> {
    let is_plain = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_plain {
        return Ok(());
    }
    Err(Error::new(Code::UnsupportedMediaType, "a body is taken without Content-Encoding alone"))
}

fn check_media(headers: &HeaderMap, media: Media) -> Result<()> {
    let mut sent = headers.get_all(CONTENT_TYPE).iter();
    let first = sent.next().and_then(|value| value.to_str().ok());
    let is_fit = first.is_some_and(|value| is_media(value, media)) && sent.next().is_none();
    if is_fit {
        return Ok(());
    }
    Err(Error::new(Code::UnsupportedMediaType, "a body is taken as application/json alone")
        .with_hint("send `Content-Type: application/json`"))
}

fn is_media(value: &str, media: Media) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || media == Media::MergePatch
            && essence.eq_ignore_ascii_case("application/merge-patch+json");
    is_json
        && parts.all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            // JSON has no other encoding (RFC 8259, section 8.1); other parameters mean nothing.
            !name.eq_ignore_ascii_case("charset")
                || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

/// Reads a whole body.
///
/// # Errors
/// `BODY_TOO_LARGE`, `REQUEST_TIMEOUT`, and `MALFORMED_REQUEST` when it breaks off.
pub(crate) async fn read(conn: &Conn, mut body: Incoming, limits: &Limits) -> Result<Bytes> {
    conn.enter(Phase::Body);
    let mut whole = Collected::Nothing;
    loop {
        let frame = poll_fn(|cx| {
            if conn.body_overdue() {
                return Poll::Ready(Err(Error::new(
                    Code::RequestTimeout,
                    "the body did not arrive in time",
                )));
            }
            let frame = Pin::new(&mut body).poll_frame(cx);
            frame.map(|frame| frame.transpose().map_err(|error| broken_off(conn, error)))
        })
        .await?;
        let Some(frame) = frame else { break };
        // Trailers mean nothing here.
        let Ok(data) = frame.into_data() else { continue };
        whole = whole.and(data);
        if whole.len() > limits.body_bytes_max {
            return Err(too_large(limits));
        }
    }
    conn.enter(Phase::Working);
    conn.body_read();
    Ok(whole.into_bytes())
}

/// A body in the one piece it usually comes in, or put together from several.
enum Collected {
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl Collected {
    fn and(self, data: Bytes) -> Self {
        match self {
            Self::Nothing => Self::One(data),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity((first.len() + data.len()) * 2);
                all.extend_from_slice(&first);
                all.extend_from_slice(&data);
                Self::Several(all)
            }
            Self::Several(mut all) => {
                all.extend_from_slice(&data);
                Self::Several(all)
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(data) => data.len(),
            Self::Several(all) => all.len(),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(data) => data,
            Self::Several(all) => all.freeze(),
        }
    }
}

fn too_large(limits: &Limits) -> Error {
    let max = limits.body_bytes_max;
    Error::new(Code::BodyTooLarge, format!("a body has at most {max} bytes"))
}

/// To hyper every refused body is one that broke off; the guard knows better.
fn broken_off(conn: &Conn, error: hyper::Error) -> Error {
    let message = match conn.take_refusal() {
        Some(Refusal::Malformed(message)) => message,
        Some(Refusal::HeadTooLarge) => "the trailer of the chunked body is too long",
        Some(Refusal::Unescaped | Refusal::TargetTooLong | Refusal::TimedOut) | None => {
            "the body broke off"
        }
    };
    Error::new(Code::MalformedRequest, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_utf_8_is_taken_and_nothing_else() {
        for value in [
            "application/json",
            "Application/JSON;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/json; profile=x",
        ] {
            assert!(is_media(value, Media::Json), "{value}");
        }
        for value in [
            "",
            "text/plain",
            "text/json",
            "application/json; charset=latin1",
            "application/merge-patch+json",
            "application/jsonx",
            "multipart/form-data; boundary=application/json",
        ] {
            assert!(!is_media(value, Media::Json), "{value}");
        }
        assert!(is_media("application/merge-patch+json", Media::MergePatch));
    }
}
