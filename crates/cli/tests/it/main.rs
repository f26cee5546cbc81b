//! The command line as its users meet it: whole results, and processes that live for a while.

mod commands;
mod config;
mod process;
mod reference;
mod run;
