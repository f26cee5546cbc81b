//! How a store is opened.

use std::path::PathBuf;

use underpin_base::Limits;

/// Settings of a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file. Made, with its directory, when it is not there.
    pub path: PathBuf,
    /// Mebibytes of pages kept in memory, over all connections. Default 64.
    pub cache_mib: u32,
    /// Writes waiting for the writer; more answer `OVERLOADED`. Default 4,096.
    pub queued_writes_max: usize,
    /// Milliseconds one read, or the statements of one write, may run; then `QUERY_TIMEOUT`.
    /// Default 5,000.
    pub statement_ms_max: u64,
    /// Bytes that the rows of one answer may have; more answer `QUERY_TOO_COMPLEX`. Default 8 MiB.
    pub answer_bytes_max: usize,
    /// Milliseconds to wait for another process that writes. Default 5,000.
    pub busy_ms_max: u64,
    /// Threads for reads that are known to take long. Started when the first one comes. Default 2.
    pub pool_threads: usize,
    #[cfg(test)]
    pub(crate) faults: crate::sqlite::Faults,
}

impl Options {
    /// The defaults, for the database file at `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let limits = Limits::default();
        Self {
            path: path.into(),
            cache_mib: 64,
            queued_writes_max: limits.queued_writes_max,
            statement_ms_max: limits.statement_ms_max,
            answer_bytes_max: limits.answer_bytes_max,
            busy_ms_max: 5_000,
            pool_threads: 2,
            #[cfg(test)]
            faults: crate::sqlite::Faults::default(),
        }
    }
}
