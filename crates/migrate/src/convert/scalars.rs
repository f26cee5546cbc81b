//! Between numbers, times and what is a reference.

use crate::snapshot::{Kind, TableKey};

use super::Conversion;
use super::decimals::{into_decimal, out_of_decimal};
use super::texts::{into_text, out_of_text};

pub(super) const INT: &str = "{v} BETWEEN -2147483648 AND 2147483647";

// tidy: table
pub(super) fn between_scalars(from: &Kind, to: &Kind) -> Conversion {
    match (from, to) {
        (left, right) if left == right => Conversion::keep(),
        (Kind::Int, Kind::BigInt)
        | (Kind::Boolean, Kind::Int | Kind::BigInt)
        | (Kind::Email | Kind::Url | Kind::Enum(_) | Kind::Json, Kind::String) => {
            Conversion::keep()
        }
        (Kind::BigInt, Kind::Int) => Conversion::keep_if(INT, "is beyond the range of Int"),
        (Kind::Int | Kind::BigInt, Kind::Boolean) => {
            Conversion::keep_if("{v} IN (0, 1)", "is neither 0 nor 1")
        }
        (Kind::Int, Kind::Float) => Conversion::by("CAST({v} AS REAL)"),
        (Kind::BigInt, Kind::Float) => Conversion::by_if(
            "CAST({v} AS REAL)",
            "{v} BETWEEN -9007199254740992 AND 9007199254740992",
            "has more digits than a Float keeps",
        ),
        (Kind::Float, Kind::Int) => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            format!("{INT} AND {{v}} = CAST({{v}} AS INTEGER)"),
            "is not a whole number in the range of Int",
        ),
        (Kind::Float, Kind::BigInt) => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            "abs({v}) <= 9007199254740992 AND {v} = CAST({v} AS INTEGER)",
            "is not a whole number that a Float holds exactly",
        ),
        (Kind::Date, Kind::DateTime) => Conversion::by("{v} * 86400000000"),
        (Kind::DateTime, Kind::Date) => Conversion::by_if(
            "{v} / 86400000000",
            "{v} % 86400000000 = 0",
            "has a time of day, which a Date would lose",
        ),
        (_, Kind::Decimal { precision, scale }) => into_decimal(from, *precision, *scale),
        (Kind::Decimal { scale, .. }, _) => out_of_decimal(*scale, to),
        (_, Kind::String) => into_text(from),
        (Kind::String | Kind::Email | Kind::Url | Kind::Enum(_), _) => out_of_text(to),
        (Kind::Uuid, Kind::Reference(TableKey::Uuid))
        | (Kind::Reference(TableKey::Uuid), Kind::Uuid)
        | (Kind::BigInt, Kind::Reference(TableKey::Int))
        | (Kind::Reference(TableKey::Int), Kind::BigInt) => Conversion::keep(),
        (Kind::Int, Kind::Reference(TableKey::Int)) => Conversion::keep(),
        _ => Conversion::impossible(),
    }
}
