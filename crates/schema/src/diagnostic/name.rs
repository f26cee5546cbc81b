//! S0013, S0014 and S0018: names that cannot be given.

use std::collections::HashMap;

use super::{Diagnostic, DiagnosticCode, Page};
use crate::{Scalar, Span};

pub(super) const MALFORMED: Page = Page {
    title: "a name is not in the form of its kind",
    meaning: r#"
Names on the wire are the schema's, so they have one form: models and enums `OrderItem`, fields and
plurals `orderItem`, enum values letters, digits and underscores. Tables and columns, which may
belong to another program, take everything but quotes and control characters, up to 63 bytes. Names
that start with an underscore are the server's own (`_next`)."#,
    bad: r#"
type Note @model @access(read: "true") {
  Title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const RESERVED: Page = Page {
    title: "a name is reserved",
    meaning: r#"
Some names mean something already: the scalar types, the root types of GraphQL, words of the rule
language (`true`, `false`, `null`, `in`), the first path segments of the API's own routes (`auth`,
`batch`, `realtime`), and tables whose names start with `_underpin_`, `sqlite_` or `pg_`."#,
    bad: r#"
type Auth @model(plural: "auth") @access(read: "true") {
  title: String!
}"#,
    good: r#"
type Auth @model(plural: "auths") @access(read: "true") {
  title: String!
}"#,
};

pub(super) const FORMER_PRESENT: Page = Page {
    title: "@renamedFrom names something that is still there",
    meaning: r#"
`@renamedFrom(name:)` tells the next migration that this is the old thing under a new name. While
something of the old name is declared beside it, one of the two would have to be new, and which one
keeps the data cannot be told. Remove the old declaration, or `@renamedFrom`."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String!
  heading: String! @renamedFrom(name: "title")
}"#,
    good: r#"
type Note @model @access(read: "true") {
  heading: String! @renamedFrom(name: "title")
}"#,
};

pub(super) const FORMER_TWICE: Page = Page {
    title: "two things are renamed from the same name",
    meaning: r#"
What was there under the old name can live on under one new name only. Keep the `@renamedFrom` of
the one that takes over its data; the other is new."#,
    bad: r#"
type Note @model @access(read: "true") {
  heading: String @renamedFrom(name: "title")
  caption: String @renamedFrom(name: "title")
}"#,
    good: r#"
type Note @model @access(read: "true") {
  heading: String @renamedFrom(name: "title")
  caption: String
}"#,
};

/// Words of the rule language, which a field standing bare in a filter would be taken for.
const RULE_WORDS: [&str; 4] = ["true", "false", "null", "in"];
/// Types that GraphQL or we give a meaning to.
const TYPE_WORDS: [&str; 5] = ["Query", "Mutation", "Subscription", "PageInfo", "File"];
/// First path segments of the API that are no models.
const ROUTES: [&str; 3] = ["auth", "batch", "realtime"];
/// Starts of the names of tables that belong to the server or the database.
const SYSTEM_TABLES: [&str; 3] = ["_underpin_", "sqlite_", "pg_"];
/// Bytes of an identifier that PostgreSQL keeps.
const IDENTIFIER_BYTES_MAX: usize = 63;

pub(crate) fn check_type(name: &str, span: Span) -> Option<Diagnostic> {
    let is_scalar = Scalar::ALL.iter().any(|(scalar, _)| *scalar == name);
    if is_scalar || TYPE_WORDS.contains(&name) {
        return Some(reserved(name, span, "names a type already"));
    }
    let fits = name.starts_with(|first: char| first.is_ascii_uppercase()) && is_alphanumeric(name);
    (!fits)
        .then(|| malformed(name, span, "a capital letter, then letters and digits, as `OrderItem`"))
}

pub(crate) fn check_field(name: &str, span: Span) -> Option<Diagnostic> {
    if RULE_WORDS.contains(&name) {
        return Some(reserved(name, span, "is a word of the rule language"));
    }
    check_camel_case(name, span)
}

pub(crate) fn check_plural(name: &str, span: Span) -> Option<Diagnostic> {
    check_camel_case(name, span)
}

pub(crate) fn check_enum_value(name: &str, span: Span) -> Option<Diagnostic> {
    let fits = name.starts_with(|first: char| first.is_ascii_alphabetic());
    (!fits).then(|| {
        malformed(name, span, "a letter, then letters, digits and underscores, as `IN_STOCK`")
    })
}

pub(crate) fn check_reserved_plural(plural: &str, model: &str, span: Span) -> Option<Diagnostic> {
    ROUTES.contains(&plural).then(|| {
        reserved(plural, span, "is a route of the API's own")
            .with_help(format!("give `{model}` another one: `@model(plural: \"…\")`"))
    })
}

pub(crate) fn check_table(name: &str, span: Span) -> Option<Diagnostic> {
    let folded = name.to_ascii_lowercase();
    if SYSTEM_TABLES.iter().any(|start| folded.starts_with(start)) {
        return Some(reserved(name, span, "would belong to the server or the database"));
    }
    check_column(name, span)
}

pub(crate) fn check_column(name: &str, span: Span) -> Option<Diagnostic> {
    let fits = !name.is_empty()
        && name.len() <= IDENTIFIER_BYTES_MAX
        && !name.chars().any(|character| character.is_control() || "\"`[]".contains(character));
    (!fits).then(|| {
        malformed(name, span, "1 to 63 bytes without quotes, brackets and control characters")
    })
}

pub(crate) fn renamed_from_present(name: &str, former: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` is renamed from `{former}`, which is still there");
    Diagnostic::new(DiagnosticCode::FormerNamePresent, message, span, "still declared here")
        .with_help(format!("remove `{former}`, or the `@renamedFrom` of `{name}`"))
}

/// Diagnostics for each name after the first that claims a former name: `(name, former, span)`.
pub(crate) fn renamed_from_twice<'a>(
    claims: impl Iterator<Item = (&'a str, Option<&'a str>, Span)>,
) -> Vec<Diagnostic> {
    let mut first: HashMap<&str, (&str, Span)> = HashMap::new();
    let mut found = Vec::new();
    for (name, former, span) in claims {
        let Some(former) = former else { continue };
        let Some((other, other_span)) = first.get(former) else {
            first.insert(former, (name, span));
            continue;
        };
        let message = format!("`{name}` is renamed from `{former}`, as `{other}` is");
        let diagnostic =
            Diagnostic::new(DiagnosticCode::FormerNameTwice, message, span, "this one")
                .with_label(*other_span, "and this one")
                .with_help("remove the `@renamedFrom` of the one that is new");
        found.push(diagnostic);
    }
    found
}

fn check_camel_case(name: &str, span: Span) -> Option<Diagnostic> {
    let fits = name.starts_with(|first: char| first.is_ascii_lowercase()) && is_alphanumeric(name);
    (!fits)
        .then(|| malformed(name, span, "a small letter, then letters and digits, as `orderItem`"))
}

fn is_alphanumeric(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn malformed(name: &str, span: Span, form: &str) -> Diagnostic {
    let message = format!("`{name}` is not in the form of such a name");
    Diagnostic::new(DiagnosticCode::MalformedName, message, span, "cannot be the name")
        .with_help(format!("write {form}"))
}

fn reserved(name: &str, span: Span, why: &str) -> Diagnostic {
    let message = format!("`{name}` is reserved: it {why}");
    Diagnostic::new(DiagnosticCode::ReservedName, message, span, "choose another name")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn each_kind_of_name_has_its_form() {
        check_diagnostic(
            r#"
type order_item @model @access(read: "true") {
#    ^^^^^^^^^^ S0013: `order_item` is not in the form of such a name
  unit_price: Int
# ^^^^^^^^^^ S0013: `unit_price` is not in the form of such a name
  _next: Int
# ^^^^^ S0013: `_next` is not in the form of such a name
  state: State
}
enum State { _OPEN DONE_1 }
#            ^^^^^ S0013: `_OPEN` is not in the form of such a name
type Box @model(plural: "my-boxes", table: "a\"b") @access(read: "true") {
#                                          ^^^^^^ S0013: `a"b` is not in the form of such a name
#                       ^^^^^^^^^^ S0013: `my-boxes` is not in the form of such a name
  size: Int @column(name: "")
#                         ^^ S0013: `` is not in the form of such a name
}"#,
        );
    }

    #[test]
    fn names_that_mean_something_already_cannot_be_given() {
        check_diagnostic(
            r#"
type Date @model @access(read: "true") { year: Int }
#    ^^^^ S0014: `Date` is reserved: it names a type already
type Query @model @access(read: "true") { in: Int }
#    ^^^^^ S0014: `Query` is reserved: it names a type already
#                                         ^^ S0014: `in` is reserved: it is a word of the rule language
type A @model(plural: "auth") @access(read: "true") { x: Int }
#    ^ S0014: `auth` is reserved: it is a route of the API's own
type B @model(table: "sqlite_b") @access(read: "true") { x: Int }
#                    ^^^^^^^^^^ S0014: `sqlite_b` is reserved: it would belong to the server or the database
type C @model @access(read: "true") { c: [C!]! @relation(table: "_underpin_x", from: "") }
#                                                               ^^^^^^^^^^^^^ S0014: `_underpin_x` is reserved: it would belong to the server or the database
#                                                                                    ^^ S0013: `` is not in the form of such a name"#,
        );
    }

    #[test]
    fn what_was_renamed_lives_on_under_one_name() {
        check_diagnostic(
            r#"
type Page @model @renamedFrom(name: "Note") @access(read: "true") {
#    ^^^^ label: and this one
  heading: String @renamedFrom(name: "title")
# ^^^^^^^ label: and this one
  caption: String @renamedFrom(name: "title")
# ^^^^^^^ S0019: `caption` is renamed from `title`, as `heading` is
  state: State
}
enum State { OPEN @renamedFrom(name: "NEW")  DONE @renamedFrom(name: "NEW") }
#            ^^^^ label: and this one
#                                            ^^^^ S0019: `DONE` is renamed from `NEW`, as `OPEN` is
type Sheet @model @renamedFrom(name: "Note") @access(read: "true") { title: Int }
#    ^^^^^ S0019: `Sheet` is renamed from `Note`, as `Page` is"#,
        );
    }

    #[test]
    fn what_was_renamed_is_gone() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
#    ^^^^ S0018: `Page` is renamed from `Note`, which is still there
  title: String!
# ^^^^^ S0018: `heading` is renamed from `title`, which is still there
  heading: String! @renamedFrom(name: "title")
  state: State
}
enum State { OPEN  DONE @renamedFrom(name: "OPEN") }
#            ^^^^ S0018: `DONE` is renamed from `OPEN`, which is still there
type Page @model @renamedFrom(name: "Note") @access(read: "true") { x: Int }"#,
        );
    }
}
