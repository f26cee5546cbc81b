//! What is suspended, revoked or replaced is refused at once.

use std::sync::Arc;

use serde_json::json;
use underpin_accounts::OperationId as Id;
use underpin_base::Code;
use underpin_engine::{SystemWrite, Transaction};

use crate::administration::{Person, ask, data, person, refused};
use crate::world::{DAY, PASSWORD, PEOPLE, SECOND, World};

async fn key_of(world: &World, owner: &Person, body: serde_json::Value) -> (Person, String) {
    let mut body = body;
    body["currentPassword"] = json!(PASSWORD);
    let made = data(ask(world, owner, Id::CreateKey, &[], body).await.unwrap());
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (Person { token: text("key"), key: String::new() }, text("id"))
}

#[tokio::test]
async fn whoever_is_suspended_is_refused_at_once_with_all_keys_and_old_sessions_do_not_come_back() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let user = person(&world, "user@example.com", &[]).await;
    let (key, _) = key_of(&world, &user, json!({ "name": "laptop" })).await;
    ask(&world, &key, Id::Me, &[], json!({})).await.unwrap();
    ask(&world, &admin, Id::SuspendUser, &[&user.key], json!({})).await.unwrap();
    for one in [&user, &key] {
        refused(ask(&world, one, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    }
    let login = world.login("user@example.com", PASSWORD).await;
    assert!(login.is_err());
    ask(&world, &admin, Id::ReinstateUser, &[&user.key], json!({})).await.unwrap();
    refused(ask(&world, &user, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    ask(&world, &key, Id::Me, &[], json!({})).await.unwrap();
    world.login("user@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_write_in_flight_of_somebody_who_is_suspended_does_not_commit() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let user = person(&world, "user@example.com", &[]).await;
    let (key, _) = key_of(&world, &user, json!({ "name": "laptop" })).await;
    for one in [&user, &key] {
        let identity = world.authenticate(&one.token).await.unwrap();
        let mut transaction = Transaction::new(world.accounts.engine());
        transaction.require(identity.standing.as_deref().unwrap()).unwrap();
        transaction.system(&SystemWrite::create("Permission").text("name", "late:write")).unwrap();
        ask(&world, &admin, Id::SuspendUser, &[&user.key], json!({})).await.unwrap();
        let aborted = transaction.commit().await.unwrap_err();
        assert_eq!(aborted.error.code(), Code::Unauthenticated);
        ask(&world, &admin, Id::ReinstateUser, &[&user.key], json!({})).await.unwrap();
        if one.key.is_empty() {
            break;
        }
    }
}

#[tokio::test]
async fn service_accounts_have_keys_and_are_suspended_and_deleted_with_them() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let body = json!({ "name": "ci", "roles": ["staff"] });
    let made = data(ask(&world, &admin, Id::CreateServiceAccount, &[], body).await.unwrap());
    assert_eq!((made["name"].as_str(), &made["roles"]), (Some("ci"), &json!(["staff"])));
    let id = made["id"].as_str().unwrap();
    let body = json!({ "name": "runner", "scopes": ["notes:read"] });
    let key = data(ask(&world, &admin, Id::CreateServiceKey, &[id], body).await.unwrap());
    let key = Person { token: key["key"].as_str().unwrap().to_owned(), key: String::new() };
    ask(&world, &key, Id::Me, &[], json!({})).await.unwrap();
    ask(&world, &admin, Id::SuspendUser, &[id], json!({})).await.unwrap();
    refused(ask(&world, &key, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    ask(&world, &admin, Id::ReinstateUser, &[id], json!({})).await.unwrap();
    ask(&world, &key, Id::Me, &[], json!({})).await.unwrap();
    ask(&world, &admin, Id::DeleteServiceAccount, &[id], json!({})).await.unwrap();
    refused(ask(&world, &key, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    let list = data(ask(&world, &admin, Id::ListServiceAccounts, &[], json!({})).await.unwrap());
    assert_eq!(list, json!([]));

    // Whoever lacks what a service account may do makes neither it nor a key of it.
    let lead = person(&world, "lead@example.com", &["staff"]).await;
    let operator = world.accounts.operator();
    operator.set_role("staff", &["serviceAccounts:create".to_owned()]).await.unwrap();
    let body = json!({ "name": "root", "roles": ["admin"] });
    refused(ask(&world, &lead, Id::CreateServiceAccount, &[], body.clone()).await, Code::Forbidden);
    let root = data(ask(&world, &admin, Id::CreateServiceAccount, &[], body).await.unwrap());
    let body = json!({ "name": "k" });
    let path = [root["id"].as_str().unwrap()];
    refused(ask(&world, &lead, Id::CreateServiceKey, &path, body).await, Code::Forbidden);
}

#[tokio::test]
async fn a_key_that_was_replaced_works_for_the_overlap_and_one_takes_its_place() {
    let world = World::new(PEOPLE).await;
    let user = person(&world, "user@example.com", &[]).await;
    let (old, id) = key_of(&world, &user, json!({ "name": "a", "scopes": ["notes:read"] })).await;
    let body = json!({ "overlapSeconds": "60", "currentPassword": PASSWORD });
    let new = data(ask(&world, &user, Id::RotateKey, &[&id], body.clone()).await.unwrap());
    assert_eq!((&new["name"], &new["scopes"]), (&json!("a"), &json!(["notes:read"])));
    let again = ask(&world, &user, Id::RotateKey, &[&id], body).await;
    refused(again, Code::ReferenceConflict);
    let new = Person { token: new["key"].as_str().unwrap().to_owned(), key: String::new() };
    world.clock.advance(60 * SECOND - 1);
    ask(&world, &old, Id::Me, &[], json!({})).await.unwrap();
    ask(&world, &new, Id::Me, &[], json!({})).await.unwrap();
    world.clock.advance(1);
    refused(ask(&world, &old, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    let world = world.restarted().await;
    refused(ask(&world, &old, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    ask(&world, &new, Id::Me, &[], json!({})).await.unwrap();
    for wrong in ["604801", "-1", "day"] {
        let body = json!({ "overlapSeconds": wrong, "currentPassword": PASSWORD });
        let done = ask(&world, &user, Id::RotateKey, &[&id], body).await;
        refused(done, Code::ValidationError);
    }
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_or_its_time_comes_and_nobody_else_ends_it() {
    let world = World::new(PEOPLE).await;
    let user = person(&world, "user@example.com", &[]).await;
    let other = person(&world, "other@example.com", &[]).await;
    let (first, id) = key_of(&world, &user, json!({ "name": "a" })).await;
    let body = json!({ "name": "b", "expiresAt": "2023-11-15T22:13:20Z" });
    let (second, _) = key_of(&world, &user, body).await;
    refused(ask(&world, &other, Id::RevokeKey, &[&id], json!({})).await, Code::NotFound);
    ask(&world, &first, Id::Me, &[], json!({})).await.unwrap();
    ask(&world, &user, Id::RevokeKey, &[&id], json!({})).await.unwrap();
    refused(ask(&world, &first, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    ask(&world, &second, Id::Me, &[], json!({})).await.unwrap();
    world.clock.advance(DAY);
    refused(ask(&world, &second, Id::Me, &[], json!({})).await, Code::Unauthenticated);
    let past =
        json!({ "name": "c", "expiresAt": "2001-01-01T00:00:00Z", "currentPassword": PASSWORD });
    let identity = world.login("user@example.com", PASSWORD).await.unwrap();
    let user = Person { token: identity.access.expose().clone(), key: user.key };
    refused(ask(&world, &user, Id::CreateKey, &[], past).await, Code::ValidationError);
    let without = ask(&world, &user, Id::CreateKey, &[], json!({ "name": "d" })).await;
    refused(without, Code::ReauthenticationRequired);
}

#[tokio::test]
async fn a_use_of_a_key_is_noted_to_the_minute() {
    let world = World::new(PEOPLE).await;
    let user = person(&world, "user@example.com", &[]).await;
    let (key, _) = key_of(&world, &user, json!({ "name": "a" })).await;
    ask(&world, &key, Id::Me, &[], json!({})).await.unwrap();
    let noted = async || loop {
        let keys = data(ask(&world, &user, Id::ListKeys, &[], json!({})).await.unwrap());
        if let Some(at) = keys[0]["lastUsedAt"].as_str() {
            break at.to_owned();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(noted().await, "2023-11-14T22:13:00.000000Z");
}

#[tokio::test]
async fn an_account_has_a_hundred_keys_at_most() {
    let world = Arc::new(World::new(PEOPLE).await);
    let user = person(&world, "user@example.com", &[]).await;
    let operator = world.accounts.operator();
    let spec = underpin_accounts::KeySpec { name: "k", scopes: None, expires_at: None };
    for _ in 0..100 {
        operator.create_key(&user.key, spec).await.unwrap();
    }
    let error = operator.create_key(&user.key, spec).await.unwrap_err();
    assert_eq!(error.code(), Code::LimitReached);
}

#[tokio::test]
async fn a_reset_of_the_password_ends_the_keys_that_somebody_else_may_have_made() {
    let world = World::new(PEOPLE).await;
    let user = person(&world, "user@example.com", &[]).await;
    let (key, _) = key_of(&world, &user, json!({ "name": "a" })).await;
    world.authenticate(&key.token).await.unwrap();
    world.call(Id::ForgotPassword, json!({ "email": "user@example.com" })).await.unwrap();
    let token = world.mail().await.token();
    let body = json!({ "token": token, "password": "three walnuts over a bridge" });
    world.call(Id::ResetPassword, body).await.unwrap();
    assert!(world.authenticate(&key.token).await.is_err());
}
