//! Every door of accounts, tried by those who have no business there. The doors are those that the
//! contract names, so that one added later is tried as well.

use serde_json::{Value, json};
use underpin_accounts::{Access, OPERATIONS, Settings, Verification};
use underpin_testkit::{Client, TestApp};

const SCHEMA: &str = r#"type User @model @account(identity: ["email"]) { email: Email! @unique }"#;
const ID: &str = "00000000-0000-7000-8000-000000000001";

struct Door {
    method: String,
    path: String,
    access: Access,
}

fn doors(app: &TestApp) -> Vec<Door> {
    let contract = app.admin().get("/openapi.json").send().is(200).json();
    let mut doors = Vec::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = &operation["operationId"];
            let Some(found) = OPERATIONS.iter().find(|it| name == it.name) else { continue };
            let mut path = path.clone();
            while let (Some(open), Some(close)) = (path.find('{'), path.find('}')) {
                path.replace_range(open..=close, ID);
            }
            let method = method.to_uppercase();
            doors.push(Door { method, path, access: found.access });
        }
    }
    let closed = doors.iter().filter(|door| door.access != Access::Public).count();
    assert!(closed > 30, "the contract names {closed} closed doors");
    doors
}

fn knock(client: &Client, door: &Door) -> u16 {
    let request = client.request(&door.method, &door.path);
    let bodied = door.method != "GET";
    let request = if bodied { request.json(&json!({})) } else { request };
    request.send().status()
}

fn start() -> TestApp {
    let settings = Settings { verification: Verification::Optional, ..Settings::default() };
    TestApp::of(SCHEMA)
        .with_settings(settings)
        .with_mail()
        .with_stored_key("robot", &["admin"])
        .start()
}

#[track_caller]
fn register(app: &TestApp) -> Value {
    let body = json!({ "email": "eve@example.com", "password": "correct horse battery" });
    let answer = app.anonymous().post("/api/v1/auth/register", &body).send().is(201);
    answer.json()["data"].clone()
}

#[test]
fn nobody_unknown_passes_a_closed_door() {
    let app = start();
    for door in doors(&app).iter().filter(|door| door.access != Access::Public) {
        assert_eq!(knock(&app.anonymous(), door), 401, "{} {}", door.method, door.path);
    }
}

#[test]
fn an_ordinary_user_passes_no_door_of_administrators() {
    let app = start();
    let token = register(&app)["accessToken"].as_str().unwrap().to_owned();
    for door in doors(&app) {
        if let Access::Permission(_) = door.access {
            let status = knock(&app.bearer(&token), &door);
            assert_eq!(status, 403, "{} {}", door.method, door.path);
        }
    }
}

/// However wide a key is, it is no session: else a key that leaked makes more keys.
#[test]
fn no_key_passes_a_door_of_sessions() {
    let app = start();
    let _ = register(&app);
    let mail = app.next_mail();
    let token = mail.text().split("#token=").nth(1).unwrap().split_whitespace().next();
    let body = json!({ "token": token });
    let own = app.anonymous().post("/api/v1/auth/verify-email", &body).send().is(200).json();
    let own = own["data"]["accessToken"].as_str().unwrap().to_owned();
    let body = json!({ "name": "script", "currentPassword": "correct horse battery" });
    let made = app.bearer(&own).post("/api/v1/auth/keys", &body).send().is(201).json();
    let made = made["data"]["key"].as_str().or(made["data"]["token"].as_str()).unwrap().to_owned();
    for door in doors(&app).iter().filter(|door| door.access == Access::Session) {
        for key in [app.key("robot"), &made] {
            assert_eq!(knock(&app.bearer(key), door), 403, "{} {}", door.method, door.path);
        }
    }
}

/// A server just installed has nobody who could log in, and no secret that others know.
#[test]
fn a_new_server_has_no_account_of_its_own() {
    let app = start();
    for name in ["admin", "root", "test", "underpin", "user"] {
        for password in [name, "password", "changeme", "12345678"] {
            for email in [format!("{name}@example.com"), format!("{name}@localhost")] {
                let body = json!({ "email": email, "password": password });
                let answer = app.anonymous().post("/api/v1/auth/login", &body).send();
                assert!([400, 401].contains(&answer.status()), "{answer}");
            }
            for token in [name, password] {
                let me = app.bearer(token).get("/api/v1/auth/me").send();
                let _ = me.is_error(401, "UNAUTHENTICATED");
            }
        }
    }
    for token in ["", "setup", "0", ID] {
        let body = json!({ "token": token, "email": "e@example.com", "password": "long enough" });
        let answer = app.anonymous().post("/api/v1/auth/setup", &body).send();
        assert!((400..500).contains(&answer.status()), "{answer}");
    }
}
