//! Logins with a certified implementation of OpenID Connect, run as a process of its own.
//!
//! Every test's name begins with `certified_provider`, by which `cargo xtask test` finds them once it
//! has installed the provider.
#![expect(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

use underpin_base::{Clock, Secret};
use underpin_egress::{Client, Settings};
use underpin_oidc::{
    Begun, Callback, ClientSecret, Failure, Identity, OidcError, Provider, ProviderConfig, Stored,
    TokenFault,
};
use underpin_testkit::{Browser, CertifiedProvider};

const REDIRECT_URI: &str = "https://app.example.com/auth/callback";
const OTHER_REDIRECT_URI: &str = "https://app.example.com/auth/other";

fn start() -> CertifiedProvider {
    CertifiedProvider::start(&[REDIRECT_URI, OTHER_REDIRECT_URI])
}

fn provider(server: &CertifiedProvider, client_id: &str, client_secret: ClientSecret) -> Provider {
    let config = ProviderConfig {
        name: "certified".to_owned(),
        preset: None,
        issuer: Some(server.issuer().to_owned()),
        client_id: client_id.to_owned(),
        client_secret,
        tenant: None,
        scopes: Vec::new(),
    };
    Provider::new(config, Client::new(Settings::default()).unwrap(), Clock::System).unwrap()
}

/// The client with a secret, whose tokens are signed by RSA.
fn web(server: &CertifiedProvider) -> Provider {
    provider(server, "web", ClientSecret::Text(Secret::new("web-secret".to_owned())))
}

fn stored(begun: &Begun) -> Stored {
    Stored {
        nonce: begun.nonce.clone(),
        verifier: begun.verifier.clone(),
        redirect_uri: REDIRECT_URI.to_owned(),
    }
}

/// What the browser brings back, once it has been sent to the right place with the right state.
fn callback(begun: &Begun, location: &str) -> Callback {
    let (place, query) = location.split_once('?').unwrap();
    assert_eq!(place, REDIRECT_URI);
    let callback = Callback::parse(query).unwrap();
    assert!(callback.has_state(&begun.state));
    callback
}

/// Begins a login and lets `user` log in with a fresh browser.
async fn logged_in(provider: &Provider, user: &str) -> (Begun, Callback) {
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    let location = Browser::new().log_in(begun.url.as_str(), user);
    let callback = callback(&begun, &location);
    (begun, callback)
}

async fn login(provider: &Provider, user: &str) -> Identity {
    let (begun, callback) = logged_in(provider, user).await;
    provider.finish(&callback, &stored(&begun)).await.unwrap()
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_says_who_logged_in_and_whether_the_address_is_verified() {
    let server = start();
    let native = provider(&server, "native", ClientSecret::None);
    for provider in [web(&server), native] {
        let expected =
            |subject: &str, email: Option<&str>, email_verified, name: Option<&str>| Identity {
                issuer: server.issuer().to_owned(),
                subject: subject.to_owned(),
                email: email.map(str::to_owned),
                email_verified,
                name: name.map(str::to_owned),
                picture: (subject == "ada").then(|| "https://example.com/ada.png".to_owned()),
            };
        for identity in [
            expected("ada", Some("ada@example.com"), true, Some("Ada")),
            expected("eve", Some("ada@example.com"), false, Some("Eve")),
            expected("nobody", None, false, None),
        ] {
            assert_eq!(login(&provider, &identity.subject).await, identity);
        }
    }
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_lets_a_browser_that_is_logged_in_pass() {
    let server = start();
    let provider = web(&server);
    let mut browser = Browser::new();
    for user in ["grace", "not asked for a second time"] {
        let begun = provider.begin(REDIRECT_URI).await.unwrap();
        let location = browser.log_in(begun.url.as_str(), user);
        let identity =
            provider.finish(&callback(&begun, &location), &stored(&begun)).await.unwrap();
        assert_eq!(identity.subject, "grace");
    }
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_redeems_a_code_once() {
    let server = start();
    let provider = web(&server);
    let (begun, callback) = logged_in(&provider, "ada").await;
    assert!(provider.finish(&callback, &stored(&begun)).await.is_ok());
    let error = provider.finish(&callback, &stored(&begun)).await.unwrap_err();
    assert_eq!(error.failure(), Failure::Refused, "{error:?}");
    assert!(matches!(&error, OidcError::CodeRefused { error } if error == "invalid_grant"));
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_refuses_codes_of_other_logins_clients_and_places() {
    let server = start();
    let provider = web(&server);
    let (begun, callback) = logged_in(&provider, "ada").await;
    let other = provider.begin(REDIRECT_URI).await.unwrap();
    let verifier = Stored { verifier: other.verifier.clone(), ..stored(&begun) };
    let place = Stored { redirect_uri: OTHER_REDIRECT_URI.to_owned(), ..stored(&begun) };
    for stored in [verifier, place] {
        let error = provider.finish(&callback, &stored).await.unwrap_err();
        assert!(matches!(error, OidcError::CodeRefused { .. }), "{error:?}");
    }
    let native = self::provider(&server, "native", ClientSecret::None);
    let (begun, callback) = logged_in(&provider, "ada").await;
    let error = native.finish(&callback, &stored(&begun)).await.unwrap_err();
    assert!(matches!(error, OidcError::CodeRefused { .. }), "{error:?}");
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_answers_that_are_not_for_this_login_are_refused() {
    let server = start();
    let provider = web(&server);
    let other = provider.begin(REDIRECT_URI).await.unwrap();
    let (begun, callback) = logged_in(&provider, "ada").await;
    let nonce = Stored { nonce: other.nonce.clone(), ..stored(&begun) };
    let error = provider.finish(&callback, &nonce).await.unwrap_err();
    assert!(matches!(error, OidcError::IdToken(TokenFault::Nonce)), "{error:?}");

    // This provider names itself in each callback, RFC 9207.
    let (begun, callback) = logged_in(&provider, "ada").await;
    assert_eq!(callback.iss.as_deref(), Some(server.issuer()));
    for iss in [None, Some("https://evil.example.com".to_owned())] {
        let changed = Callback { iss, ..callback.clone() };
        let error = provider.finish(&changed, &stored(&begun)).await.unwrap_err();
        assert!(matches!(error, OidcError::Callback { .. }), "{error:?}");
    }
    // Nothing was redeemed so far.
    assert!(provider.finish(&callback, &stored(&begun)).await.is_ok());
}

#[tokio::test]
#[ignore = "needs Node and oidc-provider; cargo xtask test installs and runs it"]
async fn certified_provider_tells_a_person_who_declines_from_a_client_set_up_wrongly() {
    let server = start();
    let provider = web(&server);
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    let location = Browser::new().decline(begun.url.as_str());
    let declined = callback(&begun, &location);
    let error = provider.finish(&declined, &stored(&begun)).await.unwrap_err();
    assert_eq!(error.failure(), Failure::Declined, "{error:?}");
    assert!(matches!(&error, OidcError::Declined { error } if error == "access_denied"));

    let wrong = ClientSecret::Text(Secret::new("wrong".to_owned()));
    let wrong = self::provider(&server, "web", wrong);
    let (begun, callback) = logged_in(&wrong, "ada").await;
    let error = wrong.finish(&callback, &stored(&begun)).await.unwrap_err();
    assert_eq!(error.failure(), Failure::Unavailable, "{error:?}");
}
