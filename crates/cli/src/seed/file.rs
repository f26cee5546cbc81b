//! Reads the rows of a seed file, JSON or CSV, each with the line it stands on.

use std::path::{Path, PathBuf};

use serde_json::error::Category;
use serde_json::value::RawValue;

/// The rows of one model, as a file has them.
#[derive(Debug)]
pub(crate) struct SeedFile {
    /// The file as messages name it.
    pub(crate) shown: String,
    /// The file's name without its ending: the plural or the name of a model.
    pub(crate) model: String,
    /// The rows, each with the line it begins on, from 1.
    pub(crate) rows: Vec<(usize, Row)>,
}

/// One row as it stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// The text of a JSON value.
    Json(String),
    /// Cells of a CSV file by the names of its first line. An empty cell says nothing of its field
    /// and is left out.
    Cells(Vec<(String, String)>),
}

/// A file that cannot be read as rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileProblem {
    /// The file as messages name it.
    pub(crate) shown: String,
    /// The line, where there is one.
    pub(crate) line: Option<usize>,
    /// What is wrong.
    pub(crate) message: String,
}

/// The files of a folder that hold rows, by name.
///
/// # Errors
/// When the folder cannot be read; one that is not there has no files.
pub(crate) fn files_in(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let paths: std::io::Result<Vec<PathBuf>> =
        entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths?;
    paths.retain(|path| {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
        !hidden && (has_ending(path, "json") || has_ending(path, "csv"))
    });
    paths.sort_unstable();
    Ok(paths)
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or is neither JSON rows nor CSV.
pub(crate) fn read(path: &Path) -> Result<SeedFile, FileProblem> {
    let shown = path.strip_prefix(".").unwrap_or(path).display().to_string();
    let problem = |message: String| FileProblem { shown: shown.clone(), line: None, message };
    let bytes = std::fs::read(path).map_err(|error| problem(format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let rows = if has_ending(path, "json") {
        json_rows(text)
    } else if has_ending(path, "csv") {
        csv_rows(text)
    } else {
        return Err(problem("is neither .json nor .csv".to_owned()));
    };
    let rows = rows.map_err(|(line, message)| FileProblem { line, ..problem(message) })?;
    let model = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(SeedFile { shown, model, rows })
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

type Rows = Result<Vec<(usize, Row)>, (Option<usize>, String)>;

fn json_rows(text: &str) -> Rows {
    let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
        let message = match error.classify() {
            Category::Eof => "ends before its list of rows does",
            Category::Data => "holds something else than a list of rows, `[{ … }, { … }]`",
            Category::Syntax | Category::Io => "is not valid JSON here",
        };
        (Some(error.line().max(1)), message.to_owned())
    })?;
    let row = |row: &RawValue| (line_of(text, row.get()), Row::Json(row.get().to_owned()));
    Ok(rows.into_iter().map(row).collect())
}

/// The line on which `part`, a slice of `text`, begins.
fn line_of(text: &str, part: &str) -> usize {
    let offset = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn csv_rows(text: &str) -> Rows {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let wrong = |error: &csv::Error| {
        let line = error.position().and_then(|place| usize::try_from(place.line()).ok());
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("the row has {len} values, the first line names {expected_len}")
            }
            _ => "is not valid CSV".to_owned(),
        };
        (line, message)
    };
    let names = reader.headers().map_err(|error| wrong(&error))?.clone();
    reader
        .records()
        .map(|record| {
            let record = record.map_err(|error| wrong(&error))?;
            let line = record.position().and_then(|place| usize::try_from(place.line()).ok());
            let cells = names.iter().zip(&record).filter(|(_, value)| !value.is_empty());
            let cells = cells.map(|(name, value)| (name.to_owned(), value.to_owned()));
            Ok((line.unwrap_or(0), Row::Cells(cells.collect())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_rows_know_their_lines_and_keep_values_as_written() {
        let rows = json_rows("[\n {\"a\": 1.0,\n \"b\": null},\n [7]]").unwrap();
        let json = |text: &str| Row::Json(text.to_owned());
        assert_eq!(rows, [(2, json("{\"a\": 1.0,\n \"b\": null}")), (4, json("[7]"))]);
    }

    #[test]
    fn csv_rows_know_their_lines_and_empty_cells_say_nothing() {
        let rows = csv_rows("a,b\n1,\"two\nlines\"\n,x\n").unwrap();
        let cells = |cells: &[(&str, &str)]| {
            let owned = cells.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
            Row::Cells(owned.collect())
        };
        assert_eq!(
            rows,
            [(2, cells(&[("a", "1"), ("b", "two\nlines")])), (4, cells(&[("b", "x")]))]
        );
    }

    #[test]
    fn a_file_that_is_not_rows_is_refused_with_the_line() {
        let refused = |rows: Rows| rows.unwrap_err();
        assert_eq!(refused(json_rows("{}")).0, Some(1));
        assert_eq!(refused(json_rows("[\n{},\n{]")).0, Some(3));
        let (line, message) = refused(csv_rows("a,b\n1,2\n3\n"));
        assert_eq!(line, Some(3));
        assert_eq!(message, "the row has 1 values, the first line names 2");
    }
}
