//! Row 84, and the one line that a request leaves.

use serde_json::json;

use crate::shop::{PRODUCTS, Shop};

#[test]
fn a_request_leaves_one_line_with_its_facts() {
    let shop = Shop::start();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = shop.app.admin().get(&format!("{}?fields=name", shop.product_path()));
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let answer = request.header("traceparent", &parent).header("User-Agent", "test/1").send();
    let answer = answer.is(200);
    let line = shop.app.log_line(&answer);
    for (name, value) in [
        ("method", json!("GET")),
        ("route", json!("/api/v1/products/{id}")),
        ("path", json!(shop.product_path())),
        ("status", json!(200)),
        ("actor", json!("key")),
        ("model", json!("Product")),
        ("op", json!("read")),
        ("rows", json!(1)),
        ("queries", json!(1)),
        ("out", json!(answer.bytes().len())),
        ("trace", json!(trace)),
        ("agent", json!("test/1")),
    ] {
        assert_eq!(line[name], value, "{name} of {line}");
    }
    assert!(line.get("code").is_none() && line["us"].is_u64(), "{line}");
}

#[test]
fn row_84_a_line_cannot_be_forged_and_holds_no_secrets() {
    let shop = Shop::start();
    let agent = "x\t{\"level\":\"fatal\"}";
    let body = json!({ "name": "Lamp", "category": "canary-body" });
    let request = shop.app.admin().post(&format!("{PRODUCTS}?fields=name"), &body);
    let answer = request.header("User-Agent", agent).header("Cookie", "canary-cookie").send();
    let line = shop.app.log_line(&answer);
    assert_eq!(line["agent"], agent);
    let text = line.to_string();
    assert!(!text.contains("canary") && !text.contains("test-admin"), "{text}");
    let long = format!("/api/v1/products/{}", "x".repeat(4_000));
    let answer = shop.app.anonymous().get(&long).send().is(404);
    let line = shop.app.log_line(&answer);
    assert_eq!(line["path"].as_str().unwrap().len(), 1_024);
}
