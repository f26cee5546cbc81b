//! The tiers of a deployment, and which of them a caller is of.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use underpin_limiter::Quota;
use underpin_plan::{ActorKind, Profile};

/// How much each kind of caller may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    /// Of each address, for whoever is not known and for what leads nowhere.
    pub anonymous: Quota,
    /// Of each account.
    pub user: Quota,
    /// Of each API key, and of the keys of one account together.
    pub key: Quota,
    /// Of each service.
    pub service: Quota,
    /// Of each address, for tries to prove who one is.
    pub authentication: Quota,
    /// Of each account that such tries name, for each kind of try.
    pub authentication_account: Quota,
    /// Of whoever has the role of this name. Of the quotas that a caller could have, the most
    /// generous counts.
    pub roles: BTreeMap<String, Quota>,
}

impl Tiers {
    /// Tiers that bound nobody.
    #[must_use]
    pub const fn unlimited() -> Self {
        Self {
            anonymous: Quota::UNLIMITED,
            user: Quota::UNLIMITED,
            key: Quota::UNLIMITED,
            service: Quota::UNLIMITED,
            authentication: Quota::UNLIMITED,
            authentication_account: Quota::UNLIMITED,
            roles: BTreeMap::new(),
        }
    }
}

/// The place of a tier in [`Compiled`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TierId(usize);

impl TierId {
    pub(super) const ANONYMOUS: Self = Self(0);
    const USER: Self = Self(1);
    const KEY: Self = Self(2);
    const SERVICE: Self = Self(3);
    pub(super) const AUTHENTICATION: Self = Self(4);
    pub(super) const AUTHENTICATION_ACCOUNT: Self = Self(5);

    pub(super) const fn index(self) -> usize {
        self.0
    }
}

/// Tiers by place, those of roles after the others.
pub(super) struct Compiled {
    tiers: Vec<(String, Quota)>,
    roles: FxHashMap<String, TierId>,
}

impl Compiled {
    pub(super) fn new(tiers: Tiers) -> Self {
        let mut all = vec![
            ("anonymous".to_owned(), tiers.anonymous),
            ("user".to_owned(), tiers.user),
            ("key".to_owned(), tiers.key),
            ("service".to_owned(), tiers.service),
            ("authentication".to_owned(), tiers.authentication),
            ("authentication_account".to_owned(), tiers.authentication_account),
        ];
        let mut roles = FxHashMap::default();
        for (role, quota) in tiers.roles {
            roles.insert(role.clone(), TierId(all.len()));
            all.push((role, quota));
        }
        Self { tiers: all, roles }
    }

    /// The tier of a caller with this profile.
    pub(super) fn of(&self, profile: &Profile) -> TierId {
        let tier = match profile.kind {
            ActorKind::Anonymous => TierId::ANONYMOUS,
            ActorKind::User => TierId::USER,
            ActorKind::Key => TierId::KEY,
            ActorKind::Service => TierId::SERVICE,
        };
        if self.roles.is_empty() {
            return tier;
        }
        let roles = profile.roles.iter().filter_map(|role| self.roles.get(role));
        roles.fold(tier, |best, role| {
            let (_, quota) = self.tiers[best.0];
            let is_more = quota.or_more(self.tiers[role.0].1) != quota;
            if is_more { *role } else { best }
        })
    }

    /// What a tier allows; `None` for everything.
    pub(super) fn quota(&self, tier: TierId) -> Option<Quota> {
        let (_, quota) = self.tiers[tier.0];
        (!quota.is_unlimited()).then_some(quota)
    }

    pub(super) fn name(&self, tier: TierId) -> &str {
        &self.tiers[tier.0].0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Quota)> {
        self.tiers.iter().map(|(name, quota)| (name.as_str(), *quota))
    }
}
