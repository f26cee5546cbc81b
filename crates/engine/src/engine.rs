//! The engine and the application it serves.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{RwLock, RwLockReadGuard};
use underpin_base::{Clock, Code, Error, Ids, Limits, Result, Timestamp};
use underpin_migrate::Status;
use underpin_plan::{Actor, Catalog, Folded, Operation, WriteRequest, WriteShape};
use underpin_rules::Rules;
use underpin_schema::{FieldId, Model, ModelId, Schema, Value};
use underpin_store::{ReadJob, Store};

use crate::authority::Authority;
use crate::cursor::Cursors;
use crate::plans::{Lens, Lenses, Plans};
use crate::reads::{Page, ReadPlan};
use crate::writes::{Surroundings, WritePlan};
use crate::{Context, ReadCall, ReadReply, SystemQuery, Transaction, WriteReply, system};

/// Where the key of the cursors is kept.
const CURSOR_KEY: &str = "cursor_key";

/// Rows of our own that one question returns at most, and relations of each.
const SYSTEM_ROWS_MAX: u32 = 1_000;

/// No version of SQLite's that a schema could have been found at.
const NEVER: i64 = -1;

/// What an engine runs with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Bounds on requests.
    pub limits: Limits,
    /// Where time comes from.
    pub clock: Clock,
    /// Where keys come from.
    pub ids: Ids,
}

/// One schema being served, with the plans made for it. Replaced whole when the schema changes.
pub struct App {
    catalog: Catalog,
    generation: u64,
    lenses: Lenses,
    reads: Plans<Box<[u8]>, ReadPlan>,
    writes: Plans<WriteShape, WritePlan>,
    /// The store's `schema_version` at which the tables were last found to be at this schema.
    fits_at: AtomicI64,
}

/// The application, held for the length of one request.
pub struct AppGuard<'a>(RwLockReadGuard<'a, Arc<App>>);

/// Runs requests on a store.
pub struct Engine {
    store: Store,
    options: Options,
    app: RwLock<Arc<App>>,
    system: App,
    cursors: Arc<Cursors>,
    authority: Authority,
    /// Bounds on what the server asks of its own rows.
    system_limits: Limits,
}

impl App {
    /// Prepares `schema` for being served.
    ///
    /// # Errors
    /// `INTERNAL` when a rule does not compile: whoever loads a schema checks it first.
    fn new(schema: Arc<Schema>, generation: u64) -> Result<Self> {
        let (rules, diagnostics) = Rules::compile(&schema);
        let rules = rules.ok_or_else(|| {
            let messages: Vec<String> = diagnostics.into_iter().map(|d| d.message).collect();
            Error::internal(format!("the schema's rules do not compile: {}", messages.join("; ")))
        })?;
        Ok(Self {
            catalog: Catalog { schema, rules },
            generation,
            lenses: Lenses::new(),
            reads: Plans::new(),
            writes: Plans::new(),
            fits_at: AtomicI64::new(NEVER),
        })
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.catalog.schema
    }

    /// Grows by one with each schema served, so that a transport knows when to build its tables
    /// anew.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn lens(&self, authority: &Authority, ctx: &Context) -> Arc<Lens> {
        self.lenses.get(&self.catalog, authority, &ctx.actor.profile)
    }
}

impl Deref for AppGuard<'_> {
    type Target = Arc<App>;

    fn deref(&self) -> &Arc<App> {
        &self.0
    }
}

impl Engine {
    /// Serves `schema` on `store`, whose tables must be at that schema.
    ///
    /// # Errors
    /// When a rule of the schema does not compile (callers check the schema first) or the
    /// system tables cannot be made.
    pub async fn start(store: Store, schema: Arc<Schema>, options: Options) -> Result<Self> {
        let system = App::new(Arc::new(system::schema()), 0)?;
        crate::migrations::prepare_system(&store, system.schema(), options.clock.now()).await?;
        let cursor_key = installation_key(&store)?;
        let app = Arc::new(App::new(schema, 1)?);
        let system_limits = Limits {
            page_rows_max: SYSTEM_ROWS_MAX,
            include_rows_max: SYSTEM_ROWS_MAX,
            statement_ms_max: options.limits.statement_ms_max,
            ..Limits::default()
        };
        let engine = Self {
            app: RwLock::new(Arc::clone(&app)),
            store,
            options,
            system,
            cursors: Arc::new(Cursors::new(&cursor_key)),
            authority: Authority::new(),
            system_limits,
        };
        engine.adopt_roles(app.schema()).await?;
        Ok(engine)
    }

    /// Serves the accounts, keys and roles in `store` and nothing else, whatever schema the
    /// database is at and whether that can be read.
    ///
    /// # Errors
    /// When the system tables cannot be made.
    pub async fn start_for_accounts(store: Store, options: Options) -> Result<Self> {
        Self::start(store, Arc::new(system::schema()), options).await
    }

    /// The application, held for one request: take it once, first thing, and keep it until the
    /// answer is made. While a schema change is being applied this waits, and the change waits for
    /// all that hold it, so no request meets half a migration and none is refused.
    pub async fn app(&self) -> AppGuard<'_> {
        AppGuard(self.app.read().await)
    }

    /// Serves `schema` from here on, after `change` has brought the tables to it. Requests that
    /// come meanwhile wait. When `change` fails the old schema goes on being served.
    ///
    /// # Errors
    /// Those of `change`, and of [`Engine::start`].
    pub async fn replace<T>(
        &self,
        schema: Arc<Schema>,
        change: impl AsyncFnOnce(&Store) -> Result<T>,
    ) -> Result<T> {
        // Made before requests have to wait.
        let mut next = App::new(schema, 0)?;
        let mut app = self.app.write().await;
        let changed = change(&self.store).await?;
        self.adopt_roles(next.schema()).await?;
        next.generation = app.generation + 1;
        *app = Arc::new(next);
        Ok(changed)
    }

    /// Bounds on requests.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// The clock, for others that go by the same time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.options.clock
    }

    /// A new identifier for a request.
    #[must_use]
    pub fn request_id(&self) -> uuid::Uuid {
        self.options.ids.next(self.now())
    }

    /// Appends the rows as JSON to `out`: an object for an item, an array for a list.
    ///
    /// # Errors
    /// See the error table; `NOT_FOUND` for an item or parent that is absent or hidden.
    pub async fn read(
        &self,
        app: &App,
        ctx: &Context,
        call: ReadCall<'_>,
        out: &mut Vec<u8>,
    ) -> Result<ReadReply> {
        let limits = self.limits_for(app);
        let plan = self.read_plan(app, ctx, &call)?;
        let page = Page::of(&call, limits)?;
        let inputs = plan.inputs(app.schema(), ctx, (&call, &page), &self.cursors)?;
        let outcome = match plan.execute(&self.store, inputs, &self.cursors, out).await {
            Ok(outcome) => outcome,
            Err(error) => return Err(self.explained(app, error).await),
        };
        plan.reply(&outcome, &page, &self.cursors)
    }

    /// Refuses a write that the actor may never do, so that its body need not be read.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` and `FORBIDDEN`.
    pub fn permit(
        &self,
        app: &App,
        ctx: &Context,
        (model, operation): (ModelId, Operation),
    ) -> Result<()> {
        let lens = app.lens(&self.authority, ctx);
        underpin_plan::permit(&app.catalog, &lens.folded, model, operation)
    }

    /// Does one write in a transaction of its own; returns once it is durable.
    ///
    /// # Errors
    /// See the error table.
    pub async fn write(
        &self,
        app: &App,
        ctx: &Context,
        request: WriteRequest,
    ) -> Result<WriteReply> {
        let mut transaction = Transaction::new(self);
        transaction.write(app, ctx, &request).await?;
        let replies = match transaction.commit().await {
            Ok(replies) => replies,
            Err(aborted) => return Err(self.explained(app, aborted.error).await),
        };
        // What was written for the actor comes first.
        let first = replies.into_iter().next();
        first.ok_or_else(|| Error::internal("a write that was done has no reply"))
    }

    fn limits_for(&self, app: &App) -> &Limits {
        if self.is_system(app) { &self.system_limits } else { &self.options.limits }
    }

    fn is_system(&self, app: &App) -> bool {
        std::ptr::eq(app, &raw const self.system)
    }

    fn read_plan(&self, app: &App, ctx: &Context, call: &ReadCall<'_>) -> Result<Arc<ReadPlan>> {
        let lens = app.lens(&self.authority, ctx);
        app.reads.get_or_make(lens.id, call.shape, || {
            ReadPlan::make(&app.catalog, &lens, &(call.build)()?, self.limits_for(app))
        })
    }

    pub(crate) fn write_plan(
        &self,
        app: &App,
        ctx: &Context,
        request: &WriteRequest,
    ) -> Result<Arc<WritePlan>> {
        let lens = app.lens(&self.authority, ctx);
        underpin_plan::validate(&app.catalog, &lens.folded, request)?;
        let shape = WriteShape::of(request);
        app.writes.get_or_make(lens.id, &shape, || {
            WritePlan::make(&app.catalog, &lens, &shape, self.limits_for(app))
        })
    }

    /// The rules for whoever makes the row that it will act as. They are seldom wanted, and not
    /// kept.
    pub(crate) fn lens_for_registration(&self, app: &App, rows: (ModelId, &[FieldId])) -> Lens {
        let profile = Actor::user(Value::Null, []).profile;
        let roles = &self.authority.roles().roles;
        Lens { id: u32::MAX, folded: Folded::registering(&app.catalog, roles, &profile, rows) }
    }

    pub(crate) fn registration_plan(
        &self,
        app: &App,
        lens: &Lens,
        request: &WriteRequest,
    ) -> Result<WritePlan> {
        WritePlan::make(&app.catalog, lens, &WriteShape::of(request), self.limits_for(app))
    }

    pub(crate) fn surroundings<'s>(
        &'s self,
        ctx: &'s Context,
        model: &'s Model,
    ) -> Surroundings<'s> {
        Surroundings { ctx, model, ids: &self.options.ids, cursors: &self.cursors }
    }

    /// A question for rows of our own, as a step of a transaction.
    pub(crate) fn system_job(&self, query: &SystemQuery<'_>) -> Result<ReadJob> {
        query.ask(self.system.schema(), |call| {
            let ctx = self.service_context();
            let plan = self.read_plan(&self.system, &ctx, call)?;
            let page = Page::of(call, &self.system_limits)?;
            let schema = self.system.schema();
            let inputs = plan.inputs(schema, &ctx, (call, &page), &self.cursors)?;
            Ok(plan.job(inputs, &self.cursors))
        })
    }

    /// Whether rows of this model sign in.
    pub(crate) fn is_account_model(&self, app: &App, model: ModelId) -> bool {
        let of_app = app.schema().account_model().is_some_and(|account| account.id == model);
        of_app && !self.is_system(app)
    }

    /// Whether the store answers; what is wrong where it does not.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn ready(&self) -> Result<()> {
        self.store.ready()
    }

    /// Whether the tables are at the schema of `app` still. Another process may have migrated them
    /// to another one since; statements made for this schema may fail then, or miss what is new.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` when they are not, or the database cannot be read.
    pub async fn check_schema(&self, app: &App) -> Result<()> {
        let version = self.store.schema_version()?;
        if app.fits_at.load(Ordering::Relaxed) == version {
            return Ok(());
        }
        let status =
            crate::migrations::status(&self.store, app.schema()).await.map_err(|error| {
                Error::new(Code::StorageUnavailable, "the recorded schema cannot be read")
                    .with_source(error)
            })?;
        match status {
            Status::UpToDate => {
                app.fits_at.store(version, Ordering::Relaxed);
                Ok(())
            }
            Status::Behind(_) | Status::Ahead { .. } => Err(migrated_away()),
        }
    }

    /// A failure, told as what it is when another process changed the tables under the statement.
    async fn explained(&self, app: &App, error: Error) -> Error {
        let could_be = match error.code() {
            Code::Internal => true,
            // A constraint that the schema does not know of.
            Code::ValidationError => error.details().fields.is_empty(),
            _ => false,
        };
        if !could_be || self.is_system(app) {
            return error;
        }
        match self.check_schema(app).await {
            Err(moved) if moved.code() == Code::StorageUnavailable => moved.with_source(error),
            Ok(()) | Err(_) => error,
        }
    }

    /// Keeps a small value beside the rows unless there is one under this name, and returns what is
    /// there then. Blocks until it is durable.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>> {
        Ok(self.store.meta_or_set(name, value)?)
    }

    /// Keeps a small value beside the rows in place of what is there. Blocks until it is durable.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub fn replace_kept(&self, name: &str, value: &[u8]) -> Result<()> {
        Ok(self.store.set_meta(name, value)?)
    }

    /// Ends the work in hand and closes the store. Requests that come later are refused.
    pub fn close(&self) {
        self.store.close();
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn system(&self) -> &App {
        &self.system
    }

    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }
}

fn migrated_away() -> Error {
    Error::new(
        Code::StorageUnavailable,
        "the database was migrated to another schema than the one served here",
    )
    .with_hint("restart the server with the schema that the database was migrated to")
}

/// Random bytes from the operating system, by way of aws-lc.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("invariant: the system's random generator works");
    bytes
}

/// The random key of this installation, made when it first starts and kept in its database, so
/// that cursors outlive a restart and hold on every node.
fn installation_key(store: &Store) -> Result<[u8; 32]> {
    // The generator gathers entropy for some 35 ms when it is first asked, which a start that needs
    // nothing random is spared.
    let kept = match store.meta(CURSOR_KEY)? {
        Some(kept) => kept,
        None => store.meta_or_set(CURSOR_KEY, &random::<32>())?,
    };
    kept.try_into().map_err(|_| Error::internal("the installation's cursor key has another length"))
}
