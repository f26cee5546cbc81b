//! A SQLite connection as the room sees one.

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use underpin_migrate::{Cell, Database, Detail, Failure, Introspection};

pub(crate) struct Lite(pub(crate) Connection);

impl Lite {
    pub(crate) fn new() -> Self {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        Self(conn)
    }

    pub(crate) fn with(sql: &str) -> Self {
        let lite = Self::new();
        lite.0.execute_batch(sql).unwrap();
        lite
    }
}

impl Database for Lite {
    fn query(&mut self, sql: &str, binds: &[Cell]) -> Result<Vec<Vec<Cell>>, Failure> {
        let mut statement = self.0.prepare(sql).map_err(|e| format!("{e}: {sql}"))?;
        let n_columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(binds.iter().map(bind)))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let cells = (0..n_columns).map(|at| cell(row.get_ref(at).unwrap())).collect();
            found.push(cells);
        }
        Ok(found)
    }

    fn execute(&mut self, sql: &str, binds: &[Cell]) -> Result<(), Failure> {
        self.query(sql, binds).map(drop)
    }
}

fn bind(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(value) => Value::Integer(*value),
        Cell::Real(value) => Value::Real(*value),
        Cell::Text(value) => Value::Text(value.clone()),
        Cell::Blob(value) => Value::Blob(value.clone()),
    }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Real(value) => Cell::Real(value),
        ValueRef::Text(value) => Cell::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Cell::Blob(value.to_owned()),
    }
}

impl Lite {
    pub(crate) fn begin(&self) {
        self.0.execute_batch("BEGIN EXCLUSIVE").unwrap();
    }

    /// Every row of every table of the schema, one a line, as `table|column=value|…`.
    pub(crate) fn dump(&mut self) -> String {
        let found = Introspection::read(self, Detail::Shape).unwrap();
        let mut lines = Vec::new();
        for table in found.tables.iter().filter(|table| !table.name.starts_with("_underpin_")) {
            let mut names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            names.sort_unstable();
            let shown: Vec<String> =
                names.iter().map(|name| format!("'{name}=' || quote(\"{name}\")")).collect();
            let sql = format!("SELECT {} FROM \"{}\"", shown.join(" || '|' || "), table.name);
            for row in self.query(&sql, &[]).unwrap() {
                lines.push(format!("{}|{}", table.name, row[0].text().unwrap()));
            }
        }
        let sequences =
            "SELECT name, seq FROM sqlite_sequence WHERE name NOT LIKE '\\_%' ESCAPE '\\'";
        for row in self.query(sequences, &[]).unwrap_or_default() {
            lines.push(format!("sequence of {}: {:?}", row[0].text().unwrap(), row[1].integer()));
        }
        lines.sort_unstable();
        lines.join("\n")
    }

    pub(crate) fn assert_sound(&self) {
        let check = |pragma: &str| -> Vec<String> {
            let mut statement = self.0.prepare(pragma).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        };
        assert_eq!(check("PRAGMA integrity_check"), ["ok"]);
        assert_eq!(check("PRAGMA foreign_key_check"), Vec::<String>::new());
    }
}

/// The shape of a database without what depends on how it came about: the order of columns, of
/// tables, and the text of statements.
pub(crate) fn shape(lite: &mut Lite) -> Introspection {
    let mut found = Introspection::read(lite, Detail::Shape).unwrap();
    for table in &mut found.tables {
        table.sql.clear();
        table.columns.sort_by(|left, right| left.name.cmp(&right.name));
        table.foreign_keys.sort_by(|left, right| left.columns.cmp(&right.columns));
        for index in &mut table.indexes {
            index.sql = index.sql.take().map(|sql| sql.replace(['\n', ' '], ""));
        }
    }
    found
}
