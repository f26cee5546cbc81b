//! `[tiers]`: the kinds of callers, and one key for each role that has a tier of its own.

use std::collections::BTreeMap;

use underpin_limiter::Quota;
use underpin_schema::{Schema, nearest};

use super::section::{Default as KeyDefault, Key, Section, section};
use super::value::Setting;
use super::{Place, Problem};

section! {
    /// How much each kind of caller may ask for: an amount and a window, as `600/min`, `20/15min` or
    /// `10/s burst 30`, or `unlimited`. More answers 429 `RATE_LIMITED`. Any further key is the name
    /// of a role of the schema; of the tiers that a caller could have, the most generous counts.
    "tiers" => Kinds {
        /// Requests of each address without credentials. The addresses of an IPv6 /64 are one.
        anonymous: Quota = "1200/min";
        /// Requests of each account, from wherever it asks.
        user: Quota = "6000/min";
        /// Requests of each API key, and of the keys of one account together.
        key: Quota = "12000/min";
        /// Requests of each service.
        service: Quota = "unlimited";
        /// Tries of each address to prove who one is.
        authentication: Quota = "60/min";
        /// Tries on each account, wherever they come from, for each kind of try.
        authentication_account: Quota = "20/15min";
    }
}

/// `[tiers]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tiers {
    /// Those of kinds of callers.
    pub kinds: Kinds,
    /// Those of roles, by name.
    pub roles: BTreeMap<String, RoleTier>,
}

/// The tier of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleTier {
    /// What it allows.
    pub quota: Quota,
    /// Where it was set, for when there is no such role.
    pub place: Place,
}

impl Section for Tiers {
    const NAME: &'static str = Kinds::NAME;
    const DOC: &'static str = Kinds::DOC;
    const OTHER: Option<Key> = Some(Key {
        name: "ROLE",
        doc: " Requests of whoever has the role of this name, in place of the kind's tier where \
              that allows less. A variable names the role in lower case.",
        kind: <Quota as Setting>::KIND,
        default: KeyDefault::Text(""),
        example: "30000/min",
        bounds: None,
    });

    fn keys() -> Vec<Key> {
        Kinds::keys()
    }

    fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        self.kinds.set(name, text)
    }

    fn set_other(&mut self, name: &str, text: &str, place: &Place) -> Result<(), String> {
        let tier = RoleTier { quota: Setting::parse(text)?, place: place.clone() };
        self.roles.insert(name.to_owned(), tier);
        Ok(())
    }
}

impl Tiers {
    /// Tiers of roles that the schema does not have.
    pub(super) fn unknown_roles(&self, schema: &Schema) -> Vec<Problem> {
        let roles = || schema.roles.iter().map(|role| role.name.as_str());
        let unknown = self.roles.iter().filter(|(name, _)| !roles().any(|role| role == *name));
        unknown
            .map(|(name, tier)| {
                let keys = Kinds::keys();
                let known = keys.iter().map(|key| key.name).chain(roles());
                let help = match nearest(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "a tier is that of a kind of caller, or of a role of the schema".into(),
                };
                Problem {
                    place: tier.place.clone(),
                    message: format!("the schema has no role `{name}`"),
                    label: "neither a kind of caller nor a role".to_owned(),
                    help: Some(help),
                }
            })
            .collect()
    }

    /// The tiers in the terms of the server.
    pub(crate) fn of_server(&self) -> underpin_http::Tiers {
        let kinds = &self.kinds;
        underpin_http::Tiers {
            anonymous: kinds.anonymous,
            user: kinds.user,
            key: kinds.key,
            service: kinds.service,
            authentication: kinds.authentication,
            authentication_account: kinds.authentication_account,
            roles: self.roles.iter().map(|(role, tier)| (role.clone(), tier.quota)).collect(),
        }
    }
}
