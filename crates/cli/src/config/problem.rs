//! What is wrong with a configuration, and how that is shown.

use std::fmt;
use std::ops::Range;

use serde_json::{Value, json};

use super::{masking, read};
use crate::output::Colour;
use crate::output::snippet::{self, Label, Message};

/// Where a wrong setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// These bytes of `underpin.toml`.
    File(Range<usize>),
    /// The environment variable with this name.
    Environment(String),
    /// The flag with this name.
    Flag(&'static str),
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// What is wrong, as a title.
    pub message: String,
    /// What the marked text should have been.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
}

/// Every mistake of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file's name as shown.
    pub path: String,
    /// The file's text, without the secrets in it.
    pub text: String,
    /// The mistakes, those of the file first.
    pub problems: Vec<Problem>,
}

/// Orders mistakes: those of the file first, as they stand there.
fn sort(problems: &mut [Problem]) {
    problems.sort_by_key(|problem| match &problem.place {
        Place::File(span) => (0, span.start),
        Place::Environment(_) => (1, 0),
        Place::Flag(_) => (2, 0),
    });
}

impl ConfigError {
    /// The mistakes in a file, whose secrets are covered: what is shown of it may end in a log.
    pub(super) fn new(path: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        sort(&mut problems);
        let text = masking::masked(text, &read::secrets());
        Self { path: path.to_owned(), text, problems }
    }

    /// Each mistake with its place, as an object for programs and as text for people.
    #[must_use]
    pub fn problems(&self, colour: Colour) -> Vec<(Value, String)> {
        let shown = |problem: &Problem| (self.object(problem), self.render(problem, colour));
        self.problems.iter().map(shown).collect()
    }

    fn object(&self, problem: &Problem) -> Value {
        let mut object = json!({ "severity": "error", "message": problem.message });
        match &problem.place {
            Place::File(span) => {
                let (line, column) = snippet::line_and_column(&self.text, span.start);
                object["file"] = json!(self.path);
                object["line"] = json!(line);
                object["column"] = json!(column);
                object["label"] = json!(problem.label);
            }
            Place::Environment(name) => object["variable"] = json!(name),
            Place::Flag(name) => object["flag"] = json!(name),
        }
        if let Some(help) = &problem.help {
            object["help"] = json!(help);
        }
        object
    }

    fn render(&self, problem: &Problem, colour: Colour) -> String {
        let (title, labels) = match &problem.place {
            Place::File(span) => {
                let label = Label { span: span.clone(), text: &problem.label };
                (problem.message.clone(), vec![label])
            }
            Place::Environment(name) => {
                (format!("environment variable `{name}`: {}", problem.message), Vec::new())
            }
            Place::Flag(name) => (format!("flag `{name}`: {}", problem.message), Vec::new()),
        };
        Message::error(&title)
            .at(&self.path, &self.text, labels)
            .with_help(problem.help.as_deref())
            .render(colour)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<String> =
            self.problems(Colour::Never).into_iter().map(|(_, text)| text).collect();
        f.write_str(&shown.join("\n\n"))
    }
}

impl std::error::Error for ConfigError {}
