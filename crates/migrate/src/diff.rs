//! The steps from one snapshot to another.
//!
//! The order of the steps is what makes names safe: what goes makes room first, tables get their
//! final names before anything speaks of them, columns theirs before values are converted, and
//! indexes are made last, over values that are final.

mod alter;
mod columns;
mod indexes;
mod moves;
mod pairing;
mod rebuild;

use crate::plan::{Check, Class, MigrationPlan, Step};
use crate::snapshot::{Owner, Snapshot, Table};
use crate::{ddl, quote};

use moves::Moves;
use pairing::Pairing;

/// The plan that brings a database at `old` to `new`. Adopted tables are never touched.
#[must_use]
pub fn diff(old: &Snapshot, new: &Snapshot) -> MigrationPlan {
    let pairing = Pairing::new(old, new);
    let moves = Moves::find(&pairing);
    let work: Vec<_> =
        pairing.kept.iter().map(|pair| alter::TableWork::new(&pairing, &moves, pair)).collect();
    let mut steps = Vec::new();
    steps.extend(gained_values(old, new));
    steps.extend(refuse_takeovers(&pairing));
    for work in &work {
        steps.extend(work.indexes.drops());
    }
    steps.extend(pairing.dropped.iter().filter(|t| !moves.feeds_column(t)).map(|t| drop_table(t)));
    steps.extend(columns::rename_tables(&pairing));
    steps.extend(pairing.created.iter().map(|table| create_table(table)));
    steps.extend(moves.spread_steps());
    for pair in &pairing.kept {
        steps.extend(columns::drop_columns(pair, &moves));
    }
    for pair in &pairing.kept {
        steps.extend(columns::rename_columns(pair));
    }
    for work in &work {
        steps.extend(work.steps());
    }
    steps.extend(pairing.dropped.iter().filter(|t| moves.feeds_column(t)).map(|t| {
        let described = format!("Drop the table `{}`, whose pairs have moved", t.name);
        Step { description: described, class: Class::Safe, ..drop_table(t) }
    }));
    for work in &work {
        steps.extend(work.indexes.creates());
    }
    MigrationPlan { steps }
}

/// A step without checks, the most frequent kind.
fn step(description: String, class: Class, table: &str, sql: Vec<String>) -> Step {
    Step { description, class, table: table.to_owned(), checks: Vec::new(), sql, rebuilds: false }
}

fn create_table(table: &Table) -> Step {
    let mut sql = vec![ddl::create_table(table, &table.name)];
    sql.extend(table.indexes.iter().map(|index| ddl::create_index(&table.name, index)));
    let taken = Check {
        sql: format!(
            "SELECT count(*) FROM sqlite_schema WHERE name = {} COLLATE NOCASE",
            quote::text(&table.name)
        ),
        message: format!(
            "a table `{}` is there already, which was not made from this schema: serve it as it is \
             with `@model(managed: false)`, or name another with `@model(table: …)`",
            table.name
        ),
    };
    let description = match &table.owner {
        Owner::Model { name, .. } => format!("Create `{name}`"),
        Owner::Join { sides: [left, right] } => {
            format!("Create the pairs of {} and {}", left.model, right.model)
        }
    };
    Step { checks: vec![taken], ..step(description, Class::Safe, &table.name, sql) }
}

fn drop_table(table: &Table) -> Step {
    let description = match &table.owner {
        Owner::Model { name, .. } => format!("Drop `{name}` and all its rows"),
        Owner::Join { sides: [left, right] } => {
            format!("Drop the pairs of {} and {}", left.model, right.model)
        }
    };
    let sql = vec![format!("DROP TABLE {}", quote::name(&table.name))];
    step(description, Class::Destructive, &table.name, sql)
}

/// Values that enums gain. Nothing is to be done for them, but the database must know of them, or a
/// later rename would not be told from an add.
fn gained_values(old: &Snapshot, new: &Snapshot) -> Vec<Step> {
    let mut steps = Vec::new();
    for shape in &new.enums {
        let former = old.enum_values(&shape.name);
        if former.is_empty() {
            continue;
        }
        let had = |name: &str| former.iter().any(|value| value.name == name);
        let gained: Vec<&str> = shape
            .values
            .iter()
            .filter(|value| !had(&value.name) && !value.renamed_from.as_deref().is_some_and(had))
            .map(|value| value.name.as_str())
            .collect();
        if !gained.is_empty() {
            let description = format!("`{}` gains {}", shape.name, gained.join(", "));
            steps.push(step(description, Class::Safe, "", Vec::new()));
        }
    }
    steps
}

fn refuse_takeovers(pairing: &Pairing<'_>) -> Vec<Step> {
    let released = pairing.released.iter().map(|table| {
        let described =
            format!("Leave `{}` to others: migrations no longer touch it", table.title());
        step(described, Class::Safe, &table.name, Vec::new())
    });
    let taken = pairing.taken.iter().map(|table| Step {
        checks: vec![Check {
            sql: "SELECT 1".to_owned(),
            message: format!(
                "`{}` was adopted with `@model(managed: false)`; its table cannot become a managed \
                 one. Declare a model beside it and copy the rows",
                table.title()
            ),
        }],
        ..step(format!("Manage `{}`", table.title()), Class::NeedsData, &table.name, Vec::new())
    });
    released.chain(taken).collect()
}
