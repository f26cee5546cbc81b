//! Logins against a provider of the tests' own, which answers as it is told.
#![expect(clippy::unwrap_used, reason = "a failing unwrap is a failing test")]

mod fake;
mod flow;
mod keys;
mod outages;
mod presets;
mod signing;
mod tokens;
