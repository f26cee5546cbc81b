//! S0030 to S0039: directives used where or how they cannot be.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;
use crate::directives::{ArgumentKind, ArgumentRow, DirectiveRow, Place};

pub(super) const PLACE: Page = Page {
    title: "a directive stands where it means nothing",
    meaning: r#"
Each directive stands on the schema, on models, on fields or on enum values, as its definition in
`.underpin/directives.graphql` says. Roles and the version belong to the schema: `extend schema
@role(…)`."#,
    bad: r#"
type Note @model @access(read: "true") @immutable {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String! @immutable
}"#,
};

pub(super) const REPEATED: Page = Page {
    title: "a directive stands twice",
    meaning: r#"
Only `@role`, `@index`, `@unique` and `@check` may stand several times. Put all arguments of the
others into one."#,
    bad: r#"
type Note @model @access(read: "true") @access(create: "auth.id != null") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true", create: "auth.id != null") {
  title: String!
}"#,
};

pub(super) const MISSING_ARGUMENT: Page = Page {
    title: "a directive lacks an argument it needs",
    meaning: r#"
An argument whose type ends in `!` in `.underpin/directives.graphql` must be given."#,
    bad: r#"
type Note @model @access(read: "true") @check(rule: "row.stars >= 0") {
  stars: Int!
}"#,
    good: r#"
type Note @model @access(read: "true")
  @check(rule: "row.stars >= 0", message: "stars must not be negative") {
  stars: Int!
}"#,
};

pub(super) const ARGUMENT_TYPE: Page = Page {
    title: "an argument has the wrong type",
    meaning: r#"
Rules, names and messages are texts in quotes; numbers, `true` and `false`, and words like `CASCADE`
stand without. Lists of names are texts in brackets."#,
    bad: r#"
type Note @model(timestamps: "no") @access(read: "true") {
  title: String!
}"#,
    good: r#"
type Note @model(timestamps: false) @access(read: "true") {
  title: String!
}"#,
};

pub(super) const ARGUMENT_TWICE: Page = Page {
    title: "an argument is given twice",
    meaning: r#"
Of two values for one argument only one could count, so each argument is given once."#,
    bad: r#"
type Note @model @access(read: "true", read: "false") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const ARGUMENT_PLACE: Page = Page {
    title: "an argument belongs to another place",
    meaning: r#"
`@access` takes `read`, `create`, `update` and `delete` on a model, but `read` and `write` on a
field: a field is set by creates and updates alike. `@index` and `@unique` name fields on a model; on
a field they mean that field."#,
    bad: r#"
type Note @model @access(read: "true") {
  stars: Int @access(update: "auth.can('notes:rate')")
}"#,
    good: r#"
type Note @model @access(read: "true") {
  stars: Int @access(write: "auth.can('notes:rate')")
}"#,
};

pub(super) const SAYS_NOTHING: Page = Page {
    title: "a directive without arguments says nothing",
    meaning: r#"
`@access`, `@length` and `@range` need at least one argument, and `@index` and `@unique` on a model
need `fields`. Without them they would look like protection and be none."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String! @length
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String! @length(max: 200)
}"#,
};

pub(super) const CONTRADICTION: Page = Page {
    title: "two directives do not go together",
    meaning: r#"
`@readonly` says that no client sets the field, `@immutable` that clients set it once, `@hidden`
that no client sees or sets it. A field says one of these, and rules only for what is still open."#,
    bad: r#"
type Note @model @access(read: "true") {
  source: String @readonly @immutable
}"#,
    good: r#"
type Note @model @access(read: "true") {
  source: String @immutable
}"#,
};

pub(super) const NOBODY_SETS: Page = Page {
    title: "a required field that no client can set has no default",
    meaning: r#"
Every row needs a value for the field, clients may not send one, and there is no default: a create
by a client can never succeed. Give it a default or make it nullable."#,
    bad: r#"
type Note @model @access(read: "true") {
  source: String! @readonly
}"#,
    good: r#"
type Note @model @access(read: "true") {
  source: String! @readonly @default(value: "web")
}"#,
};

pub(super) const VERSION: Page = Page {
    title: "the version is not a positive number",
    meaning: r#"
`@version(number:)` is the number in the path of the API, `/api/v1`, and starts at 1."#,
    bad: r#"
extend schema @version(number: 0)

type Note @model @access(read: "true") {
  title: String!
}"#,
    good: r#"
extend schema @version(number: 1)

type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(crate) fn wrong_place(row: &DirectiveRow, span: Span, place: Place) -> Diagnostic {
    let message = format!("`@{}` cannot stand on {}", row.name, place.noun());
    let places: Vec<&str> = row.places.iter().map(|place| place.noun()).collect();
    Diagnostic::new(DiagnosticCode::DirectivePlace, message, span, "not here")
        .with_help(format!("it stands on {}", places.join(" or ")))
}

pub(crate) fn repeated(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("`@{name}` stands twice");
    Diagnostic::new(DiagnosticCode::DirectiveRepeated, message, span, "here again")
        .with_label(first, "first here")
}

pub(crate) fn missing_argument(
    row: &DirectiveRow,
    argument: &ArgumentRow,
    span: Span,
) -> Diagnostic {
    let message = format!("`@{}` needs `{}`", row.name, argument.name);
    let form = form_of(argument.kind);
    Diagnostic::new(DiagnosticCode::MissingArgument, message, span, "lacks an argument")
        .with_help(format!("add `{}:` with {form}", argument.name))
}

pub(crate) fn wrong_argument_type(argument: &ArgumentRow, span: Span) -> Diagnostic {
    let form = form_of(argument.kind);
    let message = format!("`{}` takes {form}", argument.name);
    Diagnostic::new(DiagnosticCode::ArgumentType, message, span, "something else")
}

pub(crate) fn argument_twice(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` is given twice");
    Diagnostic::new(DiagnosticCode::ArgumentTwice, message, span, "here again")
}

pub(crate) fn argument_elsewhere(
    row: &DirectiveRow,
    argument: &ArgumentRow,
    span: Span,
    place: Place,
) -> Diagnostic {
    let message = format!("`@{}` on {} takes no `{}`", row.name, place.noun(), argument.name);
    let help = match (row.name.as_str(), place) {
        ("access", Place::Field) => {
            "a field has `read` and `write`; `write` is for creates and updates"
        }
        ("access", _) => "a model has `read`, `create`, `update` and `delete`",
        _ => "on a field it means that field; put it on the model to name several",
    };
    Diagnostic::new(DiagnosticCode::ArgumentPlace, message, span, "not here").with_help(help)
}

pub(crate) fn says_nothing(name: &str, span: Span) -> Diagnostic {
    let message = format!("`@{name}` says nothing without an argument");
    Diagnostic::new(DiagnosticCode::SaysNothing, message, span, "lacks arguments")
}

pub(crate) fn contradiction([one, other]: [(&str, Span); 2], why: &str) -> Diagnostic {
    let message = format!("`@{}` and `@{}` do not go together", one.0, other.0);
    Diagnostic::new(DiagnosticCode::Contradiction, message, other.1, "this")
        .with_label(one.1, "with this")
        .with_help(why)
}

pub(crate) fn nobody_sets(which: &str, name: &str, span: Span, field: Span) -> Diagnostic {
    let message = format!("`{name}` is required, but no client can set it");
    Diagnostic::new(DiagnosticCode::NobodySets, message, field, "has no default")
        .with_label(span, format!("`@{which}` keeps clients from setting it"))
        .with_help("add `@default(…)`, or make it nullable")
}

pub(crate) fn version(span: Span) -> Diagnostic {
    let message = "the version must be 1 or more";
    Diagnostic::new(DiagnosticCode::VersionNumber, message, span, "not a version")
}

fn form_of(kind: ArgumentKind) -> String {
    match kind {
        ArgumentKind::Text => "a text in quotes".to_owned(),
        ArgumentKind::Texts => "a list of texts in quotes".to_owned(),
        ArgumentKind::Number => "an integer".to_owned(),
        ArgumentKind::Flag => "`true` or `false`".to_owned(),
        ArgumentKind::Symbol(known) => format!("{}, without quotes", known.join(" or ")),
        ArgumentKind::Literal => "a literal".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn a_directive_stands_in_its_places() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") @immutable {
#                                      ^^^^^^^^^^ S0030: `@immutable` cannot stand on a model
#                                      help: it stands on a field
  title: String! @role(name: "x")
#                ^^^^^ S0030: `@role` cannot stand on a field
}
enum Kind @access(read: "true") { A @unique }
#         ^^^^^^^ S0030: `@access` cannot stand on an enum
#                                   ^^^^^^^ S0030: `@unique` cannot stand on an enum value
extend schema @model
#             ^^^^^^ S0030: `@model` cannot stand on the schema"#,
        );
    }

    #[test]
    fn a_directive_stands_once_even_over_extensions() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") { title: String! }
#                ^^^^^^^ label: first here
extend type Note @access(create: "true") { stars: Int }
#                ^^^^^^^ S0031: `@access` stands twice"#,
        );
    }

    #[test]
    fn arguments_are_there_once_in_their_type_and_place() {
        check_diagnostic(
            r#"
type Note @model(timestamps: "no") @check(rule: "row.a == 1")
#                            ^^^^ S0033: `timestamps` takes `true` or `false`
#                                  ^^^^^^ S0032: `@check` needs `message`
  @access(read: "true", read: "false", write: "true") @index(fields: [title]) {
#                       ^^^^ S0034: `read` is given twice
#                                      ^^^^^ S0035: `@access` on a model takes no `write`
#                                                                    ^^^^^^^ S0033: `fields` takes a list of texts in quotes
  title: String! @length(max: "3") @index(fields: ["title"]) @access(update: "true")
#                             ^^^ S0033: `max` takes an integer
#                                         ^^^^^^ S0035: `@index` on a field takes no `fields`
#                                                                    ^^^^^^ S0035: `@access` on a field takes no `update`
  owner: Note @relation(onDelete: "CASCADE")
#                                 ^^^^^^^^^ S0033: `onDelete` takes RESTRICT or CASCADE or SET_NULL or NO_ACTION, without quotes
}"#,
        );
    }

    #[test]
    fn a_directive_that_says_nothing_is_no_protection() {
        check_diagnostic(
            r#"
type Note @model @access @index(unique: true) {
#    ^^^^ S0090: model `Note` has no rule
#                ^^^^^^^ S0036: `@access` says nothing without an argument
#                        ^^^^^^ S0036: `@index` says nothing without an argument
  title: String! @length @access
#                ^^^^^^^ S0036: `@length` says nothing without an argument
#                        ^^^^^^^ S0036: `@access` says nothing without an argument
  stars: Int @range
#            ^^^^^^ S0036: `@range` says nothing without an argument
}"#,
        );
    }

    #[test]
    fn directives_that_contradict_each_other_are_refused() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: String @readonly @immutable
#           ^^^^^^^^^ label: with this
#                     ^^^^^^^^^^ S0037: `@readonly` and `@immutable` do not go together
  b: String @hidden @access(read: "true")
#           ^^^^^^^ label: with this
#                   ^^^^^^^ S0037: `@hidden` and `@access` do not go together
  c: String @readonly @access(write: "true")
#           ^^^^^^^^^ label: with this
#                     ^^^^^^^ S0037: `@readonly` and `@access` do not go together
  d: String! @hidden
# ^ S0038: `d` is required, but no client can set it
#            ^^^^^^^ label: `@hidden` keeps clients from setting it
}"#,
        );
    }

    #[test]
    fn the_version_starts_at_one() {
        check_diagnostic(
            r#"
extend schema @version(number: 0)
#                              ^ S0039: the version must be 1 or more
type Note @model @access(read: "true") { a: Int }"#,
        );
    }
}
