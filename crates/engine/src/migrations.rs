//! Brings the database to a schema, and tells how far it is from there.
//!
//! `migrate` plans and judges; the store lends a transaction; here both meet the schema and its
//! rules. Works before an [`Engine`](crate::Engine) serves, and while one is held still by
//! [`Engine::replace`](crate::Engine::replace).

mod index_filter;

use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;
use underpin_base::Timestamp;
use underpin_migrate::{
    Applied, Class, Consent, Detail, Introspection, MigrationPlan, Mismatch, Part, Refusal,
    RunError, Snapshot, Status,
};
use underpin_rules::Rules;
use underpin_schema::Schema;
use underpin_store::Store;

/// A migration that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// What was done; empty when there was nothing to do.
    pub plan: MigrationPlan,
    /// The copy of the database that was made because a step deletes data.
    pub backup: Option<PathBuf>,
}

/// What a migration would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The steps.
    pub plan: MigrationPlan,
    /// Why they would be refused, were they to run at this moment; empty when they would not.
    pub refusals: Vec<Refusal>,
}

/// How the database stands to `schema`.
///
/// # Errors
/// When the database cannot be read, or a newer version of Underpin migrated it.
pub async fn status(store: &Store, schema: &Schema) -> Result<Status, RunError> {
    let wanted = snapshot(schema)?;
    reading(store, move |db| underpin_migrate::status(db, Part::Application, &wanted)).await
}

/// The steps that lead to `schema`, tried out on the rows as they are and undone again.
///
/// # Errors
/// As [`apply`], but for refusals, which are part of the answer.
pub async fn preview(
    store: &Store,
    schema: &Schema,
    consent: Consent,
) -> Result<Preview, RunError> {
    let wanted = snapshot(schema)?;
    let (plan, planned) = (status(store, schema).await?, wanted.clone());
    let plan = match plan {
        Status::UpToDate => MigrationPlan::default(),
        Status::Behind(plan) | Status::Ahead { plan, .. } => plan,
    };
    if plan.is_empty() {
        return Ok(Preview { plan, refusals: Vec::new() });
    }
    let tried = writing(store, move |db| {
        underpin_migrate::apply(db, Part::Application, &planned, consent, 0).map(|_| ())?;
        // An error rolls back; this one says that nothing was refused.
        Err::<(), _>(RunError::Refused { refusals: Vec::new() })
    });
    match tried.await {
        Err(RunError::Refused { refusals }) => Ok(Preview { plan, refusals }),
        Err(error) => Err(error),
        Ok(()) => Ok(Preview { plan, refusals: Vec::new() }),
    }
}

/// Brings the database to `schema`: all steps and the record of them in one transaction. Writes
/// wait meanwhile. Where a step deletes data a copy of the database is made beside it first, inside
/// that transaction: no row can come between the copy and the deletion, from whatever process.
///
/// # Errors
/// See [`RunError`]. Nothing was changed then.
pub async fn apply(
    store: &Store,
    schema: &Schema,
    consent: Consent,
    at: Timestamp,
) -> Result<Migrated, RunError> {
    let wanted = snapshot(schema)?;
    let source = store.clone();
    writing(store, move |db| {
        let backup = match (underpin_migrate::status(db, Part::Application, &wanted)?, consent) {
            (Status::Behind(plan) | Status::Ahead { plan, .. }, Consent::AllowDestructive)
                if plan.class() == Class::Destructive =>
            {
                let path = backup_path(source.path(), at);
                source.copy_to(&path)?;
                Some(path)
            }
            _ => None,
        };
        let applied = underpin_migrate::apply(db, Part::Application, &wanted, consent, at.0);
        if let (Err(_), Some(needless)) = (&applied, &backup) {
            // Should it stay, it is but a file too many; why nothing was done matters more.
            drop(std::fs::remove_file(needless));
        }
        applied.map(|Applied { plan }| Migrated { plan, backup })
    })
    .await
}

/// Where the database is not what it says it is at, as far as migrations own it, and where adopted
/// tables are not what `schema` says of them.
///
/// # Errors
/// When the database cannot be read.
pub async fn drift(store: &Store, schema: &Schema) -> Result<Vec<Mismatch>, RunError> {
    let wanted = snapshot(schema)?;
    reading(store, move |db| {
        let found = Introspection::read(db, Detail::Shape)
            .map_err(|source| RunError::Database { source })?;
        let mut recorded = underpin_migrate::recorded(db, Part::Application)?;
        recorded.tables.retain(|table| table.managed);
        let mut adopted = wanted;
        adopted.tables.retain(|table| !table.managed);
        let mut mismatches = underpin_migrate::drift(&recorded, &found);
        mismatches.extend(underpin_migrate::drift(&adopted, &found));
        Ok(mismatches)
    })
    .await
}

/// Brings the tables of Underpin's own models to `schema`. They change with the binary, so data is
/// never deleted here.
pub(crate) async fn prepare_system(
    store: &Store,
    schema: &Schema,
    at: Timestamp,
) -> Result<(), RunError> {
    let wanted = snapshot(schema)?;
    let expected = wanted.clone();
    let status =
        reading(store, move |db| underpin_migrate::status(db, Part::System, &expected)).await?;
    match status {
        // Ahead: a newer binary was here, which keeps to what this one can read.
        Status::UpToDate | Status::Ahead { .. } => Ok(()),
        Status::Behind(_) => {
            writing(store, move |db| {
                underpin_migrate::apply(db, Part::System, &wanted, Consent::KeepData, at.0)
                    .map(drop)
            })
            .await
        }
    }
}

/// The shape that `schema` demands.
fn snapshot(schema: &Schema) -> Result<Snapshot, RunError> {
    let (rules, diagnostics) = Rules::compile(schema);
    let Some(rules) = rules else {
        let message = diagnostics.first().map(|problem| problem.message.clone());
        return Err(RunError::Schema { message: message.unwrap_or_default() });
    };
    index_filter::check(schema, &rules)?;
    Ok(Snapshot::of(schema, &|model, index| index_filter::sql(schema, &rules, model, index)))
}

/// `data.db` as `data.backup-1763654484123456.db`, beside it.
fn backup_path(database: &Path, at: Timestamp) -> PathBuf {
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    let extension = database.extension().unwrap_or_default().to_string_lossy();
    let dot = if extension.is_empty() { "" } else { "." };
    database.with_file_name(format!("{stem}.backup-{}{dot}{extension}", at.0))
}

async fn reading<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut dyn underpin_migrate::Database) -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    let store = store.clone();
    blocking(move || store.lend_reading(work)).await
}

async fn writing<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut dyn underpin_migrate::Database) -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    let store = store.clone();
    blocking(move || store.lend(work)).await
}

/// The store blocks while it migrates; requests go on being answered by other threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(source) => Err(RunError::Database { source: source.into() }),
    }
}

#[cfg(test)]
mod tests;
