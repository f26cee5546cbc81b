//! Refresh tokens: a session and a counter that nobody else can write.
//!
//! A token is the base64url of the session's id, its counter and an HMAC over both. The successor of
//! a token follows from the session and the next counter, so nothing secret is stored, and two
//! requests that present the same token at once get the same successor. Who stores the session's
//! counter moves it by compare and swap; [`decide`] says what a presented token means.

use underpin_base::{Secret, Timestamp};
use uuid::Uuid;

use crate::encoding;
use crate::secret::{self, Keys};

/// How long the parent of the current token still gives the current token, when the configuration
/// does not say: 10 seconds, in microseconds.
pub const GRACE_US_DEFAULT: i64 = 10_000_000;

/// The longest grace that can be set: 60 seconds, in microseconds.
pub const GRACE_US_MAX: i64 = 60_000_000;

/// Bytes of a token before its text.
const TOKEN_BYTES: usize = 16 + 4 + 32;

/// What a refresh token says: the session, and the how manyth token of it this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session it keeps alive.
    pub session: Uuid,
    /// Zero for the token that the session began with.
    pub counter: u32,
}

/// What to do about a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is the current token: move the counter on and answer with the successor.
    Rotate,
    /// It was the current token a moment ago: answer with the current one, and change nothing. The
    /// first answer was lost, or two requests met.
    SameSuccessor,
    /// It was replaced: somebody has a copy. End the session.
    Reuse,
    /// The session never had it: the database was set back. Refuse it, and end nothing.
    Unknown,
}

impl RefreshToken {
    /// The token's text.
    #[must_use]
    pub fn text(&self, keys: &Keys) -> Secret<String> {
        let bytes = [self.session.as_bytes().as_slice(), &self.counter.to_be_bytes()].concat();
        Secret::new(encoding::encode(&[bytes, self.mac(keys).to_vec()].concat()))
    }

    /// The token with this text; `None` for what these keys did not make.
    #[must_use]
    pub fn parse(text: &str, keys: &Keys) -> Option<Self> {
        let bytes = encoding::decode_exactly::<TOKEN_BYTES>(text)?;
        let (session, rest) = bytes.split_first_chunk::<16>()?;
        let (counter, mac) = rest.split_first_chunk::<4>()?;
        let (session, counter) = (Uuid::from_bytes(*session), u32::from_be_bytes(*counter));
        let token = Self { session, counter };
        encoding::same(mac, &token.mac(keys)).then_some(token)
    }

    /// The token after this one; `None` when the counter is at its end, which ends the session.
    #[must_use]
    pub fn successor(&self) -> Option<Self> {
        let counter = self.counter.checked_add(1)?;
        Some(Self { session: self.session, counter })
    }

    fn mac(&self, keys: &Keys) -> [u8; 32] {
        secret::mac(&keys.refresh, &[self.session.as_bytes(), &self.counter.to_be_bytes()])
    }
}

/// What a token with the counter `presented` means to a session at `current` that was rotated at
/// `rotated_at`. `grace_us` is in microseconds, from zero to [`GRACE_US_MAX`].
///
/// A clock that was set back does not count as time that has not passed: a rotation further in the
/// future than the grace is as old as one further in the past.
#[must_use]
pub fn decide(
    presented: u32,
    current: u32,
    rotated_at: Timestamp,
    now: Timestamp,
    grace_us: i64,
) -> Decision {
    let grace_us = grace_us.clamp(0, GRACE_US_MAX).unsigned_abs();
    let is_recent = now.0.abs_diff(rotated_at.0) < grace_us;
    if presented == current {
        Decision::Rotate
    } else if presented > current {
        Decision::Unknown
    } else if current - presented == 1 && is_recent {
        Decision::SameSuccessor
    } else {
        Decision::Reuse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn keys(text: &str) -> Keys {
        Keys::derive(&crate::MasterSecret::from_text(text).unwrap())
    }

    fn ours() -> Keys {
        keys("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG")
    }

    fn token() -> RefreshToken {
        RefreshToken { session: Uuid::from_u128(0x0192_f00d), counter: 7 }
    }

    #[test]
    fn a_token_reads_back_as_what_it_says() {
        let text = token().text(&ours());
        assert_eq!(text.expose().len(), 70);
        assert_eq!(RefreshToken::parse(text.expose(), &ours()), Some(token()));
    }

    #[test]
    fn the_successor_is_the_same_wherever_it_is_made() {
        let next = token().successor().unwrap();
        assert_eq!(next.counter, 8);
        assert_eq!(next.text(&ours()), next.text(&ours()));
        assert_ne!(next.text(&ours()), token().text(&ours()));
        let last = RefreshToken { counter: u32::MAX, ..token() };
        assert_eq!(last.successor(), None);
    }

    #[test]
    fn another_secret_makes_other_tokens() {
        let theirs = keys("pW3sN8aZ1xC6vB0nM5kJ2hG7fD4qT9yU");
        assert_eq!(RefreshToken::parse(token().text(&theirs).expose(), &ours()), None);
    }

    #[test]
    fn every_change_of_one_character_is_refused() {
        let text = token().text(&ours()).expose().clone();
        for at in 0..text.len() {
            for put in [b'A', b'B', b'z', b'-', b'_', b'=', b'.', b' '] {
                let mut changed = text.clone().into_bytes();
                if changed[at] != put {
                    changed[at] = put;
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(RefreshToken::parse(&changed, &ours()), None, "{changed}");
                }
            }
        }
    }

    #[test]
    fn truncated_lengthened_and_case_changed_texts_are_refused() {
        let text = token().text(&ours()).expose().clone();
        let others = [
            String::new(),
            text[1..].to_owned(),
            text[..text.len() - 1].to_owned(),
            format!("{text}A"),
            format!("{text}=="),
            format!(" {text}"),
            format!("{text}\n"),
            text.to_ascii_lowercase(),
            text.to_ascii_uppercase(),
        ];
        for other in others {
            assert_eq!(RefreshToken::parse(&other, &ours()), None, "{other:?}");
        }
    }

    #[test]
    fn spare_bits_of_the_last_character_are_not_ignored() {
        let text = token().text(&ours()).expose().clone();
        let (start, last) = text.split_at(text.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let accepted: Vec<char> = alphabet
            .chars()
            .filter(|last| RefreshToken::parse(&format!("{start}{last}"), &ours()).is_some())
            .collect();
        assert_eq!(accepted, last.chars().collect::<Vec<_>>());
    }

    #[test]
    fn the_table_of_decisions() {
        use Decision::{Reuse, Rotate, SameSuccessor, Unknown};
        let grace = GRACE_US_DEFAULT;
        let table = [
            // presented, seconds since the rotation, grace, expected; the session is at 7
            (7, 0, grace, Rotate),
            (7, 3_600, grace, Rotate),
            (7, -3_600, grace, Rotate),
            (6, 0, grace, SameSuccessor),
            (6, 9, grace, SameSuccessor),
            (6, 10, grace, Reuse),
            (6, 11, grace, Reuse),
            (5, 0, grace, Reuse),
            (0, 0, grace, Reuse),
            (8, 0, grace, Unknown),
            (u32::MAX, 9, grace, Unknown),
            // no grace at all
            (6, 0, 0, Reuse),
            (6, 0, -1, Reuse),
            (7, 0, 0, Rotate),
            // the grace cannot be set beyond a minute
            (6, 59, i64::MAX, SameSuccessor),
            (6, 60, i64::MAX, Reuse),
            // a clock that was set back
            (6, -9, grace, SameSuccessor),
            (6, -10, grace, Reuse),
            (6, -3_600, grace, Reuse),
        ];
        for (presented, seconds, grace_us, expected) in table {
            let rotated_at = Timestamp(1_700_000_000 * SECOND);
            let now = Timestamp(rotated_at.0 + seconds * SECOND);
            let found = decide(presented, 7, rotated_at, now, grace_us);
            assert_eq!(found, expected, "{presented} after {seconds} s, grace {grace_us} µs");
        }
    }

    #[test]
    fn a_session_that_was_never_rotated_has_no_parent() {
        let now = Timestamp(0);
        assert_eq!(decide(0, 0, now, now, GRACE_US_DEFAULT), Decision::Rotate);
        assert_eq!(decide(u32::MAX, 0, now, now, GRACE_US_DEFAULT), Decision::Unknown);
    }

    #[test]
    fn a_clock_that_jumps_back_adds_the_grace_once_at_most() {
        let rotated_at = Timestamp(1_700_000_000 * SECOND);
        let is_alike = |offset: &i64| {
            let now = Timestamp(rotated_at.0 + offset * SECOND);
            decide(6, 7, rotated_at, now, GRACE_US_DEFAULT) == Decision::SameSuccessor
        };
        let n_seconds = (-7_200..7_200).filter(is_alike).count();
        assert_eq!(n_seconds, 19, "nine before, the moment itself, nine after");
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(decide(6, 7, first, last, GRACE_US_MAX), Decision::Reuse);
        assert_eq!(decide(6, 7, last, first, GRACE_US_MAX), Decision::Reuse);
    }
}
