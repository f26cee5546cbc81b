//! Who asks: accounts and what they prove themselves by, sessions, API keys, roles.
//!
//! Everything is kept in rows of our own and written through the engine. What a client can ask for
//! stands in one table, [`OPERATIONS`]: a transport gives each a place, and every operation has its
//! access, its limit and its inputs there and nowhere else. Knows no transport.
#![warn(missing_docs)]

mod accounts;
mod actor;
mod administration;
mod anonymous;
mod ask;
mod audit;
mod audit_list;
mod authenticate;
mod browser;
mod call;
mod challenge;
mod devices;
mod dispatch;
mod factors;
mod grants;
mod identity;
mod inputs;
mod janitor;
mod keys;
mod login;
mod mails;
mod me;
mod mfa;
mod mfa_tries;
mod oauth;
mod oauth_accounts;
mod oauth_redirect;
mod operation;
mod operator;
mod passkeys;
mod passkeys_login;
mod passwords;
mod people;
mod proof;
mod refresh;
mod register;
mod roles;
mod secret;
mod service;
mod session;
mod settings;
mod setup;
mod signing;
mod suspension;
mod tickets;
mod totp;
mod usage;
mod user_keys;
mod verify;

pub use accounts::{Accounts, Options};
pub use actor::actor_of;
pub use call::{Answer, Call, Client, Grant};
pub use identity::Identity;
pub use keys::{KeyInfo, NewKey};
pub use mails::Due;
pub use oauth_redirect::OauthFault;
pub use operation::{
    Access, Input, InputKind, OPERATIONS, Operation, OperationId, Outcome, Throttle,
};
pub use operator::{NewUser, Operator, UserInfo};
pub use roles::{RoleChange, RoleInfo};
pub use secret::adopt_secret;
pub use service::ServiceAccount;
pub use settings::{Registration, Settings, Verification};
pub use user_keys::KeySpec;
