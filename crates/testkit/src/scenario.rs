//! Scenarios: text files with a schema, actors, rows, requests and the answers expected.
//!
//! `docs/guides/writing-scenarios.md` describes the format. The build script makes a test of each
//! file below `tests/scenarios`, so one that fails is named.

mod parse;
mod run;

pub use run::play;
