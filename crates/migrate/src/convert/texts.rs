//! Into and out of text, in the forms that values have on the wire.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type without a line of its own has no exact conversion, and a new one must not gain \
              one unthought of"
)]

use crate::snapshot::{Kind, TableKey};

use super::Conversion;
use super::scalars::INT;

/// Microseconds since midnight of a `DateTime`, also before 1970.
const DAY_MICROS: &str = "(({v} % 86400000000 + 86400000000) % 86400000000)";

pub(super) fn into_text(from: &Kind) -> Conversion {
    let clock = |micros: &str| {
        format!(
            "printf('%02d:%02d:%02d', {micros} / 3600000000, {micros} / 60000000 % 60, \
             {micros} / 1000000 % 60)"
        )
    };
    match from {
        Kind::Int | Kind::BigInt | Kind::Reference(TableKey::Int) => {
            Conversion::by("CAST({v} AS TEXT)")
        }
        Kind::Boolean => Conversion::by("iif({v}, 'true', 'false')"),
        Kind::Float => Conversion::by("printf('%!.17g', {v})"),
        Kind::Uuid | Kind::Reference(TableKey::Uuid) => Conversion::by(
            "lower(printf('%s-%s-%s-%s-%s', hex(substr({v}, 1, 4)), hex(substr({v}, 5, 2)), \
             hex(substr({v}, 7, 2)), hex(substr({v}, 9, 2)), hex(substr({v}, 11))))",
        ),
        Kind::Reference(TableKey::Text) => Conversion::keep(),
        Kind::Date => Conversion::by("date({v} * 86400, 'unixepoch')"),
        Kind::DateTime => Conversion::by(format!(
            "date(({{v}} - {DAY_MICROS}) / 1000000, 'unixepoch') || 'T' || {} || \
             printf('.%06dZ', {DAY_MICROS} % 1000000)",
            clock(DAY_MICROS),
        )),
        Kind::Time => Conversion::by(format!(
            "{} || iif({{v}} % 1000000, printf('.%06d', {{v}} % 1000000), '')",
            clock("{v}"),
        )),
        _ => Conversion::impossible(),
    }
}

// tidy: table
pub(super) fn out_of_text(to: &Kind) -> Conversion {
    match to {
        Kind::Int => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            format!(
                "CAST(CAST({{v}} AS INTEGER) AS TEXT) = {{v}} COLLATE BINARY AND {}",
                INT.replace("{v}", "CAST({v} AS INTEGER)"),
            ),
            "is not a whole number in the range of Int",
        ),
        Kind::BigInt | Kind::Reference(TableKey::Int) => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            "CAST(CAST({v} AS INTEGER) AS TEXT) = {v} COLLATE BINARY",
            "is not a whole number in the range of BigInt",
        ),
        Kind::Float => Conversion::by_if(
            "CAST({v} AS REAL)",
            "iif(json_valid({v}), json_type({v}) IN ('integer', 'real') \
             AND abs(CAST({v} AS REAL)) <= 1.7976931348623157e308, 0)",
            "is not a number",
        ),
        Kind::Boolean => Conversion::by_if(
            "{v} = 'true'",
            "{v} COLLATE BINARY IN ('true', 'false')",
            "is neither `true` nor `false`",
        ),
        Kind::Email => Conversion::keep_if(
            "{v} LIKE '_%@_%' AND {v} NOT LIKE '%@%@%' AND {v} NOT LIKE '% %'",
            "is not an e-mail address",
        ),
        Kind::Url => {
            Conversion::keep_if("{v} GLOB '[A-Za-z]*:?*' AND {v} NOT LIKE '% %'", "is not a URL")
        }
        Kind::Json => Conversion::by_if("json({v})", "json_valid({v})", "is not JSON"),
        Kind::Uuid | Kind::Reference(TableKey::Uuid) => Conversion::by_if(
            "unhex(replace({v}, '-', ''))",
            "{v} GLOB '????????-????-????-????-????????????' \
             AND coalesce(length(unhex(replace({v}, '-', ''))), 0) = 16",
            "is not a UUID",
        ),
        Kind::Reference(TableKey::Text) => Conversion::keep(),
        Kind::Date => Conversion::by_if(
            "unixepoch({v}) / 86400",
            "coalesce(date({v}) = {v} COLLATE BINARY, 0)",
            "is not a day in the form YYYY-MM-DD",
        ),
        Kind::Time => {
            let (micros, fits) = micros_after(9);
            Conversion::by_if(
                format!("unixepoch('1970-01-01 ' || substr({{v}}, 1, 8)) * 1000000 + {micros}"),
                format!("coalesce(time(substr({{v}}, 1, 8)) = substr({{v}}, 1, 8), 0) AND {fits}"),
                "is not a time in the form HH:MM:SS",
            )
        }
        Kind::DateTime => {
            let (micros, fits) = micros_after(20);
            Conversion::by_if(
                format!("unixepoch(substr({{v}}, 1, 19) || {ZONE}) * 1000000 + {micros}"),
                format!(
                    "{{v}} GLOB '????-??-??T??:??:??*' AND coalesce(strftime('%Y-%m-%dT%H:%M:%S', \
                     substr({{v}}, 1, 19)) = substr({{v}}, 1, 19), 0) AND ({{v}} GLOB '*Z' OR {{v}} \
                     GLOB '*[+-][0-2][0-9]:[0-5][0-9]') AND {fits}"
                ),
                "is not a point in time in the form of RFC 3339",
            )
        }
        _ => Conversion::impossible(),
    }
}

/// The offset at the end of a text, empty where there is none.
const ZONE: &str = "CASE WHEN {v} GLOB '*Z' THEN 'Z' WHEN {v} GLOB '*[+-]??:??' \
                    THEN substr({v}, -6) ELSE '' END";

/// The microseconds written from character `start` on, and whether they are well written.
fn micros_after(start: u8) -> (String, String) {
    let fraction =
        format!("substr({{v}}, {start}, length({{v}}) - {} - length({ZONE}))", start - 1);
    let micros = format!("CAST(substr(substr({fraction}, 2) || '000000', 1, 6) AS INTEGER)");
    let fits = format!(
        "({fraction} = '' OR ({fraction} GLOB '.[0-9]*' AND length({fraction}) <= 7 \
         AND substr({fraction}, 2) NOT GLOB '*[^0-9]*'))"
    );
    (micros, fits)
}
