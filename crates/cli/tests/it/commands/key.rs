//! `underpin key`

use insta::assert_snapshot;
use serde_json::Value;

use crate::run::Sandbox;

const SCHEMA: &str = r#"
extend schema @role(name: "staff", can: ["notes:*"])
type Note @model @access(read: "true") { text: String! }
"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_key_is_made_listed_without_its_secret_and_revoked() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    let made = ["key", "create", "--role", "admin", "--role", "staff", "--name", "till", "--json"];
    let made = json(&sandbox.stdout(&made));
    let key = made["key"].as_str().unwrap();
    let prefix = made["prefix"].as_str().unwrap();
    assert!(key.starts_with(&format!("up_{prefix}_")), "{key}");
    assert_eq!(made["database"], "data/app.db");

    let listed = sandbox.stdout(&["key", "list", "--json"]);
    assert!(!listed.contains(key) && !listed.contains("hash"), "{listed}");
    let listed = json(&listed);
    assert_eq!(listed["keys"][0]["name"], "till");
    assert_eq!(listed["keys"][0]["roles"], serde_json::json!(["admin", "staff"]));
    assert_eq!(listed["keys"][0]["revokedAt"], Value::Null);

    sandbox.stdout(&["key", "revoke", prefix]);
    let listed = json(&sandbox.stdout(&["key", "list", "--json"]));
    assert!(listed["keys"][0]["revokedAt"].is_string());
    assert!(sandbox.run(&["key", "revoke", prefix]).starts_with("exit code: 1"));
}

#[test]
fn quiet_prints_the_key_alone_for_scripts() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    let output =
        sandbox.command(&["key", "create", "--role", "staff", "--quiet"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(text.starts_with("up_"));
    assert!(output.stderr.is_empty());
}

#[test]
fn a_role_the_schema_does_not_have_is_refused() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    assert_snapshot!("key_unknown_role", sandbox.run(&["key", "create", "--role", "stuff"]));
    assert_snapshot!("key_without_role", sandbox.run(&["key", "create"]));
}

#[test]
fn keys_are_listed_and_revoked_whatever_state_the_schema_is_in() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    let made = json(&sandbox.stdout(&["key", "create", "--role", "staff", "--json"]));
    let prefix = made["prefix"].as_str().unwrap();
    for broken in ["", "type Note @model { text: Strng! }", "type {"] {
        sandbox.write("schema.graphql", broken);
        assert!(sandbox.stdout(&["key", "list"]).contains(prefix), "{broken}");
    }
    sandbox.stdout(&["key", "revoke", prefix]);
    let listed = json(&sandbox.stdout(&["key", "list", "--json"]));
    assert!(listed["keys"][0]["revokedAt"].is_string());
}

#[test]
fn no_key_is_made_in_a_database_that_was_named_and_is_not_there() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    for args in [
        &["key", "create", "--role", "staff", "--database", "sqlite:nope.db"][..],
        &["key", "list", "--database", "sqlite:nope.db"],
        &["key", "revoke", "abc", "--database", "sqlite:nope.db"],
    ] {
        let refused = sandbox.run(args);
        assert!(refused.starts_with("exit code: 3"), "{refused}");
        assert!(refused.contains("there is no database nope.db"), "{refused}");
        assert!(refused.contains("migrate apply --database sqlite:nope.db"), "{refused}");
    }
    assert!(!sandbox.path().join("nope.db").exists());
}
