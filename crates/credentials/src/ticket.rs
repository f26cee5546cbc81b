//! Single-use secrets that travel by mail: long ones in links, short ones to type.
//!
//! Only keyed hashes of them are stored, bound to what they are for, so that a copy of the database
//! opens nothing and a ticket of one purpose is none of another. Whoever stores them consumes a
//! ticket by compare and swap, and counts a try at a code before it is compared.

use underpin_base::Secret;

use crate::encoding;
use crate::secret::{self, Keys};

/// How long a code holds: 10 minutes, in microseconds.
pub const CODE_LIFETIME_US: i64 = 600_000_000;

/// Guesses that are compared, for each challenge; the sixth is refused unseen.
pub const CODE_TRIES_MAX: u32 = 5;

/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// How many codes there are.
const CODES: u32 = 1_000_000;

/// A secret of 256 bits, for links: base64url, 43 characters.
#[derive(Debug, Clone)]
pub struct Ticket(Secret<[u8; 32]>);

impl Ticket {
    /// A random ticket.
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(encoding::random()))
    }

    /// The ticket with this text; `None` for what cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        encoding::decode_exactly(text).map(|bytes| Self(Secret::new(bytes)))
    }

    /// The text, for the link.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(encoding::encode(self.0.expose()))
    }

    /// What is stored, and what a presented ticket is found by. `purpose` is what the ticket is for,
    /// such as `reset-password`; with another purpose the hash is another one.
    #[must_use]
    pub fn hash(&self, keys: &Keys, purpose: &str) -> String {
        let parts = [b"ticket".as_slice(), purpose.as_bytes(), self.0.expose()];
        encoding::encode(&secret::mac(&keys.ticket, &parts))
    }
}

/// A secret of six digits, to be typed. It is worth [`CODE_TRIES_MAX`] guesses, and no more.
#[derive(Debug, Clone)]
pub struct Code(Secret<[u8; CODE_DIGITS]>);

impl Code {
    /// A random code; each is as likely as every other.
    #[must_use]
    pub fn generate() -> Self {
        // Numbers above the last multiple would make the low codes likelier.
        let bound = u32::MAX - u32::MAX % CODES;
        let number = loop {
            let number = u32::from_be_bytes(encoding::random());
            if number < bound {
                break number % CODES;
            }
        };
        Self::of(number)
    }

    /// The code with this text: six ASCII digits and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; CODE_DIGITS] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(Secret::new(digits)))
    }

    /// The text, for the mail.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(self.0.expose().iter().copied().map(char::from).collect())
    }

    /// What is stored. `challenge` is the id of the row that it is stored in: a code of another
    /// challenge has another hash, and a table of all million hashes fits one challenge alone.
    #[must_use]
    pub fn hash(&self, keys: &Keys, challenge: &str) -> String {
        let parts = [b"code".as_slice(), challenge.as_bytes(), self.0.expose()];
        encoding::encode(&secret::mac(&keys.ticket, &parts))
    }

    /// Whether this is the code that `stored` was made of, for this challenge.
    #[must_use]
    pub fn matches(&self, keys: &Keys, challenge: &str, stored: &str) -> bool {
        encoding::same(self.hash(keys, challenge).as_bytes(), stored.as_bytes())
    }

    fn of(number: u32) -> Self {
        let mut digits = [b'0'; CODE_DIGITS];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).expect("invariant: a digit is below ten");
            rest /= 10;
        }
        Self(Secret::new(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterSecret;

    fn keys() -> Keys {
        Keys::derive(&MasterSecret::from_text("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG").unwrap())
    }

    fn other_keys() -> Keys {
        Keys::derive(&MasterSecret::from_text("pW3sN8aZ1xC6vB0nM5kJ2hG7fD4qT9yU").unwrap())
    }

    #[test]
    fn a_ticket_is_found_by_the_hash_of_its_text() {
        let ticket = Ticket::generate();
        let text = ticket.text();
        assert_eq!(text.expose().len(), 43);
        let presented = Ticket::parse(text.expose()).unwrap();
        let hash = ticket.hash(&keys(), "reset-password");
        assert_eq!(presented.hash(&keys(), "reset-password"), hash);
        assert_ne!(hash, *text.expose());
        assert_ne!(Ticket::generate().hash(&keys(), "reset-password"), hash);
    }

    #[test]
    fn a_ticket_of_one_purpose_or_installation_is_none_of_another() {
        let ticket = Ticket::generate();
        let hash = ticket.hash(&keys(), "reset-password");
        assert_ne!(ticket.hash(&keys(), "verify-email"), hash);
        assert_ne!(ticket.hash(&other_keys(), "reset-password"), hash);
    }

    #[test]
    fn what_is_not_a_ticket_is_none() {
        let text = Ticket::generate().text().expose().clone();
        let short = &text[1..];
        // 43 characters hold two bits more than 32 bytes: only one of four last characters counts.
        let spare = format!("{}_", &text[..42]);
        let longer = format!("{text}A");
        let padded = format!("{text}=");
        for other in ["", "{}", "null", short, &longer, &padded, &spare] {
            assert!(Ticket::parse(other).is_none(), "{other:?}");
        }
    }

    #[test]
    fn a_code_has_six_digits_and_keeps_its_zeros() {
        assert_eq!(Code::of(42).text().expose(), "000042");
        assert_eq!(Code::of(999_999).text().expose(), "999999");
        for _ in 0..100 {
            let text = Code::generate().text();
            let parsed = Code::parse(text.expose()).unwrap();
            assert_eq!(parsed.text(), text);
        }
    }

    #[test]
    fn every_digit_occurs_at_every_place() {
        let codes: Vec<_> = (0..1_000).map(|_| Code::generate().text().expose().clone()).collect();
        for place in 0..CODE_DIGITS {
            for digit in b'0'..=b'9' {
                let occurs = codes.iter().any(|code| code.as_bytes()[place] == digit);
                assert!(occurs, "{} at {place}", char::from(digit));
            }
        }
    }

    #[test]
    fn digits_of_other_scripts_and_other_texts_are_no_codes() {
        let texts = [
            "",
            "12345",
            "1234567",
            "12 456",
            "+12345",
            "-12345",
            "1e5000",
            "12345\n",
            "12345a",
            "١٢٣٤٥٦",
            "１２３４５６",
            "٣٤",
            "{}",
            "null",
        ];
        for text in texts {
            assert!(Code::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_code_matches_its_own_challenge_alone() {
        let code = Code::of(123_456);
        let stored = code.hash(&keys(), "challenge-1");
        assert!(code.matches(&keys(), "challenge-1", &stored));
        assert!(!code.matches(&keys(), "challenge-2", &stored));
        assert!(!code.matches(&other_keys(), "challenge-1", &stored));
        assert!(!Code::of(123_457).matches(&keys(), "challenge-1", &stored));
        for stored in ["", "123456", "null", &stored[1..]] {
            assert!(!code.matches(&keys(), "challenge-1", stored), "{stored:?}");
        }
    }
}
