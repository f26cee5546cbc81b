//! Codes of authenticator apps: TOTP (RFC 6238) with SHA-1, 30 seconds and six digits.
//!
//! These parameters are the ones that every app understands. A code holds for its own step and the
//! one before and after; whoever stores the secret stores the step of the last code too, so that no
//! code is taken twice.

use aws_lc_rs::hmac;
use underpin_base::{Secret, Timestamp};

use crate::encoding;

/// Bytes of a secret: as many as SHA-1 gives (RFC 4226, section 4).
pub const SECRET_BYTES: usize = 20;

/// Microseconds of a step.
const STEP_US: i64 = 30_000_000;

/// Steps before and after the current one whose codes are taken, for clocks that differ.
const WINDOW: i64 = 1;

/// The alphabet of base32 (RFC 4648, section 6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The secret that an app and the server share. Stored sealed.
#[derive(Debug, Clone)]
pub struct TotpSecret(Secret<[u8; SECRET_BYTES]>);

impl TotpSecret {
    /// A random secret.
    #[must_use]
    pub fn generate() -> Self {
        Self(Secret::new(encoding::random()))
    }

    /// The secret of these bytes, as [`TotpSecret::bytes`] gave them.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|bytes| Self(Secret::new(bytes)))
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    /// The secret in base32, for those who type it into the app.
    #[must_use]
    pub fn text(&self) -> Secret<String> {
        Secret::new(base32(self.0.expose()))
    }

    /// The URI that the app reads from a QR code. `issuer` names the service, `account` the user; a
    /// colon in either would end the name, and stands for a space.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Secret<String> {
        let (issuer, account) = (escape(issuer), escape(account));
        let secret = base32(self.0.expose());
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}\
             &algorithm=SHA1&digits=6&period=30"
        ))
    }

    /// The code that an app shows at `now`.
    #[must_use]
    pub fn code_at(&self, now: Timestamp) -> Secret<String> {
        Secret::new(String::from_utf8_lossy(&self.code(step_of(now))).into_owned())
    }

    /// The step whose code `presented` is, when it may be taken at `now`; store it as `last_step`.
    ///
    /// `last_step` is the step of the last code that was taken: codes of it and of earlier ones are
    /// refused, whatever the clock says. A code is six ASCII digits.
    #[must_use]
    pub fn verify(&self, presented: &str, now: Timestamp, last_step: Option<i64>) -> Option<i64> {
        let current = step_of(now);
        // All codes are compared, so that the time does not tell which of them matched. Of two that
        // are alike the later step counts, which spends both.
        let mut found = None;
        for step in current - WINDOW..=current + WINDOW {
            let is_same = encoding::same(&self.code(step), presented.as_bytes());
            if is_same && last_step.is_none_or(|last| step > last) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step (RFC 4226, section 5.3).
    fn code(&self, step: i64) -> [u8; 6] {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.0.expose());
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[SECRET_BYTES - 1] & 0x0f);
        let number = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
        let mut digits = [b'0'; 6];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).expect("invariant: a digit is below ten");
            rest /= 10;
        }
        digits
    }
}

fn step_of(now: Timestamp) -> i64 {
    now.0.div_euclid(STEP_US)
}

/// Base32 of 20 bytes, which need no padding.
fn base32(bytes: &[u8; SECRET_BYTES]) -> String {
    let mut text = String::with_capacity(SECRET_BYTES * 8 / 5);
    for chunk in bytes.chunks_exact(5) {
        let number = chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for shift in (0..8).rev().map(|place| place * 5) {
            let digit = (number >> shift & 0x1f) as usize;
            text.push(char::from(BASE32[digit]));
        }
    }
    text
}

/// Percent-encoding of everything but the unreserved characters of RFC 3986.
fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            b':' => escaped.push_str("%20"),
            _ => write!(escaped, "%{byte:02X}").expect("invariant: a string takes every text"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000)
    }

    /// The secret of RFC 6238, appendix B.
    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(b"12345678901234567890").unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the rows of SHA1: the last six of the eight digits.
        let rows = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in rows {
            assert_eq!(secret().code_at(at(seconds)).expose(), code, "{seconds}");
            assert_eq!(secret().verify(code, at(seconds), None), Some(seconds / 30), "{seconds}");
        }
        // RFC 4226, appendix D: the codes of the counters 0 to 9.
        let counters = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (counter, code) in (0..).zip(counters) {
            assert_eq!(secret().code(counter), code.as_bytes(), "{counter}");
        }
    }

    #[test]
    fn a_code_holds_for_its_step_and_its_neighbours() {
        let code = secret().code_at(at(3_000)).expose().clone();
        for (seconds, expected) in [
            (2_940, None),
            (2_969, None),
            (2_970, Some(100)),
            (3_000, Some(100)),
            (3_059, Some(100)),
            (3_060, None),
            (3_090, None),
        ] {
            assert_eq!(secret().verify(&code, at(seconds), None), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_once() {
        let code = secret().code_at(at(3_000)).expose().clone();
        let step = secret().verify(&code, at(3_000), None);
        assert_eq!(step, Some(100));
        assert_eq!(secret().verify(&code, at(3_000), step), None);
        assert_eq!(secret().verify(&code, at(3_030), step), None);
        let next = secret().code_at(at(3_030)).expose().clone();
        assert_eq!(secret().verify(&next, at(3_030), step), Some(101));
    }

    #[test]
    fn an_earlier_code_is_not_taken_after_a_later_one_even_when_the_clock_jumps_back() {
        let earlier = secret().code_at(at(2_970)).expose().clone();
        assert_eq!(secret().verify(&earlier, at(3_000), Some(99)), None);
        assert_eq!(secret().verify(&earlier, at(2_970), Some(100)), None);
        assert_eq!(secret().verify(&earlier, at(3_000), Some(98)), Some(99));
    }

    #[test]
    fn what_is_not_six_ascii_digits_is_refused() {
        let code = secret().code_at(at(59)).expose().clone();
        assert_eq!(code, "287082");
        for text in
            ["", "28708", "0287082", "287 082", " 287082", "287082\n", "２８７０８２", "٢٨٧٠٨٢"]
        {
            assert_eq!(secret().verify(text, at(59), None), None, "{text:?}");
        }
    }

    #[test]
    fn another_secret_has_other_codes() {
        let code = secret().code_at(at(59)).expose().clone();
        let other = TotpSecret::from_bytes(b"09876543210987654321").unwrap();
        assert_eq!(other.verify(&code, at(59), None), None);
    }

    #[test]
    fn the_text_is_base32() {
        assert_eq!(secret().text().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_ne!(TotpSecret::generate().text(), TotpSecret::generate().text());
    }

    #[test]
    fn names_cannot_break_out_of_the_uri() {
        let uri = secret().uri("Müller & Söhne: Shop", "ada?secret=X#y/z@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne%20%20Shop:\
             ada%3Fsecret%3DX%23y%2Fz%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=M%C3%BCller%20%26%20S%C3%B6hne%20%20Shop&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn bytes_of_another_length_are_no_secret() {
        assert!(TotpSecret::from_bytes(&[0; 19]).is_none());
        assert!(TotpSecret::from_bytes(&[0; 21]).is_none());
        let made = TotpSecret::generate();
        assert_eq!(TotpSecret::from_bytes(made.bytes()).unwrap().bytes(), made.bytes());
    }
}
