//! Hashes as they are stored: those we make, and those that were brought along.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::encoding;

/// The parameters of our hashes: 19 MiB, two passes, one lane, 32 bytes.
const PARAMS: Params = Params::DEFAULT;

/// Bytes of a salt.
const SALT_BYTES: usize = 16;

/// Memory that a stored hash may ask for, in KiB: 64 MiB.
const MEMORY_KIB_MAX: u32 = 65_536;

/// Memory times passes that a stored hash may ask for, in KiB: a few times the work of ours.
const WORK_KIB_MAX: u64 = 4 * MEMORY_KIB_MAX as u64;

/// Lanes that a stored hash may ask for; they run one after the other.
const LANES_MAX: u32 = 16;

/// Bytes of output below which a stored hash proves too little.
const OUTPUT_BYTES_MIN: usize = 16;

/// The cost of bcrypt that is verified at most: about a second.
const BCRYPT_COST_MAX: u32 = 14;

/// A hash that can be verified within the bounds.
pub(super) enum Stored {
    Argon2 { hash: Box<PasswordHash>, params: Params },
    Bcrypt(String),
}

/// The hash of `password` as a PHC string, with a random salt.
pub(super) fn hash(password: &str) -> Result<String, password_hash::Error> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS);
    let salt = encoding::random::<SALT_BYTES>();
    argon2.hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
}

impl Stored {
    /// Reads a stored hash; `None` when it is malformed, of another kind or beyond the bounds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b'$', b'2', b'a' | b'b' | b'y', b'$', ..] => Self::parse_bcrypt(text),
            _ => Self::parse_argon2(text),
        }
    }

    /// How many hashes of ours it equals in memory.
    pub(super) fn weight(&self) -> u32 {
        match self {
            Self::Argon2 { params, .. } => params.m_cost().div_ceil(PARAMS.m_cost()).max(1),
            Self::Bcrypt(_) => 1,
        }
    }

    /// Whether it is weaker than what [`hash`] makes.
    pub(super) fn needs_upgrade(&self) -> bool {
        match self {
            Self::Bcrypt(_) => true,
            Self::Argon2 { hash, params } => {
                hash.algorithm != Algorithm::Argon2id.ident()
                    || hash.version != Some(Version::V0x13.into())
                    || params.m_cost() < PARAMS.m_cost()
                    || params.t_cost() < PARAMS.t_cost()
                    || hash.salt.as_ref().is_none_or(|salt| salt.len() < SALT_BYTES)
                    || hash.hash.is_none_or(|output| output.len() < Params::DEFAULT_OUTPUT_LEN)
            }
        }
    }

    /// Whether it was made of `password`. Bcrypt reads 72 bytes and no more; so does this, for those
    /// hashes alone.
    pub(super) fn matches(&self, password: &str) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon2 { hash, .. } => {
                Argon2::default().verify_password(password.as_bytes(), hash.as_ref()).is_ok()
            }
        }
    }

    fn parse_bcrypt(text: &str) -> Option<Self> {
        let parts: bcrypt::HashParts = text.parse().ok()?;
        let is_bounded = parts.get_cost() <= BCRYPT_COST_MAX;
        is_bounded.then(|| Self::Bcrypt(text.to_owned()))
    }

    fn parse_argon2(text: &str) -> Option<Self> {
        let hash = PasswordHash::new(text).ok()?;
        Algorithm::new(hash.algorithm.as_str()).ok()?;
        // Without a version it would be the one of 2015, which is not verified.
        Version::try_from(hash.version?).ok()?;
        hash.salt.as_ref()?;
        let output = hash.hash.as_ref()?;
        let params = Params::try_from(&hash).ok()?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        let is_bounded = params.m_cost() <= MEMORY_KIB_MAX
            && work <= WORK_KIB_MAX
            && params.p_cost() <= LANES_MAX
            && output.len() >= OUTPUT_BYTES_MIN;
        is_bounded.then(|| Self::Argon2 { hash: Box::new(hash), params })
    }
}
