//! The provider's public keys, and which of them a token may have been signed with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use underpin_egress::{Client, Reach, Request};
use url::Url;

use crate::discovery::read;
use crate::error::DocumentError;

/// Keys of one provider; further ones are not looked at.
const KEYS_MAX: usize = 100;

/// The keys of a provider that signatures can be verified with.
#[derive(Debug)]
pub(crate) struct Keys {
    keys: Vec<Key>,
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    /// The algorithms that it is for.
    algorithms: Vec<Algorithm>,
    /// Microsoft only: whose tokens it signs.
    pub(crate) issuer: Option<String>,
    pub(crate) key: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Extra {
    issuer: Option<String>,
}

impl Keys {
    /// Asks for the keys at `url`.
    pub(crate) async fn fetch(
        egress: &Client,
        reach: Reach,
        url: &Url,
    ) -> Result<Self, DocumentError> {
        let document: Document = read(egress, Request::get(url.clone()).reach(reach)).await?;
        // A key of a kind that is not known here must not hide the others.
        let keys = document.keys.into_iter().take(KEYS_MAX).filter_map(Key::read).collect();
        Ok(Self { keys })
    }

    /// The keys that a token with this head may have been signed with. A token that names no key may
    /// mean the only one of its kind.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<&Key> {
        let fitting = self.keys.iter().filter(|key| key.algorithms.contains(&algorithm));
        match id {
            Some(id) => fitting.filter(|key| key.id.as_deref() == Some(id)).collect(),
            None => {
                let all: Vec<&Key> = fitting.collect();
                if all.len() == 1 { all } else { Vec::new() }
            }
        }
    }
}

impl Key {
    fn read(value: serde_json::Value) -> Option<Self> {
        let Extra { issuer } = Extra::deserialize(&value).ok()?;
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let is_for_signatures = match &jwk.common.public_key_use {
            None | Some(PublicKeyUse::Signature) => true,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
        };
        let by_kind = algorithms_of(&jwk.algorithm);
        let algorithms: Vec<Algorithm> = match jwk.common.key_algorithm {
            None => by_kind.to_vec(),
            Some(named) => {
                by_kind.iter().copied().filter(|kind| named_by(*kind) == named).collect()
            }
        };
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let is_usable = is_for_signatures && !algorithms.is_empty();
        is_usable.then_some(Self { id: jwk.common.key_id, algorithms, issuer, key })
    }
}

/// The algorithms that a key of this kind works with. None for shared secrets: a published one is no
/// secret.
#[expect(clippy::wildcard_enum_match_arm, reason = "the crate may learn further kinds")]
fn algorithms_of(kind: &AlgorithmParameters) -> &'static [Algorithm] {
    match kind {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) => match key.curve {
            EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
            _ => &[],
        },
        _ => &[],
    }
}

/// The name that a key has for an algorithm of [`algorithms_of`].
#[expect(clippy::wildcard_enum_match_arm, reason = "the other algorithms are not accepted")]
fn named_by(algorithm: Algorithm) -> KeyAlgorithm {
    match algorithm {
        Algorithm::RS256 => KeyAlgorithm::RS256,
        Algorithm::PS256 => KeyAlgorithm::PS256,
        Algorithm::ES256 => KeyAlgorithm::ES256,
        Algorithm::ES384 => KeyAlgorithm::ES384,
        Algorithm::EdDSA => KeyAlgorithm::EdDSA,
        _ => KeyAlgorithm::UNKNOWN_ALGORITHM,
    }
}
