//! S0003 to S0006: definitions that make no model.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;

pub(super) const UNSUPPORTED: Page = Page {
    title: "the schema language has no such definition",
    meaning: r#"
A schema file declares models (`type … @model`), enums, and directives of the schema. Interfaces,
unions, input types, root operations and scalars of your own are made from the models where an API
needs them; the definitions of our directives stand in `.underpin/directives.graphql`. Fields of
models take no arguments."#,
    bad: r#"
interface Named {
  name: String!
}

type Note @model @access(read: "true") {
  name: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  name: String!
}"#,
};

pub(super) const NO_MODELS: Page = Page {
    title: "the schema has no model",
    meaning: r#"
A schema without a model serves nothing. This is a warning, so that a project can start empty."#,
    bad: r#"
enum Status { OPEN DONE }"#,
    good: r#"
type Task @model @access(read: "true") {
  status: Status!
}

enum Status { OPEN DONE }"#,
};

pub(super) const NOT_A_MODEL: Page = Page {
    title: "a type is not a model",
    meaning: r#"
Every object type is a model, with a table and a resource of its own, and says so with `@model`. The
word is asked for so that a type that was meant for something else does not become a public resource
unnoticed. A nested object that needs no rows of its own is a field of type `JSON`."#,
    bad: r#"
type Note @access(read: "true") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const EXTENDS_NOTHING: Page = Page {
    title: "an extension of something that does not exist",
    meaning: r#"
`extend type` and `extend enum` add to a definition that stands in the same file, before or after.
Most often the name is misspelt, or the definition was renamed."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String!
}

extend type Nota {
  stars: Int
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}

extend type Note {
  stars: Int
}"#,
};

pub(crate) fn unsupported(what: &str, span: Span) -> Diagnostic {
    let message = format!("{what} cannot stand in a schema");
    Diagnostic::new(DiagnosticCode::Unsupported, message, span, "not part of the schema language")
        .with_help("a schema declares models (`type … @model`), enums, and roles (`extend schema @role(…)`)")
}

pub(crate) fn no_models() -> Diagnostic {
    Diagnostic::new(DiagnosticCode::NoModels, "the schema has no model", Span::default(), "")
        .with_help("declare one: `type Note @model { title: String! }`")
}

pub(crate) fn not_a_model(name: &str, span: Span) -> Diagnostic {
    let message = format!("type `{name}` is not a model");
    Diagnostic::new(DiagnosticCode::NotAModel, message, span, "has no `@model`").with_help(format!(
        "write `type {name} @model`, or use a field of type `JSON` for nested values"
    ))
}

pub(crate) fn extends_nothing(name: &str, span: Span, nearest: Option<&str>) -> Diagnostic {
    let message = format!("`{name}` is extended but not defined");
    Diagnostic::new(DiagnosticCode::ExtendsNothing, message, span, "no such definition")
        .with_help_opt(nearest.map(|nearest| format!("did you mean `{nearest}`?")))
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn what_graphql_has_and_the_language_has_not_is_named() {
        check_diagnostic(
            r#"
interface Named { name: String! }
#         ^^^^^ S0003: an interface cannot stand in a schema
union Any = Note
#     ^^^ S0003: a union cannot stand in a schema
input NoteInput { name: String! }
#     ^^^^^^^^^ S0003: an input type cannot stand in a schema
scalar Money
#      ^^^^^ S0003: the definition of a scalar cannot stand in a schema
directive @mine on OBJECT
#          ^^^^ S0003: the definition of a directive cannot stand in a schema
query Q { a }
#     ^ S0003: an operation cannot stand in a schema
schema { query: Note }
#        ^^^^^^^^^^^ S0003: a root operation cannot stand in a schema
type Note implements Named @model @access(read: "true") {
#                    ^^^^^ S0003: `implements` cannot stand in a schema
  title(upper: Boolean): String!
#       ^^^^^ S0003: an argument of a field cannot stand in a schema
}"#,
        );
    }

    #[test]
    fn a_type_says_that_it_is_a_model_and_relations_to_it_are_not_reported_too() {
        check_diagnostic(
            r#"
type Note @access(read: "true") {
#    ^^^^ S0005: type `Note` is not a model
  title: String!
}
type Page @modl @access(read: "true") { note: Note }
#         ^^^^^ S0021: unknown directive `@modl`
type Line @model @access(read: "true") {
  note: Note!
}"#,
        );
    }

    #[test]
    fn an_extension_needs_its_definition() {
        check_diagnostic(
            r#"
extend type Nota { stars: Int }
#           ^^^^ S0006: `Nota` is extended but not defined
#                help: did you mean `Note`?
extend enum Status { DONE }
#           ^^^^^^ S0006: `Status` is extended but not defined
type Note @model @access(read: "true") { title: String! }"#,
        );
    }
}
