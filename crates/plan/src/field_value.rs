//! One member of a body as a value of its field.

use std::fmt::Write as _;

use serde_json::value::RawValue;
use underpin_schema::{
    EnumId, Field, FieldCode, FieldKind, Scalar, Schema, Value, ValueError, nearest,
};

use crate::SlotType;

/// Mistakes by their path in the body.
pub(crate) type Mistakes = Vec<(String, ValueError)>;

/// Reads the JSON text of a member as the field's value, its constraints included.
pub(crate) fn parse(schema: &Schema, field: &Field, raw: &str) -> Result<Value, Mistakes> {
    let at_field = |error: ValueError| vec![(field.name.clone(), error)];
    if raw.trim_ascii() == "null" && !matches!(field.kind, FieldKind::ToMany(_)) {
        let list = matches!(field.kind, FieldKind::ManyToMany(_));
        if field.nullable && !list {
            return Ok(Value::Null);
        }
        return Err(at_field(ValueError::new(FieldCode::NullNotAllowed, "must not be null")));
    }
    let value = match &field.kind {
        FieldKind::Scalar(scalar) => scalar.parse_json(raw).map_err(at_field)?,
        FieldKind::Enum(id) => parse_enum(schema, *id, raw).map_err(at_field)?,
        FieldKind::ToOne(to_one) => {
            let key = SlotType::of_key(schema.model(to_one.target)).scalar();
            key.parse_json(raw).map_err(at_field)?
        }
        FieldKind::ScalarList(scalar) => list(field, raw, |raw| scalar.parse_json(raw))?,
        FieldKind::EnumList(id) => list(field, raw, |raw| parse_enum(schema, *id, raw))?,
        FieldKind::ManyToMany(join) => {
            let key = SlotType::of_key(schema.model(join.target)).scalar();
            distinct(list(field, raw, |raw| key.parse_json(raw))?)
        }
        FieldKind::ToMany(_) => {
            let message = "is set from the other side of the relation";
            return Err(at_field(ValueError::new(FieldCode::ReadOnly, message)));
        }
    };
    check(field, &value).map_err(at_field)?;
    Ok(value)
}

fn parse_enum(schema: &Schema, id: EnumId, raw: &str) -> Result<Value, ValueError> {
    let value = Scalar::String.parse_json(raw)?;
    let names = || schema.enum_type(id).values.iter().map(|value| value.name.as_str());
    if let Value::Text(text) = &value
        && !names().any(|name| name == text)
    {
        let mut message = format!("must be one of {}", names().collect::<Vec<_>>().join(", "));
        if let Some(near) = nearest(text, names()) {
            let _ = write!(message, "; did you mean `{near}`?");
        }
        return Err(ValueError::new(FieldCode::UnknownValue, message));
    }
    Ok(value)
}

/// Reads an array item by item; an item may not be null.
fn list(
    field: &Field,
    raw: &str,
    item: impl Fn(&str) -> Result<Value, ValueError>,
) -> Result<Value, Mistakes> {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else {
        let error = ValueError::new(FieldCode::InvalidType, "must be an array");
        return Err(vec![(field.name.clone(), error)]);
    };
    let mut values = Vec::with_capacity(items.len());
    let mut mistakes = Vec::new();
    for (place, raw) in items.into_iter().enumerate() {
        let value = if raw.get() == "null" {
            Err(ValueError::new(FieldCode::NullNotAllowed, "must not be null"))
        } else {
            item(raw.get())
        };
        match value {
            Ok(value) => values.push(value),
            Err(error) => mistakes.push((format!("{}.{place}", field.name), error)),
        }
    }
    if mistakes.is_empty() { Ok(Value::List(values)) } else { Err(mistakes) }
}

/// A set of keys names each row once, however often it was sent.
fn distinct(list: Value) -> Value {
    let Value::List(items) = list else { return list };
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    let mut seen = std::collections::HashSet::with_capacity(items.len());
    for item in items {
        if seen.insert(format!("{item:?}")) {
            kept.push(item);
        }
    }
    Value::List(kept)
}

/// Holds a value to the field's length, range and pattern.
fn check(field: &Field, value: &Value) -> Result<(), ValueError> {
    let size = if let Value::Text(text) = value {
        Some((text.chars().count(), "characters"))
    } else if let Value::List(items) = value {
        Some((items.len(), "items"))
    } else {
        None
    };
    if let (Some((min, max)), Some((size, unit))) = (field.length, size) {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        if size < min {
            let message = format!("must have at least {min} {unit}");
            return Err(ValueError::new(FieldCode::TooShort, message));
        }
        if size > max {
            let message = format!("must have at most {max} {unit}");
            return Err(ValueError::new(FieldCode::TooLong, message));
        }
    }
    if let Some(range) = &field.range {
        check_range(range, value)?;
    }
    if let (Some(pattern), Value::Text(text)) = (&field.pattern, value)
        && !pattern.matches(text)
    {
        let message = format!("must match `{}`", pattern.as_str());
        return Err(ValueError::new(FieldCode::PatternMismatch, message));
    }
    Ok(())
}

fn check_range(range: &(Option<Value>, Option<Value>), value: &Value) -> Result<(), ValueError> {
    use underpin_schema::TextOrder::Binary;
    let (min, max) = range;
    if let Some(min) = min
        && value.compare(min, Binary).is_some_and(std::cmp::Ordering::is_lt)
    {
        let message = format!("must be at least {}", shown(min));
        return Err(ValueError::new(FieldCode::OutOfRange, message));
    }
    if let Some(max) = max
        && value.compare(max, Binary).is_some_and(std::cmp::Ordering::is_gt)
    {
        let message = format!("must be at most {}", shown(max));
        return Err(ValueError::new(FieldCode::OutOfRange, message));
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    let mut text = Vec::new();
    Scalar::String.write_text(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
