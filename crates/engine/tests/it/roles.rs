//! Roles are rows: declared by the schema, changed while the server runs.

use serde_json::Value as Json;
use underpin_base::Code;
use underpin_engine::{Engine, Options, Permissions, SystemQuery, SystemWrite, Transaction};
use underpin_plan::{Actor, Operator};
use underpin_schema::Value;
use underpin_store::{Options as StoreOptions, Store};
use uuid::Uuid;

use crate::world::{World, named, schema};

const SCHEMA: &str = r#"
extend schema @role(name: "staff", can: ["notes:read"])
type Note @model { name: String! }
"#;

fn staff() -> Actor {
    Actor::key(["staff".to_owned()])
}

/// Gives `staff` exactly these permissions.
async fn set(engine: &Engine, permissions: &[&str]) {
    let conditions = [("name", Operator::Eq, "staff")];
    let row: Json =
        engine.system_find(SystemQuery::new("Role", &conditions)).await.unwrap().unwrap();
    let id: Uuid = serde_json::from_value(row["id"].clone()).unwrap();
    let names: Vec<String> = permissions.iter().map(|&name| name.to_owned()).collect();
    let mut transaction = Transaction::new(engine);
    let mut rows = Permissions::load(engine).await.unwrap();
    let keys = rows.keys(&mut transaction, &names).unwrap();
    let write = SystemWrite::update("Role", id).set("permissions", Value::List(keys));
    transaction.system(&write).unwrap();
    engine.changes_roles(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn permissions(engine: &Engine) -> Vec<String> {
    engine.refresh_roles().await.unwrap();
    engine.roles().permissions(&["staff".to_owned()])
}

#[tokio::test]
async fn a_change_of_a_role_counts_from_the_next_request_on() {
    let world = World::new(SCHEMA).await;
    let denied = world.create(staff(), "Note", named("a")).await.unwrap_err();
    assert_eq!(denied.code(), Code::Forbidden);
    set(&world.engine, &["notes:create", "notes:read"]).await;
    world.engine.refresh_roles().await.unwrap();
    world.create(staff(), "Note", named("b")).await.unwrap();
    set(&world.engine, &[]).await;
    world.engine.refresh_roles().await.unwrap();
    let denied = world.create(staff(), "Note", named("c")).await.unwrap_err();
    assert_eq!(denied.code(), Code::Forbidden);
}

#[tokio::test]
async fn another_process_takes_a_change_over() {
    let world = World::new(SCHEMA).await;
    let path = world.directory.path().join("app.db");
    let store = Store::open(&StoreOptions::new(path)).unwrap();
    let other = Engine::start(store, schema(SCHEMA), Options::default()).await.unwrap();
    set(&other, &["notes:*"]).await;
    let generation = world.engine.authority_generation();
    assert_eq!(permissions(&world.engine).await, ["notes:*"]);
    assert!(world.engine.authority_generation() > generation);
    let generation = world.engine.authority_generation();
    world.engine.refresh_roles().await.unwrap();
    assert_eq!(world.engine.authority_generation(), generation);
}

#[tokio::test]
async fn what_was_changed_at_run_time_outlives_a_change_of_the_schema() {
    let world = World::new(SCHEMA).await;
    set(&world.engine, &["notes:create"]).await;
    let later = SCHEMA.replace(r#"["notes:read"]"#, r#"["notes:read", "notes:delete"]"#);
    let same = async |_: &Store| Ok(());
    world.engine.replace(schema(&later), same).await.unwrap();
    // `notes:read` was taken away by hand and the schema says nothing new of it.
    assert_eq!(permissions(&world.engine).await, ["notes:create", "notes:delete"]);
    world.engine.replace(schema(SCHEMA), same).await.unwrap();
    assert_eq!(permissions(&world.engine).await, ["notes:create"]);
}

#[tokio::test]
async fn scopes_narrow_what_an_actor_may_do() {
    let world = World::new(SCHEMA).await;
    set(&world.engine, &["notes:*"]).await;
    world.engine.refresh_roles().await.unwrap();
    let scoped = |scope: &str| staff().as_key(vec![scope.to_owned()]);
    world.create(scoped("notes:*"), "Note", named("a")).await.unwrap();
    let denied = world.create(scoped("notes:read"), "Note", named("b")).await.unwrap_err();
    assert_eq!(denied.code(), Code::Forbidden);
    let admin = Actor::key(["admin".to_owned()]).as_key(vec!["users:*".to_owned()]);
    let denied = world.create(admin, "Note", named("c")).await.unwrap_err();
    assert_eq!(denied.code(), Code::Forbidden);
}
