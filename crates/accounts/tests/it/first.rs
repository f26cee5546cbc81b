//! The first administrator, and accounts that have proved nothing.

use serde_json::{Value as Json, json};
use underpin_accounts::{Answer, OperationId, Settings, Verification};
use underpin_base::Code;

use crate::world::{PASSWORD, PEOPLE, SECOND, World, granted};

const ADA: &str = "ada@example.org";

async fn setup_body(world: &World) -> Json {
    let token = world.accounts.setup_link().await.unwrap().unwrap();
    json!({ "token": token.expose(), "email": ADA, "password": PASSWORD })
}

#[tokio::test]
async fn the_first_administrator_is_made_by_a_link_while_there_is_none() {
    let world = World::new(PEOPLE).await;
    // A key that may do everything is nobody who logs in.
    world.accounts.create_service_key("deploy", &["admin".to_owned()]).await.unwrap();
    let body = setup_body(&world).await;
    let grant = granted(world.call(OperationId::Setup, body.clone()).await);
    let identity = world.authenticate(grant.access.expose()).await.unwrap();
    assert_eq!(identity.actor.profile.roles, ["admin"]);
    assert!(identity.actor.verified);
    let again = world.call(OperationId::Setup, body).await.unwrap_err();
    assert_eq!(again.code(), Code::InvalidToken);
    assert!(world.accounts.setup_link().await.unwrap().is_none());
    world.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_link_ends_with_its_time_with_a_newer_one_and_with_the_first_administrator() {
    let world = World::new(PEOPLE).await;
    let first = setup_body(&world).await;
    let second = setup_body(&world).await;
    let refused = async |body: Json| {
        let error = world.call(OperationId::Setup, body).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidToken);
    };
    refused(first).await;
    world.clock.advance(900 * SECOND);
    refused(second).await;
    // Two processes that made theirs at the same time: one of them makes an administrator.
    let body = setup_body(&world).await;
    let other = setup_body(&world).await;
    let row = world.rows("Ticket").await.remove(0);
    assert_eq!(row["kind"], "SETUP");
    refused(body).await;
    granted(world.call(OperationId::Setup, other).await);
    assert_eq!(world.count("SELECT count(*) FROM user"), 1);
}

#[tokio::test]
async fn a_link_is_no_good_once_somebody_else_made_an_administrator() {
    let world = World::new(PEOPLE).await;
    world.join("eve@example.org").await;
    let body = setup_body(&world).await;
    let admin = world.rows("Role").await.into_iter().find(|role| role["name"] == "admin").unwrap();
    let key =
        |row: &Json| underpin_schema::Value::Uuid(row["id"].as_str().unwrap().parse().unwrap());
    let account = world.rows("Account").await.remove(0)["id"].as_str().unwrap().parse().unwrap();
    let roles = underpin_schema::Value::List(vec![key(&admin)]);
    let write = underpin_engine::SystemWrite::update("Account", account).set("roles", roles);
    world.accounts.engine().system_write(write).await.unwrap();
    let error = world.call(OperationId::Setup, body).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidToken);
    assert_eq!(world.count("SELECT count(*) FROM user"), 1);
}

#[tokio::test]
async fn a_mistake_at_the_setup_does_not_use_the_link_up() {
    let world = World::new(PEOPLE).await;
    let mut body = setup_body(&world).await;
    body["password"] = json!("password");
    let error = world.call(OperationId::Setup, body.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    body["password"] = json!(PASSWORD);
    granted(world.call(OperationId::Setup, body).await);
}

fn anonymous(verification: Verification) -> Settings {
    Settings { anonymous: true, verification, ..Settings::default() }
}

#[tokio::test]
async fn there_are_no_anonymous_accounts_unless_they_are_wanted() {
    let world = World::new(PEOPLE).await;
    let error = world.call(OperationId::Anonymous, json!({})).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn an_anonymous_account_is_promoted_once_its_address_is_proved() {
    let world = World::with(PEOPLE, anonymous(Verification::Required)).await;
    let grant = granted(world.call(OperationId::Anonymous, json!({ "name": "visitor" })).await);
    let identity = world.authenticate(grant.access.expose()).await.unwrap();
    assert_eq!(identity.actor.claims.get("anonymous").map(String::as_str), Some("true"));
    assert!(!identity.actor.verified);

    let body = json!({ "email": ADA, "password": PASSWORD });
    let answer =
        world.call_as(grant.access.expose(), OperationId::Promote, body.clone()).await.unwrap();
    assert!(matches!(answer, Answer::Accepted));
    assert!(world.login(ADA, PASSWORD).await.is_err());
    let mail = world.mail().await;
    assert_eq!(mail.kind, "verify-email");
    let token = json!({ "token": mail.token() });
    let promoted = granted(world.call(OperationId::VerifyEmail, token).await);
    let identity = world.authenticate(promoted.access.expose()).await.unwrap();
    assert!(identity.actor.verified && identity.actor.claims.is_empty());
    let user: Json = serde_json::from_slice(&promoted.user).unwrap();
    assert_eq!((&user["email"], &user["name"]), (&json!(ADA), &json!("visitor")));
    // Nobody is told of the address that nobody has.
    assert!(world.mails().await.is_empty());
    world.login(ADA, PASSWORD).await.unwrap();
    let error =
        world.call_as(promoted.access.expose(), OperationId::Promote, body).await.unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
}

#[tokio::test]
async fn an_anonymous_account_is_promoted_at_once_where_addresses_need_no_proof() {
    let world = World::with(PEOPLE, anonymous(Verification::Optional)).await;
    let grant = granted(world.call(OperationId::Anonymous, json!({})).await);
    let body = json!({ "email": ADA, "password": PASSWORD });
    world.call_as(grant.access.expose(), OperationId::Promote, body.clone()).await.unwrap();
    let identity = world.authenticate(grant.access.expose()).await.unwrap();
    assert!(identity.actor.claims.is_empty());
    world.login(ADA, PASSWORD).await.unwrap();
    let other = granted(world.call(OperationId::Anonymous, json!({})).await);
    let error = world.call_as(other.access.expose(), OperationId::Promote, body).await.unwrap_err();
    assert_eq!(error.code(), Code::UniqueConflict);
}
