//! As much of JSON Schema as the contract uses; a keyword it does not know fails the test.

use serde_json::Value;

/// What `value` violates of `schema`.
pub(super) fn violations(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let members = schema.as_object().expect("a schema is an object");
    for (keyword, argument) in members {
        if !holds(document, schema, (keyword, argument), value) {
            found.push(format!("{keyword} {argument} / {value}"));
        }
    }
    found
}

fn holds(
    document: &Value,
    schema: &Value,
    (keyword, argument): (&str, &Value),
    value: &Value,
) -> bool {
    let conforms = |schema: &Value, value: &Value| violations(document, schema, value).is_empty();
    match keyword {
        "description" | "examples" | "default" | "deprecated" => true,
        "$ref" => {
            let target = &argument.as_str().expect("a reference is text")[1..];
            conforms(document.pointer(target).expect("a reference resolves"), value)
        }
        "type" => match argument {
            Value::Array(types) => types.iter().any(|name| is_of_type(name, value)),
            name => is_of_type(name, value),
        },
        "enum" => argument.as_array().expect("an enum is a list").contains(value),
        "anyOf" => {
            argument.as_array().expect("a list").iter().any(|schema| conforms(schema, value))
        }
        "properties" => argument
            .as_object()
            .expect("an object")
            .iter()
            .all(|(name, schema)| value.get(name).is_none_or(|member| conforms(schema, member))),
        "required" => argument.as_array().expect("a list").iter().all(|name| {
            value.as_object().is_none_or(|members| members.contains_key(name.as_str().unwrap()))
        }),
        "additionalProperties" => {
            assert_eq!(argument, &Value::Bool(false));
            value.as_object().is_none_or(|members| {
                members.keys().all(|name| schema["properties"].get(name).is_some())
            })
        }
        "items" => {
            value.as_array().is_none_or(|items| items.iter().all(|item| conforms(argument, item)))
        }
        "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= bound(argument)),
        "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= bound(argument)),
        "minLength" => length(value).is_none_or(|length| length >= bound(argument)),
        "maxLength" => length(value).is_none_or(|length| length <= bound(argument)),
        "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap()),
        "pattern" => value.as_str().is_none_or(|text| {
            let pattern = underpin_schema::Pattern::new(argument.as_str().unwrap()).unwrap();
            pattern.matches(text)
        }),
        "format" => value.as_str().is_none_or(|text| is_of_format(argument, text)),
        other => panic!("the contract uses a keyword unknown here: {other}"),
    }
}

fn bound(argument: &Value) -> u64 {
    argument.as_u64().expect("a bound is a count")
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn is_of_type(name: &Value, value: &Value) -> bool {
    match name.as_str().expect("a type is a name") {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no such type: {other}"),
    }
}

/// The formats that our own types have a reader for; others are taken as they are.
fn is_of_format(name: &Value, text: &str) -> bool {
    use underpin_schema::Scalar;
    let scalar = match name.as_str().expect("a format is a name") {
        "uuid" => Scalar::Uuid,
        "date-time" => Scalar::DateTime,
        "date" => Scalar::Date,
        "duration" => Scalar::Duration,
        "email" => Scalar::Email,
        "uri" => Scalar::Url,
        other => panic!("a text has a format unknown here: {other}"),
    };
    scalar.parse_text(text).is_ok()
}
