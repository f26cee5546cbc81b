//! Row 68 of bad input, and what becomes of a write whose actor changes while it is under way.

use serde_json::json;
use underpin_testkit::{Answer, TestApp};

const SCHEMA: &str = r#"
extend schema @role(name: "writer", can: ["notes:read", "notes:create"])

type Note @model @access(read: "auth.can('notes:read')", create: "auth.can('notes:create')") {
  text: String
}
"#;

const NOTES: &str = "/api/v1/notes";

fn app() -> TestApp {
    TestApp::of(SCHEMA).with_stored_key("robot", &["writer"]).start()
}

fn create(app: &TestApp) -> Answer {
    app.bearer(app.key("robot")).post(NOTES, &json!({ "text": "one" })).send()
}

/// What another process does to the database.
#[track_caller]
fn elsewhere(app: &TestApp, sql: &str) {
    let connection = rusqlite::Connection::open(app.database()).expect("no database");
    assert!(connection.execute(sql, []).expect("the statement fails") > 0, "{sql}");
}

#[test]
fn row_68_a_key_is_refused_unless_it_is_whole() {
    let app = app();
    let key = app.key("robot");
    let _ = create(&app).is(201);
    let last = if key.ends_with('0') { '1' } else { '0' };
    let (prefix, secret) = key.rsplit_once('_').expect("a key has three parts");
    for wrong in [
        format!("{}{last}", &key[..key.len() - 1]),
        key[..key.len() - 1].to_owned(),
        format!("{key}0"),
        key.to_uppercase(),
        format!("{prefix}_"),
        format!("{prefix}_{}", "0".repeat(secret.len())),
        format!("up_{}_{secret}", "0".repeat(18)),
        "up__".to_owned(),
    ] {
        let _ = app.bearer(&wrong).get(NOTES).send().is_error(401, "UNAUTHENTICATED");
    }
}

#[test]
fn row_68_a_key_may_what_its_account_may() {
    let app = app();
    let id = create(&app).is(201).json()["data"]["id"].clone();
    let path = format!("{NOTES}/{}", id.as_str().expect("a key"));
    let _ = app.bearer(app.key("robot")).delete(&path).send().is_error(403, "FORBIDDEN");
    let me = app.bearer(app.key("robot")).get("/api/v1/auth/me").send().is(200).json();
    assert_eq!((&me["data"]["user"], &me["data"]["roles"]), (&json!(null), &json!(["writer"])));
    let keys = app.bearer(app.key("robot")).get("/api/v1/auth/keys").send();
    let _ = keys.is_error(403, "FORBIDDEN");
}

#[test]
fn a_write_is_tried_again_as_whoever_asks_by_then() {
    let app = app();
    let _ = create(&app).is(201);
    elsewhere(&app, "UPDATE _underpin_account SET version = version + 1");
    let _ = create(&app).is(201);
}

#[test]
fn nothing_is_written_with_a_key_that_was_revoked_meanwhile() {
    let app = app();
    let _ = create(&app).is(201);
    let list = || app.bearer(app.key("robot")).get(NOTES).send();
    elsewhere(&app, "UPDATE _underpin_key SET revoked_at = 0");
    let _ = create(&app).is_error(401, "UNAUTHENTICATED");
    let n_rows = |answer: Answer| answer.is(200).json()["data"].as_array().map(Vec::len);
    assert_eq!(n_rows(app.admin().get(NOTES).send()), Some(1));
    // What another process did is known here within a second, however often somebody asks.
    app.clock().advance(1_000_000);
    let _ = list().is_error(401, "UNAUTHENTICATED");
}

#[test]
fn what_is_refused_to_somebody_known_is_in_the_audit() {
    let app = app();
    let id = create(&app).is(201).json()["data"]["id"].clone();
    let path = format!("{NOTES}/{}", id.as_str().expect("a key"));
    let _ = app.bearer(app.key("robot")).delete(&path).send().is_error(403, "FORBIDDEN");
    let keys = "/api/v1/auth/keys";
    let _ = app.bearer(app.key("robot")).get(keys).send().is_error(403, "FORBIDDEN");
    let audit = "/api/v1/auth/audit";
    let _ = app.bearer(app.key("robot")).get(audit).send().is_error(403, "FORBIDDEN");
    // Whoever is not known leaves a line in the log, and no row.
    let _ = app.anonymous().get(audit).send().is_error(401, "UNAUTHENTICATED");
    let connection = rusqlite::Connection::open(app.database()).expect("no database");
    let sql = "SELECT target, outcome FROM _underpin_audit WHERE event = 'request.denied' \
               ORDER BY created_at, id";
    let mut statement = connection.prepare(sql).expect("the statement fails");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let rows: Vec<(String, String)> =
        rows.expect("no rows").collect::<Result<_, _>>().expect("a row of texts");
    let told = |target: String| (target, "FORBIDDEN".to_owned());
    let expected = [format!("DELETE {path}"), format!("GET {keys}"), format!("GET {audit}")];
    assert_eq!(rows, expected.map(told));
}
