//! S0090 to S0092: warnings about who may do what.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::{Model, Span};

pub(super) const NO_RULES: Page = Page {
    title: "a model has no rule",
    meaning: r#"
Without a rule nobody may do anything with the model's rows, except who has the permission
(`notes:read`) by a role. If that is what you want, say so with a rule that never holds,
`@access(read: "false")`; otherwise add the rules that let people at their rows."#,
    bad: r#"
type Note @model {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const READABLE_SECRET: Page = Page {
    title: "a field that sounds like a secret can be read",
    meaning: r#"
Passwords, keys and tokens in plain text leak through every list, export and log. Passwords of
accounts are kept by the server itself, hashed, and need no field. Mark other secrets `@hidden`, or
give the field a `read` rule if its owner must see it."#,
    bad: r#"
type Device @model @access(read: "true") {
  secretKey: String
}"#,
    good: r#"
type Device @model @access(read: "true") {
  secretKey: String @hidden
}"#,
};

pub(super) const OPEN_WRITE: Page = Page {
    title: "anybody may change or delete any row",
    meaning: r#"
The rule `"true"` holds for everyone, also for who is not logged in. For reading and creating that
can be meant; for `update` and `delete` it lets strangers change what others wrote. Compare an owner
with `auth.id`, or ask for a permission."#,
    bad: r#"
type Note @model @access(read: "true", update: "true") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true", update: "auth.can('notes:update')") {
  title: String!
}"#,
};

pub(crate) fn no_rules(model: &Model) -> Diagnostic {
    let message = format!("model `{}` has no rule", model.name);
    let label = format!("only the permission `{}:…` reaches its rows", model.plural);
    Diagnostic::new(DiagnosticCode::NoRules, message, model.span, label).with_help(
        "add `@access(read: \"…\")`; if only permissions shall count, `@access(read: \"false\")`",
    )
}

pub(crate) fn readable_secret(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` sounds like a secret, and whoever sees the row can read it");
    Diagnostic::new(DiagnosticCode::ReadableSecret, message, span, "not hidden")
        .with_help("mark it `@hidden`, or give it a rule with `@access(read: \"…\")`")
}

pub(crate) fn open_write(operation: &str, model: &str, span: Span) -> Diagnostic {
    let message = format!("anybody may {operation} any `{model}`, logged in or not");
    Diagnostic::new(DiagnosticCode::OpenWrite, message, span, "holds for everyone")
        .with_help("compare an owner with `auth.id`, or ask for a permission with `auth.can('…')`")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn open_and_closed_models_are_pointed_out() {
        check_diagnostic(
            r#"
type Note @model {
#    ^^^^ S0090: model `Note` has no rule
  a: Int
}
type Page @model @access(create: "true", update: " true ", delete: "true") {
#                                                 ^^^^^^ S0092: anybody may update any `Page`, logged in or not
#                                                                   ^^^^ S0092: anybody may delete any `Page`, logged in or not
  password: String
# ^^^^^^^^ S0091: `password` sounds like a secret, and whoever sees the row can read it
  apiKey: String! @access(read: "row.id == auth.id")
  clientSecret: String @hidden
  hasPassword: Boolean
}"#,
        );
    }
}
