//! `@default`: what a field is when a create does not say.

use apollo_compiler::Node;
use apollo_compiler::ast;

use super::constraint::scalar_literal;
use super::{FieldNote, Work};
use crate::applied::Applied;
use crate::diagnostic::{Diagnostic, default, directive, unknown};
use crate::{
    EnumId, Field, FieldDefault, FieldId, FieldKind, ModelId, Scalar, Value, ValueError, declare,
};

impl<'a> Work<'a, '_> {
    pub(super) fn apply_default(&mut self, field: &mut Field, note: &FieldNote<'a>) {
        let Some(applied) = note.directives.get("default") else { return };
        if !applied.sound || !field.has_column() {
            return;
        }
        let asked = |name: &str| applied.flag(name) == Some(true);
        let given = [applied.has("value"), asked("now"), asked("auth")];
        if given.iter().filter(|given| **given).count() != 1 {
            self.report(default::not_one(applied.span));
            return;
        }
        if asked("now") {
            self.apply_now(field, applied);
        } else if asked("auth") {
            // Which model is the account model is not known yet: `check_auth_defaults` looks.
            if matches!(field.kind, FieldKind::ToOne(_)) {
                field.default = Some(FieldDefault::Auth);
            } else {
                self.report(default::auth_misfit(applied.span, note.type_span));
            }
        } else if let Some(node) = applied.literal("value") {
            self.apply_value(field, node, note);
        }
    }

    fn apply_now(&mut self, field: &mut Field, applied: &Applied<'a>) {
        if field.kind.scalar() == Some(Scalar::DateTime) {
            field.default = Some(FieldDefault::Now);
        } else {
            self.report(default::now_misfit(applied.span));
        }
    }

    fn apply_value(&mut self, field: &mut Field, node: &Node<ast::Value>, note: &FieldNote<'a>) {
        let span = declare::span(node);
        let value = match field.kind {
            FieldKind::Scalar(scalar) => {
                scalar_literal(scalar, node).map_err(|error| mismatch(scalar.name(), &error, span))
            }
            FieldKind::Enum(id) => self.enum_literal(id, node),
            FieldKind::ScalarList(scalar) => list_literal(node, |item| {
                scalar_literal(scalar, item)
                    .map_err(|error| mismatch(scalar.name(), &error, declare::span(item)))
            }),
            FieldKind::EnumList(id) => list_literal(node, |item| self.enum_literal(id, item)),
            FieldKind::ToOne(_) | FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => {
                Err(Box::new(default::value_of_relation(span, note.type_span)))
            }
        };
        match value {
            Ok(value) => {
                let faults = field.check_constraints(&value);
                if let Some((_, fault)) = faults.first() {
                    self.report(default::outside_constraints(&fault.message, span));
                }
                field.default = Some(FieldDefault::Value(value));
            }
            Err(diagnostic) => self.report(*diagnostic),
        }
    }

    fn enum_literal(&self, id: EnumId, node: &Node<ast::Value>) -> Result<Value, Box<Diagnostic>> {
        let list = self.schema.enum_type(id);
        let span = declare::span(node);
        let names: Vec<&str> = list.values.iter().map(|value| value.name.as_str()).collect();
        if let Some(name) = node.as_enum() {
            return if names.contains(&name.as_str()) {
                Ok(Value::Text(name.to_string()))
            } else {
                Err(Box::new(unknown::symbol(name, span, &names)))
            };
        }
        Err(match node.as_str().filter(|text| names.contains(text)) {
            Some(text) => Box::new(default::quoted_symbol(text, span)),
            None => Box::new(default::wrong_type(&list.name, "must be one of its values", span)),
        })
    }

    /// `@default(auth: true)` goes with references to the account model alone.
    pub(super) fn check_auth_defaults(&mut self) {
        let account = self.schema.account_model().map(|model| model.id);
        let all: Vec<(ModelId, FieldId)> = self
            .model_ids()
            .flat_map(|model| {
                self.field_ids(model).map(move |field| (model, field)).collect::<Vec<_>>()
            })
            .collect();
        for (model, id) in all {
            let field = self.field(model, id);
            let FieldKind::ToOne(to_one) = field.kind else { continue };
            if field.default == Some(FieldDefault::Auth) && Some(to_one.target) != account {
                let note = self.field_note(model, id);
                let applied = note.directives.get("default");
                let span = applied.map_or(note.type_span, |applied| applied.span);
                let diagnostic = default::auth_misfit(span, note.type_span);
                self.report(diagnostic);
            }
        }
        self.refuse_useless_default_pairs();
    }

    /// A field that nobody sets and that has no default could only ever be null.
    fn refuse_useless_default_pairs(&mut self) {
        let mut found = Vec::new();
        for model in &self.schema.models {
            let filled = [Some(model.key), model.created_at, model.updated_at, model.version];
            for field in &model.fields {
                let unset = field.readonly || field.hidden;
                let stuck =
                    unset && !field.nullable && field.default.is_none() && field.has_column();
                if !stuck || filled.contains(&Some(field.id)) {
                    continue;
                }
                let note = self.field_note(model.id, field.id);
                let which = if field.readonly { "readonly" } else { "hidden" };
                if let Some(applied) = note.directives.get(which) {
                    found.push(directive::nobody_sets(
                        which,
                        &field.name,
                        applied.span,
                        field.span,
                    ));
                }
            }
        }
        self.diagnostics.extend(found);
    }
}

fn mismatch(type_name: &str, error: &ValueError, span: crate::Span) -> Box<Diagnostic> {
    Box::new(default::wrong_type(type_name, &error.message, span))
}

fn list_literal(
    node: &Node<ast::Value>,
    item: impl Fn(&Node<ast::Value>) -> Result<Value, Box<Diagnostic>>,
) -> Result<Value, Box<Diagnostic>> {
    match node.as_list() {
        Some(items) => Ok(Value::List(items.iter().map(item).collect::<Result<_, _>>()?)),
        None => Err(Box::new(default::wrong_type("list", "must be a list", declare::span(node)))),
    }
}
