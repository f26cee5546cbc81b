//! What seeding says about what it did, and about rows that were refused.

use serde_json::{Value, json};

use super::{FileProblem, RowProblem, Seeded};
use crate::output::{Look, Output};

impl Seeded {
    /// "12 rows added, 3 were there".
    pub(crate) fn summary(&self) -> String {
        let added = match self.n_created {
            1 => "1 row added".to_owned(),
            n_rows => format!("{n_rows} rows added"),
        };
        let there = match self.n_skipped {
            0 => String::new(),
            1 => ", 1 was there".to_owned(),
            n_rows => format!(", {n_rows} were there"),
        };
        let refused = match self.rows.len() {
            0 => String::new(),
            1 => ", 1 refused".to_owned(),
            n_rows => format!(", {n_rows} refused"),
        };
        format!("{added}{there}{refused}")
    }

    /// Shows everything that was refused, to standard error.
    pub(crate) fn report(&self, output: Output) {
        if output.is_json() {
            return;
        }
        for problem in &self.files {
            output.error(file_text(problem, output));
        }
        for problem in &self.rows {
            output.error(row_text(problem, output));
        }
    }

    /// The result for programs.
    pub(crate) fn object(&self) -> Value {
        let files = self.files.iter().map(|problem| {
            json!({ "file": problem.shown, "line": problem.line, "message": problem.message })
        });
        let problems: Vec<Value> = files.chain(self.rows.iter().map(row_object)).collect();
        json!({ "added": self.n_created, "skipped": self.n_skipped, "problems": problems })
    }
}

fn file_text(problem: &FileProblem, output: Output) -> String {
    let place = match problem.line {
        Some(line) => format!("{}:{line}", problem.shown),
        None => problem.shown.clone(),
    };
    output.titled_error(&format!("{place}: {}", problem.message), None)
}

/// The row's place and, below, each of its wrong fields.
fn row_text(problem: &RowProblem, output: Output) -> String {
    let error = &problem.error;
    let title =
        format!("{}:{}: row {}: {}", problem.shown, problem.line, problem.number, error.message());
    let mut text = output.titled_error(&title, error.hint());
    for field in &error.details().fields {
        let code = output.paint_error(Look::Dim, format_args!("({})", field.code));
        let path = if field.path.is_empty() { "the row" } else { &field.path };
        text.push_str(&format!("\n  {path}: {} {code}", field.message));
    }
    text
}

fn row_object(problem: &RowProblem) -> Value {
    let fields =
        problem.error.details().fields.iter().map(
            |field| json!({ "field": field.path, "code": field.code, "message": field.message }),
        );
    json!({
        "file": problem.shown,
        "line": problem.line,
        "row": problem.number,
        "code": problem.error.code().name(),
        "message": problem.error.message(),
        "fields": fields.collect::<Vec<_>>(),
    })
}
