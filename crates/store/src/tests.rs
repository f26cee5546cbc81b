//! Tests of the store as a whole.

mod shop;

mod smoke;
