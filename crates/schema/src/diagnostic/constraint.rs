//! S0040 to S0044: demands on a field's values that its type cannot meet.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::{Scalar, Span, ValueError};

pub(super) const MISFIT: Page = Page {
    title: "a directive does not fit the type of its field",
    meaning: r#"
`@length` counts the characters of texts and the items of lists, `@range` bounds numbers, dates and
times, `@pattern` and `@text` speak of texts, `@decimal` of `Decimal`, `@id` of the key, `@relation`
of relations. What speaks of a column cannot stand on a relation that has none."#,
    bad: r#"
type Note @model @access(read: "true") {
  stars: Int @length(max: 5)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  stars: Int @range(max: 5)
}"#,
};

pub(super) const RANGE: Page = Page {
    title: "the bounds of @range are not a range of the type",
    meaning: r#"
`min` and `max` are values of the field's own type (numbers bare, dates and times in quotes), and
`min` is not greater than `max`. Both ends belong to the range."#,
    bad: r#"
type Note @model @access(read: "true") {
  stars: Int @range(min: 5, max: 1)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  stars: Int @range(min: 1, max: 5)
}"#,
};

pub(super) const LENGTH: Page = Page {
    title: "the bounds of @length are not a length",
    meaning: r#"
Lengths are not negative, and `min` is not greater than `max`. Both ends belong to the range. Texts
are counted in characters (Unicode scalar values), lists in items."#,
    bad: r#"
type Note @model @access(read: "true") {
  title: String! @length(min: 20, max: 2)
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String! @length(min: 2, max: 20)
}"#,
};

pub(super) const PATTERN: Page = Page {
    title: "the regular expression of @pattern is not valid",
    meaning: r#"
Patterns are in the syntax of the Rust crate `regex`, which matches in time linear in the text
whatever the pattern, so that no input can stall the server. It has no look-around and no
back-references. A pattern must match the whole text; `^` and `$` are not needed. In the quotes of
GraphQL a backslash is written twice: `\\d`."#,
    bad: r#"
type Note @model @access(read: "true") {
  slug: String! @pattern(regex: "[a-z+")
}"#,
    good: r#"
type Note @model @access(read: "true") {
  slug: String! @pattern(regex: "[a-z]+(-[a-z]+)*")
}"#,
};

pub(super) const DECIMAL: Page = Page {
    title: "the size of a Decimal is out of bounds",
    meaning: r#"
A `Decimal` has 1 to 18 digits in all (`precision`), of which 0 to all stand after the point
(`scale`). 18 digits are what a 64-bit integer holds, which is how both databases store it exactly."#,
    bad: r#"
type Product @model @access(read: "true") {
  price: Decimal! @decimal(precision: 20, scale: 2)
}"#,
    good: r#"
type Product @model @access(read: "true") {
  price: Decimal! @decimal(precision: 18, scale: 2)
}"#,
};

pub(crate) fn misfit(name: &str, span: Span, what: &str, type_span: Span) -> Diagnostic {
    let message = format!("`@{name}` goes with {what}");
    Diagnostic::new(DiagnosticCode::DirectiveMisfit, message, span, "does not fit the field")
        .with_label(type_span, "the field's type")
}

pub(crate) fn range_bound(scalar: Scalar, error: &ValueError, span: Span) -> Diagnostic {
    let message = format!("the bound is not a value of `{}`", scalar.name());
    Diagnostic::new(DiagnosticCode::Range, message, span, error.message.clone())
}

pub(crate) fn range(span: Span) -> Diagnostic {
    let message = "`min` is greater than `max`";
    Diagnostic::new(DiagnosticCode::Range, message, span, "less than `min`")
        .with_help("exchange the two")
}

pub(crate) fn length(min: i64, max: i64, span: Span) -> Diagnostic {
    let message = format!("`min` is {min}, greater than `max`, which is {max}");
    Diagnostic::new(DiagnosticCode::Length, message, span, "less than `min`")
        .with_help("exchange the two")
}

pub(crate) fn negative_length(span: Span) -> Diagnostic {
    let message = "a length cannot be negative";
    Diagnostic::new(DiagnosticCode::Length, message, span, "write 0 or more")
}

pub(crate) fn pattern(error: &regex::Error, span: Span) -> Diagnostic {
    let message = "the pattern is not a valid regular expression";
    let diagnostic = |label: &str| Diagnostic::new(DiagnosticCode::Pattern, message, span, label);
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return diagnostic("too large when compiled").with_help("use smaller repetitions");
    }
    // The crate draws the pattern with carets of its own; the last line says what is wrong.
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    diagnostic(last.trim_start_matches("error: "))
}

pub(crate) fn decimal(precision: i64, scale: i64, span: Span) -> Diagnostic {
    let message = format!("a `Decimal` cannot have precision {precision} and scale {scale}");
    Diagnostic::new(DiagnosticCode::DecimalSize, message, span, "out of bounds")
        .with_help("precision is 1 to 18, scale 0 to precision")
}

#[cfg(test)]
mod tests {
    use super::super::check::check_diagnostic;

    #[test]
    fn directives_fit_the_type_of_their_field() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: Int @length(max: 5) @pattern(regex: "a") @text(compare: CASELESS)
#    ^^^ label: the field's type
#    ^^^ label: the field's type
#    ^^^ label: the field's type
#        ^^^^^^^ S0040: `@length` goes with texts and lists
#                        ^^^^^^^^ S0040: `@pattern` goes with texts
#                                             ^^^^^ S0040: `@text` goes with texts
  b: String @range(min: 1) @decimal(scale: 2) @relation
#    ^^^^^^ label: the field's type
#    ^^^^^^ label: the field's type
#    ^^^^^^ label: the field's type
#           ^^^^^^ S0040: `@range` goes with numbers, dates and times
#                          ^^^^^^^^ S0040: `@decimal` goes with `Decimal`
#                                             ^^^^^^^^^ S0040: `@relation` goes with relations to another model
  c: UUID @id(kind: UUID)
#    ^^^^ label: the field's type
#         ^^^ S0040: `@id` goes with `ID`
  d: [Note!]! @relation @immutable @column(name: "x") @default(value: 1)
#     ^^^^ label: the field's type
#     ^^^^ label: the field's type
#     ^^^^ label: the field's type
#                       ^^^^^^^^^^ S0040: `@immutable` goes with columns
#                                  ^^^^^^^ S0040: `@column` goes with columns
#                                                     ^^^^^^^^ S0040: `@default` goes with columns
}"#,
        );
    }

    #[test]
    fn bounds_are_values_in_order() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: Int @range(min: 5, max: 1)
#                            ^ S0041: `min` is greater than `max`
  b: Int @range(min: 1.5)
#                    ^^^ S0041: the bound is not a value of `Int`
  c: Date @range(min: "2026-02-30")
#                     ^^^^^^^^^^^^ S0041: the bound is not a value of `Date`
  d: String @length(min: 3, max: 2)
#                                ^ S0042: `min` is 3, greater than `max`, which is 2
  e: String @length(min: -1)
#                        ^^ S0042: a length cannot be negative
  f: Decimal @decimal(precision: 5, scale: 6)
#            ^^^^^^^^ S0044: a `Decimal` cannot have precision 5 and scale 6
  g: Decimal @decimal(precision: 0)
#            ^^^^^^^^ S0044: a `Decimal` cannot have precision 0 and scale 0
}"#,
        );
    }

    #[test]
    fn a_pattern_is_valid_and_says_what_is_wrong() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  a: String @pattern(regex: "[a-z+")
#                           ^^^^^^^ S0043: the pattern is not a valid regular expression
#                           label: unclosed character class
  b: String @pattern(regex: "(?=a)")
#                           ^^^^^^^ S0043: the pattern is not a valid regular expression
#                           label: look-around, including look-ahead and look-behind, is not supported
}"#,
        );
    }
}
