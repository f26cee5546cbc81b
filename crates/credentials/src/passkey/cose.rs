//! Public keys of passkeys: COSE_Key (RFC 9052, section 7) of the three algorithms we ask for.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};

use super::{Refused, cbor};

const ES256: i128 = -7;
const EDDSA: i128 = -8;
const RS256: i128 = -257;

/// The algorithms we ask for, the best first (IANA registry of COSE algorithms).
pub(super) const ALGORITHMS: [i32; 3] = [ES256 as i32, EDDSA as i32, RS256 as i32];

/// Bytes of an RSA modulus: 2048 to 4096 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The exponent of an RSA key, 65537: the one that authenticators use. With 1 everybody could sign,
/// and the library does not look before it verifies.
const EXPONENT: &[u8] = &[1, 0, 1];

/// A key that can verify.
pub(super) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Reads a COSE_Key. The type of the key, its algorithm and its curve must fit each other, and
    /// the key must be a valid one of them.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        Self::read(bytes).map(Self).ok_or(Refused::Key)
    }

    /// Whether `signature` is one of this key over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }

    fn read(bytes: &[u8]) -> Option<ParsedPublicKey> {
        let key = cbor::parse(bytes)?;
        let number = |label| key.get_number(label).and_then(cbor::Value::as_number);
        let bytes = |label| key.get_number(label).and_then(cbor::Value::as_bytes);
        // 1 is the type, 3 the algorithm; -1 and below belong to the type (RFC 9053, section 7).
        match (number(1)?, number(3)?) {
            (2, ES256) => {
                (number(-1)? == 1).then_some(())?;
                let (x, y): ([u8; 32], [u8; 32]) =
                    (bytes(-2)?.try_into().ok()?, bytes(-3)?.try_into().ok()?);
                ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, [&[4], x.as_slice(), &y].concat())
                    .ok()
            }
            (1, EDDSA) => {
                (number(-1)? == 6).then_some(())?;
                let x: [u8; 32] = bytes(-2)?.try_into().ok()?;
                ParsedPublicKey::new(&ED25519, x).ok()
            }
            (3, RS256) => {
                let (n, e) = (bytes(-1)?, bytes(-2)?);
                (MODULUS_BYTES.contains(&n.len()) && e == EXPONENT).then_some(())?;
                let components = RsaPublicKeyComponents { n, e };
                components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()
            }
            _ => None,
        }
    }
}
