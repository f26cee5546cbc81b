//! Relations that change from one to many or from many to one, and take their rows along.

use crate::plan::{Check, Class, Step};
use crate::quote;
use crate::snapshot::{Column, Owner, Side, Table};

use super::pairing::{Pairing, TablePair};
use super::step;

/// The moves between reference columns and tables of pairs.
#[derive(Default)]
pub(super) struct Moves<'a> {
    spread: Vec<Spread<'a>>,
    gathered: Vec<Gathered<'a>>,
}

/// `tag: Tag` becomes `tags: [Tag!]!`: each reference becomes a pair.
struct Spread<'a> {
    pair: (&'a str, &'a str),
    column: &'a Column,
    key: &'a str,
    join: &'a Table,
    own: &'a Side,
    other: &'a Side,
}

/// `tags: [Tag!]!` becomes `tag: Tag`: the only pair of each row becomes its reference.
struct Gathered<'a> {
    table: &'a str,
    key: &'a str,
    column: &'a Column,
    join: &'a Table,
    own: &'a str,
    other: &'a str,
}

/// How an added column gets its values from pairs.
pub(super) struct Fill {
    pub(super) value: String,
    pub(super) checks: Vec<Check>,
}

impl<'a> Moves<'a> {
    pub(super) fn find(pairing: &Pairing<'a>) -> Self {
        let mut moves = Self::default();
        for join in &pairing.created {
            moves.spread.extend(
                sides(join).into_iter().find_map(|(own, other)| spread(pairing, join, own, other)),
            );
        }
        for join in &pairing.dropped {
            moves.gathered.extend(
                sides(join)
                    .into_iter()
                    .find_map(|(own, other)| gathered(pairing, join, own, other)),
            );
        }
        moves
    }

    /// The steps that copy references into new tables of pairs.
    pub(super) fn spread_steps(&self) -> Vec<Step> {
        let copy = |spread: &Spread<'_>| {
            let (table, title) = spread.pair;
            let column = quote::name(&spread.column.name);
            let sql = format!(
                "INSERT INTO {} ({}, {}) SELECT {}, {column} FROM {} WHERE {column} IS NOT NULL",
                quote::name(&spread.join.name),
                quote::name(&spread.own.column),
                quote::name(&spread.other.column),
                quote::name(spread.key),
                quote::name(table),
            );
            let field = spread.own.field.as_deref().unwrap_or_default();
            let description = format!(
                "Copy `{title}.{}` into the pairs of `{title}.{field}`",
                spread.column.title()
            );
            step(description, Class::Locking, &spread.join.name, vec![sql])
        };
        self.spread.iter().map(copy).collect()
    }

    /// Whether the values of this dropped column live on as pairs.
    pub(super) fn keeps_column(&self, column: &Column) -> bool {
        self.spread.iter().any(|spread| std::ptr::eq(spread.column, column))
    }

    /// Whether the pairs of this dropped table live on in a column.
    pub(super) fn feeds_column(&self, table: &Table) -> bool {
        self.gathered.iter().any(|gathered| std::ptr::eq(gathered.join, table))
    }

    /// Where the values of this added column come from, where they come from pairs.
    pub(super) fn fill(&self, column: &Column) -> Option<Fill> {
        let from = self.gathered.iter().find(|from| std::ptr::eq(from.column, column))?;
        let (join, own) = (quote::name(&from.join.name), quote::name(from.own));
        let (table, key) = (quote::name(from.table), quote::name(from.key));
        let mut checks = vec![Check {
            sql: format!(
                "SELECT count(*) FROM (SELECT 1 FROM {join} GROUP BY {own} HAVING count(*) > 1)"
            ),
            message: format!(
                "there is more than one pair in `{}` for {{rows}}, of which `{}` could keep one only",
                from.join.name,
                column.title()
            ),
        }];
        if !column.nullable {
            checks.push(Check {
                sql: format!(
                    "SELECT count(*) FROM {table} WHERE {key} NOT IN (SELECT {own} FROM {join})"
                ),
                message: format!(
                    "there is no pair in `{}` for {{rows}}, but `{}` is required",
                    from.join.name,
                    column.title()
                ),
            });
        }
        let value = format!(
            "(SELECT p.{} FROM {join} AS p WHERE p.{own} = {table}.{key})",
            quote::name(from.other)
        );
        Some(Fill { value, checks })
    }
}

fn sides(join: &Table) -> Vec<(&Side, &Side)> {
    match &join.owner {
        Owner::Model { .. } => Vec::new(),
        Owner::Join { sides: [left, right] } => vec![(left, right), (right, left)],
    }
}

fn spread<'a>(
    pairing: &Pairing<'a>,
    join: &'a Table,
    own: &'a Side,
    other: &'a Side,
) -> Option<Spread<'a>> {
    let pair = pairing.pair_of_model(&own.model)?;
    let target = pairing.pair_of_model(&other.model)?;
    let field = |column: &&&'a Column| {
        column.field == own.field || (column.field.is_some() && column.field == own.renamed_from)
    };
    let column = pair.dropped.iter().filter(|column| refers(column, target.old)).find(field)?;
    // Columns get their new names only afterwards, tables have theirs.
    Some(Spread {
        pair: (&pair.new.name, pair.new.title()),
        column,
        key: pair.old.primary_key.first()?,
        join,
        own,
        other,
    })
}

fn gathered<'a>(
    pairing: &Pairing<'a>,
    join: &'a Table,
    own: &'a Side,
    other: &'a Side,
) -> Option<Gathered<'a>> {
    let pair: &TablePair<'a> = pairing.pair_of_former_model(&own.model)?;
    let target = pairing.pair_of_former_model(&other.model)?;
    own.field.as_ref()?;
    let field =
        |column: &&&'a Column| column.field == own.field || column.renamed_from == own.field;
    let column = pair.added.iter().filter(|column| refers(column, target.new)).find(field)?;
    Some(Gathered {
        table: &pair.new.name,
        key: pair.new.primary_key.first()?,
        column,
        join,
        own: &own.column,
        other: &other.column,
    })
}

fn refers(column: &Column, table: &Table) -> bool {
    column.references.as_ref().is_some_and(|reference| reference.table == table.name)
}
