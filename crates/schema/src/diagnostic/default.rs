//! S0045 to S0048: defaults that a field cannot have.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;

pub(super) const TYPE: Page = Page {
    title: "a default is not a value of the field's type",
    meaning: r#"
The default has the type of its field: numbers bare, texts, dates and times in quotes, enum values
bare, lists in brackets. Nothing is converted."#,
    bad: r#"
type Note @model @access(read: "true") {
  stars: Int! @default(value: "none")
}"#,
    good: r#"
type Note @model @access(read: "true") {
  stars: Int! @default(value: 0)
}"#,
};

pub(super) const COUNT: Page = Page {
    title: "@default takes exactly one argument",
    meaning: r#"
A field starts as a fixed `value`, as the time of the request (`now: true`) or as the caller's
account (`auth: true`): one of the three."#,
    bad: r#"
type Note @model @access(read: "true") {
  sentAt: DateTime @default(now: true, value: "2026-01-01T00:00:00Z")
}"#,
    good: r#"
type Note @model @access(read: "true") {
  sentAt: DateTime @default(now: true)
}"#,
};

pub(super) const OUTSIDE: Page = Page {
    title: "a default is not allowed by the field's own constraints",
    meaning: r#"
A default is a value like any other and must satisfy the `@length`, `@range` and `@pattern` of its
field: otherwise a row could be created that could not be sent back unchanged."#,
    bad: r#"
type Note @model @access(read: "true") {
  stars: Int! @default(value: 0) @range(min: 1)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  stars: Int! @default(value: 1) @range(min: 1)
}"#,
};

pub(super) const MISFIT: Page = Page {
    title: "this kind of default does not fit the field",
    meaning: r#"
`@default(now: true)` is for fields of type `DateTime`, `@default(auth: true)` for references to the
account model, which `@account` names. A reference has no fixed `value`: keys are made when rows
are."#,
    bad: r#"
type Note @model @access(read: "true") {
  sentOn: Date @default(now: true)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  sentAt: DateTime @default(now: true)
}"#,
};

pub(crate) fn wrong_type(type_name: &str, why: &str, span: Span) -> Diagnostic {
    let message = format!("the default is not a value of `{type_name}`");
    Diagnostic::new(DiagnosticCode::DefaultType, message, span, why)
}

pub(crate) fn quoted_symbol(text: &str, span: Span) -> Diagnostic {
    let message = "an enum value is written without quotes";
    Diagnostic::new(DiagnosticCode::DefaultType, message, span, "a text")
        .with_help(format!("write {text}"))
}

pub(crate) fn not_one(span: Span) -> Diagnostic {
    let message = "`@default` takes one of `value`, `now: true` and `auth: true`";
    Diagnostic::new(DiagnosticCode::DefaultCount, message, span, "not exactly one")
}

pub(crate) fn outside_constraints(why: &str, span: Span) -> Diagnostic {
    let message = "the default is not allowed by the field itself";
    Diagnostic::new(DiagnosticCode::DefaultOutside, message, span, why)
}

pub(crate) fn now_misfit(span: Span) -> Diagnostic {
    let message = "`now` is a default for fields of type `DateTime`";
    Diagnostic::new(DiagnosticCode::DefaultMisfit, message, span, "does not fit the field")
}

pub(crate) fn auth_misfit(span: Span, type_span: Span) -> Diagnostic {
    let message = "`auth` is a default for references to the account model";
    Diagnostic::new(DiagnosticCode::DefaultMisfit, message, span, "does not fit the field")
        .with_label(type_span, "not the account model")
        .with_help("`@account` on a model makes it the account model")
}

pub(crate) fn value_of_relation(span: Span, type_span: Span) -> Diagnostic {
    let message = "a reference has no fixed default";
    Diagnostic::new(DiagnosticCode::DefaultMisfit, message, span, "keys are made when rows are")
        .with_label(type_span, "a model")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn a_default_has_the_type_of_its_field() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: Int @default(value: "1")
#                        ^^^ S0045: the default is not a value of `Int`
  b: Int @default(value: 1.5)
#                        ^^^ S0045: the default is not a value of `Int`
  c: DateTime @default(value: "2026-11-20")
#                             ^^^^^^^^^^^^ S0045: the default is not a value of `DateTime`
  d: Kind @default(value: "A")
#                         ^^^ S0045: an enum value is written without quotes
#                         help: write A
  e: Kind @default(value: 1)
#                         ^ S0045: the default is not a value of `Kind`
  f: [Int!] @default(value: [1, "2"])
#                               ^^^ S0045: the default is not a value of `Int`
  g: [Kind!] @default(value: A)
#                            ^ S0045: the default is not a value of `list`
  h: String @default(value: A)
#                           ^ S0045: the default is not a value of `String`
  i: JSON @default(value: {a: [B]})
#                         ^^^^^^^^ S0045: the default is not a value of `JSON`
  j: Boolean @default(value: "true")
#                            ^^^^^^ S0045: the default is not a value of `Boolean`
}
enum Kind { A }"#,
        );
    }

    #[test]
    fn a_default_is_one_thing() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: Int @default
#        ^^^^^^^^ S0046: `@default` takes one of `value`, `now: true` and `auth: true`
  b: DateTime @default(now: true, auth: true)
#             ^^^^^^^^ S0046: `@default` takes one of `value`, `now: true` and `auth: true`
  c: DateTime @default(now: false)
#             ^^^^^^^^ S0046: `@default` takes one of `value`, `now: true` and `auth: true`
}"#,
        );
    }

    #[test]
    fn a_default_satisfies_the_field() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: Int @default(value: 0) @range(min: 1)
#                        ^ S0047: the default is not allowed by the field itself
#                        label: must be at least 1
  b: String @default(value: "é") @length(min: 2)
#                           ^^^ S0047: the default is not allowed by the field itself
  c: String @default(value: "B") @pattern(regex: "[a-z]")
#                           ^^^ S0047: the default is not allowed by the field itself
  d: [Int!]! @default(value: [1, 2]) @length(max: 1)
#                            ^^^^^^ S0047: the default is not allowed by the field itself
}"#,
        );
    }

    #[test]
    fn the_time_and_the_caller_fit_some_fields_only() {
        check_diagnostic(
            r#"
type User @model @account(identity: ["name"]) @access(read: "true") { name: String! @unique }
type Note @model @access(read: "true") {
  a: Date @default(now: true)
#         ^^^^^^^^ S0048: `now` is a default for fields of type `DateTime`
  b: UUID @default(auth: true)
#    ^^^^ label: not the account model
#         ^^^^^^^^ S0048: `auth` is a default for references to the account model
  c: Note @default(auth: true)
#    ^^^^ label: not the account model
#         ^^^^^^^^ S0048: `auth` is a default for references to the account model
  d: User @default(value: "ada")
#    ^^^^ label: a model
#                         ^^^^^ S0048: a reference has no fixed default
  e: User @default(auth: true)
}"#,
        );
    }
}
