//! The two halves of a login: what the browser is sent with, what the provider is told, and what is
//! believed of its answers.

use std::collections::HashMap;

use aws_lc_rs::digest;
use serde_json::json;
use underpin_base::Secret;
use underpin_oidc::{
    Callback, ClientSecret, ConfigError, DocumentError, Failure, OidcError, ProviderConfig,
};

use crate::fake::{Answer, CLIENT_ID, Fake, REDIRECT_URI, TOKEN, USERINFO, login, stored};
use crate::signing::{How, encode, public_keys, token};

#[tokio::test]
async fn the_browser_is_sent_with_fresh_secrets_and_the_challenge_of_the_verifier() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    let query: HashMap<String, String> = begun.url.query_pairs().into_owned().collect();
    let challenge =
        encode(digest::digest(&digest::SHA256, begun.verifier.expose().as_bytes()).as_ref());
    for (name, value) in [
        ("tenant", "a"), // of the endpoint itself
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid email profile"),
        ("state", begun.state.expose()),
        ("nonce", begun.nonce.expose()),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(query.len(), 9);
    let again = provider.begin(REDIRECT_URI).await.unwrap();
    let secrets: Vec<&String> = [&begun, &again]
        .into_iter()
        .flat_map(|begun| [&begun.state, &begun.nonce, &begun.verifier].map(Secret::expose))
        .collect();
    for (at, secret) in secrets.iter().enumerate() {
        assert_eq!(secret.len(), 43, "256 bits");
        assert!(!secrets[at + 1..].contains(secret));
    }
    assert!(!format!("{begun:?}").contains(begun.verifier.expose()));
}

#[tokio::test]
async fn the_code_is_redeemed_with_the_verifier_and_the_clients_secret() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    fake.give_out(&token(How::Rs256, &json!({}), &fake.claims(&begun)));
    let identity =
        provider.finish(&Callback::parse("code=c%2B1").unwrap(), &stored(&begun)).await.unwrap();
    assert_eq!((identity.issuer, identity.subject), (fake.issuer(), "ada".to_owned()));
    assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
    assert_eq!((identity.email_verified, identity.name.as_deref()), (true, Some("Ada")));
    let request = fake.requests(TOKEN).remove(0);
    // Base64 of `client+%26+co:s3cret%2F%2B`.
    let header = "authorization: Basic Y2xpZW50KyUyNitjbzpzM2NyZXQlMkYlMkI=\r\n";
    assert!(request.contains(header), "{request}");
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let expected = format!(
        "grant_type=authorization_code&code=c%2B1\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback&code_verifier={}",
        begun.verifier.expose()
    );
    assert_eq!(body, expected);
    // The ID token said everything.
    assert_eq!(fake.requests(USERINFO), [""; 0]);
}

#[tokio::test]
async fn the_client_proves_itself_as_the_provider_announces() {
    let fake = Fake::start(&public_keys()).await;
    let methods = "token_endpoint_auth_methods_supported";
    let with = async |announced: serde_json::Value, secret: ClientSecret| {
        fake.set_in_document(methods, announced);
        let config = ProviderConfig { client_secret: secret, ..fake.config() };
        let make = |begun: &_| token(How::Es256, &json!({}), &fake.claims(begun));
        let result = login(&fake, &fake.provider_of(config), make).await;
        (result, fake.requests(TOKEN).pop())
    };
    let secret = || ClientSecret::Text(Secret::new("s".to_owned()));
    let (result, request) = with(json!(["private_key_jwt", "client_secret_post"]), secret()).await;
    assert!(result.is_ok(), "{result:?}");
    let request = request.unwrap();
    assert!(request.ends_with("&client_id=client+%26+co&client_secret=s"), "{request}");
    assert!(!request.contains("authorization:"), "{request}");
    let (result, request) = with(json!(["client_secret_basic"]), ClientSecret::None).await;
    assert!(result.is_ok(), "{result:?}");
    let request = request.unwrap();
    assert!(request.ends_with("&client_id=client+%26+co"), "{request}");
    let (result, _) = with(json!(["private_key_jwt"]), secret()).await;
    let is_unknown = matches!(result, Err(OidcError::Redeem(DocumentError::ClientAuthentication)));
    assert!(is_unknown, "{result:?}");
}

#[tokio::test]
async fn a_code_that_the_provider_refuses_is_refused() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    let callback = Callback::parse("code=used").unwrap();
    for (status, body, failure) in [
        (400, json!({ "error": "invalid_grant" }), Failure::Refused),
        (200, json!({ "error": "bad_verification_code" }), Failure::Refused),
        (200, json!({}), Failure::Refused),
        (200, json!({ "access_token": "", "token_type": "bearer" }), Failure::Refused),
        (200, json!({ "access_token": "a", "token_type": "DPoP" }), Failure::Refused),
        (200, json!({ "access_token": "a", "token_type": "bearer" }), Failure::Refused),
        (401, json!({ "error": "invalid_client" }), Failure::Unavailable),
        (400, json!([]), Failure::Unavailable),
        (200, json!([]), Failure::Unavailable),
        (500, json!({ "error": "invalid_grant" }), Failure::Unavailable),
        (201, json!({ "access_token": "a" }), Failure::Unavailable),
    ] {
        fake.set(TOKEN, Answer::Json(status, body.clone()));
        let error = provider.finish(&callback, &stored(&begun)).await.unwrap_err();
        assert_eq!(error.failure(), failure, "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn an_error_beside_tokens_is_an_error() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    let answer = json!({
        "error": "unsure`\n", "access_token": "a", "token_type": "bearer",
        "id_token": token(How::Es256, &json!({}), &fake.claims(&begun)),
    });
    fake.set(TOKEN, Answer::Json(200, answer));
    let callback = Callback::parse("code=a").unwrap();
    let error = provider.finish(&callback, &stored(&begun)).await.unwrap_err();
    let is_told = matches!(&error, OidcError::CodeRefused { error } if error == "unsure");
    assert!(is_told, "{error:?}");
}

#[tokio::test]
async fn a_callback_without_a_code_never_reaches_the_token_endpoint() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    for (parameters, failure) in [
        ("", Failure::Refused),
        ("code=", Failure::Refused),
        ("error=access_denied&code=a", Failure::Declined),
        ("code=a&iss=https%3A%2F%2Fevil.example.com", Failure::Refused),
        ("code=a&iss=", Failure::Refused),
    ] {
        let callback = Callback::parse(parameters).unwrap();
        let error = provider.finish(&callback, &stored(&begun)).await.unwrap_err();
        assert_eq!(error.failure(), failure, "{parameters}: {error:?}");
    }
    assert_eq!(fake.requests(TOKEN), [""; 0]);
}

#[tokio::test]
async fn a_provider_that_names_itself_in_callbacks_must_always_do_so() {
    let fake = Fake::start(&public_keys()).await;
    fake.set_in_document("authorization_response_iss_parameter_supported", json!(true));
    let provider = fake.provider();
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    fake.give_out(&token(How::Es256, &json!({}), &fake.claims(&begun)));
    let without = Callback::parse("code=a").unwrap();
    let error = provider.finish(&without, &stored(&begun)).await.unwrap_err();
    assert!(matches!(error, OidcError::Callback { .. }), "{error:?}");
    let with = Callback { iss: Some(fake.issuer()), ..without };
    assert!(provider.finish(&with, &stored(&begun)).await.is_ok());
}

#[test]
fn a_callback_is_read_strictly() {
    let callback = Callback::parse("code=a%20b&state=s&scope=x&session_state=y").unwrap();
    assert_eq!(callback.code.as_ref().map(|code| code.expose().as_str()), Some("a b"));
    assert!(callback.has_state(&Secret::new("s".to_owned())));
    assert!(!callback.has_state(&Secret::new("S".to_owned())));
    assert!(!Callback::default().has_state(&Secret::new(String::new())));
    let empty = Callback::parse("state=").unwrap();
    assert!(!empty.has_state(&Secret::new(String::new())));
    for twice in ["code=a&code=a", "state=a&state=b", "iss=a&iss=b", "error=a&error=b"] {
        assert!(Callback::parse(twice).is_err(), "{twice}");
    }
    assert!(Callback::parse(&"a".repeat(20_000)).is_err());
}

#[tokio::test]
async fn userinfo_adds_what_the_token_left_out_of_the_same_person_only() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let bare = |begun: &_| {
        let mut claims = fake.claims(begun);
        claims.as_object_mut().unwrap().remove("email");
        token(How::Es256, &json!({}), &claims)
    };
    let profile = |sub: &str| {
        json!({
            "sub": sub, "email": "a@b.example", "email_verified": true, "name": "Other",
            "picture": "https://b.example/p.png",
        })
    };
    fake.set(USERINFO, Answer::Json(200, profile("ada")));
    let identity = login(&fake, &provider, bare).await.unwrap();
    assert_eq!(identity.email.as_deref(), Some("a@b.example"));
    assert!(identity.email_verified);
    assert_eq!(identity.name.as_deref(), Some("Ada"), "what the token says stands");
    assert_eq!(identity.picture.as_deref(), Some("https://b.example/p.png"));
    let request = fake.requests(USERINFO).remove(0);
    assert!(request.contains("authorization: Bearer access\r\n"), "{request}");

    fake.set(USERINFO, Answer::Json(200, profile("eve")));
    let identity = login(&fake, &provider, bare).await.unwrap();
    assert_eq!((identity.subject.as_str(), identity.email), ("ada", None));
    // The token's claim that *some* address is verified is not carried over to none.
    assert!(!identity.email_verified);

    fake.set(USERINFO, Answer::Json(500, json!({})));
    let error = login(&fake, &provider, bare).await.unwrap_err();
    assert!(matches!(error, OidcError::ReadProfile(_)), "{error:?}");
}

#[tokio::test]
async fn what_a_person_chose_for_themselves_is_kept_within_bounds() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let with = |member: &'static str, value: serde_json::Value| {
        let fake = &fake;
        move |begun: &_| {
            let mut claims = fake.claims(begun);
            claims[member] = value.clone();
            token(How::Es256, &json!({}), &claims)
        }
    };
    for email in ["", "a", "@", "a@", "@b", "a b@c.example", "a@b\n.example", &"a@b".repeat(99)] {
        let identity = login(&fake, &provider, with("email", json!(email))).await.unwrap();
        assert_eq!((identity.email, identity.email_verified), (None, false), "{email}");
    }
    for (name, kept) in [
        (" A\u{0}d\na ".to_owned(), Some("Ada".to_owned())),
        ("\u{7}".to_owned(), None),
        ("ä".repeat(500), Some("ä".repeat(200))),
    ] {
        let identity = login(&fake, &provider, with("name", json!(name))).await.unwrap();
        assert_eq!(identity.name, kept);
    }
    for picture in ["javascript:alert(1)", "http://a.example/", "data:image/png;base64,AA", "a"] {
        let identity = login(&fake, &provider, with("picture", json!(picture))).await.unwrap();
        assert_eq!(identity.picture, None, "{picture}");
    }
    for (verified, is_verified) in [
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("false"), false),
        (json!("yes"), false),
        (json!(null), false),
        (json!({}), false),
    ] {
        let make = with("email_verified", verified.clone());
        let identity = login(&fake, &provider, make).await.unwrap();
        assert_eq!(identity.email_verified, is_verified, "{verified}");
    }
}

#[tokio::test]
async fn configuration_that_cannot_work_is_refused() {
    let fake = Fake::start(&[]).await;
    let refused = |config: ProviderConfig| {
        let egress = crate::fake::client(std::time::Duration::from_secs(1));
        underpin_oidc::Provider::new(config, egress, fake.clock.clone()).unwrap_err()
    };
    let config = || fake.config();
    let name = || "fake".to_owned();
    let none = ProviderConfig { issuer: None, ..config() };
    assert_eq!(refused(none), ConfigError::NoIssuer { name: name() });
    for issuer in [
        "",
        "a",
        "http://idp.example.com",
        "https://a.example/?b",
        "https://a.example/#b",
        "https://a:b@c.example",
        "ftp://a.example",
    ] {
        let issuer = Some(issuer.to_owned());
        let error = refused(ProviderConfig { issuer, ..config() });
        assert_eq!(error, ConfigError::Issuer { name: name() });
    }
    let anonymous = ProviderConfig { client_id: String::new(), ..config() };
    assert_eq!(refused(anonymous), ConfigError::NoClientId { name: name() });
    let tenant = ProviderConfig { tenant: Some("common".to_owned()), ..config() };
    assert_eq!(refused(tenant), ConfigError::Tenant { name: name() });
    let blank = ProviderConfig { scopes: vec!["a b".to_owned()], ..config() };
    assert_eq!(refused(blank), ConfigError::Scope { name: name(), scope: "a b".to_owned() });
    let empty = ClientSecret::Text(Secret::new(String::new()));
    let error = refused(ProviderConfig { client_secret: empty, ..config() });
    assert!(matches!(error, ConfigError::ClientSecret { .. }), "{error:?}");
}
