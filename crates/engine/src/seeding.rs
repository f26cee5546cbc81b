//! How far the filling of a new database has come: a mark in the database itself.
//!
//! A file that is there tells nothing: it may be of a start that failed before the first row was
//! written, or of one that was ended half-way.

use underpin_base::{Error, Result};

use crate::Engine;

const NAME: &str = "seeding";
const BEGUN: &[u8] = b"begun";
const ENDED: &[u8] = b"ended";

/// How far the filling of a database has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seeding {
    /// Nobody has begun.
    Untouched,
    /// Rows may be missing.
    Begun,
    /// Every row was written; one that is missing was deleted by somebody.
    Ended,
}

impl Engine {
    /// How far the filling of the database has come.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn seeding(&self) -> Result<Seeding> {
        match self.store().meta(NAME)?.as_deref() {
            None => Ok(Seeding::Untouched),
            Some(BEGUN) => Ok(Seeding::Begun),
            Some(ENDED) => Ok(Seeding::Ended),
            Some(_) => Err(Error::internal("the mark of seeding is none that is known")),
        }
    }

    /// Notes that rows of a new database are about to be written. Blocks until that is durable.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn begin_seeding(&self) -> Result<()> {
        Ok(self.store().set_meta(NAME, BEGUN)?)
    }

    /// Notes that all of them are written. Blocks until that is durable.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn end_seeding(&self) -> Result<()> {
        Ok(self.store().set_meta(NAME, ENDED)?)
    }
}
