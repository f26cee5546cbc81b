//! Values of other types than an operation takes, for every input of every operation in the table.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use underpin_accounts::{Access, Identity, InputKind, OPERATIONS, Operation};

use crate::world::{PASSWORD, PEOPLE, World};

/// What strangers send in the hope that it passes for something else.
const CONFUSING: &[&str] = &[
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e400",
    "\"\"",
    "\"NaN\"",
    "\"\\u0000\"",
    "[[]]",
    "[{}]",
    "{\"$ne\":null}",
    "[\"a\",\"b\"]",
    "\"null\"",
    "\"true\"",
    "\"[object Object]\"",
];

/// A value that the input takes.
fn fitting(kind: InputKind) -> Json {
    match kind {
        InputKind::Text(_) => json!("x"),
        InputKind::Email => json!("nobody@example.org"),
        InputKind::Password => json!("a password of nobody"),
        InputKind::Boolean => json!(false),
        InputKind::Texts(_) => json!([]),
        InputKind::Time => json!("2030-01-01T00:00:00Z"),
        InputKind::Object => json!({}),
        InputKind::AccountFields => Json::Null,
    }
}

fn body(operation: &Operation) -> Map<String, Json> {
    let named = operation.inputs.iter().filter(|input| input.required && !input.name.is_empty());
    named.map(|input| (input.name.to_owned(), fitting(input.kind))).collect()
}

/// What must not change: everything but the audit, the queue and who is looked up.
fn state(world: &World) -> Vec<i64> {
    let tables = ["account", "session", "password", "ticket", "key", "role", "identity", "factor"];
    let mut state: Vec<i64> = tables
        .iter()
        .map(|table| world.count(&format!("SELECT count(*) FROM _underpin_{table}")))
        .collect();
    state.push(world.count("SELECT count(*) FROM user"));
    state.push(world.count("SELECT coalesce(sum(version), 0) FROM user"));
    state.push(world.count("SELECT coalesce(sum(version), 0) FROM _underpin_account"));
    state
}

async fn refused(
    world: &World,
    operation: &Operation,
    (caller, body): (Option<Arc<Identity>>, &str),
) {
    let path = ["01890000-0000-7000-8000-000000000000", "x"];
    let answer = world.raw(operation.id, caller, &path, body.as_bytes()).await;
    let error = match answer {
        Ok(answer) => panic!("{} took {body}: {answer:?}", operation.name),
        Err(error) => error,
    };
    let status = error.code().status();
    assert!((400..500).contains(&status), "{} answered {body} with {error:?}", operation.name);
}

/// Somebody for an operation to refuse for its body, and not for who asks.
async fn callers(world: &World) -> (Arc<Identity>, Option<Arc<Identity>>) {
    let grant = world.join("ada@example.org").await;
    (world.authenticate(grant.access.expose()).await.unwrap(), None)
}

fn caller_of(operation: &Operation, signed: &Arc<Identity>) -> Option<Arc<Identity>> {
    match operation.access {
        Access::Public => None,
        Access::Known | Access::Session | Access::Permission(_) => Some(Arc::clone(signed)),
    }
}

#[tokio::test]
async fn no_value_of_another_type_is_taken_and_nothing_changes() {
    let world = World::new(PEOPLE).await;
    let (signed, _) = callers(&world).await;
    let before = state(&world);
    for operation in OPERATIONS {
        let inputs = operation.inputs.iter().filter(|input| !input.name.is_empty());
        for input in inputs {
            for confusing in CONFUSING {
                let value: Json = serde_json::from_str(confusing).unwrap_or(json!(1e300));
                if takes(input.kind, &value) {
                    continue;
                }
                let mut members = body(operation);
                members.remove(input.name);
                let mut text = Json::Object(members).to_string();
                text.pop();
                let comma = if text.len() > 1 { "," } else { "" };
                text.push_str(&format!("{comma}\"{}\":{confusing}}}", input.name));
                refused(&world, operation, (caller_of(operation, &signed), &text)).await;
            }
        }
    }
    assert_eq!(state(&world), before);
}

/// Whether the value is one that the input takes.
fn takes(kind: InputKind, value: &Json) -> bool {
    match (kind, value) {
        (InputKind::Text(_) | InputKind::Password, Json::String(text)) => {
            !text.is_empty() && !text.contains('\0')
        }
        (InputKind::Boolean, Json::Bool(_))
        | (InputKind::Object, Json::Object(_))
        | (InputKind::Time, Json::Null) => true,
        (InputKind::Texts(_), Json::Array(items)) => items.iter().all(Json::is_string),
        _ => false,
    }
}

#[tokio::test]
async fn who_somebody_is_never_comes_from_a_body() {
    let world = World::new(PEOPLE).await;
    let (signed, _) = callers(&world).await;
    let account = signed.account.unwrap().to_string();
    let before = state(&world);
    for operation in OPERATIONS {
        for name in ["userId", "accountId", "ownerId", "tenantId", "sub", "__proto__", "id"] {
            for value in [json!(account), Json::Null, json!(1)] {
                let mut members = body(operation);
                members.insert(name.to_owned(), value);
                let text = Json::Object(members).to_string();
                refused(&world, operation, (caller_of(operation, &signed), &text)).await;
            }
        }
    }
    assert_eq!(state(&world), before);
}

#[tokio::test]
async fn bodies_that_are_no_one_object_are_refused() {
    let world = World::new(PEOPLE).await;
    let (signed, _) = callers(&world).await;
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    let bodies = ["[]", "null", "1", "\"x\"", "{", "{}{}", "{\"a\":1,}", "\u{feff}{}", &deep];
    for operation in OPERATIONS {
        for body in bodies {
            refused(&world, operation, (caller_of(operation, &signed), body)).await;
        }
    }
}

#[tokio::test]
async fn an_operation_with_inputs_refuses_one_that_stands_twice() {
    let world = World::new(PEOPLE).await;
    let text = format!(
        r#"{{"email":"ada@example.org","email":"eve@example.org","password":"{PASSWORD}"}}"#
    );
    let login = OPERATIONS.iter().find(|operation| operation.name == "login").unwrap();
    let error = world.raw(login.id, None, &[], text.as_bytes()).await.unwrap_err();
    assert_eq!(error.details().fields[0].code, "DUPLICATE_KEY");
}

#[tokio::test]
async fn whoever_shows_nothing_reaches_public_operations_alone() {
    let world = World::new(PEOPLE).await;
    let key = world.accounts.create_service_key("deploy", &[]).await.unwrap();
    let key = world.authenticate(key.token.expose()).await.unwrap();
    for operation in OPERATIONS.iter().filter(|operation| operation.access != Access::Public) {
        let error = world.raw(operation.id, None, &["x", "y"], b"{}").await.unwrap_err();
        assert_eq!(error.code().status(), 401, "{}", operation.name);
        let wants_session = operation.access == Access::Session;
        let wants_permission = matches!(operation.access, Access::Permission(_));
        if wants_session || wants_permission {
            let caller = Some(Arc::clone(&key));
            let error = world.raw(operation.id, caller, &["x", "y"], b"{}").await.unwrap_err();
            assert_eq!(error.code().status(), 403, "{}", operation.name);
        }
    }
}
