//! S0083 to S0086: roles and what they may do.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;
use crate::applied::Text;

pub(super) const TWICE: Page = Page {
    title: "a role is declared twice",
    meaning: r#"
A role is one name for one set of permissions. Put all permissions into one `@role`, or let one role
inherit from another."#,
    bad: r#"
extend schema
  @role(name: "staff", can: ["notes:read"])
  @role(name: "staff", can: ["notes:update"])

type Note @model @access(read: "false") {
  title: String!
}"#,
    good: r#"
extend schema @role(name: "staff", can: ["notes:read", "notes:update"])

type Note @model @access(read: "false") {
  title: String!
}"#,
};

pub(super) const CYCLE: Page = Page {
    title: "roles inherit from each other in a circle",
    meaning: r#"
Roles that inherit from each other would all have the same permissions, which is one role under
several names. Break the circle where one role was meant to be the lesser."#,
    bad: r#"
extend schema
  @role(name: "staff", inherits: ["lead"])
  @role(name: "lead", inherits: ["staff"], can: ["notes:read"])

type Note @model @access(read: "false") {
  title: String!
}"#,
    good: r#"
extend schema
  @role(name: "staff", can: ["notes:read"])
  @role(name: "lead", inherits: ["staff"], can: ["notes:update"])

type Note @model @access(read: "false") {
  title: String!
}"#,
};

pub(super) const FORM: Page = Page {
    title: "a role or permission is not in the form of one",
    meaning: r#"
A permission is `<plural>:<operation>` (`notes:update`), `<plural>:*` or `*`. Besides `read`,
`create`, `update` and `delete` the second half may be a word of your own, which rules ask for with
`auth.can('notes:publish')`. Names of roles are letters, digits, `_` and `-`."#,
    bad: r#"
extend schema @role(name: "staff", can: ["update notes"])

type Note @model @access(read: "false") {
  title: String!
}"#,
    good: r#"
extend schema @role(name: "staff", can: ["notes:update"])

type Note @model @access(read: "false") {
  title: String!
}"#,
};

pub(super) const NEAR_MODEL: Page = Page {
    title: "a permission names almost a model",
    meaning: r#"
The first half of a permission is the plural of a model, as in the path of the API. Permissions of
your own making are allowed, so this is a warning; but one that differs from a model's by a letter or
two grants nothing and is most likely a slip."#,
    bad: r#"
extend schema @role(name: "staff", can: ["note:update"])

type Note @model @access(read: "false") {
  title: String!
}"#,
    good: r#"
extend schema @role(name: "staff", can: ["notes:update"])

type Note @model @access(read: "false") {
  title: String!
}"#,
};

/// Whether both halves of a permission are words.
pub(crate) fn is_well_formed(plural: &str, operation: &str) -> bool {
    is_word(plural) && (operation == "*" || is_word(operation))
}

pub(crate) fn check_name(name: Text<'_>) -> Option<Diagnostic> {
    (!is_word(name.text)).then(|| {
        let message = format!("`{}` is not a name for a role", name.text);
        Diagnostic::new(DiagnosticCode::PermissionForm, message, name.span, "not a name")
            .with_help("use letters, digits, `_` and `-`")
    })
}

pub(crate) fn declared_twice(name: Text<'_>, first: Span) -> Diagnostic {
    let message = format!("role `{}` is declared twice", name.text);
    Diagnostic::new(DiagnosticCode::RoleTwice, message, name.span, "here again")
        .with_label(first, "first here")
}

pub(crate) fn cycle(around: &[(&str, Span)], span: Span) -> Diagnostic {
    let names: Vec<String> = around.iter().map(|(name, _)| format!("`{name}`")).collect();
    let message = match names.as_slice() {
        [only] => format!("role {only} inherits from itself"),
        names => format!("roles {} inherit from each other in a circle", names.join(", ")),
    };
    Diagnostic::new(DiagnosticCode::RoleCycle, message, span, "closes the circle")
}

pub(crate) fn malformed_permission(permission: Text<'_>) -> Diagnostic {
    let message = format!("`{}` is not a permission", permission.text);
    Diagnostic::new(DiagnosticCode::PermissionForm, message, permission.span, "not a permission")
        .with_help("write `<plural>:<operation>`, `<plural>:*` or `*`, as `notes:update`")
}

pub(crate) fn near_model(permission: Text<'_>, meant: &str) -> Diagnostic {
    let message = format!("permission `{}` belongs to no model", permission.text);
    Diagnostic::new(DiagnosticCode::PermissionNearModel, message, permission.span, "grants nothing")
        .with_help(format!("did you mean `{meant}`?"))
}

pub(crate) fn is_word(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn roles_are_declared_once_and_permissions_have_a_form() {
        check_diagnostic(
            r#"
extend schema
  @role(name: "staff", can: ["notes:*", "note:read", "reports:run", "notes", "a:b:c", ":read", "*"])
#             ^^^^^^^ label: first here
#                                       ^^^^^^^^^^^ S0086: permission `note:read` belongs to no model
#                                       help: did you mean `notes:read`?
#                                                                   ^^^^^^^ S0085: `notes` is not a permission
#                                                                            ^^^^^^^ S0085: `a:b:c` is not a permission
#                                                                                     ^^^^^^^ S0085: `:read` is not a permission
  @role(name: "staff")
#             ^^^^^^^ S0083: role `staff` is declared twice
  @role(name: "two words")
#             ^^^^^^^^^^^ S0085: `two words` is not a name for a role
type Note @model @access(read: "true") { title: String! }"#,
        );
    }

    #[test]
    fn a_circle_is_reported_once() {
        check_diagnostic(
            r#"
extend schema
  @role(name: "own", inherits: ["own"])
#                               ^^^^^ S0084: role `own` inherits from itself
  @role(name: "a", inherits: ["b"])
  @role(name: "b", inherits: ["c", "d"])
  @role(name: "c", inherits: ["a", "d"])
#                             ^^^ S0084: roles `a`, `b`, `c` inherit from each other in a circle
  @role(name: "d", can: ["notes:read"])
type Note @model @access(read: "true") { title: String! }"#,
        );
    }
}
