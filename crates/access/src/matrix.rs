//! Who may do what at a glance: what is left of the rules once it is known who asks.

use serde::Serialize;
use underpin_plan::{Actor, Catalog, Folded, Profile};
use underpin_rules::Predicate;
use underpin_schema::Model;

use crate::file::TestFile;
use crate::world::Who;

/// Names in the head of one column; the others are counted.
const NAMES_SHOWN: usize = 2;

/// Models and operations by actors.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Matrix {
    /// The actors: `anonymous`, users by name, `role staff`. Users who differ in nothing that decides
    /// a rule by itself share a column.
    pub actors: Vec<String>,
    /// One for each operation of each model.
    pub rows: Vec<MatrixRow>,
}

/// One operation of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    /// The model.
    pub model: String,
    /// `read`, `create`, `update` or `delete`.
    pub operation: &'static str,
    /// By actor.
    pub cells: Vec<Cell>,
}

/// Whether somebody may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Cell {
    /// With every row.
    #[serde(rename = "always")]
    Always,
    /// It depends on the row.
    #[serde(rename = "some rows")]
    SomeRows,
    /// With no row.
    #[serde(rename = "never")]
    Never,
}

impl Cell {
    /// The words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::SomeRows => "some rows",
            Self::Never => "never",
        }
    }

    /// All of these must hold.
    fn of<'a>(predicates: impl IntoIterator<Item = &'a Predicate>) -> Self {
        match Predicate::and(predicates.into_iter().cloned()) {
            Predicate::True => Self::Always,
            Predicate::False => Self::Never,
            _ => Self::SomeRows,
        }
    }
}

impl Matrix {
    pub(crate) fn of(catalog: &Catalog, files: &[TestFile]) -> Self {
        let columns = columns(catalog, files);
        let folded: Vec<Folded> =
            columns.iter().map(|(profile, _)| Folded::new(catalog, profile)).collect();
        let rows = catalog.schema.models.iter().flat_map(|model| rows(catalog, model, &folded));
        let rows = rows.collect();
        Self { actors: columns.into_iter().map(|(_, names)| head(&names)).collect(), rows }
    }
}

fn rows(catalog: &Catalog, model: &Model, folded: &[Folded]) -> [MatrixRow; 4] {
    ["read", "create", "update", "delete"].map(|operation| MatrixRow {
        model: model.name.clone(),
        operation,
        cells: folded
            .iter()
            .map(|folded| {
                let rules = folded.rules(catalog, model.id);
                // A row that may not be read is not there to be changed.
                match operation {
                    "read" => Cell::of([&rules.read]),
                    "create" => Cell::of([&rules.create]),
                    "update" => Cell::of([&rules.read, &rules.update]),
                    _ => Cell::of([&rules.read, &rules.delete]),
                }
            })
            .collect(),
    })
}

/// The profiles of everybody, with the names of those who have them.
fn columns(catalog: &Catalog, files: &[TestFile]) -> Vec<(Profile, Vec<String>)> {
    let mut columns = vec![(Actor::anonymous().profile, vec!["anonymous".to_owned()])];
    let mut add = |profile: Profile, name: String| {
        let known = columns.iter_mut().find(|(known, _)| *known == profile);
        match known {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => columns.push((profile, vec![name])),
        }
    };
    let blocks = files.iter().flat_map(|file| file.blocks.iter().map(move |block| (file, block)));
    for (file, block) in blocks {
        let mut name = file.world.label(&block.who);
        if let Who::User(_, facts) = &block.who
            && !facts.roles.is_empty()
        {
            name = format!("{name} ({})", facts.sorted_roles().join("+"));
        }
        add(file.world.actor(&block.who).profile, name);
    }
    for role in &catalog.schema.roles {
        let profile = Actor::key([role.name.clone()]).profile;
        add(profile, format!("role {}", role.name));
    }
    columns
}

fn head(names: &[String]) -> String {
    match names.len().checked_sub(NAMES_SHOWN) {
        Some(n_more) if n_more > 0 => {
            format!("{} +{n_more}", names[..NAMES_SHOWN].join(", "))
        }
        _ => names.join(", "),
    }
}
