//! Every rule of a schema, typed: what `plan` authorizes by and `migrate` writes into tables.

use underpin_schema::{
    Diagnostic, DiagnosticCode, Field, FieldId, FieldKind, Model, ModelId, RuleText, Schema,
    Severity,
};

use crate::checker::{Checker, Setting};
use crate::parser::{Literals, parse};
use crate::{Predicate, Root};

/// The rules of a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    models: Vec<ModelRules>,
}

/// The rules of a model.
///
/// The predicate of an operation holds where the operation is allowed: where its rule holds, or
/// the actor has the permission for it (`products:update`). Without a rule only the permission
/// allows it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRules {
    /// Who sees `row`.
    pub read: Predicate,
    /// Who creates `row`, as it is proposed.
    pub create: Predicate,
    /// Who changes `row`.
    pub update: UpdateRule,
    /// Who deletes `row`.
    pub delete: Predicate,
    /// What must hold of every row, in the order of the schema.
    pub checks: Vec<CheckRule>,
    /// Which rows each index of [`Model::indexes`] covers, in that order.
    pub index_filters: Vec<Predicate>,
    fields: Vec<FieldRules>,
}

/// Who changes a row.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateRule {
    /// The condition, over `row` and perhaps `next`.
    pub predicate: Predicate,
    /// Whether the rule names `next`. One that does not must hold for the row as it was and as it
    /// becomes, so that no row is moved out of its owner's reach.
    pub names_next: bool,
}

/// An invariant of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckRule {
    /// The condition, over the columns of `row`.
    pub predicate: Predicate,
    /// What a client is told when it does not hold.
    pub message: String,
}

/// The rules of a field, which narrow those of its model. [`Predicate::True`] where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRules {
    /// Who sees the field of a row they see.
    pub read: Predicate,
    /// Who sets it. On create `row` is the proposed row.
    pub write: Predicate,
}

impl Rules {
    /// Parses and types every rule of the schema. Gives no rules when one of the diagnostics is an
    /// error.
    #[must_use]
    pub fn compile(schema: &Schema) -> (Option<Self>, Vec<Diagnostic>) {
        let mut compiler = Compiler { schema, diagnostics: Vec::new() };
        let models = schema.models.iter().map(|model| compiler.model(model)).collect();
        let mut diagnostics = compiler.diagnostics;
        diagnostics.sort_by_key(|diagnostic| diagnostic.span().start);
        let refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        ((!refused).then_some(Self { models }), diagnostics)
    }

    /// The rules of a model.
    #[must_use]
    pub fn model(&self, model: ModelId) -> &ModelRules {
        &self.models[usize::from(model.0)]
    }
}

impl ModelRules {
    /// The rules of a field.
    #[must_use]
    pub fn field(&self, field: FieldId) -> &FieldRules {
        &self.fields[usize::from(field.0)]
    }
}

struct Compiler<'a> {
    schema: &'a Schema,
    diagnostics: Vec<Diagnostic>,
}

/// Which row a rule for writes judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// One that is there, with its pairs.
    StoredRow,
    /// One that is about to be made, which has no pairs yet.
    NewRow,
}

impl Compiler<'_> {
    fn model(&mut self, model: &Model) -> ModelRules {
        let access = &model.access;
        let update = self.operation(model, "update", &access.update, Setting::UpdateRule);
        let create = self.operation(model, "create", &access.create, Setting::Rule);
        self.refuse_written_pairs(&access.update, &update, Judged::StoredRow);
        self.refuse_written_pairs(&access.create, &create, Judged::NewRow);
        ModelRules {
            read: self.operation(model, "read", &access.read, Setting::Rule),
            create,
            update: UpdateRule { names_next: update.names_next(), predicate: update },
            delete: self.operation(model, "delete", &access.delete, Setting::Rule),
            checks: model
                .checks
                .iter()
                .map(|check| CheckRule {
                    predicate: self.rule(model, &check.rule, Setting::RowOnly),
                    message: check.message.clone(),
                })
                .collect(),
            index_filters: model
                .indexes
                .iter()
                .map(|index| self.optional(model, &index.filter, Setting::RowOnly))
                .collect(),
            fields: model.fields.iter().map(|field| self.field(model, field)).collect(),
        }
    }

    fn field(&mut self, model: &Model, field: &Field) -> FieldRules {
        self.refuse_open_pairs(field);
        let write = self.optional(model, &field.access.write, Setting::Rule);
        self.refuse_written_pairs(&field.access.write, &write, Judged::StoredRow);
        FieldRules { read: self.optional(model, &field.access.read, Setting::Rule), write }
    }

    /// Refuses to let anyone set from this side the pairs that the other side protects.
    fn refuse_open_pairs(&mut self, field: &Field) {
        let FieldKind::ManyToMany(join) = &field.kind else { return };
        let Some(inverse) = join.inverse else { return };
        let other = self.schema.field(join.target, inverse);
        if !is_protected(other) || is_protected(field) {
            return;
        }
        let message = format!("`{}` sets the pairs that its other side protects", field.name);
        self.diagnostics.push(
            Diagnostic::new(DiagnosticCode::RulePairsOpen, message, field.span, "sets them, too")
                .with_label(other.span, "says who writes the pairs")
                .with_help("say so here, too: `@access(write: \"…\")` or `@readonly`"),
        );
    }

    /// Refuses a rule for writes that asks for rows of a many-to-many field of the written row: its
    /// pairs are set after the rule was judged. Where the field says itself who sets the pairs, a
    /// rule for changes may judge the pairs as they were.
    fn refuse_written_pairs(
        &mut self,
        rule: &Option<RuleText>,
        predicate: &Predicate,
        judged: Judged,
    ) {
        let Some(rule) = rule else { return };
        let mut asked: Vec<&str> = Vec::new();
        predicate.visit(&mut |part| {
            if let Predicate::Exists(quantified) = part
                && quantified.steps.is_empty()
                && matches!(quantified.root, Root::Row | Root::Next)
            {
                let field = self.schema.field(quantified.model, quantified.relation);
                let settled = judged == Judged::StoredRow
                    && quantified.root == Root::Row
                    && is_protected(field);
                if matches!(field.kind, FieldKind::ManyToMany(_)) && !settled {
                    asked.push(&field.name);
                }
            }
        });
        if let Some(name) = asked.first() {
            let message = format!("the rule is judged before the pairs of `{name}` are written");
            let code = DiagnosticCode::RulePairsWritten;
            self.diagnostics.push(
                Diagnostic::new(code, message, rule.span, "asks for pairs of the written row")
                    .with_help(
                        "say on the field who sets its pairs, `@access(write: \"…\")`, or make the \
                         pairs a model of their own",
                    ),
            );
        }
    }

    /// The rule of an operation, or the permission for it.
    fn operation(
        &mut self,
        model: &Model,
        operation: &str,
        rule: &Option<RuleText>,
        setting: Setting<'_>,
    ) -> Predicate {
        let rule = match rule {
            Some(rule) => self.rule(model, rule, setting),
            None => Predicate::False,
        };
        let permission = format!("{}:{operation}", model.plural);
        Predicate::or([rule, Predicate::Can(permission)])
    }

    fn optional(
        &mut self,
        model: &Model,
        rule: &Option<RuleText>,
        setting: Setting<'_>,
    ) -> Predicate {
        match rule {
            Some(rule) => self.rule(model, rule, setting),
            None => Predicate::True,
        }
    }

    /// One rule; `False` when it is refused, which no one sees because there are no rules then.
    fn rule(&mut self, model: &Model, rule: &RuleText, setting: Setting<'_>) -> Predicate {
        let (expr, _) = match parse(&rule.text, Literals::Keep) {
            Ok(parsed) => parsed,
            Err(error) => {
                let problem = crate::problem::Problem::from(error);
                self.diagnostics.push(problem.into_diagnostic(rule));
                return Predicate::False;
            }
        };
        let (checked, problems) = Checker::new(self.schema, setting, model.id).check(&expr);
        self.diagnostics.extend(problems.into_iter().map(|problem| problem.into_diagnostic(rule)));
        checked.map_or(Predicate::False, |checked| checked.predicate)
    }
}

/// Whether a field says who writes it, or that nobody does.
fn is_protected(field: &Field) -> bool {
    field.access.write.is_some() || field.readonly || field.immutable || field.hidden
}

#[cfg(test)]
mod tests;
