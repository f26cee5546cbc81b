//! Whether the process runs, and whether it should be sent requests.

use std::sync::atomic::Ordering;

use hyper::StatusCode;
use serde_json::json;
use underpin_engine::App;

use crate::reply::Reply;
use crate::server::Worker;

/// `/health/live`: the process answers.
pub(crate) fn live() -> Reply {
    Reply::json(StatusCode::OK, b"{\"status\":\"live\"}".to_vec())
}

/// `/health/ready`: it can do its work. 503 while it stops, the database does not answer, or its
/// tables are no longer at the schema that is served.
pub(crate) async fn ready(worker: &Worker, app: &App) -> Reply {
    let engine = &worker.shared.engine;
    let draining = worker.shared.draining.load(Ordering::SeqCst);
    let database = engine.ready();
    let migrations = match &database {
        Ok(()) => engine.check_schema(app).await,
        Err(_) => Ok(()),
    };
    let reason = database.as_ref().err().or(migrations.as_ref().err());
    if let Some(error) = reason {
        tracing::warn!(%error, "not ready");
    }
    let state = |is_well: bool, otherwise: &'static str| if is_well { "ok" } else { otherwise };
    let is_ready = !draining && reason.is_none();
    let mut body = json!({
        "status": if is_ready { "ready" } else { "unavailable" },
        "checks": {
            "database": state(database.is_ok(), "unavailable"),
            "migrations": if migrations.is_ok() { "applied" } else { "another schema" },
            "accepting": state(!draining, "stopping"),
        },
    });
    if let Some(error) = reason {
        body["reason"] = json!(error.message());
    }
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, body.to_string().into_bytes())
}
