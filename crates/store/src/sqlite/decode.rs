//! From a column to a typed cell.
//!
//! Our own columns hold exactly what their codec says. Adopted ones hold what their former owner
//! wrote, so reading is lenient where the meaning is beyond doubt (an integer where a float is
//! declared, a date with a time of midnight) and gives up, without guessing, where it is not.

use rusqlite::types::ValueRef;
use rust_decimal::Decimal;
use serde_json::value::RawValue;
use underpin_schema::calendar::{DATE_MAX, DATE_MIN, DATE_TIME_MAX, DATE_TIME_MIN, DAY};
use underpin_schema::{Encoding, IdKind, Scalar};
use underpin_sql::Codec;
use uuid::Uuid;

use crate::calendar::{parse_date, parse_date_time, parse_duration, parse_time};
use crate::cell::Cell;

/// Integers up to here are exact as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Reads a column that holds one value; `None` when it holds something the codec has no place for.
pub(super) fn decode<'a>(held: ValueRef<'a>, codec: Codec) -> Option<Cell<'a>> {
    if matches!(held, ValueRef::Null) {
        return Some(Cell::Null);
    }
    match codec.scalar {
        Scalar::String | Scalar::Email | Scalar::Url | Scalar::Id(IdKind::String) => text(held),
        Scalar::Id(IdKind::Uuid) | Scalar::Uuid => uuid(held).map(Cell::Uuid),
        Scalar::Id(IdKind::Int) | Scalar::BigInt => integer(held, codec.encoding).map(Cell::BigInt),
        Scalar::Int => integer(held, codec.encoding)
            .filter(|number| i32::try_from(*number).is_ok())
            .map(Cell::Int),
        Scalar::Float => float(held, codec.encoding).map(Cell::Float),
        Scalar::Boolean => boolean(held, codec.encoding).map(Cell::Bool),
        Scalar::Decimal { scale, .. } => {
            decimal(held, codec.encoding, scale).map(|units| Cell::Decimal { units, scale })
        }
        Scalar::DateTime => date_time(held, codec.encoding).map(Cell::DateTime),
        Scalar::Date => date(held, codec.encoding).map(Cell::Date),
        Scalar::Time => time(held, codec.encoding).map(Cell::Time),
        Scalar::Duration => duration(held, codec.encoding).map(Cell::Duration),
        Scalar::Json => json(held).map(Cell::Json),
    }
}

fn text(held: ValueRef<'_>) -> Option<Cell<'_>> {
    match held {
        ValueRef::Text(bytes) => std::str::from_utf8(bytes).ok().map(Cell::Text),
        // A column declared `STRING` turns digits into integers; their text is the same digits.
        ValueRef::Integer(number) => Some(Cell::BigInt(number)),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

fn uuid(held: ValueRef<'_>) -> Option<Uuid> {
    match held {
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).ok(),
        ValueRef::Text(bytes) => Uuid::try_parse_ascii(bytes).ok(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => None,
    }
}

fn integer(held: ValueRef<'_>, encoding: Encoding) -> Option<i64> {
    match held {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => whole(number),
        ValueRef::Text(bytes) if encoding == Encoding::Text => {
            std::str::from_utf8(bytes).ok()?.parse().ok()
        }
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

fn float(held: ValueRef<'_>, encoding: Encoding) -> Option<f64> {
    let number = match held {
        ValueRef::Real(number) => number,
        #[expect(clippy::cast_precision_loss, reason = "what SQLite itself makes of it")]
        ValueRef::Integer(number) => number as f64,
        ValueRef::Text(bytes) if encoding == Encoding::Text => {
            std::str::from_utf8(bytes).ok()?.parse().ok()?
        }
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => return None,
    };
    number.is_finite().then_some(number)
}

fn boolean(held: ValueRef<'_>, encoding: Encoding) -> Option<bool> {
    match held {
        ValueRef::Integer(number) => Some(number != 0),
        ValueRef::Text(bytes) if encoding == Encoding::Text => match bytes {
            b"true" | b"TRUE" | b"True" | b"t" | b"1" => Some(true),
            b"false" | b"FALSE" | b"False" | b"f" | b"0" => Some(false),
            _ => None,
        },
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

/// The digits without the point.
fn decimal(held: ValueRef<'_>, encoding: Encoding, scale: u8) -> Option<i64> {
    match (held, encoding) {
        (ValueRef::Integer(units), Encoding::Native) => Some(units),
        (ValueRef::Integer(number), _) => number.checked_mul(10_i64.checked_pow(scale.into())?),
        (ValueRef::Real(number), Encoding::Real) => {
            whole((number * 10_f64.powi(scale.into())).round())
        }
        (ValueRef::Text(bytes), Encoding::Text) => {
            let parsed: Decimal = std::str::from_utf8(bytes).ok()?.trim().parse().ok()?;
            let mut scaled = parsed;
            scaled.rescale(scale.into());
            (scaled == parsed).then(|| i64::try_from(scaled.mantissa()).ok())?
        }
        (ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_), _) => None,
    }
}

fn date_time(held: ValueRef<'_>, encoding: Encoding) -> Option<i64> {
    let micros = match written(held, encoding) {
        Some(text) => parse_date_time(text)?,
        None => counted(held, encoding)?,
    };
    (DATE_TIME_MIN..=DATE_TIME_MAX).contains(&micros).then_some(micros)
}

fn date(held: ValueRef<'_>, encoding: Encoding) -> Option<i32> {
    let days = match (written(held, encoding), encoding) {
        (Some(text), _) => parse_date(text)?.into(),
        (None, Encoding::Seconds | Encoding::Millis) => counted(held, encoding)?.div_euclid(DAY),
        (None, Encoding::Native | Encoding::Text | Encoding::Real) => counted(held, encoding)?,
    };
    i32::try_from(days).ok().filter(|days| (DATE_MIN..=DATE_MAX).contains(days))
}

fn time(held: ValueRef<'_>, encoding: Encoding) -> Option<i64> {
    let micros = match written(held, encoding) {
        Some(text) => parse_time(text)?,
        None => counted(held, encoding)?,
    };
    (0..DAY).contains(&micros).then_some(micros)
}

fn duration(held: ValueRef<'_>, encoding: Encoding) -> Option<i64> {
    match written(held, encoding) {
        Some(text) => parse_duration(text),
        None => counted(held, encoding),
    }
}

/// The text of a column that is declared to hold text, and does.
fn written(held: ValueRef<'_>, encoding: Encoding) -> Option<&str> {
    match held {
        ValueRef::Text(bytes) if encoding == Encoding::Text => std::str::from_utf8(bytes).ok(),
        ValueRef::Null
        | ValueRef::Integer(_)
        | ValueRef::Real(_)
        | ValueRef::Text(_)
        | ValueRef::Blob(_) => None,
    }
}

/// A count of microseconds (or of whatever the type counts natively), from seconds or
/// milliseconds where the column holds those.
fn counted(held: ValueRef<'_>, encoding: Encoding) -> Option<i64> {
    let factor = match encoding {
        Encoding::Native | Encoding::Text | Encoding::Real => 1,
        Encoding::Seconds => 1_000_000,
        Encoding::Millis => 1_000,
    };
    match held {
        ValueRef::Integer(count) => count.checked_mul(factor),
        #[expect(clippy::cast_precision_loss, reason = "the factors are small")]
        ValueRef::Real(count) => whole((count * factor as f64).round()),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

fn json(held: ValueRef<'_>) -> Option<&str> {
    match held {
        // What is not JSON would break the document around it.
        ValueRef::Text(bytes) => serde_json::from_slice::<&RawValue>(bytes).ok().map(RawValue::get),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    let is_exact = number.abs() <= EXACT_MAX && number.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range")]
    is_exact.then_some(number as i64)
}
