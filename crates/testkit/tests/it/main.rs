//! The product as its clients see it, in one binary: every scenario file, and what scenarios cannot
//! say.
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed")]

mod attacks;
mod error_codes;
mod learning;
mod log_page;
mod music_store;
mod refusals;
mod round_trips;
mod scenarios;
