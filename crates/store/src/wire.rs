//! The text forms of scalars: what a client reads, and what adopted text columns hold.
//!
//! Everything appends to a byte buffer; nothing allocates or fails.

use uuid::Uuid;

use crate::calendar::{DAY_US, civil_of_days, clock_of_micros};

/// `2026-11-20T16:01:24.123456Z`.
pub(crate) fn push_date_time(out: &mut Vec<u8>, micros: i64) {
    push_date(out, micros.div_euclid(DAY_US));
    let (hour, minute, second, fraction) = clock_of_micros(micros.rem_euclid(DAY_US));
    let mut text = *b"T00:00:00.000000Z";
    put_clock(&mut text[1..9], (hour, minute, second));
    put_digits(&mut text[10..16], fraction);
    out.extend_from_slice(&text);
}

/// `2026-11-20 16:01:24`, with `.123456` where there is a fraction: the form that SQLite's own
/// date functions read, and that sorts as it should.
pub(crate) fn push_sql_date_time(out: &mut Vec<u8>, micros: i64) {
    push_date(out, micros.div_euclid(DAY_US));
    out.push(b' ');
    push_time(out, micros.rem_euclid(DAY_US));
}

/// `2026-11-20`.
pub(crate) fn push_date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = civil_of_days(days);
    let mut text = *b"0000-00-00";
    put_digits(&mut text[0..4], u32::try_from(year).unwrap_or(0));
    put_digits(&mut text[5..7], u32::from(month));
    put_digits(&mut text[8..10], u32::from(day));
    out.extend_from_slice(&text);
}

/// `16:01:24`, with six digits of fraction where it is not zero.
pub(crate) fn push_time(out: &mut Vec<u8>, micros: i64) {
    let (hour, minute, second, fraction) = clock_of_micros(micros);
    let mut text = *b"00:00:00.000000";
    put_clock(&mut text[0..8], (hour, minute, second));
    put_digits(&mut text[9..15], fraction);
    out.extend_from_slice(if fraction == 0 { &text[..8] } else { &text });
}

/// ISO 8601 with hours as the greatest unit: `PT36H`, `-PT0.5S`, `PT0S`.
pub(crate) fn push_duration(out: &mut Vec<u8>, micros: i64) {
    if micros < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(b"PT");
    let size = micros.unsigned_abs();
    let (hours, minutes) = (size / 3_600_000_000, size / 60_000_000 % 60);
    let (seconds, fraction) = (size / 1_000_000 % 60, size % 1_000_000);
    if hours > 0 {
        push_unit(out, hours, b'H');
    }
    if minutes > 0 {
        push_unit(out, minutes, b'M');
    }
    if fraction > 0 {
        out.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
        let mut digits = *b".000000";
        put_digits(&mut digits[1..], u32::try_from(fraction).unwrap_or(0));
        let n_kept = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        out.extend_from_slice(&digits[..n_kept]);
        out.push(b'S');
    } else if seconds > 0 || size == 0 {
        push_unit(out, seconds, b'S');
    }
}

/// `units / 10^scale`, with exactly `scale` digits after the point.
pub(crate) fn push_decimal(out: &mut Vec<u8>, units: i64, scale: u8) {
    if units < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(units.unsigned_abs()).as_bytes();
    let n_after = usize::from(scale);
    if n_after == 0 {
        out.extend_from_slice(digits);
    } else if let Some((before, after)) =
        digits.split_at_checked(digits.len().wrapping_sub(n_after))
        && !before.is_empty()
    {
        out.extend_from_slice(before);
        out.push(b'.');
        out.extend_from_slice(after);
    } else {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', n_after - digits.len()));
        out.extend_from_slice(digits);
    }
}

/// 36 characters, lower case.
pub(crate) fn push_uuid(out: &mut Vec<u8>, uuid: Uuid) {
    let mut buffer = Uuid::encode_buffer();
    out.extend_from_slice(uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
}

fn push_unit(out: &mut Vec<u8>, count: u64, unit: u8) {
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    out.push(unit);
}

fn put_clock(text: &mut [u8], (hour, minute, second): (u8, u8, u8)) {
    put_digits(&mut text[0..2], u32::from(hour));
    put_digits(&mut text[3..5], u32::from(minute));
    put_digits(&mut text[6..8], u32::from(second));
}

fn put_digits(text: &mut [u8], value: u32) {
    let mut rest = value;
    for place in text.iter_mut().rev() {
        *place = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn date_times_are_utc_with_six_digits() {
        assert_eq!(text(|out| push_date_time(out, 0)), "1970-01-01T00:00:00.000000Z");
        assert_eq!(text(|out| push_date_time(out, -1)), "1969-12-31T23:59:59.999999Z");
        let first = crate::calendar::DAYS_MIN * DAY_US;
        assert_eq!(text(|out| push_date_time(out, first)), "0001-01-01T00:00:00.000000Z");
        assert_eq!(text(|out| push_sql_date_time(out, 1_500_000)), "1970-01-01 00:00:01.500000");
    }

    #[test]
    fn times_show_a_fraction_only_where_there_is_one() {
        assert_eq!(text(|out| push_time(out, 57_684_000_000)), "16:01:24");
        assert_eq!(text(|out| push_time(out, 57_684_000_001)), "16:01:24.000001");
    }

    #[test]
    fn durations_are_hours_minutes_and_seconds() {
        let cases = [
            (0, "PT0S"),
            (5_400_000_000, "PT1H30M"),
            (129_600_000_000, "PT36H"),
            (-500_000, "-PT0.5S"),
            (61_000_001, "PT1M1.000001S"),
            (i64::MIN, "-PT2562047788H54.775808S"),
        ];
        for (micros, expected) in cases {
            assert_eq!(text(|out| push_duration(out, micros)), expected);
        }
    }

    #[test]
    fn decimals_have_exactly_the_digits_of_their_scale() {
        let cases = [
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (1250, 2, "12.50"),
            (99, 2, "0.99"),
            (100, 2, "1.00"),
            (7, 0, "7"),
            (-123_456_789_012_345_678, 18, "-0.123456789012345678"),
        ];
        for (units, scale, expected) in cases {
            assert_eq!(text(|out| push_decimal(out, units, scale)), expected);
        }
    }
}
