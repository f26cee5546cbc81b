//! Whether a database really has the shape that a snapshot says.
//!
//! Managed tables must be exactly as recorded. Adopted ones belong to others: what the schema names
//! must be there and able to hold what will be written. Extra tables, indexes and triggers are
//! nobody's business here.

use crate::introspection::{Action, ColumnFacts, IndexOrigin, Introspection, TableFacts};
use crate::snapshot::{
    Column, IndexShape, Kind, OnChange, Snapshot, SqlType, Storage, Table, TableKey,
};

/// One difference between a snapshot and a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The table.
    pub table: String,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// A sentence.
    pub message: String,
}

/// Every difference, in the order of the snapshot.
#[must_use]
pub fn drift(snapshot: &Snapshot, found: &Introspection) -> Vec<Mismatch> {
    let mut mismatches = Mismatches::default();
    for table in &snapshot.tables {
        mismatches.table.clone_from(&table.name);
        match found.table(&table.name) {
            None if found.views.iter().any(|view| view.eq_ignore_ascii_case(&table.name)) => {
                mismatches.add(None, format!("`{}` is a view, not a table", table.name));
            }
            None => mismatches.add(None, format!("there is no table `{}`", table.name)),
            Some(facts) if table.managed => mismatches.compare_managed(table, facts),
            Some(facts) => mismatches.compare_adopted(table, facts),
        }
    }
    mismatches.found
}

#[derive(Default)]
struct Mismatches {
    table: String,
    found: Vec<Mismatch>,
}

impl Mismatches {
    fn add(&mut self, column: Option<&str>, message: String) {
        let column = column.map(str::to_owned);
        self.found.push(Mismatch { table: self.table.clone(), column, message });
    }

    fn compare_managed(&mut self, table: &Table, facts: &TableFacts) {
        let name = &table.name;
        if !facts.strict || facts.without_rowid != table.without_rowid() {
            self.add(None, format!("`{name}` was made in another way (STRICT, WITHOUT ROWID)"));
        }
        if facts.autoincrement != (table.key == TableKey::Int) {
            self.add(None, format!("the key of `{name}` is numbered in another way"));
        }
        self.compare_key(table, facts);
        for column in &table.columns {
            match facts.column(&column.name) {
                None => self.missing(column),
                Some(facts) => self.compare_managed_column(table, column, facts),
            }
        }
        for extra in facts.columns.iter().filter(|column| table.column(&column.name).is_none()) {
            let message = format!("`{name}` has a column `{}` that the schema has not", extra.name);
            self.add(Some(&extra.name), message);
        }
        self.compare_references(table, facts);
        for index in &table.indexes {
            self.compare_index(index, facts);
        }
    }

    fn missing(&mut self, column: &Column) {
        let message = format!("`{}` has no column `{}`", self.table, column.name);
        self.add(Some(&column.name), message);
    }

    fn compare_key(&mut self, table: &Table, facts: &TableFacts) {
        let key: Vec<&str> = facts.key().iter().map(|column| column.name.as_str()).collect();
        let same = key.len() == table.primary_key.len()
            && key.iter().zip(&table.primary_key).all(|(l, r)| l.eq_ignore_ascii_case(r));
        let same_set = || {
            let has = |name: &String| key.iter().any(|column| column.eq_ignore_ascii_case(name));
            key.len() == table.primary_key.len() && table.primary_key.iter().all(has)
        };
        let only_unique = || {
            facts.indexes.iter().any(|index| {
                index.unique
                    && index.filter.is_none()
                    && index.columns.len() == table.primary_key.len()
                    && index.columns.iter().zip(&table.primary_key).all(|(column, key)| {
                        column.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(key))
                    })
            })
        };
        if !same && (table.managed || !(same_set() || only_unique())) {
            let wanted = table.primary_key.join(", ");
            self.add(
                None,
                format!("the key of `{}` is ({}), not ({wanted})", self.table, key.join(", ")),
            );
        }
    }

    fn compare_managed_column(&mut self, table: &Table, column: &Column, facts: &ColumnFacts) {
        let name = format!("`{}.{}`", self.table, column.name);
        let mut differs = |message: String| {
            self.found.push(Mismatch {
                table: table.name.clone(),
                column: Some(column.name.clone()),
                message,
            });
        };
        if !facts.declared_type.eq_ignore_ascii_case(&column.sql_type.to_string()) {
            differs(format!("{name} is {}, not {}", facts.declared_type, column.sql_type));
        }
        let is_key = table.primary_key.contains(&column.name);
        if !is_key && facts.not_null == column.nullable {
            let may = if column.nullable { "may not" } else { "may" };
            differs(format!("{name} {may} be null"));
        }
        let caseless = facts.collation.as_deref().is_some_and(|c| c.eq_ignore_ascii_case("NOCASE"));
        if caseless != column.caseless {
            differs(format!("{name} compares text in another way"));
        }
        if bare(facts.default.as_deref()) != bare(column.default.as_deref()) {
            let shown = |default: Option<&str>| default.unwrap_or("nothing").to_owned();
            differs(format!(
                "{name} defaults to {}, not to {}",
                shown(facts.default.as_deref()),
                shown(column.default.as_deref())
            ));
        }
    }

    fn compare_references(&mut self, table: &Table, facts: &TableFacts) {
        for column in &table.columns {
            let Some(reference) = &column.references else { continue };
            let matches = facts.foreign_keys.iter().any(|key| {
                key.columns == [column.name.as_str()]
                    && key.target.eq_ignore_ascii_case(&reference.table)
                    && key.target_columns == [reference.column.as_str()]
                    && key.on_delete == action(reference.on_delete)
                    && key.on_update == action(reference.on_update)
            });
            if !matches {
                let message = format!(
                    "`{}.{}` does not refer to `{}` as the schema says",
                    self.table, column.name, reference.table
                );
                self.add(Some(&column.name), message);
            }
        }
        let n_wanted = table.columns.iter().filter(|column| column.references.is_some()).count();
        if facts.foreign_keys.len() > n_wanted {
            self.add(None, format!("`{}` has foreign keys that the schema has not", self.table));
        }
    }

    fn compare_index(&mut self, index: &IndexShape, facts: &TableFacts) {
        let Some(found) = facts.indexes.iter().find(|found| found.name == index.name) else {
            let message = format!("`{}` has no index `{}`", self.table, index.name);
            return self.add(None, message);
        };
        let same = found.origin == IndexOrigin::Created
            && found.unique == index.unique
            && bare(found.filter.as_deref()) == bare(index.filter.as_deref())
            && found.columns.len() == index.columns.len()
            && found.columns.iter().zip(&index.columns).all(|(found, wanted)| {
                found.name.as_deref() == Some(&wanted.column)
                    && found.descending == wanted.descending
            });
        if !same {
            let message = format!("the index `{}` of `{}` is another", index.name, self.table);
            self.add(None, message);
        }
    }

    fn compare_adopted(&mut self, table: &Table, facts: &TableFacts) {
        self.compare_key(table, facts);
        for column in &table.columns {
            match facts.column(&column.name) {
                None => self.missing(column),
                Some(found) if !can_hold(column, found, facts.strict) => {
                    let message = format!(
                        "`{}.{}` is declared {}, which cannot hold {} as {}",
                        self.table, column.name, found.declared_type, column.kind, column.sql_type
                    );
                    self.add(Some(&column.name), message);
                }
                Some(_) => {}
            }
        }
        for required in facts.columns.iter().filter(|column| {
            column.not_null
                && column.default.is_none()
                && column.key_position.is_none()
                && table.column(&column.name).is_none()
        }) {
            let message = format!(
                "`{}.{}` is NOT NULL without a default, but no field writes it",
                self.table, required.name
            );
            self.add(Some(&required.name), message);
        }
    }
}

/// A default or condition without the parentheses around it, which SQLite does not always keep.
fn bare(sql: Option<&str>) -> Option<&str> {
    let sql = sql?.trim();
    let inner = sql.strip_prefix('(').and_then(|sql| sql.strip_suffix(')'));
    Some(inner.map_or(sql, str::trim))
}

fn action(action: OnChange) -> Action {
    match action {
        OnChange::Restrict => Action::Restrict,
        OnChange::Cascade => Action::Cascade,
        OnChange::SetNull => Action::SetNull,
        OnChange::NoAction => Action::NoAction,
    }
}

/// Whether a column so declared gives back what is written to it (datatype3.html, section 3.1).
fn can_hold(column: &Column, found: &ColumnFacts, strict: bool) -> bool {
    let affinity = affinity(&found.declared_type);
    if strict {
        return affinity == Affinity::Any || affinity == exact(column.sql_type);
    }
    let digits = column.storage == Storage::Text && matches!(column.kind, Kind::Decimal { .. });
    match (column.sql_type, affinity) {
        (SqlType::Integer, Affinity::Text | Affinity::Real)
        | (SqlType::Real, Affinity::Text)
        | (SqlType::Text, Affinity::Integer | Affinity::Real) => false,
        (SqlType::Text, Affinity::Numeric) => !digits,
        _ => true,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
    Any,
}

fn exact(sql_type: SqlType) -> Affinity {
    match sql_type {
        SqlType::Integer => Affinity::Integer,
        SqlType::Real => Affinity::Real,
        SqlType::Text => Affinity::Text,
        SqlType::Blob => Affinity::Blob,
    }
}

fn affinity(declared: &str) -> Affinity {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if declared.is_empty() || declared == "ANY" {
        Affinity::Any
    } else if has(&["INT"]) {
        Affinity::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if has(&["BLOB"]) {
        Affinity::Blob
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}
