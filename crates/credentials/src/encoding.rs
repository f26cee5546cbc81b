//! Texts and bytes: base64url without padding (RFC 4648, section 5), and random bytes.

use aws_lc_rs::{constant_time, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The one text for `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of which `text` is the one text. Padding, spare bits that are not zero and characters
/// of other alphabets are refused, so that no two texts stand for one secret.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// [`decode`] for a text that must hold exactly `N` bytes.
pub(crate) fn decode_exactly<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode(text)?.try_into().ok()
}

/// Whether both are the same; how long that takes tells their lengths at most.
pub(crate) fn same(left: &[u8], right: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(left, right).is_ok()
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
    fn no_second_text_decodes_to_the_same_bytes() {
        let text = encode(&[0xfb, 0xff]);
        assert_eq!(text, "-_8");
        assert_eq!(decode(&text), Some(vec![0xfb, 0xff]));
        for other in ["-_9", "-_8=", "+/8", "-_8 ", " -_8", "-_8\n", "-_"] {
            assert_ne!(decode(other), Some(vec![0xfb, 0xff]), "{other:?}");
        }
    }

    #[test]
    fn random_bytes_do_not_repeat() {
        assert_ne!(random::<16>(), random::<16>());
    }
}
