//! A rule's clauses on one row, as texts.

use underpin_base::Result;
use underpin_rules::{ActorValue, Clause, Form, Operand, Path, Predicate, RuleKind, Trace, Var};
use underpin_schema::{Field, FieldKind, ModelId, RuleText, Scalar, Value};

use super::{At, Judge};
use crate::scene::SceneRow;
use crate::story::{ClauseStory, Joined, RowStory, Seen};
use crate::world::text_of;

/// Rows of a relation that are told one by one.
const ROWS_TOLD: usize = 5;

/// Bytes of a value that are shown.
const VALUE_BYTES: usize = 80;

impl Judge<'_> {
    /// The clauses of a rule, decided; `None` for a rule with mistakes.
    pub(super) fn clauses(
        &self,
        model: ModelId,
        rule: &RuleText,
        kind: RuleKind,
        at: &At<'_>,
    ) -> Result<Option<ClauseStory>> {
        let Some(clause) = Clause::of(self.scene.schema(), model, rule, kind) else {
            return Ok(None);
        };
        let trace = self.scene.trace(&clause, at.row, at.next)?;
        Ok(Some(self.clause(&trace, rule, &mut Vec::new())))
    }

    fn clause(
        &self,
        trace: &Trace<'_, SceneRow>,
        rule: &RuleText,
        variables: &mut Vec<(Var, String)>,
    ) -> ClauseStory {
        let clause = trace.clause;
        let span = rule.span_of(clause.start, clause.end);
        let (line, column) = self.source.line_and_column(span.start);
        let joined = match &clause.form {
            Form::Plain => Joined::Plain,
            Form::All(_) => Joined::All,
            Form::Any(_) => Joined::Any,
            Form::Not(_) => Joined::Not,
            Form::Rows(rows) if rows.every => Joined::Every,
            Form::Rows(_) => Joined::Exists,
        };
        let mut rows = Vec::new();
        if let Form::Rows(form) = &clause.form {
            variables.push((form.var(), form.name.clone()));
            // The last one looked at is the one that decided, where one did.
            let n_skipped = trace.rows.len().saturating_sub(ROWS_TOLD);
            for (row, condition) in trace.rows.iter().skip(n_skipped) {
                let condition = self.clause(condition, rule, variables);
                rows.push(RowStory { row: self.row_words(row.model(), row.key()), condition });
            }
            variables.pop();
        }
        ClauseStory {
            text: rule.text[clause.start..clause.end].to_owned(),
            line,
            column,
            span: span.start..span.end,
            joined,
            holds: trace.holds,
            decides: false,
            values: self.values(trace, variables),
            parts: trace.parts.iter().map(|part| self.clause(part, rule, variables)).collect(),
            rows,
            n_rows: trace.n_rows,
        }
    }

    fn values(&self, trace: &Trace<'_, SceneRow>, variables: &[(Var, String)]) -> Vec<Seen> {
        let mut values: Vec<Seen> = trace
            .values
            .iter()
            .map(|(operand, value)| Seen {
                operand: operand.display(self.scene.schema(), variables).to_string(),
                value: self.operand_words(operand, value),
            })
            .collect();
        if asks_the_profile(trace.clause) {
            let roles = &self.scene.ctx().actor.profile.roles;
            let value = format!("[{}]", roles.join(", "));
            values.push(Seen { operand: "auth.roles".to_owned(), value });
        }
        values
    }

    fn operand_words(&self, operand: &Operand, value: &Value) -> String {
        let schema = &self.catalog.schema;
        match operand {
            Operand::Path(path) => self.path_words(path, value),
            Operand::Guarded(_, inner) => self.operand_words(inner, value),
            Operand::Actor(ActorValue::Id) => match schema.account_model() {
                Some(account) if !value.is_null() => self.key_words(account.id, value),
                _ => plain_words(Scalar::String, value),
            },
            Operand::Actor(ActorValue::UserField(field)) => match schema.account_model() {
                Some(account) => self.value_words(account.field(*field), value),
                None => plain_words(Scalar::String, value),
            },
            Operand::Size(path) => {
                let hidden = schema.field(path.target, path.field).hidden;
                if hidden { hidden_words() } else { plain_words(Scalar::Int, value) }
            }
            Operand::Now | Operand::Shifted(..) => plain_words(Scalar::DateTime, value),
            Operand::Literal(_) | Operand::Slot(_) | Operand::Actor(_) => {
                plain_words(Scalar::String, value)
            }
        }
    }

    fn path_words(&self, path: &Path, value: &Value) -> String {
        let model = self.catalog.schema.model(path.target);
        if path.field == model.key && !value.is_null() {
            return self.key_words(model.id, value);
        }
        self.value_words(model.field(path.field), value)
    }

    /// A value of a field: a reference by the name of the row, and nothing of what is hidden.
    pub(super) fn value_words(&self, field: &Field, value: &Value) -> String {
        let schema = &self.catalog.schema;
        match &field.kind {
            _ if field.hidden => hidden_words(),
            FieldKind::ToOne(to_one) if !value.is_null() => self.key_words(to_one.target, value),
            FieldKind::ManyToMany(join) => match value {
                Value::List(keys) => {
                    let keys: Vec<String> =
                        keys.iter().map(|key| self.key_words(join.target, key)).collect();
                    shortened(format!("[{}]", keys.join(", ")))
                }
                _ => plain_words(Scalar::String, value),
            },
            _ => plain_words(schema.scalar_of(field).unwrap_or(Scalar::String), value),
        }
    }
}

fn asks_the_profile(clause: &Clause) -> bool {
    let asks = |part: &Predicate| matches!(part, Predicate::Can(_) | Predicate::HasRole(_));
    clause.form == Form::Plain && asks(&clause.predicate)
}

fn hidden_words() -> String {
    "(hidden)".to_owned()
}

/// A value as the rule language writes it.
fn plain_words(scalar: Scalar, value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => shortened(format!("'{text}'")),
        _ => shortened(text_of(scalar, value)),
    }
}

fn shortened(text: String) -> String {
    if text.len() <= VALUE_BYTES {
        return text;
    }
    let mut end = VALUE_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
