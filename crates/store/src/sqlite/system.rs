//! A few values of our own that live in the database: keys of the installation, the schema that
//! the tables are at.

use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::queue::{Ending, References};
use crate::StoreError;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _underpin_meta \
    (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID";

/// Under which name the writer tries whether the storage can be written.
const PROBE: &str = "probe";

impl Store {
    /// The value kept under `name`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.shared.check_open()?;
        self.0.readers.with(|link| {
            let is_there = link
                .conn
                .table_exists(None::<&str>, "_underpin_meta")
                .map_err(|source| StoreError::Read { source })?;
            if is_there { select(&link.conn, name) } else { Ok(None) }
        })
    }

    /// Keeps `value` under `name`, in place of what was there. Blocks until it is durable.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_meta(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.run_exclusive(References::Checked, move |conn| {
            write(conn, &name, &value, "ON CONFLICT DO UPDATE SET value = excluded.value")
                .map(|()| ((), Ending::Commit))
        })
    }

    /// Keeps `value` under `name` unless there is one, and returns what is there then: of several
    /// processes that start at once, all get the same. Blocks until it is durable.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn meta_or_set(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        if let Some(known) = self.meta(name)? {
            return Ok(known);
        }
        let (name, value) = (name.to_owned(), value.to_owned());
        self.run_exclusive(References::Checked, move |conn| {
            write(conn, &name, &value, "ON CONFLICT DO NOTHING")?;
            Ok((select(conn, &name)?.unwrap_or(value), Ending::Commit))
        })
    }
}

/// Writes a row of no meaning into the open transaction.
pub(super) fn write_probe(conn: &Connection) -> Result<(), StoreError> {
    // A row that stays the same would not be written at all.
    let sql = "INSERT INTO _underpin_meta (name, value) VALUES (?1, randomblob(8)) \
        ON CONFLICT DO UPDATE SET value = excluded.value";
    conn.execute_batch(TABLE)
        .and_then(|()| conn.execute(sql, [PROBE]))
        .map(drop)
        .map_err(|source| StoreError::Write { source })
}

fn select(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    conn.query_row("SELECT value FROM _underpin_meta WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .map_err(|source| StoreError::Read { source })
}

fn write(conn: &Connection, name: &str, value: &[u8], on_conflict: &str) -> Result<(), StoreError> {
    let sql = format!("INSERT INTO _underpin_meta (name, value) VALUES (?1, ?2) {on_conflict}");
    conn.execute_batch(TABLE)
        .and_then(|()| conn.execute(&sql, params![name, value]))
        .map(drop)
        .map_err(|source| StoreError::Write { source })
}
