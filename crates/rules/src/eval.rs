//! Decides a predicate in memory, on rows that somebody else holds.
//!
//! The meaning of a predicate, written as plainly as can be: what `sql` makes of it must select
//! exactly the rows that are accepted here, and a property test holds the two together. Takes
//! predicates as they are, folded or not.

use std::cmp::Ordering;

use underpin_schema::calendar::{DATE_TIME_MAX, DATE_TIME_MIN};
use underpin_schema::{FieldId, FieldKind, Schema, TextOrder, Value};

use crate::{
    ActorValue, CompareOp, Facts, Operand, Path, Predicate, Quantified, Root, TextOp, Var,
};

/// Rows and what they are related to.
pub trait Rows {
    /// Names a row of any model; cheap to copy about.
    type Row: Clone;

    /// The value of a field that has a column; of a to-one field, the key it holds.
    fn value(&self, row: &Self::Row, field: FieldId) -> Value;

    /// The row that a to-one field refers to.
    fn to_one(&self, row: &Self::Row, field: FieldId) -> Option<Self::Row>;

    /// The rows of a to-many or many-to-many field.
    fn related(&self, row: &Self::Row, field: FieldId) -> Vec<Self::Row>;
}

/// Everything a predicate can speak of.
#[derive(Clone, Copy)]
pub struct Situation<'a, R: Rows> {
    /// The schema that the predicate was typed against.
    pub schema: &'a Schema,
    /// Where rows come from.
    pub rows: &'a R,
    /// `row`.
    pub row: &'a R::Row,
    /// `next`; without one, everything of it is null.
    pub next: Option<&'a R::Row>,
    /// The kind, roles and permissions of the actor.
    pub facts: Facts<'a>,
    /// What else is known of the actor.
    pub actor: &'a dyn Fn(&ActorValue) -> Value,
    /// The time of the request, microseconds since 1970.
    pub now: i64,
    /// The values of the request's slots.
    pub slots: &'a [Value],
}

/// Whether the predicate holds.
pub fn eval<R: Rows>(predicate: &Predicate, situation: &Situation<'_, R>) -> bool {
    Evaluation::new(situation).holds(predicate)
}

/// Compares two values as `==`, `<` and so on do.
pub(crate) fn literals_compare(
    op: CompareOp,
    left: &Value,
    right: &Value,
    texts: TextOrder,
) -> bool {
    let order = left.compare(right, texts);
    // `compare` calls two nulls equal; they are, but neither is `<=` the other.
    let ordered = order.filter(|_| !left.is_null() && !right.is_null());
    match op {
        CompareOp::Eq => order == Some(Ordering::Equal),
        CompareOp::Ne => order != Some(Ordering::Equal),
        CompareOp::Lt => ordered.is_some_and(Ordering::is_lt),
        CompareOp::Le => ordered.is_some_and(Ordering::is_le),
        CompareOp::Gt => ordered.is_some_and(Ordering::is_gt),
        CompareOp::Ge => ordered.is_some_and(Ordering::is_ge),
    }
}

/// An evaluation under way, with the rows that variables stand for.
pub(crate) struct Evaluation<'a, R: Rows> {
    pub(crate) situation: &'a Situation<'a, R>,
    pub(crate) bound: Vec<(Var, R::Row)>,
}

impl<'a, R: Rows> Evaluation<'a, R> {
    pub(crate) fn new(situation: &'a Situation<'a, R>) -> Self {
        Self { situation, bound: Vec::new() }
    }

    pub(crate) fn holds(&mut self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::True => true,
            Predicate::False => false,
            Predicate::And(parts) => parts.iter().all(|part| self.holds(part)),
            Predicate::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Predicate::Not(inner) => !self.holds(inner),
            Predicate::Compare { op, left, right } => {
                let texts = self.text_order([left, right]);
                literals_compare(*op, &self.value(left), &self.value(right), texts)
            }
            Predicate::In { item, list } => {
                let value = self.value(item);
                list.iter().any(|element| {
                    let texts = self.text_order([item, element]);
                    literals_compare(CompareOp::Eq, &value, &self.value(element), texts)
                })
            }
            Predicate::InList { item, list } => self.in_list(item, list),
            Predicate::Text { op, subject, needle } => self.text(*op, subject, needle),
            Predicate::IsNull(operand) => self.value(operand).is_null(),
            Predicate::IsTrue(operand) => self.value(operand) == Value::Bool(true),
            Predicate::Exists(quantified) => self.exists(quantified),
            Predicate::Can(permission) => self.situation.facts.can(permission),
            Predicate::HasRole(role) => self.situation.facts.has_role(role),
        }
    }

    fn in_list(&mut self, item: &Operand, list: &Operand) -> bool {
        let texts = self.text_order([item, list]);
        let value = self.value(item);
        let Value::List(elements) = self.value(list) else { return false };
        elements.iter().any(|element| literals_compare(CompareOp::Eq, &value, element, texts))
    }

    fn text(&mut self, op: TextOp, subject: &Operand, needle: &Operand) -> bool {
        let texts = self.text_order([subject, needle]);
        let (Value::Text(mut subject), Value::Text(mut needle)) =
            (self.value(subject), self.value(needle))
        else {
            return false;
        };
        if texts == TextOrder::Caseless {
            subject.make_ascii_lowercase();
            needle.make_ascii_lowercase();
        }
        match op {
            TextOp::Contains => subject.contains(&needle),
            TextOp::StartsWith => subject.starts_with(&needle),
            TextOp::EndsWith => subject.ends_with(&needle),
        }
    }

    fn exists(&mut self, quantified: &Quantified) -> bool {
        let Some(row) = self.row_at(quantified.root, &quantified.steps) else { return false };
        let related = self.situation.rows.related(&row, quantified.relation);
        related.into_iter().any(|row| {
            self.bound.push((quantified.var, row));
            let holds = self.holds(&quantified.body);
            self.bound.pop();
            holds
        })
    }

    pub(crate) fn value(&mut self, operand: &Operand) -> Value {
        match operand {
            Operand::Literal(value) => value.clone(),
            Operand::Slot(slot) => {
                self.situation.slots.get(usize::from(slot.0)).cloned().unwrap_or(Value::Null)
            }
            Operand::Path(path) => self.column(path),
            Operand::Size(path) => size(&self.column(path)),
            Operand::Actor(value) => (self.situation.actor)(value),
            Operand::Now => Value::DateTime(self.situation.now),
            Operand::Shifted(inner, micros) => {
                let Value::DateTime(time) = self.value(inner) else { return Value::Null };
                let moved = time.saturating_add(*micros);
                Value::DateTime(moved.clamp(DATE_TIME_MIN, DATE_TIME_MAX))
            }
            Operand::Guarded(guard, inner) => {
                if self.holds(guard) {
                    self.value(inner)
                } else {
                    Value::Null
                }
            }
        }
    }

    fn column(&self, path: &Path) -> Value {
        match self.row_at(path.root, &path.steps) {
            Some(row) => self.situation.rows.value(&row, path.field),
            None => Value::Null,
        }
    }

    pub(crate) fn row_at(&self, root: Root, steps: &[FieldId]) -> Option<R::Row> {
        let start = match root {
            Root::Row => self.situation.row,
            Root::Next => self.situation.next?,
            Root::Var(var) => {
                let bound = self.bound.iter().rev().find(|(bound, _)| *bound == var);
                &bound.expect("invariant: a variable is bound around its use").1
            }
        };
        let rows = self.situation.rows;
        steps.iter().try_fold(start.clone(), |row, step| rows.to_one(&row, *step))
    }

    fn text_order(&self, operands: [&Operand; 2]) -> TextOrder {
        let caseless = operands
            .iter()
            .filter_map(|operand| operand.path())
            .any(|path| is_caseless(self.situation.schema, path));
        if caseless { TextOrder::Caseless } else { TextOrder::Binary }
    }
}

/// Whether the field at the end of a path compares without regard to ASCII case.
fn is_caseless(schema: &Schema, path: &Path) -> bool {
    let field = schema.field(path.target, path.field);
    match &field.kind {
        FieldKind::ToOne(to_one) => schema.model(to_one.target).key_field().caseless,
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToMany(_)
        | FieldKind::ManyToMany(_) => field.caseless,
    }
}

/// The characters of a text or the items of a list; null of anything else.
fn size(value: &Value) -> Value {
    let n_items = if let Value::Text(text) = value {
        text.chars().count()
    } else if let Value::List(items) = value {
        items.len()
    } else {
        return Value::Null;
    };
    Value::Int(i64::try_from(n_items).unwrap_or(i64::MAX))
}
