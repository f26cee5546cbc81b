//! Row 66: what a browser's cookies may, and what keeps other sites from using them; and rows 22
//! and 62: what mails say of a request that lies about where it was sent.

use serde_json::{Value, json};
use underpin_accounts::{Settings, Verification};
use underpin_testkit::{Answer, Request, TestApp};

const SCHEMA: &str = r#"
type User @model @account(identity: ["email"])
  @access(read: "row.id == auth.id", update: "row.id == auth.id") {
  email: Email! @unique
  name: String
  notes: [Note!]! @relation(field: "author")
}

type Note @model @access(read: "row.author == auth.id", create: "row.author == auth.id") {
  author: User! @default(auth: true) @relation(onDelete: CASCADE)
  text: String!
}
"#;

const AUTH: &str = "/api/v1/auth";
const NOTES: &str = "/api/v1/notes";
pub(crate) const PASSWORD: &str = "two walnuts under a bridge";

fn settings() -> Settings {
    Settings { verification: Verification::Optional, ..Settings::default() }
}

pub(crate) fn app() -> TestApp {
    let setup = TestApp::of(SCHEMA).with_settings(settings());
    setup.with_origins(&["https://shop.example"]).start()
}

/// The access token of a program that registers.
#[track_caller]
pub(crate) fn token_of(app: &TestApp, email: &str) -> String {
    let body = json!({ "email": email, "password": PASSWORD });
    let answer = app.anonymous().post(&format!("{AUTH}/register"), &body).send().is(201);
    answer.json()["data"]["accessToken"].as_str().expect("a token").to_owned()
}

/// Cookies, as a browser keeps them.
#[derive(Debug, Clone, Default, PartialEq)]
struct Jar {
    access: String,
    refresh: String,
    csrf: String,
}

impl Jar {
    /// Somebody who registers in a browser.
    #[track_caller]
    fn of(app: &TestApp, email: &str) -> Self {
        let body = json!({ "email": email, "password": PASSWORD, "cookies": true });
        let answer = app.anonymous().post(&format!("{AUTH}/register"), &body).send().is(201);
        Self::set_by(&answer)
    }

    #[track_caller]
    fn set_by(answer: &Answer) -> Self {
        let value = |name: &str| {
            let start = format!("__Host-{name}=");
            let cookie = answer.headers("set-cookie").find_map(|line| line.strip_prefix(&start));
            let cookie = cookie.unwrap_or_else(|| panic!("{name} is not set: {answer}"));
            assert!(cookie.contains("; Path=/;") && cookie.contains("; Secure;"), "{cookie}");
            assert_eq!(cookie.contains("; HttpOnly;"), name != "csrf", "{cookie}");
            assert!(cookie.ends_with("; SameSite=Lax"), "{cookie}");
            cookie.split(';').next().unwrap_or_default().to_owned()
        };
        Self { access: value("access"), refresh: value("refresh"), csrf: value("csrf") }
    }

    /// A request as any site can have the browser send it.
    fn forged(&self, app: &TestApp, method: &str, path: &str) -> Request {
        let Self { access, refresh, csrf } = self;
        let cookies = format!(
            "theme=dark; __Host-access={access}; __Host-refresh={refresh}; __Host-csrf={csrf}"
        );
        app.anonymous().request(method, path).header("Cookie", &cookies)
    }

    /// A request of a page of the server's own.
    fn own(&self, app: &TestApp, method: &str, path: &str) -> Request {
        let request = self.forged(app, method, path);
        request.header("Origin", &origin(app)).header("X-CSRF-Token", &self.csrf)
    }
}

fn origin(app: &TestApp) -> String {
    format!("http://{}", app.address())
}

/// That the answer has the browser forget the session.
#[track_caller]
fn forgets(answer: &Answer) {
    for name in ["access", "refresh", "csrf"] {
        let start = format!("__Host-{name}=; Path=/; Max-Age=0;");
        assert!(answer.headers("set-cookie").any(|line| line.starts_with(&start)), "{answer}");
    }
}

fn note() -> Value {
    json!({ "text": "one" })
}

#[test]
fn a_browser_gets_no_token_to_lose() {
    let app = app();
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "cookies": true });
    let answer = app.anonymous().post(&format!("{AUTH}/register"), &body).send().is(201);
    let jar = Jar::set_by(&answer);
    let body = answer.has_header("cache-control", "no-store").json();
    assert_eq!(body["data"]["csrfToken"], jar.csrf);
    assert_eq!(body["data"]["user"]["email"], "ada@example.com");
    let text = body.to_string();
    assert!(!text.contains(&jar.access) && !text.contains(&jar.refresh), "{text}");
    // A program gets tokens, and no cookies.
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = app.anonymous().post(&format!("{AUTH}/login"), &body).send().is(200);
    let answer = answer.lacks_header("set-cookie");
    let token = answer.json()["data"]["accessToken"].as_str().expect("a token").to_owned();
    let _ = app.bearer(&token).get(&format!("{AUTH}/me")).send().is(200);
}

#[test]
fn row_66_a_change_by_cookie_takes_proof_that_a_page_of_ours_asked() {
    let app = app();
    let (ada, bob) = (Jar::of(&app, "ada@example.com"), Jar::of(&app, "bob@example.com"));
    let own = origin(&app);
    let name = json!({ "name": "Ada" });
    for (method, path, body) in [
        ("POST", NOTES, &note()),
        ("PATCH", "/api/v1/auth/me", &name),
        ("POST", "/api/v1/auth/logout", &json!({})),
    ] {
        let forged = || ada.forged(&app, method, path).json(body);
        let refused = |request: Request| drop(request.send().is_error(403, "CSRF_FAILED"));
        refused(forged());
        refused(forged().header("X-CSRF-Token", &ada.csrf));
        for foreign in ["null", "http://evil.test", &format!("{own}.evil.test"), "http://localhost"]
        {
            refused(forged().header("Origin", foreign).header("X-CSRF-Token", &ada.csrf));
        }
        refused(forged().header("Origin", &own));
        for wrong in ["", "x", &bob.csrf, &ada.csrf[1..], &ada.csrf.to_lowercase()] {
            refused(forged().header("Origin", &own).header("X-CSRF-Token", wrong));
        }
        let twice = forged().header("Origin", &own).header("X-CSRF-Token", &ada.csrf);
        refused(twice.header("X-CSRF-Token", &ada.csrf));
    }
    let notes = || ada.forged(&app, "GET", NOTES).send().is(200).json();
    assert_eq!(notes()["data"], json!([]));
    let _ = ada.own(&app, "POST", NOTES).json(&note()).send().is(201);
    assert_eq!(notes()["data"].as_array().map(Vec::len), Some(1));
    let allowed = ada.forged(&app, "POST", NOTES).header("Origin", "https://shop.example");
    let _ = allowed.header("X-CSRF-Token", &ada.csrf).json(&note()).send().is(201);
}

#[test]
fn a_header_of_a_program_needs_no_such_proof() {
    let app = app();
    let jar = Jar::of(&app, "ada@example.com");
    let token = token_of(&app, "bob@example.com");
    let request =
        jar.forged(&app, "POST", NOTES).header("Authorization", &format!("Bearer {token}"));
    let made = request.json(&note()).send().is(201).json();
    let me = app.bearer(&token).get(&format!("{AUTH}/me")).send().is(200).json();
    assert_eq!(made["data"]["author"], me["data"]["user"]["id"]);
}

#[test]
fn a_refresh_by_cookie_takes_the_same_proof_and_moves_the_cookies_on() {
    let app = app();
    let jar = Jar::of(&app, "ada@example.com");
    let path = format!("{AUTH}/refresh");
    for request in [
        jar.forged(&app, "POST", &path),
        jar.forged(&app, "POST", &path).header("Origin", &origin(&app)),
        jar.forged(&app, "POST", &path).header("X-CSRF-Token", &jar.csrf),
    ] {
        let _ = request.send().is_error(403, "CSRF_FAILED").lacks_header("set-cookie");
    }
    let answer = jar.own(&app, "POST", &path).send().is(200);
    let next = Jar::set_by(&answer);
    assert_ne!(next.refresh, jar.refresh);
    assert!(!answer.json().to_string().contains(&next.refresh));
    let _ = next.forged(&app, "GET", &format!("{AUTH}/me")).send().is(200);
    // What a cookie held is good for nothing in a body.
    let body = json!({ "refreshToken": next.refresh });
    let _ = app.anonymous().post(&path, &body).send().is_error(401, "UNAUTHENTICATED");
}

#[test]
fn cookies_of_a_session_that_ended_are_forgotten() {
    let app = app();
    let jar = Jar::of(&app, "ada@example.com");
    forgets(&jar.own(&app, "POST", &format!("{AUTH}/logout")).send().is(204));
    let me = jar.forged(&app, "GET", &format!("{AUTH}/me")).send();
    let _ = me.is_error(401, "UNAUTHENTICATED");
    forgets(&jar.own(&app, "POST", &format!("{AUTH}/refresh")).send().is(401));
    let nonsense = Jar { refresh: "nonsense".to_owned(), ..jar };
    forgets(&nonsense.own(&app, "POST", &format!("{AUTH}/refresh")).send().is(401));
}

#[test]
fn a_key_is_no_cookie() {
    let setup = TestApp::of(SCHEMA).with_settings(settings()).with_stored_key("robot", &[]);
    let app = setup.start();
    let cookie = format!("__Host-access={}", app.key("robot"));
    let answer = app.anonymous().get(&format!("{AUTH}/me")).header("Cookie", &cookie).send();
    let _ = answer.is_error(401, "UNAUTHENTICATED");
}

#[test]
fn row_62_links_are_made_of_the_configured_url_alone() {
    let links = "https://app.example.com/account".to_owned();
    let settings = Settings { links: links.clone(), ..settings() };
    let app = TestApp::of(SCHEMA).with_settings(settings).with_mail().start();
    let ada = Jar::of(&app, "ada@example.com");
    let first = app.next_mail();
    assert!(first.text().contains(&format!("{links}/verify-email#token=")), "{}", first.text());
    let email = json!({ "email": "ada@example.com" });
    let new_email = json!({ "email": "eve@example.com", "currentPassword": PASSWORD });
    for (path, body) in [
        ("resend-verification", &email),
        ("magic-link", &email),
        ("forgot-password", &email),
        ("change-email", &new_email),
    ] {
        let request = ada.own(&app, "POST", &format!("{AUTH}/{path}")).json(body);
        let request = request
            .header("Forwarded", "host=evil.test;proto=https")
            .header("X-Forwarded-Host", "evil.test")
            .header("X-Forwarded-Proto", "ftp")
            .header("X-Forwarded-Prefix", "/evil.test")
            .header("X-Original-URL", "https://evil.test/")
            .header("X-Host", "evil.test")
            .header("Referer", "https://evil.test/");
        let _ = request.send().is(202).has_body(&json!({ "data": { "accepted": true } }));
        let mail = app.next_mail();
        assert!(mail.text().contains(&format!("{links}/")), "{path}: {}", mail.text());
        let page = mail.html().unwrap_or_default();
        for text in [mail.text(), page] {
            assert!(!text.contains("evil"), "{path}: {text}");
        }
        let mut injected = body.clone();
        injected["reset_url"] = json!("https://evil.test/");
        let answer = ada.own(&app, "POST", &format!("{AUTH}/{path}")).json(&injected).send();
        let _ = answer.is_error(400, "VALIDATION_ERROR");
        let lying = ada.own(&app, "POST", &format!("http://evil.test{AUTH}/{path}")).json(body);
        let _ = lying.send().is_error(421, "MISDIRECTED_REQUEST");
    }
}

#[test]
fn the_link_of_a_mail_logs_a_browser_in_once() {
    let app = TestApp::of(SCHEMA).with_settings(settings()).with_mail().start();
    let _ = Jar::of(&app, "ada@example.com");
    let mail = app.next_mail();
    let token = mail.text().split("#token=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let body = json!({ "token": token.expect("a link"), "cookies": true });
    let verify = || app.anonymous().post(&format!("{AUTH}/verify-email"), &body).send();
    let jar = Jar::set_by(&verify().is(200));
    let me = jar.forged(&app, "GET", &format!("{AUTH}/me")).send().is(200).json();
    assert_eq!(me["data"]["verified"], true);
    let _ = verify().is_error(400, "INVALID_TOKEN");
}
