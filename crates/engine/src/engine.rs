//! The engine and the application it serves.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::RwLockReadGuard;

use underpin_base::{Clock, Ids, Limits, Result};
use underpin_plan::{Actor, WriteRequest};
use underpin_schema::Schema;
use underpin_store::Store;

use crate::{Context, ReadCall, ReadReply, WriteReply};

/// What an engine runs with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Bounds on requests.
    pub limits: Limits,
    /// Where time comes from.
    pub clock: Clock,
    /// Where keys come from.
    pub ids: Ids,
    /// Bearer tokens that stand for these actors, besides the keys in the database: how the test
    /// kit acts as any user with any roles. Empty in a server.
    pub fixed_tokens: HashMap<String, Arc<Actor>>,
}

/// One schema being served, with the plans made for it. Replaced whole when the schema changes.
pub struct App {
    schema: Arc<Schema>,
    generation: u64,
}

/// The application, held for the length of one request.
pub struct AppGuard<'a>(RwLockReadGuard<'a, Arc<App>>);

impl Deref for AppGuard<'_> {
    type Target = Arc<App>;

    fn deref(&self) -> &Arc<App> {
        &self.0
    }
}

impl App {
    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Grows by one with each schema served, so that a transport knows when to build its tables
    /// anew.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// Runs requests on a store.
pub struct Engine {}

impl Engine {
    /// Serves `schema` on `store`, whose tables must be at that schema.
    ///
    /// # Errors
    /// When a rule of the schema does not compile (callers check the schema first) or the
    /// system tables cannot be made.
    pub fn start(_store: Store, _schema: Arc<Schema>, _options: Options) -> Result<Self> {
        todo!()
    }

    /// The application, held for one request: take it once, first thing, and keep it until the
    /// answer is made. While a schema change is being applied this waits, and the change waits for
    /// all that hold it, so no request meets half a migration and none is refused.
    pub async fn app(&self) -> AppGuard<'_> {
        todo!()
    }

    /// Bounds on requests.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        todo!()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> underpin_base::Timestamp {
        todo!()
    }

    /// Who presents this bearer token.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when it is not a key that is in force.
    pub async fn authenticate(&self, _token: &str) -> Result<Arc<Actor>> {
        todo!()
    }

    /// Appends the rows as JSON to `out`: an object for an item, an array for a list.
    ///
    /// # Errors
    /// See the error table; `NOT_FOUND` for an item or parent that is absent or hidden.
    pub async fn read(
        &self,
        _app: &App,
        _ctx: &Context,
        _call: ReadCall<'_>,
        _out: &mut Vec<u8>,
    ) -> Result<ReadReply> {
        todo!()
    }

    /// Does one write in a transaction of its own; returns once it is durable.
    ///
    /// # Errors
    /// See the error table.
    pub async fn write(
        &self,
        _app: &App,
        _ctx: &Context,
        _request: WriteRequest,
    ) -> Result<WriteReply> {
        todo!()
    }

    /// Whether the store answers; what is wrong where it does not.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn ready(&self) -> Result<()> {
        todo!()
    }
}
