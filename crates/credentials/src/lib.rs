//! Proofs of identity: how they are made, and how one that is presented is judged.
//!
//! | proof | module | what the server keeps |
//! |---|---|---|
//! | a password | [`password`] | an Argon2id hash |
//! | an access token | [`token`] | the signing key, sealed |
//! | a refresh token | [`refresh`] | a counter of the session |
//! | a link or a code in a mail | [`ticket`] | a keyed hash |
//! | a code of an authenticator app, a recovery code | [`totp`], [`recovery`] | the secret, sealed; keyed hashes |
//! | a passkey | [`passkey`] | a public key and a counter |
//! | that a page of ours sent the request | [`csrf`] | nothing |
//!
//! All keys derive from one master secret ([`secret`]). The room knows no rows, no HTTP and no engine:
//! whoever uses it stores what it returns, counts the tries, and consumes what is single-use. Time
//! comes in as a parameter; randomness comes from the operating system by way of aws-lc.
//!
//! Whatever is presented is decoded in one way only: a text that was changed in letter case, padding
//! or spare bits is another text. Comparisons of secrets take the same time wherever they differ.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

pub mod csrf;
mod encoding;
pub mod passkey;
pub mod password;
pub mod recovery;
pub mod refresh;
pub mod secret;
pub mod ticket;
pub mod token;
pub mod totp;

pub use secret::{Keys, MasterSecret};
