//! What differs between databases, in one place.

use underpin_schema::calendar::{DATE_TIME_MAX, DATE_TIME_MIN};
use underpin_schema::{Encoding, IdKind, Scalar};

use crate::{Codec, codec};

/// The database that statements are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// The placeholder with this number, from one.
    pub(crate) fn placeholder(self, number: usize) -> String {
        match self {
            Self::Sqlite => format!("?{number}"),
        }
    }

    /// Equality that holds for two nulls.
    pub(crate) const fn same(self) -> &'static str {
        match self {
            Self::Sqlite => "IS",
        }
    }

    /// The negation of [`Dialect::same`].
    pub(crate) const fn distinct(self) -> &'static str {
        match self {
            Self::Sqlite => "IS NOT",
        }
    }

    /// `text` compared without regard to ASCII case.
    pub(crate) fn caseless(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("{text} COLLATE NOCASE"),
        }
    }

    /// `text` compared byte by byte, whatever collation is named inside it.
    pub(crate) fn exact(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("{text} COLLATE BINARY"),
        }
    }

    /// ASCII lower case of `text`.
    pub(crate) fn lower(self, text: &str) -> String {
        match self {
            Self::Sqlite => format!("lower({text})"),
        }
    }

    /// That `needle` stands somewhere in `text`.
    pub(crate) fn contains(self, text: &str, needle: &str) -> String {
        match self {
            Self::Sqlite => format!("instr({text}, {needle}) > 0"),
        }
    }

    /// The first characters of `text`, as many as `needle` has.
    pub(crate) fn head(self, text: &str, needle: &str) -> String {
        match self {
            Self::Sqlite => format!("substr({text}, 1, length({needle}))"),
        }
    }

    /// The last characters of `text`, as many as `needle` has.
    pub(crate) fn tail(self, text: &str, needle: &str) -> String {
        match self {
            // A negative start would mean the whole text for an empty needle.
            Self::Sqlite => {
                format!("substr({text}, length({text}) - length({needle}) + 1, length({needle}))")
            }
        }
    }

    /// A text greater than every text that starts with `prefix`: no UTF-8 has the byte FF.
    pub(crate) fn beyond(self, prefix: &str) -> String {
        match self {
            Self::Sqlite => format!("({prefix} || CAST(x'FF' AS TEXT))"),
        }
    }

    /// Characters of a text, or items of a list.
    pub(crate) fn size(self, column: &str, codec: Codec) -> String {
        match self {
            Self::Sqlite if codec.list => format!("json_array_length({column})"),
            Self::Sqlite => format!("length({column})"),
        }
    }

    /// The rows of a list, as a source with one column that [`Dialect::element`] names.
    pub(crate) fn elements(self, list: &str, alias: &str) -> String {
        match self {
            Self::Sqlite => format!("json_each({list}) AS {alias}"),
        }
    }

    /// An item of a list as its type's own encoding, decimals at `scale` digits.
    pub(crate) fn element(self, alias: &str, scalar: Scalar, scale: u8) -> String {
        let item = format!("{alias}.\"value\"");
        match self {
            // Lists are JSON, which has no bytes: UUIDs are texts there.
            Self::Sqlite if scalar == Scalar::Uuid => sqlite_from_text(&item, scalar, 0),
            Self::Sqlite => sqlite_scaled(&item, scalar, scale),
        }
    }

    /// `micros` held within the years 1 to 9999.
    pub(crate) fn clamp_time(self, micros: &str) -> String {
        match self {
            Self::Sqlite => format!("max(min({micros}, {DATE_TIME_MAX}), {DATE_TIME_MIN})"),
        }
    }

    /// The value of a column as the type's own encoding, decimals at `scale` digits.
    pub(crate) fn to_native(self, column: &str, codec: Codec, scale: u8) -> String {
        match self {
            Self::Sqlite => sqlite_native(column, codec, scale),
        }
    }
}

fn sqlite_native(column: &str, codec: Codec, scale: u8) -> String {
    match codec.encoding {
        Encoding::Native => sqlite_scaled(column, codec.scalar, scale),
        Encoding::Text => sqlite_from_text(column, codec.scalar, scale),
        Encoding::Real if matches!(codec.scalar, Scalar::Decimal { .. }) => {
            sqlite_from_text(column, codec.scalar, scale)
        }
        Encoding::Real => column.to_owned(),
        Encoding::Seconds if codec.scalar == Scalar::Date => format!("({column} / 86400)"),
        Encoding::Seconds => format!("({column} * 1000000)"),
        Encoding::Millis if codec.scalar == Scalar::Date => format!("({column} / 86400000)"),
        Encoding::Millis => format!("({column} * 1000)"),
    }
}

/// A number times ten to the power it lacks.
fn sqlite_scaled(column: &str, scalar: Scalar, scale: u8) -> String {
    match scale.checked_sub(codec::scale(scalar)) {
        None | Some(0) => column.to_owned(),
        Some(digits) => format!("({column} * {})", 10_i64.pow(u32::from(digits))),
    }
}

fn sqlite_from_text(column: &str, scalar: Scalar, scale: u8) -> String {
    match scalar {
        Scalar::Decimal { .. } => {
            format!("CAST(round(CAST({column} AS REAL) * 1e{scale}) AS INTEGER)")
        }
        Scalar::DateTime => {
            format!("(unixepoch({column}) * 1000000 + {})", fraction(column, 21))
        }
        Scalar::Date => format!("(unixepoch({column}) / 86400)"),
        Scalar::Time => {
            let seconds = format!("unixepoch('1970-01-01 ' || substr({column}, 1, 8))");
            format!("({seconds} * 1000000 + {})", fraction(column, 10))
        }
        Scalar::Uuid | Scalar::Id(IdKind::Uuid) => format!("unhex(replace({column}, '-', ''))"),
        Scalar::Int | Scalar::BigInt | Scalar::Id(IdKind::Int) => {
            format!("CAST({column} AS INTEGER)")
        }
        Scalar::Float => format!("CAST({column} AS REAL)"),
        Scalar::Boolean => format!("({column} = 'true')"),
        Scalar::Id(IdKind::String)
        | Scalar::String
        | Scalar::Duration
        | Scalar::Json
        | Scalar::Email
        | Scalar::Url => column.to_owned(),
    }
}

/// The microseconds that stand in a text from the character after the point.
fn fraction(column: &str, from: u8) -> String {
    format!("CAST(substr(substr({column}, {from}) || '000000', 1, 6) AS INTEGER)")
}
