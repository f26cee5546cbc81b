//! What a request for an operation brings: parameters, a body, cookies.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use serde_json::Value;
use underpin_accounts::{InputKind, Operation, OperationId, Outcome};
use underpin_base::{Code, Error, Result};

use super::{cookies, forgery};
use crate::body::{self, Media};
use crate::exchange::Exchange;
use crate::query::pairs;
use crate::reply::Reply;

/// What was sent.
pub(super) struct Sent<'a> {
    pub body: Bytes,
    /// The address that a try is about.
    pub email: Option<String>,
    pub refresh_cookie: Option<&'a str>,
    pub flow_cookie: Option<&'a str>,
}

/// Whether an operation takes parameters; to others, a parameter is a mistake, and a secret in one
/// would stand in the logs of every proxy.
pub(crate) fn takes_query(operation: &Operation) -> bool {
    operation.outcome == Outcome::Redirect || operation.id == OperationId::ListAudit
}

/// The parameters of the query.
///
/// # Errors
/// `UNKNOWN_PARAMETER`, and `INVALID_PARAMETER` for one that stands twice.
pub(super) fn query(query: Option<&str>, operation: &Operation) -> Result<Vec<(String, String)>> {
    let mut all: Vec<(String, String)> = Vec::new();
    for pair in pairs::split(query.unwrap_or_default()) {
        let (name, value) = pair?;
        if !takes_query(operation) {
            let message = "the path takes no parameters; send them in the body";
            return Err(Error::new(Code::UnknownParameter, message).with_parameter(name));
        }
        if all.iter().any(|(known, _)| *known == name) {
            let message = format!("`{name}` stands twice");
            return Err(Error::new(Code::InvalidParameter, message).with_parameter(name));
        }
        all.push((name.into_owned(), value.into_owned()));
    }
    Ok(all)
}

/// Refuses a body for what its headers say of it. There may be none: what is missing then is told
/// by name.
pub(super) fn check(exchange: &Exchange<'_>, body: &Incoming) -> Result<()> {
    let headers = &exchange.head.headers;
    if body.is_end_stream() && !headers.contains_key(CONTENT_TYPE) {
        return Ok(());
    }
    body::check_headers(headers, body, Media::Json, &exchange.worker.shared.limits)
}

impl<'a> Sent<'a> {
    /// Reads the body and the cookies that the operation is about.
    pub(super) async fn read(
        exchange: &mut Exchange<'a>,
        operation: &Operation,
        body: Incoming,
    ) -> Result<Self> {
        let body = if body.is_end_stream() {
            Bytes::new()
        } else {
            body::read(exchange.conn, body, &exchange.worker.shared.limits).await?
        };
        exchange.facts.bytes_in = body.len() as u64;
        let headers = &exchange.head.headers;
        let mut sent = Self { body, email: None, refresh_cookie: None, flow_cookie: None };
        match operation.id {
            OperationId::Refresh => sent.refresh_cookie = refresh_cookie(exchange, &sent.body)?,
            OperationId::OauthStart | OperationId::OauthCallback => {
                sent.flow_cookie = cookies::read(headers, cookies::Name::Flow)?;
            }
            _ if operation.inputs.iter().any(|input| input.kind == InputKind::Email) => {
                sent.email = text_member(&sent.body, "email");
            }
            _ => {}
        }
        Ok(sent)
    }
}

/// The refresh token of the cookie, which counts where the body has none.
fn refresh_cookie<'a>(exchange: &Exchange<'a>, body: &[u8]) -> Result<Option<&'a str>> {
    if text_member(body, "refreshToken").is_some() {
        return Ok(None);
    }
    let Some(token) = cookies::read(&exchange.head.headers, cookies::Name::Refresh)? else {
        return Ok(None);
    };
    let shared = &exchange.worker.shared;
    // A token that names no session is refused as what it is.
    if let Some(session) = shared.accounts.session_of_refresh(token) {
        forgery::check(exchange.head, shared, session)?;
    }
    Ok(Some(token))
}

/// A member of the body that is a text; whatever else is wrong with the body is told elsewhere.
fn text_member(body: &[u8], name: &str) -> Option<String> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(body) else { return None };
    match members.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Turns the form that a provider has the browser post into a navigation of the browser's own: with
/// a post of another site it sends no cookie of ours (RFC 6265bis, section 5.8.3), and without
/// nothing tells whether the login began in this browser.
///
/// # Errors
/// `UNSUPPORTED_MEDIA_TYPE`, `INVALID_PARAMETER`, and `BODY_TOO_LARGE` for what fits in no URL.
pub(super) async fn form_as_query(exchange: &mut Exchange<'_>, body: Incoming) -> Result<Reply> {
    let mut types = exchange.head.headers.get_all(CONTENT_TYPE).iter();
    let media = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") || types.next().is_some()
    {
        return Err(Error::new(Code::UnsupportedMediaType, "the form of a provider is expected"));
    }
    let limits = &exchange.worker.shared.limits;
    let form = body::read(exchange.conn, body, limits).await?;
    let form = std::str::from_utf8(&form).unwrap_or("%");
    let mut location = format!("{}?", exchange.head.uri.path());
    let start = location.len();
    for pair in pairs::split(form) {
        let (name, value) = pair?;
        if location.len() > start {
            location.push('&');
        }
        crate::path::push_escaped(&mut location, &name);
        location.push('=');
        crate::path::push_escaped(&mut location, &value);
    }
    if location.len() > limits.target_bytes_max {
        return Err(Error::new(Code::BodyTooLarge, "the form is longer than a URL may be"));
    }
    let location = HeaderValue::try_from(location);
    let location = location.expect("invariant: an escaped query is a header value");
    Ok(Reply::empty(StatusCode::SEE_OTHER).with(LOCATION, location))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_where_there_are_any_and_each_once() {
        let callback = OperationId::OauthCallback.operation();
        let taken = query(Some("code=a%20b&state=s"), callback).unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(taken, [pair("code", "a b"), pair("state", "s")]);
        let twice = query(Some("state=s&state=t"), callback).unwrap_err();
        assert_eq!(twice.code(), Code::InvalidParameter);
        let login = OperationId::Login.operation();
        let unknown = query(Some("token=s"), login).unwrap_err();
        assert_eq!(unknown.code(), Code::UnknownParameter);
        assert!(query(Some(""), login).unwrap().is_empty());
    }

    #[test]
    fn only_a_text_names_an_account() {
        let email = |body: &str| text_member(body.as_bytes(), "email");
        assert_eq!(email(r#"{"email": "\u0061@b.test"}"#).as_deref(), Some("a@b.test"));
        for body in ["", "[]", "null", r#"{"email": {}}"#, r#"{"email": null}"#, r#"{"e": "a"}"#] {
            assert_eq!(email(body), None, "{body}");
        }
    }
}
