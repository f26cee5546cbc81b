//! Indexes: those asked for, and one for each foreign key that none of them serves.

use std::collections::{HashMap, HashSet};

use super::Work;
use crate::applied::{Applied, Text};
use crate::diagnostic::{directive, index};
use crate::naming::fit_identifier;
use crate::{FieldId, FieldKind, Index, IndexColumn, ModelId, Scalar, Span};

/// An index being resolved, and where it was asked for.
struct Asked<'a> {
    index: Index,
    span: Span,
    /// The name in the schema, which no other index may have.
    named: Option<Text<'a>>,
}

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_indexes(&mut self) {
        let mut taken: HashMap<String, Span> = HashMap::new();
        for model in self.model_ids() {
            let mut asked = self.field_indexes(model);
            asked.extend(self.model_indexes(model));
            self.warn_of_twins(model, &asked);
            self.mark_unique(model, &asked);
            asked.extend(self.reference_indexes(model, &asked));
            let names = self.name_indexes(model, &asked, &mut taken);
            let indexes = asked.into_iter().zip(names);
            self.model_mut(model).indexes =
                indexes.map(|(asked, name)| Index { name, ..asked.index }).collect();
        }
    }

    /// `@index` and `@unique` on fields.
    fn field_indexes(&mut self, model: ModelId) -> Vec<Asked<'a>> {
        let mut asked = Vec::new();
        let mut found = Vec::new();
        for id in self.field_ids(model) {
            let note = self.field_note(model, id);
            for name in ["index", "unique"] {
                for applied in note.directives.all(name) {
                    if let Some(why) = self.not_indexable(model, id) {
                        let field = self.field(model, id);
                        found.push(index::not_indexable(
                            &field.name,
                            why,
                            applied.span,
                            field.span,
                        ));
                        continue;
                    }
                    let column = IndexColumn { field: id, descending: false };
                    asked.push(self.asked(applied, vec![column]));
                }
            }
        }
        self.diagnostics.extend(found);
        asked
    }

    /// `@index(fields:)` and `@unique(fields:)` on the model.
    fn model_indexes(&mut self, model: ModelId) -> Vec<Asked<'a>> {
        let mut asked = Vec::new();
        let directives = std::mem::take(&mut self.notes[usize::from(model.0)].directives);
        for name in ["index", "unique"] {
            for applied in directives.all(name) {
                match applied.texts("fields") {
                    Some(fields) if !fields.is_empty() => {
                        if let Some(columns) = self.index_columns(model, &fields) {
                            asked.push(self.asked(applied, columns));
                        }
                    }
                    _ if applied.sound => {
                        self.report(directive::says_nothing(name, applied.span));
                    }
                    _ => {}
                }
            }
        }
        self.notes[usize::from(model.0)].directives = directives;
        asked
    }

    fn asked(&self, applied: &Applied<'a>, columns: Vec<IndexColumn>) -> Asked<'a> {
        let unique = applied.name == "unique" || applied.flag("unique") == Some(true);
        let filter = self.rule(applied, "where");
        Asked {
            index: Index { name: String::new(), columns, unique, filter },
            span: applied.span,
            named: applied.text("name"),
        }
    }

    fn index_columns(&mut self, model: ModelId, fields: &[Text<'_>]) -> Option<Vec<IndexColumn>> {
        let mut columns: Vec<IndexColumn> = Vec::new();
        let mut sound = true;
        for given in fields {
            let (text, descending) = match given.text.strip_prefix('-') {
                Some(text) => (text, true),
                None => (given.text, false),
            };
            let Some(id) = self.named_field(model, Text { text, span: given.span }) else {
                sound = false;
                continue;
            };
            if let Some(why) = self.not_indexable(model, id) {
                let field = self.field(model, id);
                let diagnostic = index::not_indexable(&field.name, why, given.span, field.span);
                self.report(diagnostic);
                sound = false;
            } else if columns.iter().any(|column| column.field == id) {
                self.report(index::field_twice(text, given.span));
                sound = false;
            }
            columns.push(IndexColumn { field: id, descending });
        }
        sound.then_some(columns)
    }

    /// Why a field cannot be part of an index.
    fn not_indexable(&self, model: ModelId, id: FieldId) -> Option<&'static str> {
        match self.field(model, id).kind {
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => Some("it has no column"),
            FieldKind::Scalar(Scalar::Json) => Some("JSON has no order"),
            FieldKind::ScalarList(_) | FieldKind::EnumList(_) => Some("a list has no order"),
            FieldKind::Scalar(_) | FieldKind::Enum(_) | FieldKind::ToOne(_) => None,
        }
    }

    /// An index over the key alone, or one that another repeats, costs writes and serves nobody.
    fn warn_of_twins(&mut self, model: ModelId, asked: &[Asked<'a>]) {
        let key = self.model(model).key;
        let mut found = Vec::new();
        for (place, one) in asked.iter().enumerate() {
            if let [column] = one.index.columns[..]
                && column.field == key
            {
                found.push(index::over_the_key(one.span));
                continue;
            }
            let same = |other: &&Asked<'_>| {
                other.index.columns == one.index.columns && other.index.filter == one.index.filter
            };
            if let Some(first) = asked[..place].iter().find(same) {
                found.push(index::twin(one.span, first.span));
            }
        }
        self.diagnostics.extend(found);
    }

    /// A unique index over one column, on all rows, makes the field unique.
    fn mark_unique(&mut self, model: ModelId, asked: &[Asked<'a>]) {
        for Asked { index, .. } in asked {
            if let (true, None, [column]) = (index.unique, &index.filter, &index.columns[..]) {
                self.field_mut(model, column.field).unique = true;
            }
        }
    }

    /// One index for each reference that no index starts with. Tables of other programs are left
    /// as they are.
    fn reference_indexes(&self, model: ModelId, asked: &[Asked<'a>]) -> Vec<Asked<'a>> {
        if !self.model(model).managed {
            return Vec::new();
        }
        let served: HashSet<FieldId> = asked
            .iter()
            .filter(|asked| asked.index.filter.is_none())
            .filter_map(|asked| asked.index.columns.first().map(|column| column.field))
            .collect();
        let fields = self.model(model).fields.iter();
        let bare = fields.filter(|field| {
            matches!(field.kind, FieldKind::ToOne(_)) && !served.contains(&field.id)
        });
        bare.map(|field| Asked {
            index: Index {
                name: String::new(),
                columns: vec![IndexColumn { field: field.id, descending: false }],
                unique: false,
                filter: None,
            },
            span: field.span,
            named: None,
        })
        .collect()
    }

    /// Names are shared by all tables of a database, so they start with the table.
    fn name_indexes(
        &mut self,
        model: ModelId,
        asked: &[Asked<'a>],
        taken: &mut HashMap<String, Span>,
    ) -> Vec<String> {
        let mut names = Vec::new();
        for Asked { index: one, span, named } in asked {
            let name = match named {
                Some(named) => {
                    let wrong = crate::diagnostic::name::check_table(named.text, named.span);
                    self.diagnostics.extend(wrong);
                    if let Some(first) = taken.get(&named.text.to_ascii_lowercase()) {
                        let diagnostic = index::name_taken(named.text, named.span, *first);
                        self.report(diagnostic);
                    }
                    named.text.to_owned()
                }
                None => self.free_name(model, one, taken),
            };
            taken.insert(name.to_ascii_lowercase(), named.map_or(*span, |named| named.span));
            names.push(name);
        }
        names
    }

    fn free_name(&self, model: ModelId, index: &Index, taken: &HashMap<String, Span>) -> String {
        let model = self.model(model);
        let mut parts = vec![model.table.as_str()];
        parts.extend(index.columns.iter().map(|column| model.field(column.field).column.as_str()));
        parts.push(if index.unique { "key" } else { "idx" });
        let base = parts.join("_");
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let mut candidates = std::iter::once(base.clone()).chain(numbered).map(fit_identifier);
        candidates
            .find(|name| !taken.contains_key(&name.to_ascii_lowercase()))
            .expect("invariant: numbers do not end")
    }
}
