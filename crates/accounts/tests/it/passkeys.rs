//! Passkeys: made, listed, removed, and logged in with, alone or as the second factor.

use serde_json::{Value as Json, json};
use underpin_accounts::OperationId as Id;
use underpin_base::{Code, Result};
use underpin_testkit::{Authenticator, Pair};

use crate::site::{PASSWORD, SCHEMA, Sent, Site, at_once, granted};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// The answer of an authenticator to a login that begins now.
async fn assertion(site: &Site, authenticator: &mut Authenticator) -> Json {
    let begun = site.data(Id::PasskeyLoginOptions, Sent::default(), json!({})).await;
    let credential = authenticator.get(&begun["options"].to_string());
    authenticator.sign_count += 1;
    json!({ "challenge": begun["challenge"], "credential": credential })
}

async fn log_in(site: &Site, body: Json) -> Result<underpin_accounts::Grant> {
    site.call(Id::PasskeyLogin, Sent::default(), body).await.map(granted)
}

/// How many of these answers, all given at once, are sessions.
async fn sessions(site: &Site, bodies: Vec<Json>) -> usize {
    let answer = |body| {
        let site = site.clone();
        async move { log_in(&site, body).await.is_ok() }
    };
    at_once(bodies.into_iter().map(answer)).await.into_iter().filter(|is_ok| *is_ok).count()
}

#[tokio::test]
async fn a_passkey_logs_in_alone_and_no_second_factor_is_asked_for() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    site.add_app(&grant).await;
    let mut authenticator = site.add_passkey(&grant, 7).await;
    let body = assertion(&site, &mut authenticator).await;
    let session = log_in(&site, body.clone()).await.unwrap();
    let me = site.data(Id::Me, Sent::by(&session), json!(null)).await;
    assert_eq!(me["user"]["email"], ADA);
    assert_eq!(log_in(&site, body).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_passkey_without_proof_of_its_user_does_not_log_in_alone() {
    let site = Site::new().await;
    let mut authenticator = site.add_passkey(&site.register(ADA).await, 7).await;
    authenticator.flags = 0b0001_1001;
    let body = assertion(&site, &mut authenticator).await;
    assert_eq!(log_in(&site, body).await.unwrap_err().code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn of_fifty_answers_at_once_one_logs_in() {
    let site = Site::new().await;
    let mut authenticator = site.add_passkey(&site.register(ADA).await, 7).await;
    let body = assertion(&site, &mut authenticator).await;
    assert_eq!(sessions(&site, vec![body; 50]).await, 1);
}

#[tokio::test]
async fn a_copied_passkey_is_noticed_by_its_counter_also_at_once() {
    let site = Site::new().await;
    let mut authenticator = site.add_passkey(&site.register(ADA).await, 7).await;
    let mut bodies = Vec::new();
    for _ in 0..10 {
        bodies.push(assertion(&site, &mut authenticator).await);
        authenticator.sign_count -= 1;
    }
    assert_eq!(sessions(&site, bodies).await, 1);
    let body = assertion(&site, &mut authenticator).await;
    assert_eq!(log_in(&site, body).await.unwrap_err().code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn a_passkey_belongs_to_one_account() {
    let site = Site::new().await;
    let mut authenticator = site.add_passkey(&site.register(ADA).await, 7).await;
    let eve = site.register(EVE).await;
    let (sent, proof) = (Sent::by(&eve), json!({ "currentPassword": PASSWORD }));
    let begun = site.data(Id::PasskeyOptions, sent, proof).await;
    let credential = authenticator.create(&begun["options"].to_string());
    let body = json!({ "challenge": begun["challenge"], "credential": credential });
    assert_eq!(site.refusal(Id::AddPasskey, sent, body).await, Code::UniqueConflict);
}

#[tokio::test]
async fn a_passkey_is_added_by_the_session_that_asked_for_it() {
    let site = Site::new().await;
    let (ada, eve) = (site.register(ADA).await, site.register(EVE).await);
    let proof = json!({ "currentPassword": PASSWORD });
    let begun = site.data(Id::PasskeyOptions, Sent::by(&ada), proof).await;
    let mut authenticator = Authenticator::new(Pair::es256());
    let credential = authenticator.create(&begun["options"].to_string());
    let body = json!({ "challenge": begun["challenge"], "credential": credential });
    assert_eq!(
        site.refusal(Id::AddPasskey, Sent::by(&eve), body.clone()).await,
        Code::InvalidToken
    );
    // It was shown, and is used up.
    assert_eq!(site.refusal(Id::AddPasskey, Sent::by(&ada), body).await, Code::InvalidToken);
}

#[tokio::test]
async fn passkeys_are_listed_and_removed_by_their_owner() {
    let site = Site::new().await;
    let (ada, eve) = (site.register(ADA).await, site.register(EVE).await);
    let mut authenticator = site.add_passkey(&ada, 7).await;
    let list = site.data(Id::ListPasskeys, Sent::by(&ada), json!(null)).await;
    let id = list[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list[0]["name"], "Passkey");
    assert_eq!(site.data(Id::ListPasskeys, Sent::by(&eve), json!(null)).await, json!([]));

    let path = [id.as_str()];
    let proof = json!({ "currentPassword": PASSWORD });
    let by_eve = Sent { path: &path, ..Sent::by(&eve) };
    assert_eq!(site.refusal(Id::RemovePasskey, by_eve, proof.clone()).await, Code::NotFound);
    let by_ada = Sent { path: &path, ..Sent::by(&ada) };
    site.call(Id::RemovePasskey, by_ada, proof).await.unwrap();
    let body = assertion(&site, &mut authenticator).await;
    assert_eq!(log_in(&site, body).await.unwrap_err().code(), Code::InvalidCredentials);
}

#[tokio::test]
async fn an_account_has_twenty_passkeys_at_most() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    for id in 0..20 {
        site.add_passkey(&grant, id).await;
    }
    let proof = json!({ "currentPassword": PASSWORD });
    let code = site.refusal(Id::PasskeyOptions, Sent::by(&grant), proof).await;
    assert_eq!(code, Code::Forbidden);
}

#[tokio::test]
async fn a_passkey_answers_a_challenge_where_the_settings_ask_for_it() {
    let site = Site::with(SCHEMA, |options| {
        options.settings.passkeys_are_second_factors = true;
    })
    .await;
    let mut authenticator = site.add_passkey(&site.register(ADA).await, 7).await;
    // As a second factor it need not make sure who uses it: the password did.
    authenticator.flags = 0b0001_1001;
    let error = site.login(ADA).await.unwrap_err();
    assert_eq!(error.details().methods, ["passkey"]);
    let challenge = crate::site::challenge_of(&error);
    let ask = json!({ "challenge": challenge });
    let begun = site.data(Id::PasskeyLoginOptions, Sent::default(), ask.clone()).await;
    let credential = authenticator.get(&begun["options"].to_string());
    let body = json!({ "challenge": challenge, "credential": credential });
    site.answer(body.clone()).await.unwrap();
    assert_eq!(site.answer(body).await.unwrap_err().code(), Code::InvalidToken);
}

#[tokio::test]
async fn what_a_passkey_signed_wrongly_cannot_be_shown_twice() {
    let site = Site::with(SCHEMA, |options| {
        options.settings.passkeys_are_second_factors = true;
    })
    .await;
    let mut authenticator = site.add_passkey(&site.register(ADA).await, 7).await;
    let challenge = site.challenge(ADA).await;
    let ask = json!({ "challenge": challenge });
    let begun = site.data(Id::PasskeyLoginOptions, Sent::default(), ask).await;
    authenticator.origin = "https://evil.example.org".to_owned();
    let wrong = authenticator.get(&begun["options"].to_string());
    authenticator.origin = "https://app.example.com".to_owned();
    let right = authenticator.get(&begun["options"].to_string());
    for credential in [wrong, right] {
        let body = json!({ "challenge": challenge, "credential": credential });
        assert_eq!(site.answer(body).await.unwrap_err().code(), Code::InvalidCredentials);
    }
}
