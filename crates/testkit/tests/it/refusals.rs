//! Requests that exceed a bound or break the protocol, which no scenario file can write down.

use serde_json::json;
use underpin_base::Limits;
use underpin_http::Tiers;
use underpin_testkit::TestApp;

const SCHEMA: &str = r#"
type Note @model @access(read: "true", create: "true") { text: String  words: [String!] }
"#;

fn app(limits: Limits) -> TestApp {
    TestApp::of(SCHEMA).with_limits(limits).start()
}

#[test]
fn a_body_over_the_bound_is_refused() {
    let app = app(Limits { body_bytes_max: 100, ..Limits::default() });
    let fits = json!({"text": "x".repeat(60)});
    let _ = app.anonymous().post("/api/v1/notes", &fits).send().is(201);
    let over = json!({"text": "x".repeat(100)});
    let _ = app.anonymous().post("/api/v1/notes", &over).send().is_error(413, "BODY_TOO_LARGE");
}

#[test]
fn an_array_with_too_many_items_is_refused() {
    let app = app(Limits { array_items_max: 3, ..Limits::default() });
    let post = |words: &[&str]| app.anonymous().post("/api/v1/notes", &json!({"words": words}));
    let _ = post(&["a", "b", "c"]).send().is(201);
    let _ = post(&["a", "b", "c", "d"]).send().is_error(413, "TOO_MANY_ITEMS");
}

#[test]
fn a_target_over_the_bound_is_refused() {
    let app = app(Limits { target_bytes_max: 50, ..Limits::default() });
    let long = format!("/api/v1/notes?text={}", "x".repeat(50));
    let _ = app.anonymous().get(&long).send().is_error(414, "URI_TOO_LONG");
}

#[test]
fn a_head_over_the_bound_is_refused() {
    let app = app(Limits { head_bytes_max: 500, ..Limits::default() });
    let request = app.anonymous().get("/api/v1/notes").header("X-Long", &"x".repeat(600));
    let _ = request.send().is_error(431, "HEAD_TOO_LARGE");
}

#[test]
fn a_head_that_two_readers_could_take_differently_is_refused_and_the_connection_closed() {
    let app = app(Limits::default());
    for head in [
        "GET /api/v1/notes HTTP/1.1\nHost: x\n\n",
        "POST /api/v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "POST /api/v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    ] {
        let mut wire = app.wire();
        wire.send(head);
        let answer = wire.answer();
        assert_eq!(answer.status, 400, "{head:?}");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["error"]["code"], "MALFORMED_REQUEST", "{head:?}");
        assert!(wire.is_closed(), "{head:?}");
    }
}

#[test]
fn a_request_for_another_host_is_refused() {
    let app = app(Limits::default());
    let mut wire = app.wire();
    wire.send("GET /api/v1/notes HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    let answer = wire.answer();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, body["error"]["code"].as_str()), (421, Some("MISDIRECTED_REQUEST")));
}

#[test]
fn a_head_that_does_not_come_is_not_waited_for() {
    let app = app(Limits { head_ms_max: 100, ..Limits::default() });
    let mut wire = app.wire();
    wire.send("GET /api/v1/notes HTTP/1.1\r\n");
    let answer = wire.answer();
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, body["error"]["code"].as_str()), (408, Some("REQUEST_TIMEOUT")));
    assert!(wire.is_closed());
}

#[test]
fn a_connection_serves_on_after_a_refusal_that_leaves_no_doubt() {
    let app = app(Limits::default());
    let mut wire = app.wire();
    let host = format!("Host: {}", app.address());
    wire.send(format!("GET /api/v1/nothing HTTP/1.1\r\n{host}\r\n\r\n"));
    assert_eq!(wire.answer().status, 404);
    wire.send(format!("GET /api/v1/notes HTTP/1.1\r\n{host}\r\n\r\n"));
    assert_eq!(wire.answer().status, 200);
}

#[test]
fn a_defect_tells_the_client_nothing_and_the_log_everything() {
    let app = app(Limits::default());
    let database = rusqlite::Connection::open(app.database()).unwrap();
    database.execute_batch("DROP TABLE note").unwrap();
    let answer = app.anonymous().get("/api/v1/notes").send().is_error(500, "INTERNAL");
    let body = answer.json().to_string();
    assert!(!body.contains("note") && !body.contains("table"), "{body}");
    let line = app.log_line(&answer);
    assert!(line["cause"].as_str().is_some_and(|cause| cause.contains("no such table")), "{line}");
}

#[test]
fn more_requests_than_a_tier_allows_are_refused_until_there_is_room() {
    let tiers = Tiers { anonymous: "2/min".parse().unwrap(), ..Tiers::unlimited() };
    let app = TestApp::of(SCHEMA).with_tiers(tiers).start();
    let get = || app.anonymous().get("/api/v1/notes").send();
    let _ = (get().is(200), get().is(200));
    let _ = get().is_error(429, "RATE_LIMITED").has_header("retry-after", "30");
    app.clock().advance(30_000_000);
    let _ = get().is(200);
}
