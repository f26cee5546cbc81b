//! Who may do what at this moment, as far as it is kept in memory, and when that has changed.
//!
//! Two numbers are enough for whoever remembers something: the *generation*, which grows when a
//! session, a key or an account in this process may mean something else than a moment ago, and the
//! generation of the *roles*, which grows when roles permit something else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use underpin_plan::Roles;

/// The roles as they are.
#[derive(Debug)]
pub(crate) struct RolesNow {
    /// Grows with each change.
    pub(crate) generation: u64,
    /// What they permit.
    pub(crate) roles: Roles,
    /// The version of the row that tells other processes of changes.
    pub(crate) version: i64,
}

/// What is remembered of rights, and how old it is.
#[derive(Debug)]
pub(crate) struct Authority {
    generation: AtomicU64,
    roles_generation: AtomicU64,
    roles: RwLock<Arc<RolesNow>>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let roles = RolesNow { generation: 0, roles: Roles::default(), version: 0 };
        Self {
            generation: AtomicU64::new(0),
            roles_generation: AtomicU64::new(0),
            roles: RwLock::new(Arc::new(roles)),
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Makes everybody ask the database anew who asks.
    pub(crate) fn advance(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn roles_generation(&self) -> u64 {
        self.roles_generation.load(Ordering::Acquire)
    }

    pub(crate) fn roles(&self) -> Arc<RolesNow> {
        Arc::clone(&self.roles.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over the roles as they were at a version; older ones than are known are dropped.
    pub(crate) fn set_roles(&self, roles: Roles, version: i64) {
        let mut now = self.roles.write().unwrap_or_else(PoisonError::into_inner);
        if version < now.version {
            return;
        }
        let generation = now.generation + 1;
        *now = Arc::new(RolesNow { generation, roles, version });
        self.roles_generation.store(generation, Ordering::Release);
    }
}
