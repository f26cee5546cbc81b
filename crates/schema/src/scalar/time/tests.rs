//! The calendar against `jiff`, and times that do not exist.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::calendar::{DATE_MAX, DATE_MIN, civil_of_days};
use crate::wire;

fn code<T: std::fmt::Debug>(result: Result<T, ValueError>) -> FieldCode {
    result.unwrap_err().code
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn the_calendar_agrees_with_jiff_on_every_day() {
    let mut day = date(1, 1, 1);
    for days in DATE_MIN..=DATE_MAX {
        let (year, month, of_month) = (day.year().into(), day.month().into(), day.day().into());
        assert_eq!(civil_of_days(days), (year, month, of_month));
        assert_eq!(days_of_civil(year, month, of_month), Some(days));
        day = day.tomorrow().unwrap_or(Date::MAX);
    }
    assert_eq!(civil_of_days(DATE_MAX), (9999, 12, 31));
    assert_eq!(days_of_civil(1970, 1, 1), Some(0));
    assert_eq!(days_of_civil(10_000, 1, 1), None);
}

#[test]
fn days_that_do_not_exist_are_out_of_range() {
    for text in ["0000-00-00", "0000-12-31", "2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31"]
    {
        assert_eq!(code(parse_date(text)), FieldCode::OutOfRange, "{text}");
        let with_time = format!("{text}T00:00:00Z");
        assert_eq!(code(parse_date_time(&with_time)), FieldCode::OutOfRange, "{text}");
    }
    assert!(parse_date("2024-02-29").is_ok());
    assert!(parse_date("2000-02-29").is_ok());
}

#[test]
fn dates_have_one_form() {
    for text in [
        "",
        "2026-1-1",
        "20260101",
        "10000-01-01",
        "-001-01-01",
        "2026-01-01 ",
        "2026-01-01T",
        "+2026-01-01",
        "２026-01-01",
    ] {
        assert_eq!(code(parse_date(text)), FieldCode::InvalidFormat, "{text}");
    }
}

#[test]
fn times_have_no_leap_second_and_at_most_six_digits() {
    assert_eq!(parse_time("00:00:00"), Ok(0));
    assert_eq!(parse_time("23:59:59.999999"), Ok(DAY - 1));
    assert_eq!(parse_time("16:01:24.5").unwrap() % SECOND, 500_000);
    for text in ["24:00:00", "23:60:00", "23:59:60"] {
        assert_eq!(code(parse_time(text)), FieldCode::OutOfRange, "{text}");
    }
    for text in ["16:01", "16:01:24.", "16:01:24.1234567", "16:01:24Z", "1:01:01", "16-01-24"] {
        assert_eq!(code(parse_time(text)), FieldCode::InvalidFormat, "{text}");
    }
}

#[test]
fn points_in_time_are_turned_to_utc() {
    let noon = parse_date_time("2026-11-20T12:00:00Z").unwrap();
    assert_eq!(parse_date_time("2026-11-20t14:30:00+02:30"), Ok(noon));
    assert_eq!(parse_date_time("2026-11-19T23:00:00.000000-13:00"), Ok(noon));
    assert_eq!(parse_date_time("2026-11-20T12:00:00-00:00"), Ok(noon));
    assert_eq!(parse_date_time("1970-01-01T00:00:00.000001z"), Ok(1));
    assert_eq!(parse_date_time("1969-12-31T23:59:59.999999Z"), Ok(-1));
}

#[test]
fn points_in_time_outside_the_calendar_are_out_of_range() {
    assert_eq!(parse_date_time("0001-01-01T00:00:00Z"), Ok(DATE_TIME_MIN));
    assert_eq!(parse_date_time("9999-12-31T23:59:59.999999Z"), Ok(DATE_TIME_MAX));
    for text in [
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "2016-12-31T23:59:60Z",
        "2026-11-20T12:00:00+99:00",
        "2026-11-20T12:00:00+00:60",
        "2026-11-20T24:00:00Z",
    ] {
        assert_eq!(code(parse_date_time(text)), FieldCode::OutOfRange, "{text}");
    }
}

#[test]
fn points_in_time_need_their_offset() {
    for text in [
        "2026-11-20T12:00:00",
        "2026-11-20 12:00:00Z",
        "2026-11-20T12:00Z",
        "2026-11-20",
        "2026-11-20T12:00:00+2:00",
        "2026-11-20T12:00:00+0200",
        "2026-11-20T12:00:00.1234567Z",
        "2026-11-20T12:00:00ZZ",
        "10000-01-01T00:00:00Z",
        "1732118400",
        "now",
    ] {
        assert_eq!(code(parse_date_time(text)), FieldCode::InvalidFormat, "{text}");
    }
}

#[test]
fn durations_are_read_in_every_form_and_written_in_one() {
    for (text, canonical) in [
        ("PT1H30M", "PT1H30M"),
        ("PT90M", "PT1H30M"),
        ("P1DT2H", "P1DT2H"),
        ("PT26H", "P1DT2H"),
        ("P1D", "P1D"),
        ("PT0S", "PT0S"),
        ("P0D", "PT0S"),
        ("-PT0.5S", "-PT0.500000S"),
        ("PT36H0.000001S", "P1DT12H0.000001S"),
        ("-P106751991DT4H54.775808S", "-P106751991DT4H54.775808S"),
    ] {
        let micros = parse_duration(text).unwrap();
        assert_eq!(written(|out| wire::duration(micros, out)), canonical, "{text}");
    }
}

#[test]
fn durations_without_a_fixed_length_are_refused() {
    for text in [
        "", "P", "PT", "-P", "P1Y", "P1M", "P1W", "1H", "PT1H1H", "PT1S1M", "P1H", "PT1D",
        "PT1.5H", "PT1", "PT.5S", "P1DT", "P1D1D", "pt1h", "+PT1H", "P-1D", "PT1H ", "PTT1H",
        "P1DTT1H",
    ] {
        assert_eq!(code(parse_duration(text)), FieldCode::InvalidFormat, "{text}");
    }
    for text in ["P106751992D", "PT9999999999999999999H"] {
        assert_eq!(code(parse_duration(text)), FieldCode::OutOfRange, "{text}");
    }
}

proptest! {
    #[test]
    fn dates_survive_writing_and_parsing(days in DATE_MIN..=DATE_MAX) {
        prop_assert_eq!(parse_date(&written(|out| wire::date(days, out))), Ok(days));
    }

    #[test]
    fn points_in_time_survive_writing_and_parsing(micros in DATE_TIME_MIN..=DATE_TIME_MAX) {
        let text = written(|out| wire::date_time(micros, out));
        prop_assert_eq!(parse_date_time(&text), Ok(micros));
        let jiff: jiff::Timestamp = text.parse().unwrap();
        prop_assert_eq!(jiff.as_microsecond(), micros);
    }

    #[test]
    fn times_survive_writing_and_parsing(micros in 0..DAY) {
        prop_assert_eq!(parse_time(&written(|out| wire::time(micros, out))), Ok(micros));
    }

    #[test]
    fn durations_survive_writing_and_parsing(micros in any::<i64>()) {
        prop_assert_eq!(parse_duration(&written(|out| wire::duration(micros, out))), Ok(micros));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in "[-+PTDHMSZ0-9:.]{0,40}") {
        let _ = (parse_date(&text), parse_time(&text), parse_date_time(&text), parse_duration(&text));
    }
}
