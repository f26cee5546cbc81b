//! What an error of SQLite means for whoever waits, and for the connection.

use rusqlite::ffi;

/// A class of errors that call for the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A time limit stopped the statement.
    Timeout,
    /// The disk, the file, memory or another process's lock.
    Storage,
    /// A value or row is larger than SQLite can hold.
    TooBig,
    /// A constraint of the database refused the row.
    Constraint,
    /// A defect: ours, or of whoever made the schema.
    Defect,
}

impl Trouble {
    pub(crate) fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error().map(|error| error.extended_code & 0xff) {
            Some(ffi::SQLITE_INTERRUPT) => Self::Timeout,
            Some(ffi::SQLITE_TOOBIG) => Self::TooBig,
            Some(ffi::SQLITE_CONSTRAINT) => Self::Constraint,
            Some(
                ffi::SQLITE_BUSY
                | ffi::SQLITE_LOCKED
                | ffi::SQLITE_NOMEM
                | ffi::SQLITE_READONLY
                | ffi::SQLITE_IOERR
                | ffi::SQLITE_CORRUPT
                | ffi::SQLITE_FULL
                | ffi::SQLITE_CANTOPEN
                | ffi::SQLITE_PROTOCOL
                | ffi::SQLITE_NOLFS
                | ffi::SQLITE_PERM
                | ffi::SQLITE_AUTH
                | ffi::SQLITE_NOTADB,
            ) => Self::Storage,
            _ => Self::Defect,
        }
    }

    /// Whether only a lock stood in the way: the connection itself is sound.
    pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
        matches!(
            error.sqlite_error().map(|error| error.extended_code & 0xff),
            Some(ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED)
        )
    }
}
