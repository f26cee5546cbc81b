//! The rows of the queue: claiming, ending and removing them.

use std::time::Duration;

use serde::Deserialize;
use underpin_base::{Code, Error, Result, Timestamp};
use underpin_engine::{Engine, SystemQuery, SystemWrite, Transaction, system};
use underpin_plan::Operator;
use underpin_schema::{Value, wire};
use uuid::Uuid;

use super::Job;

/// For how long a row is claimed: longer than writing and sending its mail may take.
pub(super) const CLAIM: Duration = Duration::from_secs(120);
/// How long a mail that was sent is kept.
const SENT_KEPT: Duration = Duration::from_hours(7 * 24);
/// How long a mail that was given up is kept.
const GIVEN_UP_KEPT: Duration = Duration::from_hours(30 * 24);
/// How often old rows are removed.
pub(super) const PURGE_INTERVAL_MICROS: i64 = 3_600_000_000;
/// Rows removed by one transaction.
const PURGE_ROWS_MAX: u32 = 100;

/// A mail in the queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    pub(super) id: Uuid,
    version: i64,
    pub(super) kind: String,
    recipient: String,
    payload: Option<serde_json::Value>,
    /// How often it was claimed, this time included.
    pub(super) attempts: i64,
    #[serde(deserialize_with = "system::time")]
    created_at: Timestamp,
}

/// Rows that nobody else works on.
pub(super) struct Claimed {
    pub(super) rows: Vec<Row>,
    /// How many others were claimed by somebody else meanwhile.
    pub(super) n_lost: usize,
}

/// How work on a row ended.
pub(super) enum Ending<'a> {
    /// It was sent.
    Sent,
    /// There was nothing to send.
    Dropped,
    /// It is due again then.
    PutOff { due: Timestamp, error: &'a str },
    /// Nobody will try again.
    GivenUp { error: &'a str },
}

impl Row {
    pub(super) fn job(&self) -> Job {
        Job {
            id: self.id,
            kind: self.kind.clone(),
            recipient: self.recipient.clone(),
            payload: self.payload.clone().unwrap_or_default(),
            queued_at: self.created_at,
        }
    }

    /// How long it has been waiting.
    pub(super) fn age(&self, now: Timestamp) -> Duration {
        let micros = now.0.saturating_sub(self.created_at.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Writes down how it ended, provided that the row is still ours.
    pub(super) async fn end(&self, engine: &Engine, ending: &Ending<'_>) -> Result<()> {
        let row = |write: SystemWrite| write.at(self.version);
        let write = match ending {
            // That somebody asked with an address that nobody has is nothing to keep.
            Ending::Dropped => row(SystemWrite::delete("Mail", self.id)),
            Ending::Sent => row(SystemWrite::update("Mail", self.id))
                .time("sentAt", engine.now())
                .set("dueAt", Value::Null)
                .set("payload", Value::Null)
                .set("lastError", Value::Null),
            Ending::PutOff { due, error } => row(SystemWrite::update("Mail", self.id))
                .time("dueAt", *due)
                .text("lastError", *error),
            Ending::GivenUp { error } => row(SystemWrite::update("Mail", self.id))
                .time("failedAt", engine.now())
                .set("dueAt", Value::Null)
                .text("lastError", *error),
        };
        engine.system_write(write).await.map(drop)
    }
}

/// Claims rows that are due, those first that have been for longest.
pub(super) async fn claim(engine: &Engine, n_max: usize) -> Result<Claimed> {
    let now = engine.now();
    let due = text_of(now);
    let conditions = [("dueAt", Operator::Lte, due.as_str())];
    let query = SystemQuery {
        sort: &[("dueAt", false)],
        limit: u32::try_from(n_max).unwrap_or(u32::MAX),
        ..SystemQuery::new("Mail", &conditions)
    };
    let (found, _) = engine.system_list::<Row>(query).await?;
    let mut claimed = Claimed { rows: Vec::with_capacity(found.len()), n_lost: 0 };
    for mut row in found {
        row.attempts += 1;
        let claim = SystemWrite::update("Mail", row.id)
            .at(row.version)
            .time("dueAt", later(now, CLAIM))
            .set("attempts", Value::Int(row.attempts));
        match engine.system_write(claim).await {
            Ok(reply) => {
                row.version = reply.version.unwrap_or(row.version + 1);
                claimed.rows.push(row);
            }
            Err(error) if is_lost(&error) => claimed.n_lost += 1,
            // What was claimed is worked on; the rest is due still.
            Err(error) if !claimed.rows.is_empty() => {
                tracing::warn!(%error, "a mail could not be claimed");
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

/// Whether somebody else has the row by now, or ended it.
pub(super) fn is_lost(error: &Error) -> bool {
    matches!(error.code(), Code::VersionMismatch | Code::NotFound)
}

/// Removes rows that ended long ago.
pub(super) async fn purge(engine: &Engine) -> Result<()> {
    for (field, kept) in [("sentAt", SENT_KEPT), ("failedAt", GIVEN_UP_KEPT)] {
        let now = engine.now();
        let micros = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
        let before = text_of(Timestamp(now.0.saturating_sub(micros)));
        let conditions = [(field, Operator::Lt, before.as_str())];
        let query = SystemQuery { limit: PURGE_ROWS_MAX, ..SystemQuery::new("Mail", &conditions) };
        loop {
            let (rows, _) = engine.system_list::<Row>(query).await?;
            if rows.is_empty() {
                break;
            }
            let mut transaction = Transaction::new(engine);
            for row in &rows {
                transaction.system(&SystemWrite::delete("Mail", row.id).at(row.version))?;
            }
            match transaction.commit().await.map_err(Error::from) {
                Ok(_) => {}
                // Another process removes them too.
                Err(error) if is_lost(&error) => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// A time after another.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

fn text_of(at: Timestamp) -> String {
    let mut text = Vec::new();
    wire::date_time(at.0, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
