//! The tables in which a database keeps the schema it is at and how it came there.

use serde_json::json;

use crate::run::{Part, RunError};
use crate::snapshot::{FORMAT, Snapshot};
use crate::{Cell, Database, MigrationPlan};

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS \"_underpin_schema\" (\n  \
     \"part\" TEXT NOT NULL PRIMARY KEY,\n  \
     \"format\" INTEGER NOT NULL,\n  \
     \"checksum\" TEXT NOT NULL,\n  \
     \"snapshot\" TEXT NOT NULL\n) STRICT, WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS \"_underpin_migrations\" (\n  \
     \"id\" INTEGER PRIMARY KEY AUTOINCREMENT,\n  \
     \"part\" TEXT NOT NULL,\n  \
     \"checksum\" TEXT NOT NULL,\n  \
     \"applied_at\" INTEGER NOT NULL,\n  \
     \"steps\" TEXT NOT NULL\n) STRICT",
];

/// The snapshot that a part of the database is at; the empty one where it has none.
pub(crate) fn read(db: &mut dyn Database, part: Part) -> Result<Snapshot, RunError> {
    let failed = |source| RunError::ReadRecorded { source };
    if !is_known(db)? {
        return Ok(Snapshot::empty());
    }
    let rows = db
        .query(
            "SELECT format, checksum, snapshot FROM \"_underpin_schema\" WHERE part = ?1",
            &[part.cell()],
        )
        .map_err(failed)?;
    let Some([format, checksum, snapshot]) = rows.first().map(Vec::as_slice) else {
        return Ok(Snapshot::empty());
    };
    let format = format.integer().unwrap_or_default();
    if format > i64::from(FORMAT) {
        return Err(RunError::NewerFormat { format });
    }
    let snapshot = Snapshot::from_json(snapshot.text().unwrap_or_default())
        .map_err(|source| failed(source.into()))?;
    if Some(snapshot.checksum().as_str()) != checksum.text() {
        return Err(failed("its checksum does not match its text".into()));
    }
    Ok(snapshot)
}

/// How many migrations the database has seen since it was last at this checksum.
pub(crate) fn migrations_since(
    db: &mut dyn Database,
    part: Part,
    checksum: &str,
) -> Result<Option<u64>, RunError> {
    if !is_known(db)? {
        return Ok(None);
    }
    let rows = db
        .query(
            "SELECT (SELECT count(*) FROM \"_underpin_migrations\" AS later \
             WHERE later.part = m.part AND later.id > m.id) \
             FROM \"_underpin_migrations\" AS m WHERE m.part = ?1 AND m.checksum = ?2 ORDER BY m.id DESC LIMIT 1",
            &[part.cell(), Cell::Text(checksum.to_owned())],
        )
        .map_err(|source| RunError::ReadRecorded { source })?;
    let since = rows.first().and_then(|row| row.first()).and_then(Cell::integer);
    Ok(since.and_then(|n| u64::try_from(n).ok()))
}

/// Records that the database is at `snapshot` since `at_us`, having come there by `plan`.
pub(crate) fn write(
    db: &mut dyn Database,
    part: Part,
    snapshot: &Snapshot,
    plan: &MigrationPlan,
    at_us: i64,
) -> Result<(), RunError> {
    let failed = |source| RunError::Record { source };
    let checksum = Cell::Text(snapshot.checksum());
    for sql in TABLES {
        db.execute(sql, &[]).map_err(failed)?;
    }
    db.execute(
        "INSERT INTO \"_underpin_schema\" (part, format, checksum, snapshot) \
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (part) DO UPDATE SET format = excluded.format, checksum = excluded.checksum, \
         snapshot = excluded.snapshot",
        &[
            part.cell(),
            Cell::Integer(i64::from(FORMAT)),
            checksum.clone(),
            Cell::Text(snapshot.to_json()),
        ],
    )
    .map_err(failed)?;
    db.execute(
        "INSERT INTO \"_underpin_migrations\" (part, checksum, applied_at, steps) \
         VALUES (?1, ?2, ?3, ?4)",
        &[part.cell(), checksum, Cell::Integer(at_us), Cell::Text(steps_json(plan))],
    )
    .map_err(failed)
}

impl Part {
    fn cell(self) -> Cell {
        let name = match self {
            Self::Application => "application",
            Self::System => "system",
        };
        Cell::Text(name.to_owned())
    }
}

fn is_known(db: &mut dyn Database) -> Result<bool, RunError> {
    let found = db
        .query("SELECT 1 FROM sqlite_schema WHERE name = '_underpin_schema'", &[])
        .map_err(|source| RunError::ReadRecorded { source })?;
    Ok(!found.is_empty())
}

fn steps_json(plan: &MigrationPlan) -> String {
    let step = |step: &crate::Step| {
        json!({
            "description": step.description,
            "class": step.class.to_string(),
            "sql": step.sql,
        })
    };
    serde_json::Value::Array(plan.steps.iter().map(step).collect()).to_string()
}
