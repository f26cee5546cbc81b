//! The client against servers of this machine, and the spellings of inner hosts.
#![expect(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod bounds;
mod server;
mod spellings;
mod tls;
