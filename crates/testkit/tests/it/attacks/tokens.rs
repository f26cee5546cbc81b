//! Tokens that were made or changed by somebody else.

use aws_lc_rs::{hmac, rand, signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use underpin_accounts::Settings;

use super::proofs::{ME, register, restarted, settings, start};

fn encode(part: &Value) -> String {
    BASE64.encode(part.to_string())
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

/// A true token, taken apart, and the public key that it is checked with.
struct Model {
    token: String,
    parts: [String; 3],
    key: Value,
}

impl Model {
    /// The header of the true token, with one member changed.
    fn head(&self, name: &str, value: &Value) -> Value {
        let mut head = decode(&self.parts[0]);
        head[name] = value.clone();
        head
    }

    /// Under this header, with no signature or the true one.
    fn unsigned(&self) -> Vec<String> {
        let forge = |alg: &str| {
            let text = format!("{}.{}", encode(&self.head("alg", &json!(alg))), self.parts[1]);
            [format!("{text}."), format!("{text}.{}", self.parts[2]), text]
        };
        ["none", "None", "NONE", "nOnE", ""].into_iter().flat_map(forge).collect()
    }

    /// By HMAC, with what everybody knows as its secret.
    fn keyed(&self) -> Vec<String> {
        let coordinate = |name: &str| BASE64.decode(self.key[name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let text = format!("{}.{}", encode(&self.head("alg", &json!("HS256"))), self.parts[1]);
        let forge = |secret: &[u8]| {
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
            format!("{text}.{}", BASE64.encode(tag.as_ref()))
        };
        vec![forge(self.key.to_string().as_bytes()), forge(&point), forge(b"")]
    }

    /// Signed well, by a key of the attacker's.
    fn signed_by_another(&self) -> Vec<String> {
        let rng = rand::SystemRandom::new();
        let signing = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = signature::EcdsaKeyPair::generate_pkcs8(signing, &rng).unwrap();
        let pair = signature::EcdsaKeyPair::from_pkcs8(signing, document.as_ref()).unwrap();
        let heads = [
            ("kid", json!("../../../../dev/null")),
            ("kid", json!("x' UNION SELECT 'a")),
            ("kid", json!("http://127.0.0.1:1/key")),
            ("kid", json!("")),
            ("kid", json!(null)),
            ("kid", json!(["a"])),
            ("jku", json!("http://127.0.0.1:1/jwks.json")),
            ("x5u", json!("http://127.0.0.1:1/chain.pem")),
            ("jwk", self.key.clone()),
            ("crit", json!(["exp"])),
            ("alg", json!("RS256")),
            ("alg", json!("ES384")),
            ("alg", json!("ES256")),
        ];
        let forge = |(name, value): (&str, Value)| {
            let text = format!("{}.{}", encode(&self.head(name, &value)), self.parts[1]);
            let signed = pair.sign(&rng, text.as_bytes()).unwrap();
            format!("{text}.{}", BASE64.encode(signed.as_ref()))
        };
        heads.into_iter().map(forge).collect()
    }

    /// With the signature of the true token, over claims that it was not made for.
    fn with_other_claims(&self) -> Vec<String> {
        let claims = [
            ("iss", json!("other")),
            ("aud", json!("other")),
            ("exp", json!(null)),
            ("exp", json!(9_999_999_999_u64)),
            ("iat", json!(9_999_999_999_u64)),
            ("sub", json!("00000000-0000-7000-8000-000000000001")),
            ("roles", json!(["admin"])),
        ];
        let forge = |(name, value): (&str, Value)| {
            let mut claims = decode(&self.parts[1]);
            claims[name] = value;
            format!("{}.{}.{}", self.parts[0], encode(&claims), self.parts[2])
        };
        claims.into_iter().map(forge).collect()
    }

    /// Spelled otherwise, and with a signature of zeroes, which a library took for one of every
    /// key (CVE-2022-21449).
    fn misspelled(&self) -> Vec<String> {
        let [head, claims, _] = &self.parts;
        let token = &self.token;
        let zeroes = format!("{head}.{claims}.{}", BASE64.encode([0; 64]));
        vec![zeroes, format!("{token}="), format!("{token}.x"), token.replacen('.', "..", 1)]
    }
}

/// `alg: none`, HS256 keyed with the public key, a `kid` that is a path or a statement, keys that
/// the token brings along, and claims that another token had: all are refused in the same words.
#[test]
fn a_token_that_was_tampered_with_is_refused_like_any_other() {
    let app = start();
    let token = register(&app, "ada@example.com").access;
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let keys = app.anonymous().get("/.well-known/jwks.json").send().is(200).json();
    let key = keys["keys"][0].clone();
    let model = Model { token: token.clone(), parts: parts.try_into().unwrap(), key };
    let forged = [
        model.unsigned(),
        model.keyed(),
        model.signed_by_another(),
        model.with_other_claims(),
        model.misspelled(),
    ];
    let refused = |token: &str| {
        let answer = app.bearer(token).get(ME).header("X-Request-Id", "attack").send().is(401);
        String::from_utf8(answer.bytes().to_vec()).unwrap()
    };
    let plain = refused("nonsense");
    for forged in forged.concat() {
        assert_eq!(refused(&forged), plain, "{forged}");
    }
    let _ = app.bearer(&token).get(ME).send().is(200);
}

/// A token of another environment with the same key: only issuer and audience tell it apart.
#[test]
fn a_token_of_another_installation_with_the_same_keys_is_refused() {
    let app = start();
    let token = register(&app, "ada@example.com").access;
    let same = restarted(&app, settings());
    let _ = same.bearer(&token).get(ME).send().is(200);
    let staging = "staging".to_owned();
    for settings in [
        Settings { issuer: staging.clone(), ..settings() },
        Settings { audience: staging, ..settings() },
    ] {
        let other = restarted(&app, settings);
        let _ = other.bearer(&token).get(ME).send().is_error(401, "UNAUTHENTICATED");
    }
}
