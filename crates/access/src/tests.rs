//! Tests of tests: what passes, what fails and why, what proves nothing; and that stories are true.

use std::sync::Arc;

use underpin_base::Limits;
use underpin_schema::Schema;

use crate::{Outcome, Problem, Report, Source, Story, Suite};

mod agreement;
mod explaining;
mod running;

/// A schema and one file of tests.
pub(crate) struct Stage {
    schema: Arc<Schema>,
    source: Source,
}

impl Stage {
    #[track_caller]
    pub(crate) fn of(text: &str) -> Self {
        let parsed = underpin_schema::parse(text, "schema.graphql");
        let schema = parsed.schema.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics));
        let source = Source { path: "schema.graphql".to_owned(), text: text.to_owned() };
        Self { schema: Arc::new(schema), source }
    }

    pub(crate) fn read(&self, files: &[(&str, &str)]) -> (Suite, Vec<Problem>) {
        let sources = files
            .iter()
            .map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() });
        let limits = Limits::default();
        Suite::read(&self.schema, self.source.clone(), sources.collect(), &limits)
            .expect("the rules have mistakes")
    }

    #[track_caller]
    pub(crate) fn suite(&self, text: &str) -> Suite {
        let (suite, problems) = self.read(&[("tests/t.yaml", text)]);
        assert!(problems.is_empty(), "{}", mistakes(&problems));
        suite
    }

    #[track_caller]
    pub(crate) fn run(&self, text: &str) -> Report {
        self.suite(text).run().unwrap()
    }
}

/// Mistakes, a line for each.
pub(crate) fn mistakes(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| {
        let place = problem.source.place(problem.span.start);
        let at = &problem.source.text[problem.span.clone()];
        let label = if problem.label.is_empty() { "" } else { &format!(" ({})", problem.label) };
        let help = problem.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{place} `{at}`{label}: {}{help}\n", problem.message)
    });
    lines.collect()
}

/// What came of every test, a line for each.
pub(crate) fn outcomes(report: &Report) -> String {
    let lines = report.results.iter().map(|result| {
        let line = format!("{} {}", result.actor, result.sentence);
        match &result.outcome {
            Outcome::Passed => format!("pass {line}\n"),
            Outcome::Failed { message, story } => {
                let reason = story.as_ref().map_or("no reason", |story| &story.reason);
                format!("FAIL {line}\n     {message}: {reason}\n")
            }
            Outcome::Broken { message, help } => {
                let help = help.as_deref().unwrap_or_default();
                format!("MOOT {line}\n     {message}; {help}\n")
            }
        }
    });
    lines.collect()
}

/// A story on a few lines.
pub(crate) fn outline(story: &Story) -> String {
    let verdict = if story.allowed { "may" } else { "may not" };
    let mut text = format!("{} {verdict} {}", story.actor, story.action);
    if let Some(code) = story.code {
        text.push_str(&format!(": {code}"));
    }
    text.push_str(&format!("\n{}\n", story.reason));
    for finding in &story.findings {
        let mark = if finding.decides { "* " } else { "- " };
        text.push_str(&format!(
            "{mark}{} for {}: {}\n",
            finding.subject, finding.row, finding.holds
        ));
    }
    for field in &story.fields {
        text.push_str(&format!("  {} {}: {}\n", field.field, field.readable, field.reason));
    }
    for pointer in story.pointers() {
        let at = &story.schema().text[pointer.span.clone()];
        text.push_str(&format!("  {at} -- {}\n", pointer.label));
    }
    text
}
