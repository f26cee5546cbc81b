//! Accounts on a real store.
#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage has failed")]

mod administration;
mod certified;
mod confusion;
mod ending;
mod first;
mod kept;
mod keys;
mod oauth;
mod once;
mod passkeys;
mod provider;
mod refresh;
mod register;
mod revoke;
mod site;
mod takeover;
mod totp;
mod world;
