//! `underpin serve`: serves a project in production.

use std::sync::Arc;

use clap::Args;
use underpin_accounts::Accounts;
use underpin_engine::Engine;
use underpin_mail::Transport;
use underpin_migrate::Consent;
use underpin_schema::Schema;

use crate::args::{ListenArgs, ProjectArgs};
use crate::background::Background;
use crate::database::{Database, Purpose};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::project::Project;
use crate::serving::{self, Listener};
use crate::shutdown::Shutdown;
use crate::{invocation, logging, mail, migration, wiring};

/// Serve a project; the database must be at its schema
///
/// Prints nothing but its log, to standard error. Ctrl-C and SIGTERM let requests in flight end; a
/// second one ends the process at once.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    listen: ListenArgs,
    /// Bring the database to the schema first, unless that would delete data
    #[arg(long)]
    migrate: bool,
}

pub(crate) fn run(args: &ServeArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &args.listen.overrides(), output)?;
    logging::start(&project.config.log);
    let schema = project.diagnose()?.into_schema(output)?;
    project.check_roles(&schema, output)?;
    // What is wrong with mail is said before anything is served, and not when the first one is due.
    let templates = mail::templates(&project, output)?;
    let transport = mail::transport(&project, mail::SEND_TIME_MAX)?;
    let runtime = crate::runtime()?;
    runtime.block_on(async {
        let mut shutdown = Shutdown::listen()
            .map_err(|error| Failure::failed(format!("cannot listen for signals: {error}")))?;
        let listener = Listener::open(&project.config.server)?;
        let database = Database::of(&project, Purpose::Serve);
        let url = listener.url(&project.config.server);
        let starting = start(args, &project, &database, schema);
        let engine = shutdown.unless_requested(starting).await?;
        let (address, mail) = (listener.address(), transport.shown());
        if matches!(transport, Transport::Absent) {
            tracing::warn!("no mail server: mails wait, and are given up after a day");
        }
        let background = Background::new(&engine, transport, templates);
        let at = (&database, url.as_str());
        let accounts = wiring::accounts(Arc::clone(&engine), &project, at, &background).await?;
        tracing::info!(%address, url, database = database.shown(), mail, "serving");
        tell_of_setup(&project, &accounts).await?;
        let stop = async {
            shutdown.requested().await;
            tracing::info!("stopping");
        };
        let serving = serving::serve(listener, Arc::clone(&accounts), &project.config, None, stop);
        background.beside(accounts, serving).await?;
        engine.close();
        tracing::info!("stopped");
        Ok(Exit::Done)
    })
}

/// Says how the first administrator is made, while there is none. The link itself is no line of a
/// log, which others read.
async fn tell_of_setup(project: &Project, accounts: &Accounts) -> Result<(), Failure> {
    if accounts.lacks_administrator().await? {
        let (program, dir) = (invocation::program(), project.dir_argument());
        let command = format!("{program} user setup-link{dir}");
        tracing::info!(command, "there is no administrator; the command prints a link to make one");
    }
    Ok(())
}

/// Opens the database and brings it to the schema where that was asked for.
async fn start(
    args: &ServeArgs,
    project: &Project,
    database: &Database,
    schema: Arc<Schema>,
) -> Result<Arc<Engine>, Failure> {
    if !args.migrate {
        wiring::refuse_without_database(project, database)?;
    }
    let store = database.open(&project.config)?;
    if args.migrate {
        let (program, dir) = (invocation::program(), project.dir_argument());
        let retry = format!("{program} migrate apply --allow-destructive{dir}");
        let applied = migration::apply(&store, &schema, Consent::KeepData, &retry).await?;
        for step in &applied.plan.steps {
            tracing::info!(step = step.description, class = %step.class, "migrated");
        }
    } else {
        wiring::refuse_behind(project, &store, &schema).await?;
    }
    let engine = Engine::start(store, schema, project.engine_options()).await?;
    Ok(Arc::new(engine))
}
