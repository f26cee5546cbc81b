//! Indexes that come, go or are made anew.

use crate::plan::{Check, Class, Step};
use crate::snapshot::{Column, IndexColumnShape, IndexShape, Table};
use crate::{ddl, quote};

use super::pairing::TablePair;
use super::step;

/// What becomes of the indexes of one table.
pub(super) struct IndexWork<'a> {
    table: &'a Table,
    dropped: Vec<&'a IndexShape>,
    created: Vec<&'a IndexShape>,
    /// Columns just added, null in every row, over which no two rows can be alike.
    empty: Vec<&'a str>,
    /// Those that stay as they are; a rebuild makes them again.
    pub(super) kept: Vec<&'a IndexShape>,
}

impl<'a> IndexWork<'a> {
    /// `converted` names the columns whose values or comparison change: a unique index over one
    /// must be judged again.
    pub(super) fn new(pair: &TablePair<'a>, converted: &[&str]) -> Self {
        let stays = |old: &IndexShape, new: &IndexShape| {
            let columns = old.columns.iter().map(|c| (pair.new_name(&c.column), c.descending));
            let same =
                columns.eq(new.columns.iter().map(|c| (Some(c.column.as_str()), c.descending)));
            let judged = new.columns.iter().any(|c| converted.contains(&c.column.as_str()));
            old.name == new.name
                && old.unique == new.unique
                && old.filter == new.filter
                && same
                && !(new.unique && judged)
        };
        let is_empty = |column: &&&Column| column.nullable && column.default.is_none();
        let mut work = Self {
            table: pair.new,
            dropped: Vec::new(),
            created: Vec::new(),
            empty: pair.added.iter().filter(is_empty).map(|c| c.name.as_str()).collect(),
            kept: Vec::new(),
        };
        for index in &pair.new.indexes {
            if pair.old.indexes.iter().any(|old| stays(old, index)) {
                work.kept.push(index);
            } else {
                work.created.push(index);
            }
        }
        let stayed = |old: &&IndexShape| !pair.new.indexes.iter().any(|new| stays(old, new));
        work.dropped = pair.old.indexes.iter().filter(stayed).collect();
        work
    }

    pub(super) fn drops(&self) -> Vec<Step> {
        let drop = |index: &&IndexShape| {
            let kind = if index.unique { "unique index" } else { "index" };
            let again = if self.created.iter().any(|new| new.name == index.name) {
                ", to make it anew"
            } else {
                ""
            };
            let description =
                format!("Drop the {kind} `{}` of {}{again}", index.name, self.table.title());
            let sql = vec![format!("DROP INDEX {}", quote::name(&index.name))];
            step(description, Class::Safe, &self.table.name, sql)
        };
        self.dropped.iter().map(drop).collect()
    }

    pub(super) fn creates(&self) -> Vec<Step> {
        self.created.iter().map(|index| self.create(index)).collect()
    }

    fn create(&self, index: &IndexShape) -> Step {
        let fields: Vec<String> = index
            .columns
            .iter()
            .map(|column| {
                let sign = if column.descending { "-" } else { "" };
                let title = self.table.column(&column.column).map_or("", |c| c.title());
                format!("{sign}{title}")
            })
            .collect();
        let fields = fields.join(", ");
        let title = self.table.title();
        let sql = vec![ddl::create_index(&self.table.name, index)];
        let is_empty = |column: &IndexColumnShape| self.empty.contains(&column.column.as_str());
        if index.unique && index.columns.iter().any(is_empty) {
            let description = format!("Make `{fields}` of {title} unique");
            step(description, Class::Locking, &self.table.name, sql)
        } else if index.unique {
            let description = format!("Make `{fields}` of {title} unique");
            let checks = vec![self.duplicates(index, &fields)];
            let made = step(description, Class::NeedsData, &self.table.name, sql);
            Step { checks, ..made }
        } else {
            let description = format!("Index `{fields}` of {title}");
            step(description, Class::Locking, &self.table.name, sql)
        }
    }

    fn duplicates(&self, index: &IndexShape, fields: &str) -> Check {
        let columns: Vec<String> = index.columns.iter().map(|c| quote::name(&c.column)).collect();
        let mut conditions: Vec<String> =
            columns.iter().map(|column| format!("{column} IS NOT NULL")).collect();
        conditions.extend(index.filter.iter().map(|filter| format!("({filter})")));
        Check {
            sql: format!(
                "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {} WHERE {} \
                 GROUP BY {} HAVING count(*) > 1)",
                quote::name(&self.table.name),
                conditions.join(" AND "),
                columns.join(", "),
            ),
            message: format!(
                "`{fields}` of {} cannot be unique while rows hold the same ({{rows}} too many)",
                self.table.title()
            ),
        }
    }
}
