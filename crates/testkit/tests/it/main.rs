//! The product as its clients see it, in one binary: every scenario file, and what scenarios cannot
//! say.

mod error_codes;
mod log_page;
mod music_store;
mod refusals;
mod round_trips;
mod scenarios;
