//! The statements that make a table or an index.

use std::fmt::Write as _;

use crate::quote;
use crate::snapshot::{Column, IndexShape, Table, TableKey};

/// `CREATE TABLE` for `table`, under another name where a rebuild needs one.
pub(crate) fn create_table(table: &Table, name: &str) -> String {
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| format!("  {}", column_definition(table, column)))
        .collect();
    if table.primary_key.len() > 1 {
        let key = quote::names(table.primary_key.iter().map(String::as_str));
        lines.push(format!("  PRIMARY KEY ({key})"));
    }
    let options = if table.without_rowid() { "STRICT, WITHOUT ROWID" } else { "STRICT" };
    format!("CREATE TABLE {} (\n{}\n) {options}", quote::name(name), lines.join(",\n"))
}

/// A column as it stands in `CREATE TABLE` and after `ADD COLUMN`.
pub(crate) fn column_definition(table: &Table, column: &Column) -> String {
    let mut text = format!("{} {}", quote::name(&column.name), column.sql_type);
    let is_key = table.primary_key.len() == 1 && table.primary_key[0] == column.name;
    if is_key && table.key == TableKey::Int {
        text.push_str(" PRIMARY KEY AUTOINCREMENT");
        return text;
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if is_key {
        text.push_str(" PRIMARY KEY");
    }
    if column.caseless {
        text.push_str(" COLLATE NOCASE");
    }
    if let Some(default) = &column.default {
        let _ = write!(text, " DEFAULT {default}");
    }
    if let Some(target) = &column.references {
        let _ = write!(
            text,
            " REFERENCES {} ({}) ON DELETE {} ON UPDATE {}",
            quote::name(&target.table),
            quote::name(&target.column),
            target.on_delete,
            target.on_update,
        );
    }
    text
}

/// `CREATE INDEX` for an index of the table of this name.
pub(crate) fn create_index(table: &str, index: &IndexShape) -> String {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            let order = if column.descending { " DESC" } else { "" };
            format!("{}{order}", quote::name(&column.column))
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let mut text = format!(
        "CREATE {unique}INDEX {} ON {} ({})",
        quote::name(&index.name),
        quote::name(table),
        columns.join(", "),
    );
    if let Some(filter) = &index.filter {
        let _ = write!(text, " WHERE {filter}");
    }
    text
}
