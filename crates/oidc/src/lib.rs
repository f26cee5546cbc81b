//! Login by another party: OpenID Connect 1.0, and OAuth 2.0 as GitHub speaks it.
//!
//! A login has two halves. [`Provider::begin`] makes the URL that the browser is sent to, with fresh
//! secrets (state, nonce, PKCE verifier) that the caller keeps sealed for that browser.
//! [`Provider::finish`] takes what the browser brought back, redeems the code, verifies the ID token,
//! and says who logged in: an [`Identity`], named by issuer and subject and by nothing else.
//!
//! Everything about a provider comes from its discovery document, which must name exactly the issuer
//! that was configured; nothing that a token says about where its keys are is believed. Documents and
//! keys are remembered within bounds, so that a provider that is down, or a flood of tokens with
//! made-up keys, costs neither logins by known keys nor requests without end.
//!
//! Knows neither accounts nor rows: whether an identity may log in, and as whom, is for `accounts`.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod apple;
mod authority;
mod begin;
mod callback;
mod config;
mod discovery;
mod error;
mod exchange;
mod github;
mod id_token;
mod identity;
mod keys;
mod provider;
mod remembered;
mod userinfo;

pub use begin::{Begun, Stored};
pub use callback::Callback;
pub use config::{AppleKey, ClientSecret, ConfigError, Preset, ProviderConfig};
pub use error::{DocumentError, Failure, OidcError, TokenFault};
pub use identity::Identity;
pub use provider::{CallbackMethod, Provider};
