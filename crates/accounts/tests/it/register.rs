//! Making an account.

use serde_json::{Value as Json, json};
use underpin_accounts::{Answer, OperationId, Registration, Settings, Verification};
use underpin_base::Code;

use crate::world::{PASSWORD, PEOPLE, World, granted};

fn body(email: &str) -> Json {
    json!({ "email": email, "password": PASSWORD })
}

fn with(email: &str, more: &Json) -> Json {
    let mut body = body(email);
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn optional() -> Settings {
    Settings { verification: Verification::Optional, ..Settings::default() }
}

#[tokio::test]
async fn nobody_logs_in_before_the_address_is_proved() {
    let world = World::new(PEOPLE).await;
    let answer = world.call(OperationId::Register, body("Ada@Example.org")).await.unwrap();
    assert!(matches!(answer, Answer::Accepted));
    let refused = world.login("ada@example.org", PASSWORD).await.unwrap_err();
    assert_eq!(refused.code(), Code::EmailUnverified);
    let wrong = world.login("ada@example.org", "three walnuts").await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidCredentials);

    let mail = world.mail().await;
    assert_eq!((mail.kind.as_str(), mail.to.as_str()), ("verify-email", "ada@example.org"));
    assert!(mail.text.contains("http://localhost:8080/verify-email#token="), "{}", mail.text);
    let grant =
        granted(world.call(OperationId::VerifyEmail, json!({ "token": mail.token() })).await);
    let user: Json = serde_json::from_slice(&grant.user).unwrap();
    assert_eq!(user["email"], "ada@example.org");
    let identity = world.authenticate(grant.access.expose()).await.unwrap();
    assert!(identity.actor.verified);
    world.login("ADA@example.ORG", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn registering_a_known_address_is_answered_alike_and_changes_nothing() {
    let world = World::new(PEOPLE).await;
    world.join("ada@example.org").await;
    let (n_users, n_accounts, n_audits) = (
        world.count("SELECT count(*) FROM user"),
        world.rows("Account").await.len(),
        world.rows("Audit").await.len(),
    );
    let other = json!({ "email": "ada@example.org", "password": "another long password" });
    let answer = world.call(OperationId::Register, other).await.unwrap();
    assert!(matches!(answer, Answer::Accepted));
    assert_eq!(world.mail().await.kind, "already-registered");
    assert_eq!(world.count("SELECT count(*) FROM user"), n_users);
    assert_eq!(world.rows("Account").await.len(), n_accounts);
    assert_eq!(world.rows("Audit").await.len(), n_audits + 1);
    assert!(world.login("ada@example.org", "another long password").await.is_err());
    world.login("ada@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn mistakes_are_answered_alike_for_known_and_unknown_addresses() {
    let world = World::new(PEOPLE).await;
    world.join("ada@example.org").await;
    let named = with("bob@example.org", &json!({ "name": "bob" }));
    world.call(OperationId::Register, named).await.unwrap();
    world.mails().await;
    let mistakes = [
        json!({ "name": "bob" }),
        json!({ "name": 7 }),
        json!({ "nmae": "x" }),
        json!({ "credit": 7 }),
        json!({ "tier": "gold" }),
        json!({ "team": "01890000-0000-7000-8000-000000000000" }),
        json!({ "password": "short" }),
        json!({ "password": "password123" }),
    ];
    for mistake in mistakes {
        let known = world.call(OperationId::Register, with("ada@example.org", &mistake)).await;
        let unknown = world.call(OperationId::Register, with("eve@example.org", &mistake)).await;
        let (known, unknown) = (known.unwrap_err(), unknown.unwrap_err());
        assert_eq!(known.code(), unknown.code(), "{mistake}");
        assert_eq!(known.message(), unknown.message(), "{mistake}");
        assert_eq!(known.details(), unknown.details(), "{mistake}");
    }
    assert_eq!(world.mails().await.len(), 0);
    assert_eq!(world.count("SELECT count(*) FROM user"), 2);
}

#[tokio::test]
async fn what_is_not_the_users_to_set_is_refused_and_what_is_is_set() {
    let world = World::with(PEOPLE, optional()).await;
    let refused = [
        (json!({ "id": "01890000-0000-7000-8000-000000000000" }), Code::ValidationError),
        (json!({ "createdAt": "2020-01-01T00:00:00Z" }), Code::ValidationError),
        (json!({ "version": 9 }), Code::ValidationError),
        (json!({ "credit": 9 }), Code::ValidationError),
        (json!({ "credit": null }), Code::ValidationError),
        (json!({ "secret": "x" }), Code::ValidationError),
        (json!({ "tier": "gold" }), Code::Forbidden),
        (json!({ "tier": null }), Code::Forbidden),
        (json!({ "roles": ["admin"] }), Code::ValidationError),
        (json!({ "userId": "x" }), Code::ValidationError),
        (json!({ "accountId": "x" }), Code::ValidationError),
        (json!({ "verified": true }), Code::ValidationError),
    ];
    for (fields, code) in refused {
        let error = world
            .call(OperationId::Register, with("ada@example.org", &fields))
            .await
            .expect_err(&fields.to_string());
        assert_eq!(error.code(), code, "{fields}");
    }
    assert_eq!(world.count("SELECT count(*) FROM user"), 0);
    let fields = json!({ "name": "Ada", "motto": "mine" });
    let grant = granted(world.call(OperationId::Register, with("ada@example.org", &fields)).await);
    let user: Json = serde_json::from_slice(&grant.user).unwrap();
    assert_eq!((&user["name"], &user["motto"]), (&json!("Ada"), &json!("mine")));
    assert_eq!(user["credit"], 0);
}

#[tokio::test]
async fn a_row_that_the_new_user_may_not_see_cannot_be_named() {
    let world = World::with(PEOPLE, optional()).await;
    let ids = ["01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002"];
    for (id, open) in [(ids[0], 1), (ids[1], 0)] {
        let sql = format!(
            "INSERT INTO team (id, open, name, created_at, updated_at, version) \
             VALUES (x'{}', {open}, 'x', 0, 0, 1)",
            id.replace('-', "")
        );
        world.database().execute(&sql, []).unwrap();
    }
    let closed = with("ada@example.org", &json!({ "team": ids[1] }));
    let error = world.call(OperationId::Register, closed).await.unwrap_err();
    assert_eq!(error.code(), Code::ReferenceConflict);
    let open = with("ada@example.org", &json!({ "team": ids[0] }));
    granted(world.call(OperationId::Register, open).await);
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let world = World::new(PEOPLE).await;
    let body = json!({ "email": "ada", "name": 7, "cookies": "yes", "nmae": 1 });
    let error = world.call(OperationId::Register, body).await.unwrap_err();
    let fields = &error.details().fields;
    let mut paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["cookies", "email", "name", "nmae", "password"]);
}

#[tokio::test]
async fn a_taken_address_is_told_where_addresses_need_no_proof() {
    let world = World::with(PEOPLE, optional()).await;
    let answer = world.call(OperationId::Register, body("ada@example.org")).await.unwrap();
    assert!(matches!(answer, Answer::Registered(_)));
    let error = world.call(OperationId::Register, body("ADA@example.org")).await.unwrap_err();
    assert_eq!(error.code(), Code::UniqueConflict);
    assert_eq!(error.details().fields[0].path, "email");
}

#[tokio::test]
async fn accounts_with_numbers_for_keys_are_made_too() {
    let text = r#"
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  id: ID! @id(kind: INT)
  email: Email! @unique
}
"#;
    let world = World::new(text).await;
    let grant = world.join("ada@example.org").await;
    let user: Json = serde_json::from_slice(&grant.user).unwrap();
    assert_eq!(user["email"], "ada@example.org");
    world.login("ada@example.org", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn nobody_registers_where_that_is_closed() {
    let settings = Settings { registration: Registration::Closed, ..Settings::default() };
    let world = World::with(PEOPLE, settings).await;
    let error = world.call(OperationId::Register, body("ada@example.org")).await.unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
}

#[tokio::test]
async fn addresses_that_look_like_others_or_carry_headers_are_refused() {
    let world = World::new(PEOPLE).await;
    let addresses = [
        "а@example.org",
        "ada@exаmple.org",
        "a@b.example\r\nBcc: eve@example.org",
        "a@b.example\0",
        "ada@example.org ",
        "<ada@example.org>",
        "Ada <ada@example.org>",
        "x@anonymous.invalid",
    ];
    for address in addresses {
        let error = world.call(OperationId::Register, body(address)).await.unwrap_err();
        assert_eq!(error.code(), Code::ValidationError, "{address:?}");
        let error = world.login(address, PASSWORD).await.unwrap_err();
        assert_eq!(error.code(), Code::ValidationError, "{address:?}");
    }
    let long = format!("{}@example.org", "a".repeat(250));
    let error = world.call(OperationId::Register, body(&long)).await.unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
}

#[tokio::test]
async fn several_who_register_one_address_at_once_make_one_account() {
    let world = std::sync::Arc::new(World::new(PEOPLE).await);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let world = std::sync::Arc::clone(&world);
        calls
            .spawn(async move { world.call(OperationId::Register, body("ada@example.org")).await });
    }
    while let Some(answer) = calls.join_next().await {
        assert!(matches!(answer.unwrap().unwrap(), Answer::Accepted));
    }
    assert_eq!(world.count("SELECT count(*) FROM user"), 1);
    assert_eq!(world.rows("Password").await.len(), 1);
    assert_eq!(world.rows("Mail").await.len(), 6);
}

#[tokio::test]
async fn registering_sets_no_field_of_rows_that_only_others_change() {
    let guarded = r#"
        extend schema @role(name: "staff", can: ["users:*"])
        type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
            email: Email! @unique
            name: String!
            isStaff: Boolean! @default(value: false)
            note: String
        }
    "#;
    let world = World::new(guarded).await;
    for spare in [json!({ "isStaff": true }), json!({ "note": "x" }), json!({ "isStaff": false })] {
        let mut sent = with("ada@example.org", &json!({ "name": "Ada" }));
        sent.as_object_mut().unwrap().extend(spare.as_object().unwrap().clone());
        let refused = world.call(OperationId::Register, sent).await.unwrap_err();
        assert_eq!(refused.code(), Code::Forbidden, "{spare}");
    }
    let sent = with("ada@example.org", &json!({ "name": "Ada" }));
    world.call(OperationId::Register, sent).await.unwrap();
}

#[tokio::test]
async fn how_long_an_address_may_be_tells_nobody_whether_it_is_taken() {
    let short = PEOPLE.replace("email: Email! @unique", "email: Email! @unique @length(max: 16)");
    let world = World::new(&short).await;
    world.join("ada@example.org").await;
    for email in ["ada@example.org", "eve@example.org"] {
        let answer = world.call(OperationId::Register, body(email)).await.unwrap();
        assert!(matches!(answer, Answer::Accepted), "{email}");
    }
}
