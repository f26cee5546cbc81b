//! Lists of scalars: one JSON array in a text column.
//!
//! An item stands in the array as a column of its scalar would hold it, so that `json_each` yields
//! what a bind of that scalar is compared with. Booleans are `true` and `false`; UUIDs, which have
//! no bytes in JSON, are their 36 characters.

use std::borrow::Cow;
use std::fmt;

use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::de::{self, Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use underpin_schema::{Scalar, Value, wire};
use underpin_sql::Codec;

use super::decode::decode;
use super::encode::encode as encode_item;
use crate::cell::Cell;

/// The text of a column that holds `items`.
pub(super) fn encode(items: &[Value], codec: Codec) -> String {
    let mut out = Vec::with_capacity(2 + items.len() * 8);
    out.push(b'[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        push_item(&mut out, item, codec);
    }
    out.push(b']');
    String::from_utf8(out).expect("invariant: items are written as UTF-8")
}

/// Appends the list that `text` holds in its wire form. Changes nothing and returns `false` when
/// the text is not a list, or one of its items does not fit the codec.
pub(super) fn push_json(out: &mut Vec<u8>, text: &[u8], codec: Codec) -> bool {
    let start = out.len();
    out.push(b'[');
    let is_list = for_each_item(text, codec, |cell| {
        if out.len() > start + 1 {
            out.push(b',');
        }
        cell.push_json(out);
    });
    if is_list {
        out.push(b']');
    } else {
        out.truncate(start);
    }
    is_list
}

fn push_item(out: &mut Vec<u8>, item: &Value, codec: Codec) {
    if let Value::Json(text) = item {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let held = encode_item(item, Codec { list: false, ..codec });
    let held = match &held {
        ToSqlOutput::Borrowed(held) => *held,
        ToSqlOutput::Owned(held) => held.into(),
        _ => ValueRef::Null,
    };
    match (item, held) {
        (Value::Bool(true), _) => out.extend_from_slice(b"true"),
        (Value::Bool(false), _) => out.extend_from_slice(b"false"),
        (Value::Uuid(uuid), _) => {
            out.push(b'"');
            wire::uuid(uuid.as_bytes(), out);
            out.push(b'"');
        }
        (_, ValueRef::Integer(number)) => Cell::Int(number).push_json(out),
        (_, ValueRef::Real(number)) => Cell::Float(number).push_json(out),
        (_, ValueRef::Text(text)) => {
            wire::string(std::str::from_utf8(text).unwrap_or_default(), out);
        }
        (_, ValueRef::Null | ValueRef::Blob(_)) => out.extend_from_slice(b"null"),
    }
}

fn for_each_item(text: &[u8], codec: Codec, visit: impl FnMut(Cell<'_>)) -> bool {
    let codec = Codec { list: false, ..codec };
    let mut json = serde_json::Deserializer::from_slice(text);
    json.deserialize_seq(Items { codec, visit }).and_then(|()| json.end()).is_ok()
}

struct Items<F> {
    codec: Codec,
    visit: F,
}

impl<'de, F: FnMut(Cell<'_>)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<&RawValue>()? {
            visit_item(item.get(), self.codec, &mut self.visit)
                .ok_or_else(|| de::Error::custom("an item does not fit"))?;
        }
        Ok(())
    }
}

fn visit_item(token: &str, codec: Codec, visit: &mut impl FnMut(Cell<'_>)) -> Option<()> {
    if codec.scalar == Scalar::Json {
        visit(Cell::Json(token));
        return Some(());
    }
    let unescaped: Cow<'_, str>;
    let held = match token.as_bytes().first()? {
        b'"' => {
            unescaped = unescape(token)?;
            ValueRef::Text(unescaped.as_bytes())
        }
        b't' => ValueRef::Integer(1),
        b'f' => ValueRef::Integer(0),
        b'n' => ValueRef::Null,
        b'-' | b'0'..=b'9' => token
            .parse()
            .map(ValueRef::Integer)
            .or_else(|_| token.parse().map(ValueRef::Real))
            .ok()?,
        _ => return None,
    };
    visit(decode(held, codec)?);
    Some(())
}

fn unescape(token: &str) -> Option<Cow<'_, str>> {
    let inner = token.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(token).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
