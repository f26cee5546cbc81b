//! How a transport asks for an operation, and what it gets back.

use std::net::IpAddr;
use std::sync::Arc;

use underpin_base::{Secret, Timestamp};
use uuid::Uuid;

use crate::{Identity, OperationId};

/// What a client asks for.
pub struct Call<'a> {
    /// Which operation. The transport has held its access and its limits against the caller.
    pub operation: OperationId,
    /// Keys and names that stand in the path, in their order.
    pub path: &'a [&'a str],
    /// The parameters of the query, decoded, in their order.
    pub query: &'a [(String, String)],
    /// The body: one JSON object, or nothing.
    pub body: &'a [u8],
    /// Who asks; `None` for whoever shows nothing.
    pub caller: Option<Arc<Identity>>,
    /// The refresh token that a cookie brought.
    pub refresh_cookie: Option<&'a str>,
    /// What a redirect left in a cookie of the browser that it was begun in.
    pub flow_cookie: Option<&'a str>,
    /// From where.
    pub client: Client,
}

/// From where a client asks.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The address.
    pub ip: Option<IpAddr>,
    /// What it says it is, cut to 512 bytes.
    pub agent: Option<String>,
}

/// What comes of an operation.
#[derive(Debug)]
pub enum Answer {
    /// It will happen.
    Accepted,
    /// It happened.
    Nothing,
    /// There is a session now.
    Session(Box<Grant>),
    /// As [`Answer::Session`], of an account that is new.
    Registered(Box<Grant>),
    /// JSON for `data`, and for `meta` where there is any.
    Data {
        /// For `data`.
        data: serde_json::Value,
        /// For `meta`.
        meta: Option<serde_json::Value>,
    },
    /// As [`Answer::Data`], of something that is new.
    Created(serde_json::Value),
    /// Go there.
    Redirect {
        /// Where.
        location: String,
        /// What the browser shall bring back from there, in a cookie that scripts do not see; empty
        /// to forget it.
        flow_cookie: Option<Secret<String>>,
    },
    /// The session ended; cookies of it are to be forgotten.
    Ended,
}

/// A session that was given.
#[derive(Debug)]
pub struct Grant {
    /// The access token.
    pub access: Secret<String>,
    /// How long it is good for, in seconds.
    pub expires_in: u32,
    /// The refresh token.
    pub refresh: Secret<String>,
    /// When the refresh token ends at the latest.
    pub refresh_expires_at: Timestamp,
    /// Whether the tokens belong into cookies.
    pub cookies: bool,
    /// The session.
    pub session: Uuid,
    /// What a browser's scripts send along with a cookie, so that no other site's can.
    pub csrf: Secret<String>,
    /// The row of the account model, as its owner may see it, as JSON.
    pub user: Vec<u8>,
}
