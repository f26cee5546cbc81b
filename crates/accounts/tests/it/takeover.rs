//! An address that somebody else registered first is no way into the account of its owner.

use serde_json::json;
use underpin_accounts::{OperationId, Settings, Verification};
use underpin_base::Code;

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
