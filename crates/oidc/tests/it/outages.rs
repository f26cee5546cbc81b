//! Providers that are down, slow, too talkative, or not whom they were configured to be.

use std::time::Duration;

use serde_json::{Value, json};
use underpin_oidc::{DocumentError, Failure, OidcError, Provider};

use crate::fake::{
    Answer, DISCOVERY, Fake, KEYS, REDIRECT_URI, TOKEN, USERINFO, client, login, stored,
};
use crate::signing::{How, public_keys, token};

/// How a login with a good token fails.
async fn failure(fake: &Fake, provider: &Provider) -> OidcError {
    let make = |begun: &_| token(How::Es256, &json!({}), &fake.claims(begun));
    login(fake, provider, make).await.unwrap_err()
}

#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    for found in ["http://evil.example.com", "", "{}", "http://127.0.0.1"] {
        let fake = Fake::start(&public_keys()).await;
        fake.set_in_document("issuer", json!(found));
        let error = failure(&fake, &fake.provider()).await;
        let is_issuer = matches!(error, OidcError::Discover(DocumentError::Issuer { .. }));
        assert!(is_issuer, "{found}: {error:?}");
        assert_eq!(error.failure(), Failure::Unavailable);
    }
    // Not even a stroke at the end may differ.
    let fake = Fake::start(&public_keys()).await;
    fake.set_in_document("issuer", json!(format!("{}/", fake.issuer())));
    let error = failure(&fake, &fake.provider()).await;
    assert!(matches!(error, OidcError::Discover(DocumentError::Issuer { .. })), "{error:?}");
}

#[tokio::test]
async fn endpoints_that_must_not_be_asked_are_refused() {
    for (member, url) in [
        ("token_endpoint", "http://10.0.0.1/token"),
        ("token_endpoint", "file:///etc/passwd"),
        ("jwks_uri", "http://evil.example.com/keys"),
        ("jwks_uri", "data:application/json,{}"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("userinfo_endpoint", "https://a:b@example.com/"),
    ] {
        let fake = Fake::start(&public_keys()).await;
        fake.set_in_document(member, json!(url));
        let error = failure(&fake, &fake.provider()).await;
        let is_url = matches!(&error,
            OidcError::Discover(DocumentError::Url { member: found }) if *found == member);
        assert!(is_url, "{member}: {error:?}");
    }
}

#[tokio::test]
async fn a_document_that_lacks_something_is_refused() {
    for member in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let fake = Fake::start(&public_keys()).await;
        fake.set_in_document(member, Value::Null);
        let error = failure(&fake, &fake.provider()).await;
        let is_form = matches!(error, OidcError::Discover(DocumentError::Form(_)));
        assert!(is_form, "{member}: {error:?}");
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_again_after_a_pause() {
    let fake = Fake::start(&public_keys()).await;
    fake.set(DISCOVERY, Answer::Close);
    let provider = fake.provider();
    for _ in 0..20 {
        assert_eq!(failure(&fake, &provider).await.failure(), Failure::Unavailable);
    }
    assert_eq!(fake.requests(DISCOVERY).len(), 1);
    fake.set(DISCOVERY, Answer::Json(200, fake.document()));
    fake.clock.advance(30_000_000);
    let make = |begun: &_| {
        let mut claims = fake.claims(begun);
        claims["sub"] = json!("back");
        token(How::Es256, &json!({}), &claims)
    };
    assert_eq!(login(&fake, &provider, make).await.unwrap().subject, "back");
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_keep_the_others_from_the_answer() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    for _ in 0..20 {
        tokio::select! {
            biased;
            begun = provider.begin(REDIRECT_URI) => panic!("asked for already: {begun:?}"),
            () = std::future::ready(()) => {}
        }
    }
    assert!(provider.begin(REDIRECT_URI).await.is_ok());
    assert_eq!(fake.requests(DISCOVERY).len(), 1);
}

#[tokio::test]
async fn a_login_can_be_ended_on_any_thread() {
    let fake = Fake::start(&public_keys()).await;
    let provider = std::sync::Arc::new(fake.provider());
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    fake.give_out(&token(How::Es256, &json!({}), &fake.claims(&begun)));
    let finishing = async move {
        let callback = underpin_oidc::Callback::parse("code=a").unwrap();
        provider.finish(&callback, &stored(&begun)).await
    };
    assert!(tokio::spawn(finishing).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_pause_longer() {
    let fake = Fake::start(&public_keys()).await;
    fake.set(DISCOVERY, Answer::Close);
    let provider = fake.provider();
    assert!(provider.begin(REDIRECT_URI).await.is_err());
    fake.set(DISCOVERY, Answer::Json(200, fake.document()));
    fake.clock.advance(-3_600_000_000);
    assert!(provider.begin(REDIRECT_URI).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_never_answers_meets_the_time_limit() {
    for path in [DISCOVERY, KEYS, TOKEN, USERINFO] {
        let fake = Fake::start(&public_keys()).await;
        let egress = client(Duration::from_millis(300));
        let provider = Provider::new(fake.config(), egress, fake.clock.clone()).unwrap();
        fake.set(path, Answer::Hang);
        let error = match provider.begin(REDIRECT_URI).await {
            Err(error) => error,
            Ok(begun) => {
                if path != TOKEN {
                    let mut claims = fake.claims(&begun);
                    claims.as_object_mut().unwrap().remove("email");
                    fake.give_out(&token(How::Es256, &json!({}), &claims));
                }
                let callback = underpin_oidc::Callback::parse("code=a").unwrap();
                provider.finish(&callback, &stored(&begun)).await.unwrap_err()
            }
        };
        let is_sent = matches!(
            error,
            OidcError::Discover(DocumentError::Send(_))
                | OidcError::ReadKeys(DocumentError::Send(_))
                | OidcError::Redeem(DocumentError::Send(_))
                | OidcError::ReadProfile(DocumentError::Send(_))
        );
        assert!(is_sent, "{path}: {error:?}");
        assert_eq!(error.failure(), Failure::Unavailable, "{path}");
    }
}

#[tokio::test]
async fn answers_without_end_are_cut() {
    for path in [DISCOVERY, KEYS] {
        let fake = Fake::start(&public_keys()).await;
        fake.set(path, Answer::Endless);
        let error = failure(&fake, &fake.provider()).await;
        let is_cut = matches!(&error,
            OidcError::Discover(DocumentError::Send(error))
            | OidcError::ReadKeys(DocumentError::Send(error))
                if matches!(error.cause(), underpin_egress::Cause::TooLarge { .. }));
        assert!(is_cut, "{path}: {error:?}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for path in [DISCOVERY, KEYS, TOKEN] {
        let fake = Fake::start(&public_keys()).await;
        let provider = fake.provider();
        let elsewhere = fake.url("/elsewhere");
        fake.set("/elsewhere", Answer::Json(200, fake.document()));
        let error = if path == TOKEN {
            let begun = provider.begin(REDIRECT_URI).await.unwrap();
            fake.set(TOKEN, Answer::Redirect(elsewhere));
            let callback = underpin_oidc::Callback::parse("code=a").unwrap();
            provider.finish(&callback, &stored(&begun)).await.unwrap_err()
        } else {
            fake.set(path, Answer::Redirect(elsewhere));
            failure(&fake, &provider).await
        };
        let is_status = matches!(
            error,
            OidcError::Discover(DocumentError::Status { status: 302 })
                | OidcError::ReadKeys(DocumentError::Status { status: 302 })
                | OidcError::Redeem(DocumentError::Status { status: 302 })
        );
        assert!(is_status, "{path}: {error:?}");
        assert_eq!(fake.requests("/elsewhere"), [""; 0], "{path}");
    }
}
