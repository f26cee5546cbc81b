//! The types of the values a request brings, and reading them from its text.

use underpin_base::{Code, Error, Result};
use underpin_rules::LiteralText;
use underpin_schema::{
    EnumId, Field, FieldKind, IdKind, Model, Scalar, Schema, Value, ValueError, nearest,
};

/// The type of one value of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotType(underpin_rules::SlotType);

/// A value as a client wrote it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RawText<'a> {
    /// A value of the query form.
    Query {
        /// The text, percent-decoded.
        text: &'a str,
        /// The parameter it stands in, for the message of an error.
        parameter: &'a str,
    },
    /// A literal of `filter`.
    Literal(LiteralText<'a>),
    /// A key in the path.
    Key(&'a str),
}

impl SlotType {
    pub(crate) fn of_scalar(scalar: Scalar) -> Self {
        Self(underpin_rules::SlotType { scalar, enum_id: None, caseless: false })
    }

    pub(crate) fn of_literal(slot: underpin_rules::SlotType) -> Self {
        Self(slot)
    }

    fn of_enum(id: EnumId) -> Self {
        Self(underpin_rules::SlotType {
            scalar: Scalar::String,
            enum_id: Some(id),
            caseless: false,
        })
    }

    /// The type of a model's key, as it stands in a path.
    #[must_use]
    pub fn of_key(model: &Model) -> Self {
        Self::of_scalar(match model.key_field().kind {
            FieldKind::Scalar(scalar) => scalar,
            FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => Scalar::Id(IdKind::String),
        })
    }

    /// The type of a field's value, of an item where the field holds a list. `None` for relations
    /// to many, which have no value.
    pub(crate) fn of_field(schema: &Schema, field: &Field) -> Option<Self> {
        Some(match &field.kind {
            FieldKind::Scalar(scalar) | FieldKind::ScalarList(scalar) => Self::of_scalar(*scalar),
            FieldKind::Enum(id) | FieldKind::EnumList(id) => Self::of_enum(*id),
            FieldKind::ToOne(to_one) => Self::of_key(schema.model(to_one.target)),
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => return None,
        })
    }

    /// The scalar; `String` for an enum.
    #[must_use]
    pub fn scalar(&self) -> Scalar {
        self.0.scalar
    }

    /// Reads a value. `schema` is the one that was planned against.
    ///
    /// # Errors
    /// `INVALID_PARAMETER` when the text of a parameter is no value of the type, `INVALID_FILTER`
    /// for a literal, `NOT_FOUND` for a key in the path.
    pub fn parse(&self, raw: RawText<'_>, schema: &Schema) -> Result<Value> {
        match raw {
            RawText::Query { text, parameter } => self.parse_query(text, schema).map_err(|error| {
                self.refused(Code::InvalidParameter, &error, (text, parameter), schema)
            }),
            RawText::Literal(literal) => self.0.parse_literal(literal, schema).map_err(|error| {
                let (LiteralText::Number(text) | LiteralText::Text(text, _)) = literal;
                self.refused(Code::InvalidFilter, &error, (text, "filter"), schema)
            }),
            RawText::Key(text) => self.scalar().parse_text(text).map_err(|_| Error::not_found()),
        }
    }

    fn parse_query(&self, text: &str, schema: &Schema) -> Result<Value, ValueError> {
        match self.0.enum_id {
            None => self.scalar().parse_text(text),
            Some(_) => self.0.parse_literal(LiteralText::Text(text, false), schema),
        }
    }

    fn refused(
        &self,
        code: Code,
        error: &ValueError,
        place: (&str, &str),
        schema: &Schema,
    ) -> Error {
        let (text, parameter) = place;
        // A filter may have many values, so which of them it is must be said.
        let message = if code == Code::InvalidFilter {
            format!("`{text}` in `{parameter}` {}", error.message)
        } else {
            format!("a value of `{parameter}` {}", error.message)
        };
        let refused = Error::new(code, message).with_parameter(parameter);
        let Some(id) = self.0.enum_id else {
            return refused;
        };
        let names: Vec<String> =
            schema.enum_type(id).values.iter().map(|value| value.name.clone()).collect();
        let hint = nearest(text, names.iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
        let refused = refused.with_allowed(names);
        match hint {
            Some(hint) => refused.with_hint(hint),
            None => refused,
        }
    }
}
