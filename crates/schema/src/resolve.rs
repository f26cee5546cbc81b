//! From declarations to a [`Schema`]: names become ids, directives become members.
//!
//! One pass for each kind of thing, in an order in which every pass finds what it needs: enums,
//! models and their fields, indexes, relations, then what speaks of all of them (account, roles,
//! warnings). A pass reports what is wrong and goes on with what is right; whether the result may be
//! used is decided at the end by whether there were errors.

use std::collections::{HashMap, HashSet};

use crate::applied::{Directives, Text};
use crate::declare::Declarations;
use crate::diagnostic::Diagnostic;
use crate::{EnumId, Field, FieldId, Model, ModelId, RuleText, Scalar, Schema, Span, rule_text};

mod account;
mod constraint;
mod default;
mod enums;
mod field;
mod implicit;
mod index;
mod join;
mod lint;
mod model;
mod relation;
mod role;
mod size;
#[cfg(test)]
mod tests;

/// Resolves everything that was declared.
pub(crate) fn resolve<'a>(
    source: &'a str,
    declarations: &Declarations<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Schema {
    let mut work = Work {
        source,
        schema: Schema {
            version: 1,
            roles: Vec::new(),
            enums: Vec::new(),
            models: Vec::new(),
            by_name: HashMap::new(),
            by_plural: HashMap::new(),
        },
        notes: Vec::new(),
        names: HashMap::new(),
        diagnostics,
    };
    if let Some(diagnostic) = size::check(declarations) {
        work.report(diagnostic);
        return work.schema;
    }
    work.resolve_enums(declarations);
    work.resolve_models(declarations);
    work.resolve_fields(declarations);
    // Before relations, which ask whether an owning field is unique.
    work.resolve_indexes();
    work.resolve_relations();
    work.resolve_joins();
    work.resolve_account();
    work.resolve_roles(declarations);
    work.lint();
    work.schema
}

/// The schema as far as it is resolved, and what is still needed of the source.
struct Work<'a, 'd> {
    source: &'a str,
    schema: Schema,
    /// One for each model.
    notes: Vec<ModelNote<'a>>,
    /// What the name of a type means.
    names: HashMap<&'a str, Named>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

/// What a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Scalar(Scalar),
    Enum(EnumId),
    Model(ModelId),
}

/// A model's directives, and those of its fields.
struct ModelNote<'a> {
    /// The name of the type, which relations speak of.
    type_name: &'a str,
    directives: Directives<'a>,
    /// One for each field of the model.
    fields: Vec<FieldNote<'a>>,
    /// Fields that could not be resolved; whoever names one has made no second mistake.
    broken: HashSet<&'a str>,
}

/// A field's directives and where its type stands.
#[derive(Default)]
struct FieldNote<'a> {
    directives: Directives<'a>,
    type_span: Span,
    /// Whether the type is a list.
    is_list: bool,
}

impl<'a> Work<'a, '_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn model_ids(&self) -> impl Iterator<Item = ModelId> + use<> {
        let n_models = u16::try_from(self.schema.models.len());
        (0..n_models.expect("invariant: at most 2,000 models")).map(ModelId)
    }

    fn model(&self, id: ModelId) -> &Model {
        self.schema.model(id)
    }

    fn model_mut(&mut self, id: ModelId) -> &mut Model {
        &mut self.schema.models[usize::from(id.0)]
    }

    fn field(&self, model: ModelId, field: FieldId) -> &Field {
        self.schema.field(model, field)
    }

    fn field_mut(&mut self, model: ModelId, field: FieldId) -> &mut Field {
        &mut self.model_mut(model).fields[usize::from(field.0)]
    }

    fn note(&self, id: ModelId) -> &ModelNote<'a> {
        &self.notes[usize::from(id.0)]
    }

    fn field_note(&self, model: ModelId, field: FieldId) -> &FieldNote<'a> {
        &self.note(model).fields[usize::from(field.0)]
    }

    fn field_ids(&self, model: ModelId) -> impl Iterator<Item = FieldId> + use<> {
        let n_fields = u16::try_from(self.model(model).fields.len());
        (0..n_fields.expect("invariant: at most 1,000 fields and four more")).map(FieldId)
    }

    /// The field that a directive names, or a diagnostic, unless the field's own was one.
    fn named_field(&mut self, model: ModelId, name: Text<'_>) -> Option<FieldId> {
        if let Some(id) = self.model(model).by_field.get(name.text) {
            return Some(*id);
        }
        if !self.note(model).broken.contains(name.text) {
            let diagnostic = crate::diagnostic::unknown::field(name, self.model(model));
            self.report(diagnostic);
        }
        None
    }

    /// The rule in an argument of a directive.
    fn rule(&self, applied: &crate::applied::Applied<'a>, argument: &str) -> Option<RuleText> {
        rule_text::rule_text(self.source, applied.literal(argument)?)
    }
}
