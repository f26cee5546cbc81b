//! Puts the rooms together: configuration, schema, store, engine.

use std::sync::Arc;

use underpin_engine::Engine;
use underpin_migrate::{Consent, Status};
use underpin_schema::Schema;
use underpin_store::Store;

use crate::database::{Database, Purpose};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::project::Project;
use crate::{invocation, migration};

/// A project whose database is open.
pub(crate) struct Opened {
    pub(crate) engine: Arc<Engine>,
    pub(crate) database: Database,
}

/// What a command needs of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Rows of the schema: a database that is behind is refused.
    Rows,
    /// Keys alone, which are there whatever the schema is.
    Keys,
}

/// Opens the database that is in use, for a command. One that is not there is made, at the schema.
pub(crate) async fn open(project: &Project, need: Need, output: Output) -> Result<Opened, Failure> {
    let schema = project.diagnose()?.into_schema(output)?;
    let database = Database::of(project, Purpose::Command);
    let is_new = !database.exists();
    let store = database.open(&project.config)?;
    if is_new {
        migration::apply(&store, &schema, Consent::KeepData, "").await?;
    } else if need == Need::Rows {
        refuse_behind(project, &store, &schema).await?;
    }
    let engine = Engine::start(store, schema, project.engine_options()).await?;
    Ok(Opened { engine: Arc::new(engine), database })
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
