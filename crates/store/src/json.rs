//! JSON strings into a byte buffer.

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = 0x8080_8080_8080_8080;

/// Appends `text` as a JSON string (RFC 8259 section 7), with its quotes.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut rest = bytes;
    while let Some(plain) = first_special(rest) {
        out.extend_from_slice(&rest[..plain]);
        push_escape(out, rest[plain]);
        rest = &rest[plain + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte stands that needs an escape. Eight at a time: most text has none.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let mut chunks = bytes.chunks_exact(8);
    let mut passed = 0;
    for chunk in chunks.by_ref() {
        let word = u64::from_le_bytes(chunk.try_into().expect("invariant: chunks have 8 bytes"));
        if has_special(word) {
            break;
        }
        passed += 8;
    }
    bytes[passed..].iter().position(|byte| is_special(*byte)).map(|place| passed + place)
}

/// Whether one of eight bytes is a control character, a quote or a backslash. A byte of a
/// multi-byte character has its high bit set and is none of them.
fn has_special(word: u64) -> bool {
    let below_space = word.wrapping_sub(LOW_BITS * 0x20);
    let quote = (word ^ (LOW_BITS * 0x22)).wrapping_sub(LOW_BITS);
    let backslash = (word ^ (LOW_BITS * 0x5c)).wrapping_sub(LOW_BITS);
    (below_space | quote | backslash) & !word & HIGH_BITS != 0
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_written_string_reads_back(text in "\\PC{0,20}[\u{0}-\u{7f}]{0,30}\\PC{0,20}") {
            let mut out = Vec::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn every_byte_that_needs_an_escape_is_seen_at_every_place() {
        for place in 0..17 {
            for special in (0..0x20_u8).chain(*b"\"\\") {
                let mut text = vec![b'~'; 17];
                text[place] = special;
                assert_eq!(first_special(&text), Some(place), "{special} at {place}");
            }
        }
        assert_eq!(first_special("äöü€ plain ÿ text \u{7f}".as_bytes()), None);
    }
}
