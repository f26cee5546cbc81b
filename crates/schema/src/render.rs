//! Diagnostics for people and for programs.
//!
//! For people: the source with carets, as compilers draw it, readable without colour and followed
//! by one line that counts. For programs: [`Report`], whose members are a published format.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::{Diagnostic, Severity, Span};

/// Whether text may be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// No escape sequences: files, pipes, `NO_COLOR`.
    #[default]
    Plain,
    /// With ANSI escape sequences, for terminals.
    Color,
}

/// Draws every diagnostic into its source, and counts them in a last line. Empty where there are
/// none.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], source: &str, file_name: &str, style: Style) -> String {
    let Some(summary) = summary(diagnostics) else { return String::new() };
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Color => Renderer::styled(),
    };
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, source, file_name)]));
        text.push_str("\n\n");
    }
    text.push_str(&summary);
    text.push('\n');
    text
}

/// `2 errors, 1 warning`; `None` where there are no diagnostics.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> Option<String> {
    let count = |severity: Severity| {
        let n_found = diagnostics.iter().filter(|found| found.severity == severity).count();
        match n_found {
            0 => None,
            1 => Some(format!("1 {}", severity.name())),
            n_found => Some(format!("{n_found} {}s", severity.name())),
        }
    };
    let counts: Vec<String> =
        [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
    (!counts.is_empty()).then(|| counts.join(", "))
}

fn group<'a>(diagnostic: &'a Diagnostic, source: &'a str, file_name: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    // Only the lines that labels stand on: a snippet costs as much as the text it is given.
    let lines = lines_around(diagnostic, source);
    let line_start = source[..lines.start].matches('\n').count() + 1;
    let text = &source[lines.start..lines.end];
    let mut snippet = Snippet::source(text).line_start(line_start).path(file_name);
    for (index, (span, label)) in diagnostic.labels.iter().enumerate() {
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let Span { start, end } = clamp(*span, source);
        let annotation = kind.span(start - lines.start..end - lines.start);
        snippet = snippet.annotation(match label.as_str() {
            "" => annotation,
            label => annotation.label(label),
        });
    }
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.name());
    let group = title.element(snippet);
    match &diagnostic.help {
        None => group,
        Some(help) => group.element(Level::HELP.message(help.as_str())),
    }
}

/// The whole lines from the first label to the last.
fn lines_around(diagnostic: &Diagnostic, source: &str) -> Span {
    let spans = diagnostic.labels.iter().map(|(span, _)| clamp(*span, source));
    let outer = spans.reduce(|outer, span| Span {
        start: outer.start.min(span.start),
        end: outer.end.max(span.end),
    });
    let Span { start, end } = outer.unwrap_or_default();
    Span {
        start: source[..start].rfind('\n').map_or(0, |newline| newline + 1),
        end: source[end..].find('\n').map_or(source.len(), |length| end + length),
    }
}

/// A span that lies within the source and between characters, whatever was given.
fn clamp(span: Span, source: &str) -> Span {
    let boundary = |mut byte: usize| {
        byte = byte.min(source.len());
        while !source.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    };
    let start = boundary(span.start);
    Span { start, end: boundary(span.end).max(start) }
}

/// A diagnostic as programs read it. Lines and columns start at 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `S0020`.
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// The file, as it was named to the parser.
    pub file: String,
    /// Where the mistake starts.
    pub line: usize,
    /// Where the mistake starts.
    pub column: usize,
    /// Where the mistake ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
    /// What to do about it.
    pub help: Option<String>,
    /// What is said of the place, and of other places that belong to the mistake.
    pub labels: Vec<ReportLabel>,
}

/// A place that belongs to a diagnostic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportLabel {
    /// Where it starts.
    pub line: usize,
    /// Where it starts.
    pub column: usize,
    /// Where it ends.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
    /// What is said of it.
    pub text: String,
}

/// The diagnostics as programs read them.
#[must_use]
pub fn report(diagnostics: &[Diagnostic], source: &str, file_name: &str) -> Vec<Report> {
    let reports = diagnostics.iter().map(|diagnostic| {
        let labels: Vec<ReportLabel> =
            diagnostic.labels.iter().map(|(span, text)| place(*span, text, source)).collect();
        let first = place(diagnostic.span(), "", source);
        Report {
            code: diagnostic.code.name(),
            severity: diagnostic.severity.name(),
            message: diagnostic.message.clone(),
            file: file_name.to_owned(),
            line: first.line,
            column: first.column,
            end_line: first.end_line,
            end_column: first.end_column,
            help: diagnostic.help.clone(),
            labels,
        }
    });
    reports.collect()
}

fn place(span: Span, text: &str, source: &str) -> ReportLabel {
    let Span { start, end } = clamp(span, source);
    let (line, column) = line_and_column(source, start);
    let (end_line, end_column) = line_and_column(source, end);
    ReportLabel { line, column, end_line, end_column, text: text.to_owned() }
}

fn line_and_column(source: &str, byte: usize) -> (usize, usize) {
    let before = &source[..byte];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiagnosticCode, parse};

    const SOURCE: &str = r#"
type Note @model {
  "Die Überschrift." title: Strng!
  title: Int
}
"#;

    #[test]
    fn people_read_the_source_with_carets_and_a_count() {
        let parsed = parse(SOURCE, "schema.graphql");
        let text = render(&parsed.diagnostics, SOURCE, "schema.graphql", Style::Plain);
        insta::assert_snapshot!("people_read_the_source_with_carets_and_a_count", text);
    }

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let parsed = parse(SOURCE, "schema.graphql");
        let plain = render(&parsed.diagnostics, SOURCE, "schema.graphql", Style::Plain);
        let colored = render(&parsed.diagnostics, SOURCE, "schema.graphql", Style::Color);
        assert_ne!(plain, colored);
        let mut bare = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            bare.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        assert_eq!(bare + rest, plain);
    }

    #[test]
    fn programs_read_lines_and_columns_in_characters() {
        let parsed = parse(SOURCE, "schema.graphql");
        let reports = report(&parsed.diagnostics, SOURCE, "schema.graphql");
        let json = serde_json::to_value(&reports).unwrap();
        let unknown = json.as_array().unwrap().iter().find(|report| report["code"] == "S0020");
        assert_eq!(
            *unknown.unwrap(),
            serde_json::json!({
                "code": "S0020",
                "severity": "error",
                "message": "unknown type `Strng`",
                "file": "schema.graphql",
                "line": 3,
                "column": 29,
                "endLine": 3,
                "endColumn": 34,
                "help": "did you mean `String`?",
                "labels": [{
                    "line": 3,
                    "column": 29,
                    "endLine": 3,
                    "endColumn": 34,
                    "text": "no model, enum or scalar",
                }],
            })
        );
    }

    #[test]
    fn nothing_is_rendered_of_nothing() {
        assert_eq!(render(&[], SOURCE, "schema.graphql", Style::Plain), "");
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn counts_have_their_plural() {
        let diagnostic = |code| Diagnostic::new(code, "", Span::default(), "");
        let error = diagnostic(DiagnosticCode::UnknownType);
        let warning = diagnostic(DiagnosticCode::NoRules);
        assert_eq!(summary(&[error.clone(), error, warning]).unwrap(), "2 errors, 1 warning");
    }

    #[test]
    fn spans_outside_the_source_are_brought_inside() {
        let beyond = Span { start: 1_000, end: 2_000 };
        let inside = Span { start: SOURCE.find('Ü').unwrap() + 1, end: 0 };
        for span in [beyond, inside] {
            let diagnostic = Diagnostic::new(DiagnosticCode::UnknownType, "m", span, "here");
            assert!(render(&[diagnostic], SOURCE, "s", Style::Plain).contains("here"));
        }
        let empty = Diagnostic::new(DiagnosticCode::NoModels, "m", Span::default(), "");
        assert!(render(&[empty], "", "s", Style::Plain).contains("S0004"));
    }
}
