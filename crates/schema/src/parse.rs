//! The door of the compiler's front: the text of a schema file in, a [`Schema`] or diagnostics out.

use apollo_compiler::ast::Document;
use apollo_compiler::diagnostic::ToCliReport;

use crate::diagnostic::{Diagnostic, Severity, file};
use crate::{Schema, Span, declare, resolve};

/// Bytes a schema file may have.
const SOURCE_BYTES_MAX: usize = 1 << 20;
/// Tokens the parser reads, far more than a file of that size has in practice.
const TOKENS_MAX: usize = 500_000;
/// Levels the parser descends, so that brackets cannot exhaust the stack.
const DEPTH_MAX: usize = 100;

/// What became of a schema file.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The schema, unless a diagnostic is an error.
    pub schema: Option<Schema>,
    /// Everything that is wrong or worth a warning, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses and resolves a schema file. `file_name` is only for the parser's own use; spans speak of
/// `source`.
#[must_use]
pub fn parse(source: &str, file_name: &str) -> Parsed {
    let mut diagnostics = Vec::new();
    let schema = match read_document(source, file_name) {
        Ok(document) => {
            let declarations = declare::collect(&document, &mut diagnostics);
            Some(resolve::resolve(source, &declarations, &mut diagnostics))
        }
        Err(errors) => {
            diagnostics = errors;
            None
        }
    };
    // Stable, so what was found first at one place stays first.
    diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
    let refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Parsed { schema: schema.filter(|_| !refused), diagnostics }
}

fn read_document(source: &str, file_name: &str) -> Result<Document, Vec<Diagnostic>> {
    if source.len() > SOURCE_BYTES_MAX {
        let size = format!("{} bytes", source.len());
        return Err(vec![file::too_large(&size, SOURCE_BYTES_MAX, Span::default())]);
    }
    let mut parser = Document::parser().recursion_limit(DEPTH_MAX).token_limit(TOKENS_MAX);
    parser.parse_ast(source, file_name).map_err(|failed| {
        let errors = failed.errors.iter().map(|error| {
            let span = error.error.location().map_or_else(Span::default, |location| Span {
                start: location.offset().min(source.len()),
                end: location.end_offset().min(source.len()),
            });
            (span, error.error.to_string())
        });
        let errors = first_of_each_definition(source, errors.collect());
        errors.iter().map(|(span, message)| file::syntax(message, *span, source)).collect()
    })
}

/// The parser stumbles on after an error, so only the first in each definition tells anything. A
/// definition is taken to start at a line that starts with a word of definitions.
fn first_of_each_definition(source: &str, mut errors: Vec<(Span, String)>) -> Vec<(Span, String)> {
    const WORDS: [&str; 5] = ["type ", "enum ", "extend ", "schema ", "\""];
    let mut starts = Vec::new();
    let mut line_start = 0;
    for line in source.split_inclusive('\n') {
        if WORDS.iter().any(|word| line.starts_with(word)) {
            starts.push(line_start);
        }
        line_start += line.len();
    }
    errors.sort_by_key(|(span, _)| span.start);
    errors.dedup_by_key(|(span, _)| starts.partition_point(|start| *start <= span.start));
    errors
}
