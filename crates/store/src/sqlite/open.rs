//! Opening connections: checks on the file, and the settings every connection has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};

use super::guard::{Clockwork, Guard};
use crate::{Options, StoreError};

/// Before it, a checkpoint racing with a writer could corrupt the database.
const LIBRARY_MIN: (i32, &str) = (3_051_003, "3.51.3");

/// Bytes the write-ahead log keeps when it is emptied. Overwriting it syncs at twice the rate of
/// growing it, so it stays, unless one large burst has blown it up.
const LOG_KEPT_BYTES: u32 = 64 * 1024 * 1024;

/// Statements a connection keeps prepared. Each takes a few KiB; an application has some dozens.
const STATEMENTS_KEPT: usize = 256;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Reading, with the store's share of page cache.
    Read,
    /// Reading now and then: large scans, whose pages are not worth keeping.
    Scan,
    /// Moving the log into the database.
    Move,
    /// Writing.
    Write,
}

/// A connection and the limit on what it executes.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) conn: Connection,
    pub(super) guard: Arc<Guard>,
}

/// Opens connections to one database.
#[derive(Debug)]
pub(super) struct Opener {
    path: PathBuf,
    busy: Duration,
    reader_cache_kib: u32,
    clockwork: Arc<Clockwork>,
    #[cfg(test)]
    faults: super::Faults,
}

impl Opener {
    /// Checks library and path; opens nothing yet.
    pub(super) fn new(
        options: &Options,
        n_readers: usize,
        clockwork: Arc<Clockwork>,
    ) -> Result<Self, StoreError> {
        check_library()?;
        check_path(&options.path)?;
        let n_shares = u32::try_from(n_readers).unwrap_or(u32::MAX);
        Ok(Self {
            path: options.path.clone(),
            busy: Duration::from_millis(options.busy_ms_max),
            reader_cache_kib: (options.cache_mib.saturating_mul(1024) / n_shares).max(2 * 1024),
            clockwork,
            #[cfg(test)]
            faults: options.faults.clone(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    #[cfg(test)]
    pub(super) fn faults(&self) -> &super::Faults {
        &self.faults
    }

    /// Opens a connection. The first one must be for writing: it makes the file and sets its mode.
    pub(super) fn open(&self, purpose: Purpose) -> Result<Link, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let flags = match purpose {
            Purpose::Write => flags | OpenFlags::SQLITE_OPEN_CREATE,
            Purpose::Read | Purpose::Scan | Purpose::Move => flags,
        };
        if purpose == Purpose::Write {
            make_private(&self.path);
        }
        let mut conn =
            Connection::open_with_flags(&self.path, flags).map_err(|e| self.refusal(e))?;
        self.configure(&conn, purpose).map_err(|e| self.refusal(e))?;
        #[cfg(test)]
        self.faults.apply(&conn, purpose).map_err(|source| StoreError::Configure { source })?;
        let guard = Guard::install(&mut conn, Arc::clone(&self.clockwork))
            .map_err(|source| StoreError::Configure { source })?;
        Ok(Link { conn, guard })
    }

    fn configure(&self, conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
        conn.busy_timeout(self.busy)?;
        harden(conn)?;
        if purpose == Purpose::Write {
            // SQLite opens a file it may not write without a word.
            if conn.is_readonly("main")? {
                return Err(failure(ffi::SQLITE_READONLY, None));
            }
            let mode: String =
                conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
            if mode != "wal" {
                let text = format!("no write-ahead log on this file system (`{mode}` instead)");
                return Err(failure(ffi::SQLITE_CANTOPEN, Some(text)));
            }
        }
        let cache_kib = match purpose {
            Purpose::Read => self.reader_cache_kib,
            Purpose::Scan | Purpose::Write => 8 * 1024,
            Purpose::Move => 1024,
        };
        // A write counts as done once it is on the disk: it survives the loss of power.
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.pragma_update(None, "foreign_keys", true)?;
        conn.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
        conn.pragma_update(None, "mmap_size", 0)?;
        conn.pragma_update(None, "temp_store", "MEMORY")?;
        conn.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
        // The writer alone decides when the log is moved into the database.
        conn.pragma_update(None, "wal_autocheckpoint", 0)?;
        if matches!(purpose, Purpose::Read | Purpose::Scan) {
            conn.pragma_update(None, "query_only", true)?;
        }
        conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        Ok(())
    }

    fn refusal(&self, source: rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        match source.sqlite_error().map(|error| error.extended_code & 0xff) {
            Some(ffi::SQLITE_NOTADB) => StoreError::NotDatabase { path },
            Some(ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED) => StoreError::Locked { path },
            Some(ffi::SQLITE_READONLY | ffi::SQLITE_PERM) => StoreError::ReadOnly { path },
            // SQLite cannot tell why a file does not open; the file system can.
            Some(ffi::SQLITE_CANTOPEN) if is_read_only(&path) => StoreError::ReadOnly { path },
            _ => StoreError::Open { path, source },
        }
    }
}

fn failure(code: i32, text: Option<String>) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), text)
}

fn check_library() -> Result<(), StoreError> {
    let (number, required) = LIBRARY_MIN;
    if rusqlite::version_number() < number {
        return Err(StoreError::LibraryTooOld { found: rusqlite::version(), required });
    }
    Ok(())
}

fn check_path(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(StoreError::IsDirectory { path: path.to_owned() });
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => fs::create_dir_all(parent)
            .map_err(|source| StoreError::CreateDirectory { path: parent.to_owned(), source }),
        _ => Ok(()),
    }
}

fn is_read_only(path: &Path) -> bool {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    [Some(path), parent]
        .into_iter()
        .flatten()
        .any(|place| fs::metadata(place).is_ok_and(|metadata| metadata.permissions().readonly()))
}

/// Switches off what lets a prepared database, or a slip in our SQL, do more than it says, or cost
/// more.
pub(super) fn harden(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // A statement keeps its plan whatever is bound. Else, once a database has statistics, each bind
    // of another value would prepare it anew, which costs more than most reads.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // A mistyped "name" must be an error, not a text.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    Ok(())
}

/// Makes the file of a database that is not there yet, for its owner alone: it will hold hashes of
/// passwords, and whatever users entrust. SQLite gives the files beside it the same permissions.
#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::OpenOptionsExt as _;
    // Should it fail, SQLite says why when it opens the file.
    drop(std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path));
}

#[cfg(not(unix))]
fn make_private(_: &Path) {}
