//! The contract as it is served, the page that reads it, and answers held against it.

use serde_json::Value;

use crate::shop::{PRODUCTS, Shop};

#[test]
fn the_contract_is_served_and_known_by_its_tag() {
    let shop = Shop::start();
    let answer = shop.app.anonymous().get("/openapi.json").send().is(200);
    let tag = answer.header("etag").unwrap().to_owned();
    let document = answer.has_header("content-type", "application/json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let known = shop.app.anonymous().get("/openapi.json").header("If-None-Match", &tag).send();
    assert!(known.is(304).bytes().is_empty());
}

#[test]
fn every_described_list_and_item_is_served() {
    let shop = Shop::start();
    let document = shop.app.anonymous().get("/openapi.json").send().json();
    let mut n_served = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01");
        let answer = shop.app.admin().request("OPTIONS", &path).send().is(204);
        let allowed = answer.header("allow").unwrap().to_ascii_lowercase();
        let methods = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
        for method in methods {
            assert!(allowed.split(", ").any(|name| name == method), "{method} {path}");
            n_served += 1;
        }
    }
    assert!(n_served > 30, "{n_served}");
}

#[test]
fn rows_have_the_fields_that_the_contract_requires_and_no_others() {
    let shop = Shop::start();
    let document = shop.app.anonymous().get("/openapi.json").send().json();
    let schema = &document["components"]["schemas"]["Product"];
    let row = shop.app.anonymous().get(&shop.product_path()).send().json()["data"].take();
    for name in schema["required"].as_array().unwrap() {
        assert!(row.get(name.as_str().unwrap()).is_some(), "{name}");
    }
    for name in row.as_object().unwrap().keys() {
        assert!(schema["properties"].get(name).is_some(), "{name}");
    }
}

#[test]
fn examples_of_the_contract_are_taken_by_the_server() {
    let shop = Shop::start();
    let document = shop.app.anonymous().get("/openapi.json").send().json();
    let example = &document["components"]["schemas"]["Page.create"]["examples"][0];
    assert_ne!(*example, Value::Null);
    let _ = shop.app.anonymous().post("/api/v1/pages", example).send().is(201);
    let example = document["components"]["schemas"]["Product.create"]["examples"][0].clone();
    let _ = shop.app.user("buyer").post(PRODUCTS, &example).send().is(201);
}

#[test]
fn the_reference_page_and_its_files_are_served() {
    let shop = Shop::start();
    let _ = shop.app.anonymous().get("/").send().is(302).has_header("location", "/docs");
    let page = shop.app.anonymous().get("/docs").send().is(200);
    let page = page.has_header("content-type", "text/html; charset=utf-8");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-eval"), "{policy}");
    let text = String::from_utf8(page.bytes().to_vec()).unwrap();
    let files: Vec<&str> = text.split('"').filter(|text| text.starts_with("/docs/")).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let packed = shop.app.anonymous().get(file).header("Accept-Encoding", "gzip").send();
        let plain = shop.app.anonymous().get(file).send().is(200);
        assert!(packed.is(200).bytes().len() <= plain.bytes().len());
        assert!(!plain.bytes().starts_with(b"\x1f\x8b"), "{file}");
    }
    let _ = shop.app.anonymous().get("/docs/nothing.js").send().is_error(404, "NOT_FOUND");
}

#[test]
fn what_accounts_answer_has_the_members_that_the_contract_requires_and_no_others() {
    let app = crate::browser::app();
    let document = app.anonymous().get("/openapi.json").send().json();
    let ada = app.bearer(&crate::browser::token_of(&app, "ada@example.com"));
    let login = serde_json::json!({
        "email": "ada@example.com", "password": crate::browser::PASSWORD,
    });
    let login = app.anonymous().post("/api/v1/auth/login", &login).send().is(200).json();
    let me = ada.get("/api/v1/auth/me").send().is(200).json();
    let sessions = ada.get("/api/v1/auth/sessions").send().is(200).json();
    let schema = |name: &str| {
        let name = format!("underpin.{name}Answer");
        document["components"]["schemas"][name]["properties"]["data"].clone()
    };
    for (data, schema) in [
        (&login["data"], &schema("Session")["anyOf"][0]),
        (&me["data"], &schema("me")),
        (&sessions["data"][0], &schema("sessions")["items"]),
    ] {
        let members: Vec<&String> = data.as_object().unwrap().keys().collect();
        let required = schema["required"].as_array().unwrap();
        assert!(required.iter().all(|name| data.get(name.as_str().unwrap()).is_some()), "{data}");
        assert!(members.iter().all(|name| schema["properties"].get(*name).is_some()), "{data}");
    }
}
