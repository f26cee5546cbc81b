//! The room itself: what it holds while the server runs.

use std::collections::HashMap;
use std::sync::Arc;

use underpin_base::Result;
use underpin_engine::Engine;
use underpin_plan::Actor;

use crate::identity::Known;

/// What the accounts of a server run with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Bearer tokens that stand for these actors, besides those in the database: how the test kit
    /// acts as any user with any roles. Empty in a server.
    pub fixed_tokens: HashMap<String, Arc<Actor>>,
}

/// Recognises who asks, and does what accounts ask for.
pub struct Accounts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) options: Options,
    pub(crate) known: Known,
}

impl Accounts {
    /// Of the database that `engine` serves.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like.
    pub async fn start(engine: Arc<Engine>, options: Options) -> Result<Self> {
        engine.refresh_roles().await?;
        Ok(Self { engine, options, known: Known::new() })
    }

    /// The engine whose accounts these are.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}
