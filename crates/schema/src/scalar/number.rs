//! Numbers as text: integers, floats and decimals, exact or refused.

use rust_decimal::Decimal;

use crate::{FieldCode, ValueError};

/// Parses an integer in JSON's form: no sign but `-`, no leading zero, no fraction, no exponent.
pub(super) fn parse_integer(text: &str) -> Result<i64, ValueError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !canonical {
        return Err(ValueError::new(FieldCode::InvalidFormat, "must be an integer"));
    }
    text.parse().map_err(|_| {
        ValueError::new(
            FieldCode::OutOfRange,
            "must lie between -9223372036854775808 and 9223372036854775807",
        )
    })
}

/// Parses an integer within the range of `Int`.
pub(super) fn parse_int(text: &str) -> Result<i64, ValueError> {
    match parse_integer(text) {
        Ok(number) => check_int(number),
        // What 64 bits cannot hold is told of the bounds of its own type.
        Err(error) if error.code == FieldCode::OutOfRange => check_int(i64::MAX),
        Err(error) => Err(error),
    }
}

/// Narrows to the range of `Int`.
fn check_int(number: i64) -> Result<i64, ValueError> {
    match i32::try_from(number) {
        Ok(_) => Ok(number),
        Err(_) => Err(ValueError::new(
            FieldCode::OutOfRange,
            "must lie between -2147483648 and 2147483647",
        )),
    }
}

/// Parses a float in JSON's form; `-0` becomes `0`, and what would be infinite is refused.
pub(super) fn parse_float(text: &str) -> Result<f64, ValueError> {
    if !is_json_number(text) {
        return Err(ValueError::new(FieldCode::InvalidFormat, "must be a number"));
    }
    match text.parse::<f64>() {
        // Adding zero turns -0.0 into 0.0 and changes nothing else.
        Ok(number) if number.is_finite() => Ok(number + 0.0),
        _ => Err(ValueError::new(FieldCode::OutOfRange, "must lie within ±1.7976931348623157e308")),
    }
}

/// Whether an exponent is a way to write the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exponent {
    /// As in JSON numbers, which other programs write without our say.
    Allowed,
    /// As in text, where there is one way to write a number.
    Refused,
}

/// Parses a decimal exactly, to `scale` digits after the point.
pub(super) fn parse_decimal(
    text: &str,
    precision: u8,
    scale: u8,
    exponent: Exponent,
) -> Result<Decimal, ValueError> {
    let malformed =
        || ValueError::new(FieldCode::InvalidFormat, "must be a decimal number, as \"12.50\"");
    if !is_json_number(text) {
        return Err(malformed());
    }
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        None => (text, 0),
        Some(_) if exponent == Exponent::Refused => return Err(malformed()),
        // A power that i32 cannot hold is beyond every precision, unless the number is zero.
        Some((mantissa, power)) => (mantissa, power.parse::<i32>().unwrap_or(i32::MAX / 2)),
    };
    let (sign, unsigned) = match mantissa.strip_prefix('-') {
        Some(unsigned) => (-1, unsigned),
        None => (1, mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = whole.bytes().chain(fraction.bytes());
    let significant: Vec<u8> = digits.skip_while(|digit| *digit == b'0').collect();
    let n_trailing = significant.iter().rev().take_while(|digit| **digit == b'0').count();
    let kept = &significant[..significant.len() - n_trailing];
    if kept.is_empty() {
        return Ok(Decimal::new(0, u32::from(scale)));
    }
    // The number is `kept` times ten to `power_kept`.
    let power_kept = i64::from(power) - length(fraction.as_bytes())
        + i64::try_from(n_trailing).unwrap_or(i64::MAX);
    let shift = power_kept + i64::from(scale);
    if shift < 0 {
        let message = format!("must not have more than {scale} digits after the point");
        return Err(ValueError::new(FieldCode::OutOfRange, message));
    }
    if length(kept) + shift > i64::from(precision) {
        let whole = precision - scale;
        let message = format!("must not have more than {whole} digits before the point");
        return Err(ValueError::new(FieldCode::OutOfRange, message));
    }
    let unscaled = kept.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let power_of_ten = u32::try_from(shift).expect("invariant: shift lies within precision");
    Ok(Decimal::new(sign * unscaled * 10_i64.pow(power_of_ten), u32::from(scale)))
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

/// Whether the text is a number as JSON writes it (RFC 8259, section 6).
pub(crate) fn is_json_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text).as_bytes();
    let Some(rest) = skip_whole(rest) else { return false };
    let rest = match rest {
        [b'.', fraction @ ..] => match skip_digits(fraction) {
            Some(rest) => rest,
            None => return false,
        },
        rest => rest,
    };
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', power @ ..] | [b'e' | b'E', power @ ..] => {
            skip_digits(power).is_some_and(<[u8]>::is_empty)
        }
        _ => false,
    }
}

fn skip_whole(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'0', rest @ ..] => Some(rest),
        [b'1'..=b'9', ..] => skip_digits(text),
        _ => None,
    }
}

/// What follows at least one digit.
fn skip_digits(text: &[u8]) -> Option<&[u8]> {
    let n_digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (n_digits > 0).then(|| &text[n_digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str, precision: u8, scale: u8) -> Result<String, FieldCode> {
        parse_decimal(text, precision, scale, Exponent::Allowed)
            .map(|number| number.to_string())
            .map_err(|error| error.code)
    }

    #[test]
    fn integers_have_one_form() {
        assert_eq!(parse_integer("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(parse_integer("0"), Ok(0));
        for text in ["", "-", "+1", " 1", "1 ", "01", "-0", "1.0", "1e1", "0x1", "١", "1_000"] {
            assert_eq!(parse_integer(text).unwrap_err().code, FieldCode::InvalidFormat, "{text}");
        }
        let error = parse_integer("9223372036854775808").unwrap_err();
        assert_eq!(error.code, FieldCode::OutOfRange);
        let bounds = "must lie between -9223372036854775808 and 9223372036854775807";
        assert_eq!(error.message, bounds);
    }

    #[test]
    fn int_is_32_bits_wide() {
        assert_eq!(parse_int("2147483647"), Ok(2_147_483_647));
        assert_eq!(parse_int("-2147483648"), Ok(-2_147_483_648));
        for text in ["2147483648", "-2147483649", "9223372036854775808"] {
            let error = parse_int(text).unwrap_err();
            assert_eq!(error.code, FieldCode::OutOfRange, "{text}");
            assert_eq!(error.message, "must lie between -2147483648 and 2147483647", "{text}");
        }
    }

    #[test]
    fn floats_are_finite_and_zero_has_no_sign() {
        assert!(parse_float("-0").unwrap().is_sign_positive());
        assert!(parse_float("-0.0e3").unwrap().is_sign_positive());
        assert_eq!(parse_float("1e-400"), Ok(0.0));
        assert_eq!(parse_float("1e400").unwrap_err().code, FieldCode::OutOfRange);
        for text in ["NaN", "inf", "1.", ".5", "+1", "1e", "0x1", "1_0", "01", ""] {
            assert_eq!(parse_float(text).unwrap_err().code, FieldCode::InvalidFormat, "{text}");
        }
    }

    #[test]
    fn decimals_are_exact_or_refused() {
        assert_eq!(decimal("12.5", 5, 2), Ok("12.50".to_owned()));
        assert_eq!(decimal("12.500", 5, 2), Ok("12.50".to_owned()));
        assert_eq!(decimal("-0.00", 5, 2), Ok("0.00".to_owned()));
        assert_eq!(decimal("-0.01", 5, 2), Ok("-0.01".to_owned()));
        assert_eq!(decimal("999.99", 5, 2), Ok("999.99".to_owned()));
        assert_eq!(decimal("1000", 5, 2), Err(FieldCode::OutOfRange));
        assert_eq!(decimal("0.001", 5, 2), Err(FieldCode::OutOfRange));
        assert_eq!(decimal("999999999999999999", 18, 0), Ok("999999999999999999".to_owned()));
        assert_eq!(decimal("0.999999999999999999", 18, 18), Ok("0.999999999999999999".to_owned()));
        assert_eq!(decimal("1", 18, 18), Err(FieldCode::OutOfRange));
        assert_eq!(decimal(&"9".repeat(400), 18, 2), Err(FieldCode::OutOfRange));
        assert_eq!(decimal("1,5", 5, 2), Err(FieldCode::InvalidFormat));
        assert_eq!(decimal(".5", 5, 2), Err(FieldCode::InvalidFormat));
    }

    #[test]
    fn decimals_read_the_exponents_that_json_writers_make() {
        assert_eq!(decimal("1e-7", 18, 8), Ok("0.00000010".to_owned()));
        assert_eq!(decimal("1.25E2", 5, 2), Ok("125.00".to_owned()));
        assert_eq!(decimal("125e-2", 5, 2), Ok("1.25".to_owned()));
        assert_eq!(decimal("1e99999999999", 5, 2), Err(FieldCode::OutOfRange));
        assert_eq!(decimal("0e99999999999", 5, 2), Ok("0.00".to_owned()));
        assert_eq!(decimal("1e-99999999999", 5, 2), Err(FieldCode::OutOfRange));
        let refused = parse_decimal("1e1", 5, 2, Exponent::Refused);
        assert_eq!(refused.unwrap_err().code, FieldCode::InvalidFormat);
    }
}
