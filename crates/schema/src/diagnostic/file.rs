//! S0001 and S0002: files that cannot be read at all.

use super::{Diagnostic, DiagnosticCode, Page};
use crate::Span;

pub(super) const SYNTAX: Page = Page {
    title: "the file is not well-formed GraphQL SDL",
    meaning: r#"
The schema language is the type system language of GraphQL. While a file has syntax errors, nothing
else in it is checked, because everything after the error may have been misread. The caret points
at the first thing that cannot stand where it does: look there and just before it for a missing
brace, quote, colon or parenthesis."#,
    bad: r#"
type Note @model @access(read: "true") {
  title String!
}"#,
    good: r#"
type Note @model @access(read: "true") {
  title: String!
}"#,
};

pub(super) const TOO_LARGE: Page = Page {
    title: "the schema is larger than any schema may be",
    meaning: r#"
A schema file may have 1 MiB, 2,000 models, 2,000 enums and 1,000 roles; a model 1,000 fields and 250
directives; an enum 1,000 values. Every model has tables, plans and pages of documentation, so the
size of the schema bounds the memory of the server. A schema of this size is most often generated:
generate fewer models with a field that tells the kinds apart, or split the application."#,
    bad: "",
    good: r#"
type Reading @model @access(read: "true") {
  sensor: String!
  value: Float!
}"#,
};

/// The parser's names of tokens, and what stands for them in a file.
const TOKENS: [(&str, &str); 12] = [
    ("R_CURLY", "`}`"),
    ("L_CURLY", "`{`"),
    ("R_PAREN", "`)`"),
    ("L_PAREN", "`(`"),
    ("R_BRACK", "`]`"),
    ("L_BRACK", "`[`"),
    ("COLON", "`:`"),
    ("EQ", "`=`"),
    ("NAME", "a name"),
    ("got EOF", "got the end of the file"),
    ("<EOF>", "end of the file"),
    ("StringValue", "text in quotes"),
];

pub(crate) fn syntax(message: &str, span: Span, source: &str) -> Diagnostic {
    let message = message.trim().trim_start_matches("syntax error: ").trim_end_matches('.');
    let message = TOKENS
        .iter()
        .fold(message.to_owned(), |message, (token, sign)| message.replace(token, sign));
    // What is missing at the end of the file is missing after the last thing that is there.
    let end = end_of_last_line(source);
    let span = match source[..end].char_indices().next_back() {
        Some((start, last)) if span.start >= end => Span { start, end: start + last.len_utf8() },
        _ => span,
    };
    let message = format!("syntax error: {}", message.replace("Unexpected", "unexpected"));
    Diagnostic::new(DiagnosticCode::Syntax, message, span, "")
}

/// Where the last line ends that holds more than white space and a comment.
fn end_of_last_line(source: &str) -> usize {
    let mut end = source.len();
    for line in source.split_inclusive('\n').rev() {
        let text = line.trim();
        if !text.is_empty() && !text.starts_with('#') {
            return end - (line.len() - line.trim_end().len());
        }
        end -= line.len();
    }
    0
}

pub(crate) fn too_large(size: &str, n_max: usize, span: Span) -> Diagnostic {
    let message = format!("the schema is too large: {size}");
    Diagnostic::new(DiagnosticCode::TooLarge, message, span, "")
        .with_help(format!("at most {n_max} are allowed"))
}

#[cfg(test)]
mod tests {
    use super::super::check::{check_diagnostic, codes_of};

    #[test]
    fn the_caret_points_at_what_cannot_stand_there_once_for_each_definition() {
        check_diagnostic(
            r#"
type Note @model @access(read: "true") {
  title String!
#       ^^^^^^ S0001: syntax error: expected a type
  stars Int
}

type Page @model @access(read: "true" {
#                                     ^ S0001: syntax error: expected `)`, got {
  title: String!
}

"A word."
type Word @model @access(read: "true") {
  text: String!! stars: Int
#              ^ S0001: syntax error: expected `}`, got !
}"#,
        );
    }

    #[test]
    fn a_missing_brace_points_at_the_end_of_the_file() {
        check_diagnostic(
            r#"
type Note @model {
  title: String!
#              ^ S0001: syntax error: expected `}`, got the end of the file"#,
        );
    }

    #[test]
    fn characters_that_are_no_graphql_are_named() {
        assert_eq!(codes_of("type A @model { a: Int; }"), ["S0001"]);
        assert_eq!(codes_of("\u{feff}type A @model @access(read: \"true\") { a: Int }"), [""; 0]);
        assert_eq!(codes_of("type A @model { \"unterminated }"), ["S0001"]);
    }

    #[test]
    fn a_schema_that_is_too_large_is_refused() {
        let large = " ".repeat((1 << 20) + 1);
        assert_eq!(codes_of(&large), ["S0002"]);
        let many: String = (0..2_001).map(|n| format!("type M{n} @model {{ a: Int }}\n")).collect();
        assert_eq!(codes_of(&many), ["S0002"]);
        let fields: String = (0..1_001).map(|n| format!("f{n}: Int ")).collect();
        let wide = format!("type M @model @access(read: \"true\") {{ {fields} }}");
        assert_eq!(codes_of(&wide), ["S0002"]);
        let values: String = (0..1_001).map(|n| format!("V{n} ")).collect();
        assert_eq!(codes_of(&format!("enum E {{ {values} }}")), ["S0002"]);
        let indexes = "@index(fields: [\"a\"])".repeat(251);
        assert_eq!(codes_of(&format!("type M @model {indexes} {{ a: Int }}")), ["S0002"]);
    }

    #[test]
    fn a_file_of_nothing_but_mistakes_is_reported_in_time() {
        let n_bytes = 1 << 18;
        for piece in
            ["!", "type A ", "enum A{B}\n", "extend type A{a:B}\n", "#\n", "@a", "\"", "a "]
        {
            let codes = codes_of(&piece.repeat(n_bytes / piece.len()));
            assert!(!codes.is_empty(), "{piece:?}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_exhaust_the_stack() {
        let deep = format!("extend schema @role(name: {})", "[".repeat(100_000));
        assert!(codes_of(&deep).contains(&"S0001"));
    }
}
