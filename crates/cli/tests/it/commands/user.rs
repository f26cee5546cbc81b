//! `underpin user` and `underpin role`

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::run::Sandbox;

const SCHEMA: &str = r#"
extend schema @role(name: "staff", can: ["notes:*"])
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
  name: String!
}
type Note @model @access(read: "true") { text: String! }
"#;

const PASSWORD: &str = "two walnuts under a bridge";

fn migrated() -> Sandbox {
    let sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.stdout(&["migrate", "apply"]);
    sandbox
}

fn read(sandbox: &Sandbox, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&sandbox.stdout(&args)).unwrap()
}

fn ada(sandbox: &Sandbox, more: &[&str]) {
    let fields = ["user", "create", "ada@example.com", "--fields", r#"{"name": "Ada"}"#];
    let args: Vec<&str> = fields.iter().chain(more).copied().collect();
    sandbox.stdout(&args);
}

#[test]
fn a_user_is_invited_given_roles_suspended_and_reinstated() {
    let sandbox = migrated();
    let link = read(&sandbox, &["user", "setup-link"]);
    let link = link["link"].as_str().unwrap();
    assert!(link.starts_with("http://127.0.0.1:8080/auth/#setup="), "{link}");
    ada(&sandbox, &["--role", "admin"]);
    let user = &read(&sandbox, &["user", "list"])["users"][0];
    assert_eq!((&user["email"], &user["roles"]), (&json!("ada@example.com"), &json!(["admin"])));
    assert_eq!(user["verified"], false);

    let refused = sandbox.run(&["user", "suspend", "Ada@example.com"]);
    assert!(refused.contains("nobody who may do everything would remain"), "{refused}");
    assert!(refused.starts_with("exit code: 1"), "{refused}");
    let refused = sandbox.run(&["user", "setup-link"]);
    assert!(refused.contains("there is an administrator"), "{refused}");
    let roles = read(&sandbox, &["user", "roles", "add", "ada@example.com", "staff"]);
    assert_eq!(roles["roles"], json!(["admin", "staff"]));

    sandbox.stdout(&["user", "create", "bob@example.com", "--fields", r#"{"name": "Bob"}"#]);
    sandbox.stdout(&["user", "suspend", "bob@example.com"]);
    assert!(read(&sandbox, &["user", "list"])["users"][1]["suspendedAt"].is_string());
    sandbox.stdout(&["user", "reinstate", "bob@example.com"]);
    assert_eq!(read(&sandbox, &["user", "list"])["users"][1]["suspendedAt"], Value::Null);
    sandbox.stdout(&["user", "roles", "remove", "ada@example.com", "staff"]);
}

#[test]
fn what_cannot_be_a_user_is_refused_with_every_reason() {
    let sandbox = migrated();
    ada(&sandbox, &[]);
    for (args, needle) in [
        (&["user", "create", "nobody"][..], "e-mail"),
        (&["user", "create", "eve@example.com"], "name"),
        (&["user", "create", "ada@example.com", "--fields", r#"{"name": "Eve"}"#], "address"),
        (&["user", "create", "eve@example.com", "--fields", "{"], "JSON object"),
        (&["user", "suspend", "eve@example.com"], "nobody has the address"),
        (&["user", "roles", "add", "ada@example.com", "boss"], "no such role"),
    ] {
        let refused = sandbox.run(args);
        assert!(refused.contains(needle), "{args:?}: {refused}");
        assert!(!refused.starts_with("exit code: 0"), "{refused}");
    }
}

#[test]
fn a_password_comes_from_standard_input_and_is_not_printed() {
    let sandbox = migrated();
    let args =
        ["user", "create", "ada@example.com", "--fields", r#"{"name": "A"}"#, "--password-stdin"];
    for (password, is_good) in [("secret\n", false), (PASSWORD, true)] {
        let mut command = sandbox.command(&args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.success(), is_good, "{output:?}");
        for stream in [output.stdout, output.stderr] {
            assert!(!String::from_utf8(stream).unwrap().contains(password.trim_end()));
        }
    }
}

#[test]
fn an_operator_may_answer_for_an_address() {
    let sandbox = migrated();
    let args = ["user", "create", "ada@example.com", "--fields", r#"{"name": "A"}"#, "--verified"];
    let mut command = sandbox.command(&[&args[..], &["--password-stdin"]].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let user = read(&sandbox, &["user", "list"])["users"][0].clone();
    assert_eq!((&user["email"], &user["verified"]), (&json!("ada@example.com"), &json!(true)));
}

#[test]
fn roles_are_made_changed_and_deleted_but_not_those_of_the_schema() {
    let sandbox = migrated();
    let made = read(&sandbox, &["role", "create", "auditor", "--can", "audit:read"]);
    assert_eq!(made["permissions"], json!(["audit:read"]));
    let change = ["role", "change", "auditor", "--add", "roles:read", "--remove", "audit:read"];
    assert_eq!(read(&sandbox, &change)["permissions"], json!(["roles:read"]));
    let roles = read(&sandbox, &["role", "list"])["roles"].clone();
    let names: Vec<&str> =
        roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["admin", "auditor", "staff"]);
    sandbox.stdout(&["role", "delete", "auditor"]);
    for (args, needle) in [
        (&["role", "delete", "staff"][..], "the schema declares"),
        (&["role", "delete", "auditor"], "no such role"),
        (&["role", "create", "a b"], "letters, digits"),
        (&["role", "create", "x", "--can", "notes"], "is no permission"),
    ] {
        let refused = sandbox.run(args);
        assert!(refused.contains(needle), "{args:?}: {refused}");
    }
}

#[test]
fn a_key_of_a_user_is_narrowed_ends_and_is_replaced() {
    let sandbox = migrated();
    ada(&sandbox, &[]);
    let args = [
        "key",
        "create",
        "--user",
        "ada@example.com",
        "--scope",
        "notes:read",
        "--name",
        "laptop",
        "--expires",
        "2999-01-01T00:00:00Z",
    ];
    let made = read(&sandbox, &args);
    let prefix = made["prefix"].as_str().unwrap();
    let listed = read(&sandbox, &["key", "list"])["keys"][0].clone();
    assert_eq!(listed["scopes"], json!(["notes:read"]));
    assert_eq!(listed["expiresAt"], "2999-01-01T00:00:00.000000Z");
    let next = read(&sandbox, &["key", "rotate", prefix, "--overlap-hours", "0"]);
    assert_eq!(next["replaces"], prefix);
    let keys = read(&sandbox, &["key", "list"])["keys"].clone();
    assert!(keys[0]["revokedAt"].is_string() && keys[1]["revokedAt"].is_null());
    assert!(sandbox.run(&["key", "rotate", prefix]).contains("no such key"));
    let both = sandbox.run(&["key", "create", "--user", "ada@example.com", "--role", "staff"]);
    assert!(both.starts_with("exit code: 2"), "{both}");
}

#[test]
fn a_lost_secret_is_noticed_and_another_one_taken_by_consent() {
    let sandbox = migrated();
    ada(&sandbox, &[]);
    let secret = sandbox.path().join("data/app.db.secret");
    let former = std::fs::read(&secret).unwrap();
    std::fs::remove_file(&secret).unwrap();
    let refused = sandbox.run(&["user", "list"]);
    assert!(refused.contains("the secret is not the one"), "{refused}");
    assert!(refused.contains("underpin user new-secret"), "{refused}");
    sandbox.stdout(&["user", "new-secret"]);
    assert_eq!(read(&sandbox, &["user", "list"])["users"][0]["email"], "ada@example.com");
    std::fs::write(&secret, former).unwrap();
    assert!(sandbox.run(&["user", "list"]).contains("the secret is not the one"));
}
