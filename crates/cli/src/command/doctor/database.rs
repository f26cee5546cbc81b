//! The database: whether it opens, is whole, is set up as it should be, and is at the schema.

use underpin_migrate::{Cell, Failure as QueryFailure, Status};
use underpin_store::{Store, StoreError};

use super::Finding;
use crate::database::{Database, Purpose};
use crate::diagnosis::Diagnosis;
use crate::exit::Failure;
use crate::migration::{self, counted};
use crate::project::Project;

pub(super) async fn look(
    project: &Project,
    diagnosis: Option<&Diagnosis>,
) -> Result<Vec<Finding>, Failure> {
    const ABOUT: &str = "database";
    let database = Database::of(project, Purpose::Command);
    if !database.exists() {
        let message = format!("{} is not there yet", database.shown());
        let advice = "`underpin dev` and `underpin migrate apply` make it";
        return Ok(vec![Finding::warning(ABOUT, message, advice)]);
    }
    let store = match database.open(&project.config) {
        Ok(store) => store,
        Err(failure) => {
            let advice = "restore it from a copy, or name another by `[database] url`";
            return Ok(vec![Finding::bad(ABOUT, failure.message(), advice)]);
        }
    };
    let mut findings = vec![Finding::good(ABOUT, opened(&database, &store)?)];
    findings.push(integrity(&store)?);
    findings.push(settings(&store)?);
    if let Some(schema) = diagnosis.and_then(Diagnosis::schema) {
        findings.push(migrations(project, migration::status(&store, schema).await?));
    }
    store.close();
    Ok(findings)
}

fn opened(database: &Database, store: &Store) -> Result<String, Failure> {
    let version = ask(store, "SELECT sqlite_version()")?;
    let n_bytes = std::fs::metadata(database.path()).map_or(0, |file| file.len());
    let size = match n_bytes / (1_024 * 1_024) {
        0 => format!("{} KiB", n_bytes.div_ceil(1_024)),
        n_mib => format!("{n_mib} MiB"),
    };
    Ok(format!("{} ({size}, SQLite {version})", database.shown()))
}

fn integrity(store: &Store) -> Result<Finding, Failure> {
    const ABOUT: &str = "integrity";
    let found = ask(store, "PRAGMA quick_check(1)")?;
    if found != "ok" {
        let advice = "stop the server, keep the file, and restore the last copy";
        return Ok(Finding::bad(ABOUT, found, advice));
    }
    let dangling = ask(store, "SELECT count(*) FROM pragma_foreign_key_check")?;
    if dangling != "0" {
        let message = format!("{dangling} references point to rows that are not there");
        let advice = "another program wrote to the database without `foreign_keys`; mend the rows";
        return Ok(Finding::warning(ABOUT, message, advice));
    }
    Ok(Finding::good(ABOUT, "every page and every reference is sound"))
}

/// The settings that durability depends on.
fn settings(store: &Store) -> Result<Finding, Failure> {
    const ABOUT: &str = "settings";
    let journal = ask(store, "PRAGMA journal_mode")?;
    if journal != "wal" {
        let message = format!("the journal is `{journal}`, not `wal`");
        let advice = "another program changed it; it is set back when the server starts";
        return Ok(Finding::warning(ABOUT, message, advice));
    }
    Ok(Finding::good(ABOUT, "write-ahead log, synced at each commit"))
}

fn migrations(project: &Project, status: Status) -> Finding {
    const ABOUT: &str = "migrations";
    let dir = project.dir_argument();
    match status {
        Status::UpToDate => Finding::good(ABOUT, "the database is at the schema"),
        Status::Behind(plan) => Finding::warning(
            ABOUT,
            format!("the database is behind the schema by {}", counted(&plan)),
            format!(
                "`underpin migrate plan{dir}` shows them, `underpin migrate apply{dir}` runs them"
            ),
        ),
        Status::Ahead { n_migrations, .. } => Finding::bad(
            ABOUT,
            format!("the database went further than the schema (migrations since: {n_migrations})"),
            "use the schema that it was migrated to",
        ),
    }
}

/// The first cell of the first row, as text.
fn ask(store: &Store, sql: &'static str) -> Result<String, Failure> {
    let rows = store.lend_reading(|db| db.query(sql, &[]).map_err(Refused::from))?;
    let cell = rows.into_iter().next().and_then(|row| row.into_iter().next());
    Ok(match cell {
        Some(Cell::Text(text)) => text,
        Some(Cell::Integer(number)) => number.to_string(),
        Some(Cell::Null | Cell::Real(_) | Cell::Blob(_)) | None => String::new(),
    })
}

/// A question that the database did not answer.
#[derive(Debug)]
struct Refused(String);

impl From<QueryFailure> for Refused {
    fn from(failure: QueryFailure) -> Self {
        let cause = failure.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self(format!("{failure}{cause}"))
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::failed(refused.0)
    }
}
