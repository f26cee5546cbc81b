//! The server as its clients meet it: raw sockets in, answers out, over a real database.
//!
//! Rows of the catalogue of bad input are tests of their own, `row_01_…` to `row_49_…`; what holds
//! for every row is checked by [`shop::Shop::refused`].

mod accounts;
mod browser;
mod contract;
mod deadlines;
mod framing;
mod json;
mod keys;
mod limits;
mod lists;
mod log;
mod mail;
mod policies;
mod routes;
mod rows;
mod shop;
mod writes;
