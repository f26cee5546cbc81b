//! The database as this room sees it: something that runs statements, lent by a store.
//!
//! The store opens the transaction and ends it; nothing here begins, commits or rolls back.

/// Why a statement failed, in the words of the database's driver.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A value going into a statement or coming out of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text; bytes that are not UTF-8 are replaced, for they are only ever looked at.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A connection that is lent for the length of one call.
pub trait Database {
    /// Runs one statement and returns its rows.
    ///
    /// # Errors
    /// Whatever the database reports.
    fn query(&mut self, sql: &str, binds: &[Cell]) -> Result<Vec<Vec<Cell>>, Failure>;

    /// Runs one statement for its effect; pragmas that answer with a row are welcome too.
    ///
    /// # Errors
    /// Whatever the database reports.
    fn execute(&mut self, sql: &str, binds: &[Cell]) -> Result<(), Failure>;
}

impl Cell {
    /// The integer, where it is one.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Null | Self::Real(_) | Self::Text(_) | Self::Blob(_) => None,
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            Self::Null | Self::Integer(_) | Self::Real(_) | Self::Blob(_) => None,
        }
    }
}
