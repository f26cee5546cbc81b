//! Recovery codes: for whoever has lost the second factor. Each is taken once.
//!
//! A code is fifteen characters of an alphabet without look-alikes, 75 bits, shown in groups of five.
//! That is too much to guess, so one keyed hash protects it.

use underpin_base::Secret;

use crate::encoding;
use crate::secret::{self, Keys};

/// Codes that an account gets at once.
pub const CODES: usize = 10;

/// Characters of a code.
const CHARACTERS: usize = 15;

/// Characters of a group.
const GROUP: usize = 5;

/// Digits and letters without I, L, O and U: Crockford's alphabet of base 32.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// One recovery code.
#[derive(Debug, Clone)]
pub struct RecoveryCode(Secret<[u8; CHARACTERS]>);

impl RecoveryCode {
    /// The codes of an account; those it had before are to be forgotten.
    #[must_use]
    pub fn generate_set() -> [Self; CODES] {
        std::array::from_fn(|_| Self::generate())
    }

    /// The code that somebody typed. Upper and lower case are alike, hyphens and spaces do not
    /// count, O is read as 0, I and L as 1.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // Bounds the work for texts that are no codes at all.
        if text.len() > CHARACTERS * 4 {
            return None;
        }
        let counted = text.bytes().filter(|byte| !matches!(byte, b'-' | b' '));
        let read = counted.map(|byte| match byte.to_ascii_lowercase() {
            b'o' => b'0',
            b'i' | b'l' => b'1',
            other => other,
        });
        let characters: [u8; CHARACTERS] = read.collect::<Vec<_>>().try_into().ok()?;
        let is_code = characters.iter().all(|character| ALPHABET.contains(character));
        is_code.then_some(Self(Secret::new(characters)))
    }

    /// The code as it is shown: `k7m2p-9xq4t-0hbnw`.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        let groups = self.0.expose().chunks(GROUP).map(String::from_utf8_lossy);
        Secret::new(groups.collect::<Vec<_>>().join("-"))
    }

    /// What is stored, and what a presented code is found by. `account` is the id of its account.
    #[must_use]
    pub fn hash(&self, keys: &Keys, account: &str) -> String {
        let parts = [b"recovery".as_slice(), account.as_bytes(), self.0.expose()];
        encoding::encode(&secret::mac(&keys.ticket, &parts))
    }

    fn generate() -> Self {
        // Five bits of each byte: the alphabet has 32 characters, so all of them are equally likely.
        let bytes = encoding::random::<CHARACTERS>();
        Self(Secret::new(bytes.map(|byte| ALPHABET[usize::from(byte & 0x1f)])))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::MasterSecret;

    fn keys() -> Keys {
        Keys::derive(&MasterSecret::from_text("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG").unwrap())
    }

    fn hash(text: &str) -> String {
        RecoveryCode::parse(text).unwrap().hash(&keys(), "account-1")
    }

    #[test]
    fn a_set_has_ten_different_codes_in_groups() {
        let set = RecoveryCode::generate_set();
        let texts: HashSet<_> = set.iter().map(|code| code.text().expose().clone()).collect();
        assert_eq!(texts.len(), 10);
        for text in &texts {
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [5, 5, 5], "{text}");
        }
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = RecoveryCode::generate_set()[0].clone();
        let text = code.text().expose().clone();
        let stored = code.hash(&keys(), "account-1");
        for typed in [&text, &text.to_uppercase(), &text.replace('-', ""), &text.replace('-', " ")]
        {
            assert_eq!(hash(typed), stored, "{typed}");
        }
        assert_eq!(hash("OIL00-00000-00000"), hash("011000000000000"));
    }

    #[test]
    fn a_code_of_another_account_or_with_another_character_is_another_one() {
        let code = RecoveryCode::parse("k7m2p-9xq4t-0hbnw").unwrap();
        assert_eq!(code.text().expose(), "k7m2p-9xq4t-0hbnw");
        assert_ne!(code.hash(&keys(), "account-2"), hash("k7m2p-9xq4t-0hbnw"));
        assert_ne!(hash("k7m2p-9xq4t-0hbnx"), hash("k7m2p-9xq4t-0hbnw"));
    }

    #[test]
    fn what_is_not_a_code_is_none() {
        let long = "k".repeat(10_000);
        let texts = [
            "",
            "k7m2p-9xq4t-0hbn",
            "k7m2p-9xq4t-0hbnww",
            "k7m2p-9xq4t-0hbnu",
            "k7m2p_9xq4t_0hbnw",
            "k7m2p-9xq4t-0hbnẃ",
            "{}",
            &long,
        ];
        for text in texts {
            assert!(RecoveryCode::parse(text).is_none(), "{text:?}");
        }
    }
}
