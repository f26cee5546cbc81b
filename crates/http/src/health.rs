//! Whether the process runs, and whether it should be sent requests.

use std::sync::atomic::Ordering;

use hyper::StatusCode;

use crate::reply::Reply;
use crate::server::Worker;

/// `/health/live`: the process answers.
pub(crate) fn live() -> Reply {
    Reply::json(StatusCode::OK, b"{\"status\":\"live\"}".to_vec())
}

/// `/health/ready`: it can do its work. 503 while it stops or the database does not answer.
///
/// A server starts only on a database whose migrations are applied, so their state is a fact of
/// its running.
pub(crate) fn ready(worker: &Worker) -> Reply {
    let draining = worker.shared.draining.load(Ordering::SeqCst);
    let database = worker.shared.engine.ready();
    if let Err(error) = &database {
        tracing::warn!(%error, "the database does not answer");
    }
    let is_ready = !draining && database.is_ok();
    let body = format!(
        "{{\"status\":\"{}\",\"checks\":{{\"database\":\"{}\",\"migrations\":\"applied\",\
         \"accepting\":\"{}\"}}}}",
        if is_ready { "ready" } else { "unavailable" },
        if database.is_ok() { "ok" } else { "unavailable" },
        if draining { "stopping" } else { "ok" },
    );
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, body.into_bytes())
}
