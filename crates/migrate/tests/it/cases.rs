//! Every kind of change: what is planned, what becomes of the rows, and that nothing is ever half
//! done.
//!
//! A case is a file with an old schema, rows, and a new schema. Its snapshot holds the plan and the
//! rows afterwards, or why the change was refused.

use std::fmt::Write as _;

use underpin_migrate::{
    Cell, Consent, Database, Detail, Failure, Introspection, MigrationPlan, Part, RunError,
    Snapshot, Status, apply, diff, drift, status,
};
use underpin_schema::{Index, Model, Schema, parse};

use crate::database::{Lite, shape};

pub(crate) struct Case {
    pub(crate) old: Snapshot,
    pub(crate) new: Snapshot,
    pub(crate) rows: String,
}

impl Case {
    pub(crate) fn parse(text: &str) -> Self {
        let section = |name: &str| {
            let start = text.find(&format!("--- {name}\n")).map(|at| at + name.len() + 5);
            let rest = start.map_or("", |start| &text[start..]);
            rest.split("\n--- ").next().unwrap_or_default().to_owned()
        };
        Self {
            old: shape_of(&section("old")),
            new: shape_of(&section("new")),
            rows: section("rows"),
        }
    }

    /// A database at the old schema with the rows.
    pub(crate) fn database(&self) -> Lite {
        let lite = fresh(&self.old);
        lite.0.execute_batch(&self.rows).unwrap();
        lite.assert_sound();
        lite
    }
}

pub(crate) fn shape_of(text: &str) -> Snapshot {
    if text.trim().is_empty() {
        return Snapshot::empty();
    }
    let parsed = parse(text, "schema.graphql");
    let Some(schema) = parsed.schema else { panic!("{text}\n{:?}", parsed.diagnostics) };
    snapshot(&schema)
}

/// The real writer of conditions is in the engine; the cases use what reads the same in SQL.
fn snapshot(schema: &Schema) -> Snapshot {
    Snapshot::of(schema, &|_: &Model, index: &Index| {
        let text = index.filter.as_ref().map_or("", |rule| rule.text.as_str());
        text.replace("row.", "").replace("==", "=")
    })
}

fn fresh(wanted: &Snapshot) -> Lite {
    let mut lite = Lite::new();
    apply(&mut lite, Part::Application, wanted, Consent::KeepData, 0).unwrap();
    lite
}

fn render(plan: &MigrationPlan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        let _ = writeln!(text, "[{}] {}", step.class, step.description);
        for check in &step.checks {
            let _ = writeln!(text, "    check: {}\n      {}", check.message, check.sql);
        }
        for sql in &step.sql {
            let _ = writeln!(text, "    {}", sql.replace('\n', "\n    "));
        }
    }
    if text.is_empty() { "nothing to do\n".to_owned() } else { text }
}

fn migrate(case: &Case, lite: &mut Lite, consent: Consent) -> Result<(), RunError> {
    lite.begin();
    let result = apply(lite, Part::Application, &case.new, consent, 1);
    lite.0.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).unwrap();
    result.map(drop)
}

/// The rows, without the moments of their making.
fn rows(lite: &mut Lite) -> String {
    let dump = lite.dump();
    let steady = |line: &str| {
        let is_moment =
            |cell: &str| cell.split('=').next().is_some_and(|name| name.ends_with("_at"));
        let cells = line.split('|').filter(|cell| !is_moment(cell));
        cells.collect::<Vec<_>>().join(" | ")
    };
    dump.lines().map(steady).collect::<Vec<_>>().join("\n")
}

fn judge(case: &Case) -> String {
    let plan = diff(&case.old, &case.new);
    let mut text = render(&plan);
    let mut lite = case.database();
    let before = (lite.dump(), shape(&mut lite));
    let kept = migrate(case, &mut lite, Consent::KeepData);
    if let Err(RunError::Refused { refusals }) = &kept {
        assert_eq!((lite.dump(), shape(&mut lite)), before, "a refusal changed something");
        let _ = writeln!(text, "\nrefused:");
        for refusal in refusals {
            let _ = writeln!(text, "  {}", refusal.reason);
        }
    }
    let allowed = match kept {
        Err(RunError::Refused { .. }) => migrate(case, &mut lite, Consent::AllowDestructive),
        other => other,
    };
    match allowed {
        Ok(()) => {
            assert_whole(case, &mut lite);
            let _ = write!(text, "\nrows:\n{}", rows(&mut lite));
            text.push_str(&of_others(case, &mut lite));
            fails_whole(case, &lite.dump());
        }
        Err(RunError::Refused { .. }) => text.push_str("\neven if data may be deleted"),
        Err(error) => panic!("{error}: {error:?}"),
    }
    text
}

/// What the schema knows nothing of, and must still be there.
fn of_others(case: &Case, lite: &mut Lite) -> String {
    let found = Introspection::read(lite, Detail::Shape).unwrap();
    let mut names = found.views;
    names.extend(found.triggers.into_iter().map(|trigger| trigger.name));
    for table in found.tables {
        let Some(wanted) = case.new.table(&table.name) else { continue };
        let ours = |name: &str| {
            name.starts_with("sqlite_") || wanted.indexes.iter().any(|index| index.name == name)
        };
        names.extend(table.indexes.into_iter().map(|index| index.name).filter(|name| !ours(name)));
    }
    if names.is_empty() { String::new() } else { format!("\n\nof others: {}", names.join(", ")) }
}

/// The database is at the new schema in every respect, and stays there.
fn assert_whole(case: &Case, lite: &mut Lite) {
    lite.assert_sound();
    assert_eq!(status(lite, Part::Application, &case.new).unwrap(), Status::UpToDate);
    let found = Introspection::read(lite, Detail::Shape).unwrap();
    assert_eq!(drift(&case.new, &found), []);
    let wanted = shape(&mut fresh(&case.new));
    let mut got = shape(lite);
    // What others have in the database is theirs.
    got.tables.retain(|table| wanted.table(&table.name).is_some());
    for (got, wanted) in got.tables.iter_mut().zip(&wanted.tables) {
        got.indexes.retain(|index| wanted.indexes.iter().any(|w| w.name == index.name));
    }
    got.triggers.clear();
    got.views.clear();
    assert_eq!(got, wanted);
    let dump = lite.dump();
    assert!(migrate(case, lite, Consent::KeepData).is_ok(), "migrating again is not idle");
    assert_eq!(lite.dump(), dump);
}

/// Fails at the n-th statement that changes something.
struct Failing<'a> {
    lite: &'a mut Lite,
    n_left: u32,
}

impl Database for Failing<'_> {
    fn query(&mut self, sql: &str, binds: &[Cell]) -> Result<Vec<Vec<Cell>>, Failure> {
        self.lite.query(sql, binds)
    }

    fn execute(&mut self, sql: &str, binds: &[Cell]) -> Result<(), Failure> {
        self.n_left = self.n_left.checked_sub(1).ok_or("the disk is gone")?;
        self.lite.execute(sql, binds)
    }
}

/// Whichever statement fails, the database is as it was, and the next attempt succeeds.
fn fails_whole(case: &Case, after: &str) {
    for n_left in 0.. {
        let mut lite = case.database();
        let before = (lite.dump(), shape(&mut lite));
        lite.begin();
        let mut failing = Failing { lite: &mut lite, n_left };
        let consent = Consent::AllowDestructive;
        if apply(&mut failing, Part::Application, &case.new, consent, 1).is_ok() {
            break;
        }
        lite.0.execute_batch("ROLLBACK; PRAGMA legacy_alter_table = OFF").unwrap();
        assert_eq!((lite.dump(), shape(&mut lite)), before);
        migrate(case, &mut lite, consent).unwrap();
        if !after.contains("_at=") {
            assert_eq!(lite.dump(), after);
        }
    }
}

#[test]
fn every_kind_of_change_is_planned_and_done_whole() {
    insta::glob!("..", "cases/*.case", |path| {
        insta::assert_snapshot!(judge(&Case::parse(&std::fs::read_to_string(path).unwrap())));
    });
}
