//! An address that somebody else registered first is no way into the account of its owner.

use std::sync::Arc;

use serde_json::json;
use underpin_accounts::{OperationId, Settings, Verification};
use underpin_base::Code;
use underpin_engine::Context;
use underpin_plan::{Document, WriteKind, WriteRequest};
use underpin_schema::Value;

use crate::world::{PASSWORD, PEOPLE, World, granted};

const VICTIM: &str = "victim@example.org";
const THEIRS: &str = "what the other one chose";

/// Somebody registers an address that is not theirs, and is logged in with it.
async fn taken() -> (World, underpin_accounts::Grant) {
    let settings = Settings { verification: Verification::Optional, ..Settings::default() };
    let world = World::with(PEOPLE, settings).await;
    let body = json!({ "email": VICTIM, "password": THEIRS });
    let grant = granted(world.call(OperationId::Register, body).await);
    world.mails().await;
    world.authenticate(grant.access.expose()).await.unwrap();
    (world, grant)
}

async fn nothing_of_the_other_is_left(world: &World, theirs: &underpin_accounts::Grant) {
    assert!(world.authenticate(theirs.access.expose()).await.is_err());
    assert!(world.refresh(theirs.refresh.expose()).await.is_err());
    let error = world.login(VICTIM, THEIRS).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn a_link_that_logs_in_ends_what_was_there_before() {
    let (world, theirs) = taken().await;
    world.call(OperationId::RequestMagicLink, json!({ "email": VICTIM })).await.unwrap();
    let body = json!({ "token": world.mail().await.token() });
    let mine = granted(world.call(OperationId::LoginLink, body).await);
    nothing_of_the_other_is_left(&world, &theirs).await;
    assert!(world.authenticate(mine.access.expose()).await.unwrap().actor.verified);
}

#[tokio::test]
async fn a_code_ends_what_was_there_before() {
    let (world, theirs) = taken().await;
    world.call(OperationId::RequestCode, json!({ "email": VICTIM })).await.unwrap();
    let body = json!({ "email": VICTIM, "code": world.mail().await.code() });
    granted(world.call(OperationId::LoginCode, body).await);
    nothing_of_the_other_is_left(&world, &theirs).await;
}

#[tokio::test]
async fn a_reset_ends_what_was_there_before() {
    let (world, theirs) = taken().await;
    world.call(OperationId::ForgotPassword, json!({ "email": VICTIM })).await.unwrap();
    let body = json!({ "token": world.mail().await.token(), "password": PASSWORD });
    world.call(OperationId::ResetPassword, body).await.unwrap();
    nothing_of_the_other_is_left(&world, &theirs).await;
    world.login(VICTIM, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn keys_and_identities_of_the_other_end_too() {
    let (world, theirs) = taken().await;
    let account = world.authenticate(theirs.access.expose()).await.unwrap().account.unwrap();
    let key = underpin_engine::SystemWrite::create("Key")
        .id("account", account)
        .text("name", "x")
        .text("prefix", "x")
        .text("hash", "x");
    world.accounts.engine().system_write(key).await.unwrap();
    let identity = underpin_engine::SystemWrite::create("Identity")
        .id("account", account)
        .text("provider", "x")
        .text("issuer", "x")
        .text("subject", "x");
    world.accounts.engine().system_write(identity).await.unwrap();
    world.call(OperationId::RequestMagicLink, json!({ "email": VICTIM })).await.unwrap();
    let body = json!({ "token": world.mail().await.token() });
    granted(world.call(OperationId::LoginLink, body).await);
    assert!(world.rows("Key").await.is_empty());
    assert!(world.rows("Identity").await.is_empty());
}

#[tokio::test]
async fn proving_an_address_twice_ends_nothing() {
    let world = World::new(PEOPLE).await;
    let mine = world.join(VICTIM).await;
    world.call(OperationId::RequestMagicLink, json!({ "email": VICTIM })).await.unwrap();
    let body = json!({ "token": world.mail().await.token() });
    granted(world.call(OperationId::LoginLink, body).await);
    world.authenticate(mine.access.expose()).await.unwrap();
    world.login(VICTIM, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_address_of_somebody_else_is_not_to_be_had_by_changing_to_it() {
    let world = World::new(PEOPLE).await;
    world.join(VICTIM).await;
    let mine = world.join("eve@example.org").await;
    let body = json!({ "email": VICTIM, "currentPassword": PASSWORD });
    world.call_as(mine.access.expose(), OperationId::ChangeEmail, body).await.unwrap();
    assert!(world.mails().await.is_empty());
    let body = json!({ "email": VICTIM });
    let error = world.call_as(mine.access.expose(), OperationId::UpdateMe, body).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    assert_eq!(error.details().fields[0].code, "READ_ONLY");
}

/// Whoever receives the mail decides how long it takes: a server that says "later" is tried for a
/// day, and the link is made anew each time.
#[tokio::test]
async fn a_mail_to_a_new_address_that_is_put_off_is_no_way_back_into_an_account() {
    let world = World::new(PEOPLE).await;
    world.join(VICTIM).await;
    let stolen = world.login(VICTIM, PASSWORD).await.unwrap();
    let body = json!({ "email": "eve@example.org", "currentPassword": PASSWORD });
    world.call_as(stolen.access.expose(), OperationId::ChangeEmail, body).await.unwrap();
    let mine = world.login(VICTIM, PASSWORD).await.unwrap();
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "mine alone from here on" });
    world.call_as(mine.access.expose(), OperationId::ChangePassword, body).await.unwrap();
    let mails = world.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!((mails[0].kind.as_str(), mails[0].to.as_str()), ("password-changed", VICTIM));
}

#[tokio::test]
async fn nobody_writes_another_address_into_their_own_row() {
    let world = World::new(PEOPLE).await;
    let mine = world.join("eve@example.org").await;
    let identity = world.authenticate(mine.access.expose()).await.unwrap();
    let engine = world.accounts.engine();
    let app = engine.app().await;
    let model = app.schema().account_model().unwrap();
    let write = |email: &str| {
        let entries = vec![(model.by_field["email"], Value::Text(email.to_owned()))];
        let request = WriteRequest {
            model: model.id,
            kind: WriteKind::Merge { key: identity.actor.id.clone() },
            document: Document { entries, errors: Vec::new() },
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        let ctx = Context { actor: Arc::clone(&identity.actor), ..engine.service_context() };
        let app = &app;
        async move { engine.write(app, &ctx, request).await }
    };
    let error = write(VICTIM).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    assert_eq!(error.details().fields[0].code, "READ_ONLY");
    // Whoever replaces the row sends the address that is there.
    write("eve@example.org").await.unwrap();
}
