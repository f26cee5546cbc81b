//! A value of a field, typed but not yet encoded for any database or wire.

use rust_decimal::Decimal;
use uuid::Uuid;

/// One value. Which variant a field takes follows from its type; `Null` goes with every type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// `Boolean`.
    Bool(bool),
    /// `Int`, `BigInt` and integer keys.
    Int(i64),
    /// `Float`; never NaN or infinite.
    Float(f64),
    /// `Decimal`.
    Decimal(Decimal),
    /// `String`, `Email`, `URL`, text keys and enum values.
    Text(String),
    /// `UUID` and generated keys.
    Uuid(Uuid),
    /// `DateTime`: microseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// `Date`: days since 1970-01-01.
    Date(i32),
    /// `Time`: microseconds since midnight.
    Time(i64),
    /// `Duration`: microseconds.
    Duration(i64),
    /// `JSON`: its text without insignificant white space.
    Json(String),
    /// A list of scalars.
    List(Vec<Self>),
}
