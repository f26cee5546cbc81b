//! Rows 19, 33 and 42 of known vulnerabilities: every route is held to what it declares, whoever
//! asks, whatever stands in the body, and whoever asked before.

use serde_json::{Value, json};
use underpin_plan::Actor;
use underpin_testkit::{Answer, Client, TestApp};

use crate::browser;
use crate::shop::{self, Shop};

/// Names by which other servers took a caller's word for who it is.
fn injected() -> Value {
    json!({
        "userId": "019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01",
        "ownerId": "019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01",
        "accountId": "019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01",
        "tenantId": "1",
        "roles": ["admin"],
        "verified": true,
    })
}

/// One operation of the contract, which describes every route.
struct Described {
    method: String,
    path: String,
    operation: Value,
}

impl Described {
    /// Whether it says itself who may, and that is not anybody.
    fn takes_credentials(&self) -> bool {
        let security = self.operation["security"].as_array();
        security.is_some_and(|ways| !ways.contains(&json!({})))
    }

    /// Whether rules decide.
    fn is_of_model(&self) -> bool {
        self.operation.get("security").is_none()
    }

    fn description(&self) -> &str {
        self.operation["description"].as_str().unwrap_or_default()
    }

    /// Sends it, with a body where the method has one.
    fn send(&self, client: &Client, body: &Value) -> Answer {
        let path = self
            .path
            .replace("/counters/{id}", "/counters/17")
            .replace("{id}", "019aa2d0-6e4b-7c3a-9f10-2b7c5d8e4f01")
            .replace("{provider}", "nobody")
            .replace("{name}", "nothing")
            .replace("{role}", "nothing");
        let request = client.request(&self.method.to_uppercase(), &path);
        let has_body = self.operation.get("requestBody").is_some() || self.method == "post";
        if has_body { request.json(body).send() } else { request.send() }
    }
}

fn described(app: &TestApp) -> Vec<Described> {
    let mut document = app.anonymous().get("/openapi.json").send().is(200).json();
    let Value::Object(paths) = document["paths"].take() else { panic!("no paths") };
    let mut all = Vec::new();
    for (path, item) in paths {
        let Value::Object(members) = item else { panic!("{path}") };
        for (method, operation) in members.into_iter().filter(|(name, _)| name != "parameters") {
            all.push(Described { method, path: path.clone(), operation });
        }
    }
    assert!(all.len() > 70, "{}", all.len());
    all
}

#[test]
fn row_19_nobody_is_whoever_the_body_says() {
    let shop = Shop::start();
    for route in described(&shop.app) {
        let answer = route.send(&shop.app.anonymous(), &injected());
        let status = answer.status();
        if route.takes_credentials() {
            assert_eq!(status, 401, "{answer}");
        } else if route.method != "get" {
            assert!(matches!(status, 400 | 401 | 403 | 404 | 415), "{answer}");
        } else if route.is_of_model() && status == 200 {
            let is_open = ["products", "pages", "counters"];
            let rows = answer.json()["data"].as_array().map_or(1, Vec::len);
            assert!(rows == 0 || is_open.iter().any(|it| route.path.ends_with(it)), "{answer}");
        }
        assert!(status < 500, "{answer}");
    }
    shop.unchanged();
}

/// Whether a scope covers a permission, read naively.
fn covers(scope: &str, permission: &str) -> bool {
    let (model, operation) = scope.split_once(':').unwrap_or((scope, ""));
    let (wanted, asked) = permission.split_once(':').unwrap_or((permission, ""));
    scope == "*" || model == wanted && (operation == "*" || operation == asked)
}

#[test]
fn row_42_a_key_reaches_what_its_scopes_name_and_nothing_else() {
    let scopes = [
        "products:read",
        "products:create",
        "products:update",
        "products:delete",
        "orders:*",
        "roles:read",
        "audit:*",
        "nothing:read",
        "*",
    ];
    let mut setup = TestApp::of(shop::SCHEMA);
    for (number, scope) in scopes.iter().enumerate() {
        let key = Actor::key(["admin".to_owned()]).as_key(vec![(*scope).to_owned()]);
        setup = setup.with_actor(&format!("key-{number}"), key);
    }
    let app = setup.start();
    let routes = described(&app);
    for (number, scope) in scopes.iter().enumerate() {
        for route in &routes {
            check_scope(&app.user(&format!("key-{number}")), scope, route);
        }
    }
}

/// Holds the answer to a key against what its one scope covers.
#[track_caller]
fn check_scope(client: &Client, scope: &str, route: &Described) {
    let Some(is_covered) = is_covered(scope, route) else { return };
    let answer = route.send(client, &json!({}));
    let status = answer.status();
    assert!(status != 401 && status < 500, "{scope}: {answer}");
    assert_eq!(status != 403, is_covered, "{scope}: {answer}");
}

/// Whether the scope covers the route, which nothing else narrows; `None` for what a key with any
/// scope may.
fn is_covered(scope: &str, route: &Described) -> Option<bool> {
    if route.is_of_model() {
        let mut parts = route.path.split('/').skip(3);
        let (plural, is_relation) = (parts.next()?, parts.nth(1).is_some());
        let operation = match route.method.as_str() {
            "get" => "read",
            "post" => "create",
            "delete" => "delete",
            _ => "update",
        };
        // Rows of a relation are reached through a row that must be visible, too.
        return (!is_relation).then(|| covers(scope, &format!("{plural}:{operation}")));
    }
    let description = route.description();
    if description.contains("no API key does") {
        return Some(false);
    }
    let permission = description.split("permission `").nth(1)?.split('`').next()?;
    Some(covers(scope, permission))
}

/// What nobody but its owner may read.
const CANARY: &str = "canary-7f3a9c";

#[test]
fn row_33_what_somebody_was_answered_is_answered_to_nobody_else() {
    let app = browser::app();
    let ada = app.bearer(&browser::token_of(&app, &format!("{CANARY}@example.com")));
    let bob = app.bearer(&browser::token_of(&app, "bob@example.com"));
    let note = ada.post("/api/v1/notes", &json!({ "text": CANARY })).send().is(201).json();
    let (note, user) = (note["data"]["id"].clone(), note["data"]["author"].clone());
    let mut n_seen = 0;
    for route in described(&app).iter().filter(|route| route.method == "get") {
        let id = if route.path.starts_with("/api/v1/notes") { &note } else { &user };
        let path = route.path.replace("{id}", id.as_str().expect("a key"));
        let path = path.replace("{provider}", "nobody");
        let warm = ada.get(&path).send();
        if !has_canary(&warm) {
            continue;
        }
        n_seen += 1;
        let tag = warm.header("etag").unwrap_or("\"1\"").to_owned();
        let _ = warm.has_header("cache-control", "no-store");
        for other in [&app.anonymous(), &bob] {
            assert!(!has_canary(&other.get(&path).send()), "{path}");
            let known = other.get(&path).header("If-None-Match", &tag).send();
            assert!(known.status() != 304 && !has_canary(&known), "{known}");
        }
    }
    assert!(n_seen >= 5, "{n_seen}");
}

fn has_canary(answer: &Answer) -> bool {
    String::from_utf8_lossy(answer.bytes()).contains(CANARY)
}
