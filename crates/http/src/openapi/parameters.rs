//! What may stand in a path, a query string and a request's headers.

use serde_json::{Value, json};
use underpin_base::Limits;
use underpin_plan::Operator;
use underpin_schema::{Field, FieldKind, Model, ModelId, Scalar, Schema};

use super::schema_ref;
use super::schemas::{Direction, key_schema, scalar_schema, visible};

/// Names that a condition of equality reaches only with its operator.
const RESERVED: &[&str] =
    &["filter", "sort", "fields", "include", "limit", "cursor", "page", "count"];

/// Parameters that do not depend on a model.
pub(super) fn components() -> Value {
    let header = |name: &str, text: &str| {
        json!({
            "name": name,
            "in": "header",
            "description": text,
            "schema": { "type": "string" },
        })
    };
    json!({
        "If-Match": header(
            "If-Match",
            "Writes only when the row is at one of these versions (entity tags of reads), or `*`.",
        ),
        "If-None-Match": header(
            "If-None-Match",
            "Answers 304 when the row is still at one of these versions.",
        ),
        "X-Request-Id": header(
            "X-Request-Id",
            "What to call this exchange: up to 128 letters, digits and `-_.:/+`.",
        ),
        "traceparent": header("traceparent", "The trace it belongs to (W3C Trace Context)."),
    })
}

/// Headers every request may have.
pub(super) fn of_any_request() -> Vec<Value> {
    vec![component("X-Request-Id"), component("traceparent")]
}

pub(super) fn component(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// `{id}`
pub(super) fn key(model: &Model) -> Value {
    json!({
        "name": "id",
        "in": "path",
        "required": true,
        "description": format!("The key of the {}.", model.name),
        "schema": key_schema(model),
    })
}

/// Everything a list can be asked.
pub(super) fn list(schema: &Schema, model: &Model, limits: &Limits) -> Vec<Value> {
    let mut out = paging(limits);
    out.push(sort(model));
    out.extend(selection(schema, model));
    out.push(json!({
        "name": "filter",
        "in": "query",
        "description": "A condition in the rule language, fields standing bare: \
                        `price > 10 && (category == 'books' || stock == 0)`.",
        "schema": { "type": "string" },
    }));
    for field in visible(model) {
        out.extend(conditions(schema, field));
    }
    out
}

/// `fields` and `include`
pub(super) fn selection(schema: &Schema, model: &Model) -> Vec<Value> {
    let columns: Vec<&str> =
        visible(model).filter(|field| field.has_column()).map(|field| &*field.name).collect();
    let relations: Vec<&str> =
        visible(model).filter(|field| field.is_relation()).map(|field| &*field.name).collect();
    let mut out = vec![name_list(
        "fields",
        "The fields of each row that are answered; all that may be read, unless given.",
        &paths(&columns, &relations),
    )];
    if !relations.is_empty() {
        let depth = "Relations answered with each row, further ones by dots.";
        let leads_on = visible(model)
            .filter_map(target_of)
            .any(|target| visible(schema.model(target)).any(Field::is_relation));
        let further: &[&str] = if leads_on { &relations } else { &[] };
        out.push(name_list("include", depth, &paths(&relations, further)));
    }
    out
}

fn target_of(field: &Field) -> Option<ModelId> {
    match &field.kind {
        FieldKind::ToOne(to_one) => Some(to_one.target),
        FieldKind::ToMany(to_many) => Some(to_many.target),
        FieldKind::ManyToMany(join) => Some(join.target),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => None,
    }
}

fn paging(limits: &Limits) -> Vec<Value> {
    let whole = |name: &str, text: &str, schema: Value| json!({ "name": name, "in": "query", "description": text, "schema": schema });
    vec![
        whole(
            "limit",
            "Rows on a page.",
            json!({
                "type": "integer",
                "minimum": 1,
                "maximum": limits.page_rows_max,
                "default": limits.page_rows_default,
            }),
        ),
        whole(
            "cursor",
            "`nextCursor` or `previousCursor` of another page, unchanged. Not with `page`.",
            json!({ "type": "string" }),
        ),
        whole(
            "page",
            "The page's number, from 1; counts all rows.",
            json!({ "type": "integer", "minimum": 1 }),
        ),
        whole(
            "count",
            "Counts all rows, as `meta.total`.",
            json!({ "type": "string", "enum": ["exact"] }),
        ),
    ]
}

fn sort(model: &Model) -> Value {
    let sortable: Vec<&Field> = visible(model).filter(|field| is_sortable(field)).collect();
    let plain = sortable.iter().map(|field| field.name.clone());
    let descending = sortable.iter().map(|field| format!("-{}", field.name));
    let names: Vec<String> = plain.chain(descending).collect();
    let to_one: Vec<&str> = visible(model)
        .filter(|field| matches!(field.kind, FieldKind::ToOne(_)))
        .map(|field| &*field.name)
        .collect();
    let known = json!({ "enum": names });
    let items = if to_one.is_empty() {
        known
    } else {
        let pattern = format!("^-?({})(\\.[A-Za-z0-9]+)+$", to_one.join("|"));
        json!({ "anyOf": [known, { "type": "string", "pattern": pattern }] })
    };
    name_list("sort", "The order, most significant first; `-` for descending.", &items)
}

fn is_sortable(field: &Field) -> bool {
    match field.kind {
        FieldKind::Scalar(scalar) => scalar.is_ordered(),
        FieldKind::Enum(_) | FieldKind::ToOne(_) => true,
        FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToMany(_)
        | FieldKind::ManyToMany(_) => false,
    }
}

/// Names known, or paths that start with one of `roots`.
fn paths(known: &[&str], roots: &[&str]) -> Value {
    let known = json!({ "enum": known });
    if roots.is_empty() {
        return known;
    }
    let pattern = format!("^({})(\\.[A-Za-z0-9]+)+$", roots.join("|"));
    json!({ "anyOf": [known, { "type": "string", "pattern": pattern }] })
}

/// A parameter that lists names with commas.
fn name_list(name: &str, description: &str, items: &Value) -> Value {
    json!({
        "name": name,
        "in": "query",
        "description": description,
        "style": "form",
        "explode": false,
        "schema": { "type": "array", "items": items, "minItems": 1, "uniqueItems": true },
    })
}

/// The conditions on one field.
fn conditions(schema: &Schema, field: &Field) -> Vec<Value> {
    let (item, operators) = match &field.kind {
        FieldKind::Scalar(scalar) => (scalar_schema(*scalar, Direction::Out), of_scalar(*scalar)),
        FieldKind::Enum(id) => (schema_ref(&schema.enum_type(*id).name), EQUALITY),
        FieldKind::ToOne(to_one) => {
            let target = schema.model(to_one.target);
            let FieldKind::Scalar(scalar) = target.key_field().kind else { return Vec::new() };
            (key_schema(target), of_scalar(scalar))
        }
        FieldKind::ScalarList(scalar) => (scalar_schema(*scalar, Direction::Out), LIST),
        FieldKind::EnumList(id) => (schema_ref(&schema.enum_type(*id).name), LIST),
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => return Vec::new(),
    };
    operators.iter().map(|operator| condition(field, *operator, &item)).collect()
}

const EQUALITY: &[Operator] =
    &[Operator::Eq, Operator::Ne, Operator::In, Operator::Nin, Operator::IsNull];
const ORDER: &[Operator] = &[
    Operator::Eq,
    Operator::Ne,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
    Operator::In,
    Operator::Nin,
    Operator::IsNull,
];
const TEXT: &[Operator] = &[
    Operator::Eq,
    Operator::Ne,
    Operator::Gt,
    Operator::Gte,
    Operator::Lt,
    Operator::Lte,
    Operator::In,
    Operator::Nin,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
    Operator::IsNull,
];
const LIST: &[Operator] = &[Operator::Contains, Operator::IsNull];
const ANY: &[Operator] = &[Operator::IsNull];

/// The operators that mean something for a type; the same as `plan` allows.
fn of_scalar(scalar: Scalar) -> &'static [Operator] {
    match scalar {
        Scalar::Json => ANY,
        Scalar::Boolean => EQUALITY,
        _ if scalar.is_text() => TEXT,
        _ => ORDER,
    }
}

fn condition(field: &Field, operator: Operator, item: &Value) -> Value {
    let (name, _) = Operator::ALL
        .iter()
        .find(|(_, known)| *known == operator)
        .expect("invariant: the table of operators is complete");
    let parameter = if operator == Operator::Eq && !RESERVED.contains(&field.name.as_str()) {
        field.name.clone()
    } else {
        format!("{}[{name}]", field.name)
    };
    let mut out = json!({ "name": parameter, "in": "query" });
    match operator {
        Operator::In | Operator::Nin => {
            out["schema"] = json!({ "type": "array", "items": item });
            out["style"] = json!("form");
            out["explode"] = json!(false);
        }
        Operator::IsNull => out["schema"] = json!({ "type": "boolean" }),
        Operator::Contains | Operator::StartsWith | Operator::EndsWith
            if matches!(field.kind, FieldKind::Scalar(_) | FieldKind::ToOne(_)) =>
        {
            out["schema"] = json!({ "type": "string" });
        }
        Operator::Eq
        | Operator::Ne
        | Operator::Gt
        | Operator::Gte
        | Operator::Lt
        | Operator::Lte
        | Operator::Contains
        | Operator::StartsWith
        | Operator::EndsWith => out["schema"] = item.clone(),
    }
    if field.deprecated.is_some() {
        out["deprecated"] = json!(true);
    }
    out
}
