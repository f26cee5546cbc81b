//! Dates, times of day, points in time and lengths of time as text.
//!
//! These are the forms that clients send, and nothing else is read; see [`crate::calendar`] for
//! what the numbers mean.

use crate::calendar::{DATE_TIME_MAX, DATE_TIME_MIN, DAY, HOUR, MINUTE, SECOND, days_of_civil};
use crate::{FieldCode, ValueError};

/// Parses `YYYY-MM-DD`.
pub(super) fn parse_date(text: &str) -> Result<i32, ValueError> {
    let mut reader = Reader(text.as_bytes());
    match (reader.date(), reader.0) {
        (Ok(days), []) => Ok(days),
        (Err(Fault::Range), _) => Err(out_of_calendar()),
        _ => Err(ValueError::new(FieldCode::InvalidFormat, "must be a date, as \"2026-11-20\"")),
    }
}

/// Parses `HH:MM:SS[.ffffff]` into microseconds since midnight.
pub(super) fn parse_time(text: &str) -> Result<i64, ValueError> {
    let mut reader = Reader(text.as_bytes());
    match (reader.time(), reader.0) {
        (Ok(micros), []) => Ok(micros),
        (Err(Fault::Range), _) => {
            Err(ValueError::new(FieldCode::OutOfRange, "must lie between 00:00:00 and 23:59:59"))
        }
        _ => Err(ValueError::new(
            FieldCode::InvalidFormat,
            "must be a time of day, as \"16:01:24\", with at most 6 digits of a second",
        )),
    }
}

/// Parses RFC 3339 with any offset into microseconds since 1970 in UTC.
pub(super) fn parse_date_time(text: &str) -> Result<i64, ValueError> {
    let mut reader = Reader(text.as_bytes());
    match (reader.date_time(), reader.0) {
        (Ok(micros), []) if (DATE_TIME_MIN..=DATE_TIME_MAX).contains(&micros) => Ok(micros),
        (Ok(_), []) | (Err(Fault::Range), _) => Err(out_of_calendar()),
        _ => Err(ValueError::new(
            FieldCode::InvalidFormat,
            "must be a time with an offset (RFC 3339), as \"2026-11-20T16:01:24Z\", with at most \
             6 digits of a second",
        )),
    }
}

/// Parses an ISO 8601 duration of days, hours, minutes and seconds into microseconds.
pub(super) fn parse_duration(text: &str) -> Result<i64, ValueError> {
    match Reader(text.as_bytes()).duration() {
        Ok(micros) => Ok(micros),
        Err(Fault::Range) => Err(ValueError::new(
            FieldCode::OutOfRange,
            "must not exceed 9223372036854.775807 seconds",
        )),
        Err(Fault::Form) => Err(ValueError::new(
            FieldCode::InvalidFormat,
            "must be a duration (ISO 8601) of days, hours, minutes and seconds, as \"PT1H30M\"",
        )),
    }
}

fn out_of_calendar() -> ValueError {
    ValueError::new(
        FieldCode::OutOfRange,
        "must be a day and time that exist, from year 1 to year 9999, without leap seconds",
    )
}

/// Why a text was not read.
enum Fault {
    /// It is not in the form.
    Form,
    /// It is, but names no value.
    Range,
}

/// Reads from the front of what it holds.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn date_time(&mut self) -> Result<i64, Fault> {
        // Fields out of range are remembered until the whole form was read, so that
        // `2026-02-30` reads as a day that does not exist only where a time follows.
        let date = self.date();
        if matches!(date, Err(Fault::Form)) {
            return date.map(i64::from);
        }
        self.one_of(b"Tt")?;
        let time = self.time();
        if matches!(time, Err(Fault::Form)) {
            return time;
        }
        let offset = self.offset()?;
        Ok(i64::from(date?) * DAY + time? - offset)
    }

    fn date(&mut self) -> Result<i32, Fault> {
        let year = self.digits(4)?;
        self.one_of(b"-")?;
        let month = self.digits(2)?;
        self.one_of(b"-")?;
        let day = self.digits(2)?;
        days_of_civil(year, month, day).ok_or(Fault::Range)
    }

    fn time(&mut self) -> Result<i64, Fault> {
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        self.one_of(b":")?;
        let second = self.digits(2)?;
        let fraction = self.fraction()?;
        if hour > 23 || minute > 59 || second > 59 {
            return Err(Fault::Range);
        }
        Ok(i64::from((hour * 60 + minute) * 60 + second) * SECOND + fraction)
    }

    fn offset(&mut self) -> Result<i64, Fault> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Ok(0),
        };
        let hour = self.digits(2)?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        if hour > 23 || minute > 59 {
            return Err(Fault::Range);
        }
        Ok(sign * (i64::from(hour) * HOUR + i64::from(minute) * MINUTE))
    }

    fn duration(&mut self) -> Result<i64, Fault> {
        let sign = if self.one_of(b"-").is_ok() { -1 } else { 1 };
        self.one_of(b"P")?;
        let mut total: i128 = 0;
        let mut units: &[(u8, i64)] = &[(b'D', DAY)];
        if self.0.is_empty() {
            return Err(Fault::Form);
        }
        while !self.0.is_empty() {
            if units.first().is_none_or(|(_, micros)| *micros == DAY) && self.one_of(b"T").is_ok() {
                units = &[(b'H', HOUR), (b'M', MINUTE), (b'S', SECOND)];
            }
            let (amount, fraction) = (self.number()?, self.fraction()?);
            let name = self.one_of(b"DHMS")?;
            let place = units.iter().position(|(unit, _)| *unit == name).ok_or(Fault::Form)?;
            let micros = units[place].1;
            if micros != SECOND && fraction != 0 {
                return Err(Fault::Form);
            }
            units = &units[place + 1..];
            total += amount * i128::from(micros) + i128::from(fraction);
        }
        i64::try_from(sign * total).map_err(|_| Fault::Range)
    }

    /// At least one digit, and not so many that they could overflow.
    fn number(&mut self) -> Result<i128, Fault> {
        let n_digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match n_digits {
            0 => Err(Fault::Form),
            1..=18 => {
                let (digits, rest) = self.0.split_at(n_digits);
                self.0 = rest;
                Ok(digits.iter().fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0')))
            }
            _ => Err(Fault::Range),
        }
    }

    /// `.` and up to six digits, as microseconds; nothing reads as zero.
    fn fraction(&mut self) -> Result<i64, Fault> {
        if self.one_of(b".").is_err() {
            return Ok(0);
        }
        let n_digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=6).contains(&n_digits) {
            return Err(Fault::Form);
        }
        let micros = i64::from(self.digits(n_digits)?);
        Ok((n_digits..6).fold(micros, |micros, _| micros * 10))
    }

    fn digits(&mut self, n_digits: usize) -> Result<i32, Fault> {
        let (digits, rest) = self.0.split_at_checked(n_digits).ok_or(Fault::Form)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(Fault::Form);
        }
        self.0 = rest;
        Ok(digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0')))
    }

    fn one_of(&mut self, wanted: &[u8]) -> Result<u8, Fault> {
        match self.0 {
            [first, rest @ ..] if wanted.contains(first) => {
                self.0 = rest;
                Ok(*first)
            }
            _ => Err(Fault::Form),
        }
    }
}

#[cfg(test)]
mod tests;
