//! Rows and bodies as JSON Schema (2020-12, the dialect of OpenAPI 3.1).

use serde_json::{Map, Value, json};
use underpin_schema::{
    EnumType, Field, FieldDefault, FieldKind, IdKind, Model, Scalar, Schema, Value as Scalars,
};

use super::{examples, schema_ref};

/// What a body does, which decides the fields it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    Create,
    Replace,
    Merge,
}

impl BodyKind {
    pub(super) const ALL: [Self; 3] = [Self::Create, Self::Replace, Self::Merge];

    /// The name of the component of `model`.
    pub(super) fn component(self, model: &Model) -> String {
        let kind = match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        };
        format!("{}.{kind}", model.name)
    }
}

/// Adds the schemas of a model: its row, and one for each kind of body.
pub(super) fn insert_model(schema: &Schema, model: &Model, out: &mut Map<String, Value>) {
    out.insert(model.name.clone(), row(schema, model));
    for kind in BodyKind::ALL {
        out.insert(kind.component(model), body(schema, model, kind));
    }
}

pub(super) fn enum_type(enum_type: &EnumType) -> Value {
    let names: Vec<&str> = enum_type.values.iter().map(|value| value.name.as_str()).collect();
    let mut notes: Vec<String> = enum_type.doc.iter().cloned().collect();
    for value in &enum_type.values {
        if let Some(doc) = &value.doc {
            notes.push(format!("`{}`: {doc}", value.name));
        }
        if let Some(reason) = &value.deprecated {
            notes.push(format!("`{}` is deprecated: {reason}", value.name));
        }
    }
    let mut out = json!({ "type": "string", "enum": names });
    if !notes.is_empty() {
        out["description"] = json!(notes.join("\n\n"));
    }
    out
}

/// A row as it is answered.
fn row(schema: &Schema, model: &Model) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut included = Map::new();
    for field in visible(model) {
        properties.insert(field.name.clone(), read_field(schema, field));
        if field.has_column() && field.access.read.is_none() {
            required.push(field.name.as_str());
        }
        if is_list_relation(field) {
            included.insert(field.name.clone(), json!({ "type": "string" }));
        }
    }
    if !included.is_empty() {
        let next = json!({
            "type": "object",
            "description": "Where an included relation was cut short: the cursor that its own \
                            path goes on with.",
            "properties": included,
            "additionalProperties": false,
        });
        properties.insert("_next".to_owned(), next);
    }
    let mut out = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        out["required"] = json!(required);
    }
    describe_model(&mut out, model);
    if let Some(example) = examples::row(schema, model) {
        out["examples"] = json!([example]);
    }
    out
}

fn body(schema: &Schema, model: &Model, kind: BodyKind) -> Value {
    let (properties, required) = members(schema, model, kind, |_| true);
    let mut out = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        out["required"] = json!(required);
    }
    if let Some(example) = examples::body(schema, model, kind) {
        out["examples"] = json!([example]);
    }
    out
}

/// The members of a body that `is_taken` lets through, and those of them that must be sent.
pub(super) fn members(
    schema: &Schema,
    model: &Model,
    kind: BodyKind,
    is_taken: impl Fn(&str) -> bool,
) -> (Map<String, Value>, Vec<String>) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in written(model, kind).filter(|field| is_taken(&field.name)) {
        properties.insert(field.name.clone(), written_field(schema, field));
        if kind != BodyKind::Merge && is_required(field) {
            required.push(field.name.clone());
        }
    }
    (properties, required)
}

fn describe_model(out: &mut Value, model: &Model) {
    if let Some(doc) = &model.doc {
        out["description"] = json!(doc);
    }
    if model.deprecated.is_some() {
        out["deprecated"] = json!(true);
    }
}

/// The fields that exist for clients.
pub(super) fn visible(model: &Model) -> impl Iterator<Item = &Field> {
    model.fields.iter().filter(|field| !field.hidden)
}

/// The fields a kind of body takes.
pub(super) fn written(model: &Model, kind: BodyKind) -> impl Iterator<Item = &Field> {
    let own = [model.created_at, model.updated_at, model.version];
    visible(model).filter(move |field| {
        let is_key = field.id == model.key;
        let takes_key = kind == BodyKind::Create
            && matches!(field.kind, FieldKind::Scalar(Scalar::Id(IdKind::String)));
        !field.readonly
            && !own.contains(&Some(field.id))
            && !matches!(field.kind, FieldKind::ToMany(_))
            && (!is_key || takes_key)
            && (kind == BodyKind::Create || !field.immutable)
    })
}

fn is_required(field: &Field) -> bool {
    field.has_column() && !field.nullable && field.default.is_none()
}

fn is_list_relation(field: &Field) -> bool {
    match &field.kind {
        FieldKind::ToMany(to_many) => !to_many.single,
        FieldKind::ManyToMany(_) => true,
        FieldKind::ToOne(_)
        | FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => false,
    }
}

fn read_field(schema: &Schema, field: &Field) -> Value {
    let target = |id| schema_ref(&schema.model(id).name);
    let mut notes = Vec::new();
    let mut out = match &field.kind {
        FieldKind::ToOne(to_one) => {
            notes.push("The key; the row itself when included, or null where it may not be seen.");
            let key = key_schema(schema.model(to_one.target));
            json!({ "anyOf": [key, target(to_one.target), { "type": "null" }] })
        }
        FieldKind::ToMany(to_many) if to_many.single => {
            notes.push("Present when included.");
            json!({ "anyOf": [target(to_many.target), { "type": "null" }] })
        }
        FieldKind::ToMany(to_many) => {
            notes.push("Present when included.");
            json!({ "type": "array", "items": target(to_many.target) })
        }
        FieldKind::ManyToMany(join) => {
            notes.push("Present when included.");
            json!({ "type": "array", "items": target(join.target) })
        }
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => {
            let plain = value(schema, field, Direction::Out);
            if field.nullable { or_null(plain) } else { plain }
        }
    };
    if field.access.read.is_some() {
        notes.push("Absent where the caller may not read it.");
    }
    describe_field(&mut out, field, &notes);
    out
}

fn written_field(schema: &Schema, field: &Field) -> Value {
    let mut notes = Vec::new();
    let mut out = match &field.kind {
        FieldKind::ManyToMany(join) => {
            notes.push("The keys of all rows it shall have.");
            json!({ "type": "array", "items": key_schema(schema.model(join.target)) })
        }
        FieldKind::ToOne(to_one) => key_schema(schema.model(to_one.target)),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToMany(_) => value(schema, field, Direction::In),
    };
    if field.nullable && field.has_column() {
        out = or_null(out);
    }
    match &field.default {
        Some(FieldDefault::Value(default)) => {
            if let Some(default) = default_value(field, default) {
                out["default"] = default;
            }
        }
        Some(FieldDefault::Now) => notes.push("The time of the request, unless given."),
        Some(FieldDefault::Auth) => notes.push("The caller's account, unless given."),
        None => {}
    }
    if field.access.write.is_some() {
        notes.push("Refused where the caller may not write it.");
    }
    describe_field(&mut out, field, &notes);
    out
}

fn default_value(field: &Field, default: &Scalars) -> Option<Value> {
    if let (FieldKind::Enum(_), Scalars::Text(name)) = (&field.kind, default) {
        return Some(json!(name));
    }
    let FieldKind::Scalar(scalar) = &field.kind else { return None };
    let mut text = Vec::new();
    scalar.write_json(default, &mut text);
    serde_json::from_slice(&text).ok()
}

fn describe_field(out: &mut Value, field: &Field, notes: &[&str]) {
    let mut lines: Vec<String> = field.doc.iter().cloned().collect();
    lines.extend(notes.iter().map(|note| (*note).to_owned()));
    if let Some(reason) = &field.deprecated {
        out["deprecated"] = json!(true);
        lines.push(format!("Deprecated: {reason}"));
    }
    if !lines.is_empty() {
        out["description"] = json!(lines.join("\n\n"));
    }
}

/// Which way a value goes: some types are read in more forms than they are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

/// The value of a field that is not a relation.
fn value(schema: &Schema, field: &Field, direction: Direction) -> Value {
    let list = |items: Value| {
        let mut out = json!({ "type": "array", "items": items });
        bound(&mut out, field, ("minItems", "maxItems"));
        out
    };
    match &field.kind {
        FieldKind::Scalar(scalar) => {
            let mut out = scalar_schema(*scalar, direction);
            constrain(&mut out, field, *scalar);
            out
        }
        FieldKind::Enum(id) => schema_ref(&schema.enum_type(*id).name),
        FieldKind::ScalarList(scalar) => list(scalar_schema(*scalar, direction)),
        FieldKind::EnumList(id) => list(schema_ref(&schema.enum_type(*id).name)),
        FieldKind::ToOne(to_one) => key_schema(schema.model(to_one.target)),
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => json!({ "type": "array" }),
    }
}

fn constrain(out: &mut Value, field: &Field, scalar: Scalar) {
    bound(out, field, ("minLength", "maxLength"));
    if let Some(pattern) = &field.pattern {
        out["pattern"] = json!(format!("^(?:{})$", pattern.as_str()));
    }
    let Some((low, high)) = &field.range else { return };
    for (name, end) in [("minimum", low), ("maximum", high)] {
        match end {
            Some(Scalars::Int(number)) if scalar == Scalar::Int => out[name] = json!(number),
            Some(Scalars::Float(number)) => out[name] = json!(number),
            // Numbers that are strings on the wire have no bounds in JSON Schema.
            Some(_) | None => {}
        }
    }
}

fn bound(out: &mut Value, field: &Field, names: (&str, &str)) {
    if let Some((low, high)) = field.length {
        if low > 0 {
            out[names.0] = json!(low);
        }
        if high < u64::MAX {
            out[names.1] = json!(high);
        }
    }
}

/// A key of a model.
pub(super) fn key_schema(model: &Model) -> Value {
    match &model.key_field().kind {
        FieldKind::Scalar(scalar) => scalar_schema(*scalar, Direction::Out),
        FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToOne(_)
        | FieldKind::ToMany(_)
        | FieldKind::ManyToMany(_) => unreachable!("invariant: a key is a scalar"),
    }
}

const INTEGER_TEXT: &str = "^-?[0-9]{1,19}$";

// tidy: table
pub(super) fn scalar_schema(scalar: Scalar, direction: Direction) -> Value {
    match scalar {
        Scalar::Id(IdKind::Uuid) | Scalar::Uuid => json!({ "type": "string", "format": "uuid" }),
        Scalar::Id(IdKind::Int) => json!({ "type": "string", "pattern": INTEGER_TEXT }),
        Scalar::Id(IdKind::String) | Scalar::String => json!({ "type": "string" }),
        Scalar::Int => json!({ "type": "integer", "format": "int32" }),
        Scalar::BigInt => match direction {
            Direction::Out => json!({ "type": "string", "pattern": INTEGER_TEXT }),
            Direction::In => {
                json!({ "type": ["string", "integer"], "pattern": INTEGER_TEXT })
            }
        },
        Scalar::Float => json!({ "type": "number", "format": "double" }),
        Scalar::Boolean => json!({ "type": "boolean" }),
        Scalar::Decimal { scale, .. } => {
            let fraction = match scale {
                0 => String::new(),
                scale if direction == Direction::Out => format!("\\.[0-9]{{{scale}}}"),
                scale => format!("(\\.[0-9]{{1,{scale}}})?"),
            };
            let pattern = format!("^-?[0-9]+{fraction}$");
            match direction {
                Direction::Out => json!({ "type": "string", "pattern": pattern }),
                Direction::In => json!({ "type": ["string", "number"], "pattern": pattern }),
            }
        }
        Scalar::DateTime => json!({ "type": "string", "format": "date-time" }),
        Scalar::Date => json!({ "type": "string", "format": "date" }),
        // The format `time` of JSON Schema has an offset, which a time of day has not.
        Scalar::Time => json!({
            "type": "string",
            "pattern": "^[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?$",
        }),
        Scalar::Duration => json!({ "type": "string", "format": "duration" }),
        Scalar::Json => json!({}),
        Scalar::Email => json!({ "type": "string", "format": "email" }),
        Scalar::Url => json!({ "type": "string", "format": "uri" }),
    }
}

fn or_null(mut schema: Value) -> Value {
    // Any JSON value: null is among them.
    if schema.as_object().is_some_and(Map::is_empty) {
        return schema;
    }
    match schema.get_mut("type") {
        Some(Value::Array(types)) => types.push(json!("null")),
        Some(one) => *one = json!([one.clone(), "null"]),
        None => return json!({ "anyOf": [schema, { "type": "null" }] }),
    }
    schema
}

/// Where a page lies in its list.
pub(super) fn list_meta() -> Value {
    let count = json!({ "type": "integer", "minimum": 0 });
    let cursor = |text: &str| json!({ "type": ["string", "null"], "description": text });
    json!({
        "type": "object",
        "properties": {
            "limit": { "type": "integer", "description": "Rows a page holds at most." },
            "nextCursor": cursor("Goes on after the page; null when nothing follows."),
            "previousCursor": cursor("Goes back before the page; null on the first one."),
            "hasMore": { "type": "boolean", "description": "Whether rows follow the page." },
            "page": { "type": "integer", "minimum": 1, "description": "With `page`." },
            "total": count,
            "totalPages": count,
        },
        "required": ["limit", "nextCursor", "previousCursor", "hasMore"],
        "additionalProperties": false,
    })
}
