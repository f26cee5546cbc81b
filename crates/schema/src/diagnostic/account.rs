//! S0080 to S0082: who may log in.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;

pub(super) const SECOND: Page = Page {
    title: "two models are the account model",
    meaning: r#"
`auth.id` is the key of one row of one model. People of different kinds are rows of one account model
with a field that tells them apart, or with a role each; what else is known of each kind goes into a
model of its own that refers to the account."#,
    bad: r#"
type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}

type Customer @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}"#,
    good: r#"
type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}

type Customer @model @access(read: "true") {
  user: User! @unique
}"#,
};

pub(super) const NO_IDENTITY: Page = Page {
    title: "@account names no field to log in by",
    meaning: r#"
`identity` lists the fields that an account may be found by when it logs in, at least one."#,
    bad: r#"
type User @model @account(identity: []) @access(read: "true") {
  email: Email! @unique
}"#,
    good: r#"
type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}"#,
};

pub(super) const IDENTITY_FIELD: Page = Page {
    title: "a field does not identify an account",
    meaning: r#"
What an account logs in by must lead to exactly one account: a `String` or `Email` that is never null
and `@unique`."#,
    bad: r#"
type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email!
}"#,
    good: r#"
type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique
}"#,
};

pub(crate) fn second(span: Span, first: Span) -> Diagnostic {
    let message = "a schema has one account model";
    Diagnostic::new(DiagnosticCode::SecondAccount, message, span, "another one")
        .with_label(first, "the first")
        .with_help("let one model refer to the other, or tell the kinds apart by roles")
}

pub(crate) fn no_identity(span: Span) -> Diagnostic {
    let message = "`@account` names no field to log in by";
    Diagnostic::new(DiagnosticCode::NoIdentity, message, span, "nobody could log in")
        .with_help("name one: `@account(identity: [\"email\"])`")
}

pub(crate) fn identity_field(name: &str, span: Span, field: Span) -> Diagnostic {
    let message = format!("`{name}` does not identify an account");
    Diagnostic::new(DiagnosticCode::IdentityField, message, span, "named here")
        .with_label(field, "must be a `String!` or `Email!` and `@unique`")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn there_is_one_account_model_and_its_accounts_can_be_told_apart() {
        check_diagnostic(
            r#"
type User @model @account(identity: ["email", "nick", "nme"]) @access(read: "true") {
#                ^^^^^^^^ label: the first
#                                    ^^^^^^^ S0082: `email` does not identify an account
#                                             ^^^^^^ S0082: `nick` does not identify an account
#                                                     ^^^^^ S0023: model `User` has no field `nme`
  email: Email!
# ^^^^^ label: must be a `String!` or `Email!` and `@unique`
  nick: String @unique
# ^^^^ label: must be a `String!` or `Email!` and `@unique`
  name: String! @unique
}
type Other @model @account(identity: ["x"]) @access(read: "true") { x: String! @unique }
#                 ^^^^^^^^ S0080: a schema has one account model"#,
        );
    }

    #[test]
    fn somebody_must_be_able_to_log_in() {
        check_diagnostic(
            r#"
type User @model @account(identity: []) @access(read: "true") { name: String! }
#                ^^^^^^^^ S0081: `@account` names no field to log in by"#,
        );
    }
}
