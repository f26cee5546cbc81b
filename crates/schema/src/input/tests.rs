//! Values against what their fields demand.

use super::*;
use crate::parse;

const SOURCE: &str = r#"
type Product @model @access(read: "true") {
  name: String! @length(min: 2, max: 4)
  slug: String @pattern(regex: "[a-z]+")
  price: Decimal! @decimal(precision: 5, scale: 2) @range(min: 0.5, max: "99.99")
  day: Date @range(min: "2026-01-01")
  size: Size!
  sizes: [Size!]!
  labels: [String!] @length(max: 2)
  data: JSON
  maker: Maker
  shops: [Shop!]! @relation
  parts: [Part!]!
}
type Maker @model @access(read: "true") { id: ID! @id(kind: INT) }
type Shop @model @access(read: "true") { id: ID! @id(kind: STRING) }
type Part @model @access(read: "true") { product: Product }
enum Size { SMALL LARGE }
"#;

fn schema() -> Schema {
    parse(SOURCE, "schema.graphql").schema.unwrap()
}

/// Reads a value for a field of `Product`: the value, or `path CODE: message` of each fault.
fn read(field: &str, raw: &str) -> Result<Value, Vec<String>> {
    let schema = schema();
    let field = schema.models[0].field_named(field).unwrap();
    field.parse_json(&schema, raw).map_err(|errors| {
        let shown = errors.into_iter().map(|e| format!("{} {}: {}", e.path, e.code, e.message));
        shown.collect()
    })
}

fn faults(field: &str, raw: &str) -> Vec<String> {
    read(field, raw).unwrap_err()
}

#[test]
fn null_is_a_value_of_nullable_fields_alone() {
    assert_eq!(read("slug", "null"), Ok(Value::Null));
    assert_eq!(read("data", " null "), Ok(Value::Null));
    assert_eq!(read("labels", "null"), Ok(Value::Null));
    assert_eq!(faults("name", "null"), ["name NULL_NOT_ALLOWED: must not be null"]);
    assert_eq!(faults("sizes", "null"), ["sizes NULL_NOT_ALLOWED: must not be null"]);
}

#[test]
fn lengths_count_characters_and_items() {
    assert_eq!(read("name", "\"éééé\""), Ok(Value::Text("éééé".to_owned())));
    assert_eq!(faults("name", "\"a\""), ["name TOO_SHORT: must have at least 2 characters"]);
    assert_eq!(faults("name", "\"aaaaa\""), ["name TOO_LONG: must have at most 4 characters"]);
    assert_eq!(read("name", "\"😀😀😀😀\""), Ok(Value::Text("😀😀😀😀".to_owned())));
    let three = r#"["a", "b", "c"]"#;
    assert_eq!(faults("labels", three), ["labels TOO_LONG: must have at most 2 items"]);
}

#[test]
fn ranges_hold_their_ends() {
    assert!(read("price", "0.5").is_ok() && read("price", "\"99.99\"").is_ok());
    assert_eq!(faults("price", "0.49"), ["price OUT_OF_RANGE: must be at least 0.50"]);
    assert_eq!(faults("price", "100"), ["price OUT_OF_RANGE: must be at most 99.99"]);
    let scale = "price OUT_OF_RANGE: must not have more than 2 digits after the point";
    assert_eq!(faults("price", "0.505"), [scale]);
    assert_eq!(faults("day", "\"2025-12-31\""), ["day OUT_OF_RANGE: must be at least 2026-01-01"]);
}

#[test]
fn patterns_match_the_whole_text() {
    assert!(read("slug", "\"abc\"").is_ok());
    assert_eq!(faults("slug", "\"abc1\""), ["slug PATTERN_MISMATCH: must match [a-z]+"]);
}

#[test]
fn enums_and_lists_name_the_item_that_is_wrong() {
    assert_eq!(read("size", "\"LARGE\""), Ok(Value::Text("LARGE".to_owned())));
    assert_eq!(faults("size", "\"large\""), ["size UNKNOWN_VALUE: must be one of SMALL, LARGE"]);
    assert_eq!(faults("size", "1"), ["size INVALID_TYPE: must be a string"]);
    assert_eq!(
        faults("sizes", r#"["SMALL", "HUGE", "x"]"#),
        [
            "sizes.1 UNKNOWN_VALUE: must be one of SMALL, LARGE",
            "sizes.2 UNKNOWN_VALUE: must be one of SMALL, LARGE",
        ]
    );
    assert_eq!(
        faults("labels", r#"[1, null, "a\u0000"]"#),
        [
            "labels.0 INVALID_TYPE: must be a string",
            "labels.1 NULL_NOT_ALLOWED: must not be null",
            "labels.2 INVALID_CHARACTER: must not hold the character U+0000",
        ]
    );
    assert_eq!(faults("labels", "\"a\""), ["labels INVALID_TYPE: must be a list"]);
    assert_eq!(faults("labels", "{}"), ["labels INVALID_TYPE: must be a list"]);
}

#[test]
fn references_are_keys_of_their_target() {
    assert_eq!(read("maker", "\"7\""), Ok(Value::Int(7)));
    assert_eq!(faults("maker", "\"x\""), ["maker INVALID_FORMAT: must be an integer"]);
    let shops = Value::List(vec![Value::Text("a".to_owned()), Value::Text("b".to_owned())]);
    assert_eq!(read("shops", r#"["a", "b"]"#), Ok(shops));
    assert_eq!(
        faults("shops", "[\"\"]"),
        ["shops.0 INVALID_FORMAT: must not be empty, `.` or `..`"]
    );
    let inverse = ["parts READ_ONLY: is the other side of a relation; set it there"];
    assert_eq!(faults("parts", "[]"), inverse);
}

#[test]
fn every_fault_of_a_value_is_reported() {
    let schema = parse(
        r#"type A @model @access(read: "true") {
  code: String! @length(min: 3) @pattern(regex: "[0-9]+")
}"#,
        "schema.graphql",
    );
    let schema = schema.schema.unwrap();
    let field = schema.models[0].field_named("code").unwrap();
    let errors = field.validate_value(&schema, &Value::Text("a".to_owned()));
    let codes: Vec<&str> = errors.iter().map(|error| error.code).collect();
    assert_eq!(codes, ["TOO_SHORT", "PATTERN_MISMATCH"]);
}

#[test]
fn codes_have_names_of_their_own() {
    let names: std::collections::HashSet<&str> =
        FieldCode::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), FieldCode::ALL.len());
}
