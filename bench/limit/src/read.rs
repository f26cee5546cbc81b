//! Reads: one connection a worker thread, prepared statements kept, rows written as they come.
//!
//! Related rows are read while their parents are stepped, so that all are of one snapshot.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::extract::{Path as UrlPath, Query};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Response, StatusCode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, Rows};
use serde::Deserialize;
use uuid::Uuid;

use crate::json;

/// Rows on a page.
const PAGE_ROWS: usize = 20;

const PRODUCT: &str = "SELECT id, name, category, price, stock, created_at, updated_at, version \
    FROM product WHERE id = ?1";

const PRODUCTS: &str = "SELECT id, name, category, price, stock, created_at, updated_at, version \
    FROM product WHERE category = ?1 AND price >= ?2 ORDER BY price DESC, id LIMIT 21";

const ORDERS: &str = "SELECT id, customer_id, status, placed_at, created_at, updated_at, version \
    FROM \"order\" WHERE status = ?1 ORDER BY placed_at DESC, id LIMIT 21";

const CUSTOMER: &str = "SELECT id, email, name, created_at, updated_at, version \
    FROM user WHERE id = ?1";

const ITEMS: &str = "SELECT id, order_id, product_id, quantity, created_at, updated_at, version \
    FROM order_item WHERE order_id = ?1 ORDER BY id";

static DATABASE: OnceLock<PathBuf> = OnceLock::new();

thread_local! {
    static READER: OnceCell<Connection> = const { OnceCell::new() };
}

/// Says which database the readers of this process open.
pub(crate) fn set_database(path: PathBuf) {
    DATABASE.get_or_init(|| path);
}

/// What a list of products is filtered by.
#[derive(Deserialize)]
pub(crate) struct ProductFilter {
    category: String,
    #[serde(rename = "price[gte]")]
    price_min: i64,
}

/// What a list of orders is filtered by.
#[derive(Deserialize)]
pub(crate) struct OrderFilter {
    status: String,
}

/// `GET /api/v1/products/{id}`
pub(crate) async fn product(UrlPath(id): UrlPath<String>) -> Response<Body> {
    let Ok(id) = Uuid::try_parse(&id) else {
        return answer(StatusCode::NOT_FOUND, Vec::new());
    };
    read(512, |reader, out| {
        let mut statement = reader.prepare_cached(PRODUCT)?;
        let mut rows = statement.query([id.as_bytes().as_slice()])?;
        let Some(row) = rows.next()? else { return Ok(StatusCode::NOT_FOUND) };
        out.extend_from_slice(b"{\"data\":");
        write_product(out, row)?;
        out.push(b'}');
        Ok(StatusCode::OK)
    })
}

/// `GET /api/v1/products?category=…&price[gte]=…&sort=-price`
pub(crate) async fn products(Query(filter): Query<ProductFilter>) -> Response<Body> {
    read(8 * 1024, |reader, out| {
        let mut statement = reader.prepare_cached(PRODUCTS)?;
        let rows = statement.query((filter.category.as_str(), filter.price_min * 100))?;
        write_page(out, rows, write_product)
    })
}

/// `GET /api/v1/orders?status=…&sort=-placedAt&include=customer,items`
pub(crate) async fn orders(Query(filter): Query<OrderFilter>) -> Response<Body> {
    read(32 * 1024, |reader, out| {
        let mut orders = reader.prepare_cached(ORDERS)?;
        let mut customer = reader.prepare_cached(CUSTOMER)?;
        let mut items = reader.prepare_cached(ITEMS)?;
        let rows = orders.query([filter.status.as_str()])?;
        write_page(out, rows, |out, order| {
            out.extend_from_slice(b"{\"id\":");
            json::uuid(out, order.get_ref(0)?.as_blob()?);
            out.extend_from_slice(b",\"customer\":");
            let mut customers = customer.query([order.get_ref(1)?.as_blob()?])?;
            write_user(out, customers.next()?.context("an order without customer")?)?;
            out.extend_from_slice(b",\"status\":");
            json::text(out, order.get_ref(2)?.as_str()?);
            out.extend_from_slice(b",\"placedAt\":");
            json::time(out, order.get(3)?);
            out.extend_from_slice(b",\"items\":[");
            let mut rows = items.query([order.get_ref(0)?.as_blob()?])?;
            let mut is_first = true;
            while let Some(item) = rows.next()? {
                if !is_first {
                    out.push(b',');
                }
                is_first = false;
                write_item(out, item)?;
            }
            out.push(b']');
            write_tail(out, order, 4)
        })
    })
}

/// Runs a read on this thread's connection and makes its bytes, about `n_bytes` of them, an answer.
fn read(
    n_bytes: usize,
    run: impl FnOnce(&Connection, &mut Vec<u8>) -> Result<StatusCode>,
) -> Response<Body> {
    let mut out = Vec::with_capacity(n_bytes);
    let status = READER.with(|reader| {
        let reader = match reader.get() {
            Some(reader) => reader,
            None => {
                let opened = open()?;
                reader.get_or_init(|| opened)
            }
        };
        run(reader, &mut out)
    });
    answer(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), out)
}

/// An answer with a JSON body.
pub(crate) fn answer(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn open() -> Result<Connection> {
    let path: &Path = DATABASE.get().context("no database was set")?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(path, flags)?;
    // Room for the whole shop: with the default of 2 MB the orders take half as long again.
    reader.pragma_update(None, "cache_size", -65_536)?;
    // Else each bind of another value prepares a statement anew, once statistics are there.
    reader.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(reader)
}

/// Writes up to [`PAGE_ROWS`] rows in the envelope of a list; one more tells that more follow.
fn write_page(
    out: &mut Vec<u8>,
    mut rows: Rows<'_>,
    mut write_row: impl FnMut(&mut Vec<u8>, &Row<'_>) -> Result<()>,
) -> Result<StatusCode> {
    out.extend_from_slice(b"{\"data\":[");
    let mut n_rows = 0;
    let mut has_more = false;
    while let Some(row) = rows.next()? {
        if n_rows == PAGE_ROWS {
            has_more = true;
            break;
        }
        if n_rows > 0 {
            out.push(b',');
        }
        write_row(out, row)?;
        n_rows += 1;
    }
    out.extend_from_slice(b"],\"meta\":{\"limit\":20,\"hasMore\":");
    out.extend_from_slice(if has_more { b"true}}" } else { b"false}}" });
    Ok(StatusCode::OK)
}

/// Writes a row of `product`.
pub(crate) fn write_product(out: &mut Vec<u8>, row: &Row<'_>) -> Result<()> {
    out.extend_from_slice(b"{\"id\":");
    json::uuid(out, row.get_ref(0)?.as_blob()?);
    out.extend_from_slice(b",\"name\":");
    json::text(out, row.get_ref(1)?.as_str()?);
    out.extend_from_slice(b",\"category\":");
    json::text(out, row.get_ref(2)?.as_str()?);
    out.extend_from_slice(b",\"price\":");
    json::hundredths(out, row.get(3)?);
    out.extend_from_slice(b",\"stock\":");
    json::integer(out, row.get(4)?);
    write_tail(out, row, 5)
}

fn write_user(out: &mut Vec<u8>, row: &Row<'_>) -> Result<()> {
    out.extend_from_slice(b"{\"id\":");
    json::uuid(out, row.get_ref(0)?.as_blob()?);
    out.extend_from_slice(b",\"email\":");
    json::text(out, row.get_ref(1)?.as_str()?);
    out.extend_from_slice(b",\"name\":");
    json::text(out, row.get_ref(2)?.as_str()?);
    write_tail(out, row, 3)
}

fn write_item(out: &mut Vec<u8>, row: &Row<'_>) -> Result<()> {
    out.extend_from_slice(b"{\"id\":");
    json::uuid(out, row.get_ref(0)?.as_blob()?);
    out.extend_from_slice(b",\"order\":");
    json::uuid(out, row.get_ref(1)?.as_blob()?);
    out.extend_from_slice(b",\"product\":");
    json::uuid(out, row.get_ref(2)?.as_blob()?);
    out.extend_from_slice(b",\"quantity\":");
    json::integer(out, row.get(3)?);
    write_tail(out, row, 4)
}

/// Writes `createdAt`, `updatedAt` and `version`, which end every row, and closes the object.
fn write_tail(out: &mut Vec<u8>, row: &Row<'_>, first_column: usize) -> Result<()> {
    out.extend_from_slice(b",\"createdAt\":");
    json::time(out, row.get(first_column)?);
    out.extend_from_slice(b",\"updatedAt\":");
    json::time(out, row.get(first_column + 1)?);
    out.extend_from_slice(b",\"version\":");
    json::integer(out, row.get(first_column + 2)?);
    out.push(b'}');
    Ok(())
}
