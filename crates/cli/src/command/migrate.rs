//! `underpin migrate`: what a schema does to the database, and doing it.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;
use tempfile::TempDir;
use underpin_engine::migrations::Preview;
use underpin_migrate::{Consent, Status};
use underpin_schema::Schema;
use underpin_store::Store;

use crate::args::ProjectArgs;
use crate::database::{Database, Purpose};
use crate::exit::{Exit, Failure, Outcome};
use crate::invocation;
use crate::migration::{self, counted};
use crate::output::Output;
use crate::project::Project;

/// Show or apply what the schema changes in the database
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    Plan(PlanArgs),
    Apply(ApplyArgs),
    Status(StatusArgs),
}

/// Show the steps to the schema, their classes and their SQL; changes nothing
#[derive(Debug, Args)]
struct PlanArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

/// Bring the database to the schema, in one transaction
///
/// A step that would delete data, or that the rows do not allow, is refused, and then nothing is
/// changed at all.
#[derive(Debug, Args)]
struct ApplyArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// Run steps that delete data, too; make a backup first
    #[arg(long)]
    allow_destructive: bool,
}

/// Say whether the database is at the schema; exit code 3 when it is not
#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    project: ProjectArgs,
}

pub(crate) fn run(args: &MigrateArgs, output: Output) -> Outcome {
    crate::runtime()?.block_on(async {
        match &args.command {
            MigrateCommand::Plan(args) => plan(args, output).await,
            MigrateCommand::Apply(args) => apply(args, output).await,
            MigrateCommand::Status(args) => status(args, output).await,
        }
    })
}

async fn plan(args: &PlanArgs, output: Output) -> Outcome {
    let opened = Opened::of(&args.project, output)?;
    let (store, _nowhere) = opened.store_to_look_at()?;
    let standing = migration::status(&store, &opened.schema).await?;
    let Preview { plan, refusals } = migration::preview(&store, &opened.schema).await?;
    store.close();
    output.json(&json!({
        "database": opened.database.shown(),
        "status": word(&standing),
        "plan": migration::object(&plan),
        "refusals": refusals.iter().map(migration::refusal_object).collect::<Vec<_>>(),
    }));
    output.line(title(&opened.database, &standing));
    migration::show(&plan, output);
    if !refusals.is_empty() {
        output.line("\nAs the rows are, this would be refused:");
        for refusal in &refusals {
            output.line(format_args!("  {}", refusal.reason));
        }
    }
    Ok(Exit::Done)
}

async fn status(args: &StatusArgs, output: Output) -> Outcome {
    let opened = Opened::of(&args.project, output)?;
    let (store, _nowhere) = opened.store_to_look_at()?;
    let standing = migration::status(&store, &opened.schema).await?;
    store.close();
    let steps = match &standing {
        Status::UpToDate => &[][..],
        Status::Behind(plan) | Status::Ahead { plan, .. } => &plan.steps,
    };
    output.json(&json!({
        "database": opened.database.shown(),
        "status": word(&standing),
        "steps": steps.len(),
    }));
    output.line(title(&opened.database, &standing));
    for step in steps {
        output.line(migration::line(step, output));
    }
    Ok(if standing == Status::UpToDate { Exit::Done } else { Exit::Behind })
}

async fn apply(args: &ApplyArgs, output: Output) -> Outcome {
    let opened = Opened::of(&args.project, output)?;
    let consent =
        if args.allow_destructive { Consent::AllowDestructive } else { Consent::KeepData };
    let store = opened.database.open(&opened.project.config)?;
    let dir = opened.project.dir_argument();
    let program = invocation::program();
    let retry = format!("{program} migrate apply --allow-destructive{dir}");
    let migrated = migration::apply(&store, &opened.schema, consent, &retry).await?;
    store.close();
    let backup = migrated.backup.as_ref().map(|path| path.display().to_string());
    output.json(&json!({
        "database": opened.database.shown(),
        "applied": migration::object(&migrated.plan),
        "backup": backup,
    }));
    let database = opened.database.shown();
    if migrated.plan.is_empty() {
        output.line(format_args!("{database} is at the schema"));
        return Ok(Exit::Done);
    }
    if let Some(backup) = backup {
        output.line(format_args!("the database as it was: {backup}"));
    }
    output.line(format_args!("{database}: {} applied", counted(&migrated.plan)));
    for step in &migrated.plan.steps {
        output.line(migration::line(step, output));
    }
    Ok(Exit::Done)
}

/// What all three begin with.
struct Opened {
    project: Project,
    schema: Arc<Schema>,
    database: Database,
}

impl Opened {
    fn of(args: &ProjectArgs, output: Output) -> Result<Self, Failure> {
        let project = Project::open(args, &[], output)?;
        let schema = project.diagnose()?.into_schema(output)?;
        let database = Database::of(&project, Purpose::Command);
        Ok(Self { project, schema, database })
    }

    /// The store, to be looked at. Looking does not make a database: one that is not there is stood
    /// in for by an empty one, in a folder that goes away.
    fn store_to_look_at(&self) -> Result<(Store, Option<TempDir>), Failure> {
        if self.database.exists() {
            return Ok((self.database.open(&self.project.config)?, None));
        }
        let nowhere = tempfile::tempdir()
            .map_err(|error| Failure::failed(format!("cannot make a folder: {error}")))?;
        let empty = underpin_store::Options::new(nowhere.path().join("empty.db"));
        let store = Store::open(&empty).map_err(underpin_base::Error::from)?;
        Ok((store, Some(nowhere)))
    }
}

/// The standing for programs.
fn word(standing: &Status) -> &'static str {
    match standing {
        Status::UpToDate => "up to date",
        Status::Behind(_) => "behind",
        Status::Ahead { .. } => "ahead",
    }
}

/// The standing for people.
fn title(database: &Database, standing: &Status) -> String {
    let shown = database.shown();
    let there = if database.exists() { "" } else { " is not there yet, so it" };
    match standing {
        Status::UpToDate => format!("{shown}{there} is at the schema"),
        Status::Behind(plan) => {
            format!("{shown}{there} is behind the schema by {}", counted(plan))
        }
        Status::Ahead { n_migrations, plan } => format!(
            "{shown} was at this schema and went further (migrations since: {n_migrations}); \
             {} lead back",
            counted(plan)
        ),
    }
}
