//! Keys of a provider, and tokens signed with them, well or badly.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap());
static RSA_OF_OTHERS: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap());
static EC: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
static EC_OF_OTHERS: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
    /// By a key that is not the provider's.
    OfOthers,
    /// `none`, with an empty signature.
    Unsigned,
    /// `HS256` with the RSA key's public half as the secret.
    HmacWithPublicKey,
    /// `HS256` with the client's secret.
    HmacWithClientSecret,
    /// Well, and then the claims are changed.
    Tampered,
}

pub(crate) const EC_KEY: &str = "ec-1";
pub(crate) const RSA_KEY: &str = "rsa-1";
pub(crate) const ED_KEY: &str = "ed-1";

/// The provider's public keys.
pub(crate) fn public_keys() -> Vec<Value> {
    vec![ec_key(EC_KEY), rsa_key(RSA_KEY), ed_key()]
}

pub(crate) fn ec_key(id: &str) -> Value {
    ec_public(&EC, id)
}

/// A key that is not the provider's.
pub(crate) fn ec_key_of_others(id: &str) -> Value {
    ec_public(&EC_OF_OTHERS, id)
}

fn ec_public(pair: &EcdsaKeyPair, id: &str) -> Value {
    let point = pair.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": id, "use": "sig" })
}

pub(crate) fn rsa_key(id: &str) -> Value {
    let public = RSA.public_key();
    let n = encode(public.modulus().big_endian_without_leading_zero());
    let e = encode(public.exponent().big_endian_without_leading_zero());
    json!({ "kty": "RSA", "n": n, "e": e, "kid": id, "use": "sig", "alg": "RS256" })
}

fn ed_key() -> Value {
    let x = encode(ED.public_key().as_ref());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": ED_KEY })
}

/// A token with the head that belongs to `how`, changed by `head`.
pub(crate) fn token(how: How, head: &Value, claims: &Value) -> String {
    let (algorithm, key) = match how {
        How::Rs256 => ("RS256", RSA_KEY),
        How::Ps256 => ("PS256", RSA_KEY),
        How::EdDsa => ("EdDSA", ED_KEY),
        How::Es256 | How::OfOthers | How::Tampered => ("ES256", EC_KEY),
        How::Unsigned => ("none", EC_KEY),
        How::HmacWithPublicKey | How::HmacWithClientSecret => ("HS256", RSA_KEY),
    };
    let mut full = json!({ "alg": algorithm, "kid": key, "typ": "JWT" });
    for (name, value) in head.as_object().unwrap() {
        match value {
            Value::Null => full.as_object_mut().unwrap().remove(name),
            value => full.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    let message = format!("{}.{}", encode_json(&full), encode_json(claims));
    let signature = sign(how, message.as_bytes());
    let message = if how == How::Tampered {
        let mut claims = claims.clone();
        claims["sub"] = json!("eve");
        format!("{}.{}", encode_json(&full), encode_json(&claims))
    } else {
        message
    };
    format!("{message}.{}", encode(&signature))
}

fn sign(how: How, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let rsa = |pair: &RsaKeyPair, padding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &random, message, &mut signature).unwrap();
        signature
    };
    let mac = |secret: &[u8]| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
    };
    match how {
        How::Rs256 => rsa(&RSA, &RSA_PKCS1_SHA256),
        How::Ps256 => rsa(&RSA, &RSA_PSS_SHA256),
        How::Es256 | How::Tampered => EC.sign(&random, message).unwrap().as_ref().to_vec(),
        How::OfOthers => EC_OF_OTHERS.sign(&random, message).unwrap().as_ref().to_vec(),
        How::EdDsa => ED.sign(message).as_ref().to_vec(),
        How::Unsigned => Vec::new(),
        How::HmacWithPublicKey => mac(RSA.public_key().as_ref()),
        How::HmacWithClientSecret => mac(crate::fake::CLIENT_SECRET.as_bytes()),
    }
}

/// A token signed by RSA with a key that is not the provider's.
pub(crate) fn rsa_token_of_others(claims: &Value) -> String {
    let head = json!({ "alg": "RS256", "kid": RSA_KEY });
    let message = format!("{}.{}", encode_json(&head), encode_json(claims));
    let mut signature = vec![0; RSA_OF_OTHERS.public_modulus_len()];
    let random = SystemRandom::new();
    RSA_OF_OTHERS.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
    format!("{message}.{}", encode(&signature))
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encode_json(value: &Value) -> String {
    encode(value.to_string().as_bytes())
}
