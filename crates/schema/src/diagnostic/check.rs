//! The one way tests speak of diagnostics: a schema with its mistakes marked in comments.
//!
//! Below a line of the schema, comment lines name what is expected on it:
//!
//! ```text
//!   title: Strng!
//! #        ^^^^^ S0020: unknown type `Strng`      a diagnostic: its first label and message
//! #        help: did you mean `String`?          the help of the diagnostic above
//! #        label: no model, enum or scalar       the text of the label above
//! #  ^^^ label: first here                       a further label of any diagnostic
//! ```
//!
//! Every diagnostic must be marked, and every further label that has a text of its own.

use std::fmt::Write;

use crate::{Diagnostic, DiagnosticCode, Span, parse};

/// Parses the fixture and holds its diagnostics against its marks.
#[track_caller]
pub(super) fn check_diagnostic(fixture: &str) {
    let diagnostics = parse(fixture, "schema.graphql").diagnostics;
    let marks = read_marks(fixture);
    let mut expected: Vec<(Span, String)> = Vec::new();
    let mut notes: Vec<(Span, String)> = Vec::new();
    for mark in &marks {
        match mark.text.strip_prefix("label: ").or_else(|| mark.text.strip_prefix("help: ")) {
            Some(_) if !mark.own_carets => notes.push((mark.span, mark.text.clone())),
            _ => expected.push((mark.span, mark.text.clone())),
        }
    }
    let mut actual: Vec<(Span, String)> = diagnostics.iter().flat_map(marks_of).collect();
    let order = |mark: &(Span, String)| (mark.0.start, mark.0.end, mark.1.clone());
    expected.sort_by_key(order);
    actual.sort_by_key(order);
    assert!(expected == actual, "{}", difference(fixture, &expected, &actual));
    for (span, note) in notes {
        let holds = diagnostics.iter().any(|diagnostic| {
            diagnostic.span() == span
                && (note.strip_prefix("help: ") == diagnostic.help.as_deref()
                    || note.strip_prefix("label: ") == Some(diagnostic.labels[0].1.as_str()))
        });
        assert!(holds, "no diagnostic has {note:?}: {diagnostics:#?}");
    }
}

/// The codes of all diagnostics of a source, in order.
pub(super) fn codes_of(source: &str) -> Vec<&'static str> {
    let parsed = parse(source, "schema.graphql");
    parsed.diagnostics.iter().map(|diagnostic| diagnostic.code.name()).collect()
}

struct Mark {
    span: Span,
    text: String,
    own_carets: bool,
}

fn read_marks(fixture: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let (mut start, mut marked_start) = (0, 0);
    for line in fixture.split('\n') {
        let rest = line.strip_prefix('#').map(str::trim_start);
        match rest {
            Some(rest) if rest.starts_with('^') => {
                let column = line.chars().count() - rest.chars().count();
                let n_carets = rest.chars().take_while(|character| *character == '^').count();
                let marked = &fixture[marked_start..];
                let offset = |n: usize| marked.chars().take(n).map(char::len_utf8).sum::<usize>();
                marks.push(Mark {
                    span: Span {
                        start: marked_start + offset(column),
                        end: marked_start + offset(column + n_carets),
                    },
                    text: rest.trim_start_matches('^').trim().to_owned(),
                    own_carets: true,
                });
            }
            Some(rest) if rest.starts_with("help: ") || rest.starts_with("label: ") => {
                let span = marks.last().expect("a note follows a mark").span;
                marks.push(Mark { span, text: rest.to_owned(), own_carets: false });
            }
            _ => marked_start = start,
        }
        start += line.len() + 1;
    }
    marks
}

fn marks_of(diagnostic: &Diagnostic) -> Vec<(Span, String)> {
    let code: DiagnosticCode = diagnostic.code;
    let first = (diagnostic.span(), format!("{}: {}", code.name(), diagnostic.message));
    let further = diagnostic.labels[1..].iter();
    std::iter::once(first)
        .chain(further.map(|(span, text)| (*span, format!("label: {text}"))))
        .collect()
}

fn difference(fixture: &str, expected: &[(Span, String)], actual: &[(Span, String)]) -> String {
    let mut text = format!("in {fixture}\n");
    for (title, these, others) in
        [("expected, not found", expected, actual), ("found, not expected", actual, expected)]
    {
        for (span, mark) in these.iter().filter(|mark| !others.contains(mark)) {
            let at = fixture.get(span.start..span.end).unwrap_or_default();
            let line = fixture[..span.start.min(fixture.len())].matches('\n').count() + 1;
            writeln!(text, "{title}: line {line}, {at:?}: {mark}").expect("a string takes all");
        }
    }
    text
}
