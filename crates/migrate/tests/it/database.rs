//! A SQLite connection as the room sees one.

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use underpin_migrate::{Cell, Database, Failure};

pub(crate) struct Lite(pub(crate) Connection);

impl Lite {
    pub(crate) fn new() -> Self {
        Self(Connection::open_in_memory().unwrap())
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
