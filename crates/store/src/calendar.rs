//! Dates and times as others write them.
//!
//! Clients send one form of each type; adopted tables hold what their former owners' drivers made
//! of theirs, and this reads that too.

use underpin_schema::calendar::{DATE_TIME_MAX, DATE_TIME_MIN, DAY, days_of_civil};
use underpin_schema::{Scalar, Value};

/// Reads `YYYY-MM-DD`, alone or before a time, as days.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let (days, rest) = take_date(text.as_bytes())?;
    let is_midnight = || take_separator(rest).and_then(take_clock).is_some();
    (rest.is_empty() || is_midnight()).then_some(days)
}

/// Reads `HH:MM[:SS[.ffffff]]` as microseconds since midnight.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    take_clock(text.as_bytes()).and_then(|(micros, rest)| rest.is_empty().then_some(micros))
}

/// Reads `YYYY-MM-DD[ HH:MM[:SS[.ffffff]]][offset]` as microseconds. A `T` may stand for the
/// space; without an offset the time is UTC. Digits beyond the sixth of a fraction are dropped.
pub(crate) fn parse_date_time(text: &str) -> Option<i64> {
    let (days, rest) = take_date(text.as_bytes())?;
    if rest.is_empty() {
        return Some(i64::from(days) * DAY);
    }
    let (clock, rest) = take_clock(take_separator(rest)?)?;
    let offset = parse_offset(rest)?;
    let micros = i64::from(days) * DAY + clock - offset;
    (DATE_TIME_MIN..=DATE_TIME_MAX).contains(&micros).then_some(micros)
}

/// Reads an ISO 8601 duration as microseconds, in the form that clients send.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    match Scalar::Duration.parse_text(text) {
        Ok(Value::Duration(micros)) => Some(micros),
        Ok(_) | Err(_) => None,
    }
}

fn parse_offset(bytes: &[u8]) -> Option<i64> {
    let (sign, rest) = match bytes {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = take_two(rest)?;
    let minutes = match rest {
        [] => 0,
        [b':', rest @ ..] | rest => take_two(rest).filter(|(_, rest)| rest.is_empty())?.0,
    };
    (hours < 24 && minutes < 60).then(|| sign * (hours * 60 + minutes) * 60_000_000)
}

fn take_separator(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [b' ' | b'T' | b't', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn take_date(bytes: &[u8]) -> Option<(i32, &[u8])> {
    let (century, rest) = take_two(bytes)?;
    let (year, rest) = take_two(rest)?;
    let (month, rest) = take_two(rest.strip_prefix(b"-")?)?;
    let (day, rest) = take_two(rest.strip_prefix(b"-")?)?;
    let small = |n: i64| i32::try_from(n).ok();
    let days = days_of_civil(small(century * 100 + year)?, small(month)?, small(day)?)?;
    Some((days, rest))
}

fn take_clock(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (hours, rest) = take_two(bytes)?;
    let (minutes, rest) = take_two(rest.strip_prefix(b":")?)?;
    let (seconds, rest) = match rest.strip_prefix(b":") {
        Some(rest) => take_two(rest)?,
        None => (0, rest),
    };
    let (fraction, rest) = match rest.strip_prefix(b".") {
        Some(rest) => take_fraction(rest)?,
        None => (0, rest),
    };
    let is_time = hours < 24 && minutes < 60 && seconds < 60;
    is_time.then(|| (((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction, rest))
}

fn take_fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let n_digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = bytes.split_at(n_digits);
    let significant =
        (0..6).map(|place| digits.get(place).map_or(0, |digit| i64::from(digit - b'0')));
    (n_digits > 0).then(|| (significant.fold(0, |sum, digit| sum * 10 + digit), rest))
}

fn take_two(bytes: &[u8]) -> Option<(i64, &[u8])> {
    match bytes {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
            Some((i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn date_times_of_other_owners_are_read_in_the_forms_they_are_found_in() {
        let expected = parse_date_time("2026-11-20 16:01:24.123456");
        assert!(expected.is_some());
        assert_eq!(parse_date_time("2026-11-20T16:01:24.123456Z"), expected);
        assert_eq!(parse_date_time("2026-11-20T17:31:24.123456789+01:30"), expected);
        assert_eq!(parse_date_time("2026-11-20T14:01:24.123456-0200"), expected);
        assert_eq!(parse_date_time("2026-11-20"), parse_date_time("2026-11-20 00:00"));
        for wrong in ["", "2026", "2026-11-20 ", "2026-11-20 24:00", "2026-11-20x", "2026-13-01"] {
            assert_eq!(parse_date_time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_of_other_owners_are_read() {
        assert_eq!(parse_duration("P1DT2H"), Some(26 * 3_600_000_000));
        assert_eq!(parse_duration("-PT1M0.5S"), Some(-60_500_000));
        assert_eq!(parse_duration("-PT2562047788H54.775808S"), Some(i64::MIN));
        for wrong in
            ["", "P", "PT", "1H", "PT1", "P1H", "PT1S1M", "PT1.5H", "P1M", "PT99999999999H"]
        {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,40}") {
            let _ = (parse_date(&text), parse_time(&text), parse_date_time(&text));
            let _ = (parse_duration(&text), parse_duration(&format!("PT{text}")));
        }
    }
}
