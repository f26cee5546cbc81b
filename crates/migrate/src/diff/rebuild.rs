//! The long way to change a table, for what SQLite cannot do in place.
//!
//! The procedure of <https://sqlite.org/lang_altertable.html#otheralter>: a table of the new shape,
//! the rows copied into it, the old one dropped, the new one renamed. References of other tables
//! speak of the name, which is the same before and after; foreign keys are off meanwhile and
//! checked before the commit.

use crate::plan::{Class, Step};
use crate::snapshot::{Column, TableKey};
use crate::{ddl, quote};

use super::alter::Change;
use super::indexes::IndexWork;
use super::pairing::TablePair;

pub(super) fn rebuild(
    pair: &TablePair<'_>,
    changes: &[Change<'_>],
    indexes: &IndexWork<'_>,
) -> Step {
    let sentences: Vec<&str> = changes.iter().map(|change| change.sentence.as_str()).collect();
    let mut sql = copy(pair, changes);
    let kept = indexes.kept.iter().map(|index| ddl::create_index(&pair.new.name, index));
    sql.extend(kept);
    Step {
        description: sentences.join("; "),
        class: changes.iter().map(|change| change.class).max().unwrap_or(Class::Locking),
        table: pair.new.name.clone(),
        checks: changes.iter().flat_map(|change| change.checks.iter().cloned()).collect(),
        sql,
        rebuilds: true,
    }
}

fn copy(pair: &TablePair<'_>, changes: &[Change<'_>]) -> Vec<String> {
    let table = &pair.new.name;
    let temporary = format!("_underpin_new_{table}");
    let value = |column: &Column| {
        let change = changes.iter().find(|change| change.column.name == column.name);
        change.and_then(|change| change.value.clone()).unwrap_or_else(|| quote::name(&column.name))
    };
    let values: Vec<String> = pair.new.columns.iter().map(value).collect();
    let mut sql = vec![
        ddl::create_table(pair.new, &temporary),
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {}",
            quote::name(&temporary),
            quote::names(pair.new.columns.iter().map(|column| column.name.as_str())),
            values.join(", "),
            quote::name(table),
        ),
    ];
    if pair.old.key == TableKey::Int && pair.new.key == TableKey::Int {
        // Keys of rows deleted long ago must not return.
        let (new, old) = (quote::text(&temporary), quote::text(table));
        sql.push(format!("DELETE FROM sqlite_sequence WHERE name = {new}"));
        sql.push(format!(
            "INSERT INTO sqlite_sequence (name, seq) \
             SELECT {new}, seq FROM sqlite_sequence WHERE name = {old}"
        ));
    }
    sql.push(format!("DROP TABLE {}", quote::name(table)));
    // Without this SQLite would look into views, which speak of a table that is not there now.
    sql.push("PRAGMA legacy_alter_table = ON".to_owned());
    sql.push(format!("ALTER TABLE {} RENAME TO {}", quote::name(&temporary), quote::name(table)));
    sql.push("PRAGMA legacy_alter_table = OFF".to_owned());
    sql
}
