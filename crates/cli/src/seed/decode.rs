//! Turns a row of a seed file into a document for the engine.
//!
//! A row of JSON is a body like any other. A row of CSV becomes one: the model says which cells are
//! numbers, texts or lists. Both are then read, and held to the same constraints, as a client's.

use underpin_base::{Limits, Result};
use underpin_plan::{Document, decode_document};
use underpin_schema::{Field, FieldKind, Model, Scalar, Schema, Value, wire};

use super::file::Row;

/// The document a row stands for. What is wrong with its fields is among the document's errors.
///
/// # Errors
/// When the row is not one JSON document.
pub(super) fn document(
    schema: &Schema,
    model: &Model,
    row: &Row,
    limits: &Limits,
) -> Result<Document> {
    match row {
        Row::Json(body) => decode_document(schema, model.id, body.as_bytes(), limits),
        Row::Cells(cells) => decode_document(schema, model.id, &body(model, cells), limits),
    }
}

/// The key, where the row has one.
pub(super) fn key(document: &Document, model: &Model) -> Option<Value> {
    let entry = document.entries.iter().find(|(field, _)| *field == model.key);
    entry.map(|(_, value)| value.clone()).filter(|value| *value != Value::Null)
}

fn body(model: &Model, cells: &[(String, String)]) -> Vec<u8> {
    let mut body = vec![b'{'];
    for (index, (name, text)) in cells.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        wire::string(name, &mut body);
        body.push(b':');
        match model.field_named(name) {
            Some(field) => cell(field, text, &mut body),
            None => wire::string(text, &mut body),
        }
    }
    body.push(b'}');
    body
}

fn cell(field: &Field, text: &str, body: &mut Vec<u8>) {
    match &field.kind {
        FieldKind::Scalar(scalar) => value(*scalar, text, body),
        FieldKind::Enum(_) | FieldKind::ToOne(_) => wire::string(text, body),
        FieldKind::ScalarList(scalar) => list(*scalar, text, body),
        FieldKind::EnumList(_) | FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => {
            list(Scalar::String, text, body);
        }
    }
}

/// A list of JSON as it stands; anything else is texts with semicolons between them.
fn list(scalar: Scalar, text: &str, body: &mut Vec<u8>) {
    if is_json(text) && text.starts_with('[') {
        return body.extend_from_slice(text.as_bytes());
    }
    body.push(b'[');
    for (index, item) in text.split(';').enumerate() {
        if index > 0 {
            body.push(b',');
        }
        value(scalar, item.trim(), body);
    }
    body.push(b']');
}

/// A value as JSON. A text that is no value of a type without quotes gets them, and is refused for
/// its type later, with its place.
fn value(scalar: Scalar, text: &str, body: &mut Vec<u8>) {
    let is_bare = match scalar {
        Scalar::Int | Scalar::Float | Scalar::Boolean | Scalar::Json => is_json(text),
        Scalar::Id(_)
        | Scalar::String
        | Scalar::BigInt
        | Scalar::Decimal { .. }
        | Scalar::DateTime
        | Scalar::Date
        | Scalar::Time
        | Scalar::Duration
        | Scalar::Email
        | Scalar::Url
        | Scalar::Uuid => false,
    };
    if is_bare { body.extend_from_slice(text.as_bytes()) } else { wire::string(text, body) }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}
