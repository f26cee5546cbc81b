//! S0015 to S0017: names in an API or a database that two things would share.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::{Field, Span};

pub(super) const PLURAL: Page = Page {
    title: "two models have the same plural",
    meaning: r#"
The plural is the path segment of a model and the first half of its permissions, so no two models
share it. It is made from the name by the rules of English; `@model(plural:)` sets another."#,
    bad: r#"
type Box @model @access(read: "true") {
  size: Int
}

type Boxe @model @access(read: "true") {
  size: Int
}"#,
    good: r#"
type Box @model @access(read: "true") {
  size: Int
}

type Boxe @model(plural: "boxeList") @access(read: "true") {
  size: Int
}"#,
};

pub(super) const TABLE: Page = Page {
    title: "two models or relations have the same table",
    meaning: r#"
Each model has a table of its own, and so has each many-to-many relation. Databases do not tell
names apart by case. `@model(table:)` and `@relation(table:)` set other names."#,
    bad: r#"
type Note @model(table: "entry") @access(read: "true") {
  title: String!
}

type Entry @model @access(read: "true") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}

type Entry @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const COLUMN: Page = Page {
    title: "two fields have the same column",
    meaning: r#"
A field's column is its name in snake_case, and a reference's ends in `_id`. Databases do not tell
names apart by case. `@column(name:)` sets another name."#,
    bad: r#"
type Note @model @access(read: "true") {
  ownerId: UUID
  owner: User!
}

type User @model @access(read: "true") {
  name: String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  owner: User!
}

type User @model @access(read: "true") {
  name: String!
}"#,
};

pub(crate) fn model_name(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("two models are named `{name}`");
    Diagnostic::new(DiagnosticCode::DuplicateType, message, span, "this one")
        .with_label(first, "and this one")
        .with_help("give one of them another name with `@model(name:)`")
}

pub(crate) fn plural(plural: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("two models have the plural `{plural}`");
    Diagnostic::new(DiagnosticCode::PluralTaken, message, span, "this one")
        .with_label(first, "and this one")
        .with_help("give one of them another with `@model(plural:)`")
}

pub(crate) fn table(table: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("table `{table}` is used twice");
    Diagnostic::new(DiagnosticCode::TableTaken, message, span, "by this")
        .with_label(first, "and by this")
        .with_help("give one of them another with `@model(table:)` or `@relation(table:)`")
}

pub(crate) fn column(field: &Field, first: &Field) -> Diagnostic {
    let message = format!("column `{}` is used twice", field.column);
    // A field the model has unnamed stands nowhere: then the other one is the place to look at.
    let (here, there) = if field.span == Span::default() { (first, field) } else { (field, first) };
    let diagnostic = Diagnostic::new(
        DiagnosticCode::ColumnTaken,
        message,
        here.span,
        format!("by `{}`", here.name),
    );
    let diagnostic = if there.span == Span::default() {
        diagnostic
    } else {
        diagnostic.with_label(there.span, format!("and by `{}`", there.name))
    };
    diagnostic.with_help("rename a field, or give it another column with `@column(name:)`")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn models_do_not_share_plural_table_or_name() {
        check_diagnostic(
            r#"
type Box @model @access(read: "true") { size: Int }
#    ^^^ label: and this one
type Boxe @model @access(read: "true") { size: Int }
#    ^^^^ S0015: two models have the plural `boxes`
type Note @model @access(read: "true") { size: Int }
#    ^^^^ label: and by this
#    ^^^^ label: and this one
type Entry @model(name: "Note", table: "NOTE", plural: "entries") @access(read: "true") { size: Int }
#    ^^^^^ S0010: two models are named `Note`
#    ^^^^^ S0016: table `NOTE` is used twice"#,
        );
    }

    #[test]
    fn fields_do_not_share_a_column() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  ownerId: UUID
# ^^^^^^^ label: and by `ownerId`
  owner: User!
# ^^^^^ S0017: column `owner_id` is used twice
  rank: Int @column(name: "VERSION")
# ^^^^ S0017: column `version` is used twice
}
type User @model @access(read: "true") { name: String! }"#,
        );
    }

    #[test]
    fn two_relations_do_not_share_a_table_of_pairs() {
        check_diagnostic(
            r#"
type Post @model @access(read: "true") {
  tags: [Tag!]! @relation
# ^^^^ label: and by this
  hidden: [Tag!]! @relation
# ^^^^^^ S0016: table `post_tag` is used twice
}
type Tag @model @access(read: "true") { name: String! }"#,
        );
    }
}
