//! Into and out of `Decimal`, which a column holds as an integer times a power of ten.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type without a line of its own has no exact conversion, and a new one must not gain \
              one unthought of"
)]

use crate::snapshot::Kind;

use super::Conversion;
use super::scalars::INT;

pub(super) fn into_decimal(from: &Kind, precision: u8, scale: u8) -> Conversion {
    let power = |digits: u8| 10_i64.pow(u32::from(digits.min(18)));
    let below = |value: &str, digits: u8| {
        let most = power(digits) - 1;
        format!("{value} BETWEEN -{most} AND {most}")
    };
    const TOO_LONG: &str = "has more digits than the Decimal";
    match from {
        Kind::Int | Kind::BigInt => Conversion::by_if(
            format!("{{v}} * {}", power(scale)),
            below("{v}", precision - scale),
            TOO_LONG,
        ),
        Kind::Decimal { precision: old_precision, scale: old_scale } => {
            if scale == *old_scale && precision >= *old_precision {
                Conversion::keep()
            } else if scale == *old_scale {
                Conversion::keep_if(below("{v}", precision), TOO_LONG)
            } else if scale > *old_scale {
                let by = scale - old_scale;
                let value = format!("{{v}} * {}", power(by));
                if precision - scale >= old_precision - old_scale {
                    Conversion::by(value)
                } else {
                    Conversion::by_if(value, below("{v}", precision - by), TOO_LONG)
                }
            } else {
                let by = power(old_scale - scale);
                let fits = below(&format!("{{v}} / {by}"), precision);
                Conversion::by_if(
                    format!("{{v}} / {by}"),
                    format!("{{v}} % {by} = 0 AND {fits}"),
                    "has digits that the Decimal would lose",
                )
            }
        }
        Kind::Float => {
            let scaled = format!("CAST(round({{v}} * {}) AS INTEGER)", power(scale));
            let fits = format!(
                "abs({{v}}) < {}.0 AND {scaled} / {}.0 = {{v}} AND {}",
                power(precision - scale),
                power(scale),
                below(&scaled, precision.min(15)),
            );
            Conversion::by_if(scaled, fits, "has digits that the Decimal would lose")
        }
        Kind::String => {
            // Digits after the point; none without a point.
            let fraction = "iif(instr({v}, '.'), length({v}) - instr({v}, '.'), 0)";
            let zeros = "0".repeat(usize::from(scale));
            let scaled = format!(
                "CAST(replace({{v}}, '.', '') || substr('{zeros}', 1, {scale} - {fraction}) AS INTEGER)"
            );
            let fits = format!(
                "{NUMBER} AND length({{v}}) <= 40 AND {fraction} <= {scale} AND {}",
                below(&scaled, precision),
            );
            Conversion::by_if(scaled, fits, "is not a number that the Decimal can hold")
        }
        _ => Conversion::impossible(),
    }
}

/// Digits with a sign before and a point among them, as JSON writes them, without an exponent.
const NUMBER: &str = "iif({v} NOT GLOB '*[^0-9.-]*' AND json_valid({v}), \
                      json_type({v}) IN ('integer', 'real'), 0)";

pub(super) fn out_of_decimal(scale: u8, to: &Kind) -> Conversion {
    let power = 10_i64.pow(u32::from(scale));
    match to {
        Kind::Int | Kind::BigInt => {
            let value = format!("{{v}} / {power}");
            let range = if *to == Kind::Int {
                format!(" AND {}", INT.replace("{v}", &format!("({value})")))
            } else {
                String::new()
            };
            let fits = format!("{{v}} % {power} = 0{range}");
            Conversion::by_if(value, fits, "is not a whole number in the range of the type")
        }
        Kind::Float => Conversion::by_if(
            format!("CAST({{v}} AS REAL) / {power}"),
            "{v} BETWEEN -999999999999999 AND 999999999999999",
            "has more digits than a Float keeps",
        ),
        Kind::String if scale == 0 => Conversion::by("CAST({v} AS TEXT)"),
        Kind::String => Conversion::by(format!(
            "printf('%s%d.%0{scale}d', iif({{v}} < 0, '-', ''), abs({{v}}) / {power}, \
             abs({{v}}) % {power})"
        )),
        _ => Conversion::impossible(),
    }
}
