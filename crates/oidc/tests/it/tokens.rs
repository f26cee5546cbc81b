//! The matrix of bad ID tokens: every fault alone is refused for what it is, and no second fault makes
//! up for a first.

use serde_json::{Value, json};
use underpin_oidc::{Begun, Failure, Identity, OidcError, TokenFault};

use crate::fake::{CLIENT_ID, Fake, KEYS, NOW_SECONDS, login};
use crate::signing::{How, ec_key_of_others, public_keys, rsa_token_of_others, token};

/// One change to a good token.
#[derive(Debug, Clone)]
enum Change {
    Sign(How),
    Head(&'static str, Value),
    Claim(&'static str, Value),
    NoClaim(&'static str),
}

use Change::{Claim, Head, NoClaim, Sign};

/// Every fault, and what it is refused for.
// tidy: table
fn faults() -> Vec<(Change, TokenFault)> {
    let day = 86_400;
    vec![
        (Sign(How::Unsigned), TokenFault::Form),
        (Sign(How::HmacWithPublicKey), TokenFault::Algorithm),
        (Sign(How::HmacWithClientSecret), TokenFault::Algorithm),
        (Sign(How::Ps256), TokenFault::Algorithm), // not announced
        (Sign(How::OfOthers), TokenFault::Signature),
        (Sign(How::Tampered), TokenFault::Signature),
        (Head("alg", json!("RS256")), TokenFault::UnknownKey), // the key is of another kind
        (Head("alg", json!("EdDSA")), TokenFault::UnknownKey),
        (Head("alg", json!("ES384")), TokenFault::Algorithm),
        (Head("alg", json!("NONE")), TokenFault::Form),
        (Head("alg", json!("nOnE")), TokenFault::Form),
        (Head("alg", Value::Null), TokenFault::Form),
        (Head("kid", json!("ec-2")), TokenFault::UnknownKey),
        (Head("kid", json!("")), TokenFault::UnknownKey),
        (Head("kid", json!("rsa-1")), TokenFault::UnknownKey),
        (Head("kid", json!("../../../../dev/null")), TokenFault::UnknownKey),
        (Head("jku", json!("https://evil.example.com/keys")), TokenFault::Head),
        (Head("x5u", json!("https://evil.example.com/keys")), TokenFault::Head),
        (Head("jwk", ec_key_of_others("ec-1")), TokenFault::Head),
        (Head("crit", json!(["exp"])), TokenFault::Head),
        (Head("zip", json!("DEF")), TokenFault::Head),
        (Head("typ", json!("at+jwt")), TokenFault::Head),
        (Head("typ", json!("logout+jwt")), TokenFault::Head),
        (Claim("iss", json!("https://evil.example.com")), TokenFault::Issuer),
        (Claim("iss", json!("")), TokenFault::Issuer),
        (Claim("iss", json!(["http://a"])), TokenFault::Form),
        (NoClaim("iss"), TokenFault::Form),
        (Claim("aud", json!("another")), TokenFault::Audience),
        (Claim("aud", json!([])), TokenFault::Audience),
        (Claim("aud", json!(["another"])), TokenFault::Audience),
        (Claim("aud", json!("client")), TokenFault::Audience),
        (Claim("aud", json!(null)), TokenFault::Form),
        (NoClaim("aud"), TokenFault::Form),
        (Claim("aud", json!([CLIENT_ID, "another"])), TokenFault::AuthorizedParty),
        (Claim("azp", json!("another")), TokenFault::AuthorizedParty),
        (Claim("azp", json!("")), TokenFault::AuthorizedParty),
        (Claim("nonce", json!("another")), TokenFault::Nonce),
        (Claim("nonce", json!("")), TokenFault::Nonce),
        (Claim("nonce", json!(null)), TokenFault::Nonce),
        (NoClaim("nonce"), TokenFault::Nonce),
        (Claim("exp", json!(NOW_SECONDS - 60)), TokenFault::Expired),
        (Claim("exp", json!(0)), TokenFault::Expired),
        (Claim("exp", json!(-1)), TokenFault::Expired),
        (Claim("exp", json!("2100-01-01")), TokenFault::Form),
        (NoClaim("exp"), TokenFault::Form),
        (Claim("iat", json!(NOW_SECONDS + 61)), TokenFault::NotYetValid),
        (NoClaim("iat"), TokenFault::Form),
        (Claim("nbf", json!(NOW_SECONDS + day)), TokenFault::NotYetValid),
        (Claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")), TokenFault::AccessToken),
        (Claim("at_hash", json!("")), TokenFault::AccessToken),
        (Claim("sub", json!("")), TokenFault::Subject),
        (Claim("sub", json!("a\nb")), TokenFault::Subject),
        (Claim("sub", json!("ä")), TokenFault::Subject),
        (Claim("sub", json!("x".repeat(256))), TokenFault::Subject),
        (Claim("sub", json!(1)), TokenFault::Form),
        (NoClaim("sub"), TokenFault::Form),
    ]
}

/// A good token with these changes.
fn changed(fake: &Fake, begun: &Begun, changes: &[&Change]) -> String {
    let (mut how, mut head, mut claims) = (How::Es256, json!({}), fake.claims(begun));
    for change in changes {
        match change {
            Sign(changed) => how = *changed,
            Head(name, value) => head[name] = value.clone(),
            Claim(name, value) => claims[name] = value.clone(),
            NoClaim(name) => {
                claims.as_object_mut().unwrap().remove(*name);
            }
        }
    }
    token(how, &head, &claims)
}

fn fault(result: Result<Identity, OidcError>) -> Option<TokenFault> {
    match result {
        Err(error @ OidcError::IdToken(fault)) => {
            assert_eq!(error.failure(), Failure::Refused);
            Some(fault)
        }
        Err(error) => panic!("another error: {error:?}"),
        Ok(_) => None,
    }
}

#[tokio::test]
async fn every_fault_alone_is_refused_for_what_it_is() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    for (change, expected) in faults() {
        let result = login(&fake, &provider, |begun| changed(&fake, begun, &[&change])).await;
        assert_eq!(fault(result), Some(expected), "{change:?}");
    }
    let good = login(&fake, &provider, |begun| changed(&fake, begun, &[])).await;
    assert_eq!(good.unwrap().subject, "ada");
    let n_asked = fake.requests(KEYS).len();
    assert!(n_asked <= 2, "made-up keys caused {n_asked} requests");
}

#[tokio::test]
async fn no_second_fault_makes_up_for_a_first() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let faults = faults();
    for (at, (first, _)) in faults.iter().enumerate() {
        for (second, _) in &faults[at + 1..] {
            let result =
                login(&fake, &provider, |begun| changed(&fake, begun, &[first, second])).await;
            // Two changes of one claim are the second one, and a fault still.
            assert!(fault(result).is_some(), "{first:?} and {second:?}");
        }
    }
}

#[tokio::test]
async fn tokens_by_every_announced_algorithm_are_accepted() {
    let fake = Fake::start(&public_keys()).await;
    fake.set_in_document(
        "id_token_signing_alg_values_supported",
        json!(["RS256", "PS256", "ES256", "EdDSA"]),
    );
    let mut keys = public_keys();
    keys[1].as_object_mut().unwrap().remove("alg");
    fake.set(KEYS, crate::fake::Answer::Json(200, json!({ "keys": keys })));
    let provider = fake.provider();
    for how in [How::Rs256, How::Ps256, How::Es256, How::EdDsa] {
        let result =
            login(&fake, &provider, |begun| token(how, &json!({}), &fake.claims(begun))).await;
        assert!(result.is_ok(), "{how:?}: {result:?}");
    }
}

#[tokio::test]
async fn variations_that_the_specification_allows_are_accepted() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    // BASE64URL of the left half of SHA-256 of `access`.
    let hash = "oFYf1knNtrqnhAVfBRuteQ";
    for changes in [
        vec![Claim("aud", json!([CLIENT_ID]))],
        vec![Claim("azp", json!(CLIENT_ID))],
        vec![Claim("aud", json!(["another", CLIENT_ID])), Claim("azp", json!(CLIENT_ID))],
        vec![Claim("exp", json!(NOW_SECONDS - 59))],
        vec![Claim("exp", json!(1_800_000_300.5))],
        vec![Claim("iat", json!(NOW_SECONDS + 60))],
        vec![Claim("nbf", json!(NOW_SECONDS))],
        vec![Claim("at_hash", json!(hash))],
        vec![Head("typ", Value::Null)],
        vec![Head("x5t", json!("AAAA"))],
        vec![Claim("name", json!(5)), Claim("email_verified", json!([]))],
    ] {
        let changes: Vec<&Change> = changes.iter().collect();
        let result = login(&fake, &provider, |begun| changed(&fake, begun, &changes)).await;
        assert!(result.is_ok(), "{changes:?}: {result:?}");
    }
}

#[tokio::test]
async fn an_rsa_signature_of_another_key_is_refused() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let result = login(&fake, &provider, |begun| rsa_token_of_others(&fake.claims(begun))).await;
    assert_eq!(fault(result), Some(TokenFault::Signature));
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    for text in ["", ".", "..", "a.b.c", "e30.e30.", "e30.e30.e30.e30", "eyJhbGciOiJub25lIn0.e30."]
    {
        let result = login(&fake, &provider, |_| text.to_owned()).await;
        assert_eq!(fault(result), Some(TokenFault::Form), "{text}");
    }
}

#[tokio::test]
async fn a_token_of_another_login_is_refused() {
    let fake = Fake::start(&public_keys()).await;
    let provider = fake.provider();
    let mut first = String::new();
    let make = |begun: &Begun| {
        first = token(How::Es256, &json!({}), &fake.claims(begun));
        first.clone()
    };
    assert!(login(&fake, &provider, make).await.is_ok());
    let again = login(&fake, &provider, |_| first.clone()).await;
    assert_eq!(fault(again), Some(TokenFault::Nonce));
}
