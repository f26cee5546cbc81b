//! The master secret of an installation, and the keys that derive from it.
//!
//! One secret is all that an operator keeps: HKDF (RFC 5869) makes a key of it for each purpose, so
//! that no purpose can be played against another. What is sealed is bound to the place it is stored
//! in, so that a value copied to another row does not open there.

mod file;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use underpin_base::Secret;

use crate::encoding;

pub use file::SecretError;

/// The first byte of everything sealed: which key and which form.
const SEAL_VERSION: u8 = 1;

/// The salt of the derivation. Changing it makes every key another one.
const SALT: &[u8] = b"underpin credentials 1";

/// The one secret that an operator keeps.
#[derive(Debug, Clone)]
pub struct MasterSecret(Secret<Vec<u8>>);

/// The keys of an installation, one for each purpose.
pub struct Keys {
    pub(crate) refresh: hmac::Key,
    pub(crate) csrf: hmac::Key,
    pub(crate) ticket: hmac::Key,
    sealing: LessSafeKey,
    cookie: LessSafeKey,
    check: hmac::Key,
}

impl Keys {
    /// Derives the keys. The same secret gives the same keys, on every node and after every restart.
    #[must_use]
    pub fn derive(secret: &MasterSecret) -> Self {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret.0.expose());
        let mac = |purpose| hmac::Key::new(hmac::HMAC_SHA256, &expand(&root, purpose));
        Self {
            refresh: mac("refresh"),
            csrf: mac("csrf"),
            ticket: mac("ticket"),
            sealing: sealing_key(&expand(&root, "sealing")),
            cookie: sealing_key(&expand(&root, "cookie")),
            check: mac("check"),
        }
    }

    /// Encrypts `plain` for storage, with AES-256-GCM and a random nonce.
    ///
    /// `context` is where it will be stored, such as `Factor/secret/<id>`; it opens nowhere else.
    #[must_use]
    pub fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
        seal(&self.sealing, context, plain)
    }

    /// What [`Keys::seal`] encrypted for `context`; `None` when it was made by another secret, for
    /// another place, or was changed.
    #[must_use]
    pub fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.sealing, context, sealed)
    }

    /// Encrypts what a browser keeps for us, as text for a cookie or a URL. `context` says what for.
    #[must_use]
    pub fn seal_for_browser(&self, context: &str, plain: &[u8]) -> String {
        encoding::encode(&seal(&self.cookie, context, plain))
    }

    /// What [`Keys::seal_for_browser`] encrypted for `context`; `None` for everything else.
    #[must_use]
    pub fn open_from_browser(&self, context: &str, sealed: &str) -> Option<Vec<u8>> {
        open(&self.cookie, context, &encoding::decode(sealed)?)
    }

    /// A text that tells this secret from every other and nothing about it. Stored at the first start,
    /// it shows at a later one that the secret is not the one the stored data was sealed with.
    #[must_use]
    pub fn check_value(&self) -> String {
        encoding::encode(&hmac::sign(&self.check, b"check").as_ref()[..16])
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[keys]")
    }
}

/// The authentication code over `parts`, each with its length, so that no two lists of parts run
/// together to the same message.
pub(crate) fn mac(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.sign().as_ref().try_into().expect("invariant: HMAC-SHA256 has 32 bytes")
}

fn expand(root: &hkdf::Prk, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    root.expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256)
        .and_then(|material| material.fill(&mut key))
        .expect("invariant: HKDF-SHA256 gives 32 bytes");
    key
}

fn sealing_key(bytes: &[u8; 32]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, bytes);
    LessSafeKey::new(key.expect("invariant: an AES-256 key has 32 bytes"))
}

fn seal(key: &LessSafeKey, context: &str, plain: &[u8]) -> Vec<u8> {
    let nonce = encoding::random::<NONCE_LEN>();
    let mut text = plain.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(associated(context)),
        &mut text,
    )
    .expect("invariant: what is sealed is shorter than 64 GiB");
    [&[SEAL_VERSION], nonce.as_slice(), &text].concat()
}

fn open(key: &LessSafeKey, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
    let (&SEAL_VERSION, rest) = sealed.split_first()? else { return None };
    let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
    let mut text = text.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = key.open_in_place(nonce, Aad::from(associated(context)), &mut text).ok()?;
    let n_bytes = plain.len();
    text.truncate(n_bytes);
    Some(text)
}

/// What is authenticated beside the text. The version is in it, so that a later form of sealing
/// cannot be passed off as this one.
fn associated(context: &str) -> Vec<u8> {
    [&[SEAL_VERSION], context.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
