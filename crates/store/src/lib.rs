//! Where data lives: executes programs on a database and writes rows as JSON.
//!
//! A store knows connections, transactions and the encoding of values. It takes programs that
//! `sql` made of authorized plans and nothing else, and knows neither rules nor HTTP.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

pub mod sqlite;

mod outcome;

pub use outcome::{ReadOutcome, Seal, WriteJob, WriteOutcome};
pub use sqlite::Store;
