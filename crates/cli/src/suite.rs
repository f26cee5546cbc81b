//! The access tests of a project: `tests/*.yaml`, and what is wrong with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use underpin_access::{Problem, Source, Suite};
use underpin_base::Limits;
use underpin_schema::Schema;

use crate::diagnosis::Diagnosis;
use crate::exit::Failure;
use crate::output::snippet::{Label, Message};
use crate::output::{Colour, Output};
use crate::project::{Project, SCHEMA_FILE, TESTS_DIR, shown};

/// The tests of the project in `dir`, with the schema they are about.
///
/// # Errors
/// Every mistake of the schema, or of the tests.
pub(crate) fn open(dir: &Path, output: Output) -> Result<Suite, Failure> {
    let diagnosis = Diagnosis::of(shown(dir, SCHEMA_FILE), &Project::read_schema(dir)?);
    let source = source_of(&diagnosis);
    let schema = diagnosis.into_schema(output)?;
    let (suite, problems) = read(dir, &schema, source)?;
    if problems.is_empty() {
        return Ok(suite);
    }
    let message = match problems.len() {
        1 => "the tests have 1 mistake".to_owned(),
        n_mistakes => format!("the tests have {n_mistakes} mistakes"),
    };
    let colour = output.stderr_colour();
    let problems = problems.iter().map(|problem| rendered(problem, colour)).collect();
    Err(Failure::usage(message).with_problems(problems))
}

/// What is wrong with the tests of a project, as objects and as text. Nothing can be said of them
/// while the schema has mistakes.
pub(crate) fn problems(
    dir: &Path,
    diagnosis: &Diagnosis,
    colour: Colour,
) -> Result<Vec<(Value, String)>, Failure> {
    let Some(schema) = diagnosis.schema() else { return Ok(Vec::new()) };
    let (_, problems) = read(dir, &Arc::new(schema.clone()), source_of(diagnosis))?;
    Ok(problems.iter().map(|problem| rendered(problem, colour)).collect())
}

fn source_of(diagnosis: &Diagnosis) -> Source {
    let (path, text) = diagnosis.source();
    Source { path: path.to_owned(), text: text.to_owned() }
}

fn read(
    dir: &Path,
    schema: &Arc<Schema>,
    source: Source,
) -> Result<(Suite, Vec<Problem>), Failure> {
    let mut files = Vec::new();
    for path in files_in(&dir.join(TESTS_DIR))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let path_shown = shown(dir, &format!("{TESTS_DIR}/{name}"));
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::usage(format!("cannot read {path_shown}: {error}")))?;
        files.push(Source { path: path_shown, text });
    }
    let read = Suite::read(schema, source, files, &Limits::default());
    Ok(read.expect("invariant: the schema has no mistakes"))
}

/// The files of tests, by name.
fn files_in(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed =
        |error: std::io::Error| Failure::failed(format!("cannot read {}: {error}", dir.display()));
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        if is_yaml && !is_hidden {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    Ok(paths)
}

/// A mistake as an object and as text.
pub(crate) fn rendered(problem: &Problem, colour: Colour) -> (Value, String) {
    let source = &problem.source;
    let (line, column) = source.line_and_column(problem.span.start);
    let (end_line, end_column) = source.line_and_column(problem.span.end);
    let object = json!({
        "severity": "error",
        "message": problem.message,
        "file": source.path,
        "line": line,
        "column": column,
        "endLine": end_line,
        "endColumn": end_column,
        "help": problem.help,
    });
    let label = Label { span: problem.span.clone(), text: &problem.label };
    let text = Message::error(&problem.message)
        .at(&source.path, &source.text, vec![label])
        .with_help(problem.help.as_deref())
        .render(colour);
    (object, text)
}
