//! How the values of a column become values of another type, exactly or not at all.
//!
//! Every conversion is reversible in the sense that no information is lost. Where only some values
//! can be converted, the condition that tells them goes into the plan as a check; where none can,
//! the condition is false, so that the change is still possible while no row has a value.

mod decimals;
mod enums;
mod scalars;
mod texts;

use crate::quote;
use crate::snapshot::{Column, Kind, Snapshot, Storage};

use decimals::{into_decimal, out_of_decimal};
use enums::{between_enum_lists, between_enums};
use scalars::between_scalars;
use texts::{into_text, out_of_text};

/// The way from one column type to another, over the value `v`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conversion {
    /// The new value as SQL over `{v}`; none where values stay as they are.
    pub(crate) value: Option<String>,
    /// Which values can be converted, as SQL over `{v}`; none where all can.
    pub(crate) fits: Option<String>,
    /// What those that cannot are to be called: `does not hold a whole number`.
    pub(crate) complaint: &'static str,
}

impl Conversion {
    fn keep() -> Self {
        Self::default()
    }

    fn keep_if(fits: impl Into<String>, complaint: &'static str) -> Self {
        Self { value: None, fits: Some(fits.into()), complaint }
    }

    fn by(value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    fn by_if(value: impl Into<String>, fits: impl Into<String>, complaint: &'static str) -> Self {
        Self { value: Some(value.into()), fits: Some(fits.into()), complaint }
    }

    fn impossible() -> Self {
        Self::by_if("NULL", "0", "has no exact conversion, and would lose its value")
    }

    /// The new value of this column. Null stays null, whatever the functions make of it.
    pub(crate) fn value_of(&self, column: &str) -> String {
        let column = quote::name(column);
        match &self.value {
            None => column,
            Some(value) => {
                format!("iif({column} IS NULL, NULL, {})", value.replace("{v}", &column))
            }
        }
    }

    /// Which values of this column can be converted.
    pub(crate) fn fits_of(&self, column: &str) -> Option<String> {
        self.fits.as_ref().map(|fits| fits.replace("{v}", &quote::name(column)))
    }
}

/// The way from the one column to the other.
pub(crate) fn convert(old: (&Snapshot, &Column), new: (&Snapshot, &Column)) -> Conversion {
    let (from, to) = (&old.1.kind, &new.1.kind);
    if old.1.storage != new.1.storage {
        return between_storages(from, to, old.1.storage, new.1.storage);
    }
    if new.1.storage != Storage::Native {
        return if from == to { Conversion::keep() } else { Conversion::impossible() };
    }
    match (from, to) {
        (Kind::Enum(left), Kind::Enum(right)) => {
            between_enums(old.0.enum_values(left), new.0.enum_values(right))
        }
        (Kind::List(left), Kind::List(right)) => match (&**left, &**right) {
            (Kind::Enum(left), Kind::Enum(right)) => {
                between_enum_lists(old.0.enum_values(left), new.0.enum_values(right))
            }
            _ if left == right || (is_text(left) && **right == Kind::String) => Conversion::keep(),
            _ => Conversion::impossible(),
        },
        (_, Kind::List(item)) => into_list(from, item),
        (Kind::List(item), _) => out_of_list(item, to),
        (_, Kind::Enum(name)) if is_text(from) => {
            let values = one_of("{v}", new.0.enum_values(name).iter().map(|v| v.name.as_str()));
            Conversion::keep_if(values, "holds no value of the enum")
        }
        _ => between_scalars(from, to),
    }
}

/// The same type in another form. Adopted columns that become managed ones pass through here.
fn between_storages(from: &Kind, to: &Kind, old: Storage, new: Storage) -> Conversion {
    if from != to {
        return Conversion::impossible();
    }
    let micros = |storage| match storage {
        Storage::Native => Some(1),
        Storage::Millis => Some(1_000),
        Storage::Seconds => Some(1_000_000),
        Storage::Text | Storage::Real => None,
    };
    match (from, old, new) {
        (Kind::DateTime, _, _) => match (micros(old), micros(new)) {
            (Some(old), Some(new)) if old >= new => {
                Conversion::by(format!("{{v}} * {}", old / new))
            }
            (Some(old), Some(new)) => Conversion::by_if(
                format!("{{v}} / {}", new / old),
                format!("{{v}} % {} = 0", new / old),
                "has a fraction that would be lost",
            ),
            _ => Conversion::impossible(),
        },
        (Kind::Decimal { precision, scale }, Storage::Text, Storage::Native) => {
            into_decimal(&Kind::String, *precision, *scale)
        }
        (Kind::Decimal { scale, .. }, Storage::Native, Storage::Text) => {
            out_of_decimal(*scale, &Kind::String)
        }
        (Kind::Uuid | Kind::Date | Kind::Time, Storage::Text, Storage::Native) => out_of_text(to),
        (Kind::Uuid | Kind::Date | Kind::Time, Storage::Native, Storage::Text) => into_text(from),
        _ => Conversion::impossible(),
    }
}

fn is_text(kind: &Kind) -> bool {
    matches!(kind, Kind::String | Kind::Email | Kind::Url | Kind::Enum(_))
}

fn one_of<'a>(value: &str, allowed: impl Iterator<Item = &'a str>) -> String {
    let allowed: Vec<String> = allowed.map(quote::text).collect();
    format!("{value} COLLATE BINARY IN ({})", allowed.join(", "))
}

fn into_list(from: &Kind, item: &Kind) -> Conversion {
    match (from, item) {
        (Kind::Boolean, Kind::Boolean) => Conversion::by("iif({v}, '[true]', '[false]')"),
        (Kind::Int, Kind::Int) => Conversion::by("json_array({v})"),
        (left, right) if is_text(left) && (left == right || *right == Kind::String) => {
            Conversion::by("json_array({v})")
        }
        _ => Conversion::impossible(),
    }
}

fn out_of_list(item: &Kind, to: &Kind) -> Conversion {
    if item == to && (is_text(item) || matches!(item, Kind::Int | Kind::Boolean)) {
        return Conversion::by_if(
            "{v} ->> 0",
            "json_array_length({v}) = 1",
            "is a list that does not hold exactly one item",
        );
    }
    Conversion::impossible()
}
