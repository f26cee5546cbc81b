//! How a command ends: the exit codes, and a failure with everything there is to say about it.

use std::fmt;

use serde_json::{Value, json};

use crate::config::ConfigError;
use crate::output::Output;

/// The exit codes, for `--help` and the reference.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    failed: the reason is on standard error
  2    wrong usage, configuration or schema; nothing was changed
  3    the database is behind the schema, or a step waits for your consent
  130  stopped by Ctrl-C or SIGTERM before it served, or by a second one before requests had ended";

/// The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed at what was asked.
    Failed,
    /// The command line, the configuration, the schema or a seed file is wrong.
    Usage,
    /// The database is not at the schema, or getting it there needs consent.
    Behind,
    /// Stopped by a signal before it served, or by a second one.
    Interrupted,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Behind => 3,
            Self::Interrupted => 130,
        }
    }
}

/// What a command ends with.
pub type Outcome = Result<Exit, Failure>;

/// Why a command could not do what was asked.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    help: Option<String>,
    /// Mistakes in files, each as an object for programs and rendered for people.
    problems: Vec<(Value, String)>,
    /// What is wrong in detail, said after the message; otherwise like `problems`.
    details: Vec<(Value, String)>,
}

impl Failure {
    /// A failure with a message: one line, no full stop.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: None,
            problems: Vec::new(),
            details: Vec::new(),
        }
    }

    /// A failure of the command's work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// A mistake in what the user wrote.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds mistakes that have a place in a file: as an object, and as text for standard error.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<(Value, String)>) -> Self {
        self.problems = problems;
        self
    }

    /// A configuration with mistakes.
    #[must_use]
    pub fn config(error: &ConfigError, output: Output) -> Self {
        let message = match error.problems.len() {
            1 => "the configuration has 1 mistake".to_owned(),
            n_mistakes => format!("the configuration has {n_mistakes} mistakes"),
        };
        Self::usage(message)
            .with_help("docs/configuration.md lists every key; `underpin check` reads it again")
            .with_problems(error.problems(output.stderr_colour()))
    }

    /// What went wrong, in one line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Says what happened, in the form `output` asks for.
    pub fn report(&self, output: Output) {
        if output.is_json() {
            let problems = self.problems.iter().chain(&self.details);
            let problems: Vec<&Value> = problems.map(|(problem, _)| problem).collect();
            let mut error = json!({ "message": self.message, "exitCode": self.exit.code() });
            if let Some(help) = &self.help {
                error["help"] = json!(help);
            }
            if !problems.is_empty() {
                error["problems"] = json!(problems);
            }
            output.json(&json!({ "error": error }));
            return;
        }
        let shown: Vec<&str> = self.problems.iter().map(|(_, text)| text.as_str()).collect();
        // Whole snippets need air between them; lines of a list do not.
        let gap = if shown.iter().any(|text| text.contains('\n')) { "\n\n" } else { "\n" };
        if !shown.is_empty() {
            output.error(format_args!("{}\n", shown.join(gap)));
        }
        output.error(output.titled_error(&self.message, self.help.as_deref()));
        for (_, text) in &self.details {
            output.error(text);
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

impl From<underpin_base::Error> for Failure {
    /// Invalid fields are the user's to mend; everything else is a failure with its causes.
    fn from(error: underpin_base::Error) -> Self {
        let mut message = error.message().to_owned();
        let mut cause = std::error::Error::source(&error);
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        let fields = &error.details().fields;
        let problems = fields.iter().map(|field| {
            let object = json!({
                "field": field.path,
                "code": field.code,
                "message": field.message,
            });
            (object, format!("  {}: {}", field.path, field.message))
        });
        let exit = if fields.is_empty() { Exit::Failed } else { Exit::Usage };
        let failure = Self { details: problems.collect(), ..Self::new(exit, message) };
        match error.hint() {
            Some(hint) => failure.with_help(hint),
            None => failure,
        }
    }
}
