//! Days and their names.
//!
//! The calendar is the proleptic Gregorian one from year 1 to year 9999, a day has 86,400 seconds,
//! and everything counts in microseconds. The arithmetic is our own because both directions stand
//! on the hot path; the tests hold it against `jiff`, day for day.

/// Microseconds of a second.
pub const SECOND: i64 = 1_000_000;

/// Microseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;

/// Microseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;

/// Microseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// 0001-01-01, in days since 1970-01-01.
pub const DATE_MIN: i32 = -719_162;

/// 9999-12-31, in days since 1970-01-01.
pub const DATE_MAX: i32 = 2_932_896;

/// The first microsecond of 0001-01-01, since 1970.
pub const DATE_TIME_MIN: i64 = DATE_MIN as i64 * DAY;

/// The last microsecond of 9999-12-31, since 1970.
pub const DATE_TIME_MAX: i64 = (DATE_MAX as i64 + 1) * DAY - 1;

/// Days since 1970-01-01 of a day; `None` where there is no such day, or not in the years 1 to
/// 9999.
#[must_use]
pub fn days_of_civil(year: i32, month: i32, day: i32) -> Option<i32> {
    let is_real = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in_month(year, month)).contains(&day);
    if !is_real {
        return None;
    }
    // Counted in years from March, so that the leap day is the last of its year and months need
    // no table.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// The year, month and day that lie `days` after 1970-01-01.
#[must_use]
pub fn civil_of_days(days: i32) -> (i32, i32, i32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
