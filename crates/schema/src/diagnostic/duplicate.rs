//! S0010 to S0012: one name for two things.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;

pub(super) const TYPE: Page = Page {
    title: "two models or enums have the same name",
    meaning: r#"
Models and enums share one set of names. To add to a definition elsewhere in the file, write `extend
type` or `extend enum`."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String!
}

type Note @model @access(read: "true") {
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

pub(super) const FIELD: Page = Page {
    title: "two fields of a model have the same name",
    meaning: r#"
A field's name is its name on the wire, so a model has each name once, extensions included."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String!
  title: Int
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
  stars: Int
}"#,
};

pub(super) const ENUM_VALUE: Page = Page {
    title: "two values of an enum have the same name",
    meaning: r#"
An enum's values are what its columns hold, so each stands once."#,
    bad: r#"
type Task @model @access(read: "true") {
  status: Status!
}

enum Status { OPEN DONE OPEN }"#,
    good: r#"
type Task @model @access(read: "true") {
  status: Status!
}

enum Status { OPEN DONE }"#,
};

pub(crate) fn type_name(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("`{name}` is defined twice");
    Diagnostic::new(DiagnosticCode::DuplicateType, message, span, "here again")
        .with_label(first, "first here")
        .with_help(format!("rename one, or write `extend type {name}` to add to it"))
}

pub(crate) fn field(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("field `{name}` is declared twice");
    Diagnostic::new(DiagnosticCode::DuplicateField, message, span, "here again")
        .with_label(first, "first here")
}

pub(crate) fn enum_value(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("enum value `{name}` stands twice");
    Diagnostic::new(DiagnosticCode::DuplicateEnumValue, message, span, "here again")
        .with_label(first, "first here")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn the_second_of_a_name_is_the_mistake_and_the_first_is_shown() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
#    ^^^^ label: first here
  title: String!
# ^^^^^ label: first here
  title: Int
# ^^^^^ S0011: field `title` is declared twice
}
enum Note { A B A }
#    ^^^^ S0010: `Note` is defined twice
enum Letter { A B A }
#             ^ label: first here
#                 ^ S0012: enum value `A` stands twice
type Word @model @access(read: "true") { letter: Letter! }"#,
        );
    }

    #[test]
    fn an_extension_cannot_repeat_a_field() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") { title: String! }
#                                        ^^^^^ label: first here
extend type Note { title: Int }
#                  ^^^^^ S0011: field `title` is declared twice"#,
        );
    }
}
