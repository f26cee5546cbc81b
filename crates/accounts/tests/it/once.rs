//! What is good once is good for one alone, however many show it at the same time.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use underpin_accounts::{Answer, OperationId};
use underpin_base::Code;

use crate::world::{PASSWORD, PEOPLE, SECOND, World};

const ADA: &str = "ada@example.org";

/// How many of fifty at once succeed; the others are told one thing.
async fn successes(world: &Arc<World>, operation: OperationId, body: Json) -> usize {
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (world, body) = (Arc::clone(world), body.clone());
        calls.spawn(async move { world.call(operation, body).await });
    }
    let mut n_successes = 0;
    while let Some(answer) = calls.join_next().await {
        match answer.unwrap() {
            Ok(Answer::Session(_) | Answer::Nothing) => n_successes += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                let told = matches!(error.code(), Code::InvalidToken | Code::Overloaded);
                assert!(told, "{error:?}");
            }
        }
    }
    n_successes
}

async fn world() -> Arc<World> {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    Arc::new(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_proves_an_address() {
    let world = Arc::new(World::new(PEOPLE).await);
    let body = json!({ "email": ADA, "password": PASSWORD });
    world.call(OperationId::Register, body).await.unwrap();
    let token = world.mail().await.token();
    let body = json!({ "token": token });
    assert_eq!(successes(&world, OperationId::VerifyEmail, body).await, 1);
    assert_eq!(world.rows("Session").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_logs_in() {
    let world = world().await;
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    let body = json!({ "token": world.mail().await.token() });
    assert_eq!(successes(&world, OperationId::LoginLink, body).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_logs_in() {
    let world = world().await;
    world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
    let body = json!({ "email": ADA, "code": world.mail().await.code() });
    assert_eq!(successes(&world, OperationId::LoginCode, body).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_sets_a_password() {
    let world = world().await;
    world.call(OperationId::ForgotPassword, json!({ "email": ADA })).await.unwrap();
    let token = world.mail().await.token();
    let body = json!({ "token": token, "password": "another long password" });
    assert_eq!(successes(&world, OperationId::ResetPassword, body).await, 1);
    assert_eq!(world.mail().await.kind, "password-changed");
    world.login(ADA, "another long password").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_makes_the_first_administrator() {
    let world = Arc::new(World::new(PEOPLE).await);
    let token = world.accounts.setup_link().await.unwrap().unwrap().expose().clone();
    let body = json!({ "token": token, "email": ADA, "password": PASSWORD });
    assert_eq!(successes(&world, OperationId::Setup, body).await, 1);
    assert_eq!(world.count("SELECT count(*) FROM user"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_wrong_codes_are_five_guesses() {
    let world = world().await;
    world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
    let code = world.mail().await.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let body = json!({ "email": ADA, "code": wrong });
    for _ in 0..2 {
        assert_eq!(successes(&world, OperationId::LoginCode, body.clone()).await, 0);
    }
    assert_eq!(world.count("SELECT tries FROM _underpin_ticket WHERE kind = 'CODE'"), 5);
    let right = json!({ "email": ADA, "code": code });
    let error = world.call(OperationId::LoginCode, right).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidToken);

    // Another code gives no more guesses before the ten minutes are over.
    world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
    assert!(world.mails().await.is_empty());
    world.clock.advance(600 * SECOND);
    world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
    let body = json!({ "email": ADA, "code": world.mail().await.code() });
    world.call(OperationId::LoginCode, body).await.unwrap();
}

#[tokio::test]
async fn guesses_count_over_several_codes() {
    let world = world().await;
    for n_guesses in [3, 2] {
        world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
        let code = world.mail().await.code();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let body = json!({ "email": ADA, "code": wrong });
        for _ in 0..n_guesses {
            let error = world.call(OperationId::LoginCode, body.clone()).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidToken);
        }
    }
    world.call(OperationId::RequestCode, json!({ "email": ADA })).await.unwrap();
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn an_address_is_sent_five_mails_of_a_kind_within_an_hour_and_the_last_stays_good() {
    let world = world().await;
    let mut last = String::new();
    for _ in 0..5 {
        world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
        last = world.mail().await.token();
    }
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    assert!(world.mails().await.is_empty());
    world.call(OperationId::LoginLink, json!({ "token": last })).await.unwrap();
    world.call(OperationId::ForgotPassword, json!({ "email": ADA })).await.unwrap();
    assert_eq!(world.mail().await.kind, "reset-password");
    world.clock.advance(3_600 * SECOND);
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    world.mail().await;
}

#[tokio::test]
async fn a_ticket_is_good_for_its_purpose_and_time_and_the_newest_alone() {
    let world = world().await;
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    let first = world.mail().await.token();
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    let second = world.mail().await.token();
    let refused = async |operation, body: Json| {
        let error = world.call(operation, body).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidToken);
        assert_eq!(error.message(), "the link or code is not in force");
    };
    refused(OperationId::LoginLink, json!({ "token": first })).await;
    refused(OperationId::VerifyEmail, json!({ "token": second })).await;
    let reset = json!({ "token": second, "password": "another long password" });
    refused(OperationId::ResetPassword, reset).await;
    refused(OperationId::LoginLink, json!({ "token": "null" })).await;
    refused(OperationId::LoginCode, json!({ "email": ADA, "code": "000000" })).await;
    refused(OperationId::LoginCode, json!({ "email": "eve@example.org", "code": "1" })).await;
    world.clock.advance(900 * SECOND);
    refused(OperationId::LoginLink, json!({ "token": second })).await;
}

#[tokio::test]
async fn an_address_that_nobody_has_gets_the_same_answer_and_no_mail() {
    let world = world().await;
    let requests = [
        OperationId::ForgotPassword,
        OperationId::RequestMagicLink,
        OperationId::RequestCode,
        OperationId::ResendVerification,
    ];
    for operation in requests {
        let body = json!({ "email": "nobody@example.org" });
        let (n_mails, n_audits) = (world.rows("Mail").await.len(), world.rows("Audit").await.len());
        assert!(matches!(world.call(operation, body).await.unwrap(), Answer::Accepted));
        assert_eq!(world.rows("Mail").await.len(), n_mails + 1);
        assert_eq!(world.rows("Audit").await.len(), n_audits + 1);
    }
    assert!(world.mails().await.is_empty());
    assert_eq!(world.count("SELECT count(*) FROM _underpin_ticket"), 0);
}
