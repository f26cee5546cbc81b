//! Days, hours and microseconds: the arithmetic between counted time and calendar fields.
//!
//! Proleptic Gregorian calendar, UTC, no leap seconds, years 1 to 9999. Integer arithmetic of its
//! own because every date-time of every row goes through it.

/// Microseconds of a day.
pub(crate) const DAY_US: i64 = 86_400_000_000;

/// 0001-01-01, in days since 1970-01-01.
pub(crate) const DAYS_MIN: i64 = -719_162;

/// 9999-12-31, in days since 1970-01-01.
pub(crate) const DAYS_MAX: i64 = 2_932_896;

/// Year, month (1 to 12) and day (1 to 31) of a day.
pub(crate) fn civil_of_days(days: i64) -> (i64, u8, u8) {
    // Years begin in March here, so that the leap day is a year's last and eras of 400 years are
    // all alike.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, narrow(month), narrow(day))
}

/// The day with this date; `None` when there is none, or not in the years 1 to 9999.
pub(crate) fn days_of_civil(year: i64, month: u8, day: u8) -> Option<i64> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 {
        return None;
    }
    let (shifted_month, shifted_year) =
        if month > 2 { (i64::from(month) - 3, year) } else { (i64::from(month) + 9, year - 1) };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    // A day past the month's end lands in the next month and so does not read back.
    (civil_of_days(days) == (year, month, day)).then_some(days)
}

/// Hour, minute, second and microsecond of a time of day.
pub(crate) fn clock_of_micros(micros: i64) -> (u8, u8, u8, u32) {
    let seconds = micros / 1_000_000;
    let fraction = u32::try_from(micros % 1_000_000).unwrap_or(0);
    (narrow(seconds / 3_600), narrow(seconds / 60 % 60), narrow(seconds % 60), fraction)
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
    let days = days_of_civil(century * 100 + year, narrow(month), narrow(day))?;
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

fn narrow(value: i64) -> u8 {
    u8::try_from(value).expect("invariant: calendar fields are below 100")
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

    proptest! {
        #[test]
        fn days_and_dates_are_each_other_s_inverse(days in DAYS_MIN..=DAYS_MAX) {
            let (year, month, day) = civil_of_days(days);
            prop_assert_eq!(days_of_civil(year, month, day), Some(days));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in ".{0,40}") {
            let _ = (parse_date(&text), parse_time(&text), parse_date_time(&text));
        }
    }
}
