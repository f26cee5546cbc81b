//! What transports hand to the engine and get back.

use std::net::IpAddr;
use std::sync::Arc;

use underpin_base::{Result, Timestamp};
use underpin_plan::{Actor, RawText, ReadRequest};
use uuid::Uuid;

/// The circumstances of a request.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who asks.
    pub actor: Arc<Actor>,
    /// When.
    pub now: Timestamp,
    /// From where, where known.
    pub ip: Option<IpAddr>,
    /// `rest`, `graphql`, `realtime`, `function` or `job`.
    pub transport: &'static str,
    /// What must still hold when a write of this actor commits; `None` for whoever shows no
    /// credentials, and for the server itself.
    pub standing: Option<Arc<Standing>>,
}

/// By what somebody was recognised, as it was then. A write commits only while it is so still, so
/// nothing is written on behalf of a session after the end of it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What was shown.
    pub by: Shown,
    /// Its row.
    pub id: Uuid,
    /// The version of the account's row: it grows with everything that changes what the account
    /// may do.
    pub account_version: i64,
}

/// What credentials stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// A session of an account.
    Session,
    /// An API key.
    Key,
}

/// A read to do.
pub struct ReadCall<'a> {
    /// The shape: equal for requests that differ in values alone, different for all others. The
    /// engine keeps plans under it.
    pub shape: &'a [u8],
    /// Makes the request when the shape is new.
    pub build: &'a (dyn Fn() -> Result<ReadRequest> + Sync),
    /// The values, by slot (see `plan::ReadRequest`).
    pub values: &'a [RawText<'a>],
    /// Rows wanted; `None` for the default. For an item: ignored.
    pub limit: Option<u32>,
    /// The page, from 1, with `Paging::Offset`.
    pub page: Option<u32>,
    /// The cursor, with `Paging::After` and `Paging::Before`.
    pub cursor: Option<&'a str>,
}

/// What a read found. The rows are in the buffer that was passed in.
#[derive(Debug, Clone, Default)]
pub struct ReadReply {
    /// Rows on the page.
    pub n_rows: u32,
    /// The version of the item, for `ETag`.
    pub version: Option<i64>,
    /// For a list.
    pub page: Option<PageLinks>,
    /// Statements executed.
    pub n_statements: u32,
}

/// Where a page lies in its list.
#[derive(Debug, Clone, Default)]
pub struct PageLinks {
    /// Rows a page holds at most.
    pub limit: u32,
    /// Whether rows follow the page.
    pub has_more: bool,
    /// Continues after the page's last row; absent when nothing follows.
    pub next_cursor: Option<String>,
    /// Goes back before the page's first row; absent on the first page.
    pub previous_cursor: Option<String>,
    /// With `page=`: its number.
    pub page: Option<u32>,
    /// With `page=` or `count=exact`: the number of all rows.
    pub total: Option<u64>,
}

/// What a write did.
#[derive(Debug, Clone)]
pub struct WriteReply {
    /// The row as it was committed, as a JSON object. `{"id": …}` alone where the actor may not
    /// read it; empty after a delete.
    pub row: Vec<u8>,
    /// The key, as text, for `Location`.
    pub key: String,
    /// Its version, for `ETag`.
    pub version: Option<i64>,
    /// Statements executed.
    pub n_statements: u32,
}
