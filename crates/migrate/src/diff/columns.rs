//! Tables and columns that change their name, and columns that go.

use crate::plan::{Class, Step};
use crate::quote;

use super::moves::Moves;
use super::pairing::{Pairing, TablePair};
use super::step;

/// A change of name and the name to take meanwhile, where the new one is not free yet.
struct Rename<'a> {
    old: &'a str,
    new: &'a str,
    meanwhile: Option<String>,
}

pub(super) fn rename_tables(pairing: &Pairing<'_>) -> Vec<Step> {
    let names: Vec<(&str, &str)> =
        pairing.kept.iter().map(|pair| (pair.old.name.as_str(), pair.new.name.as_str())).collect();
    let renames = renames(&names);
    let alter = |old: &str, new: &str| {
        format!("ALTER TABLE {} RENAME TO {}", quote::name(old), quote::name(new))
    };
    let mut steps = Vec::new();
    let mut pairs: Vec<_> = pairing.kept.iter().collect();
    pairs.sort_by_key(|pair| waits(&renames, &pair.old.name));
    for pair in pairs {
        let title = pair.new.title();
        let renamed_model = pair.old.title() != title;
        if let Some(rename) = renames.iter().find(|rename| rename.old == pair.old.name) {
            let mut sql = Vec::new();
            if steps.is_empty() {
                sql.extend(meanwhile(&renames, alter));
            }
            sql.push(alter(rename.meanwhile.as_deref().unwrap_or(rename.old), rename.new));
            let description = if renamed_model {
                format!("Rename `{}` to `{title}`", pair.old.title())
            } else {
                format!("Rename the table `{}` of {title} to `{}`", rename.old, rename.new)
            };
            steps.push(step(description, Class::Safe, rename.new, sql));
        }
    }
    // A model may change its name and keep its table.
    steps.extend(pairing.kept.iter().filter(|pair| pair.old.name == pair.new.name).filter_map(
        |pair| {
            let (old, new) = (pair.old.title(), pair.new.title());
            let description = format!("Rename `{old}` to `{new}`, which keeps its table");
            (old != new).then(|| step(description, Class::Safe, &pair.new.name, Vec::new()))
        },
    ));
    steps
}

pub(super) fn drop_columns(pair: &TablePair<'_>, moves: &Moves<'_>) -> Vec<Step> {
    let drop = |column: &&crate::snapshot::Column| {
        let field = format!("`{}.{}`", pair.new.title(), column.title());
        let (description, class) = if moves.keeps_column(column) {
            (format!("Drop the column of {field}, whose values have moved"), Class::Locking)
        } else {
            (format!("Drop {field} and its values"), Class::Destructive)
        };
        let sql = format!(
            "ALTER TABLE {} DROP COLUMN {}",
            quote::name(&pair.new.name),
            quote::name(&column.name)
        );
        step(description, class, &pair.new.name, vec![sql])
    };
    pair.dropped.iter().map(drop).collect()
}

pub(super) fn rename_columns(pair: &TablePair<'_>) -> Vec<Step> {
    let names: Vec<(&str, &str)> =
        pair.columns.iter().map(|(old, new)| (old.name.as_str(), new.name.as_str())).collect();
    let renames = renames(&names);
    let table = quote::name(&pair.new.name);
    let alter = |old: &str, new: &str| {
        format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quote::name(old), quote::name(new))
    };
    let mut steps: Vec<Step> = Vec::new();
    let mut columns: Vec<_> = pair.columns.iter().collect();
    columns.sort_by_key(|(old, _)| waits(&renames, &old.name));
    for (old, new) in columns {
        let rename = renames.iter().find(|rename| rename.old == old.name);
        if rename.is_none() && old.field == new.field {
            continue;
        }
        let mut sql = Vec::new();
        if let Some(rename) = rename {
            if steps.iter().all(|step| step.sql.is_empty()) {
                sql.extend(meanwhile(&renames, alter));
            }
            sql.push(alter(rename.meanwhile.as_deref().unwrap_or(rename.old), rename.new));
        }
        let title = pair.new.title();
        let description = if old.field == new.field {
            format!("Rename the column `{}` of {title} to `{}`", old.name, new.name)
        } else {
            format!("Rename `{title}.{}` to `{}`", old.title(), new.title())
        };
        steps.push(step(description, Class::Safe, &pair.new.name, sql));
    }
    steps
}

/// The names that differ. One that another holds at the moment (they may even change places) is
/// reached over a third.
fn renames<'a>(names: &[(&'a str, &'a str)]) -> Vec<Rename<'a>> {
    let taken = |name: &str| names.iter().any(|(old, _)| old.eq_ignore_ascii_case(name));
    names
        .iter()
        .enumerate()
        .filter(|(_, (old, new))| old != new)
        .map(|(at, (old, new))| Rename {
            old,
            new,
            meanwhile: taken(new).then(|| format!("_underpin_old_{at}")),
        })
        .collect()
}

/// Whether the name must wait for others to be given up.
fn waits(renames: &[Rename<'_>], old: &str) -> bool {
    renames.iter().any(|rename| rename.old == old && rename.meanwhile.is_some())
}

fn meanwhile(renames: &[Rename<'_>], alter: impl Fn(&str, &str) -> String) -> Vec<String> {
    let first = |rename: &Rename<'_>| rename.meanwhile.as_ref().map(|name| alter(rename.old, name));
    renames.iter().filter_map(first).collect()
}
