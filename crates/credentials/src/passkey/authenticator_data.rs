//! Authenticator data (section 6.1): what the authenticator says and signs, byte by byte.

use aws_lc_rs::digest;

use super::{Refused, cbor};
use crate::encoding;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// Bytes of a credential's id at most (section 7.1, step 25).
const CREDENTIAL_ID_BYTES_MAX: usize = 1_023;

/// What an authenticator says.
pub(super) struct AuthenticatorData<'a> {
    relying_party_hash: &'a [u8; 32],
    flags: u8,
    pub(super) sign_count: u32,
    pub(super) attested: Option<Attested<'a>>,
}

/// The new credential, in a registration (section 6.5.2).
pub(super) struct Attested<'a> {
    pub(super) aaguid: &'a [u8; 16],
    pub(super) credential_id: &'a [u8],
    /// The COSE_Key, exactly as long as it is.
    pub(super) public_key: &'a [u8],
}

impl<'a> AuthenticatorData<'a> {
    /// Reads the bytes, to the last one.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Refused> {
        Self::read(bytes).ok_or(Refused::Malformed)
    }

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (relying_party_hash, rest) = bytes.split_first_chunk::<32>()?;
        let (&flags, rest) = rest.split_first()?;
        let (sign_count, mut rest) = rest.split_first_chunk::<4>()?;
        let mut attested = None;
        if flags & ATTESTED != 0 {
            let (found, after) = Attested::read(rest)?;
            attested = Some(found);
            rest = after;
        }
        if flags & EXTENSIONS != 0 {
            let (extensions, after) = cbor::parse_first(rest)?;
            extensions.is_map().then_some(())?;
            rest = after;
        }
        let sign_count = u32::from_be_bytes(*sign_count);
        rest.is_empty().then_some(Self { relying_party_hash, flags, sign_count, attested })
    }

    pub(super) fn is_for(&self, relying_party: &str) -> bool {
        let hash = digest::digest(&digest::SHA256, relying_party.as_bytes());
        encoding::same(hash.as_ref(), self.relying_party_hash)
    }

    pub(super) fn is_user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    pub(super) fn is_user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    pub(super) fn is_backup_eligible(&self) -> bool {
        self.flags & BACKUP_ELIGIBLE != 0
    }

    pub(super) fn is_backed_up(&self) -> bool {
        self.flags & BACKED_UP != 0
    }
}

impl<'a> Attested<'a> {
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (aaguid, rest) = bytes.split_first_chunk::<16>()?;
        let (n_bytes, rest) = rest.split_first_chunk::<2>()?;
        let n_bytes = usize::from(u16::from_be_bytes(*n_bytes));
        let is_sized = (1..=CREDENTIAL_ID_BYTES_MAX).contains(&n_bytes);
        let (credential_id, rest) = rest.split_at_checked(n_bytes).filter(|_| is_sized)?;
        let (_key, after) = cbor::parse_first(rest)?;
        let public_key = &rest[..rest.len() - after.len()];
        Some((Self { aaguid, credential_id, public_key }, after))
    }
}
