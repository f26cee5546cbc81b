//! S0050 to S0053: the shapes of fields.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::{Encoding, IdKind, Scalar, Span};

pub(super) const LIST_SHAPE: Page = Page {
    title: "a list has a shape that no value takes",
    meaning: r#"
Items of lists are never null, and lists are not nested. A relation to many rows is never null
either: no rows are an empty list. So lists are written `[String!]!` or `[String!]`, relations
`[Order!]!`. What needs more shape is of type `JSON`."#,
    bad: r#"
type Note @model @access(read: "true") {
  labels: [String]
}"#,
    good: r#"
type Note @model @access(read: "true") {
  labels: [String!]!
}"#,
};

pub(super) const KEY: Page = Page {
    title: "the key is not declared as `id: ID!`",
    meaning: r#"
Every model has one key, the field `id` of type `ID!`, whether declared or not. `@id(kind: INT)` or
`@id(kind: STRING)` choose another kind, `@column(name:)` another column. A field that holds the key
of another row is a relation; one that holds any other UUID is of type `UUID`."#,
    bad: r#"
type Note @model @access(read: "true") {
  id: Int!
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  id: ID! @id(kind: INT)
  title: String!
}"#,
};

pub(super) const SERVER_FIELD: Page = Page {
    title: "a field that the server fills is declared otherwise",
    meaning: r#"
`createdAt`, `updatedAt` (`DateTime!`) and `version` (`Int!`) are filled by the server. They may be
declared, for a description, a rule or another column, but in their own type and without a default.
To use the names for something else, switch the server's off: `@model(timestamps: false, version:
false)`."#,
    bad: r#"
type Note @model @access(read: "true") {
  version: String!
}"#,
    good: r#"
type Note @model(version: false) @access(read: "true") {
  version: String!
}"#,
};

pub(super) const STORAGE: Page = Page {
    title: "a column cannot hold the field in this way",
    meaning: r#"
`@column(storage:)` tells how a table of another program holds a value. `TEXT` goes with `DateTime`,
`Date`, `Time`, `Decimal`, `UUID` and keys that are UUIDs, `REAL` with `Decimal`, `SECONDS` and
`MILLIS` with `DateTime`. Everything else is held in one way, `NATIVE`."#,
    bad: r#"
type Note @model @access(read: "true") {
  sentOn: Date @column(storage: SECONDS)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  sentOn: Date @column(storage: TEXT)
}"#,
};

/// Whether a column may hold values of a type in a way.
pub(crate) fn storage_fits(encoding: Encoding, scalar: Option<Scalar>) -> bool {
    match encoding {
        Encoding::Native => true,
        Encoding::Text => matches!(
            scalar,
            Some(
                Scalar::DateTime
                    | Scalar::Date
                    | Scalar::Time
                    | Scalar::Decimal { .. }
                    | Scalar::Uuid
                    | Scalar::Id(IdKind::Uuid)
            )
        ),
        Encoding::Real => matches!(scalar, Some(Scalar::Decimal { .. })),
        Encoding::Seconds | Encoding::Millis => matches!(scalar, Some(Scalar::DateTime)),
    }
}

pub(crate) fn list_of_nullable(name: &str, span: Span) -> Diagnostic {
    let message = "items of a list are never null";
    Diagnostic::new(DiagnosticCode::ListShape, message, span, "could be null")
        .with_help(format!("write `[{name}!]!` or `[{name}!]`"))
}

pub(crate) fn list_of_rows(name: &str, span: Span) -> Diagnostic {
    let message = "a relation to many rows is never null, nor are its rows";
    Diagnostic::new(DiagnosticCode::ListShape, message, span, "could be null")
        .with_help(format!("write `[{name}!]!`"))
}

pub(crate) fn nested_list(span: Span) -> Diagnostic {
    let message = "lists are not nested";
    Diagnostic::new(DiagnosticCode::ListShape, message, span, "a list of lists")
        .with_help("use a field of type `JSON`")
}

pub(crate) fn key_type(span: Span) -> Diagnostic {
    let message = "the key of a model is `id: ID!`";
    Diagnostic::new(DiagnosticCode::KeyType, message, span, "another type")
        .with_help("write `id: ID! @id(kind: INT)` or `@id(kind: STRING)` for other kinds of keys")
}

pub(crate) fn key_elsewhere(name: &str, span: Span) -> Diagnostic {
    let message = format!("`ID` is the type of the key `id`, not of `{name}`");
    Diagnostic::new(DiagnosticCode::KeyType, message, span, "not a key")
        .with_help("use a relation to the model whose key it holds, or `UUID`, `BigInt`, `String`")
}

pub(crate) fn server_type(name: &str, scalar: Scalar, span: Span) -> Diagnostic {
    let message = format!("`{name}` is filled by the server and of type `{}!`", scalar.name());
    let switch = if name == "version" { "version" } else { "timestamps" };
    Diagnostic::new(DiagnosticCode::ServerField, message, span, "another type")
        .with_help(format!("to use the name otherwise: `@model({switch}: false)`"))
}

pub(crate) fn server_default(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` is filled by the server and has no default");
    Diagnostic::new(DiagnosticCode::ServerField, message, span, "never used")
}

pub(crate) fn storage(storage: &str, span: Span) -> Diagnostic {
    let message = format!("a field of this type is not held as {storage}");
    Diagnostic::new(DiagnosticCode::Storage, message, span, "does not fit the field")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn lists_have_items_and_one_level() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: [String]
#     ^^^^^^ S0050: items of a list are never null
  b: [[String!]!]!
#      ^^^^^^ S0050: lists are not nested
  c: [Note!]
#     ^^^^ S0050: a relation to many rows is never null, nor are its rows
  d: [String!]
}"#,
        );
    }

    #[test]
    fn the_key_is_an_id_and_nothing_else_is() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  id: Int!
#     ^^^ S0051: the key of a model is `id: ID!`
  other: ID
#        ^^ S0051: `ID` is the type of the key `id`, not of `other`
}
type Page @model @access(read: "true") {
  id: ID
#     ^^ S0051: the key of a model is `id: ID!`
}"#,
        );
    }

    #[test]
    fn what_the_server_fills_keeps_its_type() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  id: ID! @default(value: "01939f3e-7c1a-7000-8000-000000000001")
#         ^^^^^^^^ S0052: `id` is filled by the server and has no default
  version: String!
#          ^^^^^^ S0052: `version` is filled by the server and of type `Int!`
  createdAt: DateTime
#            ^^^^^^^^ S0052: `createdAt` is filled by the server and of type `DateTime!`
  updatedAt: DateTime! @default(now: true)
#                      ^^^^^^^^ S0052: `updatedAt` is filled by the server and has no default
}"#,
        );
    }

    #[test]
    fn columns_hold_what_they_can() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  id: ID! @column(storage: TEXT)
  a: Int @column(storage: TEXT)
#                         ^^^^ S0053: a field of this type is not held as TEXT
  b: Date @column(storage: MILLIS)
#                          ^^^^^^ S0053: a field of this type is not held as MILLIS
  c: [Date!] @column(storage: TEXT)
#                             ^^^^ S0053: a field of this type is not held as TEXT
  d: Page @column(storage: TEXT)
#                          ^^^^ S0053: a field of this type is not held as TEXT
  e: Note @column(storage: TEXT)
}
type Page @model @access(read: "true") { id: ID! @id(kind: INT) }"#,
        );
    }
}
