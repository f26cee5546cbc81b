//! A connection lent to whoever looks after the shape of the database: migrations, and reading the
//! structure of databases of others.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, ffi};
use underpin_migrate::{Cell, Database, Detail, Failure, Introspection};

use super::Store;
use super::open::{Purpose, harden};
use super::queue::{Ending, References};
use crate::StoreError;

impl Store {
    /// Lends the writer's connection to `work`, inside one exclusive transaction with foreign keys
    /// off; commits when it succeeds and rolls back when it does not. The work checks references
    /// itself.
    ///
    /// Blocks. Runs when the writes queued before are done, and has no time limit.
    ///
    /// # Errors
    /// Those of `work`, and of the store. Nothing was changed then.
    pub fn lend<T, E>(
        &self,
        work: impl FnOnce(&mut dyn Database) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let lent = self.run_exclusive(References::Unchecked, move |conn| {
            let result = work(&mut Lent(conn));
            let ending = if result.is_ok() { Ending::Commit } else { Ending::RollBack };
            Ok((result, ending))
        });
        lent.unwrap_or_else(|error| Err(error.into()))
    }

    /// Lends a connection that can only read, in one transaction. Blocks; has no time limit.
    ///
    /// # Errors
    /// Those of `work`, and of the store.
    pub fn lend_reading<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn Database) -> Result<T, E>,
    ) -> Result<T, E> {
        self.0.shared.check_open()?;
        let link = self.0.opener.open(Purpose::Scan)?;
        link.guard.lift();
        let begun = link.conn.execute_batch("BEGIN");
        begun.map_err(|source| StoreError::Begin { source })?;
        work(&mut Lent(&link.conn))
    }

    /// Writes a copy of the database, as it is at this moment, to `path`, which must not be there.
    /// Blocks; writes go on meanwhile. Inside [`Store::lend`] the copy is what the database was
    /// before the work changed anything, and nobody writes.
    ///
    /// # Errors
    /// When the file exists or cannot be written. No part of a copy stays.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.0.shared.check_open()?;
        let failed = |source| StoreError::Backup { path: path.to_owned(), source };
        let conn = Connection::open_with_flags(
            self.path(),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(failed)?;
        harden(&conn).map_err(failed)?;
        let Some(name) = path.to_str() else {
            return Err(failed(rusqlite::Error::InvalidPath(path.to_owned())));
        };
        // Made here, it is ours to remove.
        File::create_new(path)
            .map_err(|source| StoreError::CreateBackup { path: path.to_owned(), source })?;
        conn.execute("VACUUM INTO ?1", [name]).map(drop).map_err(|source| {
            if let Err(error) = fs::remove_file(path) {
                tracing::warn!(%error, path = name, "a part of a copy could not be removed");
            }
            failed(source)
        })
    }
}

/// Reads the structure of the database at `path`, and what its values look like, without changing
/// the file or its mode.
///
/// # Errors
/// When it is not there or is not a database.
pub fn inspect(path: &Path, detail: Detail) -> Result<Introspection, StoreError> {
    let owned = || path.to_owned();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| unreadable(owned(), e))?;
    harden(&conn).map_err(|source| StoreError::Configure { source })?;
    conn.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
        .map_err(|e| unreadable(owned(), e))?;
    Introspection::read(&mut Lent(&conn), detail).map_err(|failure| StoreError::Inspect {
        source: match failure.downcast::<Failed>() {
            Ok(failed) => failed.source,
            Err(other) => rusqlite::Error::ToSqlConversionFailure(other),
        },
    })
}

fn unreadable(path: PathBuf, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(ffi::ErrorCode::NotADatabase) => StoreError::NotDatabase { path },
        Some(ffi::ErrorCode::DatabaseBusy | ffi::ErrorCode::DatabaseLocked) => {
            StoreError::Locked { path }
        }
        _ => StoreError::Open { path, source },
    }
}

/// A connection for the length of one call.
struct Lent<'a>(&'a Connection);

/// A statement that failed.
#[derive(Debug)]
struct Failed {
    sql: String,
    source: rusqlite::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not execute `{}`", self.sql)
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Database for Lent<'_> {
    fn query(&mut self, sql: &str, binds: &[Cell]) -> Result<Vec<Vec<Cell>>, Failure> {
        query(self.0, sql, binds).map_err(|source| Failed { sql: sql.to_owned(), source }.into())
    }

    fn execute(&mut self, sql: &str, binds: &[Cell]) -> Result<(), Failure> {
        self.query(sql, binds).map(drop)
    }
}

fn query(conn: &Connection, sql: &str, binds: &[Cell]) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut statement = conn.prepare(sql)?;
    let n_columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(binds.iter().map(Bind)))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..n_columns).map(|at| row.get_ref(at).map(cell));
        found.push(cells.collect::<rusqlite::Result<Vec<Cell>>>()?);
    }
    Ok(found)
}

struct Bind<'a>(&'a Cell);

impl ToSql for Bind<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Integer(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Cell::Real(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Cell::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Cell::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&Options::new(directory.path().join("a.db"))).unwrap();
        (directory, store)
    }

    fn make(db: &mut dyn Database) -> Result<(), StoreError> {
        db.execute("CREATE TABLE t (a TEXT) STRICT", &[]).unwrap();
        db.execute("INSERT INTO t VALUES (?1)", &[Cell::Text("x".to_owned())]).unwrap();
        assert_eq!(db.query("PRAGMA foreign_keys", &[]).unwrap(), [[Cell::Integer(0)]]);
        Ok(())
    }

    fn rows(store: &Store) -> Vec<Vec<Cell>> {
        let read = |db: &mut dyn Database| Ok::<_, StoreError>(db.query("SELECT a FROM t", &[]));
        store.lend_reading(read).unwrap().unwrap_or_default()
    }

    #[test]
    fn work_that_succeeds_is_committed_and_work_that_fails_is_not() {
        let (_directory, store) = store();
        let failed = store.lend(|db| make(db).and(Err::<(), _>(StoreError::Closed)));
        assert!(matches!(failed, Err(StoreError::Closed)));
        assert_eq!(rows(&store), Vec::<Vec<Cell>>::new());
        store.lend(make).unwrap();
        assert_eq!(rows(&store), [[Cell::Text("x".to_owned())]]);
    }

    #[test]
    fn a_connection_lent_for_reading_cannot_write() {
        let (_directory, store) = store();
        let written = store
            .lend_reading(|db| Ok::<_, StoreError>(db.execute("CREATE TABLE t (a)", &[]).is_err()));
        assert!(written.unwrap());
    }

    #[test]
    fn a_copy_is_a_database_of_its_own() {
        let (directory, store) = store();
        store.lend(make).unwrap();
        let copy = directory.path().join("copy.db");
        store.copy_to(&copy).unwrap();
        assert!(matches!(store.copy_to(&copy), Err(StoreError::CreateBackup { .. })));
        let found = inspect(&copy, Detail::Data).unwrap();
        assert_eq!(found.table("t").unwrap().n_rows, Some(1));
    }

    #[test]
    fn a_copy_that_fails_leaves_nothing_behind() {
        let (directory, store) = store();
        store.lend(make).unwrap();
        // Where a page of the database is not what it must be, copying stops midway.
        store.close();
        let path = directory.path().join("a.db");
        let mut bytes = fs::read(&path).unwrap();
        let second_page = bytes.len() / 2;
        bytes[second_page..].fill(0xff);
        fs::write(&path, bytes).unwrap();
        let store = Store::open(&Options::new(&path)).unwrap();
        let copy = directory.path().join("copy.db");
        assert!(matches!(store.copy_to(&copy), Err(StoreError::Backup { .. })));
        assert!(!copy.exists());
    }

    #[test]
    fn inspecting_what_is_not_a_database_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        assert!(matches!(inspect(&path, Detail::Shape), Err(StoreError::Open { .. })));
        std::fs::write(&path, "this is text, and long enough to be looked at").unwrap();
        assert!(matches!(inspect(&path, Detail::Shape), Err(StoreError::NotDatabase { .. })));
    }
}
