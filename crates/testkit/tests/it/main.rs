//! The product as its clients see it, in one binary: every scenario file, and what scenarios cannot
//! say.

mod log_page;
mod music_store;
mod round_trips;
mod scenarios;
