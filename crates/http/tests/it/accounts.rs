//! What HTTP adds to accounts: places, media types, limits of tries, cookies, and the page that
//! links of mails lead to.

use serde_json::{Value, json};
use underpin_http::Tiers;
use underpin_testkit::{Answer, TestApp};

use crate::shop::Shop;

const LOGIN: &str = "/api/v1/auth/login";

fn login(email: &str) -> Value {
    json!({ "email": email, "password": "correct horse battery" })
}

#[test]
fn row_14_only_json_proves_who_somebody_is() {
    let shop = Shop::start();
    let body = login("ada@example.com").to_string().into_bytes();
    for media in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/merge-patch+json",
        "application/json; charset=utf-16",
    ] {
        for path in ["login", "refresh", "register", "logout"] {
            let request = shop.app.user("ada").request("POST", &format!("/api/v1/auth/{path}"));
            let request = request.header("Cookie", "__Host-refresh=x");
            let answer = request.bytes(media, body.clone()).send();
            // A fixed actor of the tests has no session, so that one thing is refused before.
            let refused =
                if path == "logout" { (403, "FORBIDDEN") } else { (415, "UNSUPPORTED_MEDIA_TYPE") };
            shop.refused(&answer, refused.0, refused.1);
        }
    }
}

#[test]
fn nothing_about_accounts_is_ever_kept() {
    let shop = Shop::start();
    let anonymous = shop.app.anonymous();
    for answer in [
        anonymous.post(LOGIN, &json!({})).send().is(400),
        anonymous.get("/api/v1/auth/me").send().is(401),
        shop.app.user("ada").get("/api/v1/auth/me").send().is(200),
        anonymous.get("/api/v1/auth/oauth/nobody/callback?code=c&state=s").send(),
    ] {
        let _ = answer.has_header("cache-control", "no-store");
    }
}

#[test]
fn a_secret_in_the_query_is_refused() {
    let shop = Shop::start();
    let answer = shop.app.anonymous().post("/api/v1/auth/verify-email?token=t", &json!({})).send();
    shop.refused(&answer, 400, "UNKNOWN_PARAMETER");
    let twice = shop.app.anonymous().get("/api/v1/auth/oauth/nobody/callback?state=a&state=b");
    shop.refused(&twice.send(), 400, "INVALID_PARAMETER");
}

#[test]
fn row_59_a_header_counts_once_and_before_a_cookie() {
    let shop = Shop::start();
    for path in ["/api/v1/products", "/api/v1/auth/me"] {
        let get = |value: &str| shop.app.anonymous().get(path).header("Authorization", value);
        let twice = get("Bearer test-ada").header("Authorization", "Bearer test-ada").send();
        shop.refused(&twice, 400, "INVALID_HEADER");
        for wrong in ["Bearer test-ad", "Bearer test-adaa", "Bearer TEST-ADA", "Basic dGVzdA=="] {
            shop.refused(&get(wrong).send(), 401, "UNAUTHENTICATED");
        }
        let cookies = "__Host-access=a; __Host-access=a";
        let _ = get("Bearer test-ada").header("Cookie", cookies).send().is(200);
        let twice = shop.app.anonymous().get(path).header("Cookie", cookies).send();
        shop.refused(&twice, 400, "INVALID_HEADER");
        // Keys are not kept in cookies, and neither is what stands for an actor of the tests.
        let key = shop.app.anonymous().get(path).header("Cookie", "__Host-access=test-ada").send();
        shop.refused(&key, 401, "UNAUTHENTICATED");
    }
}

#[test]
fn credentials_make_no_difference_to_what_anybody_may() {
    let shop = Shop::start();
    let plain = shop.app.anonymous().post(LOGIN, &json!({})).send().is(400).error_code();
    let wrong = shop.app.anonymous().post(LOGIN, &json!({}));
    let wrong = wrong.header("Authorization", "Bearer nonsense").send().is(400).error_code();
    assert_eq!(plain, wrong);
}

#[test]
fn whoever_is_not_believed_is_told_what_proves_it() {
    let app = app("unlimited", "unlimited");
    let wrong = app.anonymous().post(LOGIN, &login("nobody@example.com")).send();
    let _ = wrong.is_error(401, "INVALID_CREDENTIALS").has_header("www-authenticate", "Bearer");
    let _ = app.anonymous().get("/api/v1/auth/me").send().is_error(401, "UNAUTHENTICATED");
}

fn app(address: &str, account: &str) -> TestApp {
    let quota = |text: &str| text.parse().expect("a quota");
    let tiers = Tiers {
        authentication: quota(address),
        authentication_account: quota(account),
        ..Tiers::unlimited()
    };
    let schema = r#"type User @model @account(identity: ["email"]) { email: Email! @unique }"#;
    TestApp::of(schema).with_tiers(tiers).start()
}

fn is_limited(answer: &Answer) -> bool {
    answer.error_code().as_deref() == Some("RATE_LIMITED")
}

#[test]
fn row_34_an_account_has_one_count_of_tries_however_it_is_spelled() {
    let app = app("unlimited", "3/h");
    let attempt =
        |path: &str, email: &str| is_limited(&app.anonymous().post(path, &login(email)).send());
    for email in ["ada@example.com", "Ada@Example.COM", "ADA@EXAMPLE.COM"] {
        assert!(!attempt(LOGIN, email), "{email}");
    }
    assert!(attempt(LOGIN, "aDA@example.com"));
    // Escapes in JSON spell nothing else either.
    let escaped = br#"{"email":"\u0061da@example.com","password":"x"}"#.to_vec();
    let escaped = app.anonymous().request("POST", LOGIN).bytes("application/json", escaped).send();
    assert!(is_limited(&escaped));
    for path in ["/api/v1/auth/Login", "/api/v1/auth/login/", "/api/v1//auth/login"] {
        let _ = app.anonymous().post(path, &login("ada@example.com")).send().is(404);
    }
    assert!(!attempt(LOGIN, "bob@example.com"));
    assert!(!attempt("/api/v1/auth/forgot-password", "ada@example.com"));
}

#[test]
fn row_34_an_address_is_counted_before_anything_is_read() {
    let app = app("2/h", "unlimited");
    for email in ["ada@example.com", "bob@example.com"] {
        assert!(!is_limited(&app.anonymous().post(LOGIN, &login(email)).send()));
    }
    let mut wire = app.wire();
    wire.send(format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n"
    ));
    assert_eq!(wire.answer().status, 429);
    let spoofed = app.anonymous().post(LOGIN, &login("ada@example.com"));
    assert!(is_limited(&spoofed.header("X-Forwarded-For", "203.0.113.9").send()));
}

#[test]
fn what_a_provider_posts_becomes_a_navigation_of_the_browsers_own() {
    let shop = Shop::start();
    let path = "/api/v1/auth/oauth/apple/callback";
    let post = |media: &str, form: &str| {
        let request = shop.app.anonymous().request("POST", path);
        request.bytes(media, form.as_bytes().to_vec()).send()
    };
    let form = "application/x-www-form-urlencoded";
    let answer = post(form, "code=a%2Bb&state=s+t&user=%7B%7D%0d%0aX:%20y").is(303);
    let location = format!("{path}?code=a%2Bb&state=s%20t&user=%7B%7D%0D%0AX%3A%20y");
    let _ = answer.has_header("location", &location).has_header("cache-control", "no-store");
    shop.refused(&post("application/json", "{}"), 415, "UNSUPPORTED_MEDIA_TYPE");
    shop.refused(&post(form, "code=%zz"), 400, "INVALID_PARAMETER");
    shop.refused(&post(form, &format!("code={}", "a".repeat(9_000))), 413, "BODY_TOO_LARGE");
}

#[test]
fn the_page_that_mails_lead_to_runs_its_own_script_alone() {
    let shop = Shop::start();
    let page = shop.app.anonymous().get("/auth/").send().is(200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let text = String::from_utf8(page.bytes().to_vec()).unwrap();
    assert!(!text.contains("style=") && !text.contains("onclick") && !text.contains("http"));
    let files: Vec<&str> = text.split('"').filter(|text| text.starts_with("/auth/")).collect();
    assert_eq!(files, ["/auth/page.css", "/auth/page.js"]);
    for file in files {
        let _ = shop.app.anonymous().get(file).send().is(200);
    }
    for task in ["verify-email", "reset-password", "magic-link", "setup"] {
        let same = shop.app.anonymous().get(&format!("/auth/{task}?token=t")).send().is(200);
        assert_eq!(same.bytes(), text.as_bytes());
    }
    let _ = shop.app.anonymous().get("/auth/nothing").send().is_error(404, "NOT_FOUND");
}

#[test]
fn the_keys_of_access_tokens_are_public() {
    let shop = Shop::start();
    let keys = shop.app.anonymous().get("/.well-known/jwks.json").send().is(200).json();
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("EC"), &json!("P-256"), &json!("ES256"))
    );
    assert!(key.get("d").is_none(), "{key}");
}

#[test]
fn row_67_no_other_origin_reads_an_answer() {
    let shop = Shop::start();
    for origin in ["null", "http://evil.test", "http://localhost.evil.test", "http://localhost"] {
        for method in ["GET", "OPTIONS"] {
            let request = shop.app.anonymous().request(method, "/api/v1/products");
            let request = request.header("Origin", origin);
            let answer = request.header("Access-Control-Request-Method", "POST").send();
            for name in ["origin", "credentials", "methods", "headers"] {
                let name = format!("access-control-allow-{name}");
                assert_eq!(answer.header(&name), None, "{origin}");
            }
        }
    }
}
