//! A value of a field, typed but not yet encoded for any database or wire.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use uuid::Uuid;

/// One value. Which variant a field takes follows from its type; `Null` goes with every type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// `Boolean`.
    Bool(bool),
    /// `Int`, `BigInt` and integer keys.
    Int(i64),
    /// `Float`; never NaN or infinite.
    Float(f64),
    /// `Decimal`.
    Decimal(Decimal),
    /// `String`, `Email`, `URL`, text keys and enum values.
    Text(String),
    /// `UUID` and generated keys.
    Uuid(Uuid),
    /// `DateTime`: microseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// `Date`: days since 1970-01-01.
    Date(i32),
    /// `Time`: microseconds since midnight.
    Time(i64),
    /// `Duration`: microseconds.
    Duration(i64),
    /// `JSON`: its text without insignificant white space.
    Json(String),
    /// A list of scalars.
    List(Vec<Self>),
}

/// How texts compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TextOrder {
    /// Byte by byte, which for UTF-8 is by code point.
    #[default]
    Binary,
    /// As `Binary`, with `A` to `Z` taken for `a` to `z` (`@text(compare: CASELESS)`).
    Caseless,
}

impl Value {
    /// Compares as rules and filters do.
    ///
    /// `None` means that neither is less than, greater than or equal to the other: one of them is
    /// null (null equals null alone), they are of different types, or they are different lists or
    /// JSON values, which have no order. `==` is `Some(Equal)`, and `!=` its negation.
    #[must_use]
    pub fn compare(&self, other: &Self, texts: TextOrder) -> Option<Ordering> {
        match (self, other) {
            (Self::Null, Self::Null) => Some(Ordering::Equal),
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(right)),
            (Self::Int(left), Self::Int(right))
            | (Self::DateTime(left), Self::DateTime(right))
            | (Self::Time(left), Self::Time(right))
            | (Self::Duration(left), Self::Duration(right)) => Some(left.cmp(right)),
            (Self::Date(left), Self::Date(right)) => Some(left.cmp(right)),
            (Self::Float(left), Self::Float(right)) => left.partial_cmp(right),
            (Self::Decimal(left), Self::Decimal(right)) => Some(left.cmp(right)),
            (Self::Text(left), Self::Text(right)) => Some(compare_texts(left, right, texts)),
            (Self::Uuid(left), Self::Uuid(right)) => Some(left.cmp(right)),
            (Self::Json(left), Self::Json(right)) => (left == right).then_some(Ordering::Equal),
            (Self::List(left), Self::List(right)) => {
                let same = left.len() == right.len()
                    && left
                        .iter()
                        .zip(right)
                        .all(|(l, r)| l.compare(r, texts).is_some_and(Ordering::is_eq));
                same.then_some(Ordering::Equal)
            }
            _ => None,
        }
    }

    /// Compares as a sort does: null is the smallest, and what has no order ranks equal.
    #[must_use]
    pub fn rank(&self, other: &Self, texts: TextOrder) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (left, right) => left.compare(right, texts).unwrap_or(Ordering::Equal),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

fn compare_texts(left: &str, right: &str, texts: TextOrder) -> Ordering {
    match texts {
        TextOrder::Binary => left.cmp(right),
        TextOrder::Caseless => {
            let fold = |byte: u8| byte.to_ascii_lowercase();
            left.bytes().map(fold).cmp(right.bytes().map(fold))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn binary(left: &Value, right: &Value) -> Option<Ordering> {
        left.compare(right, TextOrder::Binary)
    }

    #[test]
    fn null_equals_null_and_has_no_order_with_anything_else() {
        assert_eq!(binary(&Value::Null, &Value::Null), Some(Ordering::Equal));
        assert_eq!(binary(&Value::Null, &Value::Int(0)), None);
        assert_eq!(binary(&text(""), &Value::Null), None);
    }

    #[test]
    fn a_sort_puts_null_first() {
        let mut values = [Value::Int(2), Value::Null, Value::Int(-1)];
        values.sort_by(|left, right| left.rank(right, TextOrder::Binary));
        assert_eq!(values, [Value::Null, Value::Int(-1), Value::Int(2)]);
    }

    #[test]
    fn texts_compare_by_code_point_or_without_ascii_case() {
        assert_eq!(binary(&text("Z"), &text("a")), Some(Ordering::Less));
        assert_eq!(binary(&text("\u{ffff}"), &text("\u{10000}")), Some(Ordering::Less));
        let caseless = |left, right| text(left).compare(&text(right), TextOrder::Caseless);
        assert_eq!(caseless("ADA@x.org", "ada@X.org"), Some(Ordering::Equal));
        assert_eq!(caseless("Z", "a"), Some(Ordering::Greater));
        // `_` lies between the cases: folding to lower case must decide, as NOCASE does.
        assert_eq!(caseless("_", "A"), Some(Ordering::Less));
        assert_eq!(caseless("É", "é"), Some(Ordering::Less));
        assert_eq!(caseless("a", "ab"), Some(Ordering::Less));
    }

    #[test]
    fn decimals_compare_by_number_and_not_by_scale() {
        let decimal = |digits, scale| Value::Decimal(Decimal::new(digits, scale));
        assert_eq!(binary(&decimal(150, 2), &decimal(15, 1)), Some(Ordering::Equal));
        assert_eq!(binary(&decimal(-1, 2), &decimal(0, 0)), Some(Ordering::Less));
    }

    #[test]
    fn lists_and_json_are_equal_or_not_comparable() {
        let list = |items: &[i64]| Value::List(items.iter().copied().map(Value::Int).collect());
        assert_eq!(binary(&list(&[1, 2]), &list(&[1, 2])), Some(Ordering::Equal));
        assert_eq!(binary(&list(&[1, 2]), &list(&[1])), None);
        let json = |text: &str| Value::Json(text.to_owned());
        assert_eq!(binary(&json("1"), &json("1")), Some(Ordering::Equal));
        assert_eq!(binary(&json("1"), &json("2")), None);
    }

    #[test]
    fn different_types_are_not_comparable() {
        assert_eq!(binary(&Value::Int(1), &Value::Float(1.0)), None);
        assert_eq!(binary(&Value::DateTime(1), &Value::Time(1)), None);
    }
}
