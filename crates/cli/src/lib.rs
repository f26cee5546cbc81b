//! The product as a whole: the command `underpin`, and the server to embed in a Rust program.
//!
//! This room only puts the others together: it reads the configuration, opens the store, brings it
//! to the schema, starts the engine and hands it to the transports. Decisions about data are taken
//! below, and there is nothing here that a transport could not do without.
#![warn(missing_docs)]

mod args;
mod command;
pub mod config;
mod exit;
pub mod output;
mod project;
pub mod reference;

pub use exit::{EXIT_CODES, Exit, Failure, Outcome};

pub use args::main;
