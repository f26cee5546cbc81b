//! What is kept in the database, and for how long: secrets never, what happened for a while.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use underpin_accounts::{Accounts, Answer, OperationId, Options};
use underpin_base::Code;
use underpin_credentials::token::AccessTokens;
use underpin_credentials::{Keys, MasterSecret};

use crate::world::{DAY, PASSWORD, PEOPLE, SECOND, SECRET, World, granted};

const ADA: &str = "ada@example.org";

#[tokio::test]
async fn secrets_are_nowhere_in_the_files() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    let mut secrets = vec![
        PASSWORD.to_owned(),
        SECRET.to_owned(),
        grant.access.expose().clone(),
        grant.refresh.expose().clone(),
        grant.csrf.expose().clone(),
        "a wrong password that was tried".to_owned(),
    ];
    world.login(ADA, "a wrong password that was tried").await.unwrap_err();
    secrets.push(world.refresh(grant.refresh.expose()).await.unwrap().refresh.expose().clone());
    for operation in [OperationId::RequestMagicLink, OperationId::ForgotPassword] {
        world.call(operation, json!({ "email": ADA })).await.unwrap();
        secrets.push(world.mail().await.token());
    }
    world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
    let code = format!("\"{}\"", world.mail().await.code());
    secrets.push(code);
    secrets.push(world.accounts.setup_link().await.unwrap().unwrap().expose().clone());
    world.accounts.engine().close();
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a file of the database holds {secret}");
        }
    }
}

#[tokio::test]
async fn what_happened_is_told_once_in_one_line_and_without_secrets() {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    world.login(ADA, "not this one").await.unwrap_err();
    world.login("nobody@example.org", "not this one").await.unwrap_err();
    world.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(world.n_events("account.created", "success").await, 1);
    assert_eq!(world.n_events("email.verified", "success").await, 1);
    assert_eq!(world.n_events("session.created", "success").await, 2);
    assert_eq!(world.n_events("session.created", "INVALID_CREDENTIALS").await, 2);
    for row in world.rows("Audit").await {
        let agent = row["agent"].as_str().unwrap();
        assert_eq!(agent, "Browser 1{\"level\":\"error\"}");
        assert_eq!(row["ip"], "203.0.113.7");
    }
}

#[tokio::test]
async fn what_has_had_its_time_is_removed_and_nothing_else() {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    world.mails().await;
    assert_eq!(world.accounts.clean().await.unwrap(), 0);
    world.clock.advance(2 * 3_600 * SECOND);
    assert_eq!(world.accounts.clean().await.unwrap(), 1);
    assert!(world.rows("Ticket").await.is_empty());
    world.clock.advance(29 * DAY);
    assert_eq!(world.accounts.clean().await.unwrap(), 2, "the mails");
    assert_eq!(world.rows("Session").await.len(), 1);
    world.clock.advance(8 * DAY);
    while world.accounts.clean().await.unwrap() > 0 {}
    assert!(world.rows("Session").await.is_empty());
    assert!(!world.rows("Audit").await.is_empty());
    world.clock.advance(365 * DAY);
    while world.accounts.clean().await.unwrap() > 0 {}
    assert!(world.rows("Audit").await.is_empty());
    assert_eq!(world.rows("Account").await.len(), 1);
    world.login(ADA, PASSWORD).await.unwrap();
}

async fn kids(world: &World) -> Vec<String> {
    let set: Json = serde_json::from_str(&world.accounts.jwks().await.unwrap()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid_of(token: &str) -> String {
    use base64::Engine as _;
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header: Json = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_signing_key_is_published_before_it_signs_and_believed_after() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let before = kids(&world).await;
    assert_eq!(before, [kid_of(first.access.expose())]);

    world.clock.advance(29 * DAY);
    let published = kids(&world).await;
    assert_eq!(published.len(), 2);
    let last = world.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(kid_of(last.access.expose()), before[0]);

    world.clock.advance(DAY - 60 * SECOND);
    let last = world.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(kid_of(last.access.expose()), before[0]);
    world.clock.advance(120 * SECOND);
    let next = world.login(ADA, PASSWORD).await.unwrap();
    assert_eq!(kid_of(next.access.expose()), published[1]);
    world.authenticate(last.access.expose()).await.unwrap();

    world.clock.advance(3_600 * SECOND);
    assert_eq!(kids(&world).await, [published[1].clone()]);
    while world.accounts.clean().await.unwrap() > 0 {}
    assert_eq!(world.rows("SigningKey").await.len(), 1);
}

#[tokio::test]
async fn a_token_that_another_key_signed_is_refused() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    let account = world.authenticate(grant.access.expose()).await.unwrap().account.unwrap();
    let theirs = underpin_credentials::token::SigningKey::generate();
    let tokens = AccessTokens::new("underpin", "underpin", vec![theirs]);
    let claims =
        tokens.claims(account.to_string(), grant.session, world.accounts.engine().now(), 900);
    let forged = tokens.issue(&claims).unwrap();
    for token in [forged.expose().as_str(), "a.b.c", "", "null"] {
        let error = world.authenticate(token).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
        assert_eq!(error.message(), "the bearer token is not one that is in force");
    }
}

#[tokio::test]
async fn sessions_are_listed_with_the_one_that_asks_marked() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    world.clock.advance(SECOND);
    let second = world.login(ADA, PASSWORD).await.unwrap();
    world.join("eve@example.org").await;
    let list = async |token: &str| match world
        .call_as(token, OperationId::ListSessions, json!({}))
        .await
        .unwrap()
    {
        Answer::Data { data, .. } => data.as_array().unwrap().clone(),
        other => panic!("{other:?}"),
    };
    let devices = list(second.access.expose()).await;
    assert_eq!(devices.len(), 2);
    assert_eq!(devices[0]["id"], second.session.to_string());
    assert_eq!((&devices[0]["current"], &devices[1]["current"]), (&json!(true), &json!(false)));
    assert!(devices[0].get("counter").is_none() && devices[0].get("epoch").is_none());

    let eve = world.login("eve@example.org", PASSWORD).await.unwrap();
    let caller = world.authenticate(eve.access.expose()).await.unwrap();
    let theirs = first.session.to_string();
    let path = [theirs.as_str()];
    let error = world.raw(OperationId::EndSession, Some(caller), &path, b"").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    world.authenticate(first.access.expose()).await.unwrap();
}

#[tokio::test]
async fn who_asks_is_told_of_itself_and_changes_its_row_as_the_rules_allow() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    let token = grant.access.expose();
    let Answer::Data { data, .. } = world.call_as(token, OperationId::Me, json!({})).await.unwrap()
    else {
        panic!("no data")
    };
    assert_eq!(data["user"]["email"], ADA);
    assert_eq!((&data["verified"], &data["anonymous"]), (&json!(true), &json!(false)));
    let Answer::Data { data, .. } =
        world.call_as(token, OperationId::UpdateMe, json!({ "motto": "mine" })).await.unwrap()
    else {
        panic!("no data")
    };
    assert_eq!(data["motto"], "mine");
    let error =
        world.call_as(token, OperationId::UpdateMe, json!({ "tier": "gold" })).await.unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
    let error =
        world.call_as(token, OperationId::UpdateMe, json!({ "credit": 7 })).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
}

#[tokio::test]
async fn a_weaker_hash_that_was_brought_along_is_replaced_at_the_next_login() {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    let hash = bcrypt_of(PASSWORD);
    let sql = "UPDATE _underpin_password SET hash = ?1";
    world.database().execute(sql, [&hash]).unwrap();
    world.login(ADA, PASSWORD).await.unwrap();
    let stored = world.rows("Password").await[0]["hash"].as_str().unwrap().to_owned();
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    world.login(ADA, PASSWORD).await.unwrap();
}

fn bcrypt_of(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

#[tokio::test]
async fn a_restart_keeps_sessions_links_and_keys() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    let token = world.mail().await.token();
    let before = kids(&world).await;
    let world = world.restarted().await;
    assert_eq!(kids(&world).await, before);
    world.authenticate(grant.access.expose()).await.unwrap();
    world.refresh(grant.refresh.expose()).await.unwrap();
    granted(world.call(OperationId::LoginLink, json!({ "token": token })).await);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_addresses_are_told_alike() {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    let writes = async |email: &str, password: &str| {
        let before = world.rows("Audit").await.len();
        let error = world.login(email, password).await.unwrap_err();
        let n_rows = world.rows("Audit").await.len() - before;
        (error.code(), error.message().to_owned(), error.hint().map(str::to_owned), n_rows)
    };
    let wrong = writes(ADA, "not this one").await;
    assert_eq!(wrong.0, Code::InvalidCredentials);
    assert_eq!(wrong, writes("nobody@example.org", "not this one").await);
    world.database().execute("DELETE FROM _underpin_password", []).unwrap();
    assert_eq!(wrong, writes(ADA, PASSWORD).await);
}

#[tokio::test]
async fn accounts_do_not_start_with_another_secret_until_the_former_is_given_up() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    let engine = world.accounts.engine();
    let secret = MasterSecret::from_text("zH3kP8sWq1nD6vB0xT5yM2cR9eJ4uL7a").unwrap();
    let other = Arc::new(Keys::derive(&secret));
    let start = async || {
        let options = Options { keys: Some(Arc::clone(&other)), ..Options::default() };
        Accounts::start(Arc::clone(engine), options).await
    };
    let refused = start().await.err().unwrap();
    assert_eq!(refused.code(), Code::StorageUnavailable);
    underpin_accounts::adopt_secret(engine, &other).await.unwrap();
    let accounts = start().await.unwrap();
    let app = engine.app().await;
    let former = accounts.authenticate(&app, grant.access.expose()).await;
    assert_eq!(former.unwrap_err().code(), Code::Unauthenticated);
}
