//! Models and their fields, before the other sides of relations are added.

use crate::introspection::{
    Action, ColumnFacts, ForeignKeyFacts, Generated, Introspection, TableFacts, TableKind,
};

use super::column::{FieldType, field_type};
use super::key::{Key, key};
use super::naming::{self, Taken};
use super::{default, render};

/// The schema while it is made.
pub(super) struct Draft<'a> {
    pub(super) models: Vec<ModelDraft<'a>>,
    /// Tables that do nothing but join two models.
    pub(super) joins: Vec<JoinTable<'a>>,
}

/// A model while it is made.
pub(super) struct ModelDraft<'a> {
    pub(super) table: &'a TableFacts,
    pub(super) name: String,
    /// The plural, where it must be said.
    pub(super) plural: Option<String>,
    pub(super) plural_name: String,
    pub(super) key: Key<'a>,
    pub(super) fields: Vec<FieldDraft<'a>>,
    pub(super) taken: Taken,
    pub(super) has_timestamps: bool,
    pub(super) has_version: bool,
}

/// A field while it is made.
pub(super) struct FieldDraft<'a> {
    pub(super) name: String,
    /// `String!`
    pub(super) written_type: String,
    pub(super) directives: Vec<String>,
    pub(super) column: Option<&'a ColumnFacts>,
    /// The model it refers to, by its place.
    pub(super) target: Option<usize>,
    pub(super) is_unique: bool,
}

/// A table of pairs of keys.
pub(super) struct JoinTable<'a> {
    pub(super) table: &'a TableFacts,
    /// The columns and the places of the models they refer to.
    pub(super) sides: [(&'a str, usize); 2],
}

impl<'a> Draft<'a> {
    pub(super) fn new(found: &'a Introspection, notes: &mut Vec<String>) -> Self {
        let mut draft = Self { models: Vec::new(), joins: Vec::new() };
        let mut pairs = Vec::new();
        let (mut names, mut plurals) = (Taken::default(), Taken::default());
        for table in &found.tables {
            let refusal = match unusable(table) {
                Some(why) => why,
                None if is_pairs(table) => {
                    pairs.push(table);
                    continue;
                }
                None => match key(table) {
                    Ok(key) => {
                        draft.models.push(ModelDraft::new(table, key, &mut names, &mut plurals));
                        continue;
                    }
                    Err(why) => why,
                },
            };
            if !refusal.is_empty() {
                notes.push(format!("the table `{}` is not served: it {refusal}", table.name));
            }
        }
        for table in pairs {
            match draft.join_table(table) {
                Some(join) => draft.joins.push(join),
                None => notes.push(format!(
                    "the table `{}` is not served: its key is two references to tables of which one \
                     is not served",
                    table.name
                )),
            }
        }
        draft.add_fields(notes);
        draft
    }

    fn join_table(&self, table: &'a TableFacts) -> Option<JoinTable<'a>> {
        let side = |at: usize| {
            let key = table.foreign_keys.get(at)?;
            Some((key.columns.first()?.as_str(), self.target(key)?))
        };
        Some(JoinTable { table, sides: [side(0)?, side(1)?] })
    }

    /// The model whose key the foreign key refers to.
    pub(super) fn target(&self, key: &ForeignKeyFacts) -> Option<usize> {
        self.models.iter().position(|model| {
            model.table.name.eq_ignore_ascii_case(&key.target)
                && match key.target_columns.as_slice() {
                    [] => model.table.key().len() == 1,
                    [column] => column.eq_ignore_ascii_case(&model.key.column.name),
                    _ => false,
                }
        })
    }

    fn add_fields(&mut self, notes: &mut Vec<String>) {
        let mut required: Vec<(usize, usize)> = Vec::new();
        for at in 0..self.models.len() {
            let references = self.references(at, notes);
            let mut fields = self.models[at].plain_fields(&references, notes);
            for (column, key, target) in references {
                let edge = (at, target);
                let is_required = column.not_null && !leads_back(&required, edge);
                if column.not_null && !is_required {
                    notes.push(format!(
                        "`{}.{}` is required in the database, but a row of each would need one of the \
                         other first; it is optional in the schema",
                        self.models[at].table.name, column.name
                    ));
                }
                if is_required {
                    required.push(edge);
                }
                let target_name = self.models[target].name.clone();
                let model = &mut self.models[at];
                let required = if is_required { "!" } else { "" };
                let target = (target, target_name.as_str());
                fields.push(model.reference((column, key), target, required, notes));
            }
            let place = |field: &FieldDraft<'_>| {
                let name = field.column.map(|column| column.name.as_str());
                self.models[at].table.columns.iter().position(|c| Some(c.name.as_str()) == name)
            };
            fields.sort_by_key(place);
            self.models[at].fields = fields;
        }
    }

    /// The foreign keys of a model that its schema can say.
    fn references(
        &self,
        at: usize,
        notes: &mut Vec<String>,
    ) -> Vec<(&'a ColumnFacts, &'a ForeignKeyFacts, usize)> {
        let model = &self.models[at];
        let mut found: Vec<(&ColumnFacts, &ForeignKeyFacts, usize)> = Vec::new();
        for key in &model.table.foreign_keys {
            let shown = key.columns.join(", ");
            let column = match key.columns.as_slice() {
                [column] => model.table.column(column),
                _ => None,
            };
            let why = match (column, self.target(key)) {
                (None, _) => "it is made of several columns",
                (Some(_), None) => "it refers to something else than the key of a model",
                (Some(column), Some(_)) if column.name == model.key.column.name => {
                    "the column is the key of its own table"
                }
                (Some(column), Some(_)) if found.iter().any(|(c, ..)| c.name == column.name) => {
                    "the column refers to another table too"
                }
                (Some(column), Some(_)) if sayable(&column.name).is_none() => continue,
                (Some(column), Some(target)) => {
                    found.push((column, key, target));
                    continue;
                }
            };
            notes.push(format!(
                "the reference of `{}` ({shown}) to `{}` is no relation: {why}",
                model.table.name, key.target
            ));
        }
        found
    }
}

impl<'a> ModelDraft<'a> {
    fn new(table: &'a TableFacts, key: Key<'a>, names: &mut Taken, plurals: &mut Taken) -> Self {
        let name = names.give(&[naming::model(&table.name)]);
        let (plural, is_said) = naming::plural(&name, &table.name);
        let given = plurals.give(std::slice::from_ref(&plural));
        let mut taken = Taken::default();
        taken.give(&["id".to_owned()]);
        Self {
            table,
            plural: (is_said || given != plural).then(|| given.clone()),
            plural_name: given,
            name,
            key,
            fields: Vec::new(),
            taken,
            has_timestamps: false,
            has_version: false,
        }
    }

    /// The fields that hold values of their own.
    fn plain_fields(
        &mut self,
        references: &[(&ColumnFacts, &ForeignKeyFacts, usize)],
        notes: &mut Vec<String>,
    ) -> Vec<FieldDraft<'a>> {
        let mut typed: Vec<(&'a ColumnFacts, FieldType)> = Vec::new();
        for column in &self.table.columns {
            let is_reference = references.iter().any(|(c, ..)| c.name == column.name);
            if column.name == self.key.column.name || is_reference {
                continue;
            }
            let made = match sayable(&column.name) {
                None => Err("has a name that a schema cannot say".to_owned()),
                Some(()) if column.generated == Generated::Hidden => continue,
                Some(()) => field_type(column),
            };
            match made {
                Ok(made) => typed.push((column, made)),
                Err(why) => notes.push(self.skipped(column, &why)),
            }
        }
        let server = |name: &str, kind: &str| {
            typed.iter().any(|(column, made)| {
                naming::field(&column.name) == name && made.name == kind && column.not_null
            })
        };
        self.has_timestamps = server("createdAt", "DateTime") && server("updatedAt", "DateTime");
        // Many tables have a number called version that is not for locking; one that starts at 1
        // by itself is.
        self.has_version = server("version", "Int")
            && self.table.column("version").is_some_and(|c| c.default.as_deref() == Some("1"));
        typed.into_iter().map(|(column, made)| self.plain_field(column, made, notes)).collect()
    }

    fn plain_field(
        &mut self,
        column: &'a ColumnFacts,
        mut made: FieldType,
        notes: &mut Vec<String>,
    ) -> FieldDraft<'a> {
        let name = self.taken.give(&[naming::field(&column.name)]);
        let place = format!("`{}.{}`", self.table.name, column.name);
        notes.extend(made.note.take().map(|note| format!("{place} {note}")));
        let is_server = match name.as_str() {
            "createdAt" | "updatedAt" => self.has_timestamps,
            "version" => self.has_version,
            _ => false,
        };
        let is_computed = matches!(column.generated, Generated::Virtual | Generated::Stored);
        let mut directives = vec![render::column(&name, &column.name, made.storage)];
        directives.append(&mut made.directives);
        if is_computed {
            directives.push("@readonly".to_owned());
        } else if let Some(sql) = column.default.as_deref().filter(|sql| !default::is_null(sql))
            && !is_server
        {
            match default::directive(sql, &made) {
                Some(directive) => directives.push(directive),
                None if column.not_null => notes.push(format!(
                    "{place} has the default {sql}, which a schema cannot say, so clients must give a \
                     value"
                )),
                None => notes.push(format!(
                    "{place} has the default {sql}, which a schema cannot say; rows made through the \
                     API get null"
                )),
            }
        }
        let is_unique = !is_server && has_unique(self.table, &column.name);
        let is_indexable = made.name != "JSON" && !is_computed;
        if is_unique && is_indexable {
            directives.push("@unique".to_owned());
        } else if is_indexable && has_index(self.table, &column.name) {
            directives.push("@index".to_owned());
        }
        directives.retain(|directive| !directive.is_empty());
        let required = if column.not_null && !is_computed { "!" } else { "" };
        let written_type = format!("{}{required}", made.name);
        FieldDraft { name, written_type, directives, column: Some(column), target: None, is_unique }
    }

    fn reference(
        &mut self,
        (column, key): (&'a ColumnFacts, &ForeignKeyFacts),
        (target, target_name): (usize, &str),
        required: &str,
        notes: &mut Vec<String>,
    ) -> FieldDraft<'a> {
        let short = naming::relation(&column.name, target_name);
        let name = self.taken.give(&[short, naming::field(&column.name)]);
        let place = format!("`{}.{}`", self.table.name, column.name);
        let mut directives = vec![render::reference_column(&name, &column.name)];
        directives.extend(actions(key, column, &place, notes));
        if let Some(sql) = column.default.as_deref().filter(|sql| !default::is_null(sql)) {
            notes.push(format!("{place} has the default {sql}, which a reference cannot have"));
        }
        let is_unique = has_unique(self.table, &column.name);
        if is_unique {
            directives.push("@unique".to_owned());
        }
        directives.retain(|directive| !directive.is_empty());
        let written_type = format!("{target_name}{required}");
        let (column, target) = (Some(column), Some(target));
        FieldDraft { name, written_type, directives, column, target, is_unique }
    }

    fn skipped(&self, column: &ColumnFacts, why: &str) -> String {
        let place = format!("`{}.{}`", self.table.name, column.name);
        let blocks =
            column.not_null && column.default.is_none() && column.generated == Generated::No;
        let then = if blocks { "; as it must not be null, clients cannot create rows" } else { "" };
        format!("{place} is not served: it {why}{then}")
    }
}

/// `@relation(…)`, unless it says nothing.
fn actions(
    key: &ForeignKeyFacts,
    column: &ColumnFacts,
    place: &str,
    notes: &mut Vec<String>,
) -> Option<String> {
    let mut say = |argument: &str, action: Action| {
        let word = match action {
            Action::Restrict => return None,
            Action::NoAction => "NO_ACTION",
            Action::Cascade => "CASCADE",
            Action::SetNull if column.not_null => {
                notes.push(format!(
                    "{place} would become null with its target, but must not be null"
                ));
                "NO_ACTION"
            }
            Action::SetNull => "SET_NULL",
            Action::SetDefault => {
                notes.push(format!(
                    "{place} takes its default when its target goes; a schema cannot say so"
                ));
                "NO_ACTION"
            }
        };
        Some(format!("{argument}: {word}"))
    };
    let said: Vec<String> = [say("onDelete", key.on_delete), say("onUpdate", key.on_update)]
        .into_iter()
        .flatten()
        .collect();
    (!said.is_empty()).then(|| format!("@relation({})", said.join(", ")))
}

/// Why a table is none of ours to serve; empty where that needs no word.
fn unusable(table: &TableFacts) -> Option<String> {
    let folded = table.name.to_ascii_lowercase();
    if folded.starts_with("_underpin_") {
        return Some(String::new());
    }
    match table.kind {
        TableKind::Plain => {}
        TableKind::Virtual => return Some("is virtual".to_owned()),
        TableKind::Shadow => return Some(String::new()),
    }
    let is_reserved = ["pg_", "sqlite_"].iter().any(|start| folded.starts_with(start));
    (is_reserved || sayable(&table.name).is_none())
        .then(|| "has a name that a schema cannot say".to_owned())
}

/// Whether a table or column of this name can be named in a schema.
fn sayable(name: &str) -> Option<()> {
    let fits = !name.is_empty()
        && name.len() <= 63
        && !name.chars().any(|letter| letter.is_control() || "\"`[]".contains(letter));
    fits.then_some(())
}

/// Whether the table holds nothing but pairs: its key is its two columns, both references.
fn is_pairs(table: &TableFacts) -> bool {
    let key = table.key();
    key.len() == 2
        && table.columns.len() == 2
        && table.foreign_keys.len() == 2
        && key.iter().all(|column| {
            let refers = |key: &&ForeignKeyFacts| key.columns == [column.name.as_str()];
            table.foreign_keys.iter().filter(refers).count() == 1
        })
}

fn has_unique(table: &TableFacts, column: &str) -> bool {
    is_indexed(table, column, |unique| unique)
}

fn has_index(table: &TableFacts, column: &str) -> bool {
    is_indexed(table, column, |unique| !unique)
}

fn is_indexed(table: &TableFacts, column: &str, wanted: impl Fn(bool) -> bool) -> bool {
    table.indexes.iter().any(|index| {
        index.filter.is_none()
            && wanted(index.unique)
            && matches!(index.columns.as_slice(), [only] if only.name.as_deref() == Some(column))
    })
}

/// Whether one can get back from the end of the edge to its start.
fn leads_back(edges: &[(usize, usize)], (start, end): (usize, usize)) -> bool {
    let mut open = vec![end];
    let mut seen = Vec::new();
    while let Some(at) = open.pop() {
        if at == start {
            return true;
        }
        if !seen.contains(&at) {
            seen.push(at);
            open.extend(edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| *to));
        }
    }
    false
}
