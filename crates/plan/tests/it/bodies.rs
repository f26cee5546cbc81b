//! Bodies of writes, malformed and hostile ones above all.

use proptest::prelude::*;
use underpin_base::{Code, Error, Limits};
use underpin_plan::{Document, decode_document};
use underpin_schema::Value;

use crate::shop;

fn decode(body: impl AsRef<[u8]>) -> Result<Document, Error> {
    let catalog = shop::catalog();
    let model = shop::model(&catalog, "products");
    decode_document(&catalog.schema, model, body.as_ref(), &Limits::default())
}

#[track_caller]
fn refused(body: impl AsRef<[u8]>) -> (Code, Option<usize>) {
    let error = decode(body).expect_err("a body that is refused");
    (error.code(), error.details().offset)
}

#[track_caller]
fn mistakes(body: &str) -> Vec<(String, &'static str)> {
    let document = decode(body).expect("a document");
    document.errors.into_iter().map(|error| (error.path, error.code)).collect()
}

#[test]
fn a_body_that_is_not_json_is_refused_at_the_byte_it_breaks_at() {
    assert_eq!(refused(""), (Code::InvalidJson, Some(0)));
    assert_eq!(refused("{\"name\": }"), (Code::InvalidJson, Some(9)));
    assert_eq!(refused("{\n\"name\": \"a\",\n}"), (Code::InvalidJson, Some(15)));
    assert_eq!(refused("{\"name\": \"a\"} {}"), (Code::InvalidJson, Some(14)));
    assert_eq!(refused("[1, 2").0, Code::InvalidJson);
    assert_eq!(refused("{\"data\": {\"a\": tru}}").0, Code::InvalidJson);
}

#[test]
fn a_body_that_is_not_plain_utf8_is_refused() {
    assert_eq!(refused(b"{\"name\": \"\xff\"}"), (Code::InvalidJson, Some(10)));
    assert_eq!(refused("\u{feff}{}"), (Code::InvalidJson, Some(0)));
}

#[test]
fn deep_nesting_is_refused_before_anything_descends_into_it() {
    assert_eq!(refused("[".repeat(100_000)), (Code::TooDeep, Some(32)));
    let deep = format!("{{\"data\": {}{}}}", "{\"a\":".repeat(40), "}".repeat(40));
    assert_eq!(refused(deep).0, Code::TooDeep);
    let brackets_in_text = format!("{{\"name\": \"{}\"}}", "[\\\"".repeat(60));
    assert_eq!(mistakes(&brackets_in_text), []);
}

#[test]
fn long_arrays_are_refused_as_too_large() {
    let labels =
        |n_items: usize| format!("{{\"labels\": [{}\"a\"]}}", "\"a\",".repeat(n_items - 1));
    assert_eq!(mistakes(&labels(10_000)), []);
    assert_eq!(refused(labels(10_001)).0, Code::TooManyItems);
}

#[test]
fn what_is_no_object_is_a_mistake_of_the_whole_body() {
    for body in ["[]", "1", "null", "\"text\"", " true "] {
        assert_eq!(mistakes(body), [(String::new(), "INVALID_TYPE")], "{body}");
    }
}

#[test]
fn a_key_that_stands_twice_is_a_mistake() {
    let body = "{\"stock\": 1, \"name\": \"ab\", \"stock\": 2}";
    assert_eq!(mistakes(body), [("stock".to_owned(), "DUPLICATE_KEY")]);
    let escaped = "{\"stock\": 1, \"st\\u006fck\": 2}";
    assert_eq!(mistakes(escaped), [("stock".to_owned(), "DUPLICATE_KEY")]);
}

#[test]
fn names_of_other_languages_are_unknown_fields() {
    for name in ["__proto__", "constructor", "$where", "isRaw", "Name", ""] {
        let body = format!("{{\"{name}\": {{\"isRaw\": true}}}}");
        assert_eq!(mistakes(&body), [(name.to_owned(), "UNKNOWN_FIELD")]);
    }
}

#[test]
fn null_is_a_value_of_nullable_fields_alone() {
    let document = decode("{\"sku\": null, \"data\": null, \"labels\": null}").expect("a document");
    assert_eq!(document.errors, []);
    assert!(document.entries.iter().all(|(_, value)| *value == Value::Null), "{document:?}");
    let body = "{\"name\": null, \"tags\": null, \"labels\": [null]}";
    let expected = ["name", "tags", "labels.0"].map(|path| (path.to_owned(), "NULL_NOT_ALLOWED"));
    assert_eq!(mistakes(body), expected);
}

#[test]
fn a_list_of_keys_names_each_row_once() {
    let key = "0190b3f4-0000-7000-8000-000000000001";
    let body = format!("{{\"tags\": [\"{key}\", \"{}\"]}}", key.to_uppercase());
    let document = decode(body).expect("a document");
    let [(_, Value::List(keys))] = document.entries.as_slice() else { panic!("{document:?}") };
    assert_eq!(keys.len(), 1);
}

#[test]
fn mistakes_are_counted_up_to_a_bound() {
    let members: Vec<String> = (0..5_000).map(|number| format!("\"f{number}\": 1")).collect();
    assert_eq!(mistakes(&format!("{{{}}}", members.join(","))).len(), 100);
}

proptest! {
    #[test]
    fn no_bytes_make_decoding_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&body);
    }

    #[test]
    fn no_json_like_text_makes_decoding_panic(
        body in "\\{(\"(name|price|labels|tags|data|x)\":(\\[|\\]|\\{|\\}|1|\"a\"|null|,|e9){0,6},?){0,4}\\}?",
    ) {
        let _ = decode(&body);
    }
}
