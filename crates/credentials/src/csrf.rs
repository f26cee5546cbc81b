//! Tokens against forged requests: a page that can read the cookie proves that it is of our origin.
//!
//! The token is an HMAC over the session, so it ends with the session and nobody who can merely set
//! a cookie can make one.

use uuid::Uuid;

use crate::encoding;
use crate::secret::{self, Keys};

/// The token of a session.
#[must_use]
pub fn token(keys: &Keys, session: Uuid) -> String {
    encoding::encode(&secret::mac(&keys.csrf, &[session.as_bytes()]))
}

/// Whether `presented` is the token of `session`.
#[must_use]
pub fn verify(keys: &Keys, session: Uuid, presented: &str) -> bool {
    encoding::same(token(keys, session).as_bytes(), presented.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterSecret;

    fn keys(text: &str) -> Keys {
        Keys::derive(&MasterSecret::from_text(text).unwrap())
    }

    #[test]
    fn a_token_holds_for_its_session_and_secret_alone() {
        let ours = keys("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG");
        let theirs = keys("pW3sN8aZ1xC6vB0nM5kJ2hG7fD4qT9yU");
        let (session, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let text = token(&ours, session);
        assert!(verify(&ours, session, &text));
        assert!(!verify(&ours, other, &text));
        assert!(!verify(&theirs, session, &text));
        let changed = [
            String::new(),
            text[..text.len() - 1].to_owned(),
            format!("{text}A"),
            text.to_ascii_lowercase(),
        ];
        for changed in changed {
            assert!(!verify(&ours, session, &changed), "{changed:?}");
        }
    }

    #[test]
    fn a_refresh_token_of_the_session_says_nothing_about_its_csrf_token() {
        let keys = keys("8Jq2vX0nQzR5tY7uB4wE1mK6cL3dF9hG");
        let session = Uuid::from_u128(1);
        let refresh = crate::refresh::RefreshToken { session, counter: 0 }.text(&keys);
        assert!(!refresh.expose().contains(&token(&keys, session)));
    }
}
