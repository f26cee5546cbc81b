//! The embedded store: one writer with group commit, readers beside it.

/// A SQLite database.
#[derive(Debug, Clone)]
pub struct Store {}
