//! Brings a database to a snapshot, or tells how far it is from there.
//!
//! The store lends a connection inside one exclusive transaction, with foreign keys off, and commits
//! when this returns `Ok` and rolls back otherwise. Steps, snapshot and history row are one
//! transaction, so a crash at any moment leaves the old schema or the new one, whole.

use underpin_base::{Code, Error};

use crate::plan::{Class, MigrationPlan, Step};
use crate::snapshot::Snapshot;
use crate::{Cell, Database, Failure, diff, quote, record};

/// How a database stands to a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It is at the schema.
    UpToDate,
    /// These steps lead to the schema.
    Behind(MigrationPlan),
    /// It was at the schema once and has been migrated further since.
    Ahead {
        /// Migrations since.
        n_migrations: u64,
        /// The steps that would lead back.
        plan: MigrationPlan,
    },
}

/// Whose tables are meant. Each part has a schema and a history of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those of the application's schema.
    Application,
    /// Underpin's own.
    System,
}

/// Whether whoever asks agrees to lose data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Steps that delete data are refused.
    KeepData,
    /// Steps that delete data may run.
    AllowDestructive,
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// What was done; empty when there was nothing to do.
    pub plan: MigrationPlan,
}

/// Why a step may not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What the step is.
    pub step: String,
    /// Its class.
    pub class: Class,
    /// What stands in the way, and what to do about it.
    pub reason: String,
}

/// Why a migration did not happen. A client never sees one. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store did not lend a connection.
    #[error("could not work on the database")]
    Database {
        /// Why.
        #[source]
        source: Failure,
    },
    /// The schema has mistakes.
    #[error("the schema has mistakes: {message}")]
    Schema {
        /// The first of them.
        message: String,
    },
    /// The recorded schema cannot be read.
    #[error("the schema that the database records cannot be read")]
    ReadRecorded {
        /// Why.
        #[source]
        source: Failure,
    },
    /// A newer binary migrated the database.
    #[error("the database was migrated by a newer version of Underpin (format {format})")]
    NewerFormat {
        /// The format it wrote.
        format: i64,
    },
    /// Steps would lose data or cannot work on the rows as they are.
    #[error("{}", refused(.refusals))]
    Refused {
        /// Every reason, in the order of the steps.
        refusals: Vec<Refusal>,
    },
    /// A check could not be made.
    #[error("could not check whether the rows allow: {step}")]
    Check {
        /// The step.
        step: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// A step failed.
    #[error("could not {step}")]
    Step {
        /// The step.
        step: String,
        /// Why.
        #[source]
        source: Failure,
    },
    /// References would point nowhere.
    #[error("{n_rows} references would point to rows that are not there")]
    BrokenReferences {
        /// How many more than before.
        n_rows: u64,
    },
    /// The references could not be checked.
    #[error("could not check the references")]
    CheckReferences {
        /// Why.
        #[source]
        source: Failure,
    },
    /// The connection was lent with foreign keys on, which would delete rows.
    #[error("the connection must have foreign keys off while tables are made anew")]
    ForeignKeysOn,
    /// The new schema could not be recorded.
    #[error("could not record the schema")]
    Record {
        /// Why.
        #[source]
        source: Failure,
    },
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Self {
        Self::new(Code::Internal, error.to_string()).with_source(error)
    }
}

fn refused(refusals: &[Refusal]) -> String {
    let reasons: Vec<&str> = refusals.iter().map(|refusal| refusal.reason.as_str()).collect();
    reasons.join("; ")
}

/// How the database stands to `wanted`. Only reads.
///
/// # Errors
/// When the recorded schema cannot be read or is of a newer format.
pub fn status(db: &mut dyn Database, part: Part, wanted: &Snapshot) -> Result<Status, RunError> {
    let recorded = record::read(db, part)?;
    let plan = diff(&recorded, wanted);
    if plan.is_empty() {
        return Ok(Status::UpToDate);
    }
    Ok(match record::migrations_since(db, part, &wanted.checksum())? {
        Some(n_migrations) if n_migrations > 0 => Status::Ahead { n_migrations, plan },
        Some(_) | None => Status::Behind(plan),
    })
}

/// The snapshot that the database says it is at; the empty one where it says nothing.
///
/// # Errors
/// When it cannot be read or is of a newer format.
pub fn recorded(db: &mut dyn Database, part: Part) -> Result<Snapshot, RunError> {
    record::read(db, part)
}

/// Brings the database to `wanted` and records it, at `at_us` microseconds since 1970. Call it
/// inside one exclusive transaction with foreign keys off; commit when it returns `Ok`, else roll
/// back. To try a migration out, roll back in either case.
///
/// # Errors
/// See [`RunError`]; all refusals are reported together.
pub fn apply(
    db: &mut dyn Database,
    part: Part,
    wanted: &Snapshot,
    consent: Consent,
    at_us: i64,
) -> Result<Applied, RunError> {
    let recorded = record::read(db, part)?;
    let plan = diff(&recorded, wanted);
    if plan.is_empty() && recorded.checksum() == wanted.checksum() {
        return Ok(Applied { plan });
    }
    require_foreign_keys_off(db)?;
    let broken_before = broken_references(db, &recorded)?;
    let mut refusals = Vec::new();
    let mut blocked: Vec<&str> = Vec::new();
    for step in &plan.steps {
        // A table with a refused step stays as it is, so rows cannot be judged by what follows.
        if blocked.contains(&step.table.as_str()) {
            refusals.extend(unwanted(step, consent));
            continue;
        }
        match judge(db, step, consent) {
            Ok(reasons) if reasons.is_empty() => {
                if let Err(error) = run(db, step, wanted)
                    && refusals.is_empty()
                {
                    return Err(error);
                }
            }
            Ok(reasons) => {
                refusals.extend(reasons);
                if !step.sql.is_empty() {
                    blocked.push(&step.table);
                }
            }
            // After a refusal the tables may not be what a check expects.
            Err(error) if refusals.is_empty() => return Err(error),
            Err(_) => blocked.push(&step.table),
        }
    }
    if !refusals.is_empty() {
        return Err(RunError::Refused { refusals });
    }
    let broken = broken_references(db, wanted)?;
    if broken > broken_before {
        return Err(RunError::BrokenReferences { n_rows: broken - broken_before });
    }
    record::write(db, part, wanted, &plan, at_us)?;
    Ok(Applied { plan })
}

fn require_foreign_keys_off(db: &mut dyn Database) -> Result<(), RunError> {
    let rows = db
        .query("PRAGMA foreign_keys", &[])
        .map_err(|source| RunError::CheckReferences { source })?;
    match rows.first().and_then(|row| row.first()).and_then(Cell::integer) {
        Some(0) => Ok(()),
        _ => Err(RunError::ForeignKeysOn),
    }
}

fn refusal(step: &Step, reason: String) -> Refusal {
    Refusal { step: step.description.clone(), class: step.class, reason }
}

/// The refusal of a step that deletes data without consent.
fn unwanted(step: &Step, consent: Consent) -> Option<Refusal> {
    let is_unwanted = step.class == Class::Destructive && consent == Consent::KeepData;
    is_unwanted.then(|| {
        let reason =
            format!("{}: this deletes data and needs `--allow-destructive`", step.description);
        refusal(step, reason)
    })
}

/// The reasons not to run the step.
fn judge(db: &mut dyn Database, step: &Step, consent: Consent) -> Result<Vec<Refusal>, RunError> {
    let mut reasons: Vec<Refusal> = unwanted(step, consent).into_iter().collect();
    for check in &step.checks {
        let rows = db
            .query(&check.sql, &[])
            .map_err(|source| RunError::Check { step: step.description.clone(), source })?;
        let n_rows = rows.first().and_then(|row| row.first()).and_then(Cell::integer).unwrap_or(0);
        if let Ok(n_rows) = u64::try_from(n_rows)
            && n_rows > 0
        {
            reasons.push(refusal(step, check.message_for(n_rows)));
        }
    }
    Ok(reasons)
}

fn run(db: &mut dyn Database, step: &Step, wanted: &Snapshot) -> Result<(), RunError> {
    let failed = |source| RunError::Step { step: step.description.clone(), source };
    let kept =
        if step.rebuilds { belongings(db, step, wanted).map_err(failed)? } else { Vec::new() };
    for sql in step.sql.iter().chain(&kept) {
        db.execute(sql, &[]).map_err(failed)?;
    }
    Ok(())
}

/// What others hung on a table that is about to be made anew: triggers, and indexes that the schema
/// does not know.
fn belongings(
    db: &mut dyn Database,
    step: &Step,
    wanted: &Snapshot,
) -> Result<Vec<String>, Failure> {
    let rows = db.query(
        "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = ?1 COLLATE NOCASE \
         AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid",
        &[Cell::Text(step.table.clone())],
    )?;
    let table = wanted.table(&step.table);
    let ours = |name: &str| {
        table.is_some_and(|table| table.indexes.iter().any(|index| index.name == name))
    };
    let text =
        |row: &[Cell], at: usize| row.get(at).and_then(Cell::text).unwrap_or_default().to_owned();
    let others = rows.iter().filter(|row| text(row, 0) == "trigger" || !ours(&text(row, 1)));
    Ok(others.map(|row| text(row, 2)).collect())
}

/// References from managed tables that point nowhere.
fn broken_references(db: &mut dyn Database, snapshot: &Snapshot) -> Result<u64, RunError> {
    let mut n_rows = 0;
    for table in snapshot.tables.iter().filter(|table| table.managed) {
        let sql =
            format!("SELECT count(*) FROM pragma_foreign_key_check({})", quote::text(&table.name));
        let rows = db.query(&sql, &[]).map_err(|source| RunError::CheckReferences { source })?;
        let found = rows.first().and_then(|row| row.first()).and_then(Cell::integer);
        n_rows += found.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    }
    Ok(n_rows)
}
