//! `underpin test`: runs the access tests of a project.

mod matrix;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use underpin_access::{Outcome, Report, Story, TestResult};

use crate::exit::{Exit, Failure, Outcome as Ending};
use crate::output::snippet::{Label, Message};
use crate::output::{Colour, Look, Output};
use crate::project::{Project, TESTS_DIR, shown};
use crate::suite;

/// A file that shows how to begin.
const EXAMPLE: &str = "\
begin with a file like this, say tests/access.yaml:

  rows:
    User:
      ada: { email: ada@example.com }
  tests:
    - as: { user: ada }
      can: [ { read: User/ada } ]
    - as: anonymous
      cannot: [ { read: User/ada } ]

docs/guides/access-tests.md tells the rest";

/// Run the access tests: who can and cannot do what
///
/// Reads `tests/*.yaml`, prints who may do what with each model, and tries every test on a temporary
/// database. Needs no server.
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The project's folder, the one with `schema.graphql`
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(args: &TestArgs, output: Output) -> Ending {
    let dir = Project::find(&args.dir)?;
    let suite = suite::open(&dir, output)?;
    if suite.n_tests() == 0 {
        let message = format!("there are no tests in {}", shown(&dir, TESTS_DIR));
        return Err(Failure::usage(message).with_help(EXAMPLE));
    }
    let report = suite.run()?;
    print(&report, output);
    output.json(&object(&report));
    Ok(if report.is_good() { Exit::Done } else { Exit::Failed })
}

fn print(report: &Report, output: Output) {
    output.line(matrix::table(&report.matrix, output));
    let mut file = None;
    for result in &report.results {
        if file != Some(&result.source.path) {
            output.line(format_args!("\n{}", output.paint(Look::Bold, &result.source.path)));
            file = Some(&result.source.path);
        }
        let (mark, look) = match result.outcome {
            Outcome::Passed => ("pass ", Look::Good),
            Outcome::Failed { .. } => ("FAIL ", Look::Bad),
            Outcome::Broken { .. } => ("ERROR", Look::Bad),
        };
        let mark = output.paint(look, mark);
        output.line(format_args!("  {mark} {} {}", result.actor, result.sentence));
    }
    output.line("");
    if output.is_json() {
        return;
    }
    let colour = output.stderr_colour();
    for result in &report.results {
        for text in failure(result, colour) {
            output.error(format_args!("{text}\n"));
        }
    }
    for problem in &report.problems {
        output.error(format_args!("{}\n", suite::rendered(problem, colour).1));
    }
    let (n_passed, n_tests) = (report.n_passed(), report.results.len());
    let (tests, n_failed) = (if n_tests == 1 { "test" } else { "tests" }, n_tests - n_passed);
    if report.is_good() {
        output.line(format_args!("{n_tests} {tests} passed"));
    } else if report.problems.is_empty() {
        let message = format!("{n_failed} of {n_tests} {tests} failed");
        output.error(output.titled_error(&message, None));
    } else {
        let message = format!(
            "{n_failed} of {n_tests} {tests} failed, and files whose rows cannot be written did not run"
        );
        output.error(output.titled_error(&message, None));
    }
}

/// What to say of a test that did not pass: the test, and the clauses that decided.
fn failure(result: &TestResult, colour: Colour) -> Vec<String> {
    let (message, help, story) = match &result.outcome {
        Outcome::Passed => return Vec::new(),
        Outcome::Failed { message, story } => (message, None, story.as_deref()),
        Outcome::Broken { message, help } => (message, help.as_deref(), None),
    };
    let title = match result.outcome {
        Outcome::Broken { .. } => format!("the test proves nothing: {message}"),
        Outcome::Passed | Outcome::Failed { .. } => message.clone(),
    };
    let expected = result.sentence.split(' ').next().unwrap_or_default();
    let label = format!("the test says that they {expected}");
    let label = if story.is_some() { label.as_str() } else { "" };
    let labels = vec![Label { span: result.span.clone(), text: label }];
    let shown = Message::error(&title)
        .at(&result.source.path, &result.source.text, labels)
        .with_help(help)
        .render(colour);
    std::iter::once(shown).chain(story.map(|story| decided(story, colour))).collect()
}

/// The reason, and the clauses in the schema file.
pub(crate) fn decided(story: &Story, colour: Colour) -> String {
    let pointers = story.pointers();
    let schema = story.schema();
    let labels = pointers
        .iter()
        .map(|pointer| Label { span: pointer.span.clone(), text: &pointer.label })
        .collect();
    Message::note(&story.reason).at(&schema.path, &schema.text, labels).render(colour)
}

fn object(report: &Report) -> Value {
    let tests = report.results.iter().map(|result| {
        let (line, column) = result.source.line_and_column(result.span.start);
        let (outcome, message, help, story) = match &result.outcome {
            Outcome::Passed => ("passed", None, None, None),
            Outcome::Failed { message, story } => ("failed", Some(message), None, story.as_ref()),
            Outcome::Broken { message, help } => ("broken", Some(message), help.as_ref(), None),
        };
        json!({
            "file": result.source.path,
            "line": line,
            "column": column,
            "actor": result.actor,
            "test": result.sentence,
            "outcome": outcome,
            "message": message,
            "help": help,
            "why": story,
        })
    });
    let problems = report.problems.iter().map(|problem| suite::rendered(problem, Colour::Never).0);
    json!({
        "ok": report.is_good(),
        "passed": report.n_passed(),
        "failed": report.results.len() - report.n_passed(),
        "matrix": report.matrix,
        "tests": tests.collect::<Vec<_>>(),
        "problems": problems.collect::<Vec<_>>(),
    })
}
