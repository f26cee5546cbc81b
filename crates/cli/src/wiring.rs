//! Puts the rooms together: configuration, schema, store, engine.

use std::sync::Arc;

use underpin_accounts::{Accounts, Options};
use underpin_engine::Engine;
use underpin_migrate::{Consent, Status};
use underpin_schema::Schema;
use underpin_store::Store;

use crate::background::Background;
use crate::database::{Database, Purpose};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::project::Project;
use crate::{accounts, invocation, migration, serving};

/// A project whose database is open.
pub(crate) struct Opened {
    pub(crate) engine: Arc<Engine>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) database: Database,
}

/// The accounts of a database that is served at `url`, whose mails `background` sends.
pub(crate) async fn accounts(
    engine: Arc<Engine>,
    project: &Project,
    (database, url): (&Database, &str),
    background: &Background,
) -> Result<Arc<Accounts>, Failure> {
    let options = Options { on_mail: Some(background.on_mail()), ..Options::default() };
    let options = accounts::options(options, &project.config, database.path(), url)?;
    Ok(Arc::new(Accounts::start(engine, options).await?))
}

/// The accounts of a database for a command that needs no secret, and makes none.
async fn accounts_for_command(engine: Arc<Engine>) -> Result<Arc<Accounts>, Failure> {
    Ok(Arc::new(Accounts::start(engine, Options::default()).await?))
}

/// Has the accounts of the database that is in use go on with the secret as it is configured now.
/// How many ways to prove oneself ended by it is returned.
pub(crate) async fn adopt_secret(project: &Project) -> Result<usize, Failure> {
    let database = Database::of(project, Purpose::Command);
    refuse_without_database(project, &database)?;
    let store = database.open(&project.config)?;
    let engine = Engine::start_for_accounts(store, project.engine_options()).await?;
    let keys = accounts::keys(&project.config.auth, database.path())?;
    let n_factors = underpin_accounts::adopt_secret(&engine, &keys).await?;
    engine.close();
    Ok(n_factors)
}

/// Does `work` on the accounts of the database that is in use, and closes it.
pub(crate) async fn work_on_accounts<T>(
    project: &Project,
    output: Output,
    work: impl AsyncFnOnce(&Accounts) -> underpin_base::Result<T>,
) -> Result<T, Failure> {
    let schema = project.diagnose()?.into_schema(output)?;
    let database = Database::of(project, Purpose::Command);
    refuse_without_database(project, &database)?;
    let store = database.open(&project.config)?;
    refuse_behind(project, &store, &schema).await?;
    let engine = Arc::new(Engine::start(store, schema, project.engine_options()).await?);
    let url = serving::url(&project.config.server, project.config.server.address);
    let options = accounts::options(Options::default(), &project.config, database.path(), &url)?;
    let accounts = Accounts::start(Arc::clone(&engine), options).await?;
    let done = work(&accounts).await?;
    engine.close();
    Ok(done)
}

/// As [`work_on_accounts`], to its end.
pub(crate) fn on_accounts<T>(
    project: &Project,
    output: Output,
    work: impl AsyncFnOnce(&Accounts) -> underpin_base::Result<T>,
) -> Result<T, Failure> {
    crate::runtime()?.block_on(work_on_accounts(project, output, work))
}

/// What a command needs of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Rows of the schema: a database that is behind is refused.
    Rows,
    /// To make a key with roles of the schema, at which the database need not be.
    Roles,
}

/// Opens the database that is in use for its keys alone. A key must be revocable whatever state
/// the schema is in, so that is not read.
pub(crate) async fn open_keys(project: &Project) -> Result<Opened, Failure> {
    let database = Database::of(project, Purpose::Command);
    refuse_without_database(project, &database)?;
    let store = database.open(&project.config)?;
    let engine = Arc::new(Engine::start_for_accounts(store, project.engine_options()).await?);
    let accounts = accounts_for_command(Arc::clone(&engine)).await?;
    Ok(Opened { engine, accounts, database })
}

/// Refuses a database that is not there: an empty one in the wrong place helps nobody.
pub(crate) fn refuse_without_database(
    project: &Project,
    database: &Database,
) -> Result<(), Failure> {
    if database.exists() {
        return Ok(());
    }
    let (program, mut rest) = (invocation::program(), project.dir_argument());
    if project.config.database_chosen {
        rest.push_str(&format!(" --database {}", database.url()));
    }
    Err(Failure::new(Exit::Behind, format!("there is no database {}", database.shown())).with_help(
        format!(
            "`{program} migrate apply{rest}` makes it, and so does `{program} serve --migrate{rest}`"
        ),
    ))
}

/// Opens the database that is in use, for a command. One that is not there is made, at the schema;
/// but not one that was named, for then the name is likely to be wrong, to make keys in.
pub(crate) async fn open(project: &Project, need: Need, output: Output) -> Result<Opened, Failure> {
    let schema = project.diagnose()?.into_schema(output)?;
    let database = Database::of(project, Purpose::Command);
    if need == Need::Roles && project.config.database_chosen {
        refuse_without_database(project, &database)?;
    }
    let is_new = !database.exists();
    let store = database.open(&project.config)?;
    if is_new {
        migration::apply(&store, &schema, Consent::KeepData, "").await?;
    } else if need == Need::Rows {
        refuse_behind(project, &store, &schema).await?;
    }
    let engine = Arc::new(Engine::start(store, schema, project.engine_options()).await?);
    let accounts = accounts_for_command(Arc::clone(&engine)).await?;
    Ok(Opened { engine, accounts, database })
}

/// Refuses a database that is not at the schema, and says what to do.
pub(crate) async fn refuse_behind(
    project: &Project,
    store: &Store,
    schema: &Arc<Schema>,
) -> Result<(), Failure> {
    let (program, dir) = (invocation::program(), project.dir_argument());
    match migration::status(store, schema).await? {
        Status::UpToDate => migration::refuse_drift(store, schema).await,
        Status::Behind(plan) => Err(Failure::new(
            Exit::Behind,
            format!("the database is behind the schema by {}", migration::counted(&plan)),
        )
        .with_help(format!(
            "`{program} migrate plan{dir}` shows what is missing, `{program} migrate apply{dir}` does it"
        ))),
        Status::Ahead { n_migrations, .. } => Err(Failure::new(
            Exit::Behind,
            match n_migrations {
                1 => "the database is ahead of the schema by 1 migration".to_owned(),
                n => format!("the database is ahead of the schema by {n} migrations"),
            },
        )
        .with_help("use the schema that it was migrated to")),
    }
}
