//! Writes JSON text into byte buffers, for envelopes and log lines.

/// Appends `text` as a JSON string. Control characters and the separators that some readers take
/// for line ends (U+2028, U+2029) are escaped.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..0x20 | 0x7f => {
                out.extend_from_slice(&bytes[copied..at]);
                push_code_unit(out, u16::from(*byte));
                copied = at + 1;
                continue;
            }
            0xe2 if matches!(bytes[at..], [_, 0x80, 0xa8 | 0xa9, ..]) => {
                out.extend_from_slice(&bytes[copied..at]);
                push_code_unit(out, 0x2000 | u16::from(bytes[at + 2] & 0x3f));
                copied = at + 3;
                continue;
            }
            _ => continue,
        };
        out.extend_from_slice(&bytes[copied..at]);
        out.extend_from_slice(escape);
        copied = at + 1;
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

/// Appends a number.
pub(crate) fn push_number(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn push_code_unit(out: &mut Vec<u8>, unit: u16) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[usize::from(unit >> shift & 0xf)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_they_were() {
        for text in
            ["", "plain", "a\"b\\c", "\n\r\t\0\u{1b}[31m\u{7f}", "ü€😀", "\u{2028}x\u{2029}"]
        {
            let mut out = Vec::new();
            push_string(&mut out, text);
            let written = std::str::from_utf8(&out).unwrap();
            assert!(!written.contains(char::is_control) && !written.contains('\u{2028}'));
            assert_eq!(serde_json::from_str::<String>(written).unwrap(), text);
        }
    }
}
