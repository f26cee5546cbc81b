//! Names and constants as they stand in SQL text.

use underpin_schema::Value;

use crate::snapshot::{Column, Kind, Storage};

/// A name in double quotes, which no name can leave.
pub(crate) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names in double quotes with commas between them.
pub(crate) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    all.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Text in single quotes.
pub(crate) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A default as the constant the column holds. `None` where the column's form is not the type's
/// own, for then only the store knows how to write it.
pub(crate) fn constant(value: &Value, kind: &Kind, storage: Storage) -> Option<String> {
    if storage != Storage::Native {
        return None;
    }
    match value {
        Value::Null => None,
        Value::Bool(value) => Some(u8::from(*value).to_string()),
        Value::Int(value)
        | Value::DateTime(value)
        | Value::Time(value)
        | Value::Duration(value) => Some(value.to_string()),
        Value::Date(value) => Some(value.to_string()),
        Value::Float(value) => Some(format!("{value:?}")),
        Value::Decimal(value) => {
            // Digits beyond the scale stay: a condition may compare with them.
            let Kind::Decimal { scale, .. } = kind else { return None };
            Some(shifted(value, *scale))
        }
        Value::Text(value) | Value::Json(value) => Some(text(value)),
        Value::Uuid(value) => Some(format!("X'{}'", value.simple())),
        Value::List(items) => {
            let Kind::List(item) = kind else { return None };
            let items: Option<Vec<_>> = items.iter().map(|value| list_item(value, item)).collect();
            items.map(|items| text(&serde_json::Value::Array(items).to_string()))
        }
    }
}

/// The moment a statement runs, as a column of this type holds it.
pub(crate) fn current_time(kind: &Kind, storage: Storage) -> Option<&'static str> {
    match (kind, storage) {
        (Kind::DateTime, Storage::Native) => {
            Some("(CAST(unixepoch('subsec') * 1000000 AS INTEGER))")
        }
        (Kind::DateTime, Storage::Seconds) => Some("(unixepoch())"),
        (Kind::DateTime, Storage::Millis) => Some("(CAST(unixepoch('subsec') * 1000 AS INTEGER))"),
        (Kind::DateTime, Storage::Text) => Some("(datetime('now', 'subsec'))"),
        (Kind::Date, Storage::Native) => Some("(unixepoch() / 86400)"),
        (Kind::Date, Storage::Text) => Some("(date())"),
        (Kind::Time, Storage::Native) => Some("((unixepoch() % 86400) * 1000000)"),
        (Kind::Time, Storage::Text) => Some("(time())"),
        _ => None,
    }
}

/// Whether the default is an expression and not a constant, so that rows which exist already need
/// it written.
pub(crate) fn is_expression(column: &Column) -> bool {
    column.default.as_deref().is_some_and(|default| default.starts_with('('))
}

/// The number moved `scale` digits to the left of its point, without the zeros that ends in.
fn shifted(value: &rust_decimal::Decimal, scale: u8) -> String {
    let value = value.normalize();
    let digits = value.mantissa().unsigned_abs().to_string();
    let sign = if value.is_sign_negative() && !value.is_zero() { "-" } else { "" };
    let scale = u32::from(scale);
    if value.scale() <= scale {
        let zeros = "0".repeat(usize::try_from(scale - value.scale()).unwrap_or(0));
        let digits = format!("{digits}{zeros}");
        let digits = digits.trim_start_matches('0');
        return format!("{sign}{}", if digits.is_empty() { "0" } else { digits });
    }
    let n_after = usize::try_from(value.scale() - scale).unwrap_or(0);
    let digits = format!("{digits:0>width$}", width = n_after + 1);
    let (before, after) = digits.split_at(digits.len() - n_after);
    format!("{sign}{before}.{after}")
}

fn list_item(value: &Value, kind: &Kind) -> Option<serde_json::Value> {
    match (value, kind) {
        (Value::Text(value), _) => Some(value.as_str().into()),
        (Value::Bool(value), _) => Some((*value).into()),
        (Value::Int(value), Kind::Int) => Some((*value).into()),
        (Value::Float(value), Kind::Float) => Some((*value).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_scaled_without_rounding() {
        for (text, scale, written) in [
            ("0", 2, "0"),
            ("-0.00", 2, "0"),
            ("12.5", 2, "1250"),
            ("-12.50", 2, "-1250"),
            ("0.07", 2, "7"),
            ("0.005", 2, "0.5"),
            ("-1.2345", 2, "-123.45"),
            ("100", 0, "100"),
        ] {
            assert_eq!(shifted(&text.parse().unwrap(), scale), written, "{text}");
        }
    }

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(name("a\"b"), "\"a\"\"b\"");
        assert_eq!(text("it's"), "'it''s'");
    }
}
