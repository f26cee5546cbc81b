//! `underpin doctor`: looks at everything a project needs to run, and says what to do about what
//! is missing.

mod database;
mod machine;
mod mail;

use clap::Args;
use serde_json::{Value, json};
use underpin_schema::Severity;

use crate::args::ProjectArgs;
use crate::config::{self, Config};
use crate::diagnosis::{Diagnosis, counted};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};
use crate::project::{Project, SCHEMA_FILE, shown};

/// Look at everything the project needs to run
///
/// Configuration, schema, database, migrations, disk and port: a line each, with advice where
/// something is missing. Changes nothing. Exit code 1 when something fails.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

/// What was found about one thing.
pub(crate) struct Finding {
    about: &'static str,
    state: State,
    message: String,
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Good,
    Warning,
    Bad,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Warning => "warn",
            Self::Bad => "fail",
        }
    }

    const fn look(self) -> Look {
        match self {
            Self::Good => Look::Good,
            Self::Warning => Look::Warning,
            Self::Bad => Look::Bad,
        }
    }
}

impl Finding {
    fn good(about: &'static str, message: impl Into<String>) -> Self {
        Self { about, state: State::Good, message: message.into(), advice: None }
    }

    fn warning(about: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { about, state: State::Warning, message: message.into(), advice }
    }

    fn bad(about: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self { about, state: State::Bad, message: message.into(), advice }
    }
}

pub(crate) fn run(args: &DoctorArgs, output: Output) -> Outcome {
    let dir = Project::find(&args.project.dir)?;
    let mut findings = Vec::new();
    let (finding, config) = look_at_config(args, &dir)?;
    findings.push(finding);
    let project = Project::with_config(&dir, config.unwrap_or_default())?;
    let (finding, schema) = look_at_schema(&project)?;
    findings.push(finding);
    let runtime = crate::runtime()?;
    findings.extend(runtime.block_on(database::look(&project, schema.as_ref()))?);
    findings.extend(runtime.block_on(mail::look(&project)));
    findings.extend(machine::look(&project));
    report(&findings, output);
    let worst = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Good);
    Ok(if worst == State::Bad { Exit::Failed } else { Exit::Done })
}

fn report(findings: &[Finding], output: Output) {
    let object = |finding: &Finding| {
        let mut object = json!({
            "about": finding.about,
            "state": finding.state.word(),
            "message": finding.message,
        });
        if let Some(advice) = &finding.advice {
            object["advice"] = json!(advice);
        }
        object
    };
    let is_well = findings.iter().all(|finding| finding.state != State::Bad);
    let objects: Vec<Value> = findings.iter().map(object).collect();
    output.json(&json!({ "ok": is_well, "findings": objects }));
    for finding in findings {
        let word = output.paint(finding.state.look(), format_args!("{:<4}", finding.state.word()));
        output.result(format_args!("{word}  {:<13}  {}", finding.about, finding.message));
        if let Some(advice) = &finding.advice {
            output.result(output.paint(Look::Dim, format_args!("{:<21}{advice}", "")));
        }
    }
}

fn look_at_config(
    args: &DoctorArgs,
    dir: &std::path::Path,
) -> Result<(Finding, Option<Config>), Failure> {
    const ABOUT: &str = "configuration";
    let (path, text) = Project::read_config(dir)?;
    let flags = args.project.database.overrides();
    Ok(match Config::read(&path, &text, &config::environment(), &flags) {
        Err(error) => {
            let message =
                format!("{path} or the environment: {}", counted(error.problems.len(), 0));
            let advice =
                "`underpin check` shows each with its place; what follows assumes defaults";
            (Finding::bad(ABOUT, message, advice), None)
        }
        Ok(config) if text.is_empty() => {
            (Finding::good(ABOUT, format!("no {path}; every key has its default")), Some(config))
        }
        Ok(config) => (Finding::good(ABOUT, path), Some(config)),
    })
}

fn look_at_schema(project: &Project) -> Result<(Finding, Option<Diagnosis>), Failure> {
    const ABOUT: &str = "schema";
    let path = shown(project.dir(), SCHEMA_FILE);
    let diagnosis = project.diagnose()?;
    let (n_errors, n_warnings) =
        (diagnosis.count(Severity::Error), diagnosis.count(Severity::Warning));
    if n_errors > 0 {
        let message = format!("{path}: {}", counted(n_errors, n_warnings));
        let advice = format!("`underpin check{}` shows them", project.dir_argument());
        return Ok((Finding::bad(ABOUT, message, advice), None));
    }
    let n_models = diagnosis.schema().map_or(0, |schema| schema.models.len());
    let models = if n_models == 1 { "model" } else { "models" };
    let message = format!("{path}: {n_models} {models}");
    let finding = if n_warnings > 0 {
        let advice = format!("`underpin check{}` shows them", project.dir_argument());
        Finding::warning(ABOUT, format!("{message}, {}", counted(0, n_warnings)), advice)
    } else {
        Finding::good(ABOUT, message)
    };
    Ok((finding, Some(diagnosis)))
}
