//! Dates and times as others write them.
//!
//! Clients send one form of each type; adopted tables hold what their former owners' drivers made
//! of theirs. Proleptic Gregorian calendar, no leap seconds, years 1 to 9999.

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// 0001-01-01, in days since 1970-01-01.
pub(crate) const DAYS_MIN: i64 = -719_162;

/// 9999-12-31, in days since 1970-01-01.
pub(crate) const DAYS_MAX: i64 = 2_932_896;

/// The day with this date; `None` when there is none, or not in the years 1 to 9999.
pub(crate) fn days_of_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let n_days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=n_days).contains(&day) {
        return None;
    }
    // Counted from March, so that the leap day is the last of its year.
    let (months, years) = if month > 2 { (month - 3, year) } else { (month + 9, year - 1) };
    let leap_days = years / 4 - years / 100 + years / 400;
    Some(years * 365 + leap_days + (153 * months + 2) / 5 + day - 719_469)
}

/// Whether a date-time lies in the years 1 to 9999.
pub(crate) fn is_representable(micros: i64) -> bool {
    (DAYS_MIN..=DAYS_MAX).contains(&micros.div_euclid(DAY_US))
}

/// Reads `YYYY-MM-DD`, alone or before a time, as days.
pub(crate) fn parse_date(text: &str) -> Option<i64> {
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
        return Some(days * DAY_US);
    }
    let (clock, rest) = take_clock(take_separator(rest)?)?;
    let offset = parse_offset(rest)?;
    let micros = days * DAY_US + clock - offset;
    is_representable(micros).then_some(micros)
}

/// Reads `[-]P[nD][T[nH][nM][n[.ffffff]S]]` as microseconds. A day is 24 hours here.
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let rest = rest.strip_prefix('P')?;
    let (days, clock) = rest.split_once('T').map_or((rest, None), |(days, t)| (days, Some(t)));
    let mut sum = 0_i128;
    let mut n_parts = 0;
    let mut take = |mut rest: &str, units: &[(char, i128)]| {
        let mut known = units.iter();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let unit = rest[end..].chars().next()?;
            // Units stand in their order, each once.
            let (_, size) = known.find(|(name, _)| *name == unit)?;
            sum += micros_of_part(&rest[..end], *size)?;
            n_parts += 1;
            rest = &rest[end + unit.len_utf8()..];
        }
        Some(())
    };
    take(days, &[('D', 86_400_000_000)])?;
    if let Some(clock) = clock {
        take(clock, &[('H', 3_600_000_000), ('M', 60_000_000), ('S', 1_000_000)])?;
    }
    (n_parts > 0).then(|| i64::try_from(sign * sum).ok())?
}

/// A number of units; only seconds may have a fraction.
fn micros_of_part(text: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, digits)) if unit == 1_000_000 => {
            let (fraction, rest) = take_fraction(digits.as_bytes())?;
            rest.is_empty().then_some((whole, fraction))?
        }
        Some(_) => return None,
        None => (text, 0),
    };
    let whole: u64 = whole.parse().ok()?;
    Some(i128::from(whole) * unit + i128::from(fraction))
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

fn take_date(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (century, rest) = take_two(bytes)?;
    let (year, rest) = take_two(rest)?;
    let (month, rest) = take_two(rest.strip_prefix(b"-")?)?;
    let (day, rest) = take_two(rest.strip_prefix(b"-")?)?;
    let days = days_of_civil(century * 100 + year, month, day)?;
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
    fn the_ends_of_the_calendar_are_where_they_should_be() {
        assert_eq!(days_of_civil(1, 1, 1), Some(DAYS_MIN));
        assert_eq!(days_of_civil(9999, 12, 31), Some(DAYS_MAX));
        assert_eq!(days_of_civil(1970, 1, 1), Some(0));
        assert_eq!(days_of_civil(10_000, 1, 1), None);
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        assert_eq!(days_of_civil(2023, 2, 29), None);
        assert_eq!(days_of_civil(2024, 2, 30), None);
        assert_eq!(days_of_civil(2024, 0, 1), None);
        assert_eq!(days_of_civil(2024, 4, 31), None);
        assert!(days_of_civil(2024, 2, 29).is_some());
    }

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
        fn every_day_reads_back_from_its_text(days in DAYS_MIN..=DAYS_MAX) {
            let mut text = Vec::new();
            underpin_schema::wire::date(i32::try_from(days).unwrap(), &mut text);
            prop_assert_eq!(parse_date(std::str::from_utf8(&text).unwrap()), Some(days));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,40}") {
            let _ = (parse_date(&text), parse_time(&text), parse_date_time(&text));
            let _ = (parse_duration(&text), parse_duration(&format!("PT{text}")));
        }
    }
}
