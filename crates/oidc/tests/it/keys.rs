//! The provider's keys: which count, how long, and how often they are asked for.

use serde_json::{Value, json};
use underpin_oidc::{DocumentError, Failure, Identity, OidcError, Provider, TokenFault};

use crate::fake::{Answer, Fake, KEYS, login};
use crate::signing::{EC_KEY, How, ec_key, ec_key_of_others, public_keys, rsa_key, token};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A login with a good token that names this key.
async fn login_by(fake: &Fake, provider: &Provider, key: Value) -> Result<Identity, OidcError> {
    login(fake, provider, |begun| {
        token(How::Es256, &json!({ "kid": key }), &long_lived(fake.claims(begun)))
    })
    .await
}

/// The clock moves further in these tests than a token lives.
fn long_lived(mut claims: Value) -> Value {
    claims["exp"] = json!(4_000_000_000_i64);
    claims
}

fn set_keys(fake: &Fake, keys: &[Value]) {
    fake.set(KEYS, Answer::Json(200, json!({ "keys": keys })));
}

fn is_unknown(result: &Result<Identity, OidcError>) -> bool {
    matches!(result, Err(OidcError::IdToken(TokenFault::UnknownKey)))
}

#[tokio::test]
async fn a_flood_of_made_up_keys_causes_one_request_in_thirty_seconds() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    assert!(login_by(&fake, &provider, json!(EC_KEY)).await.is_ok());
    fake.clock.advance(31 * SECOND);
    for turn in 0..2 {
        let before = fake.requests(KEYS).len();
        for at in 0..50 {
            let made_up = json!(format!("made-up-{turn}-{at}"));
            assert!(is_unknown(&login_by(&fake, &provider, made_up).await));
            fake.clock.advance(SECOND / 2);
        }
        assert_eq!(fake.requests(KEYS).len() - before, 1);
        fake.clock.advance(31 * SECOND);
    }
    assert!(login_by(&fake, &provider, json!(EC_KEY)).await.is_ok());
}

#[tokio::test]
async fn logins_at_once_share_one_request() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let begun = provider.begin(crate::fake::REDIRECT_URI).await.unwrap();
    fake.give_out(&token(How::Es256, &json!({}), &fake.claims(&begun)));
    let callback = underpin_oidc::Callback::parse("code=a").unwrap();
    let stored = crate::fake::stored(&begun);
    let finish = || provider.finish(&callback, &stored);
    let (a, b, c, d) = tokio::join!(finish(), finish(), finish(), finish());
    for result in [a, b, c, d] {
        assert!(result.is_ok(), "{result:?}");
    }
    assert_eq!(fake.requests(KEYS).len(), 1);
}

#[tokio::test]
async fn a_key_that_the_provider_adds_is_found() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    assert!(login_by(&fake, &provider, json!(EC_KEY)).await.is_ok());
    set_keys(&fake, &[ec_key("ec-2")]);
    // Too soon after the last request.
    assert!(is_unknown(&login_by(&fake, &provider, json!("ec-2")).await));
    fake.clock.advance(30 * SECOND);
    assert!(login_by(&fake, &provider, json!("ec-2")).await.is_ok());
    // The one that is gone is gone.
    assert!(is_unknown(&login_by(&fake, &provider, json!(EC_KEY)).await));
}

#[tokio::test]
async fn known_keys_serve_for_a_day_while_the_provider_does_not_answer() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    assert!(login_by(&fake, &provider, json!(EC_KEY)).await.is_ok());
    for answer in [Answer::Close, Answer::Json(503, json!({})), Answer::Json(200, json!([]))] {
        fake.set(KEYS, answer);
        fake.clock.advance(7 * HOUR);
        assert!(login_by(&fake, &provider, json!(EC_KEY)).await.is_ok());
        assert!(is_unknown(&login_by(&fake, &provider, json!("made-up")).await));
    }
    fake.clock.advance(3 * HOUR);
    let error = login_by(&fake, &provider, json!(EC_KEY)).await.unwrap_err();
    assert!(matches!(error, OidcError::ReadKeys(DocumentError::Form(_))), "{error:?}");
    assert_eq!(error.failure(), Failure::Unavailable);
    let error = login_by(&fake, &provider, json!(EC_KEY)).await.unwrap_err();
    assert!(matches!(error, OidcError::ReadKeys(DocumentError::Paused { .. })), "{error:?}");
}

#[tokio::test]
async fn old_keys_are_asked_for_again() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    assert!(login_by(&fake, &provider, json!(EC_KEY)).await.is_ok());
    // A key that was withdrawn serves for an hour at most while the provider answers.
    set_keys(&fake, &[rsa_key("rsa-1")]);
    fake.clock.advance(HOUR);
    assert!(is_unknown(&login_by(&fake, &provider, json!(EC_KEY)).await));
}

#[tokio::test]
async fn a_token_that_names_no_key_means_the_only_one_of_its_kind() {
    let fake = Fake::start(&[ec_key("a"), rsa_key("b")]).await;
    let provider = fake.provider();
    assert!(login_by(&fake, &provider, Value::Null).await.is_ok());
    set_keys(&fake, &[ec_key_of_others("x"), ec_key("a")]);
    fake.clock.advance(HOUR);
    assert!(is_unknown(&login_by(&fake, &provider, Value::Null).await));
}

#[tokio::test]
async fn keys_that_share_a_name_are_all_tried() {
    let fake = Fake::start(&[ec_key_of_others(EC_KEY), ec_key(EC_KEY)]).await;
    assert!(login_by(&fake, &fake.provider(), json!(EC_KEY)).await.is_ok());
}

#[tokio::test]
async fn keys_for_other_ends_do_not_count_and_do_not_hide_others() {
    let mut for_encryption = ec_key(EC_KEY);
    for_encryption["use"] = json!("enc");
    let mut for_another_algorithm = ec_key(EC_KEY);
    for_another_algorithm["alg"] = json!("RS256");
    let shared = json!({ "kty": "oct", "k": "AAAA", "kid": EC_KEY });
    let odd = json!({ "kty": "XX", "kid": EC_KEY, "a": {} });
    let others = [for_encryption, for_another_algorithm, shared, odd, json!(5), json!({})];
    let fake = Fake::start(&others).await;
    assert!(is_unknown(&login_by(&fake, &fake.provider(), json!(EC_KEY)).await));
    set_keys(&fake, &[others.as_slice(), &[ec_key(EC_KEY)]].concat());
    assert!(login_by(&fake, &fake.provider(), json!(EC_KEY)).await.is_ok());
}
