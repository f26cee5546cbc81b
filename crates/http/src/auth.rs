//! The HTTP side of accounts: one route for each of their operations, and one handler for all.
//!
//! ```text
//! place found → throttled by address → who asks, and whether it may → body read → throttled by
//! the account it names → asked of `accounts` → answer, with cookies for browsers
//! ```
//!
//! Who may ask, how often and with what stands in the table of operations; here is what HTTP adds:
//! methods, media types, cookies and what keeps other sites from using them.

pub(crate) mod cookies;
pub(crate) mod forgery;
mod outcome;
pub(crate) mod page;
pub(crate) mod routes;
mod sent;

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::USER_AGENT;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use underpin_accounts::{
    Access, Call, Client, Identity, Operation, OperationId, Outcome, Throttle,
};
use underpin_base::{Code, Error, Result};
use underpin_engine::{App, AppGuard};

use crate::exchange::Exchange;
use crate::headers;
use crate::log::Facts;
use crate::reply::{Content, Reply};
use crate::server::Shared;
use routes::At;
use sent::Sent;
pub(crate) use sent::takes_query;

/// Bytes kept of what a client says it is.
const AGENT_BYTES_MAX: usize = 512;

/// Answers a request for an operation of accounts.
///
/// The schema must not be held while a slow body arrives, so it is let go of meanwhile.
pub(crate) async fn handle(
    mut exchange: Exchange<'_>,
    app: AppGuard<'_>,
    (operation, at): (&Operation, At<'_>),
    body: Incoming,
) -> Result<Reply> {
    if operation.outcome != Outcome::Redirect && !exchange.facts.accept.json {
        return Err(Error::new(Code::NotAcceptable, "answers are application/json alone"));
    }
    if operation.id == OperationId::OauthCallback && exchange.head.method == Method::POST {
        drop(app);
        return sent::form_as_query(&mut exchange, body).await;
    }
    let query = sent::query(exchange.head.uri.query(), operation)?;
    sent::check(&exchange, &body)?;
    drop(app);
    let sent = Sent::read(&mut exchange, operation, body).await?;
    if operation.throttle == Throttle::Authentication {
        count_account(&mut exchange, operation, &sent)?;
    }
    let worker = exchange.worker;
    let app = worker.shared.engine.app().await;
    let path: Vec<&str> = at.path.iter().map(AsRef::as_ref).collect();
    let call = |exchange: &Exchange<'_>| Call {
        operation: operation.id,
        path: &path,
        query: &query,
        body: &sent.body,
        caller: exchange.identity.clone(),
        refresh_cookie: sent.refresh_cookie,
        flow_cookie: sent.flow_cookie,
        client: client(exchange.head, exchange.facts),
    };
    let accounts = &worker.shared.accounts;
    exchange.facts.is_audited = true;
    let mut outcome = accounts.call(&app, call(&exchange)).await;
    if exchange.lost_standing(&outcome) && exchange.recognise_anew(&app).await? {
        outcome = accounts.call(&app, call(&exchange)).await;
    }
    match outcome {
        Ok(answer) => outcome::reply(&mut exchange, answer),
        Err(error) => {
            // A refresh token that is good for nothing is of no use in a cookie.
            let is_over = operation.id == OperationId::Refresh && sent.refresh_cookie.is_some();
            exchange.facts.forgets_session = is_over && error.code() == Code::Unauthenticated;
            Err(error)
        }
    }
}

/// Counts a request for an operation, and holds who asks against what it demands.
///
/// # Errors
/// `RATE_LIMITED`, `UNAUTHENTICATED`, `FORBIDDEN`, and those of [`Exchange::recognise`].
pub(crate) async fn admit(
    exchange: &mut Exchange<'_>,
    app: &App,
    operation: &Operation,
) -> Result<()> {
    exchange.facts.operation = Some(operation.name);
    exchange.facts.is_secret = true;
    if operation.throttle == Throttle::Authentication {
        exchange.count_try()?;
    }
    let is_usual = operation.throttle == Throttle::Usual;
    match operation.access {
        Access::Public if is_usual => return exchange.count_address(1),
        Access::Public => return Ok(()),
        Access::Known | Access::Session | Access::Permission(_) if is_usual => {
            exchange.identify(app).await?;
        }
        Access::Known | Access::Session | Access::Permission(_) => {
            exchange.recognise(app).await?;
        }
    }
    let Some(identity) = &exchange.identity else {
        return Err(Error::new(Code::Unauthenticated, "this takes credentials")
            .with_hint("log in, and send the access token as `Authorization: Bearer`"));
    };
    match operation.access {
        Access::Session if identity.session.is_none() => {
            Err(Error::new(Code::Forbidden, "this is for a user who is logged in, not for a key"))
        }
        Access::Permission(name)
            if !exchange.worker.shared.engine.permits(&identity.actor.profile, name) =>
        {
            Err(Error::new(Code::Forbidden, format!("this takes the permission `{name}`")))
        }
        Access::Public | Access::Known | Access::Session | Access::Permission(_) => Ok(()),
    }
}

/// Counts the try for the account that it is about: the one that asks, or else the one that it
/// names, which need not exist.
fn count_account(
    exchange: &mut Exchange<'_>,
    operation: &Operation,
    sent: &Sent<'_>,
) -> Result<()> {
    let own = exchange.identity.as_ref().and_then(|identity| identity.account);
    match (own, &sent.email) {
        (Some(account), _) => {
            exchange.count_try_on(operation.name, account.as_hyphenated().to_string().as_str())
        }
        (None, Some(email)) => exchange.count_try_on(operation.name, email),
        (None, None) => Ok(()),
    }
}

/// From where a request comes.
pub(crate) fn client(head: &Parts, facts: &Facts) -> Client {
    let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    let agent = agent.map(|agent| agent.chars().take(AGENT_BYTES_MAX).collect());
    Client { ip: Some(facts.client), agent }
}

/// What somebody proves who they are by.
pub(crate) struct Shown<'a> {
    pub token: &'a str,
    /// Whether the browser sent it by itself, whoever made it ask.
    pub is_cookie: bool,
}

/// What a request shows; a header counts before a cookie.
///
/// # Errors
/// `INVALID_HEADER` and `UNAUTHENTICATED` for what is malformed.
pub(crate) fn shown(headers: &HeaderMap) -> Result<Option<Shown<'_>>> {
    if let Some(token) = headers::bearer(headers)? {
        return Ok(Some(Shown { token, is_cookie: false }));
    }
    let token = cookies::read(headers, cookies::Name::Access)?;
    Ok(token.map(|token| Shown { token, is_cookie: true }))
}

/// Holds what a cookie vouches for to what cookies may.
///
/// # Errors
/// `CSRF_FAILED`, and `UNAUTHENTICATED` for a token that is not of a session.
pub(crate) fn check_cookie(head: &Parts, shared: &Shared, identity: &Identity) -> Result<()> {
    let session = identity.session.ok_or_else(|| {
        Error::new(Code::Unauthenticated, "the cookie does not hold the token of a session")
    })?;
    forgery::check(head, shared, session)
}

/// The keys with which tokens are checked (RFC 7517), for other programs.
pub(crate) async fn jwks(exchange: &Exchange<'_>) -> Result<Reply> {
    let keys = exchange.worker.shared.accounts.jwks().await?;
    Ok(Reply::new(StatusCode::OK, Content::File("application/jwk-set+json"), Bytes::from(keys)))
}
