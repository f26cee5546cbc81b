//! The command line as its users meet it: whole results, and processes that live for a while.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod commands;
mod config;
mod process;
mod reference;
mod run;
