//! Rows 34 to 36 of known vulnerabilities and row 69: how often somebody may ask, and that no way
//! of asking is free.

use serde_json::json;
use underpin_base::Timestamp;
use underpin_http::Tiers;
use underpin_limiter::Quota;
use underpin_testkit::{Answer, Client, Setup, TestApp};

const SCHEMA: &str = r#"
extend schema @role(name: "lead", can: ["notes:read"]) @role(name: "guest", can: ["notes:read"])

type User @model @account(identity: ["email"]) { email: Email! @unique }

type Note @model @access(read: "true", create: "true") { text: String }
"#;

const NOTES: &str = "/api/v1/notes";
const MINUTE: i64 = 60_000_000;

fn quota(text: &str) -> Quota {
    text.parse().expect("a quota")
}

fn app(anonymous: &str) -> Setup {
    TestApp::of(SCHEMA).with_tiers(Tiers { anonymous: quota(anonymous), ..Tiers::unlimited() })
}

fn get(app: &TestApp, path: &str) -> Answer {
    app.anonymous().get(path).send()
}

/// How many of 20 requests are answered with 200; all others must be told why not.
#[track_caller]
fn n_admitted(client: &Client, header: Option<(&str, &str)>) -> usize {
    let mut n_admitted = 0;
    for _ in 0..20 {
        let mut request = client.get(NOTES);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        match request.send() {
            answer if answer.status() == 200 => n_admitted += 1,
            answer => drop(answer.is_error(429, "RATE_LIMITED")),
        }
    }
    n_admitted
}

/// How many of 20 requests of a client behind a proxy are admitted.
#[track_caller]
fn n_forwarded(app: &TestApp, forwarded_for: &str) -> usize {
    n_admitted(&app.anonymous(), Some(("X-Forwarded-For", forwarded_for)))
}

#[test]
fn each_caller_has_the_quota_of_its_tier() {
    let tiers = Tiers {
        anonymous: quota("2/min"),
        user: quota("3/min"),
        key: quota("4/min"),
        service: quota("5/min"),
        roles: [("lead".to_owned(), quota("6/min")), ("guest".to_owned(), quota("1/h"))].into(),
        ..Tiers::unlimited()
    };
    let app = TestApp::of(SCHEMA)
        .with_user("ada", &[])
        .with_user("bob", &["guest"])
        .with_user("carol", &["guest", "lead"])
        .with_key("script", &[])
        .with_key("robot", &["lead"])
        .with_tiers(tiers)
        .start();
    assert_eq!(n_admitted(&app.anonymous(), None), 2);
    for (name, n) in
        [("ada", 3), ("bob", 3), ("carol", 6), ("script", 4), ("robot", 6), ("service", 5)]
    {
        assert_eq!(n_admitted(&app.user(name), None), n, "{name}");
    }
    app.clock().advance(MINUTE);
    assert_eq!(n_admitted(&app.user("ada"), None), 3);
    assert_eq!(n_admitted(&app.anonymous(), None), 2);
}

#[test]
fn a_counted_answer_says_what_is_left() {
    let tiers = Tiers { anonymous: quota("60/min burst 5"), ..Tiers::unlimited() };
    let app = TestApp::of(SCHEMA).with_tiers(tiers).start();
    let says = |answer: Answer, limit: &str| {
        let answer = answer.has_header("ratelimit-policy", "\"anonymous\";q=60;w=60");
        answer.has_header("ratelimit", limit)
    };
    let _ = says(get(&app, NOTES).is(200), "\"anonymous\";r=4;t=1");
    let _ = says(get(&app, "/nothing").is(404), "\"anonymous\";r=3;t=2");
    let note = app.anonymous().post(NOTES, &json!({"text": 5})).send();
    let _ = says(note.is(400), "\"anonymous\";r=2;t=3");
    let _ = says(get(&app, "/openapi.json").is(200), "\"anonymous\";r=1;t=4");
    let _ = says(app.anonymous().delete(NOTES).send().is(405), "\"anonymous\";r=0;t=5");
    let refused = says(get(&app, NOTES), "\"anonymous\";r=0;t=5");
    let _ = refused.is_error(429, "RATE_LIMITED").has_header("retry-after", "1");
    let admin = app.admin().get(NOTES).send().is(200);
    let _ = admin.lacks_header("ratelimit").lacks_header("ratelimit-policy");
}

#[test]
fn a_refusal_comes_in_the_form_asked_for_and_stands_in_the_log() {
    let app = app("1/h").start();
    let _ = get(&app, NOTES).is(200);
    let refused = get(&app, NOTES).is_error(429, "RATE_LIMITED").has_header("retry-after", "3600");
    let line = app.log_line(&refused);
    assert_eq!((&line["status"], &line["code"]), (&json!(429), &json!("RATE_LIMITED")));
    assert_eq!((&line["route"], &line["queries"]), (&json!(NOTES), &json!(0)));
    let problem = app.anonymous().get(NOTES).header("Accept", "application/problem+json").send();
    let problem = problem.is(429).has_header("content-type", "application/problem+json").json();
    assert_eq!(problem["code"], "RATE_LIMITED");
}

#[test]
fn a_refused_body_is_not_read() {
    let app = app("1/h").start();
    let _ = get(&app, NOTES).is(200);
    let mut wire = app.wire();
    let head = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 500";
    wire.send(format!("POST {NOTES} HTTP/1.1\r\n{head}\r\n\r\n"));
    let answer = wire.answer();
    assert_eq!((answer.status, answer.header("connection")), (429, Some("close")));
}

#[test]
fn health_and_the_methods_of_a_path_can_always_be_asked_for() {
    let app = app("1/h").start();
    let _ = get(&app, NOTES).is(200);
    for path in ["/health/live", "/health/ready"] {
        let _ = get(&app, path).is(200).lacks_header("ratelimit");
    }
    let options = app.anonymous().request("OPTIONS", NOTES).send();
    let _ = options.is(204).lacks_header("ratelimit");
    let _ = get(&app, NOTES).is(429);
}

#[test]
fn row_34_every_spelling_of_a_path_has_the_same_quota() {
    let app = app("12/h").start();
    for path in [
        NOTES,
        "/api/v1/Notes",
        "/API/v1/notes",
        "/api/v1/notes/",
        "//api/v1/notes",
        "/api/v1/%6Eotes",
        "/api/v1/notes%2f",
        "/api/v1/notes?limit=1",
        "/api/v1/notes;x",
        "/api/v1/./notes",
        "/docs",
        "/",
    ] {
        assert!(matches!(get(&app, path).status(), 200 | 302 | 400 | 404), "{path}");
    }
    for path in [NOTES, "/api/v1/Notes", "/api/v1/notes/", "/api/v1/%6Eotes", "/docs", "/nothing"] {
        let _ = get(&app, path).is_error(429, "RATE_LIMITED");
    }
}

#[test]
fn requests_that_fail_are_counted_too() {
    let app = app("4/h").start();
    let _ = get(&app, "/api/v1/notes?nothing=1").is(400);
    let _ = app.anonymous().get(NOTES).header("Accept", "text/csv").send().is(406);
    let _ = get(&app, "/api/v1/notes/019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01").is(404);
    let _ = app.anonymous().patch(NOTES, &json!({})).send().is(405);
    let _ = get(&app, NOTES).is(429);
}

#[test]
fn whoever_tries_tokens_is_counted_for_its_address() {
    let app = app("3/h").with_user("ada", &[]).start();
    for (n, token) in ["up_x_y", "test-nobody", "ä"].into_iter().enumerate() {
        let guess = app.anonymous().get(NOTES).header("Authorization", &format!("Bearer {token}"));
        let _ = guess
            .send()
            .is(401)
            .has_header("ratelimit", &format!("\"anonymous\";r={};t={}", 2 - n, 1_200 * (n + 1)));
    }
    let guess = app.anonymous().get(NOTES).header("Authorization", "Bearer up_x_z");
    let _ = guess.send().is_error(429, "RATE_LIMITED");
    // Who is known is not taken for the others behind its address.
    let _ = app.user("ada").get(NOTES).send().is(200);
}

#[test]
fn row_35_what_a_client_says_of_its_address_is_not_believed() {
    let app = app("4/h").start();
    let fifty = vec!["203.0.113.7"; 50].join(", ");
    let mut n = 0;
    for (name, value) in [
        ("X-Forwarded-For", "203.0.113.1"),
        ("X-Forwarded-For", "203.0.113.2, 127.0.0.1"),
        ("X-Forwarded-For", "::ffff:203.0.113.3"),
        ("X-Forwarded-For", "fe80::1%eth0"),
        ("X-Forwarded-For", "garbage"),
        ("X-Forwarded-For", &fifty),
        ("Forwarded", "for=203.0.113.4"),
        ("X-Real-IP", "203.0.113.5"),
        ("X-Client-IP", "203.0.113.6"),
        ("CF-Connecting-IP", "203.0.113.8"),
    ] {
        let answer = app.anonymous().get(NOTES).header(name, value).send();
        n += usize::from(answer.status() == 200);
        assert_eq!(app.log_line(&answer).get("client"), None);
    }
    assert_eq!(n, 4);
}

#[test]
fn clients_behind_a_trusted_proxy_are_counted_apart() {
    let app = app("3/h").with_trusted_proxies(&["127.0.0.0/8", "10.0.0.0/8"]).start();
    assert_eq!(n_forwarded(&app, "203.0.113.1"), 3);
    assert_eq!(n_forwarded(&app, "203.0.113.2, 10.0.0.9"), 3);
    // The same clients, by other words.
    assert_eq!(n_forwarded(&app, "198.51.100.1, 203.0.113.1"), 0);
    assert_eq!(n_forwarded(&app, "::ffff:203.0.113.1"), 0);
    assert_eq!(n_forwarded(&app, "203.0.113.2:4711"), 0);
    let many = format!("{}203.0.113.2", "198.51.100.1, ".repeat(49));
    assert_eq!(n_forwarded(&app, &many), 0);
    let answer = app.anonymous().get(NOTES).header("X-Forwarded-For", "203.0.113.1").send();
    let line = app.log_line(&answer);
    assert_eq!(line["client"], "203.0.113.1");
    assert!(line["peer"].as_str().unwrap().starts_with("127.0.0.1"), "{line}");
}

#[test]
fn addresses_of_one_ipv6_network_are_one_client() {
    let app = app("3/h").with_trusted_proxies(&["127.0.0.1"]).start();
    assert_eq!(n_forwarded(&app, "2001:db8:0:1::1"), 3);
    assert_eq!(n_forwarded(&app, "2001:db8:0:1:ffff:ffff:ffff:ffff"), 0);
    assert_eq!(n_forwarded(&app, "[2001:db8:0:1::7]:443"), 0);
    assert_eq!(n_forwarded(&app, "2001:db8:0:2::1"), 3);
}

#[test]
fn row_69_what_a_proxy_cannot_have_sent_counts_for_the_proxy() {
    let app = app("3/h").with_trusted_proxies(&["127.0.0.0/8"]).start();
    let fifty = vec!["127.0.0.2"; 50].join(", ");
    assert_eq!(n_forwarded(&app, "garbage"), 3);
    for value in ["fe80::1%eth0", "unknown", "", "203.0.113.1,", "1.2.3", "[::1]", &fifty] {
        assert_eq!(n_forwarded(&app, value), 0, "{value}");
    }
    // Two lines are one list.
    let two = app.anonymous().get(NOTES).header("X-Forwarded-For", "203.0.113.1");
    let _ = two.header("X-Forwarded-For", "127.0.0.9").send().is(200);
    assert_eq!(n_forwarded(&app, "203.0.113.1"), 2);
}

#[test]
fn requests_at_the_same_time_get_exactly_the_quota() {
    let app = app("30/h").start();
    let total = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let n = n_admitted(&app.anonymous(), None);
                total.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
            });
        }
    });
    assert_eq!(total.into_inner(), 30);
}

#[test]
fn a_connection_that_stays_open_is_counted_like_many() {
    let app = app("3/h").start();
    let mut wire = app.wire();
    let statuses: Vec<u16> = (0..5)
        .map(|_| {
            wire.send(format!("GET {NOTES} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            wire.answer().status
        })
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let _ = get(&app, NOTES).is(429);
}

#[test]
fn a_clock_that_jumps_locks_nobody_out() {
    let app = app("2/min").start();
    assert_eq!(n_admitted(&app.anonymous(), None), 2);
    app.clock().advance(-60 * MINUTE);
    assert_eq!(n_admitted(&app.anonymous(), None), 0);
    app.clock().advance(MINUTE);
    assert_eq!(n_admitted(&app.anonymous(), None), 2);
    assert!(app.clock().now() > Timestamp(0));
}
