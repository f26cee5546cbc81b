//! Access tests and explanations: who may do what, and why.
//!
//! A project's `tests/*.yaml` describe small worlds and say what actors can and cannot do in them.
//! [`Suite`] runs them without a server, each file on a temporary database of its own, with the engine
//! and the plans that serve clients. The same worlds answer why: a [`Story`] names the rules that were
//! asked, every clause of them with the values it met, and the one that decided. Knows no transport
//! and prints nothing.
//!
//! ```text
//! tests/*.yaml ─ yaml ─ reader ─► world, tests ─ sandbox ─ engine ─► Report
//!                                       question ─ scene ─ judge ─► Story
//! ```
#![warn(missing_docs)]

mod ask;
mod door;
mod file;
mod judge;
mod matrix;
mod reader;
mod run;
mod sandbox;
mod scene;
mod source;
mod story;
mod suite;
#[cfg(test)]
mod tests;
mod world;
mod yaml;

pub use ask::{AskError, Live, Question};
pub use file::TestFile;
pub use matrix::{Cell, Matrix, MatrixRow};
pub use run::{Outcome, Report, TestResult};
pub use source::{Problem, Source};
pub use story::{
    ClauseStory, FieldStory, Finding, Joined, Permission, Pointer, RowStory, Seen, Story,
};
pub use suite::Suite;
