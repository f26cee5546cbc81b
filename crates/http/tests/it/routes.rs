//! Rows 11 to 16: where a request may go, and in which form answers may be had.

use underpin_testkit::Answer;

use crate::shop::{PRODUCTS, Shop};

#[track_caller]
fn get(shop: &Shop, path: &str) -> Answer {
    shop.app.anonymous().get(path).send()
}

#[test]
fn row_11_a_method_that_a_path_does_not_have_is_refused_with_those_it_has() {
    let shop = Shop::start();
    let item = shop.product_path();
    for (method, path, allowed) in [
        ("TRACE", PRODUCTS, "GET, HEAD, POST, OPTIONS"),
        ("BREW", PRODUCTS, "GET, HEAD, POST, OPTIONS"),
        ("DELETE", PRODUCTS, "GET, HEAD, POST, OPTIONS"),
        ("POST", &item, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("POST", "/health/live", "GET, HEAD, OPTIONS"),
        ("get", PRODUCTS, "GET, HEAD, POST, OPTIONS"),
        ("PUT", "/openapi.json", "GET, HEAD, OPTIONS"),
    ] {
        let answer = shop.app.anonymous().request(method, path).send();
        shop.refused(&answer, 405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
    let tunnel = "CONNECT evil.test:443 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert!(matches!(shop.wire(tunnel).answer().status, 405 | 421));
}

#[test]
fn the_methods_of_a_path_can_be_asked_for() {
    let shop = Shop::start();
    let options = |path: &str| shop.app.anonymous().request("OPTIONS", path).send();
    let answer = options(PRODUCTS).is(204).has_header("allow", "GET, HEAD, POST, OPTIONS");
    assert!(answer.bytes().is_empty());
    let _ = options("*").is(204);
    let _ = options("/api/v1/nothing").is_error(404, "NOT_FOUND");
    // No other origin is let in: there is no header that says so.
    let cross = shop.app.anonymous().request("OPTIONS", PRODUCTS).header("Origin", "null");
    let _ = cross.send().is(204).lacks_header("access-control-allow-origin");
}

#[test]
fn row_12_a_request_for_another_host_is_refused() {
    let shop = Shop::start();
    for head in [
        "GET / HTTP/1.1\r\nHost: evil.test\r\n",
        "GET / HTTP/1.1\r\nHost: localhost.evil.test\r\n",
        "GET http://evil.test/ HTTP/1.1\r\nHost: localhost\r\n",
        "GET / HTTP/1.1\r\nHost: \r\n",
    ] {
        let mut wire = shop.wire(format!("{head}\r\n"));
        shop.refused_on_wire(&wire.answer(), 421, "MISDIRECTED_REQUEST");
    }
    for head in ["GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n"] {
        let mut wire = shop.wire(format!("{head}\r\n"));
        shop.refused_on_wire(&wire.answer(), 400, "MALFORMED_REQUEST");
    }
    for head in [
        "GET /openapi.json HTTP/1.1\r\nHost: LOCALHOST:1\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: [::1]:8080\r\n",
        "GET http://127.0.0.1/openapi.json HTTP/1.1\r\nHost: evil.test\r\n",
        "GET /openapi.json HTTP/1.0\r\n",
        "GET /health/ready HTTP/1.1\r\nHost: 10.0.0.7\r\n",
    ] {
        assert_eq!(shop.wire(format!("{head}\r\n")).answer().status, 200, "{head}");
    }
}

#[test]
fn row_13_a_compressed_body_is_refused() {
    let shop = Shop::start();
    for encoding in ["gzip", "br", "deflate", "identity, gzip", "zstd"] {
        let request = shop.app.anonymous().request("POST", PRODUCTS);
        let request = request.header("Content-Encoding", encoding);
        let answer = request.bytes("application/json", b"\x1f\x8b".to_vec()).send();
        shop.refused(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
    }
}

#[test]
fn row_14_a_body_of_another_type_is_refused() {
    let shop = Shop::start();
    let body = br#"{"name":"Lamp"}"#.to_vec();
    for media in
        ["text/plain", "application/x-www-form-urlencoded", "application/json;charset=latin1"]
    {
        let request = shop.app.anonymous().request("POST", PRODUCTS);
        let answer = request.header("Cookie", "a=b").bytes(media, body.clone()).send();
        shop.refused(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let merge = shop.app.anonymous().request("POST", PRODUCTS);
    let answer = merge.bytes("application/merge-patch+json", body).send();
    shop.refused(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
}

#[test]
fn row_15_what_cannot_be_answered_in_an_accepted_form_is_refused_before_it_is_done() {
    let shop = Shop::start();
    for accept in ["text/csv", "application/json;q=0", "image/*"] {
        let answer = shop.app.anonymous().get(PRODUCTS).header("Accept", accept).send();
        shop.refused(&answer, 406, "NOT_ACCEPTABLE");
        let lamp = serde_json::json!({ "name": "Lamp" });
        let write = shop.app.anonymous().post(PRODUCTS, &lamp).header("Accept", accept).send();
        shop.refused(&write, 406, "NOT_ACCEPTABLE");
    }
    // Parts of rows are not served; the whole is a right answer (RFC 9110, section 14.2).
    let ranged = shop.app.anonymous().get(PRODUCTS).header("Range", "bytes=0-0,-1").send();
    let _ = ranged.is(200).lacks_header("content-range");
}

#[test]
fn row_16_a_disguised_path_is_never_another_route() {
    let shop = Shop::start();
    for path in [
        "/api/v1/products/..%2fusers",
        "/api/v1/products%2f",
        "/api/v1/products/%00",
        "/api/v1/products/a%0d%0aX:y",
        "/api/v1/%c0%afproducts",
        "/api/v1/products/%ed%a0%80",
        "/api/v1/products/%zz",
        "/api/v1/products/..%5cusers",
    ] {
        shop.refused(&get(&shop, path), 400, "INVALID_PATH");
    }
    for path in [
        "//api/v1/products",
        "/api//v1/products",
        "/api/v1/products/",
        "/api/v1/products/../users",
        "/api/v1/products/%2e%2e",
        "/api/v1/./products",
        "/api/v1/products;x",
        "/api/v1/Products",
        "/api/v1/%70roducts",
        "/api/v01/products",
        "/api/v2/products",
        "/API/v1/products",
        "/api/v1/secrets",
        "/api/v1/_underpin_keys",
        "/docs/",
        "/docs/../openapi.json",
        "/nothing",
    ] {
        shop.refused(&get(&shop, path), 404, "NOT_FOUND");
    }
}

#[test]
fn an_unknown_model_reads_like_any_unknown_path() {
    let shop = Shop::start();
    let text = |path: &str| {
        let mut body = get(&shop, path).is(404).json();
        body["error"]["requestId"].take();
        body
    };
    let unknown = text("/api/v1/nothing");
    assert_eq!(text("/nothing"), unknown);
    assert_eq!(text("/api/v1/products/019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01"), unknown);
    assert_eq!(text("/api/v1/products/not-a-key"), unknown);
    assert_eq!(text(&format!("{}/nothing", shop.product_path())), unknown);
}

#[test]
fn health_tells_whether_the_server_runs_and_is_ready() {
    let shop = Shop::start();
    let _ = get(&shop, "/health/live").is(200).has_body(&serde_json::json!({ "status": "live" }));
    let ready = serde_json::json!({
        "status": "ready",
        "checks": { "database": "ok", "migrations": "applied", "accepting": "ok" },
    });
    let _ = get(&shop, "/health/ready").is(200).has_body(&ready);
}

#[test]
fn errors_come_as_problems_to_those_who_ask_for_them() {
    let shop = Shop::start();
    let asked = shop.app.anonymous().get("/nothing").header("Accept", "application/problem+json");
    let answer = asked.send().is(404).has_header("content-type", "application/problem+json");
    let problem = serde_json::json!({
        "type": "urn:underpin:error:NOT_FOUND", "title": "$text", "status": 404,
        "detail": "$text", "code": "NOT_FOUND", "requestId": "$text",
    });
    let _ = answer.has_body(&problem);
}
