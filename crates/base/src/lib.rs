//! What every other room may use: the error table, identifiers, time, secrets and limits.
//!
//! The lowest room. It knows no other room of the workspace, does no IO, and takes the time and
//! randomness it needs from the caller's [`Clock`] and [`Ids`].
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod clock;
mod code;
mod error;
mod id;
mod limits;
mod secret;

pub use clock::{Clock, Timestamp};
pub use code::{Code, CodeClass, RETIRED_CODES, Retry};
pub use error::{Details, Error, FieldError, Result};
pub use id::Ids;
pub use limits::{LimitKey, Limits};
pub use secret::Secret;
