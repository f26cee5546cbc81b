//! The text of a schema file.

use std::fmt::Write as _;

use crate::introspection::IndexFacts;

use super::model::{Draft, FieldDraft, ModelDraft};
use super::naming;

const HEAD: &str = "\
# The schema of a database that is served where it lies: `managed: false` keeps migrations away from
# its tables, which stay as they are.
";

pub(super) fn text(draft: &Draft<'_>, notes: &[String]) -> String {
    let mut text = HEAD.to_owned();
    if let Some(model) = draft.models.first() {
        let (name, plural) = (&model.name, &model.plural_name);
        let _ = write!(
            text,
            "#\n# Nobody but the role `admin` may read or write, for no model has a rule. To open one, \
             say who may\n# do what, for example:\n#\n#   type {name} @model(…) @access(read: \
             \"true\", create: \"auth.can('{plural}:create')\") {{\n"
        );
    }
    if draft.models.is_empty() {
        text.push_str("extend schema @version(number: 1)\n");
    }
    if !notes.is_empty() {
        text.push_str("#\n# What to know:\n");
        for note in notes {
            // A name may hold what would end a comment.
            let note: String =
                note.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
            let _ = writeln!(text, "# - {note}");
        }
    }
    for model in &draft.models {
        text.push('\n');
        write_model(&mut text, model);
    }
    text
}

fn write_model(text: &mut String, model: &ModelDraft<'_>) {
    let mut arguments = Vec::new();
    if let Some(plural) = &model.plural {
        arguments.push(format!("plural: {}", string(plural)));
    }
    arguments.push(format!("table: {}", string(&model.table.name)));
    arguments.push("managed: false".to_owned());
    if !model.has_timestamps {
        arguments.push("timestamps: false".to_owned());
    }
    if !model.has_version {
        arguments.push("version: false".to_owned());
    }
    let _ = write!(text, "type {} @model({})", model.name, arguments.join(", "));
    let mut said: Vec<String> = Vec::new();
    for index in &model.table.indexes {
        if let Some(directive) = index_directive(model, index)
            && !said.contains(&directive)
        {
            let _ = write!(text, "\n  {directive}");
            said.push(directive);
        }
    }
    text.push_str(" {\n");
    write_key(text, model);
    for field in &model.fields {
        write_field(text, field);
    }
    text.push_str("}\n");
}

/// An index over several columns; those over one stand at their field.
fn index_directive(model: &ModelDraft<'_>, index: &IndexFacts) -> Option<String> {
    if index.columns.len() < 2 || index.filter.is_some() {
        return None;
    }
    let mut fields = Vec::new();
    for column in &index.columns {
        let name = column.name.as_deref()?;
        let by_column = |field: &&FieldDraft<'_>| field.column.is_some_and(|c| c.name == name);
        let field = if model.key.column.name == name {
            "id"
        } else {
            let field = model.fields.iter().find(by_column)?;
            let is_json = field.written_type.starts_with("JSON");
            if is_json { None } else { Some(field.name.as_str()) }?
        };
        let sign = if column.descending { "-" } else { "" };
        fields.push(string(&format!("{sign}{field}")));
    }
    let directive = if index.unique { "@unique" } else { "@index" };
    Some(format!("{directive}(fields: [{}])", fields.join(", ")))
}

fn write_key(text: &mut String, model: &ModelDraft<'_>) {
    let mut line = "  id: ID!".to_owned();
    if let Some(kind) = model.key.kind {
        let _ = write!(line, " @id(kind: {kind})");
    }
    let column = column("id", &model.key.column.name, model.key.storage);
    if !column.is_empty() {
        let _ = write!(line, " {column}");
    }
    let _ = writeln!(text, "{line}");
}

fn write_field(text: &mut String, field: &FieldDraft<'_>) {
    let mut line = format!("  {}: {}", field.name, field.written_type);
    for directive in &field.directives {
        let _ = write!(line, " {directive}");
    }
    let _ = writeln!(text, "{line}");
}

/// `@column(…)` for a field that holds a value; empty where the column follows from the name.
pub(super) fn column(field: &str, column: &str, storage: Option<&str>) -> String {
    said(&naming::snake(field), column, storage)
}

/// `@column(…)` for a field that refers to a row.
pub(super) fn reference_column(field: &str, column: &str) -> String {
    said(&format!("{}_id", naming::snake(field)), column, None)
}

fn said(expected: &str, column: &str, storage: Option<&str>) -> String {
    let name = (expected != column).then(|| format!("name: {}", string(column)));
    let storage = storage.map(|storage| format!("storage: {storage}"));
    let arguments: Vec<String> = [name, storage].into_iter().flatten().collect();
    if arguments.is_empty() { String::new() } else { format!("@column({})", arguments.join(", ")) }
}

/// A text as the schema language quotes it, which is as JSON does.
pub(super) fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
