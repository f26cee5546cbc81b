//! Values as Underpin writes them, straight into the answer's bytes.

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends text as a JSON string.
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if value.bytes().all(is_plain) {
        out.extend_from_slice(value.as_bytes());
    } else {
        for byte in value.bytes() {
            escaped(out, byte);
        }
    }
    out.push(b'"');
}

fn escaped(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
        }
        _ => out.push(byte),
    }
}

/// Appends an integer.
pub(crate) fn integer(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends hundredths as a quoted decimal with two digits after the point.
pub(crate) fn hundredths(out: &mut Vec<u8>, value: i64) {
    out.push(b'"');
    if value < 0 {
        out.push(b'-');
    }
    let value = value.unsigned_abs();
    integer(out, (value / 100).cast_signed());
    out.push(b'.');
    two_digits(out, value % 100);
    out.push(b'"');
}

/// Appends the 16 bytes of a UUID, quoted.
pub(crate) fn uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut text = *b"\"00000000-0000-0000-0000-000000000000\"";
    for (at, byte) in UUID_PLACES.into_iter().zip(bytes) {
        text[at..at + 2].copy_from_slice(&HEX_PAIRS[usize::from(*byte)]);
    }
    out.extend_from_slice(&text);
}

/// Where each byte stands in the quoted text of a UUID.
const UUID_PLACES: [usize; 16] = [1, 3, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 29, 31, 33, 35];

/// The two hexadecimal digits of each byte.
const HEX_PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [HEX[byte >> 4], HEX[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Appends microseconds since 1970 as a quoted RFC 3339 time in UTC.
pub(crate) fn time(out: &mut Vec<u8>, micros: i64) {
    let (days, rest) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    let (year, month, day) = civil(days);
    // Both fit: a day has 86,400 seconds. Divisions of 32 bits take half the time of 64.
    let (seconds, micros) = ((rest / 1_000_000) as u32, (rest % 1_000_000) as u32);
    let mut text = *b"\"0000-00-00T00:00:00.000000Z\"";
    for (at, value) in [
        (1, year / 100),
        (3, year % 100),
        (6, month),
        (9, day),
        (12, seconds / 3_600),
        (15, seconds / 60 % 60),
        (18, seconds % 60),
        (21, micros / 10_000),
        (23, micros / 100 % 100),
        (25, micros % 100),
    ] {
        text[at] += (value / 10) as u8;
        text[at + 1] += (value % 10) as u8;
    }
    out.extend_from_slice(&text);
}

fn two_digits(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&[b'0' + (value / 10 % 10) as u8, b'0' + (value % 10) as u8]);
}

/// Year, month and day of a number of days since 1970-01-01, for years 1 to 9999.
fn civil(days: i64) -> (u32, u32, u32) {
    // Days are counted from 1 March of year 0, so that a leap day ends its year; 146,097 days are
    // 400 years. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let days = (days + 719_468) as u32;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_written_in_utc_with_six_digits() {
        assert_eq!(written(|out| time(out, 0)), r#""1970-01-01T00:00:00.000000Z""#);
        let leap_day = 1_709_210_096_123_456;
        assert_eq!(written(|out| time(out, leap_day)), r#""2024-02-29T12:34:56.123456Z""#);
        assert_eq!(written(|out| time(out, -1)), r#""1969-12-31T23:59:59.999999Z""#);
    }

    #[test]
    fn numbers_are_written_exactly() {
        assert_eq!(written(|out| integer(out, i64::MIN)), "-9223372036854775808");
        assert_eq!(written(|out| integer(out, 0)), "0");
        assert_eq!(written(|out| hundredths(out, 1_205)), r#""12.05""#);
        assert_eq!(written(|out| hundredths(out, -7)), r#""-0.07""#);
    }

    #[test]
    fn text_is_escaped_where_it_must_be() {
        let parsed: String =
            serde_json::from_str(&written(|out| text(out, "a\"\\\n\u{1}é"))).unwrap();
        assert_eq!(parsed, "a\"\\\n\u{1}é");
    }

    #[test]
    fn a_uuid_has_its_hyphens() {
        let bytes: Vec<u8> = (0..16).collect();
        let expected = "\"00010203-0405-0607-0809-0a0b0c0d0e0f\"";
        assert_eq!(written(|out| uuid(out, &bytes)), expected);
    }
}
