//! Every type in every encoding: what goes in comes out.

use proptest::prelude::*;
use rust_decimal::Decimal;
use underpin_schema::calendar::{DATE_MAX, DATE_MIN, DATE_TIME_MAX, DATE_TIME_MIN, DAY};
use underpin_schema::{Encoding, IdKind, Scalar, Value};
use underpin_sql::{Cardinality, Codec, CursorColumn, Select};
use uuid::Uuid;

use super::shop::*;

const MICROS_EXACT: i64 = ((1 << 32) - 1) * 1_000_000;

const DECIMAL: Scalar = Scalar::Decimal { precision: 18, scale: 2 };

/// Every pair of type and encoding that a schema can declare.
fn codecs() -> Vec<Codec> {
    use Encoding::{Millis, Native, Real, Seconds, Text};
    let pairs: &[(Scalar, &[Encoding])] = &[
        (Scalar::Id(IdKind::Uuid), &[Native, Text]),
        (Scalar::Id(IdKind::Int), &[Native, Text]),
        (Scalar::Id(IdKind::String), &[Native]),
        (Scalar::String, &[Native]),
        (Scalar::Int, &[Native, Text]),
        (Scalar::BigInt, &[Native, Text]),
        (Scalar::Float, &[Native, Text]),
        (Scalar::Boolean, &[Native, Text]),
        (DECIMAL, &[Native, Text, Real]),
        (Scalar::DateTime, &[Native, Text, Seconds, Millis]),
        (Scalar::Date, &[Native, Text, Seconds, Millis]),
        (Scalar::Time, &[Native, Text, Seconds, Millis]),
        (Scalar::Duration, &[Native, Text, Seconds, Millis]),
        (Scalar::Json, &[Native]),
        (Scalar::Email, &[Native]),
        (Scalar::Url, &[Native]),
        (Scalar::Uuid, &[Native, Text]),
    ];
    pairs
        .iter()
        .flat_map(|(scalar, encodings)| encodings.iter().map(|encoding| (*scalar, *encoding)))
        .map(|(scalar, encoding)| Codec { scalar, encoding, list: false })
        .collect()
}

/// Values of a codec, within what its encoding holds exactly.
fn value_of(codec: Codec) -> BoxedStrategy<Value> {
    // Seconds in a double are exact to the microsecond while they have 32 bits.
    let is_exact = matches!(codec.encoding, Encoding::Native | Encoding::Text);
    let micros =
        if is_exact { DATE_TIME_MIN..=DATE_TIME_MAX } else { -MICROS_EXACT..=MICROS_EXACT };
    match codec.scalar {
        Scalar::Id(IdKind::Uuid) | Scalar::Uuid => {
            any::<u128>().prop_map(|n| Value::Uuid(Uuid::from_u128(n))).boxed()
        }
        Scalar::Id(IdKind::Int) | Scalar::BigInt => any::<i64>().prop_map(Value::Int).boxed(),
        Scalar::Int => any::<i32>().prop_map(|n| Value::Int(n.into())).boxed(),
        Scalar::Float => {
            (prop::num::f64::NORMAL | prop::num::f64::ZERO | prop::num::f64::SUBNORMAL)
                .prop_map(Value::Float)
                .boxed()
        }
        Scalar::Boolean => any::<bool>().prop_map(Value::Bool).boxed(),
        Scalar::Decimal { .. } => {
            let most: i64 = if is_exact { 999_999_999_999_999_999 } else { 9_999_999_999_999 };
            (-most..=most).prop_map(|units| Value::Decimal(Decimal::new(units, 2))).boxed()
        }
        Scalar::DateTime => micros.prop_map(Value::DateTime).boxed(),
        Scalar::Date => {
            let (least, most) = (DATE_MIN, DATE_MAX);
            (least..=most).prop_map(Value::Date).boxed()
        }
        Scalar::Time => (0..DAY).prop_map(Value::Time).boxed(),
        Scalar::Duration => micros.prop_map(Value::Duration).boxed(),
        Scalar::Json => prop::collection::vec("[a-z\"\\\\]{0,6}", 0..4)
            .prop_map(|items| Value::Json(serde_json::to_string(&items).unwrap()))
            .boxed(),
        Scalar::String | Scalar::Email | Scalar::Url | Scalar::Id(IdKind::String) => {
            "[^\u{0}]{0,24}".prop_map(Value::Text).boxed()
        }
    }
}

fn any_cell() -> impl Strategy<Value = (Codec, Value)> {
    prop::sample::select(codecs()).prop_flat_map(|codec| {
        prop_oneof![1 => Just(Value::Null).boxed(), 9 => value_of(codec)]
            .prop_map(move |value| (codec, value))
    })
}

fn any_list() -> impl Strategy<Value = (Codec, Vec<Value>)> {
    prop::sample::select(codecs()).prop_flat_map(|codec| {
        prop::collection::vec(value_of(codec), 0..5).prop_map(move |values| (codec, values))
    })
}

/// Binds a value, selects it, and returns its wire form and, but for lists, the value read back.
fn round_trip(shop: &Shop, codec: Codec, value: &Value) -> (String, Option<Value>) {
    let select = select(
        statement("SELECT ?1", vec![slot(0, codec)]),
        vec![column("value", 0, codec)],
        Cardinality::Page,
    );
    let cursor = vec![CursorColumn { column: 0, codec }];
    let cursor = if codec.list { Vec::new() } else { cursor };
    let program = reading(Select { cursor, ..select });
    let mut out = Vec::new();
    let inputs = inputs(vec![value.clone()]);
    let outcome = shop.store.read(&program, &inputs, &PlainSeal, &mut out).unwrap();
    let json = String::from_utf8(out).unwrap();
    let cell = json.strip_prefix("[{\"value\":").and_then(|rest| rest.strip_suffix("}]")).unwrap();
    (cell.to_owned(), outcome.first.first().cloned())
}

/// The wire form, as whoever writes values without a database writes it.
fn wire_form(value: &Value, codec: Codec) -> String {
    let mut out = Vec::new();
    codec.scalar.write_json(value, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_value_of_any_type_in_any_encoding_survives_its_column() {
    let shop = Shop::open();
    proptest!(ProptestConfig::with_cases(3_000), |((codec, value) in any_cell())| {
        let (json, back) = round_trip(&shop, codec, &value);
        prop_assert_eq!(json, wire_form(&value, codec));
        prop_assert_eq!(back, Some(value));
    });
}

#[test]
fn a_list_of_any_type_in_any_encoding_survives_its_column() {
    let shop = Shop::open();
    proptest!(ProptestConfig::with_cases(1_000), |((codec, items) in any_list())| {
        let codec = Codec { list: true, ..codec };
        let (json, _) = round_trip(&shop, codec, &Value::List(items.clone()));
        prop_assert_eq!(json, wire_form(&Value::List(items), codec));
    });
}

#[test]
fn items_of_a_list_equal_binds_of_their_scalar() {
    let shop = Shop::open();
    let values = [
        (TEXT, text("a \"b\"")),
        (BIG, Value::Int(i64::MAX)),
        (native(Scalar::Boolean), Value::Bool(true)),
        (native(DECIMAL), Value::Decimal(Decimal::new(1250, 2))),
        (native(Scalar::DateTime), Value::DateTime(1_700_000_000_123_456)),
        (Codec { encoding: Encoding::Text, ..native(Scalar::Uuid) }, id(7)),
    ];
    for (codec, value) in values {
        let list = Codec { list: true, ..codec };
        let sql = "SELECT EXISTS (SELECT 1 FROM json_each(?1) WHERE value = ?2)";
        let contains = statement(sql, vec![slot(0, list), slot(1, codec)]);
        let flag = vec![column("in", 0, native(Scalar::Boolean))];
        let program = reading(select(contains, flag, Cardinality::One));
        let slots = vec![Value::List(vec![value.clone()]), value];
        assert_eq!(shop.read(&program, &inputs(slots)).unwrap(), r#"{"in":true}"#, "{codec:?}");
    }
}

#[test]
fn what_others_have_written_reads_as_what_they_meant() {
    use Encoding::{Millis, Native, Real, Seconds, Text};
    let shop = Shop::open();
    let cases = [
        ("3", Scalar::Float, Native, "3.0"),
        ("5", DECIMAL, Real, "\"5.00\""),
        ("0.1 + 0.2", DECIMAL, Real, "\"0.30\""),
        ("' 7.5'", DECIMAL, Text, "\"7.50\""),
        ("7.0", Scalar::Int, Native, "7"),
        ("1234", Scalar::String, Native, "\"1234\""),
        ("'2009-01-01 00:00:00'", Scalar::Date, Text, "\"2009-01-01\""),
        ("'2009-01-01'", Scalar::DateTime, Text, "\"2009-01-01T00:00:00.000000Z\""),
        ("1.5", Scalar::DateTime, Seconds, "\"1970-01-01T00:00:01.500000Z\""),
        ("-1", Scalar::DateTime, Millis, "\"1969-12-31T23:59:59.999000Z\""),
        (
            "'0F8FAD5B-D9CB-469F-A165-70867728950E'",
            Scalar::Uuid,
            Text,
            "\"0f8fad5b-d9cb-469f-a165-70867728950e\"",
        ),
        ("'T'", Scalar::String, Native, "\"T\""),
        ("' {\"a\" : 1 } '", Scalar::Json, Native, "{\"a\" : 1 }"),
        ("char(0, 31, 34, 92, 128512)", Scalar::String, Native, "\"\\u0000\\u001f\\\"\\\\😀\""),
    ];
    for (sql, scalar, encoding, expected) in cases {
        assert_eq!(read_expression(&shop, sql, Codec { scalar, encoding, list: false }), expected);
    }
    assert_eq!(shop.store.n_oddities(), 0);
}

#[test]
fn what_a_type_cannot_express_reads_as_null_and_is_reported_once() {
    use Encoding::{Native, Text};
    let shop = Shop::open();
    let cases = [
        ("'x'", Scalar::Int, Native),
        ("2147483648", Scalar::Int, Native),
        ("1.5", Scalar::BigInt, Native),
        ("9e999", Scalar::Float, Native),
        ("x'00'", Scalar::Uuid, Native),
        ("x'ff'", Scalar::String, Native),
        ("CAST(x'ff' AS TEXT)", Scalar::String, Native),
        ("'2023-02-29'", Scalar::Date, Text),
        ("'1.005'", DECIMAL, Text),
        ("'{'", Scalar::Json, Native),
        ("9223372036854775807", Scalar::DateTime, Native),
        ("-1", Scalar::Time, Native),
    ];
    for (place, (sql, scalar, encoding)) in cases.into_iter().enumerate() {
        let codec = Codec { scalar, encoding, list: false };
        for _ in 0..2 {
            assert_eq!(read_expression(&shop, sql, codec), "null", "{sql}");
        }
        assert_eq!(shop.store.n_oddities(), place + 1, "{sql}");
    }
    let list = Codec { list: true, ..TEXT };
    for sql in ["'[1, 2'", "'{}'", "'[[]]'", "7", "x'5b5d'", "'[] x'"] {
        assert_eq!(read_expression(&shop, sql, list), "null", "{sql}");
    }
}

fn read_expression(shop: &Shop, sql: &str, codec: Codec) -> String {
    let statement = statement(&format!("SELECT {sql}"), Vec::new());
    let program = reading(select(statement, vec![column("v", 0, codec)], Cardinality::One));
    let json = shop.read(&program, &inputs(Vec::new())).unwrap();
    json.strip_prefix("{\"v\":").and_then(|rest| rest.strip_suffix('}')).unwrap().to_owned()
}
