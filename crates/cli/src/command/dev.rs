//! `underpin dev`: serves a project while it is being written.
//!
//! ```text
//! listen → check → migrate → seed a fresh database → serve
//!              saved: check → migrate and swap, between two requests → say what changed
//! ```

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;
use underpin_accounts::Accounts;
use underpin_engine::{Engine, Seeding};
use underpin_mail::Transport;
use underpin_migrate::{Consent, MigrationPlan};

use crate::args::{ListenArgs, ProjectArgs};
use crate::background::Background;
use crate::config::{self, Config};
use crate::database::{Database, DevLock, Purpose};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};
use crate::project::{Project, SCHEMA_FILE};
use crate::seed::{self, Seeded};
use crate::serving::{self, Listener};
use crate::shutdown::Shutdown;
use crate::watch::{Saved, Watch};
use crate::{accounts, invocation, logging, mail, migration, wiring};

/// How long others may have migrated the database before it is noticed.
const DATABASE_LOOK: Duration = Duration::from_secs(1);

/// Serve a project while it is being written
///
/// Makes and fills `data/dev.db`, serves it, and applies the schema each time it is saved, as long
/// as that loses no data. A schema with mistakes is explained, and the one before goes on serving.
#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    listen: ListenArgs,
}

pub(crate) fn run(args: &DevArgs, output: Output) -> Outcome {
    let started = Instant::now();
    let project = Project::open(&args.project, &args.listen.overrides(), output)?;
    let templates = mail::templates(&project, output)?;
    logging::start(&project.config.log);
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        let mut shutdown = Shutdown::listen()
            .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
        let _lock = DevLock::take(&project)?;
        // Before anything is made: a start that cannot serve leaves nothing behind.
        let listener = Listener::open(&project.config.server)?;
        // Before the schema is read, so that nothing saved from here on goes unnoticed.
        let watch = Watch::start(project.dir());
        let text = Project::read_schema(project.dir())?;
        let starting = async {
            let mut session = Session::start(project, text, output).await?;
            session.url = listener.url(&session.project.config.server);
            let fill = session.fill_fresh_database().await?;
            Ok::<_, Failure>((session, fill))
        };
        let (mut session, fill) = shutdown.unless_requested(starting).await?;
        let caught = mail::catch(&session.url, output);
        let transport = Transport::Caught(Arc::clone(&caught));
        let background = Background::new(&session.engine, transport, templates);
        let accounts = session.accounts(&background).await?;
        let setup = accounts.setup_link().await?;
        let setup = setup.map(|token| accounts::setup_link(&session.url, token.expose()));
        session.announce(&listener, (fill.as_ref(), setup.as_deref()), started.elapsed());

        let config = session.project.config.clone();
        let stop = async {
            shutdown.requested().await;
            output.note("stopping; requests in flight are ended first");
        };
        let serving = serving::serve(listener, Arc::clone(&accounts), &config, Some(caught), stop);
        let serving = background.beside(accounts, serving);
        tokio::select! {
            served = serving => served?,
            () = session.reload_for_ever(watch) => {}
        }
        session.engine.close();
        Ok(Exit::Done)
    })
}

/// A `dev` that is running.
struct Session {
    project: Project,
    output: Output,
    database: Database,
    engine: Arc<Engine>,
    /// Where clients reach the server.
    url: String,
    /// The number in the path of the API.
    version: u32,
    /// Whether it was said that the database fits neither the schema served nor the one saved.
    told_unfit: bool,
    /// The schema as it was last looked at, good or bad.
    text: String,
}

impl Session {
    async fn start(project: Project, text: String, output: Output) -> Result<Self, Failure> {
        let schema = project.diagnose()?.into_schema(output)?;
        project.check_roles(&schema, output)?;
        project.refresh_directives();
        let database = Database::of(&project, Purpose::Dev);
        let store = database.open(&project.config)?;
        let retry = retry(&project, &database);
        let version = schema.version;
        migration::apply(&store, &schema, Consent::KeepData, &retry).await?;
        let engine = Arc::new(Engine::start(store, schema, project.engine_options()).await?);
        let (url, told_unfit) = (String::new(), false);
        Ok(Self { project, output, database, engine, url, version, told_unfit, text })
    }

    async fn accounts(&self, background: &Background) -> Result<Arc<Accounts>, Failure> {
        let (engine, at) = (Arc::clone(&self.engine), (&self.database, self.url.as_str()));
        wiring::accounts(engine, &self.project, at, background).await
    }

    async fn fill_fresh_database(&self) -> Result<Option<Seeded>, Failure> {
        if !self.is_fresh().await? {
            return Ok(None);
        }
        self.engine.begin_seeding()?;
        let seeded = self.seed().await?;
        seeded.report(self.output);
        // Rows that were refused are tried again by the next start.
        if seeded.is_complete() {
            self.engine.end_seeding()?;
        }
        Ok(Some(seeded))
    }

    /// Whether the database still waits for its first rows. One that was filled to the end does
    /// not, even when its rows were deleted since; one that has rows from elsewhere does not.
    async fn is_fresh(&self) -> Result<bool, Failure> {
        match self.engine.seeding()? {
            Seeding::Untouched => Ok(seed::is_empty(&self.engine).await?),
            Seeding::Begun => Ok(true),
            Seeding::Ended => Ok(false),
        }
    }

    async fn seed(&self) -> Result<Seeded, Failure> {
        let paths = self.project.seed_files()?;
        let progress = self.output.progress(0, "seeding");
        Ok(seed::seed(&self.engine, &paths, &progress).await)
    }

    /// Says where everything is.
    fn announce(
        &self,
        listener: &Listener,
        (fill, setup): (Option<&Seeded>, Option<&str>),
        elapsed: Duration,
    ) {
        let output = self.output;
        let url = &self.url;
        let version = env!("CARGO_PKG_VERSION");
        let api = self.api();
        output.json(&json!({
            "api": api,
            "docs": format!("{url}/docs"),
            "openapi": format!("{url}/openapi.json"),
            "health": format!("{url}/health/ready"),
            "mail": format!("{url}/dev/mail"),
            "address": listener.address(),
            "database": self.database.shown(),
            "seeded": fill.map(|seeded| seeded.n_created),
            "setup": setup,
        }));
        let state = match fill {
            None => String::new(),
            Some(seeded) if seeded.n_created == 0 => " (new)".to_owned(),
            Some(seeded) => format!(" (new, {})", seeded.summary()),
        };
        let (program, dir) = (invocation::program(), self.project.dir_argument());
        let key = format!("{program} key create --role admin{dir}");
        output.line(format_args!(
            "{}\n",
            output.paint(Look::Bold, format_args!("underpin {version}"))
        ));
        for (name, value) in [
            ("API", api),
            ("Docs", format!("{url}/docs")),
            ("OpenAPI", format!("{url}/openapi.json")),
            ("Health", format!("{url}/health/ready")),
            ("Mail", format!("{url}/dev/mail")),
        ] {
            output.line(format_args!("  {name:<9} {}", output.paint(Look::Link, value)));
        }
        output.line(format_args!("  {:<9} {}{state}", "Database", self.database.shown()));
        output.line(format_args!("  {:<9} {}", "Key", output.paint(Look::Link, key)));
        if let Some(link) = setup {
            let link = output.paint(Look::Link, link);
            output.line(format_args!("  {:<9} {link}", "Setup"));
            output.line(output.paint(
                Look::Dim,
                format_args!(
                    "  {:<9} makes the first administrator; good once, for 15 minutes",
                    ""
                ),
            ));
        }
        output
            .line(format_args!("\nready in {} ms, watching {SCHEMA_FILE}\n", elapsed.as_millis()));
    }

    fn api(&self) -> String {
        format!("{}/api/v{}", self.url, self.version)
    }

    /// Applies what is saved, and follows migrations of others, until it is dropped.
    async fn reload_for_ever(&mut self, watch: notify::Result<Watch>) {
        let watch = match watch {
            Ok(watch) => Some(watch),
            Err(error) => {
                self.output.warning(format_args!(
                    "cannot watch the project, so a changed schema needs a restart: {error}"
                ));
                None
            }
        };
        loop {
            let saved = self.saved(watch.as_ref()).await;
            if saved.config {
                self.look_at_config();
            }
            if saved.schema {
                self.reload_schema().await;
            }
            if saved.seed {
                self.seed_again().await;
            }
        }
    }

    /// What was saved, once something was; meanwhile looks whether others migrated the database.
    async fn saved(&mut self, watch: Option<&Watch>) -> Saved {
        let mut saved = pin!(async {
            match watch {
                Some(watch) => watch.saved().await,
                None => std::future::pending().await,
            }
        });
        loop {
            match tokio::time::timeout(DATABASE_LOOK, &mut saved).await {
                Ok(saved) => return saved,
                Err(_) => self.follow_database().await,
            }
        }
    }

    async fn reload_schema(&mut self) {
        let started = Instant::now();
        // An editor may have taken the file away for a moment; the next event brings it back.
        let Ok(text) = Project::read_schema(self.project.dir()) else { return };
        if text == self.text && self.fits().await {
            return;
        }
        self.text = text;
        match self.apply_schema().await {
            Ok(plan) => {
                let done: Vec<&str> =
                    plan.steps.iter().map(|step| step.description.as_str()).collect();
                let done = match done.as_slice() {
                    [] => "applied; the tables stay as they are".to_owned(),
                    done => done.join("; "),
                };
                self.say_serving(&done, started.elapsed()).await;
            }
            Err(failure) => {
                failure.report(self.output);
                self.output.note("the schema before goes on serving");
            }
        }
    }

    async fn apply_schema(&self) -> Result<MigrationPlan, Failure> {
        let schema = self.project.diagnose()?.into_schema(self.output)?;
        self.project.check_roles(&schema, self.output)?;
        let retry = retry(&self.project, &self.database);
        migration::replace(&self.engine, schema, &retry).await
    }

    /// Whether the database is at the schema that is served. One that cannot be read counts as
    /// fit: whoever sends a request is told what is wrong with it.
    async fn fits(&self) -> bool {
        let app = self.engine.app().await;
        match self.engine.check_schema(&app).await {
            Ok(()) => true,
            Err(error) => error.hint().is_none(),
        }
    }

    /// Serves the schema in the file when another process has migrated the database to it.
    async fn follow_database(&mut self) {
        if self.fits().await {
            self.told_unfit = false;
            return;
        }
        let started = Instant::now();
        match self.follow().await {
            Ok(text) => {
                self.told_unfit = false;
                self.text = text;
                let done = "the database was migrated; serving the schema that it is at";
                self.say_serving(done, started.elapsed()).await;
            }
            Err(failure) if !self.told_unfit => {
                self.told_unfit = true;
                failure.report(self.output);
                self.output.note(
                    "another process migrated the database; requests that do not fit it are \
                     refused until it is at the schema in the file",
                );
            }
            Err(_) => {}
        }
    }

    async fn follow(&self) -> Result<String, Failure> {
        let text = Project::read_schema(self.project.dir())?;
        let schema = self.project.diagnose()?.into_schema(self.output)?;
        migration::follow(&self.engine, &self.project, schema).await?;
        Ok(text)
    }

    async fn say_serving(&mut self, done: &str, elapsed: Duration) {
        let label = self.output.paint(Look::Good, "schema");
        self.output.line(format_args!("{label}: {done} ({} ms)", elapsed.as_millis()));
        let version = self.engine.app().await.schema().version;
        if version != self.version {
            self.version = version;
            let api = self.output.paint(Look::Link, self.api());
            self.output.line(format_args!("{label}: the API is now at {api}"));
        }
    }

    async fn seed_again(&self) {
        match self.seed().await {
            Ok(seeded) => {
                seeded.report(self.output);
                let label = self.output.paint(Look::Good, "seed");
                self.output.line(format_args!("{label}: {}", seeded.summary()));
            }
            Err(failure) => failure.report(self.output),
        }
    }

    fn look_at_config(&self) {
        let Ok((path, text)) = Project::read_config(self.project.dir()) else { return };
        match Config::read(&path, &text, &config::environment(), &[]) {
            Ok(_) => self.output.line(format_args!("{path}: changed; restart to apply it")),
            Err(error) => Failure::config(&error, self.output).report(self.output),
        }
    }
}

/// The command that applies what `dev` does not apply by itself.
fn retry(project: &Project, database: &Database) -> String {
    let (dir, url) = (project.dir_argument(), database.url());
    let program = invocation::program();
    format!("{program} migrate apply --allow-destructive --database {url}{dir}")
}
