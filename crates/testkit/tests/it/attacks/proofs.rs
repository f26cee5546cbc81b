//! Attacks on what proves who somebody is: tokens, sessions, links and codes, over real connections.

use std::sync::Barrier;
use std::thread;

use rusqlite::Connection;
use serde_json::{Value, json};
use underpin_accounts::{Settings, Verification};
use underpin_testkit::{Answer, Client, Request, TestApp};

const SCHEMA: &str = r#"type User @model @account(identity: ["email"]) { email: Email! @unique }"#;
const AUTH: &str = "/api/v1/auth";
pub(super) const ME: &str = "/api/v1/auth/me";
const PASSWORD: &str = "correct horse battery";

/// Tokens of one session.
pub(super) struct Session {
    pub(super) access: String,
    refresh: String,
}

impl Session {
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        let body = answer.json();
        let text = |name: &str| body["data"][name].as_str().unwrap().to_owned();
        Self { access: text("accessToken"), refresh: text("refreshToken") }
    }
}

pub(super) fn settings() -> Settings {
    Settings { verification: Verification::Optional, ..Settings::default() }
}

pub(super) fn start() -> TestApp {
    TestApp::of(SCHEMA).with_settings(settings()).with_mail().start()
}

fn ask(app: &TestApp, path: &str, body: &Value) -> Request {
    app.anonymous().post(&format!("{AUTH}/{path}"), body)
}

#[track_caller]
pub(super) fn register(app: &TestApp, email: &str) -> Session {
    let answer = ask(app, "register", &json!({ "email": email, "password": PASSWORD })).send();
    Session::of(&answer.is(201))
}

/// As [`register`], with the address proved.
#[track_caller]
fn prove(app: &TestApp, email: &str) -> Session {
    let _ = register(app, email);
    let token = json!({ "token": link(app) });
    Session::of(&ask(app, "verify-email", &token).send().is(200))
}

#[track_caller]
fn login(app: &TestApp, email: &str) -> Session {
    let answer = ask(app, "login", &json!({ "email": email, "password": PASSWORD })).send();
    Session::of(&answer.is(200))
}

fn refresh(app: &TestApp, token: &str) -> Answer {
    ask(app, "refresh", &json!({ "refreshToken": token })).send()
}

/// The token that the next mail with a link brings.
#[track_caller]
fn link(app: &TestApp) -> String {
    loop {
        let mail = app.next_mail();
        let rest = mail.text().split("#token=").nth(1);
        if let Some(token) = rest.and_then(|rest| rest.split_whitespace().next()) {
            return token.to_owned();
        }
    }
}

/// Sends all requests at the same moment, each over a connection of its own.
fn at_once(requests: Vec<Request>) -> Vec<Answer> {
    let gate = Barrier::new(requests.len());
    thread::scope(|scope| {
        let send = |request: Request| {
            let gate = &gate;
            scope.spawn(move || {
                gate.wait();
                request.send()
            })
        };
        let sent: Vec<_> = requests.into_iter().map(send).collect();
        sent.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Another server on a copy of what the first has stored, as after a restart.
pub(super) fn restarted(app: &TestApp, settings: Settings) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let original = Connection::open(app.database()).unwrap();
    original.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    TestApp::of(SCHEMA).with_settings(settings).with_mail().with_database(&copy).start()
}

/// A way that sessions end.
struct End {
    name: &'static str,
    end: fn(&TestApp, &Client, &str),
    /// Whether the session that asked, the others and the key go on.
    goes_on: [bool; 3],
}

fn ends() -> [End; 7] {
    [
        End {
            name: "logout",
            end: |_, own, _| drop(own.post(&format!("{AUTH}/logout"), &json!({})).send().is(204)),
            goes_on: [false, true, true],
        },
        End {
            name: "end-others",
            end: |_, own, _| drop(own.delete(&format!("{AUTH}/sessions")).send().is(204)),
            goes_on: [true, false, true],
        },
        End {
            name: "change-password",
            end: |_, own, _| {
                let body =
                    json!({ "currentPassword": PASSWORD, "newPassword": "another long one" });
                drop(own.post(&format!("{AUTH}/change-password"), &body).send().is(204));
            },
            goes_on: [true, false, true],
        },
        End {
            name: "end-by-admin",
            end: |app, _, id| {
                let path = format!("{AUTH}/users/{id}/sessions");
                drop(app.admin().delete(&path).send().is(204));
            },
            goes_on: [false, false, true],
        },
        End {
            name: "reset",
            end: |app, _, _| {
                let email = json!({ "email": "reset@example.com" });
                let _ = ask(app, "forgot-password", &email).send().is(202);
                let body = json!({ "token": link(app), "password": "another long one" });
                drop(ask(app, "reset-password", &body).send().is(204));
            },
            // Whoever had the password may have made the key.
            goes_on: [false, false, false],
        },
        End {
            name: "suspend",
            end: |app, _, id| {
                let path = format!("{AUTH}/users/{id}/suspend");
                drop(app.admin().post(&path, &json!({})).send().is(204));
            },
            goes_on: [false, false, false],
        },
        End {
            name: "delete",
            end: |_, own, _| {
                let body = json!({ "currentPassword": PASSWORD });
                drop(own.request("DELETE", ME).json(&body).send().is(204));
            },
            goes_on: [false, false, false],
        },
    ]
}

/// What each end ends: the access token and the refresh token of the session that asked, those of
/// another session, a cookie, and an API key.
#[test]
fn what_ended_is_over_for_every_credential_of_it() {
    let app = start();
    for case in ends() {
        let email = format!("{}@example.com", case.name);
        let own = prove(&app, &email);
        let other = login(&app, &email);
        let body = json!({ "email": email, "password": PASSWORD, "cookies": true });
        let browser = ask(&app, "login", &body).send().is(200);
        let cookie = browser.headers("Set-Cookie").find(|it| it.starts_with("__Host-access="));
        let cookie = cookie.unwrap().split(';').next().unwrap();
        let client = app.bearer(&own.access);
        let body = json!({ "name": "script", "currentPassword": PASSWORD });
        let key = client.post(&format!("{AUTH}/keys"), &body).send().is(201).json();
        let key = key["data"]["key"].as_str().or(key["data"]["token"].as_str()).unwrap().to_owned();
        let id = client.get(ME).send().is(200).json()["data"]["user"]["id"].clone();
        let by_cookie = || app.anonymous().get(ME).header("Cookie", cookie).send().status();
        let by = |token: &str| app.bearer(token).get(ME).send().status();
        // Believed, and remembered as such, before the end.
        assert_eq!([by(&own.access), by(&other.access), by_cookie(), by(&key)], [200; 4]);

        (case.end)(&app, &client, id.as_str().unwrap());

        let status = |goes_on: bool| if goes_on { 200 } else { 401 };
        let [goes_on, others, keys] = case.goes_on.map(status);
        let found = [by(&own.access), by(&other.access), by_cookie(), by(&key)];
        assert_eq!(found, [goes_on, others, others, keys], "{}", case.name);
        let found = [&own.refresh, &other.refresh].map(|token| refresh(&app, token).status());
        assert_eq!(found, [goes_on, others], "{}", case.name);
    }
}

/// A server that starts again on the same database does not forget what ended or was used.
#[test]
fn a_restart_revives_nothing() {
    let app = start();
    let gone = prove(&app, "ada@example.com");
    let kept = login(&app, "ada@example.com");
    let _ = ask(&app, "magic-link", &json!({ "email": "ada@example.com" })).send().is(202);
    let token = json!({ "token": link(&app) });
    let entered = Session::of(&ask(&app, "login/link", &token).send().is(200));
    for session in [&gone, &entered] {
        let path = format!("{AUTH}/logout");
        let _ = app.bearer(&session.access).post(&path, &json!({})).send().is(204);
    }

    let again = restarted(&app, settings());
    for session in [&gone, &entered] {
        let _ = again.bearer(&session.access).get(ME).send().is_error(401, "UNAUTHENTICATED");
        let _ = refresh(&again, &session.refresh).is(401);
    }
    let _ = ask(&again, "login/link", &token).send().is_error(400, "INVALID_TOKEN");
    // What did not end goes on: the refusals above are not those of a server that knows nobody.
    let _ = again.bearer(&kept.access).get(ME).send().is(200);
    let _ = refresh(&again, &kept.refresh).is(200);
}

/// Guesses at a code are counted in the database: a restart gives no new ones.
#[test]
fn a_restart_gives_no_new_guesses() {
    let app = start();
    let _ = prove(&app, "ada@example.com");
    let _ = ask(&app, "code", &json!({ "email": "ada@example.com" })).send().is(202);
    let mail = app.next_mail();
    let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    let right = mail.text().split_whitespace().find(digits).unwrap().to_owned();
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let attempt = |app: &TestApp, code: &str| {
        let body = json!({ "email": "ada@example.com", "code": code });
        ask(app, "login/code", &body).send().status()
    };
    for _ in 0..4 {
        assert_eq!(attempt(&app, wrong), 400);
    }
    let with_one_left = restarted(&app, settings());
    assert_eq!(attempt(&with_one_left, &right), 200);
    assert_eq!(attempt(&app, wrong), 400);
    let with_none_left = restarted(&app, settings());
    assert_eq!(attempt(&with_none_left, &right), 400);
}

/// Of a hundred wrong codes at the same moment, spelled for one address in many ways, five count:
/// the right one is refused after them.
#[test]
fn spelling_an_address_otherwise_gives_no_new_guesses() {
    let app = start();
    let _ = prove(&app, "ada@example.com");
    let _ = ask(&app, "code", &json!({ "email": "ada@example.com" })).send().is(202);
    let mail = app.next_mail();
    let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    let right = mail.text().split_whitespace().find(digits).unwrap().to_owned();
    let spellings = ["ada@example.com", "ADA@example.com", "Ada@Example.Com", "aDa@eXAMPLE.cOM"];
    let guesses = (0..100).map(|n| {
        // Never the right one: as long, and other in its first digit.
        let first = if right.starts_with('9') { '8' } else { '9' };
        let body = json!({ "email": spellings[n % 4], "code": format!("{first}{n:05}") });
        ask(&app, "login/code", &body)
    });
    for answer in at_once(guesses.collect()) {
        assert_eq!(answer.status(), 400, "{answer}");
    }
    for email in spellings {
        let body = json!({ "email": email, "code": right });
        let _ = ask(&app, "login/code", &body).send().is_error(400, "INVALID_TOKEN");
    }
}

/// Of many who use one link at the same moment, one gets in.
#[test]
fn a_link_opens_once_however_many_use_it_at_once() {
    let app = start();
    let _ = register(&app, "ada@example.com");
    let verification = link(&app);
    let _ = prove(&app, "bob@example.com");
    let _ = ask(&app, "magic-link", &json!({ "email": "bob@example.com" })).send().is(202);
    let magic = link(&app);
    for (path, token) in [("login/link", magic), ("verify-email", verification)] {
        let body = json!({ "token": token });
        let answers = at_once((0..50).map(|_| ask(&app, path, &body)).collect());
        let count = |status: u16| answers.iter().filter(|it| it.status() == status).count();
        assert_eq!((count(200), count(400)), (1, 49), "{path}");
    }
}

/// Of a hundred who refresh with one token at the same moment, all hold the same successor.
#[test]
fn a_token_has_one_successor_over_a_hundred_connections() {
    let app = start();
    let session = register(&app, "ada@example.com");
    let body = json!({ "refreshToken": session.refresh });
    let answers = at_once((0..100).map(|_| ask(&app, "refresh", &body)).collect());
    let mut successors: Vec<String> =
        answers.iter().map(|answer| Session::of(answer).refresh).collect();
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_ne!(successors[0], session.refresh);
}

/// Status, headers and body are the same to the byte for an address that has an account and one
/// that has none.
#[test]
fn no_answer_tells_whether_an_address_has_an_account() {
    let settings = Settings::default();
    let app = TestApp::of(SCHEMA).with_settings(settings).with_mail().start();
    let known = json!({ "email": "ada@example.com", "password": PASSWORD });
    let _ = ask(&app, "register", &known).send().is(202);
    let token = link(&app);
    let _ = ask(&app, "verify-email", &json!({ "token": token })).send().is(200);
    for path in [
        "login",
        "login/code",
        "forgot-password",
        "magic-link",
        "code",
        "resend-verification",
        "register",
    ] {
        let told = |email: &str| {
            let mut body = json!({ "email": email });
            match path {
                "login" => body["password"] = json!("wrong horse battery"),
                "register" => body["password"] = json!(PASSWORD),
                "login/code" => body["code"] = json!("000000"),
                _ => {}
            }
            let answer = ask(&app, path, &body).header("X-Request-Id", "attack").send();
            let names = ["Content-Type", "Content-Length", "Cache-Control", "WWW-Authenticate"];
            let headers = names.map(|name| answer.header(name).map(str::to_owned));
            assert_eq!(answer.headers("Set-Cookie").count(), 0);
            (answer.status(), headers, answer.bytes().to_vec())
        };
        assert_eq!(told("ada@example.com"), told("eve@example.com"), "{path}");
    }
}
