//! S0070 to S0073: indexes that cannot be, or serve nobody.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;

pub(super) const NOT_INDEXABLE: Page = Page {
    title: "a field cannot be part of an index",
    meaning: r#"
An index orders rows by columns. Relations to many rows have no column, and `JSON` and lists have no
order that both databases share. Copy what you search by into a field of its own."#,
    bad: r#"
type Note @model @access(read: "true") @index(fields: ["labels"]) {
  labels: [String!]!
}"#,
    good: r#"
type Note @model @access(read: "true") @index(fields: ["label"]) {
  label: String!
}"#,
};

pub(super) const FIELD_TWICE: Page = Page {
    title: "an index names a field twice",
    meaning: r#"
Rows that agree in a field are not ordered further by the same field, so each stands once."#,
    bad: r#"
type Note @model @access(read: "true") @index(fields: ["title", "-title"]) {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") @index(fields: ["title"]) {
  title: String!
}"#,
};

pub(super) const NAME_TAKEN: Page = Page {
    title: "two indexes have the same name",
    meaning: r#"
All tables of a database share one set of index names. Names are made from the table and its columns
unless `name` is given, so most indexes need none."#,
    bad: r#"
type Note @model @access(read: "true") @index(fields: ["title"], name: "by_title") {
  title: String!
}

type Page @model @access(read: "true") @index(fields: ["title"], name: "by_title") {
  title: String!
}"#,
    good: r#"
type Note @model @access(read: "true") @index(fields: ["title"]) {
  title: String!
}

type Page @model @access(read: "true") @index(fields: ["title"]) {
  title: String!
}"#,
};

pub(super) const USELESS: Page = Page {
    title: "an index that serves nobody",
    meaning: r#"
Every index costs time on every write. The key has an index already, so does each reference and each
unique field, and two indexes over the same fields and rows serve no more than one."#,
    bad: r#"
type Note @model @access(read: "true") {
  slug: String! @unique @index
}"#,
    good: r#"
type Note @model @access(read: "true") {
  slug: String! @unique
}"#,
};

pub(crate) fn not_indexable(name: &str, why: &str, span: Span, field: Span) -> Diagnostic {
    let message = format!("`{name}` cannot be part of an index: {why}");
    Diagnostic::new(DiagnosticCode::NotIndexable, message, span, "cannot be indexed")
        .with_label(field, "declared here")
}

pub(crate) fn field_twice(name: &str, span: Span) -> Diagnostic {
    let message = format!("the index names `{name}` twice");
    Diagnostic::new(DiagnosticCode::IndexFieldTwice, message, span, "here again")
}

pub(crate) fn name_taken(name: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("two indexes are named `{name}`");
    Diagnostic::new(DiagnosticCode::IndexNameTaken, message, span, "this one")
        .with_label(first, "and this one")
}

pub(crate) fn over_the_key(span: Span) -> Diagnostic {
    let message = "the key has an index already";
    Diagnostic::new(DiagnosticCode::IndexUseless, message, span, "serves nobody")
        .with_help("remove it")
}

pub(crate) fn twin(span: Span, first: Span) -> Diagnostic {
    let message = "there is an index over the same fields already";
    Diagnostic::new(DiagnosticCode::IndexUseless, message, span, "serves nobody")
        .with_label(first, "the same fields")
        .with_help("remove one of the two")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn indexes_are_over_columns_that_have_an_order() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") @index(fields: ["labels", "title", "-title"]) {
#                                                      ^^^^^^^^ S0070: `labels` cannot be part of an index: a list has no order
#                                                                         ^^^^^^^^ S0071: the index names `title` twice
  title: String!
  labels: [String!]!
# ^^^^^^ label: declared here
  data: JSON @index
# ^^^^ label: declared here
#            ^^^^^^ S0070: `data` cannot be part of an index: JSON has no order
}"#,
        );
    }

    #[test]
    fn names_of_indexes_are_shared_by_all_tables() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") { title: String! @index(name: "by_title") }
#                                                                    ^^^^^^^^^^ label: and this one
type Page @model @access(read: "true") { title: String! @index(name: "BY_title") }
#                                                                    ^^^^^^^^^^ S0072: two indexes are named `BY_title`
type Leaf @model @access(read: "true") { title: String! @index(name: "sqlite_x") }
#                                                                    ^^^^^^^^^^ S0014: `sqlite_x` is reserved: it would belong to the server or the database"#,
        );
    }

    #[test]
    fn an_index_that_serves_nobody_is_pointed_out() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") @index(fields: ["id"]) @index(fields: ["id", "slug"])
#                                      ^^^^^^ S0073: the key has an index already
  @index(fields: ["slug"]) @index(fields: ["slug"], where: "row.slug != ''") {
# ^^^^^^ S0073: there is an index over the same fields already
  slug: String! @unique
#               ^^^^^^^ label: the same fields
}"#,
        );
    }
}
