//! S0020 to S0026: names that nothing has. Each suggests the nearest name that something has.

use super::{Diagnostic, DiagnosticCode, Page, nearest};
use crate::applied::Text;
use crate::directives::{DirectiveRow, PLANNED, Place, TABLE};
use crate::{Model, Span};

pub(super) const TYPE: Page = Page {
    title: "a type does not exist",
    meaning: r#"
The type of a field is a scalar (`ID`, `String`, `Int`, `BigInt`, `Float`, `Boolean`, `Decimal`,
`DateTime`, `Date`, `Time`, `Duration`, `JSON`, `Email`, `URL`, `UUID`), an enum or a model of the
same file, or a list of one of them. Names are told apart by case."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: Strng!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const DIRECTIVE: Page = Page {
    title: "a directive does not exist",
    meaning: r#"
A directive that is not known is refused, never ignored: what it was written for would silently not
happen. The directives there are stand in `.underpin/directives.graphql`, with descriptions."#,
    bad: r#"
type Note @model @acess(read: "true") @access(read: "true") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const ARGUMENT: Page = Page {
    title: "a directive has no such argument",
    meaning: r#"
An argument that is not known is refused, never ignored. The help lists those the directive has."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String! @length(maximum: 200)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String! @length(max: 200)
}"#,
};

pub(super) const FIELD: Page = Page {
    title: "a directive names a field that the model has not",
    meaning: r#"
Indexes, `@account` and `@relation` name fields as they stand in the schema, not columns: `createdAt`
and not `created_at`. Every model has `id`, `createdAt`, `updatedAt` and `version` unless switched
off."#,
    bad: r#"
type Note @model @access(read: "true") @index(fields: ["titel"]) {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") @index(fields: ["title"]) {
  title: String!
}"#,
};

pub(super) const VALUE: Page = Page {
    title: "an enum has no such value",
    meaning: r#"
Arguments like `onDelete` take one of a few words, and the default of an enum field one of its
values. They are written without quotes."#,
    bad: r#"
type Task @model @access(read: "true") {
  status: Status! @default(value: OPNE)
}

enum Status { OPEN DONE }"#,
    good: r#"
type Task @model @access(read: "true") {
  status: Status! @default(value: OPEN)
}

enum Status { OPEN DONE }"#,
};

pub(super) const ROLE: Page = Page {
    title: "a role inherits from one that does not exist",
    meaning: r#"
`inherits` names roles that are declared by another `@role` of the schema. `admin` always exists."#,
    bad: r#"
extend schema
  @role(name: "staff", can: ["notes:read"])
  @role(name: "lead", inherits: ["staf"])

type Note @model @access(read: "false") {
  title: String!
}"#,
    good: r#"
extend schema
  @role(name: "staff", can: ["notes:read"])
  @role(name: "lead", inherits: ["staff"])

type Note @model @access(read: "false") {
  title: String!
}"#,
};

pub(super) const FILE: Page = Page {
    title: "files are not available yet",
    meaning: r#"
The type `File` is planned: uploads with checked types, stored beside the database and served with
the rules of their row. This version does not have it and says so, rather than storing something
else. Until then, keep files in an object store and their addresses in fields of type `URL`."#,
    bad: r#"
type Note @model @access(read: "true") {
  picture: File
}"#,
    good: r#"
type Note @model @access(read: "true") {
  picture: URL
}"#,
};

pub(crate) fn type_name<'a>(
    name: &str,
    span: Span,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    if name == "File" {
        let message = "type `File` is not available yet";
        return Diagnostic::new(DiagnosticCode::FilesUnavailable, message, span, "planned")
            .with_help(
                "keep the file in an object store and its address in a field of type `URL`",
            );
    }
    let message = format!("unknown type `{name}`");
    Diagnostic::new(DiagnosticCode::UnknownType, message, span, "no model, enum or scalar")
        .with_help_opt(did_you_mean(name, known))
}

pub(crate) fn directive(name: &str, span: Span, place: Place) -> Diagnostic {
    let message = format!("unknown directive `@{name}`");
    let diagnostic =
        Diagnostic::new(DiagnosticCode::UnknownDirective, message, span, "no such directive");
    if PLANNED.contains(&name) {
        return diagnostic.with_help(format!("`@{name}` is planned, but not available yet"));
    }
    // What fits the place is more likely meant than what does not.
    let meant = nearest(name, TABLE.names_at(place)).or_else(|| nearest(name, TABLE.names()));
    diagnostic.with_help(match meant {
        Some(meant) => format!("did you mean `@{meant}`?"),
        None => {
            let names: Vec<String> =
                TABLE.names_at(place).map(|name| format!("`@{name}`")).collect();
            match names.as_slice() {
                [] => format!("no directive stands on {}", place.noun()),
                names => format!("on {} can stand {}", place.noun(), names.join(", ")),
            }
        }
    })
}

pub(crate) fn argument(name: &str, span: Span, row: &DirectiveRow) -> Diagnostic {
    let message = format!("`@{}` has no argument `{name}`", row.name);
    let known: Vec<&str> = row.arguments.iter().map(|row| row.name.as_str()).collect();
    Diagnostic::new(DiagnosticCode::UnknownArgument, message, span, "no such argument").with_help(
        match (nearest(name, known.iter().copied()), known.is_empty()) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, true) => format!("`@{}` takes no arguments", row.name),
            (None, false) => format!("it takes {}", quoted(&known)),
        },
    )
}

pub(crate) fn field(name: Text<'_>, model: &Model) -> Diagnostic {
    let message = format!("model `{}` has no field `{}`", model.name, name.text);
    let known: Vec<&str> = model.fields.iter().map(|field| field.name.as_str()).collect();
    let help = did_you_mean(name.text, known.iter().copied());
    Diagnostic::new(DiagnosticCode::UnknownField, message, name.span, "no such field")
        .with_help(help.unwrap_or_else(|| format!("it has {}", quoted(&known))))
}

pub(crate) fn symbol(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let message = format!("unknown value `{name}`");
    let help = did_you_mean(name, known.iter().copied());
    Diagnostic::new(DiagnosticCode::UnknownValue, message, span, "no such value")
        .with_help(help.unwrap_or_else(|| format!("it is one of {}", quoted(known))))
}

pub(crate) fn role<'a>(name: Text<'_>, known: impl Iterator<Item = &'a str>) -> Diagnostic {
    let message = format!("unknown role `{}`", name.text);
    Diagnostic::new(DiagnosticCode::UnknownRole, message, name.span, "no `@role` declares it")
        .with_help_opt(did_you_mean(name.text, known))
}

fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    // Sorted, so that of equally near names always the same is suggested.
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    nearest(name, known).map(|meant| format!("did you mean `{meant}`?"))
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn every_unknown_name_suggests_the_nearest_one() {
        check_diagnostic(
            r#"
extend schema @role(name: "lead", inherits: ["admn"])
#                                            ^^^^^^ S0025: unknown role `admn`
#                                            help: did you mean `admin`?
type Note @model @acess(read: "true") @access(read: "true")
#                ^^^^^^ S0021: unknown directive `@acess`
#                help: did you mean `@access`?
  @index(fields: ["titel", "-created_at"]) {
#                 ^^^^^^^ S0023: model `Note` has no field `titel`
#                 help: did you mean `title`?
#                          ^^^^^^^^^^^^^ S0023: model `Note` has no field `created_at`
#                          help: did you mean `createdAt`?
  title: String!
  text: Strng! @length(maximum: 3)
#       ^^^^^ S0020: unknown type `Strng`
#       help: did you mean `String`?
#                      ^^^^^^^ S0022: `@length` has no argument `maximum`
#                      help: it takes `min`, `max`
  state: Kind @default(value: OPNE)
#                             ^^^^ S0024: unknown value `OPNE`
#                             help: did you mean `OPEN`?
  owner: Note @relation(onDelete: CASCAD)
#                                 ^^^^^^ S0024: unknown value `CASCAD`
#                                 help: did you mean `CASCADE`?
}
enum Kind { OPEN DONE }"#,
        );
    }

    #[test]
    fn what_is_planned_is_told_from_a_slip() {
        check_diagnostic(
            r#"
type Note @model @cache @access(read: "true") {
#                ^^^^^^ S0021: unknown directive `@cache`
#                help: `@cache` is planned, but not available yet
  picture: File
#          ^^^^ S0026: type `File` is not available yet
}"#,
        );
    }

    #[test]
    fn a_field_whose_own_type_is_wrong_is_not_unknown_too() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") @index(fields: ["title"]) {
  title: Strng!
#        ^^^^^ S0020: unknown type `Strng`
}"#,
        );
    }
}
