//! Access tokens: JSON Web Tokens (RFC 7519) signed with ES256 (RFC 7518, section 3.4).
//!
//! There is one form of header, and each key has exactly one text of it. A presented header is
//! compared with those texts and never read: no algorithm, key or address in it can be obeyed, since
//! whatever is not ours to the byte belongs to no key. The claims are read only after the signature
//! held. Every refusal is the same [`Refused`].

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use underpin_base::{Secret, Timestamp};
use uuid::Uuid;

use crate::encoding;

/// Bytes of a token at most; longer ones are refused unread.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// How far a token's time of issue may lie in the future, for nodes whose clocks differ.
const SKEW_SECONDS_MAX: i64 = 60;

/// The token is not one that is in force here. Nothing says why: whoever presents a wrong token
/// learns no more from one kind of wrong than from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the access token is not valid")]
pub struct Refused;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `iss`: who issued it.
    pub issuer: String,
    /// `aud`: whom it is meant for.
    pub audience: String,
    /// `sub`: the account.
    pub subject: String,
    /// `sid`: the session, whose row decides whether the token still holds.
    pub session: Uuid,
    /// `iat`: when it was issued, in seconds since 1970.
    pub issued_at: i64,
    /// `exp`: from when on it does not hold, in seconds since 1970.
    pub expires_at: i64,
}

/// The claims as they are written. A claim that is not here is not read; one of these that is absent,
/// null, of another type or there twice makes the token none.
#[derive(Serialize, Deserialize)]
struct Written {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    iat: i64,
    exp: i64,
}

/// A key pair that signs access tokens: ECDSA on P-256.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
    kid: String,
    /// The first part of every token of this key.
    header: String,
}

/// Issues and verifies the access tokens of one issuer.
#[derive(Debug)]
pub struct AccessTokens {
    issuer: String,
    audience: String,
    keys: Vec<SigningKey>,
}

impl SigningKey {
    /// A random key.
    #[must_use]
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::new(pair.expect("invariant: the system's random generator works"))
    }

    /// The key of these bytes, as [`SigningKey::to_pkcs8`] gave them; `None` when they are no key on
    /// P-256.
    #[must_use]
    pub fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes).ok().map(Self::new)
    }

    /// The private key, to be sealed (PKCS #8, RFC 5958).
    #[must_use]
    pub fn to_pkcs8(&self) -> Secret<Vec<u8>> {
        let document = self.pair.to_pkcs8v1().expect("invariant: a P-256 key has this form");
        Secret::new(document.as_ref().to_vec())
    }

    /// The key's name: its thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JSON Web Key (RFC 7517).
    #[must_use]
    pub fn jwk(&self) -> serde_json::Value {
        let (x, y) = coordinates(&self.pair);
        let kid = &self.kid;
        json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256",
        })
    }

    fn new(pair: EcdsaKeyPair) -> Self {
        let (x, y) = coordinates(&pair);
        // The members in this order and without spaces: RFC 7638, section 3.
        let members = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let thumbprint = digest::digest(&digest::SHA256, members.as_bytes());
        let kid = encoding::encode(thumbprint.as_ref());
        let header = format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}"}}"#);
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
        Self {
            public: public.expect("invariant: a pair's public key is a point of its curve"),
            header: encoding::encode(header.as_bytes()),
            pair,
            kid,
        }
    }

    /// A token of `payload`, whatever that says.
    fn sign(&self, payload: &[u8]) -> String {
        let message = format!("{}.{}", self.header, encoding::encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = signature.expect("invariant: a P-256 key signs every message");
        format!("{message}.{}", encoding::encode(signature.as_ref()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl AccessTokens {
    /// Tokens of `issuer` for `audience`. The first key signs; the others still verify what they
    /// signed. Without keys no token can be issued, and none is valid.
    #[must_use]
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: Vec<SigningKey>,
    ) -> Self {
        Self { issuer: issuer.into(), audience: audience.into(), keys }
    }

    /// The claims of a token for `subject` and `session` that holds from `now` for
    /// `lifetime_seconds`.
    #[must_use]
    pub fn claims(
        &self,
        subject: impl Into<String>,
        session: Uuid,
        now: Timestamp,
        lifetime_seconds: i64,
    ) -> Claims {
        let issued_at = seconds(now);
        Claims {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            subject: subject.into(),
            session,
            issued_at,
            expires_at: issued_at.saturating_add(lifetime_seconds),
        }
    }

    /// A token that says `claims`, signed by the first key; `None` when there is no key.
    #[must_use]
    pub fn issue(&self, claims: &Claims) -> Option<Secret<String>> {
        let written = Written {
            iss: claims.issuer.clone(),
            aud: claims.audience.clone(),
            sub: claims.subject.clone(),
            sid: claims.session.to_string(),
            iat: claims.issued_at,
            exp: claims.expires_at,
        };
        let payload = serde_json::to_vec(&written).expect("invariant: texts and numbers are JSON");
        self.keys.first().map(|key| Secret::new(key.sign(&payload)))
    }

    /// What `token` says, when one of our keys signed it for this issuer and audience and it holds
    /// at `now`.
    ///
    /// # Errors
    /// [`Refused`] for everything else.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Refused> {
        self.read(token, seconds(now)).ok_or(Refused)
    }

    /// The public keys as a JSON Web Key Set (RFC 7517, section 5).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        json!({ "keys": self.keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    fn read(&self, token: &str, now: i64) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let key = self.keys.iter().find(|key| key.header == header)?;
        let signature = encoding::decode(signature)?;
        key.public.verify_sig(message.as_bytes(), &signature).ok()?;
        let claims = Claims::parse(&encoding::decode(payload)?)?;
        let is_ours = claims.issuer == self.issuer && claims.audience == self.audience;
        let is_now = now < claims.expires_at && claims.issued_at <= now + SKEW_SECONDS_MAX;
        (is_ours && is_now).then_some(claims)
    }
}

impl Claims {
    fn parse(payload: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(payload).ok()?;
        let session = Uuid::try_parse(&written.sid).ok()?;
        // One text for one session: no braces, no upper case.
        (session.to_string() == written.sid).then_some(Self {
            issuer: written.iss,
            audience: written.aud,
            subject: written.sub,
            session,
            issued_at: written.iat,
            expires_at: written.exp,
        })
    }
}

/// The two coordinates of a pair's public key, as texts.
fn coordinates(pair: &EcdsaKeyPair) -> (String, String) {
    // SEC 1, section 2.3.3: 0x04, then both coordinates of 32 bytes.
    let point = pair.public_key().as_ref();
    (encoding::encode(&point[1..33]), encoding::encode(&point[33..]))
}

fn seconds(now: Timestamp) -> i64 {
    now.0.div_euclid(1_000_000)
}

#[cfg(test)]
mod tests;
