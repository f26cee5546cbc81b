//! Values of few types, few of each, so that they meet.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::chance::Chance;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    /// Hundredths.
    Money(i64),
    /// Texts, and names of colours.
    Text(String),
    Texts(Vec<String>),
    /// The key of a row, by the row's number.
    Key(usize),
}

/// The type of a value as far as comparisons care.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Text {
        caseless: bool,
    },
    Int,
    Bool,
    Money,
    Colour,
    /// The key of a row of this model.
    Key(usize, Key),
}

/// What keys of a model are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Key {
    Uuid,
    Int,
    Text,
}

// In the order of their bytes, which is the order of rows.
pub(super) const COLOURS: [&str; 3] = ["BLUE", "GREEN", "RED"];

const TEXTS: [&str; 9] = ["", "a", "A", "ab", "Ab", "b%", "_", "é", "x y"];

/// Keys that values and literals name, whether there is such a row or not.
const KEYS: usize = 6;

impl Kind {
    pub(super) fn value(self, chance: &mut Chance) -> Val {
        match self {
            Self::Text { .. } => Val::Text((*chance.pick(&TEXTS)).to_owned()),
            Self::Int => Val::Int(*chance.pick(&[-1, 0, 1, 2, 3])),
            Self::Bool => Val::Bool(chance.once_in(2)),
            Self::Money => Val::Money(*chance.pick(&[-1, 0, 50, 125])),
            Self::Colour => Val::Text((*chance.pick(&COLOURS)).to_owned()),
            Self::Key(..) => Val::Key(1 + chance.below(KEYS)),
        }
    }

    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text { .. })
    }

    pub(super) fn is_ordered(self) -> bool {
        matches!(self, Self::Text { .. } | Self::Int | Self::Money)
    }

    /// Whether values of both compare.
    pub(super) fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Text { .. }, Self::Text { .. }) => true,
            (one, other) => one == other,
        }
    }

    /// A value as rules and filters write it.
    pub(super) fn literal(self, value: &Val) -> String {
        match (self, value) {
            (_, Val::Null) => "null".to_owned(),
            (Self::Key(_, Key::Int), Val::Key(key)) => key.to_string(),
            (Self::Int | Self::Bool | Self::Money, value) => self.plain(value),
            (_, value) => format!("'{}'", self.plain(value)),
        }
    }

    /// A value as a condition or a path writes it.
    pub(super) fn plain(self, value: &Val) -> String {
        match (self, value) {
            (_, Val::Bool(value)) => value.to_string(),
            (_, Val::Int(value)) => value.to_string(),
            (_, Val::Money(value)) => money(*value),
            (_, Val::Text(text)) => text.clone(),
            (Self::Key(_, key), Val::Key(n)) => key.text(*n),
            (kind, value) => panic!("{value:?} is no value of {kind:?}"),
        }
    }

    pub(super) fn json(self, value: &Val) -> Value {
        match value {
            Val::Null => Value::Null,
            Val::Bool(value) => json!(value),
            Val::Int(value) => json!(value),
            Val::Texts(items) => json!(items),
            Val::Money(_) | Val::Text(_) | Val::Key(_) => json!(self.plain(value)),
        }
    }
}

impl Key {
    pub(super) fn text(self, n: usize) -> String {
        match self {
            Self::Uuid => format!("00000000-0000-7000-8000-{n:012}"),
            Self::Int => n.to_string(),
            // Of one length, so that their order is that of the numbers.
            Self::Text => format!("k{n:02}"),
        }
    }
}

impl Val {
    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(super) fn text(&self) -> &str {
        if let Self::Text(text) = self { text } else { "" }
    }

    /// The order of two values of one type; null comes before everything.
    pub(super) fn order(&self, other: &Self, caseless: bool) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Int(one), Self::Int(other)) | (Self::Money(one), Self::Money(other)) => {
                one.cmp(other)
            }
            (Self::Key(one), Self::Key(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) if caseless => {
                one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase())
            }
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => panic!("{self:?} and {other:?} have no order"),
        }
    }
}

fn money(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.abs() / 100, hundredths.abs() % 100)
}
