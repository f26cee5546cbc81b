//! Plans kept by the shape of the request and the profile of the actor.
//!
//! Planning takes microseconds, looking a plan up a fraction of one. Both caches are bounded: a
//! client that invents shapes pushes out plans, it does not grow the server.

use std::borrow::Borrow;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use underpin_base::Result;
use underpin_plan::{Catalog, Folded, Profile};

use crate::authority::Authority;

/// Profiles whose folded rules are kept.
const PROFILES_MAX: usize = 1_024;

/// Plans of one kind that are expected to be in use, over all profiles.
const PLANS_EXPECTED: usize = 1_024;

/// Bytes that the plans of one kind may take. A client can make plans large by long lists, so they
/// are counted by what they hold and not by their number.
const PLAN_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The rules as they apply to the actors of one profile.
pub(crate) struct Lens {
    /// Distinguishes the profiles in the keys of plans.
    pub(crate) id: u32,
    /// The rules, folded.
    pub(crate) folded: Folded,
}

/// A profile, and the generation of the roles whose permissions were folded in.
#[derive(PartialEq, Eq, Hash, Clone)]
struct LensKey {
    roles: u64,
    profile: Profile,
}

#[derive(Hash)]
struct LensRef<'a> {
    roles: u64,
    profile: &'a Profile,
}

impl Equivalent<LensKey> for LensRef<'_> {
    fn equivalent(&self, key: &LensKey) -> bool {
        self.roles == key.roles && *self.profile == key.profile
    }
}

/// Folded rules, by profile.
pub(crate) struct Lenses {
    kept: Cache<LensKey, Arc<Lens>>,
    n_made: AtomicU32,
}

impl Lenses {
    pub(crate) fn new() -> Self {
        Self { kept: Cache::new(PROFILES_MAX), n_made: AtomicU32::new(0) }
    }

    /// The rules for this profile, with the permissions that `authority` has now.
    pub(crate) fn get(
        &self,
        catalog: &Catalog,
        authority: &Authority,
        profile: &Profile,
    ) -> Arc<Lens> {
        let generation = authority.roles_generation();
        if let Some(lens) = self.kept.get(&LensRef { roles: generation, profile }) {
            return lens;
        }
        let id = self.n_made.fetch_add(1, Ordering::Relaxed);
        let now = authority.roles();
        let lens = Arc::new(Lens { id, folded: Folded::with_roles(catalog, &now.roles, profile) });
        let key = LensKey { roles: now.generation, profile: profile.clone() };
        self.kept.insert(key, Arc::clone(&lens));
        lens
    }
}

/// What a plan takes in memory.
pub(crate) trait Footprint {
    /// Bytes, roughly; the same each time it is asked.
    fn bytes(&self) -> usize;
}

/// Plans of one kind, by profile and shape.
pub(crate) struct Plans<S, T> {
    kept: Cache<PlanKey<S>, Arc<T>, ByFootprint>,
}

#[derive(Clone)]
struct ByFootprint;

impl<S, T: Footprint> Weighter<PlanKey<S>, Arc<T>> for ByFootprint {
    fn weight(&self, _: &PlanKey<S>, plan: &Arc<T>) -> u64 {
        plan.bytes() as u64
    }
}

#[derive(PartialEq, Eq, Hash)]
struct PlanKey<S> {
    lens: u32,
    shape: S,
}

/// A [`PlanKey`] that borrows its shape, to look one up without copying it.
#[derive(Hash)]
struct PlanRef<'a, Q: ?Sized> {
    lens: u32,
    shape: &'a Q,
}

impl<S: Borrow<Q>, Q: Eq + ?Sized> Equivalent<PlanKey<S>> for PlanRef<'_, Q> {
    fn equivalent(&self, key: &PlanKey<S>) -> bool {
        self.lens == key.lens && *self.shape == *key.shape.borrow()
    }
}

impl<S: Eq + Hash, T: Footprint> Plans<S, T> {
    pub(crate) fn new() -> Self {
        Self { kept: Cache::with_weighter(PLANS_EXPECTED, PLAN_BYTES_MAX, ByFootprint) }
    }

    /// The plan for this shape, made by `make` when it is not kept.
    ///
    /// # Errors
    /// Those of `make`; a failure is not kept.
    pub(crate) fn get_or_make<Q>(
        &self,
        lens: u32,
        shape: &Q,
        make: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>>
    where
        S: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned: Into<S>> + ?Sized,
    {
        if let Some(plan) = self.kept.get(&PlanRef { lens, shape }) {
            return Ok(plan);
        }
        let plan = Arc::new(make()?);
        self.kept.insert(PlanKey { lens, shape: shape.to_owned().into() }, Arc::clone(&plan));
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use underpin_base::Error;

    use super::*;

    impl Footprint for i32 {
        fn bytes(&self) -> usize {
            4
        }
    }

    impl Footprint for Vec<u8> {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn a_plan_is_made_once_for_a_shape_and_profile() {
        let plans: Plans<Box<[u8]>, _> = Plans::new();
        let first = plans.get_or_make(1, &b"list"[..], || Ok(1)).unwrap();
        let again = plans.get_or_make(1, &b"list"[..], || Ok(2)).unwrap();
        let other_shape = plans.get_or_make(1, &b"item"[..], || Ok(3)).unwrap();
        let other_profile = plans.get_or_make(2, &b"list"[..], || Ok(4)).unwrap();
        assert_eq!((*first, *again, *other_shape, *other_profile), (1, 1, 3, 4));
    }

    #[test]
    fn a_failure_is_not_kept() {
        let plans: Plans<Box<[u8]>, _> = Plans::new();
        assert!(plans.get_or_make(1, &b"list"[..], || Err(Error::not_found())).is_err());
        assert_eq!(*plans.get_or_make(1, &b"list"[..], || Ok(1)).unwrap(), 1);
    }

    #[test]
    fn the_bytes_of_plans_are_bounded() {
        let plans: Plans<Box<[u8]>, _> = Plans::new();
        for n in 0..512_usize {
            plans.get_or_make(0, &n.to_le_bytes()[..], || Ok(vec![0; 256 * 1024])).unwrap();
        }
        assert!(plans.kept.weight() <= PLAN_BYTES_MAX);
        assert!(!plans.kept.is_empty());
    }
}
