//! A world of its own for one file of tests: a temporary database with the schema, the file's rows
//! and a real engine on it.
//!
//! A write is tried in a transaction that cannot be committed, so the world is the same for each test.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Runtime;
use underpin_base::{Clock, Code, Error, Ids, Limits, Result, Timestamp};
use underpin_engine::{Aborted, Context, Engine, Options, SystemQuery, Transaction, migrations};
use underpin_migrate::Consent;
use underpin_plan::{Actor, Document, Operator, WriteKind, WriteRequest};
use underpin_schema::{FieldId, FieldKind, Schema, Value};
use underpin_store::Store;

use crate::door::{Door, inspected};
use crate::world::{Who, World};

mod filling;

/// A running world.
pub(crate) struct Sandbox<'a> {
    schema: Arc<Schema>,
    inspected: Arc<Schema>,
    world: &'a World,
    runtime: Runtime,
    live: Live,
    // Last, so that the folder goes after the database is closed.
    _folder: TempDir,
}

/// An open database.
struct Live {
    engine: Arc<Engine>,
    /// The same rows for whoever explains: hidden fields are seen, too.
    inspector: Engine,
}

/// Why there is no world.
#[derive(Debug)]
pub(crate) enum NoWorld {
    /// These rows, by their places, were refused.
    Rows(Vec<(usize, Error)>),
    /// Something else went wrong.
    Failed(Error),
}

impl From<Error> for NoWorld {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Sandbox<'a> {
    /// Makes the world.
    ///
    /// # Errors
    /// See [`NoWorld`].
    pub(crate) fn make(
        schema: &Arc<Schema>,
        world: &'a World,
        limits: &Limits,
    ) -> Result<Self, NoWorld> {
        let failed = |error: std::io::Error| Error::internal(error);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let folder = tempfile::tempdir().map_err(failed)?;
        let clock = match world.now {
            Some(now) => Clock::manual(Timestamp(now)),
            None => Clock::System,
        };
        let inspected = Arc::new(inspected(schema));
        let store = open(&folder.path().join("world.db"))?;
        let live = runtime.block_on(async {
            migrations::apply(&store, schema, Consent::KeepData, clock.now())
                .await
                .map_err(Error::from)?;
            let live = Live::start(&store, (schema, &inspected), limits, &clock).await?;
            filling::fill(&live.engine, world).await?;
            Ok::<_, NoWorld>(live)
        })?;
        Ok(Self { schema: Arc::clone(schema), inspected, world, runtime, live, _folder: folder })
    }

    /// What a request of somebody is made with.
    pub(crate) fn context(&self, who: &Who) -> Result<Context> {
        let mut actor = self.world.actor(who);
        if let Some(row) = who.account() {
            let row = &self.world.rows[row];
            let values = self.inspector().row(row.model, &row.key)?.unwrap_or_default();
            actor.user = own_fields(&self.schema, values);
        }
        Ok(Context {
            actor: Arc::new(actor),
            now: self.live.engine.now(),
            ip: None,
            transport: "rest",
            standing: None,
        })
    }

    /// Reads as clients do.
    pub(crate) fn reader(&self) -> Door<'_> {
        Door { engine: &self.live.engine, runtime: &self.runtime, schema: &self.schema }
    }

    /// Reads whatever is there.
    pub(crate) fn inspector(&self) -> Door<'_> {
        Door { engine: &self.live.inspector, runtime: &self.runtime, schema: &self.inspected }
    }

    /// What a write is answered; it is never committed, so nothing of it is left.
    ///
    /// # Errors
    /// When it cannot be tried.
    pub(crate) fn attempt(&self, ctx: &Context, request: &WriteRequest) -> Result<Result<()>> {
        let engine = &self.live.engine;
        self.runtime.block_on(async {
            let app = engine.app().await;
            let mut transaction = Transaction::new(engine);
            if let Err(error) = transaction.write(&app, ctx, request).await {
                return Ok(Err(error));
            }
            // No row of ours has this name, so the transaction fails once the write was let through.
            let nothing = [("name", Operator::Eq, "nothing")];
            transaction.require_row(SystemQuery::new("Epoch", &nothing))?;
            match transaction.commit().await {
                Err(Aborted { place: Some(_), error }) => Ok(Err(error)),
                Err(Aborted { place: None, error }) if error.code() == Code::NotFound => Ok(Ok(())),
                Err(Aborted { place: None, error }) => Err(error),
                Ok(_) => Err(Error::internal("a test of a write was committed")),
            }
        })
    }
}

impl Drop for Sandbox<'_> {
    fn drop(&mut self) {
        self.live.close();
    }
}

impl Live {
    async fn start(
        store: &Store,
        (schema, inspected): (&Arc<Schema>, &Arc<Schema>),
        limits: &Limits,
        clock: &Clock,
    ) -> Result<Self> {
        let options = Options { limits: limits.clone(), clock: clock.clone(), ids: Ids::Random };
        let inspector = crate::door::inspector(store, inspected, clock).await?;
        let engine = Engine::start(store.clone(), Arc::clone(schema), options).await?;
        Ok(Self { engine: Arc::new(engine), inspector })
    }

    fn close(&self) {
        self.inspector.close();
        self.engine.close();
    }
}

fn open(path: &std::path::Path) -> Result<Store> {
    let mut options = underpin_store::Options::new(path);
    options.cache_mib = 8;
    Ok(Store::open(&options)?)
}

/// The fields of an account's own row, as rules may ask for them: those that are hidden, they do not
/// learn.
pub(crate) fn own_fields(
    schema: &Schema,
    values: Vec<Value>,
) -> std::collections::BTreeMap<FieldId, Value> {
    let Some(model) = schema.account_model() else { return std::collections::BTreeMap::new() };
    let fields = model.fields.iter().zip(values);
    let asked = fields.filter(|(field, _)| {
        let is_one =
            matches!(field.kind, FieldKind::Scalar(_) | FieldKind::Enum(_) | FieldKind::ToOne(_));
        is_one && !field.hidden
    });
    asked.map(|(field, value)| (field.id, value)).collect()
}

/// The server itself asks.
pub(crate) fn service(engine: &Engine) -> Context {
    let actor = Arc::new(Actor::service());
    Context { actor, now: engine.now(), ip: None, transport: "service", standing: None }
}

/// A write that returns nothing but the key.
pub(crate) fn write_request(
    model: underpin_schema::ModelId,
    kind: WriteKind,
    document: Document,
) -> WriteRequest {
    let (if_version, include) = (None, Vec::new());
    WriteRequest { model, kind, document, if_version, include, fields: None }
}
