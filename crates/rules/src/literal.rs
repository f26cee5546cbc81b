//! Literals: texts and numbers that take the type of what they meet.

use underpin_schema::{FieldCode, Scalar, Schema, Value, ValueError, nearest};

use crate::filter::SlotType;
use crate::syntax::{LiteralKind, LiteralText};
use crate::typing::{Meaning, Type};

/// The longest duration there is: ten thousand years, in microseconds.
const DURATION_MAX: i64 = 10_000 * 366 * 24 * 60 * 60 * 1_000_000;

/// Units of `duration('…')` in microseconds; one that begins with another stands before it.
const UNITS: [(&str, i64); 5] =
    [("h", 3_600_000_000), ("ms", 1_000), ("m", 60_000_000), ("us", 1), ("s", 1_000_000)];

/// Why a literal is not a value of a type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LiteralFault {
    /// A number where text belongs, or the other way round.
    Kind,
    /// It has the right form, but is no value of the type.
    Value {
        /// One line, without a full stop.
        message: String,
        /// What would be one.
        help: Option<String>,
    },
}

impl SlotType {
    /// The literal of a filter as a value of this slot.
    ///
    /// # Errors
    /// Why it is not one; the message continues "the value …".
    pub fn parse_literal(
        &self,
        literal: LiteralText<'_>,
        schema: &Schema,
    ) -> Result<Value, ValueError> {
        let text = literal.resolve();
        match (self.enum_id, literal) {
            (Some(id), LiteralText::Text(..)) => {
                let values = &schema.enum_type(id).values;
                if values.iter().any(|value| value.name == text) {
                    return Ok(Value::Text(text.into_owned()));
                }
                let message = format!("must be a value of `{}`", schema.enum_type(id).name);
                Err(ValueError::new(FieldCode::UnknownValue, message))
            }
            (_, LiteralText::Number(_)) => {
                self.scalar.from_literal(underpin_schema::Literal::Number(&text))
            }
            (None, LiteralText::Text(..)) => {
                self.scalar.from_literal(underpin_schema::Literal::Text(&text))
            }
        }
    }
}

/// A literal as a value of a type.
pub(crate) fn value(
    literal: LiteralText<'_>,
    ty: Type,
    schema: &Schema,
) -> Result<Value, LiteralFault> {
    if !accepts(ty, LiteralKind::of(literal)) {
        return Err(LiteralFault::Kind);
    }
    if let Meaning::Word(words) = ty.meaning {
        return word(&literal.resolve(), words);
    }
    ty.slot_type().parse_literal(literal, schema).map_err(|error| {
        let text = literal.resolve();
        let names = |id| schema.enum_type(id).values.iter().map(|value| value.name.as_str());
        let near = match ty.meaning {
            Meaning::Enum(id) => nearest(&text, names(id)),
            Meaning::Plain | Meaning::Key(_) | Meaning::Word(_) => None,
        };
        let message = match ty.meaning {
            Meaning::Enum(id) => {
                format!("`{text}` is not a value of `{}`", schema.enum_type(id).name)
            }
            Meaning::Plain | Meaning::Key(_) | Meaning::Word(_) => {
                format!("`{text}` is not {}: it {}", ty.describe(schema), error.message)
            }
        };
        LiteralFault::Value { message, help: near.map(|near| format!("did you mean `{near}`?")) }
    })
}

/// Whether literals of this kind can be values of the type.
pub(crate) fn accepts(ty: Type, kind: LiteralKind) -> bool {
    let numeric = ty.scalar.from_literal(underpin_schema::Literal::Number("0")).is_ok();
    match kind {
        LiteralKind::Number => numeric,
        LiteralKind::Text => match ty.scalar {
            // On the wire these are strings, so that JSON readers lose no digits.
            Scalar::BigInt | Scalar::Decimal { .. } | Scalar::Id(_) => true,
            Scalar::Boolean | Scalar::Json => false,
            Scalar::String
            | Scalar::Int
            | Scalar::Float
            | Scalar::DateTime
            | Scalar::Date
            | Scalar::Time
            | Scalar::Duration
            | Scalar::Email
            | Scalar::Url
            | Scalar::Uuid => !numeric,
        },
    }
}

fn word(text: &str, words: &'static [&'static str]) -> Result<Value, LiteralFault> {
    if words.contains(&text) {
        return Ok(Value::Text(text.to_owned()));
    }
    let message = format!("`{text}` is never the value here");
    let help = match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of `{}`", words.join("`, `")),
    };
    Err(LiteralFault::Value { message, help: Some(help) })
}

/// The text of `duration('…')`: `24h`, `1h30m`, `-1.5s`, as CEL has it; no finer than
/// microseconds.
pub(crate) fn duration(text: &str) -> Option<Value> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if rest.is_empty() {
        return None;
    }
    let mut micros: i64 = 0;
    while !rest.is_empty() {
        let n_number =
            rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
        let (number, after) = rest.split_at(n_number);
        let (unit, factor) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        micros = micros.checked_add(times(number, *factor)?)?;
        rest = &after[unit.len()..];
    }
    let micros = if negative { -micros } else { micros };
    (micros.abs() <= DURATION_MAX).then_some(Value::Duration(micros))
}

/// A decimal number times a factor, when that is a whole number.
fn times(number: &str, factor: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole: i64 = whole.parse().ok()?;
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let scale = 10_i64.pow(u32::try_from(fraction.len()).ok()?);
    let part = fraction.parse::<i64>().ok()?.checked_mul(factor)?;
    if part % scale != 0 {
        return None;
    }
    whole.checked_mul(factor)?.checked_add(part / scale)
}
