//! Authenticator apps and recovery codes: a login asks for them, each is good once, and guesses are
//! counted before they are looked at.

use serde_json::{Value as Json, json};
use underpin_accounts::OperationId as Id;
use underpin_base::Code;

use crate::site::{PASSWORD, Sent, Site, at_once, granted};

const ADA: &str = "ada@example.com";
const EVE: &str = "eve@example.com";

/// How many of these answers, fifty of them given at once, are sessions; and how many say that they
/// were looked at.
async fn outcomes(site: &Site, bodies: Vec<Json>) -> (usize, usize) {
    let answer = |body| {
        let site = site.clone();
        async move { site.answer(body).await }
    };
    let (mut n_sessions, mut n_wrong) = (0, 0);
    for bodies in bodies.chunks(50) {
        for answer in at_once(bodies.iter().cloned().map(answer)).await {
            match answer {
                Ok(_) => n_sessions += 1,
                Err(error) if error.code() == Code::InvalidCredentials => n_wrong += 1,
                Err(error) => assert_eq!(error.code(), Code::InvalidToken, "{error:?}"),
            }
        }
    }
    (n_sessions, n_wrong)
}

#[tokio::test]
async fn a_login_asks_for_the_code_once_an_app_is_confirmed() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    let proof = json!({ "currentPassword": PASSWORD });
    let started = site.data(Id::StartTotp, Sent::by(&grant), proof).await;
    assert!(started["uri"].as_str().unwrap().starts_with("otpauth://totp/Underpin:ada%40"));
    // A secret that no code of was ever shown counts for nothing.
    site.login(ADA).await.unwrap();

    let (secret, _) = site.add_app(&grant).await;
    let error = site.login(ADA).await.unwrap_err();
    assert_eq!(error.details().methods, ["totp", "recoveryCode"]);
    let challenge = site.challenge(ADA).await;
    let code = secret.code_at(site.clock.now());
    let session = site.answer(json!({ "challenge": challenge, "code": code.expose() })).await;
    let me = site.data(Id::Me, Sent::by(&session.unwrap()), json!(null)).await;
    assert_eq!(me["user"]["email"], ADA);
}

#[tokio::test]
async fn a_code_is_good_once_over_all_challenges() {
    let site = Site::new().await;
    let (secret, _) = site.add_app(&site.register(ADA).await).await;
    let code = secret.code_at(site.clock.now()).expose().clone();
    let first = site.challenge(ADA).await;
    site.answer(json!({ "challenge": first, "code": code })).await.unwrap();
    let again = site.answer(json!({ "challenge": first, "code": code })).await.unwrap_err();
    assert_eq!(again.code(), Code::InvalidToken);
    let second = site.challenge(ADA).await;
    let replayed = site.answer(json!({ "challenge": second, "code": code })).await.unwrap_err();
    assert_eq!(replayed.code(), Code::InvalidCredentials);
    site.advance(30);
    let code = secret.code_at(site.clock.now());
    site.answer(json!({ "challenge": second, "code": code.expose() })).await.unwrap();
}

#[tokio::test]
async fn what_is_no_code_of_this_window_is_refused() {
    let site = Site::new().await;
    let (secret, _) = site.add_app(&site.register(ADA).await).await;
    site.advance(120);
    let now = site.clock.now();
    let before = |steps: i64| {
        let at = underpin_base::Timestamp(now.0 + steps * 30_000_000);
        secret.code_at(at).expose().clone()
    };
    let wide = "１２３４５６".to_owned();
    for code in [before(-2), before(2), wide, "null".to_owned()] {
        let challenge = site.challenge(ADA).await;
        let error = site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidCredentials, "{code}");
    }
    for body in [
        json!({ "challenge": "x" }),
        json!({ "challenge": "x", "code": "1", "recoveryCode": "2" }),
        json!({ "challenge": "x", "code": { "$ne": "" } }),
        json!({ "challenge": "x", "code": 123_456 }),
    ] {
        let code = site.refusal(Id::LoginMfa, Sent::default(), body.clone()).await;
        assert_eq!(code, Code::ValidationError, "{body}");
    }
}

#[tokio::test]
async fn of_fifty_right_codes_at_once_one_logs_in() {
    let site = Site::new().await;
    let (secret, codes) = site.add_app(&site.register(ADA).await).await;
    let code = secret.code_at(site.clock.now()).expose().clone();
    let bodies = [json!({ "code": code }), json!({ "recoveryCode": codes[0] })];
    for body in bodies {
        let mut body = body;
        body["challenge"] = json!(site.challenge(ADA).await);
        assert_eq!(outcomes(&site, vec![body.clone(); 50]).await.0, 1, "{body}");
        site.advance(600);
    }
}

#[tokio::test]
async fn one_code_opens_one_of_several_challenges_at_once() {
    let site = Site::new().await;
    let (secret, codes) = site.add_app(&site.register(ADA).await).await;
    for kind in ["code", "recoveryCode"] {
        let code = match kind {
            "code" => secret.code_at(site.clock.now()).expose().clone(),
            _ => codes[3].clone(),
        };
        let mut bodies = Vec::new();
        for _ in 0..5 {
            bodies.push(json!({ "challenge": site.challenge(ADA).await, kind: code }));
        }
        assert_eq!(outcomes(&site, bodies).await.0, 1, "{kind}");
        site.advance(600);
    }
}

#[tokio::test]
async fn ten_thousand_guesses_get_five_looks_for_a_challenge_and_for_an_account() {
    let site = Site::new().await;
    let (secret, _) = site.add_app(&site.register(ADA).await).await;
    let guesses = |challenge: &str| -> Vec<Json> {
        let guess = |number| match number % 3 {
            0 => json!({ "challenge": challenge, "recoveryCode": "k7m2p-9xq4t-0hbnw" }),
            _ => json!({ "challenge": challenge, "code": format!("{number:06}") }),
        };
        (0..500).map(guess).collect()
    };
    for _ in 0..10 {
        // In a new window a challenge gets five looks, and a further one of the account none.
        site.advance(600);
        let challenge = site.challenge(ADA).await;
        assert_eq!(outcomes(&site, guesses(&challenge)).await, (0, 5));
        let further = site.challenge(ADA).await;
        assert_eq!(outcomes(&site, guesses(&further)).await, (0, 0));
    }
    // Nor is the right code looked at any more, until the window is over.
    let challenge = site.challenge(ADA).await;
    let code = secret.code_at(site.clock.now()).expose().clone();
    let error = site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidToken);
    site.advance(601);
    let challenge = site.challenge(ADA).await;
    let code = secret.code_at(site.clock.now()).expose().clone();
    site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap();
}

#[tokio::test]
async fn right_answers_do_not_use_up_the_accounts_tries() {
    let site = Site::new().await;
    let (_, codes) = site.add_app(&site.register(ADA).await).await;
    for code in &codes {
        let challenge = site.challenge(ADA).await;
        site.answer(json!({ "challenge": challenge, "recoveryCode": code })).await.unwrap();
    }
    // All of them were used; the app is still asked for.
    let error = site.login(ADA).await.unwrap_err();
    assert_eq!(error.details().methods, ["totp"]);
}

#[tokio::test]
async fn a_challenge_ends_by_itself_and_with_a_change_of_the_account() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    let (secret, _) = site.add_app(&grant).await;
    let challenge = site.challenge(ADA).await;
    site.advance(600);
    let code = secret.code_at(site.clock.now()).expose().clone();
    let late = site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap_err();
    assert_eq!(late.code(), Code::InvalidToken);

    let challenge = site.challenge(ADA).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another passphrase, longer" });
    site.call(Id::ChangePassword, Sent::by(&grant), body).await.unwrap();
    let ended = site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap_err();
    assert_eq!(ended.code(), Code::InvalidToken);
}

#[tokio::test]
async fn a_change_of_factors_needs_the_password_and_ends_other_sessions() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    let other = site.login(ADA).await.unwrap();
    for id in [Id::StartTotp, Id::RemoveTotp, Id::RecoveryCodes, Id::PasskeyOptions] {
        let code = site.refusal(id, Sent::by(&grant), json!({})).await;
        assert_eq!(code, Code::ReauthenticationRequired);
        let wrong = json!({ "currentPassword": "not the one" });
        assert_eq!(site.refusal(id, Sent::by(&grant), wrong).await, Code::InvalidCredentials);
    }
    let (_, codes) = site.add_app(&grant).await;
    assert_eq!(site.refusal(Id::Me, Sent::by(&other), json!(null)).await, Code::Unauthenticated);
    let me = site.data(Id::Me, Sent::by(&grant), json!(null)).await;
    assert_eq!(me["user"]["email"], ADA);

    // New recovery codes end the old ones.
    let proof = json!({ "currentPassword": PASSWORD });
    let made = site.data(Id::RecoveryCodes, Sent::by(&grant), proof.clone()).await;
    let challenge = site.challenge(ADA).await;
    let old = json!({ "challenge": challenge, "recoveryCode": codes[0] });
    assert_eq!(site.answer(old).await.unwrap_err().code(), Code::InvalidCredentials);
    let new = json!({ "challenge": challenge, "recoveryCode": made["recoveryCodes"][0] });
    let second = site.answer(new).await.unwrap();

    let code = site.refusal(Id::StartTotp, Sent::by(&grant), proof.clone()).await;
    assert_eq!(code, Code::UniqueConflict);
    site.call(Id::RemoveTotp, Sent::by(&grant), proof).await.unwrap();
    assert_eq!(site.refusal(Id::Me, Sent::by(&second), json!(null)).await, Code::Unauthenticated);
    site.login(ADA).await.unwrap();
}

#[tokio::test]
async fn codes_and_recovery_codes_of_somebody_else_are_none() {
    let site = Site::new().await;
    site.add_app(&site.register(ADA).await).await;
    let (secret, codes) = site.add_app(&site.register(EVE).await).await;
    let challenge = site.challenge(ADA).await;
    let code = secret.code_at(site.clock.now()).expose().clone();
    for body in [
        json!({ "challenge": challenge, "code": code }),
        json!({ "challenge": challenge, "recoveryCode": codes[0] }),
    ] {
        assert_eq!(site.answer(body).await.unwrap_err().code(), Code::InvalidCredentials);
    }
}

#[tokio::test]
async fn an_app_is_confirmed_by_its_own_code_and_guesses_at_it_are_counted() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    let sent = Sent::by(&grant);
    let early = site.refusal(Id::ConfirmTotp, sent, json!({ "code": "123456" })).await;
    assert_eq!(early, Code::NotFound);
    let proof = json!({ "currentPassword": PASSWORD });
    site.data(Id::StartTotp, sent, proof).await;
    for _ in 0..5 {
        let code = site.refusal(Id::ConfirmTotp, sent, json!({ "code": "nonsense" })).await;
        assert_eq!(code, Code::InvalidCredentials);
    }
    let code = site.refusal(Id::ConfirmTotp, sent, json!({ "code": "nonsense" })).await;
    assert_eq!(code, Code::InvalidToken);
}

#[tokio::test]
async fn every_change_of_factors_is_told_to_the_owner_and_stays_on_record() {
    let site = Site::new().await;
    let grant = site.register(ADA).await;
    site.add_app(&grant).await;
    site.add_passkey(&grant, 7).await;
    let proof = json!({ "currentPassword": PASSWORD });
    site.call(Id::RecoveryCodes, Sent::by(&grant), proof.clone()).await.unwrap();
    site.call(Id::RemoveTotp, Sent::by(&grant), proof).await.unwrap();
    assert_eq!(site.mails("mfa-changed").await, 4);
    let audit = site.audit().await;
    for event in
        ["totp.started", "totp.added", "passkey.added", "recoveryCodes.made", "totp.removed"]
    {
        let row = (event.to_owned(), "success".to_owned());
        assert_eq!(audit.iter().filter(|found| **found == row).count(), 1, "{event}: {audit:?}");
    }
}

#[tokio::test]
async fn a_wrong_guess_stays_on_record() {
    let site = Site::new().await;
    site.add_app(&site.register(ADA).await).await;
    let challenge = site.challenge(ADA).await;
    let wrong = json!({ "challenge": challenge, "code": "nonsense" });
    site.answer(wrong).await.unwrap_err();
    let audit = site.audit().await;
    assert_eq!(audit.last().unwrap(), &("mfa.tried".to_owned(), "INVALID_CREDENTIALS".to_owned()));
}

/// A login by a code that was sent to an address.
async fn log_in_by_mail(
    site: &Site,
    email: &str,
) -> underpin_base::Result<underpin_accounts::Grant> {
    let body = json!({ "email": email });
    site.call(Id::RequestCode, Sent::default(), body).await.unwrap();
    let body = json!({ "email": email, "code": site.code_of_mail(email).await });
    site.call(Id::LoginCode, Sent::default(), body).await.map(granted)
}

#[tokio::test]
async fn a_code_by_mail_is_one_factor_and_the_app_of_who_proved_nothing_is_none() {
    let site = Site::new().await;
    // Somebody who has not proved the address set an app up. Its owner is not asked for it.
    site.add_app(&site.register(ADA).await).await;
    let owner = log_in_by_mail(&site, ADA).await.unwrap();
    let me = site.data(Id::Me, Sent::by(&owner), json!(null)).await;
    assert_eq!(me["verified"], true);
    // The owner's own app is.
    let (secret, _) = site.add_app(&owner).await;
    let challenge = crate::site::challenge_of(&log_in_by_mail(&site, ADA).await.unwrap_err());
    let code = secret.code_at(site.clock.now()).expose().clone();
    site.answer(json!({ "challenge": challenge, "code": code })).await.unwrap();
}
