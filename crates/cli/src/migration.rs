//! Brings a database to a schema, and says how far it is from there.

use std::sync::Arc;

use serde_json::{Value, json};
use underpin_base::Clock;
use underpin_engine::Engine;
use underpin_engine::migrations::{self, Migrated, Preview};
use underpin_migrate::{Class, Consent, MigrationPlan, Refusal, RunError, Status, Step};
use underpin_schema::Schema;
use underpin_store::Store;

use crate::exit::{Exit, Failure};
use crate::output::{Look, Output};
use crate::project::Project;
use crate::wiring;

/// How the database stands to the schema.
pub(crate) async fn status(store: &Store, schema: &Schema) -> Result<Status, Failure> {
    migrations::status(store, schema).await.map_err(|error| failure(&error, ""))
}

/// The steps to the schema, and why they would be refused.
pub(crate) async fn preview(store: &Store, schema: &Schema) -> Result<Preview, Failure> {
    let tried = migrations::preview(store, schema, Consent::KeepData).await;
    tried.map_err(|error| failure(&error, ""))
}

/// Brings the database to the schema. `retry` is the command that would allow a step which is
/// refused because it deletes data.
pub(crate) async fn apply(
    store: &Store,
    schema: &Schema,
    consent: Consent,
    retry: &str,
) -> Result<Migrated, Failure> {
    refuse_drift(store, schema).await?;
    let applied = migrations::apply(store, schema, consent, Clock::System.now()).await;
    applied.map_err(|error| failure(&error, retry))
}

/// Refuses a database whose adopted tables are not what the schema says of them: every request to
/// such a model would fail, and no migration mends it.
pub(crate) async fn refuse_drift(store: &Store, schema: &Schema) -> Result<(), Failure> {
    let is_adopted =
        |table: &str| schema.models.iter().any(|model| !model.managed && model.table == table);
    if schema.models.iter().all(|model| model.managed) {
        return Ok(());
    }
    let drift = migrations::drift(store, schema).await.map_err(|error| failure(&error, ""))?;
    let problems: Vec<(Value, String)> = drift
        .iter()
        .filter(|mismatch| is_adopted(&mismatch.table))
        .map(|mismatch| (json!({ "message": mismatch.message }), mismatch.message.clone()))
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Behind, "the schema does not fit the tables that it adopts")
        .with_help(
            "correct the models with `managed: false`, or write the schema anew with \
             `underpin db pull`",
        )
        .with_problems(problems))
}

/// Brings the database to the schema and serves it from then on, between two requests. Keeps the
/// schema before when a step is refused.
pub(crate) async fn replace(
    engine: &Engine,
    schema: Arc<Schema>,
    retry: &str,
) -> Result<MigrationPlan, Failure> {
    let mut refused = None;
    let wanted = Arc::clone(&schema);
    let replaced = engine
        .replace(schema, async |store| {
            match apply(store, &wanted, Consent::KeepData, retry).await {
                Ok(applied) => Ok(applied.plan),
                Err(failure) => {
                    refused = Some(failure);
                    Err(underpin_base::Error::internal("the migration was refused"))
                }
            }
        })
        .await;
    replaced.map_err(|error| refused.unwrap_or_else(|| error.into()))
}

/// Serves the schema from then on, provided that the database is at it already.
pub(crate) async fn follow(
    engine: &Engine,
    project: &Project,
    schema: Arc<Schema>,
) -> Result<(), Failure> {
    let wanted = Arc::clone(&schema);
    let mut refused = None;
    let replaced = engine
        .replace(schema, async |store| {
            let fits = wiring::refuse_behind(project, store, &wanted).await;
            fits.map_err(|failure| {
                refused = Some(failure);
                underpin_base::Error::internal("the database is at another schema")
            })
        })
        .await;
    replaced.map_err(|error| refused.unwrap_or_else(|| error.into()))
}

/// "3 steps".
pub(crate) fn counted(plan: &MigrationPlan) -> String {
    match plan.steps.len() {
        1 => "1 step".to_owned(),
        n_steps => format!("{n_steps} steps"),
    }
}

/// The plan for programs.
pub(crate) fn object(plan: &MigrationPlan) -> Value {
    let step = |step: &Step| {
        json!({
            "description": step.description,
            "class": step.class.to_string(),
            "table": step.table,
            "sql": step.sql,
        })
    };
    json!({ "class": plan.class().to_string(), "steps": plan.steps.iter().map(step).collect::<Vec<_>>() })
}

/// The plan for people: each step with its class, and its statements below it.
pub(crate) fn show(plan: &MigrationPlan, output: Output) {
    for step in &plan.steps {
        output.line(line(step, output));
        for sql in &step.sql {
            for line in sql.lines() {
                output.line(output.paint(Look::Dim, format_args!("      {line}")));
            }
        }
    }
}

/// A step and its class in one line.
pub(crate) fn line(step: &Step, output: Output) -> String {
    let look = match step.class {
        Class::Safe => Look::Good,
        Class::Locking | Class::NeedsData => Look::Warning,
        Class::Destructive => Look::Bad,
    };
    let class = output.paint(look, format_args!("{:<11}", step.class.to_string()));
    format!("  {class}  {}", step.description)
}

/// What a migration that did not happen says. `retry` is the command that allows what is refused.
fn failure(error: &RunError, retry: &str) -> Failure {
    match error {
        RunError::Refused { refusals } => refused(refusals, retry),
        RunError::NewerFormat { .. } => {
            Failure::failed(error.to_string()).with_help("install that version or a later one")
        }
        RunError::Database { .. }
        | RunError::Schema { .. }
        | RunError::ReadRecorded { .. }
        | RunError::Check { .. }
        | RunError::Step { .. }
        | RunError::BrokenReferences { .. }
        | RunError::CheckReferences { .. }
        | RunError::ForeignKeysOn
        | RunError::Record { .. } => {
            let mut message = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(source) = cause {
                message = format!("{message}: {source}");
                cause = source.source();
            }
            Failure::failed(message).with_help("the database is as it was; nothing was changed")
        }
    }
}

/// A refusal for programs.
pub(crate) fn refusal_object(refusal: &Refusal) -> Value {
    json!({
        "step": refusal.step,
        "class": refusal.class.to_string(),
        "message": refusal.reason,
    })
}

fn refused(refusals: &[Refusal], retry: &str) -> Failure {
    let problems = refusals.iter().map(|refusal| {
        let class = refusal.class.to_string();
        (refusal_object(refusal), format!("  {class:<11}  {}", refusal.reason))
    });
    let deletes = refusals.iter().any(|refusal| refusal.class == Class::Destructive);
    let (message, help) = if deletes {
        (
            "this migration deletes data, so nothing was changed",
            format!("`{retry}` copies the database and then deletes it"),
        )
    } else {
        (
            "the rows do not allow this migration, so nothing was changed",
            "give the field a `@default`, say what it was by `@renamedFrom`, or mend the rows first"
                .to_owned(),
        )
    };
    Failure::new(Exit::Behind, message).with_help(help).with_problems(problems.collect())
}
