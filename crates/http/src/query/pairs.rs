//! Splits a query string into decoded names and values.

use std::borrow::Cow;

use underpin_base::{Code, Error, Result};

use crate::path;

/// The pairs of `query`. A pair without `=` has an empty value; empty pairs are passed over.
pub(crate) fn split(query: &str) -> impl Iterator<Item = Result<(Cow<'_, str>, Cow<'_, str>)>> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).ok_or_else(|| undecodable("a parameter's name"))?;
        let value =
            decode(value).ok_or_else(|| undecodable("the value").with_parameter(name.as_ref()))?;
        Ok((name, value))
    })
}

fn undecodable(what: &str) -> Error {
    Error::new(Code::InvalidParameter, format!("{what} is not percent-encoded UTF-8 without NUL"))
}

/// Resolves `+` and `%xx`; `None` for a malformed escape, broken UTF-8 or U+0000.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    let decoded = String::from_utf8(path::unescape(spaced.as_bytes())?).ok()?;
    (!decoded.contains('\0')).then_some(Cow::Owned(decoded))
}
