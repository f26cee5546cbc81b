//! How values are written, in JSON and as bare text: straight into a buffer, without allocation.
//!
//! Whoever turns rows into answers calls these with what a column holds. Each function appends the
//! bare text, without quotes, except [`string`], which writes a JSON string.

use crate::calendar::{DAY, HOUR, MINUTE, SECOND, civil_of_days};

const TWO_DIGITS: &[u8; 200] = b"00010203040506070809101112131415161718192021222324252627282930\
31323334353637383940414243444546474849505152535455565758596061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends an integer.
pub fn integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    natural(number.unsigned_abs(), out);
}

/// Appends a float in the shortest form that reads back as the same number. It must be finite.
pub fn float(number: f64, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &number).expect("invariant: a vector takes every byte");
}

/// Appends `unscaled` divided by ten to `scale`, with exactly `scale` digits after the point.
pub fn decimal(unscaled: i64, scale: u8, out: &mut Vec<u8>) {
    if unscaled < 0 {
        out.push(b'-');
    }
    let start = out.len();
    natural(unscaled.unsigned_abs(), out);
    let scale = usize::from(scale);
    if scale == 0 {
        return;
    }
    let n_digits = out.len() - start;
    if n_digits <= scale {
        out.splice(start..start, std::iter::repeat_n(b'0', scale + 1 - n_digits));
    }
    out.insert(out.len() - scale, b'.');
}

/// Appends `YYYY-MM-DD`, given days since 1970-01-01.
pub fn date(days: i32, out: &mut Vec<u8>) {
    let (year, month, day) = civil_of_days(days);
    two_digits(year / 100, out);
    two_digits(year % 100, out);
    out.push(b'-');
    two_digits(month, out);
    out.push(b'-');
    two_digits(day, out);
}

/// Appends `HH:MM:SS`, and `.ffffff` unless it is zero, given microseconds since midnight.
pub fn time(micros: i64, out: &mut Vec<u8>) {
    clock(micros / SECOND, out);
    if micros % SECOND != 0 {
        fraction(micros % SECOND, out);
    }
}

/// Appends `YYYY-MM-DDTHH:MM:SS.ffffffZ`, given microseconds since 1970-01-01T00:00:00Z.
pub fn date_time(micros: i64, out: &mut Vec<u8>) {
    date(day_of(micros), out);
    out.push(b'T');
    let of_day = micros.rem_euclid(DAY);
    clock(of_day / SECOND, out);
    fraction(of_day % SECOND, out);
    out.push(b'Z');
}

/// Appends an ISO 8601 duration in its canonical form (`P1DT2H30M`), given microseconds.
pub fn duration(micros: i64, out: &mut Vec<u8>) {
    if micros < 0 {
        out.push(b'-');
    }
    out.push(b'P');
    let mut rest = micros.unsigned_abs();
    let mut unit = |length: i64, name: u8, out: &mut Vec<u8>| {
        let amount = rest / length.unsigned_abs();
        rest %= length.unsigned_abs();
        if amount > 0 {
            natural(amount, out);
            out.push(name);
        }
        rest
    };
    let of_day = unit(DAY, b'D', out);
    if of_day == 0 && micros != 0 {
        return;
    }
    out.push(b'T');
    unit(HOUR, b'H', out);
    let of_minute = unit(MINUTE, b'M', out);
    if of_minute > 0 || micros == 0 {
        natural(of_minute / SECOND.unsigned_abs(), out);
        match i64::try_from(of_minute % SECOND.unsigned_abs()) {
            Ok(0) | Err(_) => {}
            Ok(micros) => fraction(micros, out),
        }
        out.push(b'S');
    }
}

/// Appends a UUID in lower case with hyphens.
pub fn uuid(bytes: &[u8; 16], out: &mut Vec<u8>) {
    let mut text = [b'-'; 36];
    let mut place = 0;
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            place += 1;
        }
        text[place] = HEX[usize::from(byte >> 4)];
        text[place + 1] = HEX[usize::from(byte & 15)];
        place += 2;
    }
    out.extend_from_slice(&text);
}

/// Appends a JSON string, quotes included.
pub fn string(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    while let Some(place) = first_special(rest) {
        out.extend_from_slice(&rest[..place]);
        escape(rest[place], out);
        rest = &rest[place + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte stands that needs an escape. Looks at eight at a time, for most texts of a
/// row have none.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let mut words = bytes.chunks_exact(8);
    let n_plain = words
        .by_ref()
        .take_while(|word| !has_special(u64::from_le_bytes((*word).try_into().unwrap_or([0; 8]))))
        .count()
        * 8;
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    bytes[n_plain..].iter().position(is_special).map(|place| n_plain + place)
}

/// Whether one of eight bytes is a control character, a quote or a backslash: subtracting borrows
/// into the high bit of a byte that is less. Bytes of longer characters have theirs set before.
fn has_special(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (control | quote | backslash) & !word & (ONES << 7) != 0
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY)).expect("invariant: 64 bits of microseconds are few days")
}

fn clock(seconds: i64, out: &mut Vec<u8>) {
    let seconds = i32::try_from(seconds).unwrap_or(0);
    two_digits(seconds / 3_600, out);
    out.push(b':');
    two_digits(seconds / 60 % 60, out);
    out.push(b':');
    two_digits(seconds % 60, out);
}

fn fraction(micros: i64, out: &mut Vec<u8>) {
    let micros = i32::try_from(micros).unwrap_or(0);
    out.push(b'.');
    two_digits(micros / 10_000, out);
    two_digits(micros / 100 % 100, out);
    two_digits(micros % 100, out);
}

fn two_digits(number: i32, out: &mut Vec<u8>) {
    let place = usize::try_from(number).unwrap_or(0) % 100 * 2;
    out.extend_from_slice(&TWO_DIGITS[place..place + 2]);
}

fn natural(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut place = digits.len();
    loop {
        let pair = usize::try_from(number % 100).unwrap_or(0) * 2;
        if number < 10 {
            place -= 1;
            digits[place] = TWO_DIGITS[pair + 1];
            break;
        }
        place -= 2;
        digits[place..place + 2].copy_from_slice(&TWO_DIGITS[pair..pair + 2]);
        number /= 100;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[place..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"<".to_vec();
        write(&mut out);
        String::from_utf8(out).unwrap()[1..].to_owned()
    }

    #[test]
    fn decimals_have_all_their_digits() {
        assert_eq!(written(|out| decimal(1_250, 2, out)), "12.50");
        assert_eq!(written(|out| decimal(-5, 2, out)), "-0.05");
        assert_eq!(written(|out| decimal(0, 2, out)), "0.00");
        assert_eq!(written(|out| decimal(0, 0, out)), "0");
        assert_eq!(written(|out| decimal(7, 18, out)), "0.000000000000000007");
        assert_eq!(written(|out| decimal(-100, 0, out)), "-100");
    }

    #[test]
    fn points_in_time_have_six_digits_and_times_of_day_where_needed() {
        assert_eq!(written(|out| date_time(0, out)), "1970-01-01T00:00:00.000000Z");
        assert_eq!(written(|out| date_time(-1, out)), "1969-12-31T23:59:59.999999Z");
        assert_eq!(written(|out| time(0, out)), "00:00:00");
        assert_eq!(written(|out| time(1, out)), "00:00:00.000001");
        assert_eq!(written(|out| date(-719_162, out)), "0001-01-01");
    }

    #[test]
    fn values_outside_the_calendar_do_not_panic() {
        for micros in [i64::MIN, i64::MAX] {
            assert!(!written(|out| date_time(micros, out)).is_empty());
        }
    }

    #[test]
    fn floats_are_short_and_exact() {
        assert_eq!(written(|out| float(0.1, out)), "0.1");
        assert_eq!(written(|out| float(1e300, out)), "1e+300");
        assert_eq!(written(|out| float(3.0, out)), "3.0");
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
        assert_eq!(first_special("äöü€ plain ÿ text ! # [ ] \u{7f}".as_bytes()), None);
    }

    proptest! {
        #[test]
        fn strings_read_back_as_json(text in any::<String>()) {
            let json = written(|out| string(&text, out));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn integers_are_written_as_the_standard_library_does(number in any::<i64>()) {
            prop_assert_eq!(written(|out| integer(number, out)), number.to_string());
        }

        #[test]
        fn uuids_are_written_as_their_crate_does(bytes in any::<[u8; 16]>()) {
            let expected = uuid::Uuid::from_bytes(bytes).to_string();
            prop_assert_eq!(written(|out| super::uuid(&bytes, out)), expected);
        }

        #[test]
        fn floats_read_back_as_the_same_number(number in proptest::num::f64::NORMAL) {
            let text = written(|out| float(number, out));
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }
}
