//! The questions that tell a database's shape.

use super::create_table::Declaration;
use super::{
    Action, ColumnFacts, Detail, ForeignKeyFacts, Generated, IndexColumnFacts, IndexFacts,
    IndexOrigin, Introspection, Profile, TableFacts, TableKind, TriggerFacts,
};
use crate::{Cell, Database, Failure};

impl Introspection {
    /// Reads the facts through `db`, which is only ever read.
    ///
    /// # Errors
    /// Whatever the database reports.
    pub fn read(db: &mut dyn Database, detail: Detail) -> Result<Self, Failure> {
        let mut found = Self::default();
        let objects = db.query(
            "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema \
             WHERE type IN ('view', 'trigger') ORDER BY name",
            &[],
        )?;
        for row in &objects {
            if text(row, 0) == "view" {
                found.views.push(text(row, 1));
            } else {
                found.triggers.push(TriggerFacts { name: text(row, 1), table: text(row, 2) });
            }
        }
        let tables = db.query(
            "SELECT l.name, l.type, l.wr, l.strict, coalesce(s.sql, '') \
             FROM pragma_table_list AS l JOIN sqlite_schema AS s ON s.name = l.name \
             WHERE l.schema = 'main' AND s.type = 'table' AND l.name NOT LIKE 'sqlite\\_%' \
             ESCAPE '\\' ORDER BY l.name",
            &[],
        )?;
        for row in &tables {
            found.tables.push(read_table(db, row, detail)?);
        }
        Ok(found)
    }

    /// The table of this name, as SQLite compares names.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableFacts> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }
}

impl TableFacts {
    /// The column of this name, as SQLite compares names.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The columns of the primary key, in its order.
    #[must_use]
    pub fn key(&self) -> Vec<&ColumnFacts> {
        let mut key: Vec<_> = self.columns.iter().filter(|c| c.key_position.is_some()).collect();
        key.sort_by_key(|column| column.key_position);
        key
    }
}

fn read_table(db: &mut dyn Database, row: &[Cell], detail: Detail) -> Result<TableFacts, Failure> {
    let name = text(row, 0);
    let sql = text(row, 4);
    let declaration = Declaration::parse(&sql);
    let kind = match text(row, 1).as_str() {
        "virtual" => TableKind::Virtual,
        "shadow" => TableKind::Shadow,
        _ => TableKind::Plain,
    };
    let mut table = TableFacts {
        columns: read_columns(db, &name, &declaration)?,
        indexes: read_indexes(db, &name)?,
        foreign_keys: read_foreign_keys(db, &name)?,
        strict: integer(row, 3) != 0,
        without_rowid: integer(row, 2) != 0,
        kind,
        autoincrement: declaration.autoincrement,
        checks: declaration.checks,
        n_rows: None,
        name,
        sql,
    };
    if detail == Detail::Data && kind == TableKind::Plain {
        let quoted = quote(&table.name);
        let counted = db.query(&format!("SELECT count(*) FROM {quoted}"), &[])?;
        table.n_rows = counted.first().and_then(|row| u64::try_from(integer(row, 0)).ok());
        for column in &mut table.columns {
            column.profile = Some(Profile::read(db, &quoted, &quote(&column.name))?);
        }
    }
    Ok(table)
}

fn read_columns(
    db: &mut dyn Database,
    table: &str,
    declaration: &Declaration,
) -> Result<Vec<ColumnFacts>, Failure> {
    let rows = db.query(
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1) \
         ORDER BY cid",
        &[Cell::Text(table.to_owned())],
    )?;
    let column = |row: &Vec<Cell>| {
        let name = text(row, 0);
        ColumnFacts {
            declared_type: text(row, 1),
            not_null: integer(row, 2) != 0,
            default: row.get(3).and_then(Cell::text).map(str::to_owned),
            key_position: u32::try_from(integer(row, 4)).ok().filter(|position| *position > 0),
            generated: match integer(row, 5) {
                1 => Generated::Hidden,
                2 => Generated::Virtual,
                3 => Generated::Stored,
                _ => Generated::No,
            },
            collation: declaration.collation(&name).map(str::to_owned),
            profile: None,
            name,
        }
    };
    Ok(rows.iter().map(column).collect())
}

fn read_indexes(db: &mut dyn Database, table: &str) -> Result<Vec<IndexFacts>, Failure> {
    let list = db.query(
        "SELECT l.name, l.\"unique\", l.origin, s.sql FROM pragma_index_list(?1) AS l \
         LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = l.name ORDER BY l.name",
        &[Cell::Text(table.to_owned())],
    )?;
    let mut indexes = Vec::with_capacity(list.len());
    for row in &list {
        let name = text(row, 0);
        let columns = db.query(
            "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key ORDER BY seqno",
            &[Cell::Text(name.clone())],
        )?;
        let sql = row.get(3).and_then(Cell::text).map(str::to_owned);
        indexes.push(IndexFacts {
            unique: integer(row, 1) != 0,
            origin: match text(row, 2).as_str() {
                "u" => IndexOrigin::Unique,
                "pk" => IndexOrigin::PrimaryKey,
                _ => IndexOrigin::Created,
            },
            columns: columns
                .iter()
                .map(|row| IndexColumnFacts {
                    name: row.first().and_then(Cell::text).map(str::to_owned),
                    descending: integer(row, 1) != 0,
                    collation: text(row, 2),
                })
                .collect(),
            filter: sql.as_deref().and_then(super::create_table::index_filter),
            sql,
            name,
        });
    }
    Ok(indexes)
}

fn read_foreign_keys(db: &mut dyn Database, table: &str) -> Result<Vec<ForeignKeyFacts>, Failure> {
    let rows = db.query(
        "SELECT id, \"from\", \"table\", \"to\", on_delete, on_update \
         FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
        &[Cell::Text(table.to_owned())],
    )?;
    let mut keys: Vec<ForeignKeyFacts> = Vec::new();
    let mut last = None;
    for row in &rows {
        let id = integer(row, 0);
        if last != Some(id) {
            last = Some(id);
            keys.push(ForeignKeyFacts {
                columns: Vec::new(),
                target: text(row, 2),
                target_columns: Vec::new(),
                on_delete: action(&text(row, 4)),
                on_update: action(&text(row, 5)),
            });
        }
        let key = keys.last_mut().expect("invariant: one was pushed for this id");
        key.columns.push(text(row, 1));
        key.target_columns.extend(row.get(3).and_then(Cell::text).map(str::to_owned));
    }
    Ok(keys)
}

fn action(words: &str) -> Action {
    match words {
        "CASCADE" => Action::Cascade,
        "RESTRICT" => Action::Restrict,
        "SET NULL" => Action::SetNull,
        "SET DEFAULT" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(row: &[Cell], at: usize) -> String {
    row.get(at).and_then(Cell::text).unwrap_or_default().to_owned()
}

fn integer(row: &[Cell], at: usize) -> i64 {
    row.get(at).and_then(Cell::integer).unwrap_or(0)
}
