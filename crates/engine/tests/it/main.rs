//! The engine on a real store.
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed")]

mod replace;
mod roles;
mod rows;
mod standing;
mod transactions;
mod world;
