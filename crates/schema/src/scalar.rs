//! The scalar types of the schema language, their forms as text and JSON, and how a column holds
//! them.
//!
//! Text and JSON become values here and nowhere else, so every transport is equally strict.

use std::borrow::Cow;

use rust_decimal::Decimal;

use crate::json::{self, Kind};
use crate::{FieldCode, Value, ValueError, wire};

pub(crate) mod number;
mod text;
pub(crate) mod time;

use number::Exponent;

/// A scalar type. Each means the same on every database: same range, order and comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// The key of a row.
    Id(IdKind),
    /// Text without U+0000, compared byte by byte unless the field says `@text(compare: CASELESS)`.
    String,
    /// A signed 32-bit integer.
    Int,
    /// A signed 64-bit integer; a string on the wire.
    BigInt,
    /// A finite IEEE 754 double.
    Float,
    /// `true` or `false`.
    Boolean,
    /// An exact decimal number of at most `precision` digits (1 to 18), `scale` of them after the
    /// point; a string on the wire.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// A point in time, in microseconds, from year 1 to year 9999; RFC 3339 in UTC on the wire.
    DateTime,
    /// A calendar day, year 1 to year 9999.
    Date,
    /// A time of day in microseconds.
    Time,
    /// A signed length of time in microseconds; ISO 8601 (`PT1H30M`) on the wire.
    Duration,
    /// Any JSON value, kept as its text without insignificant white space.
    Json,
    /// An e-mail address (RFC 5321 `Mailbox`).
    Email,
    /// An absolute URL (WHATWG URL).
    Url,
    /// A UUID of any version, lower case on the wire.
    Uuid,
}

/// A literal of a rule, a filter or the schema file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal<'a> {
    /// A number, with its sign where it has one.
    Number(&'a str),
    /// Text, its escapes resolved.
    Text(&'a str),
    /// `true` or `false`.
    Bool(bool),
}

/// What a model's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// UUID version 7, made by the server.
    Uuid,
    /// A 64-bit integer, made by the database; a string on the wire.
    Int,
    /// Text that the client chooses when it creates the row.
    String,
}

/// How a column holds a value. Everything but the first line is for adopted tables, whose columns
/// hold what their former owner wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// The type's own: integers, booleans, dates (days since 1970-01-01), times, durations and
    /// date-times (microseconds) as integers; decimals as integers times 10^scale; UUIDs as 16
    /// bytes; floats as doubles; everything else as text.
    #[default]
    Native,
    /// Text: `YYYY-MM-DD HH:MM:SS[.ffffff]` for date-times, `YYYY-MM-DD` for dates, `HH:MM:SS` for
    /// times, digits for decimals, 36 characters for UUIDs.
    Text,
    /// A binary floating point number that stands for a decimal.
    Real,
    /// Date-times as seconds since 1970.
    Seconds,
    /// Date-times as milliseconds since 1970.
    Millis,
}

impl Scalar {
    /// Every type that a schema can name, with `Decimal` in its default size.
    pub const ALL: [(&'static str, Self); 15] = [
        ("ID", Self::Id(IdKind::Uuid)),
        ("String", Self::String),
        ("Int", Self::Int),
        ("BigInt", Self::BigInt),
        ("Float", Self::Float),
        ("Boolean", Self::Boolean),
        ("Decimal", Self::Decimal { precision: 18, scale: 2 }),
        ("DateTime", Self::DateTime),
        ("Date", Self::Date),
        ("Time", Self::Time),
        ("Duration", Self::Duration),
        ("JSON", Self::Json),
        ("Email", Self::Email),
        ("URL", Self::Url),
        ("UUID", Self::Uuid),
    ];

    /// The name in the schema language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Id(_) => "ID",
            Self::String => "String",
            Self::Int => "Int",
            Self::BigInt => "BigInt",
            Self::Float => "Float",
            Self::Boolean => "Boolean",
            Self::Decimal { .. } => "Decimal",
            Self::DateTime => "DateTime",
            Self::Date => "Date",
            Self::Time => "Time",
            Self::Duration => "Duration",
            Self::Json => "JSON",
            Self::Email => "Email",
            Self::Url => "URL",
            Self::Uuid => "UUID",
        }
    }

    /// Whether values are texts ([`Value::Text`]).
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Email | Self::Url | Self::Id(IdKind::String))
    }

    /// Whether values have an order: all types but `Boolean` and `JSON` can be compared with `<`.
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        !matches!(self, Self::Boolean | Self::Json)
    }

    /// Reads the text form: query strings, paths, CSV. Nothing is trimmed or coerced.
    ///
    /// # Errors
    /// Why the text is not a value of the type.
    pub fn parse_text(&self, text: &str) -> Result<Value, ValueError> {
        Ok(match *self {
            Self::Id(IdKind::Int) | Self::BigInt => Value::Int(number::parse_integer(text)?),
            Self::Int => Value::Int(number::parse_int(text)?),
            Self::Float => Value::Float(number::parse_float(text)?),
            Self::Boolean => match text {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => {
                    return Err(ValueError::new(FieldCode::InvalidFormat, "must be true or false"));
                }
            },
            Self::Decimal { precision, scale } => {
                Value::Decimal(number::parse_decimal(text, precision, scale, Exponent::Refused)?)
            }
            Self::Json => self.parse_json(text)?,
            Self::Id(IdKind::String | IdKind::Uuid)
            | Self::String
            | Self::Email
            | Self::Url
            | Self::Uuid
            | Self::DateTime
            | Self::Date
            | Self::Time
            | Self::Duration => self.parse_string(Cow::Borrowed(text))?,
        })
    }

    /// Reads the text of one JSON value, which may stand among white space. `null` reads as
    /// [`Value::Null`] for every type, `JSON` included.
    ///
    /// # Errors
    /// Why it is not a value of the type.
    pub fn parse_json(&self, raw: &str) -> Result<Value, ValueError> {
        let (kind, text) = json::classify(raw)?;
        match (*self, kind) {
            (_, Kind::Null) => Ok(Value::Null),
            (Self::Json, _) => Ok(Value::Json(json::minify(text)?)),
            (Self::Boolean, Kind::Bool(value)) => Ok(Value::Bool(value)),
            (Self::Int | Self::BigInt | Self::Id(IdKind::Int), Kind::Number) => {
                self.parse_integer_number(text)
            }
            (Self::Float, Kind::Number) => Ok(Value::Float(number::parse_float(text)?)),
            (Self::Decimal { precision, scale }, Kind::Number) => {
                let decimal = number::parse_decimal(text, precision, scale, Exponent::Allowed)?;
                Ok(Value::Decimal(decimal))
            }
            (Self::Int | Self::Float | Self::Boolean, _) => Err(self.wrong_type()),
            (Self::BigInt | Self::Id(IdKind::Int) | Self::Decimal { .. }, Kind::String) => {
                self.parse_text(&json::parse_string(text)?)
            }
            (_, Kind::String) => self.parse_string(json::parse_string(text)?),
            (_, Kind::Bool(_) | Kind::Number | Kind::Array | Kind::Object) => {
                Err(self.wrong_type())
            }
        }
    }

    /// Reads a literal of a rule, a filter or the schema file, which takes the type of what it
    /// meets.
    ///
    /// # Errors
    /// Why it is not a value of the type.
    pub fn from_literal(&self, literal: Literal<'_>) -> Result<Value, ValueError> {
        match (*self, literal) {
            (Self::Boolean, Literal::Bool(value)) => Ok(Value::Bool(value)),
            (
                Self::Int
                | Self::BigInt
                | Self::Id(IdKind::Int)
                | Self::Float
                | Self::Decimal { .. },
                Literal::Number(text),
            ) => self.parse_json(text),
            (Self::BigInt | Self::Id(IdKind::Int) | Self::Decimal { .. }, Literal::Text(text)) => {
                self.parse_text(text)
            }
            (Self::Int | Self::Float | Self::Boolean | Self::Json, _)
            | (_, Literal::Bool(_) | Literal::Number(_)) => Err(self.wrong_type()),
            (_, Literal::Text(text)) => self.parse_string(Cow::Borrowed(text)),
        }
    }

    /// Appends the JSON form of a value of this type; [`Value::Null`] and values of other types as
    /// their own. Does not allocate beyond the buffer.
    pub fn write_json(&self, value: &Value, out: &mut Vec<u8>) {
        match (*self, value) {
            (_, Value::Null) => out.extend_from_slice(b"null"),
            (Self::Int, Value::Int(number)) => wire::integer(*number, out),
            (_, Value::Bool(_) | Value::Float(_)) => self.write_text(value, out),
            (_, Value::Json(text)) => out.extend_from_slice(text.as_bytes()),
            (_, Value::Text(text)) => wire::string(text, out),
            (_, Value::List(items)) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    self.write_json(item, out);
                }
                out.push(b']');
            }
            (
                _,
                Value::Int(_)
                | Value::Decimal(_)
                | Value::Uuid(_)
                | Value::DateTime(_)
                | Value::Date(_)
                | Value::Time(_)
                | Value::Duration(_),
            ) => {
                out.push(b'"');
                self.write_text(value, out);
                out.push(b'"');
            }
        }
    }

    /// Appends the text form, which [`Scalar::parse_text`] reads. Null is empty, a list its JSON.
    pub fn write_text(&self, value: &Value, out: &mut Vec<u8>) {
        match value {
            Value::Null => {}
            Value::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Value::Int(number) => wire::integer(*number, out),
            Value::Float(number) => wire::float(*number, out),
            Value::Decimal(number) => self.write_decimal(*number, out),
            Value::Text(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
            Value::Uuid(uuid) => wire::uuid(uuid.as_bytes(), out),
            Value::DateTime(micros) => wire::date_time(*micros, out),
            Value::Date(days) => wire::date(*days, out),
            Value::Time(micros) => wire::time(*micros, out),
            Value::Duration(micros) => wire::duration(*micros, out),
            Value::List(_) => self.write_json(value, out),
        }
    }

    fn write_decimal(&self, number: Decimal, out: &mut Vec<u8>) {
        let mut scaled = number;
        if let Self::Decimal { scale, .. } = *self {
            scaled.rescale(u32::from(scale));
        }
        match (i64::try_from(scaled.mantissa()), u8::try_from(scaled.scale())) {
            (Ok(unscaled), Ok(scale)) => wire::decimal(unscaled, scale, out),
            // More digits than any column holds, as a sum may have.
            _ => out.extend_from_slice(scaled.to_string().as_bytes()),
        }
    }

    /// A JSON number that must be whole. `1.0` and `1e1` are numbers, but not integers.
    fn parse_integer_number(&self, text: &str) -> Result<Value, ValueError> {
        if text == "-0" {
            return Ok(Value::Int(0));
        }
        match self.parse_text(text) {
            Err(error) if error.code == FieldCode::InvalidFormat => Err(self.wrong_type()),
            result => result,
        }
    }

    /// Reads a type whose JSON form is a string.
    fn parse_string(&self, text: Cow<'_, str>) -> Result<Value, ValueError> {
        Ok(match *self {
            Self::Id(IdKind::Uuid) | Self::Uuid => Value::Uuid(text::parse_uuid(&text)?),
            Self::DateTime => Value::DateTime(time::parse_date_time(&text)?),
            Self::Date => Value::Date(time::parse_date(&text)?),
            Self::Time => Value::Time(time::parse_time(&text)?),
            Self::Duration => Value::Duration(time::parse_duration(&text)?),
            Self::Id(IdKind::String) => checked(text::check_key, text)?,
            Self::String => checked(text::check_text, text)?,
            Self::Email => checked(text::check_email, text)?,
            Self::Url => checked(text::check_url, text)?,
            Self::Int
            | Self::BigInt
            | Self::Id(IdKind::Int)
            | Self::Float
            | Self::Boolean
            | Self::Decimal { .. }
            | Self::Json => return self.parse_text(&text),
        })
    }

    fn wrong_type(&self) -> ValueError {
        let message = match self {
            Self::Int => "must be an integer",
            Self::BigInt | Self::Id(IdKind::Int) => "must be an integer, as a number or a string",
            Self::Float => "must be a number",
            Self::Boolean => "must be true or false",
            Self::Decimal { .. } => "must be a decimal number, as a string or a number",
            Self::Json => "must be a JSON value",
            Self::Id(IdKind::Uuid | IdKind::String)
            | Self::String
            | Self::DateTime
            | Self::Date
            | Self::Time
            | Self::Duration
            | Self::Email
            | Self::Url
            | Self::Uuid => "must be a string",
        };
        ValueError::new(FieldCode::InvalidType, message)
    }
}

fn checked(
    check: fn(&str) -> Result<&str, ValueError>,
    text: Cow<'_, str>,
) -> Result<Value, ValueError> {
    check(&text)?;
    Ok(Value::Text(text.into_owned()))
}

#[cfg(test)]
mod tests;
