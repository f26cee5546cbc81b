//! One row at a time: reading, entity tags, and the headers of answers.

use serde_json::json;

use crate::shop::{PRODUCTS, Shop, page};

#[test]
fn a_row_is_read_with_its_version_as_its_tag() {
    let shop = Shop::start();
    let path = shop.product_path();
    let answer = shop.app.anonymous().get(&path).send().is(200).has_header("etag", "\"1\"");
    assert_eq!(answer.json()["data"]["name"], "Lamp");
    for (tags, status) in
        [("\"1\"", 304), ("W/\"1\"", 304), ("\"0\", \"1\"", 304), ("*", 304), ("\"2\"", 200)]
    {
        let again = shop.app.anonymous().get(&path).header("If-None-Match", tags).send().is(status);
        assert_eq!(again.bytes().is_empty(), status == 304, "{tags}");
        let _ = again.has_header("etag", "\"1\"");
    }
    let bad = shop.app.anonymous().get(&path).header("If-None-Match", "1").send();
    shop.refused(&bad, 400, "INVALID_HEADER");
}

#[test]
fn a_row_without_versions_has_a_weak_tag() {
    let shop = Shop::start();
    let home = "/api/v1/pages/home";
    let answer = shop.app.anonymous().get(home).send().is(200);
    let tag = answer.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let _ = shop.app.anonymous().get(home).header("If-None-Match", &tag).send().is(304);
    let change = json!({ "text": "Changed" });
    let write = shop.app.anonymous().request("PATCH", home).header("If-Match", &tag).json(&change);
    shop.refused(&write.send(), 412, "VERSION_MISMATCH");
}

#[test]
fn a_tag_changes_with_what_is_included() {
    let shop = Shop::start();
    let ada = shop.app.id_of("ada").unwrap();
    let path = format!("/api/v1/users/{ada}?include=orders");
    let tag = || {
        let answer = shop.app.user("ada").get(&path).send().is(200);
        answer.header("etag").unwrap().to_owned()
    };
    let before = tag();
    assert_eq!(tag(), before);
    let orders = format!("/api/v1/users/{ada}/orders");
    let _ = shop.app.user("ada").post(&orders, &json!({})).send().is(201);
    assert_ne!(tag(), before);
}

#[test]
fn head_is_get_without_its_body() {
    let shop = Shop::start();
    for path in [PRODUCTS, &shop.product_path(), "/openapi.json", "/health/live"] {
        let get = shop.app.anonymous().get(path).send().is(200);
        let head = shop.app.anonymous().request("HEAD", path).send().is(200);
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
    let head = shop.app.anonymous().request("HEAD", "/api/v1/nothing").send();
    let _ = head.is(404);
}

#[test]
fn answers_without_a_body_have_none() {
    let shop = Shop::start();
    let path = shop.product_path();
    let known = shop.app.anonymous().get(&path).header("If-None-Match", "\"1\"").send().is(304);
    let _ = known.lacks_header("content-length").lacks_header("content-type");
    let gone = shop.app.anonymous().delete(&path).send().is(204);
    let _ = gone.lacks_header("content-length").lacks_header("content-type");
}

#[test]
fn every_answer_carries_the_headers_that_protect_its_reader() {
    let shop = Shop::start();
    for path in [PRODUCTS, "/nothing", "/health/live", "/docs", "/openapi.json"] {
        let answer = shop.app.anonymous().get(path).send();
        let answer = answer
            .has_header("x-content-type-options", "nosniff")
            .has_header("referrer-policy", "no-referrer");
        assert!(answer.header("date").is_some(), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("http"), "{policy}");
        let _ = answer.lacks_header("server").lacks_header("access-control-allow-origin");
    }
    let anonymous = shop.app.anonymous().get(PRODUCTS).send();
    let _ = anonymous.has_header("cache-control", "private, no-cache");
    let known = shop.app.admin().get(PRODUCTS).send();
    let _ = known.has_header("cache-control", "no-store");
}

#[test]
fn a_request_keeps_the_name_its_client_gave_it() {
    let shop = Shop::start();
    let named = shop.app.anonymous().get(PRODUCTS).header("X-Request-Id", "client-7").send();
    let _ = named.has_header("x-request-id", "client-7");
    let hostile = shop.app.anonymous().get("/nothing").header("X-Request-Id", "a\"b,{}").send();
    let id = hostile.header("x-request-id").unwrap().to_owned();
    assert_eq!(id.len(), 36, "{id}");
    assert_eq!(hostile.json()["error"]["requestId"], id);
}

#[test]
fn row_59_credentials_that_are_none_never_pass_for_nobody() {
    let shop = Shop::start();
    for token in ["Bearer nothing", "Bearer", "Basic dTpw", "up_key", "Bearer a b", ""] {
        let answer = shop.app.anonymous().get(PRODUCTS).header("Authorization", token).send();
        shop.refused(&answer, 401, "UNAUTHENTICATED");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    let twice = shop.app.admin().get(PRODUCTS).header("Authorization", "Bearer x").send();
    shop.refused(&twice, 400, "INVALID_HEADER");
}

#[test]
fn nobody_is_who_a_body_a_query_or_a_plain_header_says() {
    let shop = Shop::start();
    let ada = shop.app.id_of("ada").unwrap();
    let users = format!("/api/v1/users/{ada}");
    for name in ["X-User-Id", "X-Forwarded-User", "Cookie", "X-Role"] {
        let answer = shop.app.anonymous().get(&users).header(name, &ada).send();
        shop.refused(&answer, 401, "UNAUTHENTICATED");
    }
    let answer = shop.app.anonymous().post("/api/v1/orders", &json!({ "customer": ada })).send();
    shop.refused(&answer, 401, "UNAUTHENTICATED");
    let answer = shop.app.user("bob").post("/api/v1/orders", &json!({ "customer": ada })).send();
    assert!(matches!(answer.status(), 403 | 409), "{answer}");
    shop.unchanged();
}

#[test]
fn a_key_that_a_client_chose_is_escaped_where_it_stands_in_a_path() {
    let shop = Shop::start();
    let made = shop.app.anonymous().post("/api/v1/pages", &page("a b?ü#")).send().is(201);
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(location, "/api/v1/pages/a%20b%3F%C3%BC%23");
    let found = shop.app.anonymous().get(&location).send().is(200).json();
    assert_eq!(found["data"]["id"], "a b?ü#");
}

#[test]
fn a_key_that_is_text_may_have_slashes_in_it() {
    let shop = Shop::start();
    let made = shop.app.anonymous().post("/api/v1/pages", &page("a/b")).send().is(201);
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(path, "/api/v1/pages/a%2Fb");
    for path in [path.as_str(), "/api/v1/pages/a%2fb"] {
        let found = shop.app.anonymous().get(path).send().is(200);
        assert_eq!(found.json()["data"]["id"], "a/b");
    }
    let change = json!({ "text": "Changed" });
    let _ = shop.app.anonymous().request("PATCH", &path).json(&change).send().is(200);
    let _ = shop.app.anonymous().delete(&path).send().is(204);
    for path in [&path, "/api/v1/pages/..%2fproducts", "/api/v1/pages/..%5cproducts"] {
        shop.refused(&shop.app.anonymous().get(path).send(), 404, "NOT_FOUND");
    }
    for path in ["/api/v1/pages%2fhome", "/api%2fv1/pages/home", "/api/v1/pages/home%2f/x"] {
        shop.refused(&shop.app.anonymous().get(path).send(), 400, "INVALID_PATH");
    }
}
