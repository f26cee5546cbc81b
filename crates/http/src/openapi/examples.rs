//! Examples that are valid by the schemas they stand in. Where none can be made up (a pattern, a
//! narrow range), there is none.

use serde_json::{Map, Value, json};
use underpin_schema::{Field, FieldKind, IdKind, Model, Scalar, Schema, Value as Scalars};

use super::schemas::{BodyKind, visible, written};

/// A row without included relations.
pub(super) fn row(schema: &Schema, model: &Model) -> Option<Value> {
    collect(schema, visible(model).filter(|field| field.has_column()))
}

/// A body.
pub(super) fn body(schema: &Schema, model: &Model, kind: BodyKind) -> Option<Value> {
    let fields = written(model, kind).filter(|field| field.has_column());
    match kind {
        // A merge changes one field.
        BodyKind::Merge => {
            let (name, value) = fields
                .into_iter()
                .find_map(|field| Some((&field.name, field_of(schema, field)?)))?;
            Some(json!({ (name): value }))
        }
        BodyKind::Create | BodyKind::Replace => collect(schema, fields),
    }
}

/// An example of each field; none at all when one that may be required has none.
fn collect<'a>(schema: &Schema, fields: impl Iterator<Item = &'a Field>) -> Option<Value> {
    let mut out = Map::new();
    for field in fields {
        match field_of(schema, field) {
            Some(value) => {
                out.insert(field.name.clone(), value);
            }
            None if field.nullable => {
                out.insert(field.name.clone(), Value::Null);
            }
            None => return None,
        }
    }
    Some(Value::Object(out))
}

fn field_of(schema: &Schema, field: &Field) -> Option<Value> {
    if field.pattern.is_some() {
        return None;
    }
    let one = |value: Value| {
        let (low, high) = field.length.unwrap_or((0, u64::MAX));
        // An array of one item, or as many as it must have; long ones would not explain more.
        let n_items = low.max(u64::from(high > 0)).min(20);
        (n_items >= low).then(|| json!(vec![value; usize::try_from(n_items).unwrap_or(0)]))
    };
    let enum_name = |id| schema.enum_type(id).values.first().map(|value| json!(value.name));
    match &field.kind {
        FieldKind::Scalar(scalar) => scalar_of(field, *scalar),
        FieldKind::Enum(id) => enum_name(*id),
        FieldKind::ScalarList(scalar) => one(plain(*scalar)),
        FieldKind::EnumList(id) => enum_name(*id).and_then(one),
        FieldKind::ToOne(to_one) => match &schema.model(to_one.target).key_field().kind {
            FieldKind::Scalar(scalar) => Some(plain(*scalar)),
            FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => None,
        },
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => None,
    }
}

fn scalar_of(field: &Field, scalar: Scalar) -> Option<Value> {
    match (scalar, &field.range) {
        (Scalar::Int | Scalar::Float, Some((low, high))) => {
            let number = |end: &Option<Scalars>| match end {
                Some(Scalars::Int(number)) => Some(json!(number)),
                Some(Scalars::Float(number)) => Some(json!(number)),
                _ => None,
            };
            number(low).or_else(|| number(high))
        }
        // Its bounds are not in the schema, but an example outside them would mislead.
        (_, Some(_)) => None,
        (_, None) if scalar.is_text() => text_of(field, scalar),
        (_, None) => Some(plain(scalar)),
    }
}

/// A text as long as it must be.
fn text_of(field: &Field, scalar: Scalar) -> Option<Value> {
    let Value::String(text) = plain(scalar) else { return None };
    let (low, high) = field.length.unwrap_or((0, u64::MAX));
    let n_chars = text.chars().count() as u64;
    if (low..=high).contains(&n_chars) {
        return Some(json!(text));
    }
    let is_free = matches!(scalar, Scalar::String | Scalar::Id(IdKind::String));
    let wanted = n_chars.clamp(low, high);
    (is_free && wanted <= 200).then(|| {
        let letters = text.chars().cycle();
        json!(letters.take(usize::try_from(wanted).unwrap_or(0)).collect::<String>())
    })
}

// tidy: table
fn plain(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Id(IdKind::Uuid) => json!("019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01"),
        Scalar::Id(IdKind::Int) => json!("42"),
        Scalar::Id(IdKind::String) => json!("key"),
        Scalar::String => json!("text"),
        Scalar::Int => json!(7),
        Scalar::BigInt => json!("9007199254740993"),
        Scalar::Float => json!(2.5),
        Scalar::Boolean => json!(true),
        Scalar::Decimal { scale: 0, .. } => json!("1"),
        Scalar::Decimal { scale, .. } => json!(format!("0.{:0<1$}", 5, usize::from(scale))),
        Scalar::DateTime => json!("2026-11-20T16:01:24.123456Z"),
        Scalar::Date => json!("2026-11-20"),
        Scalar::Time => json!("16:01:24"),
        Scalar::Duration => json!("PT1H30M"),
        Scalar::Json => json!({ "any": ["JSON"] }),
        Scalar::Email => json!("ada@example.com"),
        Scalar::Url => json!("https://example.com/"),
        Scalar::Uuid => json!("6f1a6c1e-3f0b-4a55-8f9e-0c8d1e2a3b4c"),
    }
}
