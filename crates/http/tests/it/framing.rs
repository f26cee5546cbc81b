//! Rows 1 to 9: what is no well-formed request never reaches a handler, and never two readers
//! differently.

use serde_json::json;
use underpin_base::Limits;
use underpin_testkit::Wire;

use crate::shop::{PRODUCTS, Shop, raw_post};

const JSON: &str = "Content-Type: application/json";
const GOOD: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// That the bytes are answered 400 and the connection is closed.
#[track_caller]
fn check_malformed(shop: &Shop, bytes: impl AsRef<[u8]>) {
    let mut wire = shop.wire(bytes);
    let answer = wire.answer();
    shop.refused_on_wire(&answer, 400, "MALFORMED_REQUEST");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(wire.is_closed());
}

#[test]
fn row_01_a_request_with_a_length_and_chunks_is_refused() {
    let shop = Shop::start();
    let (length, chunked) = ("Content-Length: 5", "Transfer-Encoding: chunked");
    for headers in [[JSON, length, chunked], [chunked, JSON, length]] {
        check_malformed(
            &shop,
            raw_post(PRODUCTS, &headers, b"0\r\n\r\nGET /secret HTTP/1.1\r\n\r\n"),
        );
    }
}

#[test]
fn row_02_a_length_that_is_not_one_number_is_refused() {
    let shop = Shop::start();
    for lengths in [
        &["Content-Length: 5", "Content-Length: 6"][..],
        &["Content-Length: 5", "content-length: 5"],
        &["Content-Length: +5"],
        &["Content-Length: 5, 6"],
        &["Content-Length: 0x5"],
        &["Content-Length: 18446744073709551616"],
    ] {
        let headers = [&[JSON], lengths].concat();
        check_malformed(&shop, raw_post(PRODUCTS, &headers, b"{\"a\"}"));
    }
}

#[test]
fn row_03_loose_framing_is_refused() {
    let shop = Shop::start();
    let chunked = ["Transfer-Encoding: chunked", JSON];
    for body in ["fffffffffffffffff\r\n{}", "2\n{}\r\n0\r\n\r\n", "-1\r\n", "2\r\n{}0\r\n\r\n"] {
        check_malformed(&shop, raw_post(PRODUCTS, &chunked, body.as_bytes()));
    }
    for head in [
        "GET / HTTP/1.1\nHost: localhost\n\n",
        "GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n",
        "GET / HTTP/3.7\r\nHost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ] {
        check_malformed(&shop, head);
    }
}

#[test]
fn row_04_a_head_past_its_bounds_is_refused() {
    let shop = Shop::start();
    let many = "A: b\r\n".repeat(101);
    let long = format!("A: {}\r\n", "b".repeat(16 * 1024));
    for headers in [many, long] {
        let mut wire = shop.wire(format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
        shop.refused_on_wire(&wire.answer(), 431, "HEAD_TOO_LARGE");
        assert!(wire.is_closed());
    }
    let fits = format!("GET /health/live HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(15 * 1024));
    assert_eq!(shop.wire(fits).answer().status, 200);
}

#[test]
fn row_05_a_target_past_its_bound_is_refused() {
    let shop = Shop::start();
    let long = format!("GET {PRODUCTS}?name={} HTTP/1.1\r\n", "x".repeat(8 * 1024));
    let mut wire = shop.wire(format!("{long}Host: localhost\r\n\r\n"));
    shop.refused_on_wire(&wire.answer(), 414, "URI_TOO_LONG");
    assert!(wire.is_closed());
}

#[test]
fn row_06_a_body_past_its_bound_is_refused_before_it_ends() {
    let shop = Shop::with_limits(Limits { body_bytes_max: 1_000, ..Limits::default() });
    let declared = raw_post(PRODUCTS, &[JSON, "Content-Length: 1001"], b"{");
    let chunk = format!("7d0\r\n{}", " ".repeat(2_000));
    let streamed = raw_post(PRODUCTS, &[JSON, "Transfer-Encoding: chunked"], chunk.as_bytes());
    for request in [declared, streamed] {
        // Neither request is complete: an answer shows that reading stopped.
        let mut wire = shop.wire(request);
        let answer = wire.answer();
        shop.refused_on_wire(&answer, 413, "BODY_TOO_LARGE");
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(wire.is_closed());
    }
}

#[test]
fn row_07_a_head_that_trickles_is_hung_up_on() {
    let shop = Shop::with_limits(Limits { head_ms_max: 150, ..Limits::default() });
    let mut slow = shop.wire("GET /health/live HTTP/1.1\r\nHost: loc");
    let answer = slow.answer();
    shop.refused_on_wire(&answer, 408, "REQUEST_TIMEOUT");
    assert!(answer.header("retry-after").is_some());
    assert!(slow.is_closed());
    // Whoever never says a word is not answered either.
    assert!(shop.app.wire().is_closed());
}

#[test]
fn row_08_a_body_that_trickles_is_hung_up_on() {
    let shop = Shop::with_limits(Limits { body_ms_max: 150, ..Limits::default() });
    let mut slow = shop.wire(raw_post(PRODUCTS, &[JSON, "Content-Length: 20"], b"{\"name\":"));
    shop.refused_on_wire(&slow.answer(), 408, "REQUEST_TIMEOUT");
    assert!(slow.is_closed());
}

#[test]
fn row_09_a_body_that_breaks_off_stores_nothing() {
    let shop = Shop::start();
    let lamp = br#"{"name":"Half a lamp"}"#;
    for framing in ["Content-Length: 23", "Transfer-Encoding: chunked"] {
        let mut body = lamp.to_vec();
        if framing.starts_with('T') {
            body = [b"16\r\n", &body[..], b"\r\n"].concat();
        }
        let mut wire = shop.wire(raw_post(PRODUCTS, &[JSON, framing], &body));
        wire.finish();
        shop.refused_on_wire(&wire.answer(), 400, "MALFORMED_REQUEST");
        assert!(wire.is_closed());
    }
}

#[test]
fn a_client_that_is_done_sending_still_gets_its_answer() {
    let shop = Shop::start();
    let mut wire = shop.wire(GOOD);
    wire.finish();
    assert_eq!(wire.answer().status, 200);
    assert!(wire.is_closed());
}

#[test]
fn pipelined_requests_are_answered_in_order_until_one_is_refused() {
    let shop = Shop::start();
    let lamp = json!({ "name": "Lamp two" }).to_string();
    let length = format!("Content-Length: {}", lamp.len());
    let post = raw_post(PRODUCTS, &[JSON, &length], lamp.as_bytes());
    let chunk = format!("{:x};ext=1\r\n{lamp}\r\n0\r\nTrailer: x\r\n\r\n", lamp.len());
    let chunked = raw_post(PRODUCTS, &[JSON, "Transfer-Encoding: chunked"], chunk.as_bytes());
    let bad = b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n";
    let all = [GOOD.as_bytes(), &post, &chunked, b"\r\n", GOOD.as_bytes(), bad, GOOD.as_bytes()];
    for size in [1, 7, 4_096] {
        let mut wire = shop.app.wire();
        for piece in all.concat().chunks(size) {
            wire.send(piece);
        }
        let statuses = std::iter::repeat_with(|| wire.answer().status).take(5);
        assert_eq!(statuses.collect::<Vec<u16>>(), [200, 201, 201, 200, 400], "by {size}");
        assert!(wire.is_closed());
    }
}

#[test]
fn an_idle_connection_is_closed_in_time() {
    let shop = Shop::with_limits(Limits { idle_ms_max: 150, ..Limits::default() });
    let mut wire = shop.wire(GOOD);
    assert_eq!(wire.answer().status, 200);
    assert!(wire.is_closed());
}

#[test]
fn connections_past_the_bound_wait_their_turn() {
    let shop = Shop::with_limits(Limits { connections_max: 1, ..Limits::default() });
    let mut first = shop.app.wire();
    let mut second = shop.app.wire();
    second.send(GOOD);
    first.send(GOOD);
    assert_eq!(first.answer().status, 200);
    drop(first);
    assert_eq!(second.answer().status, 200);
}

#[test]
fn row_17_a_client_that_asks_first_is_refused_before_its_body() {
    let shop = Shop::start();
    let expect = ["Expect: 100-continue", "Content-Length: 100"];
    let ask = |more: &[&str]| -> Wire {
        shop.wire(raw_post(PRODUCTS, &[&expect[..], more].concat(), b""))
    };
    let token = "Authorization: Bearer up_unknown";
    shop.refused_on_wire(&ask(&[JSON, token]).answer(), 401, "UNAUTHENTICATED");
    shop.refused_on_wire(
        &ask(&["Content-Type: text/plain"]).answer(),
        415,
        "UNSUPPORTED_MEDIA_TYPE",
    );
    let large = ["Expect: 100-continue", "Content-Length: 99999999", JSON];
    let mut wire = shop.wire(raw_post(PRODUCTS, &large, b""));
    shop.refused_on_wire(&wire.answer(), 413, "BODY_TOO_LARGE");
    let mut wire = ask(&[JSON]);
    assert_eq!(wire.answer_to_head().status, 100);
}

#[test]
fn a_server_that_stops_answers_what_it_has_begun_and_nothing_more() {
    let shop = Shop::start();
    let mut idle = shop.wire(GOOD);
    assert_eq!(idle.answer().status, 200);
    let lamp = json!({ "name": "Lamp two" }).to_string();
    let length = format!("Content-Length: {}", lamp.len());
    let mut begun = shop.wire(raw_post(PRODUCTS, &[JSON, &length, "Expect: 100-continue"], b""));
    assert_eq!(begun.answer_to_head().status, 100);
    let Shop { app, .. } = shop;
    let stopping = std::thread::spawn(move || drop(app));
    assert!(idle.is_closed());
    begun.send(lamp);
    let answer = begun.answer();
    assert_eq!((answer.status, answer.header("connection")), (201, Some("close")));
    assert!(begun.is_closed());
    stopping.join().expect("the server ends");
}

#[test]
fn a_server_that_stops_does_not_wait_for_ever() {
    let shop = Shop::with_limits(Limits { drain_ms_max: 100, ..Limits::default() });
    let headers = [JSON, "Content-Length: 9", "Expect: 100-continue"];
    let mut stuck = shop.wire(raw_post(PRODUCTS, &headers, b""));
    assert_eq!(stuck.answer_to_head().status, 100);
    let Shop { app, .. } = shop;
    drop(app);
    assert!(stuck.is_closed());
}

#[test]
fn row_17_nobody_sends_a_body_for_what_they_may_not_do() {
    let shop = Shop::start();
    let headers = ["Expect: 100-continue", "Content-Length: 100", JSON];
    for path in ["/api/v1/users", "/api/v1/orders"] {
        let mut wire = shop.wire(raw_post(path, &headers, b""));
        shop.refused_on_wire(&wire.answer(), 401, "UNAUTHENTICATED");
    }
}

#[test]
fn a_url_as_a_person_types_it_is_refused_with_advice() {
    let shop = Shop::start();
    for target in ["?filter=price>10", "?filter=name==\"x\"", "?filter=price < 10", "/a b"] {
        let head = format!("GET {PRODUCTS}{target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = shop.wire(head).answer();
        shop.refused_on_wire(&answer, 400, "MALFORMED_REQUEST");
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(text.contains("--data-urlencode"), "{target}: {text}");
    }
}
