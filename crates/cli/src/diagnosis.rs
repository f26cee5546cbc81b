//! What a schema file means, or everything that is wrong with it.

use std::sync::Arc;

use serde_json::{Value, json};
use underpin_rules::Rules;
use underpin_schema::{Application, Diagnostic, Schema, Severity};

use crate::exit::Failure;
use crate::output::snippet::{Label, Message};
use crate::output::{Colour, Output};

/// A schema file that was read.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    path: String,
    text: String,
    schema: Option<Schema>,
    diagnostics: Vec<Diagnostic>,
}

impl Diagnosis {
    /// Reads `text`, which messages call `path`: the definitions first, then, if they hold together,
    /// the rules.
    pub(crate) fn of(path: String, text: &str) -> Self {
        let Application { parsed, text } = underpin_schema::parse_application(text, &path);
        let mut diagnostics = parsed.diagnostics;
        if let Some(schema) = &parsed.schema {
            diagnostics.extend(Rules::compile(schema).1);
        }
        diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
        Self { path, text, schema: parsed.schema, diagnostics }
    }

    /// How many diagnostics are this severe.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// The schema, if nothing keeps it from being used.
    pub(crate) fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref().filter(|_| self.count(Severity::Error) == 0)
    }

    /// The schema.
    ///
    /// # Errors
    /// All diagnostics, when one of them is an error.
    pub(crate) fn into_schema(self, output: Output) -> Result<Arc<Schema>, Failure> {
        let (n_errors, n_warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        if n_errors > 0 {
            let message = format!("{} has {}", self.path, counted(n_errors, n_warnings));
            return Err(Failure::usage(message)
                .with_help("`underpin explain CODE` tells more about a code in brackets")
                .with_problems(self.problems(output.stderr_colour())));
        }
        Ok(Arc::new(self.schema.expect("invariant: a schema without errors is there")))
    }

    /// The file as messages name it, and what stands in it.
    pub(crate) fn source(&self) -> (&str, &str) {
        (&self.path, &self.text)
    }

    /// Every diagnostic, as an object for programs and as text for people.
    pub(crate) fn problems(&self, colour: Colour) -> Vec<(Value, String)> {
        let reports = underpin_schema::report(&self.diagnostics, &self.text, &self.path);
        let objects = reports.iter().map(|report| json!(report));
        objects.zip(self.diagnostics.iter().map(|one| self.render(one, colour))).collect()
    }

    fn render(&self, diagnostic: &Diagnostic, colour: Colour) -> String {
        let labels = diagnostic
            .labels
            .iter()
            .map(|(span, label)| Label { span: span.start..span.end, text: label })
            .collect();
        let message = match diagnostic.severity {
            Severity::Error => Message::error(&diagnostic.message),
            Severity::Warning => Message::warning(&diagnostic.message),
        };
        message
            .with_code(diagnostic.code.name())
            .at(&self.path, &self.text, labels)
            .with_help(diagnostic.help.as_deref())
            .render(colour)
    }
}

/// "2 errors and 1 warning".
pub(crate) fn counted(n_errors: usize, n_warnings: usize) -> String {
    let plural = |n: usize, word: &str| match n {
        1 => format!("1 {word}"),
        n => format!("{n} {word}s"),
    };
    match (n_errors, n_warnings) {
        (0, n_warnings) => plural(n_warnings, "warning"),
        (n_errors, 0) => plural(n_errors, "error"),
        _ => format!("{} and {}", plural(n_errors, "error"), plural(n_warnings, "warning")),
    }
}
