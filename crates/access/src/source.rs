//! Files as they were read, and mistakes in them with their places.

use std::ops::Range;
use std::sync::Arc;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path as messages name it.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// A mistake in a file of access tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub source: Arc<Source>,
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// One line that says what is wrong, without a full stop.
    pub message: String,
    /// A few words about the bytes, or none.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

/// A mistake whose file is known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        let (span, message) = (span.clone(), message.into());
        Self { span, message, label: String::new(), help: None }
    }

    pub(crate) fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn in_file(self, source: &Arc<Source>) -> Problem {
        let Self { span, message, label, help } = self;
        Problem { source: Arc::clone(source), span, message, label, help }
    }
}

impl Source {
    /// Line and column of a byte, both from 1; columns count characters.
    #[must_use]
    pub fn line_and_column(&self, byte: usize) -> (usize, usize) {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &self.text[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// `tests/orders.yaml:3:7`
    #[must_use]
    pub fn place(&self, byte: usize) -> String {
        let (line, column) = self.line_and_column(byte);
        format!("{}:{line}:{column}", self.path)
    }
}
