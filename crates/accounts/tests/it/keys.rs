//! API keys.

use underpin_base::Code;
use underpin_plan::ActorKind;

use crate::world::World;

const SCHEMA: &str = r#"
extend schema @role(name: "staff", can: ["notes:read"])
type Note @model { name: String! }
"#;

#[tokio::test]
async fn a_key_stands_for_its_roles_until_it_is_revoked() {
    let world = World::new(SCHEMA).await;
    let key = world.accounts.create_service_key("deploy", &["staff".to_owned()]).await.unwrap();
    let identity = world.authenticate(key.token.expose()).await.unwrap();
    assert_eq!(identity.actor.profile.kind, ActorKind::Key);
    assert_eq!(identity.actor.profile.roles, ["staff"]);

    world.accounts.revoke_key_by_prefix(&key.prefix).await.unwrap();
    let refused = world.authenticate(key.token.expose()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let again = world.accounts.revoke_key_by_prefix(&key.prefix).await.unwrap_err();
    assert_eq!(again.code(), Code::NotFound);
}

#[tokio::test]
async fn a_key_is_refused_alike_whatever_is_wrong_with_it() {
    let world = World::new(SCHEMA).await;
    let key = world.accounts.create_service_key("deploy", &["staff".to_owned()]).await.unwrap();
    let token = key.token.expose();
    let flipped = if token.ends_with('0') { "1" } else { "0" };
    let wrong_secret = format!("{}{flipped}", &token[..token.len() - 1]);
    let no_such_prefix = token.replacen(&key.prefix, &"0".repeat(key.prefix.len()), 1);
    for token in [wrong_secret.as_str(), no_such_prefix.as_str(), "up_x", ""] {
        let error = world.authenticate(token).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthenticated);
        assert_eq!(error.message(), "the bearer token is not one that is in force");
    }
}

#[tokio::test]
async fn a_key_with_a_role_that_is_not_there_is_not_made() {
    let world = World::new(SCHEMA).await;
    let error =
        world.accounts.create_service_key("deploy", &["boss".to_owned()]).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    assert_eq!(error.details().fields[0].path, "roles");
    assert!(world.accounts.keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    let world = World::new(SCHEMA).await;
    let key = world.accounts.create_service_key("deploy", &["admin".to_owned()]).await.unwrap();
    let secret = key.token.expose().rsplit('_').next().unwrap().to_owned();
    world.accounts.engine().close();
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a file of the database holds the secret");
    }
}

#[tokio::test]
async fn all_keys_are_listed_however_many() {
    let world = World::new(SCHEMA).await;
    for n in 0..205 {
        world
            .accounts
            .create_service_key(&format!("key {n}"), &["staff".to_owned()])
            .await
            .unwrap();
    }
    let keys = world.accounts.keys().await.unwrap();
    assert_eq!(keys.len(), 205);
    assert_eq!(keys[204].name, "key 204");
}

#[tokio::test]
async fn a_key_that_another_process_ends_works_for_a_second_at_most() {
    let world = World::new(SCHEMA).await;
    let key = world.accounts.create_service_key("deploy", &["staff".to_owned()]).await.unwrap();
    world.authenticate(key.token.expose()).await.unwrap();
    let path = world.directory.path().join("app.db");
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute("UPDATE _underpin_key SET revoked_at = 0", []).unwrap();
    world.authenticate(key.token.expose()).await.unwrap();
    world.clock.advance(1_000_000);
    let refused = world.authenticate(key.token.expose()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}
