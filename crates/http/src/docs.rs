//! The reference page.

use hyper::StatusCode;
use hyper::http::request::Parts;

use crate::reply::Reply;

/// One file of the page.
#[derive(Debug, PartialEq)]
pub(crate) struct Asset {
    pub name: &'static str,
}

/// The file at `/docs/{name}`; the page itself has no name.
pub(crate) fn asset(_name: &str) -> Option<&'static Asset> {
    None
}

pub(crate) fn serve(_asset: &Asset, _head: &Parts) -> Reply {
    Reply::empty(StatusCode::NOT_FOUND)
}
