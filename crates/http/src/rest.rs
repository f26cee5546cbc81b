//! Reads and writes of rows over REST: what a client asked, in the engine's terms, and back.

mod read;
mod write;

use hyper::Method;
use hyper::body::Incoming;
use underpin_base::{Code, Error, Result};
use underpin_engine::AppGuard;

use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::site::Route;

/// Answers a request for rows; `route` is one of those that lead to them.
pub(crate) async fn handle(
    exchange: Exchange<'_>,
    app: AppGuard<'_>,
    route: Route<'_>,
    body: Incoming,
) -> Result<Reply> {
    if !exchange.facts.accept.json {
        return Err(Error::new(Code::NotAcceptable, "answers are application/json alone"));
    }
    match exchange.head.method {
        Method::GET | Method::HEAD => read::read(exchange, &app, route).await,
        _ => write::write(exchange, app, route, body).await,
    }
}
