//! Rows 18 to 31: bodies that are no JSON, or JSON that is no row.

use serde_json::{Value, json};
use underpin_base::Limits;
use underpin_testkit::Answer;

use crate::shop::{PRODUCTS, Shop};

#[track_caller]
fn post(shop: &Shop, body: impl AsRef<[u8]>) -> Answer {
    let request = shop.app.anonymous().request("POST", PRODUCTS);
    request.bytes("application/json", body.as_ref().to_vec()).send()
}

/// That `body` is refused for this field with this code of its own.
#[track_caller]
fn check_field(shop: &Shop, body: impl AsRef<[u8]>, field: &str, code: &str) {
    let answer = post(shop, body.as_ref());
    shop.refused(&answer, 400, "VALIDATION_ERROR");
    let body = answer.json();
    assert_eq!(body["error"]["details"]["fields"][field][0]["code"], code, "{body}");
}

#[test]
fn row_18_malformed_json_is_refused_where_it_breaks() {
    let shop = Shop::start();
    for (body, offset) in [
        ("", 0),
        ("{", 1),
        (r#"{"name":"a",}"#, 12),
        (r#"{"name":"Lamp"}{}"#, 15),
        (r#"{"name":'Lamp'}"#, 8),
        (r#"{name:"Lamp"}"#, 1),
        ("// a\n{}", 0),
        (r#"{"stock":01}"#, 10),
    ] {
        let answer = post(&shop, body);
        shop.refused(&answer, 400, "INVALID_JSON");
        let found = answer.json()["error"]["details"]["offset"].as_u64();
        let near = found.is_some_and(|found| found.abs_diff(offset) <= 1);
        assert!(near, "{body}: {found:?}");
    }
    for body in ["[]", "null", "7", "\"text\"", "true"] {
        let answer = post(&shop, body);
        assert_eq!(answer.status(), 400, "{answer}");
        assert!(answer.error_code().is_some());
    }
    shop.unchanged();
}

#[test]
fn row_19_deep_nesting_is_refused_without_recursion() {
    let shop = Shop::start();
    let nested = |depth: usize| {
        format!(r#"{{"name":"Lamp","extra":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    shop.refused(&post(&shop, nested(33)), 400, "TOO_DEEP");
    shop.refused(&post(&shop, nested(100_000)), 400, "TOO_DEEP");
    shop.refused(&post(&shop, "[".repeat(100_000)), 400, "TOO_DEEP");
    let _ = post(&shop, nested(31)).is(201);
}

#[test]
fn row_20_a_name_that_stands_twice_is_refused() {
    let shop = Shop::start();
    check_field(&shop, r#"{"name":"Lamp","name":"Desk"}"#, "name", "DUPLICATE_KEY");
    check_field(&shop, r#"{"name":"Lamp","\u006eame":"Desk"}"#, "name", "DUPLICATE_KEY");
}

#[test]
fn row_21_an_unknown_field_is_refused_and_a_hidden_one_is_unknown() {
    let shop = Shop::start();
    check_field(&shop, r#"{"name":"Lamp","colour":"red"}"#, "colour", "UNKNOWN_FIELD");
    check_field(&shop, r#"{"name":"Lamp","secret":"x"}"#, "secret", "UNKNOWN_FIELD");
}

#[test]
fn row_22_a_field_of_ours_is_refused_whatever_its_value() {
    let shop = Shop::start();
    for field in ["id", "createdAt", "updatedAt", "version"] {
        for value in ["null", "\"\"", "0", "{}", "\"2026-01-01T00:00:00Z\""] {
            check_field(
                &shop,
                format!(r#"{{"name":"Lamp","{field}":{value}}}"#),
                field,
                "READ_ONLY",
            );
        }
    }
}

#[test]
fn row_23_a_value_of_another_type_is_refused() {
    let shop = Shop::start();
    for (field, values) in [
        ("name", &["7", "true", "[]", "{}", "{\"increment\":1}"][..]),
        ("stock", &["\"1\"", "1.0", "1e1", "true", "[1]", "{}"]),
        ("listed", &["\"true\"", "1", "0", "[]"]),
        ("weight", &["\"1.5\"", "true", "[]"]),
        ("price", &["true", "[]", "{}"]),
        ("labels", &["\"a\"", "{}", "7"]),
        ("released", &["7", "{}"]),
    ] {
        for value in values {
            let mut body = serde_json::Map::from_iter([("name".to_owned(), json!("Lamp"))]);
            body.insert(field.to_owned(), serde_json::from_str(value).unwrap());
            check_field(&shop, Value::Object(body).to_string(), field, "INVALID_TYPE");
        }
    }
}

#[test]
fn row_24_text_that_is_no_unicode_is_refused() {
    let shop = Shop::start();
    for body in [
        &b"\xef\xbb\xbf{\"name\":\"Lamp\"}"[..],
        b"{\"name\":\"\xff\xfe\"}",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"Lamp\nDesk\"}",
    ] {
        shop.refused(&post(&shop, body), 400, "INVALID_JSON");
    }
    for escape in [r"\ud800", r"\udc00x", r"\ud800\u0041"] {
        let answer = post(&shop, format!(r#"{{"name":"Lamp {escape}"}}"#));
        assert_eq!(answer.status(), 400, "{answer}");
    }
    shop.unchanged();
}

#[test]
fn row_25_a_nul_in_text_is_refused() {
    let shop = Shop::start();
    check_field(&shop, r#"{"name":"La\u0000mp"}"#, "name", "INVALID_CHARACTER");
    let answer = post(&shop, r#"{"name":"Lamp","extra":{"a":"b\u0000"}}"#);
    assert_eq!(answer.status(), 400, "{answer}");
    shop.unchanged();
}

#[test]
fn row_26_numbers_are_kept_exactly_or_refused() {
    let shop = Shop::start();
    for (field, value) in [
        ("weight", "1e400"),
        ("stock", "2147483648"),
        ("stock", "-2147483649"),
        ("views", "9223372036854775808"),
        ("views", "\"9223372036854775808\""),
        ("price", "\"12345.00\""),
        ("price", "0.001"),
    ] {
        let answer = post(&shop, format!(r#"{{"name":"Lamp","{field}":{value}}}"#));
        shop.refused(&answer, 400, "VALIDATION_ERROR");
    }
    for not_json in ["NaN", "Infinity", "+1", ".5", "0x1"] {
        let answer = post(&shop, format!(r#"{{"name":"Lamp","weight":{not_json}}}"#));
        shop.refused(&answer, 400, "INVALID_JSON");
    }
    let made = post(
        &shop,
        r#"{"name":"Lamp","weight":-0.0,"views":"9007199254740993","price":0.10,"stock":2147483647}"#,
    );
    let row = made.is(201).json()["data"].take();
    assert_eq!(row["weight"].to_string(), "0.0");
    assert_eq!(row["views"], "9007199254740993");
    assert_eq!(row["price"], "0.10");
    assert_eq!(row["stock"], 2_147_483_647);
}

#[test]
fn row_27_text_past_its_bounds_is_refused_by_characters() {
    let shop = Shop::start();
    check_field(&shop, r#"{"name":"a"}"#, "name", "TOO_SHORT");
    check_field(&shop, json!({ "name": "ü".repeat(21) }).to_string(), "name", "TOO_LONG");
    let _ = post(&shop, json!({ "name": "ü".repeat(20) }).to_string()).is(201);
}

#[test]
fn row_28_a_list_past_its_bound_is_refused() {
    let shop = Shop::with_limits(Limits { array_items_max: 10, ..Limits::default() });
    let list = json!({ "name": "Lamp", "labels": vec!["a"; 11] });
    shop.refused(&post(&shop, list.to_string()), 413, "TOO_MANY_ITEMS");
    let list = json!({ "name": "Lamp", "labels": vec!["a"; 10] });
    let _ = post(&shop, list.to_string()).is(201);
}

#[test]
fn row_29_names_with_a_meaning_elsewhere_have_none_here() {
    let shop = Shop::start();
    for field in ["__proto__", "constructor", "$where", "isRaw", "rowid", "name; drop table"] {
        let mut body = serde_json::Map::from_iter([("name".to_owned(), json!("Lamp"))]);
        body.insert(field.to_owned(), json!({ "isRaw": true }));
        check_field(&shop, Value::Object(body).to_string(), field, "UNKNOWN_FIELD");
    }
    check_field(&shop, r#"{"name":{"isRaw":true}}"#, "name", "INVALID_TYPE");
}

#[test]
fn row_30_days_and_times_that_do_not_exist_are_refused() {
    let shop = Shop::start();
    for (field, values) in [
        ("day", &["0000-00-00", "2023-02-29", "2024-02-30", "10000-01-01", "2024-1-1", ""][..]),
        ("at", &["24:00:00", "23:59:60", "12:00", "12:00:00Z"]),
        (
            "released",
            &[
                "2024-02-30T00:00:00Z",
                "2016-12-31T23:59:60Z",
                "10000-01-01T00:00:00Z",
                "2024-01-01T00:00:00+99:00",
                "2024-01-01T00:00:00",
                "2024-01-01",
                "2024-01-01T00:00:00.1234567Z",
            ],
        ),
    ] {
        for value in values {
            let body = json!({ "name": "Lamp", (field): value }).to_string();
            let answer = post(&shop, body);
            shop.refused(&answer, 400, "VALIDATION_ERROR");
        }
    }
}

#[test]
fn row_31_keys_are_read_in_one_form_alone() {
    let shop = Shop::start();
    let upper = shop.product.to_uppercase();
    let _ = shop.app.anonymous().get(&format!("{PRODUCTS}/{upper}")).send().is(200);
    let bare = shop.product.replace('-', "");
    for key in [&*bare, &format!("%7B{}%7D", shop.product), &format!("{}0", shop.product), "1"] {
        let answer = shop.app.anonymous().get(&format!("{PRODUCTS}/{key}")).send();
        shop.refused(&answer, 404, "NOT_FOUND");
    }
    let _ = shop.app.anonymous().get("/api/v1/counters/1").send().is(200);
    for key in ["01", "+1", "1e0", "%201", "1.0", "9223372036854775808", "-0"] {
        let answer = shop.app.anonymous().get(&format!("/api/v1/counters/{key}")).send();
        shop.refused(&answer, 404, "NOT_FOUND");
    }
    let body = |batch: &str| json!({ "name": "Lamp", "batch": batch }).to_string();
    for batch in [&*bare, &format!("{{{}}}", shop.product), "urn:uuid:x"] {
        check_field(&shop, body(batch), "batch", "INVALID_FORMAT");
    }
}

#[test]
fn every_mistake_of_a_body_is_told_at_once() {
    let shop = Shop::start();
    let answer = post(&shop, r#"{"name":"a","stock":-1,"colour":"red","id":"x","price":true}"#);
    shop.refused(&answer, 400, "VALIDATION_ERROR");
    let fields = answer.json()["error"]["details"]["fields"].take();
    let mut names: Vec<&String> = fields.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["colour", "id", "name", "price", "stock"]);
}
