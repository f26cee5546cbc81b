//! Rows 44 to 49, and writes as they should be.

use serde_json::{Value, json};
use underpin_testkit::Answer;

use crate::shop::{PRODUCTS, Shop};

#[track_caller]
fn patch(shop: &Shop, if_match: Option<&str>, body: &Value) -> Answer {
    let request = shop.app.anonymous().patch(&shop.product_path(), body);
    match if_match {
        Some(tags) => request.header("If-Match", tags).send(),
        None => request.send(),
    }
}

#[test]
fn a_row_is_made_changed_replaced_and_deleted() {
    let shop = Shop::start();
    let client = shop.app.anonymous();
    let body = json!({ "name": "Desk", "stock": 2, "price": 9.5 });
    let made = client.post(PRODUCTS, &body).send().is(201).has_header("etag", "\"1\"");
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(made.json()["data"]["price"], "9.50");
    let merged = client.patch(&path, &json!({ "stock": 5 })).send().is(200);
    let merged = merged.has_header("etag", "\"2\"").json();
    assert_eq!([&merged["data"]["stock"], &merged["data"]["name"]], [&json!(5), &json!("Desk")]);
    let replaced = client.put(&path, &json!({ "name": "Table" })).send().is(200).json();
    assert_eq!(replaced["data"]["stock"], 0);
    assert_eq!(replaced["data"]["price"], Value::Null);
    assert_eq!(replaced["data"]["version"], 3);
    assert!(client.delete(&path).send().is(204).bytes().is_empty());
    let _ = client.get(&path).send().is_error(404, "NOT_FOUND");
    let _ = client.delete(&path).send().is_error(404, "NOT_FOUND");
    let _ = client.patch(&path, &json!({ "stock": 5 })).send().is_error(404, "NOT_FOUND");
}

#[test]
fn a_write_answers_what_it_is_asked_for() {
    let shop = Shop::start();
    let client = shop.app.anonymous();
    let chosen = format!("{}?fields=stock", shop.product_path());
    let merged = client.patch(&chosen, &json!({ "stock": 8 })).send().is(200);
    let _ = merged.has_body(&json!({ "data": { "stock": 8 } }));
    let minimal = client.patch(&shop.product_path(), &json!({ "stock": 9 }));
    let minimal = minimal.header("Prefer", "return=minimal").send().is(204);
    let _ = minimal.has_header("preference-applied", "return=minimal");
    let body = json!({ "name": "Desk" });
    let made = client.post(PRODUCTS, &body).header("Prefer", "return=minimal").send().is(201);
    assert!(made.header("location").is_some() && made.bytes().is_empty());
    let media = client.request("PATCH", &shop.product_path());
    let body = br#"{"stock":1}"#.to_vec();
    let _ = media.bytes("application/merge-patch+json", body).send().is(200);
}

#[test]
fn row_44_what_contradicts_other_rows_is_refused() {
    let shop = Shop::start();
    let twin = shop.app.anonymous().post(PRODUCTS, &json!({ "name": "Twin", "sku": "L1" })).send();
    shop.refused(&twin, 409, "UNIQUE_CONFLICT");
    let negative = shop.app.anonymous().post(PRODUCTS, &json!({ "name": "Lamp", "stock": -1 }));
    shop.refused(&negative.send(), 400, "VALIDATION_ERROR");
}

#[test]
fn row_45_a_row_of_another_reads_as_absent() {
    let shop = Shop::start();
    let ada = shop.app.id_of("ada").unwrap();
    let order = json!({ "customer": ada });
    let made = shop.app.user("ada").post("/api/v1/orders", &order).send().is(201);
    let order = made.json()["data"]["id"].as_str().unwrap().to_owned();
    let item = |order: &str| json!({ "order": order, "product": shop.product, "quantity": 1 });
    let absent = "019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01";
    let text = |answer: Answer, key: &str| {
        let mut body = answer.json();
        body["error"]["requestId"].take();
        body.to_string().replace(key, "…")
    };
    let bob = shop.app.user("bob");
    let hidden = bob.post("/api/v1/items", &item(&order)).send();
    let missing = bob.post("/api/v1/items", &item(absent)).send();
    assert!(matches!(hidden.status(), 403 | 409), "{hidden}");
    assert_eq!(text(hidden, &order), text(missing, absent));
    let hidden = bob.patch(&format!("/api/v1/orders/{order}"), &json!({ "note": "x" })).send();
    let missing = bob.patch(&format!("/api/v1/orders/{absent}"), &json!({ "note": "x" })).send();
    assert_eq!(text(hidden.is(404), &order), text(missing.is(404), absent));
}

#[test]
fn row_46_a_write_names_the_version_it_changes() {
    let shop = Shop::start();
    let body = json!({ "stock": 4 });
    for tags in ["\"2\"", "\"7\", \"9\"", "W/\"1\"", "\"abc\"", "\"01\""] {
        shop.refused(&patch(&shop, Some(tags), &body), 412, "VERSION_MISMATCH");
    }
    for tags in ["1", "\"1", "", "*, \"1\"", "\"1\" \"2\""] {
        shop.refused(&patch(&shop, Some(tags), &body), 400, "INVALID_HEADER");
    }
    let _ = patch(&shop, Some("\"9\", \"1\""), &body).is(200).has_header("etag", "\"2\"");
    let _ = patch(&shop, Some("*"), &body).is(200).has_header("etag", "\"3\"");
    let _ = patch(&shop, None, &body).is(200).has_header("etag", "\"4\"");
    let stale = shop.app.anonymous().delete(&shop.product_path()).header("If-Match", "\"1\"");
    let _ = stale.send().is_error(412, "VERSION_MISMATCH");
    let fresh = shop.app.anonymous().delete(&shop.product_path()).header("If-Match", "\"4\"");
    let _ = fresh.send().is(204);
    let absent = shop.app.anonymous().delete(&shop.product_path()).header("If-Match", "\"4\"");
    let _ = absent.send().is_error(404, "NOT_FOUND");
}

#[test]
fn row_49_a_row_is_not_moved_out_of_its_owners_reach() {
    let shop = Shop::start();
    let (ada, bob) = (shop.app.id_of("ada").unwrap(), shop.app.id_of("bob").unwrap());
    let made = shop.app.user("ada").post("/api/v1/orders", &json!({ "customer": ada })).send();
    let path = made.is(201).header("location").unwrap().to_owned();
    let moved = shop.app.user("ada").patch(&path, &json!({ "customer": bob })).send();
    assert!(matches!(moved.status(), 403 | 409), "{moved}");
    let kept = shop.app.user("ada").get(&path).send().is(200).json();
    assert_eq!(kept["data"]["customer"], ada);
    assert_eq!(kept["data"]["version"], 1);
}

#[test]
fn a_deleted_row_that_is_referred_to_stays() {
    let shop = Shop::start();
    let ada = shop.app.id_of("ada").unwrap();
    let made = shop.app.user("ada").post("/api/v1/orders", &json!({ "customer": ada })).send();
    let order = made.is(201).json()["data"]["id"].as_str().unwrap().to_owned();
    let item = json!({ "order": order, "product": shop.product, "quantity": 1 });
    let _ = shop.app.user("ada").post("/api/v1/items", &item).send().is(201);
    let refused = shop.app.anonymous().delete(&shop.product_path()).send();
    let _ = refused.is_error(409, "REFERENCE_CONFLICT");
    let _ = shop.app.anonymous().get(&shop.product_path()).send().is(200);
}

#[test]
fn an_operation_that_no_rule_allows_is_forbidden() {
    let shop = Shop::start();
    let counter = "/api/v1/counters/1";
    let ada = shop.app.user("ada");
    let change = json!({ "name": "x" });
    shop.refused(&ada.patch(counter, &change).send(), 403, "FORBIDDEN");
    shop.refused(&ada.delete(counter).send(), 403, "FORBIDDEN");
    // Whoever did not say who it is may yet be somebody who may.
    let nobody = shop.app.anonymous().delete(counter).send();
    shop.refused(&nobody, 401, "UNAUTHENTICATED");
    assert_eq!(nobody.header("www-authenticate"), Some("Bearer"));
}

#[test]
fn a_refused_write_says_what_was_refused() {
    let shop = Shop::start();
    let message = |answer: underpin_testkit::Answer, status: u16| {
        answer.is(status).json()["error"]["message"].as_str().unwrap().to_owned()
    };
    let ada = shop.app.id_of("ada").unwrap();
    let theirs = shop.app.user("bob").post("/api/v1/orders", &json!({ "customer": ada })).send();
    assert_eq!(message(theirs, 403), "you may not create `orders`");
    let order = shop.app.user("ada").post("/api/v1/orders", &json!({ "customer": ada })).send();
    let order = order.is(201).json()["data"]["id"].clone();
    let item = json!({ "order": order, "product": shop.product, "quantity": 1 });
    let _ = shop.app.user("ada").post("/api/v1/items", &item).send().is(201);
    let kept = shop.app.anonymous().delete(&shop.product_path()).send();
    assert_eq!(message(kept, 409), "other rows still refer to the row");
    let many = shop.app.anonymous().post(PRODUCTS, &json!([{ "name": "Pan" }])).send().is(400);
    let fields = &many.json()["error"]["details"]["fields"];
    assert_eq!(fields.as_object().unwrap().len(), 1, "{fields}");
    let said = fields[""][0]["message"].as_str().unwrap();
    assert!(said.starts_with("must be one object; creating many rows"), "{said}");
}
