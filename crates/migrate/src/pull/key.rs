//! Which column is the key of a table, and of what kind.

use crate::introspection::{ColumnFacts, Generated, TableFacts};

/// The key of a model.
#[derive(Debug, Clone)]
pub(super) struct Key<'a> {
    pub(super) column: &'a ColumnFacts,
    /// `kind:` of `@id`; none for a UUID.
    pub(super) kind: Option<&'static str>,
    /// `storage:` of `@column`.
    pub(super) storage: Option<&'static str>,
    pub(super) note: Option<String>,
}

/// The key, or why the table cannot be a model.
pub(super) fn key(table: &TableFacts) -> Result<Key<'_>, String> {
    let columns = table.key();
    let column = match columns.as_slice() {
        [column] => *column,
        [] => unique_column(table)
            .ok_or_else(|| "has no primary key, by which a row could be named".to_owned())?,
        _ => return Err(format!("has a key of {} columns; a model has one", columns.len())),
    };
    let mut key = kind(column)?;
    if columns.is_empty() {
        let note = format!("`{}` is its key, for it is unique and never null", column.name);
        key.note = Some(note);
    } else if key.kind == Some("INT") && !is_row_number(table, column) {
        let note = format!(
            "the database does not number `{}` by itself, so rows can be read and changed, but not \
             created by clients",
            column.name
        );
        key.note = Some(note);
    }
    Ok(key)
}

/// A column that is as good as a key.
fn unique_column(table: &TableFacts) -> Option<&ColumnFacts> {
    table.indexes.iter().filter(|index| index.unique && index.filter.is_none()).find_map(|index| {
        let [column] = index.columns.as_slice() else { return None };
        let column = table.column(column.name.as_deref()?)?;
        (column.not_null && column.generated == Generated::No).then_some(column)
    })
}

/// Whether the column is an alias of the row's number, which SQLite gives.
fn is_row_number(table: &TableFacts, column: &ColumnFacts) -> bool {
    !table.without_rowid && column.declared_type.eq_ignore_ascii_case("INTEGER")
}

fn kind(column: &ColumnFacts) -> Result<Key<'_>, String> {
    let profile = column.profile.unwrap_or_default();
    let n_values = profile.values();
    let declared = column.declared_type.to_ascii_uppercase();
    let is_declared = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    let made = |kind, storage| Ok(Key { column, kind, storage, note: None });
    if n_values > 0 {
        return if profile.integers == n_values {
            made(Some("INT"), None)
        } else if profile.uuids == n_values {
            made(None, Some("TEXT"))
        } else if profile.uuid_blobs == n_values {
            made(None, None)
        } else if profile.texts == n_values {
            made(Some("STRING"), None)
        } else {
            Err(format!(
                "has keys in `{}` that are neither integers nor texts nor UUIDs",
                column.name
            ))
        };
    }
    if is_declared(&["UUID", "GUID", "UNIQUEIDENTIFIER"]) || declared == "CHAR(36)" {
        made(None, Some("TEXT"))
    } else if is_declared(&["INT", "SERIAL"]) {
        made(Some("INT"), None)
    } else if is_declared(&["CHAR", "CLOB", "TEXT", "STRING"]) {
        made(Some("STRING"), None)
    } else if is_declared(&["BLOB", "BINARY"]) {
        made(None, None)
    } else {
        Err(format!("has a key of type `{}`, which no kind of key fits", column.declared_type))
    }
}
