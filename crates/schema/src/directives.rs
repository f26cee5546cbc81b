//! The table of directives, read from the SDL text that editors complete from.
//!
//! Unknown directives and arguments are found by this table alone, so the text an editor shows and
//! what the compiler accepts cannot drift apart.

use std::collections::HashMap;
use std::sync::LazyLock;

use apollo_compiler::ast::{self, Definition, DirectiveLocation, Document};

/// The SDL of all directives and scalars, with descriptions.
#[must_use]
pub fn directives() -> &'static str {
    include_str!("directives.graphql")
}

/// Names left free for directives to come, so that their absence can be told from a slip.
pub(crate) const PLANNED: &[&str] = &[
    "search",
    "cache",
    "limit",
    "encrypted",
    "personal",
    "audit",
    "retain",
    "softDelete",
    "tenant",
    "upload",
    "function",
    "job",
    "schedule",
    "computed",
    "vector",
    "geo",
];

/// Where a directive stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Schema,
    Model,
    Field,
    Enum,
    EnumValue,
}

impl Place {
    /// The place with its article, for messages.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Schema => "the schema",
            Self::Model => "a model",
            Self::Field => "a field",
            Self::Enum => "an enum",
            Self::EnumValue => "an enum value",
        }
    }
}

/// A directive of the table.
pub(crate) struct DirectiveRow {
    pub(crate) name: String,
    pub(crate) places: Vec<Place>,
    pub(crate) repeatable: bool,
    pub(crate) arguments: Vec<ArgumentRow>,
}

/// An argument of a directive.
pub(crate) struct ArgumentRow {
    pub(crate) name: String,
    pub(crate) kind: ArgumentKind,
    pub(crate) required: bool,
}

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArgumentKind {
    Text,
    Texts,
    Number,
    Flag,
    /// One of the values of an enum of the table.
    Symbol(&'static [&'static str]),
    /// A literal of the field's type.
    Literal,
}

/// The directives by name.
pub(crate) struct Table(Vec<DirectiveRow>);

/// The table.
pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(Table::read);

impl Table {
    pub(crate) fn get(&self, name: &str) -> Option<&DirectiveRow> {
        self.0.iter().find(|row| row.name == name)
    }

    /// The directives that may stand at `place`.
    pub(crate) fn names_at(&self, place: Place) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |row| row.places.contains(&place)).map(|row| row.name.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|row| row.name.as_str())
    }

    fn read() -> Self {
        let document = Document::parse(directives(), "directives.graphql")
            .expect("invariant: the text is our own and tested");
        let symbols = read_symbols(&document);
        let directives =
            document.definitions.iter().filter_map(Definition::as_directive_definition);
        let rows = directives.map(|directive| read_row(directive, &symbols));
        Self(rows.collect())
    }
}

type Symbols = HashMap<String, &'static [&'static str]>;

/// The enums of the text. Their values are leaked, once for the life of the program, so that a
/// kind of argument is a plain value.
fn read_symbols(document: &Document) -> Symbols {
    let leak = |name: &str| -> &'static str { Box::leak(name.to_owned().into_boxed_str()) };
    let enums = document.definitions.iter().filter_map(Definition::as_enum_type_definition);
    let symbols = enums.map(|list| {
        let values: Vec<&'static str> =
            list.values.iter().map(|value| leak(&value.value)).collect();
        (list.name.to_string(), &*values.leak())
    });
    symbols.collect()
}

fn read_row(directive: &ast::DirectiveDefinition, symbols: &Symbols) -> DirectiveRow {
    DirectiveRow {
        name: directive.name.to_string(),
        places: directive.locations.iter().map(|location| read_place(*location)).collect(),
        repeatable: directive.repeatable,
        arguments: directive
            .arguments
            .iter()
            .map(|argument| read_argument(argument, symbols))
            .collect(),
    }
}

fn read_place(location: DirectiveLocation) -> Place {
    let places = [
        (DirectiveLocation::Schema, Place::Schema),
        (DirectiveLocation::Object, Place::Model),
        (DirectiveLocation::FieldDefinition, Place::Field),
        (DirectiveLocation::EnumValue, Place::EnumValue),
    ];
    let known = places.iter().find(|(known, _)| *known == location);
    known.expect("invariant: our directives stand nowhere else").1
}

fn read_argument(argument: &ast::InputValueDefinition, symbols: &Symbols) -> ArgumentRow {
    let name = argument.ty.inner_named_type().as_str();
    let kind = match name {
        "String" if argument.ty.is_list() => ArgumentKind::Texts,
        "String" => ArgumentKind::Text,
        "Int" => ArgumentKind::Number,
        "Boolean" => ArgumentKind::Flag,
        "UnderpinLiteral" => ArgumentKind::Literal,
        name => ArgumentKind::Symbol(symbols[name]),
    };
    ArgumentRow { name: argument.name.to_string(), kind, required: argument.ty.is_non_null() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scalar;

    #[test]
    fn the_text_declares_every_directive_with_a_description() {
        let document = Document::parse(directives(), "directives.graphql").unwrap();
        for definition in &document.definitions {
            let described = if let Some(directive) = definition.as_directive_definition() {
                let mut arguments = directive.arguments.iter();
                arguments.all(|argument| argument.description.is_some())
                    && directive.description.is_some()
            } else if let Some(list) = definition.as_enum_type_definition() {
                list.description.is_some()
                    && list.values.iter().all(|value| value.description.is_some())
            } else {
                let scalar = definition.as_scalar_type_definition();
                scalar.is_some_and(|scalar| scalar.description.is_some())
            };
            assert!(described, "{definition}");
        }
        assert_eq!(TABLE.names().count(), 22);
    }

    #[test]
    fn the_text_declares_every_scalar_that_graphql_has_not() {
        let built_in = ["ID", "String", "Int", "Float", "Boolean"];
        for (name, _) in Scalar::ALL {
            let declared = directives().contains(&format!("\nscalar {name}\n"));
            assert_eq!(declared, !built_in.contains(&name), "{name}");
        }
    }

    #[test]
    fn planned_directives_are_not_yet_in_the_table() {
        assert!(PLANNED.iter().all(|name| TABLE.get(name).is_none()));
    }

    #[test]
    fn arguments_have_the_kinds_of_their_types() {
        let kind = |directive: &str, argument: &str| {
            let row = TABLE.get(directive).unwrap();
            row.arguments
                .iter()
                .find(|row| row.name == argument)
                .map(|row| (row.kind, row.required))
        };
        assert_eq!(kind("account", "identity"), Some((ArgumentKind::Texts, true)));
        assert_eq!(kind("version", "number"), Some((ArgumentKind::Number, true)));
        assert_eq!(kind("default", "value"), Some((ArgumentKind::Literal, false)));
        assert_eq!(
            kind("id", "kind"),
            Some((ArgumentKind::Symbol(&["UUID", "INT", "STRING"]), false))
        );
    }
}
