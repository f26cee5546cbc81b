//! Inserts: one thread commits what has come in together, and only then are they acknowledged.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::{Response, StatusCode};
use rusqlite::Connection;
use serde::Deserialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::read::{answer, write_product};

/// Inserts that share one commit at most.
const GROUP_MAX: usize = 256;

/// Inserts that may wait for the writer.
const QUEUE_MAX: usize = 4_096;

const INSERT: &str = "INSERT INTO product \
    (id, name, category, price, stock, created_at, updated_at, version) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1) \
    RETURNING id, name, category, price, stock, created_at, updated_at, version";

/// Where inserts are handed to the writer thread.
pub(crate) type Writer = SyncSender<Insert>;

/// An insert, and whom to tell that it is durable.
pub(crate) struct Insert {
    product: NewProduct,
    done: oneshot::Sender<Option<Inserted>>,
}

struct Inserted {
    id: Uuid,
    body: Vec<u8>,
}

/// A product as a client sends it.
#[derive(Deserialize)]
struct NewProduct {
    name: String,
    category: String,
    price: String,
    stock: i64,
}

/// Starts the writer thread.
pub(crate) fn start(database: &Path) -> Result<Writer> {
    let connection = Connection::open(database)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    // As rarely as Underpin moves its log: 64 MiB, not the 4 MiB that SQLite starts with.
    connection.pragma_update(None, "wal_autocheckpoint", 16_384)?;
    let (sender, receiver) = sync_channel(QUEUE_MAX);
    thread::Builder::new()
        .name("writer".into())
        .spawn(move || write_all(&connection, &receiver))?;
    Ok(sender)
}

/// `POST /api/v1/products`
pub(crate) async fn create_product(State(writer): State<Writer>, body: Bytes) -> Response<Body> {
    let Ok(product) = serde_json::from_slice(&body) else {
        return answer(StatusCode::BAD_REQUEST, Vec::new());
    };
    let (done, inserted) = oneshot::channel();
    if writer.try_send(Insert { product, done }).is_err() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
    }
    let Ok(Some(inserted)) = inserted.await else {
        return answer(StatusCode::INTERNAL_SERVER_ERROR, Vec::new());
    };
    let mut response = answer(StatusCode::CREATED, inserted.body);
    let location = format!("/api/v1/products/{}", inserted.id);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

/// Commits groups until every sender is gone.
fn write_all(connection: &Connection, queue: &Receiver<Insert>) {
    let mut group = Vec::with_capacity(GROUP_MAX);
    while let Ok(first) = queue.recv() {
        group.push(first);
        group.extend(queue.try_iter().take(GROUP_MAX - 1));
        let written = write_group(connection, &group);
        let mut written = written.unwrap_or_default().into_iter();
        for insert in group.drain(..) {
            // A client that went away does not want to know.
            drop(insert.done.send(written.next().flatten()));
        }
    }
}

/// Writes one group in one transaction; nothing when the commit fails.
fn write_group(connection: &Connection, group: &[Insert]) -> Result<Vec<Option<Inserted>>> {
    let transaction = connection.unchecked_transaction()?;
    let written = group.iter().map(|insert| write_one(&transaction, &insert.product).ok());
    let written = written.collect();
    transaction.commit()?;
    Ok(written)
}

fn write_one(connection: &Connection, product: &NewProduct) -> Result<Inserted> {
    let id = new_id();
    let mut statement = connection.prepare_cached(INSERT)?;
    let mut rows = statement.query((
        id.as_bytes().as_slice(),
        &product.name,
        &product.category,
        parse_hundredths(&product.price)?,
        product.stock,
        now_micros(),
    ))?;
    let mut body = Vec::with_capacity(320);
    if let Some(row) = rows.next()? {
        body.extend_from_slice(b"{\"data\":");
        write_product(&mut body, row)?;
        body.push(b'}');
    }
    // A statement that returns rows has done its work only once it was stepped to its end.
    rows.next()?;
    Ok(Inserted { id, body })
}

/// `12.50` as 1250.
fn parse_hundredths(text: &str) -> Result<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "00"));
    anyhow::ensure!(fraction.len() == 2, "two digits after the point");
    Ok(whole.parse::<i64>()? * 100 + fraction.parse::<i64>()?)
}

#[expect(clippy::disallowed_methods, reason = "this server has no clock to inject")]
fn now_micros() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "this server has no generator to inject")]
fn new_id() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_exactly() {
        assert_eq!(parse_hundredths("12.50").unwrap(), 1_250);
        assert_eq!(parse_hundredths("7").unwrap(), 700);
        assert!(parse_hundredths("1.5").is_err());
        assert!(parse_hundredths("x.00").is_err());
    }
}
