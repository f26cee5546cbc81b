//! What can go wrong with a store, by the operation that failed.

use std::io;
use std::path::PathBuf;

use underpin_base::{Code, Error};
use underpin_migrate::RunError;

use crate::Failure;
use crate::sqlite::Trouble;

/// A failure of the store itself, as opposed to a write that was refused.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The library has a defect that can corrupt a database.
    #[error("SQLite {found} is too old: {required} or later is needed")]
    LibraryTooOld {
        /// What is linked.
        found: &'static str,
        /// What is needed.
        required: &'static str,
    },
    /// The path names a directory.
    #[error("{} is a directory, not a database file", path.display())]
    IsDirectory {
        /// The path.
        path: PathBuf,
    },
    /// The directory of the database could not be made.
    #[error("could not make the directory {}", path.display())]
    CreateDirectory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not a SQLite database", path.display())]
    NotDatabase {
        /// The file.
        path: PathBuf,
    },
    /// Another process keeps the database to itself.
    #[error("another process has locked {}", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file or its directory cannot be written.
    #[error("{} cannot be written: the file or its directory is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be opened.
    #[error("could not open the database {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A connection could not be set up.
    #[error("could not set up a connection to the database")]
    Configure {
        /// Why.
        source: rusqlite::Error,
    },
    /// A thread of the store could not be started.
    #[error("could not start a thread of the store")]
    StartThread {
        /// Why.
        source: io::Error,
    },
    /// A read failed.
    #[error("could not read from the database")]
    Read {
        /// Why.
        source: rusqlite::Error,
    },
    /// A write failed.
    #[error("could not write to the database")]
    Write {
        /// Why.
        source: rusqlite::Error,
    },
    /// A transaction could not begin.
    #[error("could not begin a transaction")]
    Begin {
        /// Why.
        source: rusqlite::Error,
    },
    /// A transaction could not be committed.
    #[error("could not commit a transaction")]
    Commit {
        /// Why.
        source: rusqlite::Error,
    },
    /// The database's own description could not be read.
    #[error("could not read the structure of the database")]
    Inspect {
        /// Why.
        source: rusqlite::Error,
    },
    /// A checkpoint failed.
    #[error("could not move the write-ahead log into the database")]
    Checkpoint {
        /// Why.
        source: rusqlite::Error,
    },
    /// A copy of the database could not be made.
    #[error("could not copy the database to {}", path.display())]
    Backup {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The file for a copy could not be made.
    #[error("could not make the file {} for a copy of the database", path.display())]
    CreateBackup {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The write-ahead log may not grow further, and something keeps it from being emptied.
    #[error("the write-ahead log has {bytes} bytes and cannot be emptied")]
    LogFull {
        /// Its size.
        bytes: u64,
    },
    /// The last transaction failed, and no new connection could be made since.
    #[error("the writer has no connection to the database")]
    WriterDown,
    /// The rows of an answer have more bytes than it may have.
    #[error("the answer has more than {bytes_max} bytes")]
    AnswerTooLong {
        /// What it may have.
        bytes_max: usize,
    },
    /// More work is queued than may be.
    #[error("{queue} is full")]
    QueueFull {
        /// Which queue.
        queue: &'static str,
    },
    /// Work waited so long that it was not begun.
    #[error("waited too long in {queue}")]
    WaitedTooLong {
        /// Which queue.
        queue: &'static str,
    },
    /// A thread of the store ended in the midst of its work.
    #[error("the store's thread panicked")]
    Panicked,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The database's own words, where it said any.
    pub(crate) fn database_error(&self) -> Option<&rusqlite::Error> {
        match self {
            Self::Open { source, .. }
            | Self::Configure { source }
            | Self::Read { source }
            | Self::Write { source }
            | Self::Begin { source }
            | Self::Commit { source }
            | Self::Inspect { source }
            | Self::Checkpoint { source }
            | Self::Backup { source, .. } => Some(source),
            Self::LibraryTooOld { .. }
            | Self::IsDirectory { .. }
            | Self::CreateDirectory { .. }
            | Self::NotDatabase { .. }
            | Self::Locked { .. }
            | Self::ReadOnly { .. }
            | Self::StartThread { .. }
            | Self::CreateBackup { .. }
            | Self::LogFull { .. }
            | Self::WriterDown
            | Self::AnswerTooLong { .. }
            | Self::QueueFull { .. }
            | Self::WaitedTooLong { .. }
            | Self::Panicked
            | Self::Closed => None,
        }
    }

    /// Whether the work of a thread panicked.
    pub(crate) fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked)
    }

    /// Whether the storage failed in a way that the next write will most likely meet as well:
    /// everything about it but another process's lock.
    pub(crate) fn is_lasting(&self) -> bool {
        let is_lock = matches!(self, Self::Locked { .. })
            || self.database_error().is_some_and(Trouble::is_busy);
        matches!(self.class(), Class::Storage) && !is_lock
    }

    /// What a client is told, without the cause.
    pub(crate) fn to_answer(&self) -> Error {
        let (code, message) = match self.class() {
            Class::Overload => {
                (Code::Overloaded, "the server has more work queued than it can do in time")
            }
            Class::End => (Code::ShuttingDown, "the server is stopping"),
            Class::Timeout => {
                (Code::QueryTimeout, "the database ran longer than is allowed and was stopped")
            }
            Class::Storage => {
                (Code::StorageUnavailable, "the storage cannot be read or written at present")
            }
            Class::TooBig => {
                (Code::BodyTooLarge, "a value has more bytes than the database can hold")
            }
            Class::TooLong => {
                return Error::new(
                    Code::QueryTooComplex,
                    "the answer would have more bytes than is allowed",
                )
                .with_hint("ask for fewer rows, fields or relations");
            }
            Class::Defect => (Code::Internal, "the server failed to answer this request"),
        };
        Error::new(code, message)
    }

    fn class(&self) -> Class {
        match self {
            Self::QueueFull { .. } | Self::WaitedTooLong { .. } => Class::Overload,
            Self::Closed => Class::End,
            Self::Panicked => Class::Defect,
            Self::AnswerTooLong { .. } => Class::TooLong,
            Self::LibraryTooOld { .. }
            | Self::IsDirectory { .. }
            | Self::CreateDirectory { .. }
            | Self::NotDatabase { .. }
            | Self::Locked { .. }
            | Self::ReadOnly { .. }
            | Self::StartThread { .. }
            | Self::CreateBackup { .. }
            | Self::LogFull { .. }
            | Self::WriterDown => Class::Storage,
            Self::Open { source, .. }
            | Self::Configure { source }
            | Self::Read { source }
            | Self::Write { source }
            | Self::Begin { source }
            | Self::Commit { source }
            | Self::Inspect { source }
            | Self::Checkpoint { source }
            | Self::Backup { source, .. } => match Trouble::of(source) {
                Trouble::Timeout => Class::Timeout,
                Trouble::Storage => Class::Storage,
                Trouble::TooBig => Class::TooBig,
                Trouble::Defect | Trouble::Constraint => Class::Defect,
            },
        }
    }
}

/// What a failure means to a client.
enum Class {
    Overload,
    End,
    Timeout,
    Storage,
    TooBig,
    TooLong,
    Defect,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        error.to_answer().with_source(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(Error::from(error))
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Database { source: error.into() }
    }
}
