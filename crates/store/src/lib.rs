//! Where data lives: executes programs on a database and writes rows as JSON.
//!
//! A store knows connections, transactions and the encoding of values. It takes programs that
//! `sql` made of authorized plans and nothing else, and knows neither rules nor HTTP.
//!
//! A row's way out: a column of the database → a cell, borrowed and typed → its wire
//! form in the caller's buffer. No tree of values in between. A value's way in: [`Value`] →
//! encoded for its column → bound. A column that holds what its codec cannot read (adopted tables)
//! is `null` on the wire and warned about once.
//!
//! [`Value`]: underpin_schema::Value
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

pub mod sqlite;

mod calendar;
mod cell;
mod cost;
mod error;
mod options;
mod outcome;

#[cfg(test)]
mod tests;

pub use cost::ReadCost;
pub use error::StoreError;
pub use options::Options;
pub use outcome::{
    Earlier, Failure, ReadJob, ReadOutcome, Seal, Stats, Step, WriteJob, WriteOutcome,
};
pub use sqlite::Store;
