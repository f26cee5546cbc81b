//! API keys: a public prefix to find one by, and a secret of which only the hash is stored.
//!
//! A key reads `up_<prefix>_<secret>`. The secret has 256 random bits, so one SHA-256 protects it
//! as well as a password hash would, at a cost a request can bear. Keys are rows of a model of our
//! own, and belong to an account: of a user, or of a service.

use aws_lc_rs::{constant_time, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use underpin_base::Secret;
use uuid::Uuid;

use crate::identity::digest_of;

/// What every key starts with, so that scanners of leaked secrets recognise it.
pub(crate) const MARK: &str = "up_";

/// Random bytes of the prefix: enough that two never meet.
const PREFIX_BYTES: usize = 9;

/// Random bytes of the secret.
const SECRET_BYTES: usize = 32;

/// What is known of a key, all but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// The row's key.
    pub id: Uuid,
    /// What the key is for, as its maker named it.
    pub name: String,
    /// The public part of the token.
    pub prefix: String,
    /// The roles of its account.
    pub roles: Vec<String>,
    /// What it is narrowed to; `None` narrows nothing.
    pub scopes: Option<Vec<String>>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it stops working, if it does.
    pub expires_at: Option<String>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<String>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<String>,
}

/// A key that was just made; the only time its secret is known.
#[derive(Debug)]
pub struct NewKey {
    /// The public part, by which lists and logs name the key.
    pub prefix: String,
    /// The whole key, to be shown once.
    pub token: Secret<String>,
    /// What is stored of the secret.
    pub(crate) hash: String,
}

impl NewKey {
    /// A random key.
    pub(crate) fn generate() -> Self {
        // Hyphens and underscores would let a double click select half a key.
        let prefix = hex(&random::<PREFIX_BYTES>());
        let secret = hex(&random::<SECRET_BYTES>());
        Self {
            token: Secret::new(format!("{MARK}{prefix}_{secret}")),
            hash: hash_of(&secret),
            prefix,
        }
    }
}

/// The two halves of a presented token; `None` for what cannot be one.
pub(crate) fn split(token: &str) -> Option<(&str, &str)> {
    let (prefix, secret) = token.strip_prefix(MARK)?.split_once('_')?;
    let sized = prefix.len() == PREFIX_BYTES * 2 && secret.len() == SECRET_BYTES * 2;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (sized && plain(prefix) && plain(secret)).then_some((prefix, secret))
}

/// Whether `secret` is the one `hash` was made of; the time it takes does not tell how far off.
pub(crate) fn matches(secret: &str, hash: &str) -> bool {
    constant_time::verify_slices_are_equal(hash_of(secret).as_bytes(), hash.as_bytes()).is_ok()
}

fn hash_of(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest_of(secret))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("invariant: writing to a string succeeds");
        text
    })
}

/// Random bytes from the operating system, by way of aws-lc.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("invariant: the system's random generator works");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_splits_into_the_halves_it_was_made_of() {
        let key = NewKey::generate();
        let (prefix, secret) = split(key.token.expose()).unwrap();
        assert_eq!(prefix, key.prefix);
        assert!(matches(secret, &key.hash));
        assert!(!matches(&secret.replace(char::is_alphanumeric, "0"), &key.hash));
        assert!(!key.hash.contains(&secret[..16]) && !key.prefix.contains(&secret[..16]));
    }

    #[test]
    fn what_is_not_shaped_like_a_key_is_none() {
        let token = NewKey::generate().token.expose().clone();
        let shorter = &token[..token.len() - 1];
        for text in ["", "up_", "up__", shorter, &format!("{token}0"), &token.to_uppercase()] {
            assert!(split(text).is_none(), "{text}");
        }
    }
}
