//! The forms of every type, right and wrong, and that values survive writing and reading.

use proptest::prelude::*;

use super::*;
use crate::calendar;

const DECIMAL: Scalar = Scalar::Decimal { precision: 12, scale: 2 };

fn json(scalar: Scalar, raw: &str) -> Result<Value, FieldCode> {
    scalar.parse_json(raw).map_err(|error| error.code)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn names_lead_back_to_their_types() {
    for (name, scalar) in Scalar::ALL {
        assert_eq!(scalar.name(), name);
    }
}

#[test]
fn every_type_reads_its_own_json_form() {
    assert_eq!(json(Scalar::String, r#" "a\n" "#), Ok(text("a\n")));
    assert_eq!(json(Scalar::Int, "7"), Ok(Value::Int(7)));
    assert_eq!(json(Scalar::BigInt, "\"9007199254740993\""), Ok(Value::Int(9_007_199_254_740_993)));
    assert_eq!(json(Scalar::BigInt, "9007199254740993"), Ok(Value::Int(9_007_199_254_740_993)));
    assert_eq!(json(Scalar::Float, "1e2"), Ok(Value::Float(100.0)));
    assert_eq!(json(Scalar::Boolean, "true"), Ok(Value::Bool(true)));
    assert_eq!(json(DECIMAL, "\"12.5\""), Ok(Value::Decimal(Decimal::new(1_250, 2))));
    assert_eq!(json(DECIMAL, "12.5"), Ok(Value::Decimal(Decimal::new(1_250, 2))));
    assert_eq!(json(Scalar::Date, "\"1970-01-02\""), Ok(Value::Date(1)));
    assert_eq!(json(Scalar::Json, " { } "), Ok(Value::Json("{}".to_owned())));
    assert_eq!(json(Scalar::Id(IdKind::Int), "\"5\""), Ok(Value::Int(5)));
    assert_eq!(json(Scalar::Id(IdKind::String), "\"a\""), Ok(text("a")));
}

#[test]
fn nothing_is_converted_from_another_json_type() {
    for (name, scalar) in Scalar::ALL {
        assert_eq!(json(scalar, "null"), Ok(Value::Null), "{name}");
        if name == "JSON" {
            continue;
        }
        for raw in ["{}", "[]", "[1]", "{\"isRaw\":true}"] {
            assert_eq!(json(scalar, raw), Err(FieldCode::InvalidType), "{name} {raw}");
        }
        if name != "Boolean" {
            assert_eq!(json(scalar, "true"), Err(FieldCode::InvalidType), "{name}");
        }
    }
    for scalar in [Scalar::String, Scalar::Date, Scalar::Uuid, Scalar::Email, Scalar::Boolean] {
        assert_eq!(json(scalar, "1"), Err(FieldCode::InvalidType));
    }
    assert_eq!(json(Scalar::Int, "\"1\""), Err(FieldCode::InvalidType));
    assert_eq!(json(Scalar::Float, "\"1\""), Err(FieldCode::InvalidType));
    assert_eq!(json(Scalar::Boolean, "\"true\""), Err(FieldCode::InvalidType));
    assert_eq!(json(Scalar::Boolean, "0"), Err(FieldCode::InvalidType));
}

#[test]
fn integers_are_whole_as_they_are_written() {
    for raw in ["1.0", "1e1", "1E0", "-0.0"] {
        assert_eq!(json(Scalar::Int, raw), Err(FieldCode::InvalidType), "{raw}");
        assert_eq!(json(Scalar::BigInt, raw), Err(FieldCode::InvalidType), "{raw}");
    }
    for raw in ["+1", "01", "1 2", "0x10", "NaN", "Infinity", "1_0", ""] {
        assert_eq!(json(Scalar::Int, raw), Err(FieldCode::InvalidType), "{raw}");
    }
    assert_eq!(json(Scalar::Int, "-0"), Ok(Value::Int(0)));
    assert_eq!(json(Scalar::Int, "2147483648"), Err(FieldCode::OutOfRange));
    assert_eq!(json(Scalar::BigInt, "9223372036854775808"), Err(FieldCode::OutOfRange));
    assert_eq!(json(Scalar::BigInt, "\"1e1\""), Err(FieldCode::InvalidFormat));
    assert_eq!(json(Scalar::Id(IdKind::Int), "\" 1\""), Err(FieldCode::InvalidFormat));
    assert_eq!(json(Scalar::Float, "1e400"), Err(FieldCode::OutOfRange));
}

#[test]
fn text_that_cannot_be_stored_alike_everywhere_is_refused() {
    for scalar in [Scalar::String, Scalar::Email, Scalar::Json] {
        for raw in [r#""\ud800""#, r#""a\u0000b""#] {
            assert_eq!(json(scalar, raw), Err(FieldCode::InvalidCharacter), "{scalar:?} {raw}");
        }
    }
    assert_eq!(Scalar::String.parse_text("\0").unwrap_err().code, FieldCode::InvalidCharacter);
}

#[test]
fn the_text_form_is_neither_trimmed_nor_coerced() {
    for (scalar, wrong) in [
        (Scalar::Int, " 1"),
        (Scalar::Boolean, "1"),
        (Scalar::Boolean, "TRUE"),
        (DECIMAL, "1e1"),
        (DECIMAL, ""),
        (Scalar::Uuid, "1"),
        (Scalar::DateTime, "2026-11-20"),
    ] {
        let error = scalar.parse_text(wrong).unwrap_err();
        assert_eq!(error.code, FieldCode::InvalidFormat, "{scalar:?} {wrong}");
    }
    assert_eq!(Scalar::String.parse_text(" a "), Ok(text(" a ")));
    assert_eq!(Scalar::Boolean.parse_text("false"), Ok(Value::Bool(false)));
}

#[test]
fn literals_take_the_type_of_what_they_meet() {
    let decimal = Value::Decimal(Decimal::new(10, 2));
    assert_eq!(DECIMAL.from_literal(Literal::Number("0.10")), Ok(decimal.clone()));
    assert_eq!(DECIMAL.from_literal(Literal::Text("0.10")), Ok(decimal));
    assert_eq!(Scalar::Float.from_literal(Literal::Number("-1")), Ok(Value::Float(-1.0)));
    assert_eq!(Scalar::Date.from_literal(Literal::Text("1970-01-01")), Ok(Value::Date(0)));
    assert_eq!(Scalar::Boolean.from_literal(Literal::Bool(true)), Ok(Value::Bool(true)));
    for (scalar, literal) in [
        (Scalar::Int, Literal::Text("1")),
        (Scalar::Int, Literal::Number("1.5")),
        (Scalar::String, Literal::Number("1")),
        (Scalar::String, Literal::Bool(true)),
        (Scalar::Boolean, Literal::Text("true")),
        (Scalar::Json, Literal::Text("{}")),
    ] {
        let error = scalar.from_literal(literal).unwrap_err();
        assert_eq!(error.code, FieldCode::InvalidType, "{scalar:?} {literal:?}");
    }
}

#[test]
fn a_list_and_null_are_written_as_json() {
    let mut out = Vec::new();
    let list = Value::List(vec![text("a\""), text("b")]);
    Scalar::String.write_json(&list, &mut out);
    Scalar::Int.write_json(&Value::Null, &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), r#"["a\"","b"]null"#);
}

/// A scalar with one of its values.
fn scalar_and_value() -> impl Strategy<Value = (Scalar, Value)> {
    let characters = "[^\\x00]{0,20}";
    prop_oneof![
        characters.prop_map(|text| (Scalar::String, Value::Text(text))),
        any::<i32>().prop_map(|number| (Scalar::Int, Value::Int(number.into()))),
        any::<i64>().prop_map(|number| (Scalar::BigInt, Value::Int(number))),
        any::<i64>().prop_map(|number| (Scalar::Id(IdKind::Int), Value::Int(number))),
        proptest::num::f64::NORMAL.prop_map(|number| (Scalar::Float, Value::Float(number))),
        any::<bool>().prop_map(|value| (Scalar::Boolean, Value::Bool(value))),
        decimals(),
        (calendar::DATE_TIME_MIN..=calendar::DATE_TIME_MAX)
            .prop_map(|micros| (Scalar::DateTime, Value::DateTime(micros))),
        (calendar::DATE_MIN..=calendar::DATE_MAX)
            .prop_map(|days| (Scalar::Date, Value::Date(days))),
        (0..calendar::DAY).prop_map(|micros| (Scalar::Time, Value::Time(micros))),
        any::<i64>().prop_map(|micros| (Scalar::Duration, Value::Duration(micros))),
        any::<u128>().prop_map(|bits| (Scalar::Uuid, Value::Uuid(uuid::Uuid::from_u128(bits)))),
        characters.prop_map(|text| {
            let json = serde_json::to_string(&[text]).unwrap();
            (Scalar::Json, Scalar::Json.parse_json(&json).unwrap())
        }),
    ]
}

fn decimals() -> impl Strategy<Value = (Scalar, Value)> {
    (1_u8..=18)
        .prop_flat_map(|precision| (Just(precision), 0..=precision))
        .prop_flat_map(|(precision, scale)| {
            let limit = 10_i64.pow(u32::from(precision));
            (Just(Scalar::Decimal { precision, scale }), 1 - limit..limit, Just(scale))
        })
        .prop_map(|(scalar, unscaled, scale)| {
            (scalar, Value::Decimal(Decimal::new(unscaled, u32::from(scale))))
        })
}

proptest! {
    #[test]
    fn values_survive_writing_and_parsing((scalar, value) in scalar_and_value()) {
        let mut out = Vec::new();
        scalar.write_json(&value, &mut out);
        let json = String::from_utf8(out).unwrap();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{}", json);
        prop_assert_eq!(scalar.parse_json(&json), Ok(value.clone()));
        let mut out = Vec::new();
        scalar.write_text(&value, &mut out);
        prop_assert_eq!(scalar.parse_text(&String::from_utf8(out).unwrap()), Ok(value));
    }

    #[test]
    fn no_text_makes_a_type_panic(raw in "\\PC{0,40}") {
        for (_, scalar) in Scalar::ALL {
            let _ = (scalar.parse_json(&raw), scalar.parse_text(&raw));
            let _ = scalar.parse_json(&serde_json::to_string(&raw).unwrap());
        }
    }
}
