//! Which table and which column of the old snapshot is which of the new.

use crate::snapshot::{Column, Owner, Reference, Side, Snapshot, Table};

/// The tables of two snapshots, matched.
pub(super) struct Pairing<'a> {
    pub(super) old: &'a Snapshot,
    pub(super) new: &'a Snapshot,
    pub(super) kept: Vec<TablePair<'a>>,
    pub(super) created: Vec<&'a Table>,
    pub(super) dropped: Vec<&'a Table>,
    /// Managed before, adopted from here on.
    pub(super) released: Vec<&'a Table>,
    /// Adopted before, to be managed from here on.
    pub(super) taken: Vec<&'a Table>,
}

/// A table in both snapshots, with its columns matched.
pub(super) struct TablePair<'a> {
    pub(super) old: &'a Table,
    pub(super) new: &'a Table,
    pub(super) columns: Vec<(&'a Column, &'a Column)>,
    pub(super) added: Vec<&'a Column>,
    pub(super) dropped: Vec<&'a Column>,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(old: &'a Snapshot, new: &'a Snapshot) -> Self {
        let mut pairing = Self {
            old,
            new,
            kept: Vec::new(),
            created: Vec::new(),
            dropped: Vec::new(),
            released: Vec::new(),
            taken: Vec::new(),
        };
        let mut matched: Vec<&str> = Vec::new();
        for table in &new.tables {
            let former = match &table.owner {
                Owner::Model { .. } => former_model(old, new, table),
                Owner::Join { sides } => former_join(old, new, table, sides, &matched),
            };
            if let Some(former) = former {
                matched.push(&former.name);
            }
            match (former, table.managed) {
                (Some(former), true) if former.managed => {
                    pairing.kept.push(TablePair::new(former, table));
                }
                (Some(former), false) if former.managed => pairing.released.push(table),
                (Some(_), true) => pairing.taken.push(table),
                (None, true) => pairing.created.push(table),
                (_, false) => {}
            }
        }
        let gone = |table: &&Table| table.managed && !matched.contains(&table.name.as_str());
        pairing.dropped = old.tables.iter().filter(gone).collect();
        pairing
    }

    /// What a reference of the old snapshot is called in the new one, where its target still is.
    pub(super) fn renamed_reference(&self, reference: &Reference) -> Reference {
        let mut renamed = reference.clone();
        if let Some(pair) = self.kept.iter().find(|pair| pair.old.name == reference.table) {
            renamed.table.clone_from(&pair.new.name);
            if let Some(column) = pair.new_name(&reference.column) {
                column.clone_into(&mut renamed.column);
            }
        }
        renamed
    }

    /// The pair whose new table this is.
    pub(super) fn pair_of_model(&self, model: &str) -> Option<&TablePair<'a>> {
        self.kept.iter().find(|pair| model_name(pair.new) == Some(model))
    }

    /// The pair whose old table this is.
    pub(super) fn pair_of_former_model(&self, model: &str) -> Option<&TablePair<'a>> {
        self.kept.iter().find(|pair| model_name(pair.old) == Some(model))
    }
}

impl<'a> TablePair<'a> {
    fn new(old: &'a Table, new: &'a Table) -> Self {
        let mut pair =
            Self { old, new, columns: Vec::new(), added: Vec::new(), dropped: Vec::new() };
        for column in &new.columns {
            match former_column(old, new, column) {
                Some(former) => pair.columns.push((former, column)),
                None => pair.added.push(column),
            }
        }
        let gone = |column: &&Column| !pair.columns.iter().any(|(old, _)| old.name == column.name);
        pair.dropped = old.columns.iter().filter(gone).collect();
        pair
    }

    /// What the column that had this name is called in the new table.
    pub(super) fn new_name(&self, old: &str) -> Option<&'a str> {
        let pair = self.columns.iter().find(|(column, _)| column.name == old);
        pair.map(|(_, new)| new.name.as_str())
    }
}

fn model_name(table: &Table) -> Option<&str> {
    match &table.owner {
        Owner::Model { name, .. } => Some(name),
        Owner::Join { .. } => None,
    }
}

fn has_model(snapshot: &Snapshot, name: &str) -> bool {
    snapshot.tables.iter().any(|table| model_name(table) == Some(name))
}

/// What a model of the new snapshot was called in the old one. A name that is still there wins
/// over `@renamedFrom`, which stays in the schema long after the rename is done.
fn former_model_name<'n>(old: &Snapshot, new: &'n Snapshot, name: &'n str) -> Option<&'n str> {
    if has_model(old, name) {
        return Some(name);
    }
    let table = new.tables.iter().find(|table| model_name(table) == Some(name))?;
    let Owner::Model { renamed_from: Some(former), .. } = &table.owner else { return None };
    (has_model(old, former) && !has_model(new, former)).then_some(former)
}

fn former_model<'a>(old: &'a Snapshot, new: &Snapshot, table: &Table) -> Option<&'a Table> {
    let former = former_model_name(old, new, model_name(table)?)?;
    old.tables.iter().find(|table| model_name(table) == Some(former))
}

fn former_join<'a>(
    old: &'a Snapshot,
    new: &Snapshot,
    table: &Table,
    sides: &[Side; 2],
    matched: &[&str],
) -> Option<&'a Table> {
    let free = |candidate: &&&Table| !matched.contains(&candidate.name.as_str());
    let alike: Vec<&Table> = old
        .tables
        .iter()
        .filter(|candidate| match &candidate.owner {
            Owner::Model { .. } => false,
            Owner::Join { sides: former } => same_models(old, new, former, sides),
        })
        .collect();
    let by_name = alike.iter().find(|candidate| candidate.name == table.name);
    let by_field = || {
        alike.iter().filter(free).find(|candidate| match &candidate.owner {
            Owner::Model { .. } => false,
            Owner::Join { sides: former } => sides.iter().any(|side| {
                former.iter().any(|former| {
                    former_model_name(old, new, &side.model) == Some(&former.model)
                        && former.field.is_some()
                        && (side.field == former.field || side.renamed_from == former.field)
                })
            }),
        })
    };
    by_name.or_else(by_field).copied()
}

fn same_models(old: &Snapshot, new: &Snapshot, former: &[Side; 2], sides: &[Side; 2]) -> bool {
    let names = sides.each_ref().map(|side| former_model_name(old, new, &side.model));
    let [left, right] = former.each_ref().map(|side| Some(side.model.as_str()));
    names == [left, right] || names == [right, left]
}

fn former_column<'a>(old: &'a Table, new: &Table, column: &Column) -> Option<&'a Column> {
    if let (Owner::Join { sides: former }, Owner::Join { sides }) = (&old.owner, &new.owner) {
        return former_pair_column(old, former, sides, &column.name);
    }
    let by_field = |name: &str| old.columns.iter().find(|old| old.field.as_deref() == Some(name));
    let still_there =
        |name: &str| new.columns.iter().any(|column| column.field.as_deref() == Some(name));
    let same = column.field.as_deref().and_then(by_field);
    let renamed =
        || column.renamed_from.as_deref().filter(|name| !still_there(name)).and_then(by_field);
    let key = || {
        let former = old.primary_key.first().and_then(|key| old.column(key))?;
        let is_key = new.primary_key.first() == Some(&column.name);
        (is_key && !former.field.as_deref().is_some_and(still_there)).then_some(former)
    };
    same.or_else(renamed).or_else(key)
}

/// A column of pairs: by its name, else by the field that lists through it, else what is left.
fn former_pair_column<'a>(
    old: &'a Table,
    former: &[Side; 2],
    sides: &[Side; 2],
    column: &str,
) -> Option<&'a Column> {
    let at = usize::from(sides[1].column == column);
    let matches = |new: &Side, old: &Side| {
        new.column == old.column
            || (new.field.is_some() && new.field == old.field)
            || (new.renamed_from.is_some() && new.renamed_from == old.field)
    };
    let straight = matches(&sides[0], &former[0]) || matches(&sides[1], &former[1]);
    let crossed = matches(&sides[0], &former[1]) || matches(&sides[1], &former[0]);
    let unequal = sides[0].model != sides[1].model;
    let cross = (crossed && !straight)
        || (!crossed && !straight && unequal && sides[0].model == former[1].model);
    old.column(&former[if cross { 1 - at } else { at }].column)
}
