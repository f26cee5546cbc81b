//! The product as a whole: the command `underpin`, and the server to embed in a Rust program.
//!
//! This room only puts the others together: it reads the configuration, opens the store, brings it
//! to the schema, starts the engine and hands it to the transports. Decisions about data are taken
//! below, and there is nothing here that a transport could not do without.
#![warn(missing_docs)]

mod accounts;
mod args;
mod background;
mod command;
pub mod config;
mod database;
mod diagnosis;
mod embed;
mod exit;
mod invocation;
mod logging;
mod mail;
mod migration;
pub mod output;
mod project;
pub mod reference;
mod seed;
mod serving;
mod shutdown;
mod suite;
mod watch;
mod wiring;

pub use args::main;
pub use embed::{OnBehind, Setup, Underpin};
pub use exit::{EXIT_CODES, Exit, Failure, Outcome};

/// A runtime for one command. Requests are served on threads of their own.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))
}
