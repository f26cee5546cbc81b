//! The matrix as a table: a line for each operation of each model, a column for each actor.

use underpin_access::{Cell, Matrix};

use crate::output::{Look, Output};

/// Spaces between columns.
const GAP: usize = 2;

/// The table, without a line break at its end.
pub(super) fn table(matrix: &Matrix, output: Output) -> String {
    let model_width = width(matrix.rows.iter().map(|row| row.model.as_str()));
    let operation_width = width(matrix.rows.iter().map(|row| row.operation));
    let cell_width = |actor: &str| {
        let cells = [Cell::Always, Cell::SomeRows, Cell::Never].map(Cell::name);
        width(cells.into_iter().chain([actor]))
    };
    let mut line = padded("", model_width + GAP + operation_width);
    for actor in &matrix.actors {
        line.push_str(&" ".repeat(GAP));
        line.push_str(&padded(actor, cell_width(actor)));
    }
    let mut lines = vec![output.paint(Look::Bold, line.trim_end())];
    let mut model = None;
    for row in &matrix.rows {
        let name = if model == Some(&row.model) { "" } else { row.model.as_str() };
        model = Some(&row.model);
        let name = output.paint(Look::Bold, padded(name, model_width));
        let operation = padded(row.operation, operation_width);
        let mut line = format!("{name}{}{operation}", " ".repeat(GAP));
        let last = row.cells.len().saturating_sub(1);
        for (index, (cell, actor)) in row.cells.iter().zip(&matrix.actors).enumerate() {
            let width = if index == last { 0 } else { cell_width(actor) };
            let text = padded(cell.name(), width);
            line.push_str(&" ".repeat(GAP));
            line.push_str(&match cell {
                Cell::Always => output.paint(Look::Good, text),
                Cell::SomeRows => text,
                Cell::Never => output.paint(Look::Dim, text),
            });
        }
        lines.push(line);
    }
    lines.join("\n")
}

fn width<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or_default()
}

fn padded(text: &str, width: usize) -> String {
    let n_missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(n_missing))
}
