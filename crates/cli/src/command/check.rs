//! `underpin check`: everything that is wrong with a project's schema, rules, configuration and tests.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use underpin_schema::{Schema, Severity};

use crate::args::ProjectArgs;
use crate::config::{self, Config};
use crate::diagnosis::{Diagnosis, counted};
use crate::exit::{Exit, Failure, Outcome};
use crate::mail;
use crate::output::{Colour, Output};
use crate::project::{Project, SCHEMA_FILE, shown};
use crate::suite;

/// Check the schema, its rules, the configuration and the tests, without touching a database
///
/// Reports every mistake with its place. `underpin test` runs the tests, `underpin explain` tells
/// more about a code.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// Fail on these, too
    #[arg(long, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// What is worth a look, but would run
    Warnings,
}

pub(crate) fn run(args: &CheckArgs, output: Output) -> Outcome {
    let dir = Project::find(&args.project.dir)?;
    let path = shown(&dir, SCHEMA_FILE);
    let diagnosis = Diagnosis::of(path.clone(), &Project::read_schema(&dir)?);
    let colour = if output.is_json() { Colour::Never } else { output.stderr_colour() };
    let mut problems = configuration_problems(args, &dir, diagnosis.schema(), colour)?;
    if let Ok(project) = Project::open(&args.project, &[], output) {
        problems.extend(mail::problems(&project, colour));
    }
    problems.extend(suite::problems(&dir, &diagnosis, colour)?);
    let n_errors = problems.len() + diagnosis.count(Severity::Error);
    let n_warnings = diagnosis.count(Severity::Warning);
    problems.extend(diagnosis.problems(colour));

    let is_denied = n_errors > 0 || (args.deny == Some(Deny::Warnings) && n_warnings > 0);
    report(
        &problems,
        output,
        json!({ "ok": !is_denied, "errors": n_errors, "warnings": n_warnings }),
    );
    if output.is_json() {
        return Ok(if is_denied { Exit::Usage } else { Exit::Done });
    }
    if is_denied {
        return Err(Failure::usage(format!("found {}", counted(n_errors, n_warnings)))
            .with_help("`underpin explain CODE` tells more about a code in brackets"));
    }
    if let Some(schema) = diagnosis.schema() {
        let found = match n_warnings {
            0 => "no mistakes".to_owned(),
            n_warnings => counted(0, n_warnings),
        };
        let n_models = schema.models.len();
        let models = if n_models == 1 { "model" } else { "models" };
        output.line(format_args!("{path}: {n_models} {models}, {found}"));
    }
    Ok(Exit::Done)
}

fn report(problems: &[(Value, String)], output: Output, mut summary: Value) {
    summary["problems"] = problems.iter().map(|(problem, _)| problem.clone()).collect();
    output.json(&summary);
    if !output.is_json() {
        for (_, rendered) in problems {
            output.error(format_args!("{rendered}\n"));
        }
    }
}

/// What is wrong with the configuration; it does not keep the schema from being looked at.
fn configuration_problems(
    args: &CheckArgs,
    dir: &std::path::Path,
    schema: Option<&Schema>,
    colour: Colour,
) -> Result<Vec<(Value, String)>, Failure> {
    let (path, text) = Project::read_config(dir)?;
    let flags = args.project.database.overrides();
    let read = Config::read(&path, &text, &config::environment(), &flags);
    let checked = read.and_then(|config| match schema {
        Some(schema) => config.check_roles(&path, &text, schema),
        None => Ok(()),
    });
    Ok(checked.err().map(|error| error.problems(colour)).unwrap_or_default())
}
