//! From a value to what a column holds.

use rusqlite::types::{ToSqlOutput, Value as Held, ValueRef};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use underpin_schema::calendar::DAY;
use underpin_schema::{Encoding, IdKind, Scalar, Value, wire};
use underpin_sql::Codec;

use super::list;

/// What the column of `codec` holds for `value`. Values that were checked against the codec's
/// scalar always fit; others are bound as they are, for the database to refuse.
pub(super) fn encode(value: &Value, codec: Codec) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        Value::Bool(flag) if codec.encoding == Encoding::Text => {
            owned_text(|out| out.extend_from_slice(if *flag { b"true" } else { b"false" }))
        }
        Value::Bool(flag) => integer(i64::from(*flag)),
        Value::Int(number) => encode_int(*number, codec),
        Value::Float(number) if codec.encoding == Encoding::Text => owned(number.to_string()),
        Value::Float(number) => real(*number),
        Value::Decimal(number) => encode_decimal(*number, codec),
        Value::Text(text) | Value::Json(text) => {
            ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes()))
        }
        Value::Uuid(uuid) if codec.encoding == Encoding::Text => {
            owned_text(|out| wire::uuid(uuid.as_bytes(), out))
        }
        Value::Uuid(uuid) => ToSqlOutput::Borrowed(ValueRef::Blob(uuid.as_bytes())),
        Value::DateTime(micros) => encode_date_time(*micros, codec),
        Value::Date(days) => encode_date(*days, codec),
        Value::Time(micros) => encode_counted(*micros, codec, wire::time),
        Value::Duration(micros) => encode_counted(*micros, codec, wire::duration),
        Value::List(items) => owned(list::encode(items, codec)),
    }
}

/// What the column of `codec` holds for a date-time.
pub(super) fn encode_date_time(micros: i64, codec: Codec) -> ToSqlOutput<'static> {
    encode_counted(micros, codec, sql_date_time)
}

fn encode_int(number: i64, codec: Codec) -> ToSqlOutput<'static> {
    match (codec.scalar, codec.encoding) {
        (Scalar::Id(IdKind::Int) | Scalar::Int | Scalar::BigInt, Encoding::Text) => {
            owned(number.to_string())
        }
        _ => integer(number),
    }
}

fn encode_decimal(number: Decimal, codec: Codec) -> ToSqlOutput<'static> {
    let mut scaled = number;
    if let Scalar::Decimal { scale, .. } = codec.scalar {
        scaled.rescale(scale.into());
    }
    match codec.encoding {
        Encoding::Text => owned(scaled.to_string()),
        Encoding::Real => real(scaled.to_f64().unwrap_or(0.0)),
        Encoding::Native | Encoding::Seconds | Encoding::Millis => {
            match i64::try_from(scaled.mantissa()) {
                Ok(units) => integer(units),
                // Only a comparison can bring a number beyond the type's digits. Past every value
                // of the column, and an integer as they are, is where it belongs.
                Err(_) if scaled.is_sign_negative() => integer(i64::MIN),
                Err(_) => integer(i64::MAX),
            }
        }
    }
}

fn encode_date(days: i32, codec: Codec) -> ToSqlOutput<'static> {
    match codec.encoding {
        Encoding::Native | Encoding::Real => integer(days.into()),
        Encoding::Text => owned_text(|out| wire::date(days, out)),
        Encoding::Seconds => integer(i64::from(days) * (DAY / 1_000_000)),
        Encoding::Millis => integer(i64::from(days) * (DAY / 1_000)),
    }
}

fn encode_counted(
    micros: i64,
    codec: Codec,
    push_text: fn(i64, &mut Vec<u8>),
) -> ToSqlOutput<'static> {
    match codec.encoding {
        Encoding::Native | Encoding::Real => integer(micros),
        Encoding::Text => owned_text(|out| push_text(micros, out)),
        Encoding::Seconds => coarser(micros, 1_000_000),
        Encoding::Millis => coarser(micros, 1_000),
    }
}

/// The form that SQLite's own date functions read, and that sorts as it should.
fn sql_date_time(micros: i64, out: &mut Vec<u8>) {
    wire::date(i32::try_from(micros.div_euclid(DAY)).unwrap_or(0), out);
    out.push(b' ');
    wire::time(micros.rem_euclid(DAY), out);
}

/// Seconds or milliseconds: whole where they are, with a fraction where one would be lost.
fn coarser(micros: i64, unit: i64) -> ToSqlOutput<'static> {
    if micros % unit == 0 {
        return integer(micros / unit);
    }
    #[expect(clippy::cast_precision_loss, reason = "exact to the microsecond from 1834 to 2106")]
    let count = micros as f64 / unit as f64;
    real(count)
}

fn integer(number: i64) -> ToSqlOutput<'static> {
    ToSqlOutput::Borrowed(ValueRef::Integer(number))
}

fn real(number: f64) -> ToSqlOutput<'static> {
    ToSqlOutput::Borrowed(ValueRef::Real(number))
}

fn owned(text: String) -> ToSqlOutput<'static> {
    ToSqlOutput::Owned(Held::Text(text))
}

fn owned_text(push: impl FnOnce(&mut Vec<u8>)) -> ToSqlOutput<'static> {
    let mut bytes = Vec::with_capacity(40);
    push(&mut bytes);
    owned(String::from_utf8(bytes).expect("invariant: wire forms are ASCII"))
}
