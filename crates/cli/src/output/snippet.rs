//! Shows a mistake with the lines of the file it stands in.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Colour;

/// A mistake, a warning or a note, being made ready to show.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    level: Level<'static>,
    code: Option<&'a str>,
    title: &'a str,
    source: Option<Source<'a>>,
    help: Option<&'a str>,
}

#[derive(Debug, Clone)]
struct Source<'a> {
    path: &'a str,
    text: &'a str,
    labels: Vec<Label<'a>>,
}

/// Bytes of the source, and what is said about them.
#[derive(Debug, Clone)]
pub struct Label<'a> {
    /// The bytes.
    pub span: Range<usize>,
    /// A few words, or none.
    pub text: &'a str,
}

impl<'a> Message<'a> {
    /// `error: title`
    #[must_use]
    pub fn error(title: &'a str) -> Self {
        Self { level: Level::ERROR, code: None, title, source: None, help: None }
    }

    /// `warning: title`
    #[must_use]
    pub fn warning(title: &'a str) -> Self {
        Self { level: Level::WARNING, code: None, title, source: None, help: None }
    }

    /// `note: title`
    #[must_use]
    pub fn note(title: &'a str) -> Self {
        Self { level: Level::NOTE, code: None, title, source: None, help: None }
    }

    /// Adds the code that `underpin explain` knows.
    #[must_use]
    pub fn with_code(mut self, code: &'a str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds the lines around `labels`, the first of which is where the mistake is. Without labels
    /// there is nothing to show of the file.
    #[must_use]
    pub fn at(mut self, path: &'a str, text: &'a str, labels: Vec<Label<'a>>) -> Self {
        self.source = (!labels.is_empty()).then_some(Source { path, text, labels });
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn with_help(mut self, help: Option<&'a str>) -> Self {
        self.help = help;
        self
    }

    /// The text, without a line break at its end.
    #[must_use]
    pub fn render(self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Always => Renderer::styled(),
            Colour::Never => Renderer::plain(),
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let title = match self.code {
            Some(code) => self.level.primary_title(self.title).id(code),
            None => self.level.primary_title(self.title),
        };
        match (&self.source, self.help) {
            (None, None) => renderer.render(&[Group::with_title(title)]),
            // Without lines of a file there is no margin to hang the advice on.
            (None, Some(help)) => {
                let title = renderer.render(&[Group::with_title(title)]);
                format!("{title}\n{}", help_line(help, colour))
            }
            (Some(source), None) => renderer.render(&[title.element(source.snippet())]),
            (Some(source), Some(help)) => {
                let help = Level::HELP.message(help);
                renderer.render(&[title.element(source.snippet()).element(help)])
            }
        }
    }
}

fn help_line(help: &str, colour: Colour) -> String {
    match colour {
        Colour::Always => format!("\x1b[1m\x1b[96mhelp\x1b[0m: {help}"),
        Colour::Never => format!("help: {help}"),
    }
}

impl Source<'_> {
    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let annotations = self.labels.iter().enumerate().map(|(index, label)| {
            let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            // A mistake may stand at the end of the file, behind its last byte.
            let end = self.text.len();
            kind.span(label.span.start.min(end)..label.span.end.min(end)).label(label.text)
        });
        Snippet::source(self.text).path(self.path).annotations(annotations)
    }
}

/// Line and column of a byte, both from 1; columns count characters.
#[must_use]
pub fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        assert_eq!(line_and_column("", 0), (1, 1));
        assert_eq!(line_and_column("ab\ncd", 4), (2, 2));
        assert_eq!(line_and_column("é = 1", 3), (1, 3));
        assert_eq!(line_and_column("ab", 99), (1, 3));
    }
}
