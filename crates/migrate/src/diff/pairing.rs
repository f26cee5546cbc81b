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
        let models = FormerModels::new(old, new);
        let mut matched: Vec<&str> = Vec::new();
        for table in &new.tables {
            let former = match &table.owner {
                Owner::Model { .. } => former_model(old, &models, table),
                Owner::Join { sides } => former_join(old, &models, table, sides, &matched),
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
        let former = former_columns(old, new);
        for (column, former) in new.columns.iter().zip(former) {
            match former {
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

/// The names of models in the new snapshot and in the old one. A name that is still there wins over
/// `@renamedFrom`, which stays in the schema long after the rename is done.
struct FormerModels<'a>(Vec<(&'a str, &'a str)>);

impl<'a> FormerModels<'a> {
    fn new(old: &'a Snapshot, new: &'a Snapshot) -> Self {
        let had = |name: &str| old.tables.iter().any(|table| model_name(table) == Some(name));
        let names: Vec<&str> = new.tables.iter().filter_map(model_name).collect();
        let same = names.iter().filter(|name| had(name)).map(|name| (*name, *name));
        let mut found = Self(same.collect());
        for table in &new.tables {
            let Owner::Model { name, renamed_from: Some(former) } = &table.owner else { continue };
            let free = !names.contains(&former.as_str())
                && !found.0.iter().any(|(_, claimed)| claimed == former);
            if had(former) && free && found.of(name).is_none() {
                found.0.push((name, former));
            }
        }
        found
    }

    fn of(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(new, _)| *new == name).map(|(_, old)| *old)
    }
}

fn former_model<'a>(
    old: &'a Snapshot,
    models: &FormerModels<'_>,
    table: &Table,
) -> Option<&'a Table> {
    let former = models.of(model_name(table)?)?;
    old.tables.iter().find(|table| model_name(table) == Some(former))
}

fn former_join<'a>(
    old: &'a Snapshot,
    models: &FormerModels<'_>,
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
            Owner::Join { sides: former } => same_models(models, former, sides),
        })
        .collect();
    let by_name = alike.iter().find(|candidate| candidate.name == table.name);
    let by_field = || {
        alike.iter().filter(free).find(|candidate| match &candidate.owner {
            Owner::Model { .. } => false,
            Owner::Join { sides: former } => sides.iter().any(|side| {
                former.iter().any(|former| {
                    models.of(&side.model) == Some(&former.model)
                        && former.field.is_some()
                        && (side.field == former.field || side.renamed_from == former.field)
                })
            }),
        })
    };
    by_name.or_else(by_field).copied()
}

fn same_models(models: &FormerModels<'_>, former: &[Side; 2], sides: &[Side; 2]) -> bool {
    let names = sides.each_ref().map(|side| models.of(&side.model));
    let [left, right] = former.each_ref().map(|side| Some(side.model.as_str()));
    names == [left, right] || names == [right, left]
}

/// For each column of the new table the one it was: that of the same field, else of the field it
/// was renamed from, else, for a key, the key.
fn former_columns<'a>(old: &'a Table, new: &Table) -> Vec<Option<&'a Column>> {
    if let (Owner::Join { sides: former }, Owner::Join { sides }) = (&old.owner, &new.owner) {
        let was = |column: &Column| former_pair_column(old, former, sides, &column.name);
        return new.columns.iter().map(was).collect();
    }
    let by_field = |name: &str| old.columns.iter().find(|old| old.field.as_deref() == Some(name));
    let same = |column: &Column| column.field.as_deref().and_then(by_field);
    let mut found: Vec<Option<&Column>> = new.columns.iter().map(same).collect();
    let claim = |found: &mut Vec<Option<&'a Column>>, at: usize, former: Option<&'a Column>| {
        let free =
            |former: &&Column| !found.iter().flatten().any(|claimed| claimed.name == former.name);
        if let Some(former) = former.filter(free)
            && found[at].is_none()
        {
            found[at] = Some(former);
        }
    };
    for (at, column) in new.columns.iter().enumerate() {
        let is_key = new.primary_key.first() == Some(&column.name);
        let renamed = column.renamed_from.as_deref().and_then(by_field);
        claim(&mut found, at, renamed);
        if is_key {
            claim(&mut found, at, old.primary_key.first().and_then(|key| old.column(key)));
        }
    }
    found
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
    // Where nothing else tells, the models do.
    let by_model = || sides[0].model != sides[1].model && sides[0].model == former[1].model;
    let cross = !straight && (crossed || by_model());
    old.column(&former[if cross { 1 - at } else { at }].column)
}
