//! What is wrong with a schema, and where.
//!
//! A mistake is a value: rooms collect [`Diagnostic`]s and go on, so that all of them are reported
//! together. Every kind of mistake has a stable code, made by the table in [`codes`], and a page
//! that [`explain`] returns. The files below each hold one kind (or a small family): its page, its
//! constructor, and the fixtures that show where its carets point.

use crate::Span;

pub use codes::DiagnosticCode;

pub(crate) mod access;
pub(crate) mod account;
#[cfg(test)]
mod check;
mod codes;
pub(crate) mod collision;
pub(crate) mod constraint;
pub(crate) mod default;
pub(crate) mod definition;
pub(crate) mod directive;
pub(crate) mod duplicate;
pub(crate) mod field;
pub(crate) mod file;
pub(crate) mod index;
pub(crate) mod name;
pub(crate) mod relation;
pub(crate) mod role;
mod rule;
#[cfg(test)]
mod tests;
pub(crate) mod unknown;

/// A mistake in a schema, or something worth a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind.
    pub code: DiagnosticCode,
    /// Whether it keeps the schema from being used.
    pub severity: Severity,
    /// One line that says what is wrong, without a full stop.
    pub message: String,
    /// Places in the source with what is to be said of each; the first is where the mistake is.
    pub labels: Vec<(Span, String)>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Whether a diagnostic keeps a schema from being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a look; refused only under `--deny warnings`.
    Warning,
    /// The schema cannot be used.
    Error,
}

impl Severity {
    /// The word for it: `error` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Diagnostic {
    /// A diagnostic of this kind at this place. An empty `label` underlines without a word.
    pub fn new(
        code: DiagnosticCode,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            labels: vec![(span, label.into())],
            help: None,
        }
    }

    /// Adds another place that belongs to the mistake.
    #[must_use]
    pub fn with_label(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, label.into()));
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds advice where there is any.
    #[must_use]
    pub fn with_help_opt(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Where the mistake is.
    #[must_use]
    pub fn span(&self) -> Span {
        self.labels.first().map_or_else(Span::default, |(span, _)| *span)
    }
}

/// The name among `known` that `name` is most likely a slip of, if any is close enough.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    // A third of the letters may be wrong: `Strng` finds `String`, but `ab` does not find `id`.
    let distance_max = wanted.chars().count().div_ceil(3);
    known
        .into_iter()
        // Each letter too many or too few is a fault, which most names show without comparing.
        .filter(|candidate| {
            candidate.chars().count().abs_diff(wanted.chars().count()) <= distance_max
        })
        .map(|candidate| {
            (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The page about one kind of diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The kind.
    pub code: DiagnosticCode,
    /// A headline.
    pub title: &'static str,
    /// What it means, why it is so, and what to do.
    pub meaning: &'static str,
    /// A schema that provokes it; empty where that would fill a megabyte.
    pub bad: &'static str,
    /// The same schema put right.
    pub good: &'static str,
}

/// The page about the diagnostic with this code (`S0020`, in upper or lower case).
#[must_use]
pub fn explain(code: &str) -> Option<Explanation> {
    DiagnosticCode::ALL
        .iter()
        .copied()
        .find(|known| known.name().eq_ignore_ascii_case(code.trim()))
        .map(DiagnosticCode::explanation)
}

impl std::fmt::Display for Explanation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} ({}): {}\n\n{}",
            self.code.name(),
            self.code.severity().name(),
            self.title,
            self.meaning.trim()
        )?;
        let verdict = match self.code.severity() {
            Severity::Error => "refused",
            Severity::Warning => "warned about",
        };
        if !self.bad.is_empty() {
            writeln!(f, "\nThis is {verdict}:\n")?;
            indent(f, self.bad)?;
        }
        writeln!(f, "\nThis is right:\n")?;
        indent(f, self.good)
    }
}

fn indent(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    text.trim_matches('\n').lines().try_for_each(|line| match line {
        "" => writeln!(f),
        line => writeln!(f, "    {line}"),
    })
}

/// What each file below says of its diagnostic.
struct Page {
    title: &'static str,
    meaning: &'static str,
    bad: &'static str,
    good: &'static str,
}
