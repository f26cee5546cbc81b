//! The types that operands have while an expression is checked, and which of them compare.

use underpin_schema::{EnumId, Field, FieldKind, IdKind, ModelId, Scalar, Schema};

use crate::filter::SlotType;

/// The type of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Type {
    pub(crate) scalar: Scalar,
    pub(crate) meaning: Meaning,
    /// Text of a field that compares without regard to ASCII case.
    pub(crate) caseless: bool,
}

/// What a value of a scalar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Itself.
    Plain,
    /// A value of an enum.
    Enum(EnumId),
    /// The key of a row of this model.
    Key(ModelId),
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Type {
    pub(crate) const fn plain(scalar: Scalar) -> Self {
        Self { scalar, meaning: Meaning::Plain, caseless: false }
    }

    pub(crate) const fn word(words: &'static [&'static str]) -> Self {
        Self { scalar: Scalar::String, meaning: Meaning::Word(words), caseless: false }
    }

    /// The type of the key of a model.
    pub(crate) fn key(schema: &Schema, model: ModelId) -> Self {
        let key = schema.model(model).key_field();
        let FieldKind::Scalar(scalar) = key.kind else {
            unreachable!("invariant: a key is a scalar")
        };
        Self { scalar, meaning: Meaning::Key(model), caseless: key.caseless }
    }

    /// The type of a field that has a column; of a list, the type of its items.
    pub(crate) fn of_field(schema: &Schema, model: ModelId, field: &Field) -> Option<Self> {
        let caseless = field.caseless;
        Some(match field.kind {
            FieldKind::Scalar(_) if schema.model(model).key == field.id => Self::key(schema, model),
            FieldKind::Scalar(scalar) | FieldKind::ScalarList(scalar) => {
                Self { scalar, meaning: Meaning::Plain, caseless }
            }
            FieldKind::Enum(id) | FieldKind::EnumList(id) => {
                Self { scalar: Scalar::String, meaning: Meaning::Enum(id), caseless: false }
            }
            FieldKind::ToOne(to_one) => Self::key(schema, to_one.target),
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => return None,
        })
    }

    /// The type of a slot that is compared with this one.
    pub(crate) fn slot_type(self) -> SlotType {
        let enum_id = match self.meaning {
            Meaning::Enum(id) => Some(id),
            Meaning::Plain | Meaning::Key(_) | Meaning::Word(_) => None,
        };
        SlotType { scalar: self.scalar, enum_id, caseless: self.caseless }
    }

    /// How a message names the type.
    pub(crate) fn describe(self, schema: &Schema) -> String {
        match self.meaning {
            Meaning::Enum(id) => format!("a value of `{}`", schema.enum_type(id).name),
            Meaning::Key(model) => format!("the key of a `{}`", schema.model(model).name),
            Meaning::Word(_) => "a word".to_owned(),
            Meaning::Plain => article(&scalar_name(self.scalar)),
        }
    }

    /// Whether text operations (`startsWith`, `size`) apply.
    pub(crate) fn is_text(self) -> bool {
        self.family() == Family::Text && !matches!(self.meaning, Meaning::Enum(_))
    }

    /// Whether values have an order that means something: not enums, booleans or JSON.
    pub(crate) fn is_ordered(self) -> bool {
        !matches!(self.meaning, Meaning::Enum(_) | Meaning::Word(_))
            && !matches!(self.family(), Family::Boolean | Family::Json)
    }

    /// Whether a field of the type can be looked for in a list. Lists are JSON, where values of the
    /// other types do not stand as a column holds them.
    pub(crate) fn is_comparable_in_lists(self) -> bool {
        match self.family() {
            Family::Text | Family::Float | Family::Boolean | Family::DateTime => true,
            Family::Integer => self.scalar == Scalar::Int,
            Family::Uuid
            | Family::Decimal { .. }
            | Family::Date
            | Family::Time
            | Family::Duration
            | Family::Json => false,
        }
    }

    /// Why two operands of these types do not compare; `None` when they do.
    pub(crate) fn mismatch(self, other: Self, schema: &Schema) -> Option<String> {
        let (left, right) = (self.describe(schema), other.describe(schema));
        match (self.meaning, other.meaning) {
            (Meaning::Key(one), Meaning::Key(another)) if one != another => {
                return Some(format!("{left} never equals {right}"));
            }
            (Meaning::Enum(one), Meaning::Enum(another)) if one == another => return None,
            (Meaning::Enum(_), _) | (_, Meaning::Enum(_)) => {
                return Some(format!("{left} cannot be compared with {right}"));
            }
            _ => {}
        }
        if self.family() == Family::Json || other.family() == Family::Json {
            return Some("JSON compares with `null` alone".to_owned());
        }
        (self.family() != other.family()).then(|| format!("{left} cannot be compared with {right}"))
    }

    fn family(self) -> Family {
        match self.scalar {
            Scalar::String | Scalar::Email | Scalar::Url | Scalar::Id(IdKind::String) => {
                Family::Text
            }
            Scalar::Int | Scalar::BigInt | Scalar::Id(IdKind::Int) => Family::Integer,
            Scalar::Uuid | Scalar::Id(IdKind::Uuid) => Family::Uuid,
            Scalar::Float => Family::Float,
            Scalar::Boolean => Family::Boolean,
            Scalar::Decimal { scale, .. } => Family::Decimal { scale },
            Scalar::DateTime => Family::DateTime,
            Scalar::Date => Family::Date,
            Scalar::Time => Family::Time,
            Scalar::Duration => Family::Duration,
            Scalar::Json => Family::Json,
        }
    }
}

/// Types whose values compare with each other. Decimals of different scales do not: columns hold
/// them as integers of that scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Text,
    Integer,
    Uuid,
    Float,
    Boolean,
    Decimal { scale: u8 },
    DateTime,
    Date,
    Time,
    Duration,
    Json,
}

fn scalar_name(scalar: Scalar) -> String {
    if let Scalar::Decimal { scale, .. } = scalar {
        return format!("Decimal of scale {scale}");
    }
    scalar.name().to_owned()
}

fn article(name: &str) -> String {
    let vowel = name.starts_with(['I', 'E']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}
