//! The conditions of the query form (`price[gte]=10`) as predicates.

use underpin_base::{Code, Error, Result};
use underpin_rules::{
    CompareOp, FilterExpr, Operand, Predicate, Quantified, Root, Slot, TextOp, Vars, type_filter,
};
use underpin_schema::{Field, FieldKind, IdKind, ModelId, Scalar};

use crate::view::{Found, Parameter, Spot, View};
use crate::{Condition, Operator, SlotType};

/// Values that one statement takes of a request. SQLite binds 32,766 in all; the rest is for what
/// the rules bring.
const SLOTS_MAX: usize = 30_000;

/// Conditions in the making: the predicates so far and the types of the values they take.
pub(crate) struct Conditions<'a> {
    pub(crate) view: View<'a>,
    pub(crate) vars: Vars,
    pub(crate) slots: Vec<SlotType>,
    pub(crate) parts: Vec<Predicate>,
}

impl<'a> Conditions<'a> {
    /// Adds a condition on rows of `model`.
    pub(crate) fn add(&mut self, model: ModelId, condition: &Condition) -> Result<()> {
        let parameter = parameter_of(condition);
        let parameter = Parameter::Condition(&parameter);
        let values_max = self.view.limits.in_values_max;
        if condition.n_values > values_max {
            let message = format!("a list may have at most {values_max} values");
            return Err(parameter.refuse(Code::QueryTooComplex, message));
        }
        let spot = self.view.start(Root::Row, model);
        let part = self.along(&spot, &condition.path, (condition, parameter))?;
        self.parts.push(part);
        Ok(())
    }

    /// Adds a filter on rows of `model`.
    pub(crate) fn filter(&mut self, model: ModelId, filter: &FilterExpr) -> Result<()> {
        let first_slot = u16::try_from(self.slots.len()).map_err(|_| too_many_values())?;
        if usize::from(first_slot) + usize::from(filter.n_slots()) > SLOTS_MAX {
            return Err(too_many_values());
        }
        let (part, slots) = type_filter(filter, self.view.schema(), model, first_slot, &self.view)?;
        self.slots.extend(slots.into_iter().map(SlotType::of_literal));
        self.parts.push(part.with_fresh_vars(&mut self.vars));
        Ok(())
    }

    /// The condition at the end of a path. A relation to many on the way means that at least one
    /// of its visible rows satisfies the rest.
    fn along(
        &mut self,
        spot: &Spot,
        path: &str,
        asked: (&Condition, Parameter<'_>),
    ) -> Result<Predicate> {
        let (condition, parameter) = asked;
        let Some((name, rest)) = path.split_once('.') else {
            let field = self.view.find(spot.model, path, parameter)?;
            return self.leaf(spot, field, condition, parameter);
        };
        let field = self.view.find(spot.model, name, parameter)?;
        match &field.kind {
            FieldKind::ToOne(_) => {
                let next = self.view.step(spot, field, &mut self.vars, parameter)?;
                self.along(&next, rest, asked)
            }
            FieldKind::ToMany(to_many) => self.exists(spot, (field, to_many.target), rest, asked),
            FieldKind::ManyToMany(join) => self.exists(spot, (field, join.target), rest, asked),
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_) => {
                let message = format!("`{name}` is not a relation and has no field `{rest}`");
                Err(parameter.refuse(Code::UnknownField, message))
            }
        }
    }

    fn exists(
        &mut self,
        spot: &Spot,
        relation: (&Field, ModelId),
        rest: &str,
        asked: (&Condition, Parameter<'_>),
    ) -> Result<Predicate> {
        let (field, target) = relation;
        let n_relations = self.view.count_relation(spot, asked.1)?;
        let guard = self.view.guarded(spot, field, &mut self.vars);
        let var = self.vars.next_var();
        let mut inner = self.view.start(Root::Var(var), target);
        inner.n_relations = n_relations;
        let rows = self.view.related_rows(field).rebase(&inner.base, &mut self.vars);
        let body = self.along(&inner, rest, asked)?;
        let exists = Predicate::Exists(Box::new(Quantified {
            root: spot.base.root,
            steps: spot.base.steps.clone(),
            model: spot.model,
            relation: field.id,
            var,
            body: Predicate::and([rows, body]),
        }));
        Ok(Predicate::and([guard, exists]))
    }

    fn leaf(
        &mut self,
        spot: &Spot,
        field: &'a Field,
        condition: &Condition,
        parameter: Parameter<'_>,
    ) -> Result<Predicate> {
        let found = self.view.value(spot, field, &mut self.vars);
        let slot = SlotType::of_field(self.view.schema(), field);
        let (Some(found), Some(slot)) = (found, slot) else {
            let message = format!("`{}` is a list of rows", field.name);
            let error = parameter.refuse(Code::InvalidParameter, message);
            return Err(error.with_hint(format!("name one of its fields: `{}.id`", field.name)));
        };
        let operator = condition.operator;
        if !suits(operator, field, slot.scalar()) {
            let message = format!("`{}` cannot be compared with `{}`", field.name, name(operator));
            let error = parameter.refuse(Code::InvalidParameter, message);
            let suitable = Operator::ALL.iter().filter(|(_, op)| suits(*op, field, slot.scalar()));
            return Err(error.with_allowed(suitable.map(|(name, _)| (*name).to_owned()).collect()));
        }
        let slot =
            if operator == Operator::IsNull { SlotType::of_scalar(Scalar::Boolean) } else { slot };
        let values: Vec<Operand> =
            (0..condition.n_values).map(|_| self.slot(slot)).collect::<Result<_>>()?;
        Ok(compared(operator, &found, values))
    }

    fn slot(&mut self, slot: SlotType) -> Result<Operand> {
        if self.slots.len() >= SLOTS_MAX {
            return Err(too_many_values());
        }
        let number = u16::try_from(self.slots.len()).map_err(|_| too_many_values())?;
        self.slots.push(slot);
        Ok(Operand::Slot(Slot(number)))
    }
}

fn too_many_values() -> Error {
    Error::new(Code::QueryTooComplex, "the query has too many values")
}

fn compared(operator: Operator, found: &Found<'_>, mut values: Vec<Operand>) -> Predicate {
    let left = found.operand.clone();
    if matches!(operator, Operator::In | Operator::Nin) {
        let within = Predicate::In { item: left, list: values };
        return if operator == Operator::In { within } else { within.negated() };
    }
    let Some(right) = values.pop() else {
        return Predicate::False;
    };
    let list = matches!(found.field.kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_));
    match operator {
        Operator::Eq => Predicate::Compare { op: CompareOp::Eq, left, right },
        Operator::Ne => Predicate::Compare { op: CompareOp::Ne, left, right },
        Operator::Gt => Predicate::Compare { op: CompareOp::Gt, left, right },
        Operator::Gte => Predicate::Compare { op: CompareOp::Ge, left, right },
        Operator::Lt => Predicate::Compare { op: CompareOp::Lt, left, right },
        Operator::Lte => Predicate::Compare { op: CompareOp::Le, left, right },
        Operator::Contains if list => Predicate::InList { item: right, list: left },
        Operator::Contains => text(TextOp::Contains, left, right),
        Operator::StartsWith => text(TextOp::StartsWith, left, right),
        Operator::EndsWith => text(TextOp::EndsWith, left, right),
        Operator::IsNull => is_null(left, right),
        Operator::In | Operator::Nin => unreachable!("invariant: lists were answered above"),
    }
}

fn text(op: TextOp, subject: Operand, needle: Operand) -> Predicate {
    Predicate::Text { op, subject, needle }
}

/// That the operand is null, or is not, as the value says.
fn is_null(operand: Operand, wanted: Operand) -> Predicate {
    let null = Predicate::IsNull(operand);
    let wanted = Predicate::IsTrue(wanted);
    Predicate::or([
        Predicate::and([wanted.clone(), null.clone()]),
        Predicate::and([wanted.negated(), null.negated()]),
    ])
}

/// Whether an operator means something for a field.
fn suits(operator: Operator, field: &Field, scalar: Scalar) -> bool {
    let list = matches!(field.kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_));
    let plain = !list && scalar != Scalar::Json;
    let named = matches!(field.kind, FieldKind::Enum(_));
    match operator {
        Operator::IsNull => true,
        Operator::Eq | Operator::Ne | Operator::In | Operator::Nin => plain,
        Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => {
            plain && !named && scalar != Scalar::Boolean
        }
        Operator::Contains if list => scalar != Scalar::Json,
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            plain
                && !named
                && matches!(
                    scalar,
                    Scalar::String | Scalar::Email | Scalar::Url | Scalar::Id(IdKind::String)
                )
        }
    }
}

fn name(operator: Operator) -> &'static str {
    let found = Operator::ALL.iter().find(|(_, known)| *known == operator);
    found.map_or("", |(name, _)| name)
}

/// The parameter as a client writes it.
fn parameter_of(condition: &Condition) -> String {
    if condition.operator == Operator::Eq {
        return condition.path.clone();
    }
    format!("{}[{}]", condition.path, name(condition.operator))
}
