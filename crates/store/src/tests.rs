//! Tests of the store as a whole: what every database must do (`conformance`), and what is
//! SQLite's own.

mod atomicity;
mod conformance;
mod faults;
mod kill;
mod limits;
mod opening;
mod shop;
mod values;

conformance::tests!(shop::Shop::open);
