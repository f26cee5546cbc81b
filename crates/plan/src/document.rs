//! Decodes the body of a write, strictly: against the model, and telling every mistake at once.
//!
//! Two passes. The first walks the bytes without recursion and holds nesting and sizes within
//! their bounds, so that no later reader can be made to overflow its stack or hoard memory. The
//! second takes the object's members apart and reads each as its field's type.

use std::collections::HashSet;
use std::fmt;

use serde_json::value::RawValue;
use underpin_base::{Code, Error, FieldError, Limits, Result};
use underpin_schema::{Field, FieldCode, FieldKind, Model, ModelId, Schema, Value};

use crate::Document;

/// Mistakes reported of one body at most; whoever has more is no longer helped by reading them.
const ERRORS_MAX: usize = 100;

/// A body that is one JSON object, taken apart and not yet read.
#[derive(Debug, Clone, Default)]
pub struct Object<'b> {
    /// The members with their values as JSON text, in the order they stand, each name once.
    pub members: Vec<(String, &'b str)>,
    /// Names that stood twice; that the body is no object.
    pub errors: Vec<FieldError>,
}

/// Reads a body as fields of `model`.
///
/// Mistakes in fields are in [`Document::errors`]; [`validate`](crate::validate()) adds those that
/// depend on the actor and refuses the write with all of them.
///
/// # Errors
/// As [`read_object`].
pub fn decode_document(
    schema: &Schema,
    model: ModelId,
    body: &[u8],
    limits: &Limits,
) -> Result<Document> {
    read_object(body, limits).map(|object| decode_object(schema, model, object))
}

/// Takes a body apart.
///
/// # Errors
/// `INVALID_JSON` with the offset when the body is not one JSON document in UTF-8, `TOO_DEEP` and
/// `TOO_MANY_ITEMS` beyond the limits.
pub fn read_object<'b>(body: &'b [u8], limits: &Limits) -> Result<Object<'b>> {
    let text = std::str::from_utf8(body)
        .map_err(|error| invalid_json("the body is not UTF-8", error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err(invalid_json("the body starts with a byte order mark", 0));
    }
    check_bounds(text, limits)?;
    let members = match read_members(text) {
        Ok(members) => members,
        Err(error) if error.is_data() => return not_an_object(text),
        Err(error) => {
            return Err(invalid_json("the body is not valid JSON", offset_of(text, &error)));
        }
    };
    let mut object = Object::default();
    let mut seen: HashSet<String> = HashSet::with_capacity(members.len());
    for (name, raw) in members {
        if seen.insert(name.clone()) {
            object.members.push((name, raw.get()));
        } else if object.errors.len() < ERRORS_MAX {
            object.errors.push(refusal(&name, FieldCode::DuplicateKey, "stands twice"));
        }
    }
    Ok(object)
}

/// Reads the members of an object as fields of `model`.
#[must_use]
pub fn decode_object(schema: &Schema, model: ModelId, object: Object<'_>) -> Document {
    let document = Document { entries: Vec::new(), errors: object.errors };
    let mut decoder = Decoder { schema, model: schema.model(model), document };
    for (name, raw) in &object.members {
        decoder.member(name, raw);
    }
    decoder.document
}

struct Decoder<'a> {
    schema: &'a Schema,
    model: &'a Model,
    document: Document,
}

impl Decoder<'_> {
    fn member(&mut self, name: &str, raw: &str) {
        let model = self.model;
        let Some(field) = model.field_named(name) else {
            return self.refuse(name, FieldCode::UnknownField, "is not a field".to_owned());
        };
        // For a nullable field of JSON, as for any other, null is the absence of a value.
        if raw == "null" && field.nullable && field.has_column() {
            return self.document.entries.push((field.id, Value::Null));
        }
        match field.parse_json(self.schema, raw) {
            Ok(value) => self.document.entries.push((field.id, distinct(field, value))),
            Err(errors) => {
                let n_left = ERRORS_MAX.saturating_sub(self.document.errors.len());
                self.document.errors.extend(errors.into_iter().take(n_left));
            }
        }
    }

    fn refuse(&mut self, path: &str, code: FieldCode, message: String) {
        if self.document.errors.len() < ERRORS_MAX {
            self.document.errors.push(refusal(path, code, message));
        }
    }
}

fn refusal(path: &str, code: FieldCode, message: impl Into<String>) -> FieldError {
    FieldError { path: path.to_owned(), code: code.name(), message: message.into() }
}

/// A set of keys names each row once, however often it was sent.
fn distinct(field: &Field, value: Value) -> Value {
    match (&field.kind, value) {
        (FieldKind::ManyToMany(_), Value::List(keys)) => {
            let mut seen = HashSet::with_capacity(keys.len());
            let kept = keys.into_iter().filter(|key| seen.insert(format!("{key:?}")));
            Value::List(kept.collect())
        }
        (_, value) => value,
    }
}

/// The members of an object with their values as text, in the order they stand.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Self)
    }
}

struct MembersVisitor;

impl<'de> serde::de::Visitor<'de> for MembersVisitor {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

fn read_members(text: &str) -> Result<Vec<(String, &RawValue)>, serde_json::Error> {
    serde_json::from_str::<Members<'_>>(text).map(|members| members.0)
}

/// The answer for a document that is no object, if it is a document at all.
fn not_an_object(text: &str) -> Result<Object<'_>> {
    if let Err(error) = serde_json::from_str::<&RawValue>(text) {
        return Err(invalid_json("the body is not valid JSON", offset_of(text, &error)));
    }
    let message = if text.trim_start().starts_with('[') {
        "must be one object; creating many rows in one request is not available"
    } else {
        "must be an object"
    };
    let error = refusal("", FieldCode::InvalidType, message);
    Ok(Object { members: Vec::new(), errors: vec![error] })
}

fn invalid_json(message: &str, offset: usize) -> Error {
    Error::new(Code::InvalidJson, message).with_offset(offset)
}

/// The byte at which reading failed; the reader tells line and column, both from one.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let before: usize =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}

/// Holds nesting and the sizes of arrays and objects within their limits. Says nothing of whether
/// the text is JSON otherwise.
fn check_bounds(text: &str, limits: &Limits) -> Result<()> {
    let mut n_items: Vec<usize> = Vec::with_capacity(limits.json_depth_max);
    let mut bytes = text.bytes().enumerate();
    while let Some((offset, byte)) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                if n_items.len() >= limits.json_depth_max {
                    let message =
                        format!("the body nests deeper than {} levels", limits.json_depth_max);
                    return Err(Error::new(Code::TooDeep, message).with_offset(offset));
                }
                n_items.push(1);
            }
            b']' | b'}' => drop(n_items.pop()),
            b',' => {
                let Some(n_items) = n_items.last_mut() else { continue };
                *n_items += 1;
                if *n_items > limits.array_items_max {
                    let message = format!("a list has more than {} items", limits.array_items_max);
                    return Err(Error::new(Code::TooManyItems, message).with_offset(offset));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Goes to the end of a string whose first quote was read.
fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}
