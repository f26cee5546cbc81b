//! The peculiarities of Microsoft, Apple and GitHub, played by the tests' own provider.

use std::collections::HashMap;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use underpin_base::Secret;
use underpin_oidc::{
    AppleKey, Callback, CallbackMethod, ClientSecret, ConfigError, Identity, OidcError, Preset,
    Provider, ProviderConfig, TokenFault,
};

use crate::fake::{
    Answer, CLIENT_ID, DISCOVERY, Fake, KEYS, NOW_SECONDS, REDIRECT_URI, TOKEN, login, stored,
};
use crate::signing::{EC_KEY, How, ec_key, public_keys, token};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER_TENANT: &str = "66666666-7777-8888-9999-aaaaaaaaaaaa";
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Microsoft with this tenant configured, its document naming this issuer.
fn microsoft(fake: &Fake, tenant: Option<&str>, segment: &str, named: &str) -> Provider {
    let mut document = fake.document();
    document["issuer"] = json!(format!("{}/{named}/v2.0", fake.issuer()));
    document["userinfo_endpoint"] = Value::Null;
    fake.set(&format!("/{segment}/v2.0{DISCOVERY}"), Answer::Json(200, document));
    fake.provider_of(ProviderConfig {
        preset: Some(Preset::Microsoft),
        tenant: tenant.map(str::to_owned),
        ..fake.config()
    })
}

/// A login by an account of this tenant, with these claims changed.
async fn login_of(
    fake: &Fake,
    provider: &Provider,
    tenant: &str,
    changes: &Value,
) -> Result<Identity, OidcError> {
    login(fake, provider, |begun| {
        let mut claims = fake.claims(begun);
        claims["iss"] = json!(format!("{}/{tenant}/v2.0", fake.issuer()));
        claims["tid"] = json!(tenant);
        claims["email_verified"] = json!(true);
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        token(How::Es256, &json!({}), &claims)
    })
    .await
}

fn is_other_issuer(result: &Result<Identity, OidcError>) -> bool {
    matches!(result, Err(OidcError::IdToken(TokenFault::Issuer)))
}

#[tokio::test]
async fn microsofts_issuer_for_many_tenants_is_completed_by_the_tokens_tenant() {
    let fake = Fake::start(&public_keys()).await;
    let provider = microsoft(&fake, None, "common", "{tenantid}");
    for tenant in [TENANT, OTHER_TENANT, CONSUMERS] {
        let identity = login_of(&fake, &provider, tenant, &json!({})).await.unwrap();
        assert_eq!(identity.issuer, format!("{}/{tenant}/v2.0", fake.issuer()));
    }
    let base = fake.issuer();
    for changes in [
        json!({ "tid": OTHER_TENANT }),
        json!({ "tid": null }),
        json!({ "tid": "{tenantid}", "iss": format!("{base}/{{tenantid}}/v2.0") }),
        json!({ "tid": "..", "iss": format!("{base}/../v2.0") }),
        json!({ "tid": "", "iss": format!("{base}//v2.0") }),
        json!({ "iss": format!("https://evil.example.com/{TENANT}/v2.0") }),
    ] {
        let result = login_of(&fake, &provider, TENANT, &changes).await;
        assert!(is_other_issuer(&result), "{changes}: {result:?}");
    }
}

#[tokio::test]
async fn an_address_of_any_tenant_counts_as_verified_only_when_its_domain_is_proven() {
    let fake = Fake::start(&public_keys()).await;
    let provider = microsoft(&fake, Some("common"), "common", "{tenantid}");
    for (changes, is_verified) in [
        (json!({}), false),
        (json!({ "xms_edov": false }), false),
        (json!({ "xms_edov": "0" }), false),
        (json!({ "xms_edov": true }), true),
        (json!({ "xms_edov": "1" }), true),
        (json!({ "xms_edov": 1 }), true),
    ] {
        let identity = login_of(&fake, &provider, TENANT, &changes).await.unwrap();
        assert_eq!(identity.email_verified, is_verified, "{changes}");
        assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
    }
}

#[tokio::test]
async fn a_configured_tenant_vouches_for_its_addresses_and_lets_no_other_in() {
    let fake = Fake::start(&public_keys()).await;
    let provider = microsoft(&fake, Some(&TENANT.to_uppercase()), TENANT, TENANT);
    let identity = login_of(&fake, &provider, TENANT, &json!({})).await.unwrap();
    assert!(identity.email_verified);
    let other = login_of(&fake, &provider, OTHER_TENANT, &json!({})).await;
    assert!(is_other_issuer(&other), "{other:?}");
    // The document of a tenant must name that tenant.
    let provider = microsoft(&fake, Some(TENANT), TENANT, OTHER_TENANT);
    let error = provider.begin(REDIRECT_URI).await.unwrap_err();
    assert!(matches!(error, OidcError::Discover(_)), "{error:?}");
}

#[tokio::test]
async fn private_accounts_and_companies_can_be_told_apart() {
    let fake = Fake::start(&public_keys()).await;
    let companies = microsoft(&fake, Some("organizations"), "organizations", "{tenantid}");
    assert!(login_of(&fake, &companies, TENANT, &json!({})).await.is_ok());
    assert!(is_other_issuer(&login_of(&fake, &companies, CONSUMERS, &json!({})).await));
    let private = microsoft(&fake, Some("consumers"), CONSUMERS, CONSUMERS);
    let identity = login_of(&fake, &private, CONSUMERS, &json!({})).await.unwrap();
    assert!(!identity.email_verified);
    assert!(is_other_issuer(&login_of(&fake, &private, TENANT, &json!({})).await));
}

#[tokio::test]
async fn a_key_of_one_tenant_does_not_sign_for_another() {
    let fake = Fake::start(&[]).await;
    let with_issuer = |named: &str| {
        let mut key = ec_key(EC_KEY);
        key["issuer"] = json!(format!("{}/{named}/v2.0", fake.issuer()));
        fake.set(KEYS, Answer::Json(200, json!({ "keys": [key] })));
        microsoft(&fake, None, "common", "{tenantid}")
    };
    for (named, accepts) in [("{tenantid}", true), (TENANT, true), (CONSUMERS, false)] {
        let provider = with_issuer(named);
        let result = login_of(&fake, &provider, TENANT, &json!({})).await;
        assert_eq!(result.is_ok(), accepts, "{named}: {result:?}");
    }
}

#[tokio::test]
async fn tenants_that_are_none_are_refused() {
    let fake = Fake::start(&[]).await;
    for tenant in ["", "contoso.com", "../common", "11111111-2222-3333-4444-55555555555g"] {
        let config = ProviderConfig {
            preset: Some(Preset::Microsoft),
            tenant: Some(tenant.to_owned()),
            ..fake.config()
        };
        let egress = crate::fake::client(std::time::Duration::from_secs(1));
        let error = Provider::new(config, egress, fake.clock.clone()).unwrap_err();
        assert!(matches!(error, ConfigError::Tenant { .. }), "{tenant}: {error:?}");
    }
}

/// Apple, and the pair of the key that proves who the application is.
fn apple(fake: &Fake) -> (ProviderConfig, EcdsaKeyPair) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let document = pair.to_pkcs8v1().unwrap();
    let lines: Vec<String> = STANDARD
        .encode(document.as_ref())
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    let lines = lines.join("\n");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n");
    let key = AppleKey {
        team_id: "TEAM123456".to_owned(),
        key_id: "KEY1234567".to_owned(),
        private_key: Secret::new(pem),
    };
    let client_secret = ClientSecret::Apple(key);
    (ProviderConfig { preset: Some(Preset::Apple), client_secret, ..fake.config() }, pair)
}

#[tokio::test]
async fn apple_gets_a_signed_token_and_posts_the_name() {
    let fake = Fake::start(&public_keys()).await;
    let (config, pair) = apple(&fake);
    let provider = fake.provider_of(config);
    assert_eq!(provider.callback_method(), CallbackMethod::Post);
    let begun = provider.begin(REDIRECT_URI).await.unwrap();
    let query: HashMap<String, String> = begun.url.query_pairs().into_owned().collect();
    assert_eq!(query["response_mode"], "form_post");
    assert_eq!(query["scope"], "openid email name");
    let mut claims = fake.claims(&begun);
    claims.as_object_mut().unwrap().remove("name");
    claims["email_verified"] = json!("true");
    fake.give_out(&token(How::Es256, &json!({}), &claims));
    let user = "%7B%22name%22%3A%7B%22firstName%22%3A%22Ada%22%2C%22lastName%22%3A%22L%22%7D%2C\
                %22email%22%3A%22evil%40b.example%22%7D";
    let callback = Callback::parse(&format!("code=a&user={user}")).unwrap();
    let identity = provider.finish(&callback, &stored(&begun)).await.unwrap();
    assert_eq!(identity.name.as_deref(), Some("Ada L"));
    assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
    assert!(identity.email_verified);

    let request = fake.requests(TOKEN).remove(0);
    let (_, secret) = request.split_once("&client_secret=").unwrap();
    let (message, signature) = secret.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())
        .verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let parts: Vec<Value> = message
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!((&parts[0]["alg"], &parts[0]["kid"]), (&json!("ES256"), &json!("KEY1234567")));
    let expected = json!({
        "iss": "TEAM123456", "iat": NOW_SECONDS, "exp": NOW_SECONDS + 300,
        "aud": fake.issuer(), "sub": CLIENT_ID,
    });
    assert_eq!(parts[1], expected);
}

#[tokio::test]
async fn a_key_that_is_none_of_apples_is_refused_at_once() {
    let fake = Fake::start(&[]).await;
    let (config, _) = apple(&fake);
    let new = |config| {
        let egress = crate::fake::client(std::time::Duration::from_secs(1));
        Provider::new(config, egress, fake.clock.clone()).unwrap_err()
    };
    for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"] {
        let mut config = config.clone();
        if let ClientSecret::Apple(key) = &mut config.client_secret {
            key.private_key = Secret::new(pem.to_owned());
        }
        assert_eq!(new(config), ConfigError::AppleKey { name: "fake".to_owned() });
    }
    let text = ClientSecret::Text(Secret::new("s".to_owned()));
    let error = new(ProviderConfig { client_secret: text, ..config.clone() });
    assert!(matches!(error, ConfigError::ClientSecret { .. }), "{error:?}");
    let error = new(ProviderConfig { preset: None, ..config });
    assert!(matches!(error, ConfigError::ClientSecret { .. }), "{error:?}");
}

const GITHUB_TOKEN: &str = "/login/oauth/access_token";
const GITHUB_USER: &str = "/api/v3/user";
const GITHUB_EMAILS: &str = "/api/v3/user/emails";

fn github(fake: &Fake) -> Provider {
    fake.set(
        GITHUB_TOKEN,
        Answer::Json(200, json!({ "access_token": "a", "token_type": "bearer" })),
    );
    let user = json!({
        "id": 583_231, "login": "ada", "name": null, "email": "chosen@evil.example",
        "avatar_url": "https://avatars.example/u/1",
    });
    fake.set(GITHUB_USER, Answer::Json(200, user));
    fake.provider_of(ProviderConfig { preset: Some(Preset::GitHub), ..fake.config() })
}

async fn github_login(provider: &Provider) -> Result<Identity, OidcError> {
    let begun = provider.begin(REDIRECT_URI).await?;
    assert!(begun.url.path().ends_with("/login/oauth/authorize"));
    provider.finish(&Callback::parse("code=a").unwrap(), &stored(&begun)).await
}

#[tokio::test]
async fn githubs_account_is_known_by_its_number_and_its_primary_verified_address() {
    let fake = Fake::start(&[]).await;
    let provider = github(&fake);
    let email = |address: &str, primary: bool, verified: bool| json!({ "email": address, "primary": primary, "verified": verified, "visibility": null });
    let secondary = email("b@b.example", false, true);
    for (emails, expected) in [
        (json!([secondary, email("a@b.example", true, true)]), (Some("a@b.example"), true)),
        (json!([secondary, email("a@b.example", true, false)]), (Some("a@b.example"), false)),
        (json!([secondary]), (None, false)),
        (json!([]), (None, false)),
    ] {
        fake.set(GITHUB_EMAILS, Answer::Json(200, emails.clone()));
        let identity = github_login(&provider).await.unwrap();
        assert_eq!((identity.email.as_deref(), identity.email_verified), expected, "{emails}");
        assert_eq!((identity.issuer, identity.subject), (fake.issuer(), "583231".to_owned()));
        assert_eq!(identity.name.as_deref(), Some("ada"));
    }
    let request = fake.requests(GITHUB_TOKEN).remove(0);
    assert!(request.contains("&code_verifier="), "{request}");
    assert!(request.contains("&client_secret=s3cret%2F%2B"), "{request}");
    let request = fake.requests(GITHUB_USER).remove(0);
    assert!(request.contains("authorization: Bearer a\r\n"), "{request}");
}

#[tokio::test]
async fn githubs_refusals_are_told_from_its_outages() {
    let fake = Fake::start(&[]).await;
    let provider = github(&fake);
    fake.set(GITHUB_EMAILS, Answer::Json(403, json!({ "message": "no scope" })));
    assert_eq!(github_login(&provider).await.unwrap().email, None);
    fake.set(GITHUB_EMAILS, Answer::Json(500, json!({})));
    let error = github_login(&provider).await.unwrap_err();
    assert!(matches!(error, OidcError::ReadProfile(_)), "{error:?}");
    fake.set(GITHUB_TOKEN, Answer::Json(200, json!({ "error": "bad_verification_code" })));
    let error = github_login(&provider).await.unwrap_err();
    assert!(matches!(error, OidcError::CodeRefused { .. }), "{error:?}");
}

#[tokio::test]
async fn built_in_providers_need_no_issuer() {
    let fake = Fake::start(&[]).await;
    for preset in [Preset::GitHub, Preset::Google, Preset::Microsoft] {
        let config = ProviderConfig { preset: Some(preset), issuer: None, ..fake.config() };
        let provider = fake.provider_of(config);
        assert_eq!(provider.callback_method(), CallbackMethod::Get);
    }
    assert_eq!(Preset::of_name("google"), Some(Preset::Google));
    assert_eq!(Preset::of_name("Google"), None);
}
