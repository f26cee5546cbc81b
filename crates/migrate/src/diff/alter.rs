//! Columns that come or change: which of it SQLite does in place, and which needs a rebuild.

use crate::convert::{Conversion, convert};
use crate::plan::{Check, Class, Step};
use crate::snapshot::Column;
use crate::{ddl, quote};

use super::indexes::IndexWork;
use super::moves::Moves;
use super::pairing::{Pairing, TablePair};
use super::rebuild::rebuild;
use super::step;

/// All that happens to the columns and indexes of one table in both snapshots, once columns have
/// their final names.
pub(super) struct TableWork<'p, 'a> {
    pair: &'p TablePair<'a>,
    in_place: Vec<Step>,
    changes: Vec<Change<'a>>,
    pub(super) indexes: IndexWork<'a>,
}

/// A change of one column.
pub(super) struct Change<'a> {
    pub(super) column: &'a Column,
    pub(super) sentence: String,
    pub(super) class: Class,
    pub(super) checks: Vec<Check>,
    /// The value in the new table, as SQL over the old one; none where it is what it was.
    pub(super) value: Option<String>,
    /// Whether the column's definition changes, which takes a rebuild.
    needs_rebuild: bool,
}

impl<'p, 'a> TableWork<'p, 'a> {
    pub(super) fn new(pairing: &Pairing<'a>, moves: &Moves<'a>, pair: &'p TablePair<'a>) -> Self {
        let mut in_place = Vec::new();
        let mut changes = Vec::new();
        for column in &pair.added {
            match added_by_rebuild(pair, moves, column) {
                Some(change) => changes.push(change),
                None => in_place.push(add_column(pair, column)),
            }
        }
        let mut converted = Vec::new();
        for (old, new) in &pair.columns {
            if let Some(change) = Change::between(pairing, pair, old, new) {
                if change.value.is_some() || old.caseless != new.caseless {
                    converted.push(new.name.as_str());
                }
                changes.push(change);
            }
        }
        changes.extend(reordered_key(pair));
        let indexes = IndexWork::new(pair, &converted);
        Self { pair, in_place, changes, indexes }
    }

    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = self.in_place.clone();
        if self.changes.iter().any(|change| change.needs_rebuild) {
            steps.push(rebuild(self.pair, &self.changes, &self.indexes));
        } else {
            steps.extend(self.changes.iter().map(|change| self.update(change)));
        }
        steps
    }

    /// A change of values, or of their meaning alone.
    fn update(&self, change: &Change<'_>) -> Step {
        let column = quote::name(&change.column.name);
        let sql = change.value.as_ref().map(|value| {
            format!(
                "UPDATE {} SET {column} = {value} WHERE {column} IS NOT NULL",
                quote::name(&self.pair.new.name)
            )
        });
        Step {
            description: change.sentence.clone(),
            class: change.class,
            table: self.pair.new.name.clone(),
            checks: change.checks.clone(),
            sql: sql.into_iter().collect(),
            rebuilds: false,
        }
    }
}

/// A column that SQLite can add without writing a row: nullable, or with a constant default.
fn add_column(pair: &TablePair<'_>, column: &Column) -> Step {
    let table = quote::name(&pair.new.name);
    let field = format!("{}.{}", pair.new.title(), column.title());
    let sql =
        format!("ALTER TABLE {table} ADD COLUMN {}", ddl::column_definition(pair.new, column));
    if column.nullable || column.default.is_some() {
        let described = format!("Add `{field}`");
        return step(described, Class::Safe, &pair.new.name, vec![sql]);
    }
    let check = Check {
        sql: format!("SELECT count(*) FROM {table}"),
        message: format!(
            "`{field}` is required, but {{rows}} would have no value for it: write \
             `@default(value: …)` on the field, or make it nullable first"
        ),
    };
    let described = format!("Add `{field}`, which is required and has no default");
    Step { checks: vec![check], ..step(described, Class::NeedsData, &pair.new.name, vec![sql]) }
}

fn added_by_rebuild<'a>(
    pair: &TablePair<'a>,
    moves: &Moves<'a>,
    column: &'a Column,
) -> Option<Change<'a>> {
    let field = format!("`{}.{}`", pair.new.title(), column.title());
    if let Some(fill) = moves.fill(column) {
        return Some(Change {
            column,
            sentence: format!("Add {field} and move the pairs into it"),
            class: Class::NeedsData,
            checks: fill.checks,
            value: Some(fill.value),
            needs_rebuild: true,
        });
    }
    if !quote::is_expression(column) {
        return None;
    }
    // A nullable field with a computed default leaves rows that exist as they are: without a value.
    let value = if column.nullable { Some("NULL".to_owned()) } else { column.default.clone() };
    Some(Change {
        column,
        sentence: format!("Add {field}"),
        class: Class::Locking,
        checks: Vec::new(),
        value,
        needs_rebuild: true,
    })
}

/// Pairs are kept in the order of their columns' names, which a rename may turn around.
fn reordered_key<'a>(pair: &TablePair<'a>) -> Option<Change<'a>> {
    let key = pair.old.primary_key.iter().map(|column| pair.new_name(column));
    if key.eq(pair.new.primary_key.iter().map(|column| Some(column.as_str()))) {
        return None;
    }
    Some(Change {
        column: pair.new.columns.first()?,
        sentence: format!("Sort `{}` by another column first", pair.new.title()),
        class: Class::Locking,
        checks: Vec::new(),
        value: None,
        needs_rebuild: true,
    })
}

impl<'a> Change<'a> {
    fn between(
        pairing: &Pairing<'a>,
        pair: &TablePair<'a>,
        old: &'a Column,
        new: &'a Column,
    ) -> Option<Self> {
        let conversion = convert((pairing.old, old), (pairing.new, new));
        let mut draft = Draft {
            table: quote::name(&pair.new.name),
            field: format!("{}.{}", pair.new.title(), new.title()),
            column: new,
            words: Vec::new(),
            class: Class::Safe,
            checks: Vec::new(),
            needs_rebuild: old.sql_type != new.sql_type,
        };
        draft.compare_kind(old, &conversion);
        let backfilled = draft.compare_nullability(old);
        draft.compare_definition(old);
        draft.compare_reference(pairing, old, &conversion);
        if draft.words.is_empty() {
            return None;
        }
        let value = match (&conversion.value, backfilled) {
            (None, None) => None,
            (Some(_), None) => Some(conversion.value_of(&new.name)),
            (_, Some(default)) => {
                Some(format!("coalesce({}, {default})", conversion.value_of(&new.name)))
            }
        };
        Some(Self {
            column: new,
            sentence: format!("`{}` {}", draft.field, draft.words.join(" and ")),
            class: draft.class,
            checks: draft.checks,
            value,
            needs_rebuild: draft.needs_rebuild,
        })
    }
}

/// A change while it is being found out.
struct Draft<'a> {
    table: String,
    field: String,
    column: &'a Column,
    words: Vec<String>,
    class: Class,
    checks: Vec<Check>,
    needs_rebuild: bool,
}

impl Draft<'_> {
    fn at_least(&mut self, class: Class) {
        self.class = self.class.max(class);
    }

    fn rebuild(&mut self) {
        self.needs_rebuild = true;
        self.at_least(Class::Locking);
    }

    fn compare_kind(&mut self, old: &Column, conversion: &Conversion) {
        let same_values = conversion.value.is_none() && conversion.fits.is_none();
        let new = self.column;
        if old.kind != new.kind {
            self.words.push(format!("changes from {} to {}", old.kind, new.kind));
        } else if old.storage != new.storage {
            self.words.push("changes its form in the column".to_owned());
        } else if conversion.value.is_some() {
            self.words.push("takes the new names of its values".to_owned());
        } else if !same_values {
            self.words.push(format!("takes fewer values of {}", new.kind));
        }
        if old.sql_type != new.sql_type || conversion.value.is_some() {
            self.at_least(Class::Locking);
        }
        if let Some(fits) = conversion.fits_of(&new.name) {
            let column = quote::name(&new.name);
            self.at_least(Class::NeedsData);
            self.checks.push(Check {
                sql: format!(
                    "SELECT count(*) FROM {} WHERE {column} IS NOT NULL AND ({fits}) IS NOT TRUE",
                    self.table
                ),
                message: format!("`{}` {} in {{rows}}", self.field, conversion.complaint),
            });
        }
    }

    /// Returns the default that nulls are to be replaced with.
    fn compare_nullability(&mut self, old: &Column) -> Option<String> {
        let new = self.column;
        if old.nullable == new.nullable {
            return None;
        }
        self.rebuild();
        if new.nullable {
            self.words.push("may be null".to_owned());
            return None;
        }
        if let Some(default) = &new.default {
            self.words.push("becomes required with the default in place of nulls".to_owned());
            return Some(default.clone());
        }
        self.words.push("becomes required".to_owned());
        self.at_least(Class::NeedsData);
        self.checks.push(Check {
            sql: format!(
                "SELECT count(*) FROM {} WHERE {} IS NULL",
                self.table,
                quote::name(&new.name)
            ),
            message: format!(
                "`{}` becomes required, but is null in {{rows}}: write `@default(value: …)` on the \
                 field, or give them a value first",
                self.field
            ),
        });
        None
    }

    fn compare_definition(&mut self, old: &Column) {
        let new = self.column;
        if old.default != new.default {
            self.words.push(match &new.default {
                None => "loses its default".to_owned(),
                Some(_) if quote::is_expression(new) => "defaults to the time".to_owned(),
                Some(default) => format!("defaults to {default}"),
            });
            self.rebuild();
        }
        if old.caseless != new.caseless {
            let without = if new.caseless { "without" } else { "with" };
            self.words.push(format!("compares {without} regard to case"));
            self.rebuild();
        }
    }

    fn compare_reference(&mut self, pairing: &Pairing<'_>, old: &Column, conversion: &Conversion) {
        let new = self.column;
        let former = old.references.as_ref().map(|target| pairing.renamed_reference(target));
        if former == new.references {
            return;
        }
        self.rebuild();
        let Some(target) = &new.references else {
            self.words.push("no longer refers to a row".to_owned());
            return;
        };
        let same_target = former
            .as_ref()
            .is_some_and(|former| former.table == target.table && former.column == target.column);
        if same_target {
            self.words.push(format!(
                "refers ON DELETE {} ON UPDATE {}",
                target.on_delete, target.on_update
            ));
            return;
        }
        self.words.push(format!("refers to the rows of `{}`", target.table));
        self.at_least(Class::NeedsData);
        self.checks.push(Check {
            sql: format!(
                "SELECT count(*) FROM {} WHERE {} IS NOT NULL AND {} NOT IN (SELECT {} FROM {})",
                self.table,
                quote::name(&new.name),
                conversion.value_of(&new.name),
                quote::name(&target.column),
                quote::name(&target.table),
            ),
            message: format!(
                "`{}` names a row that is not in `{}` in {{rows}}",
                self.field, target.table
            ),
        });
    }
}
