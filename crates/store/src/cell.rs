//! One value of a row, read from a column but not yet written anywhere.

use rust_decimal::Decimal;
use underpin_schema::{Value, wire};
use uuid::Uuid;

/// A value as a column gave it, typed by its codec and borrowed from the row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Cell<'a> {
    /// No value.
    Null,
    /// `Boolean`.
    Bool(bool),
    /// `Int`: a number on the wire.
    Int(i64),
    /// `BigInt` and integer keys: a string on the wire.
    BigInt(i64),
    /// `Float`; finite.
    Float(f64),
    /// `Decimal`: `units / 10^scale`.
    Decimal {
        /// The digits without the point.
        units: i64,
        /// Digits after the point.
        scale: u8,
    },
    /// Text of any kind.
    Text(&'a str),
    /// `UUID` and generated keys.
    Uuid(Uuid),
    /// `DateTime`, microseconds since 1970.
    DateTime(i64),
    /// `Date`, days since 1970.
    Date(i32),
    /// `Time`, microseconds since midnight.
    Time(i64),
    /// `Duration`, microseconds.
    Duration(i64),
    /// Valid JSON text.
    Json(&'a str),
}

impl Cell<'_> {
    /// Appends the wire form.
    pub(crate) fn push_json(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(number) => wire::integer(number, out),
            Self::Float(number) => wire::float(number, out),
            Self::Text(text) => wire::string(text, out),
            Self::Json(text) => out.extend_from_slice(text.as_bytes()),
            Self::BigInt(_)
            | Self::Decimal { .. }
            | Self::Uuid(_)
            | Self::DateTime(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Duration(_) => {
                out.push(b'"');
                self.push_plain(out);
                out.push(b'"');
            }
        }
    }

    /// The value, owned: for cursors and keys, not for rows.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(flag),
            Self::Int(number) | Self::BigInt(number) => Value::Int(number),
            Self::Float(number) => Value::Float(number),
            Self::Decimal { units, scale } => Value::Decimal(Decimal::new(units, u32::from(scale))),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Uuid(uuid) => Value::Uuid(uuid),
            Self::DateTime(micros) => Value::DateTime(micros),
            Self::Date(days) => Value::Date(days),
            Self::Time(micros) => Value::Time(micros),
            Self::Duration(micros) => Value::Duration(micros),
            Self::Json(text) => Value::Json(text.to_owned()),
        }
    }

    /// The wire form of what is a string there but never needs an escape, without its quotes.
    fn push_plain(self, out: &mut Vec<u8>) {
        match self {
            Self::BigInt(number) => wire::integer(number, out),
            Self::Decimal { units, scale } => wire::decimal(units, scale, out),
            Self::Uuid(uuid) => wire::uuid(uuid.as_bytes(), out),
            Self::DateTime(micros) => wire::date_time(micros, out),
            Self::Date(days) => wire::date(days, out),
            Self::Time(micros) => wire::time(micros, out),
            Self::Duration(micros) => wire::duration(micros, out),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Json(_) => {}
        }
    }
}
