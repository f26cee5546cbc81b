//! A write commits only while its actor still stands as it did when it was recognised.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use underpin_base::{Code, Result, Timestamp};
use underpin_engine::{Context, Shown, Standing, SystemQuery, SystemWrite, Transaction};
use underpin_plan::{Actor, WriteKind, WriteRequest, decode_document};
use uuid::Uuid;

use crate::world::World;

const SCHEMA: &str = r#"
type Note @model @access(read: "true", create: "true") { name: String! }
"#;

struct Signed {
    account: Uuid,
    session: Uuid,
}

async fn sign_in(world: &World) -> Signed {
    let mut transaction = Transaction::new(&world.engine);
    let account = SystemWrite::create("Account").text("name", "robot");
    let account = transaction.system(&account).unwrap().id();
    let now = world.engine.now();
    let session = SystemWrite::create("Session")
        .id("account", account)
        .set("epoch", underpin_schema::Value::Int(0))
        .time("authenticatedAt", now)
        .time("lastUsedAt", now)
        .time("expiresAt", Timestamp(now.0 + 1))
        .set("methods", underpin_schema::Value::List(Vec::new()));
    let session = transaction.system(&session).unwrap().id();
    transaction.commit().await.unwrap();
    Signed { account, session }
}

async fn write_note(world: &World, signed: &Signed, account_version: i64) -> Result<()> {
    let app = world.engine.app().await;
    let standing = Standing { by: Shown::Session, id: signed.session, account_version };
    let ctx = Context { standing: Some(Arc::new(standing)), ..world.context(Actor::anonymous()) };
    let model = app.schema().by_name["Note"];
    let body = json!({ "name": "x" }).to_string();
    let document =
        decode_document(app.schema(), model, body.as_bytes(), world.engine.limits()).unwrap();
    let kind = WriteKind::Create { under: None };
    let (include, fields) = (Vec::new(), None);
    let request = WriteRequest { model, kind, document, if_version: None, include, fields };
    world.engine.write(&app, &ctx, request).await.map(drop)
}

async fn n_notes(world: &World) -> usize {
    let target = underpin_plan::Target::List(world.model("Note").await);
    let request = crate::world::request(target, &[], underpin_plan::Paging::First);
    let (rows, _) = world.list(Actor::anonymous(), request, (100, None)).await.unwrap();
    rows.as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn whoever_stands_as_before_writes() {
    let world = World::new(SCHEMA).await;
    let signed = sign_in(&world).await;
    write_note(&world, &signed, 1).await.unwrap();
    assert_eq!(n_notes(&world).await, 1);
}

#[tokio::test]
async fn nothing_is_written_for_a_session_after_its_end_was_committed() {
    let world = World::new(SCHEMA).await;
    let signed = sign_in(&world).await;
    let end = SystemWrite::update("Session", signed.session).time("revokedAt", world.engine.now());
    world.engine.system_write(end).await.unwrap();
    let refused = write_note(&world, &signed, 1).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(n_notes(&world).await, 0);
}

#[tokio::test]
async fn nothing_is_written_with_what_an_account_could_do_before_it_changed() {
    let world = World::new(SCHEMA).await;
    let signed = sign_in(&world).await;
    let suspend =
        SystemWrite::update("Account", signed.account).time("suspendedAt", world.engine.now());
    world.engine.system_write(suspend).await.unwrap();
    let refused = write_note(&world, &signed, 1).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    // Who was recognised after the change stands by that.
    write_note(&world, &signed, 2).await.unwrap();
    assert_eq!(n_notes(&world).await, 1);
}

#[tokio::test]
async fn the_sessions_of_an_account_end_with_it() {
    let world = World::new(SCHEMA).await;
    let signed = sign_in(&world).await;
    world.engine.system_write(SystemWrite::delete("Account", signed.account)).await.unwrap();
    let sessions: Vec<Json> =
        world.engine.system_all(SystemQuery::new("Session", &[])).await.unwrap();
    assert!(sessions.is_empty());
    assert_eq!(write_note(&world, &signed, 1).await.unwrap_err().code(), Code::Unauthenticated);
}
