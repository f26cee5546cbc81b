//! Values that rows hold and rules compare with: few of each type, so that they meet, and the ones
//! at the edges, so that they hurt.

use underpin_schema::{EnumId, Field, FieldKind, IdKind, Literal, ModelId, Scalar, Schema, Value};

use super::chance::Chance;

/// The type of a field as far as comparisons care.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Scalar(Scalar),
    Enum(EnumId),
    /// The key of a row of this model.
    Key(ModelId, IdKind),
}

impl Kind {
    /// The type of a field's value, or of an item of its list.
    pub(super) fn of(schema: &Schema, model: ModelId, field: &Field) -> Option<Self> {
        match &field.kind {
            FieldKind::Scalar(Scalar::Id(kind)) => Some(Self::Key(model, *kind)),
            FieldKind::Scalar(scalar) | FieldKind::ScalarList(scalar) => {
                Some(Self::Scalar(*scalar))
            }
            FieldKind::Enum(id) | FieldKind::EnumList(id) => Some(Self::Enum(*id)),
            FieldKind::ToOne(to_one) => Some(Self::key_of(schema, to_one.target)),
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => None,
        }
    }

    pub(super) fn key_of(schema: &Schema, model: ModelId) -> Self {
        match schema.model(model).key_field().kind {
            FieldKind::Scalar(Scalar::Id(kind)) => Self::Key(model, kind),
            _ => panic!("a key is an ID"),
        }
    }

    pub(super) fn is_text(self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.is_text(),
            Self::Key(_, kind) => kind == IdKind::String,
            Self::Enum(_) => false,
        }
    }

    pub(super) fn is_ordered(self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.is_ordered(),
            Self::Key(..) => true,
            Self::Enum(_) => false,
        }
    }

    pub(super) fn is_json(self) -> bool {
        self == Self::Scalar(Scalar::Json)
    }

    /// A literal of the type as a rule writes it.
    pub(super) fn literal(self, schema: &Schema, chance: &mut Chance) -> String {
        match self {
            Self::Enum(id) => format!("'{}'", chance.pick(&schema.enum_type(id).values).name),
            Self::Key(_, kind) => {
                let n = chance.below(6);
                match kind {
                    IdKind::Uuid => format!("'{}'", uuid(n)),
                    IdKind::Int => format!("{}", n + 1),
                    IdKind::String => quoted(string_key(n)),
                }
            }
            Self::Scalar(Scalar::Boolean) => (*chance.pick(&["true", "false"])).to_owned(),
            Self::Scalar(scalar) => {
                let text = chance.pick(pool(scalar));
                if is_number(scalar) { (*text).to_owned() } else { quoted(text) }
            }
        }
    }

    /// Every literal that rows may hold the value of.
    pub(super) fn literals(self, schema: &Schema) -> Vec<String> {
        match self {
            Self::Enum(id) => {
                let values = &schema.enum_type(id).values;
                values.iter().map(|value| quoted(&value.name)).collect()
            }
            Self::Key(..) => Vec::new(),
            Self::Scalar(Scalar::Boolean) => vec!["true".to_owned(), "false".to_owned()],
            Self::Scalar(scalar) => {
                let texts = pool(scalar).iter();
                let literal = |text: &&str| {
                    if is_number(scalar) { (*text).to_owned() } else { quoted(text) }
                };
                texts.map(literal).collect()
            }
        }
    }

    /// A value of the type as a row holds it.
    pub(super) fn value(self, schema: &Schema, chance: &mut Chance) -> Value {
        match self {
            Self::Enum(id) => Value::Text(chance.pick(&schema.enum_type(id).values).name.clone()),
            Self::Key(model, _) => Self::key(schema, model, chance.below(6)),
            Self::Scalar(Scalar::Boolean) => Value::Bool(chance.once_in(2)),
            Self::Scalar(scalar) => {
                let text = chance.pick(pool(scalar));
                let literal =
                    if is_number(scalar) { Literal::Number(text) } else { Literal::Text(text) };
                match scalar {
                    Scalar::Json => scalar.parse_json(text).unwrap(),
                    _ => scalar.from_literal(literal).unwrap(),
                }
            }
        }
    }

    /// The key of the `n`th row of a model.
    pub(super) fn key(schema: &Schema, model: ModelId, n: usize) -> Value {
        match Self::key_of(schema, model) {
            Self::Key(_, IdKind::Int) => Value::Int(i64::try_from(n + 1).unwrap()),
            Self::Key(_, IdKind::String) => Value::Text(string_key(n).to_owned()),
            Self::Key(_, IdKind::Uuid) | Self::Scalar(_) | Self::Enum(_) => {
                Scalar::Uuid.from_literal(Literal::Text(&uuid(n))).unwrap()
            }
        }
    }
}

fn uuid(n: usize) -> String {
    format!("00000000-0000-7000-8000-{n:012}")
}

fn string_key(n: usize) -> &'static str {
    ["a", "A", "b-1", "ab", "é", "_x", "zz", "Z"][n]
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn is_number(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Decimal { .. })
}

// tidy: table
fn pool(scalar: Scalar) -> &'static [&'static str] {
    match scalar {
        Scalar::Id(_) => &[],
        Scalar::String => &[
            "", "a", "A", "ab", "Ab", "aB", "b%", "%", "a_b", "_", "é", "É", "😀x", "\\", "o'n",
            "[z]",
        ],
        Scalar::Int => &["-1", "0", "1", "2", "2147483647", "-2147483648"],
        Scalar::BigInt => {
            &["-1", "0", "1", "9007199254740993", "9223372036854775807", "-9223372036854775808"]
        }
        Scalar::Float => &["0", "-1.5", "0.1", "1e300", "-0.0", "1.0", "5e-324"],
        Scalar::Boolean => &[],
        Scalar::Decimal { .. } => &["0", "0.01", "-0.01", "12.50", "12.5", "999999.99"],
        Scalar::DateTime => &[
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T02:00:00+02:00",
            "2026-01-01T01:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ],
        Scalar::Date => &["0001-01-01", "1970-01-01", "2024-02-29", "9999-12-31"],
        Scalar::Time => &["00:00:00", "09:30:00", "09:30:00.000001", "23:59:59.999999"],
        Scalar::Duration => &["PT0S", "PT1H", "PT1H0.000001S", "P1DT2H"],
        Scalar::Json => &["{}", "[1,2]", "\"x\"", "1"],
        Scalar::Email => &["u0@example.org", "u1@example.org", "U1@example.org"],
        Scalar::Url => &["https://example.org/", "https://example.org/a%20b"],
        Scalar::Uuid => &[
            "00000000-0000-7000-8000-000000000000",
            "00000000-0000-7000-8000-000000000001",
            "ffffffff-ffff-4fff-bfff-ffffffffffff",
        ],
    }
}
