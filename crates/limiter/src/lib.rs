//! How often somebody may ask: quotas, the buckets that count, and whose bucket it is.
//!
//! A [`Quota`] is written as in `600/min burst 100`. A [`Bucket`] counts one caller against it by
//! the generic cell rate algorithm (ITU-T I.371, annex A): a single number, the time at which the
//! bucket will be whole again, changed by compare and exchange, so the count is exact whatever
//! runs at once. [`Buckets`] keeps those of many callers in bounded memory. [`AddressKey`] and
//! [`client_address`] say which caller an address stands for.
//!
//! Knows no clock, no request and no account: times come in as microseconds, callers as anything
//! that can be hashed.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod address;
mod bucket;
mod buckets;
mod cidr;
mod quota;

pub use address::{AddressKey, client_address};
pub use bucket::{Bucket, Outcome, Verdict};
pub use buckets::{Buckets, Found, Full};
pub use cidr::Cidr;
pub use quota::Quota;
