//! Gives an expression its meaning: resolves names against a schema and types every operand.
//!
//! Rules and filters pass through the same checker. They differ in the names that stand at the
//! front of a path and in what may be named at all, which is a [`Setting`]; a field or row that an
//! actor may not read is guarded here, so that no filter can ask about it. Finds every mistake, not
//! the first.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not one of the terms wanted is refused, whichever it is"
)]

use underpin_schema::{FieldId, ModelId, Scalar, Schema};

use crate::filter::Visible;
use crate::problem::{Fault, Problem};
use crate::rebase::{Base, Vars};
use crate::syntax::{BinaryOp, Expr, ExprKind, Literal, LiteralKind, Span};
use crate::typing::Type;
use crate::{Clause, Operand, Predicate, Slot, Var};

mod call;
mod compare;
mod name;
mod owner;
#[cfg(test)]
mod tests;

/// Relations on the longest path of a rule, those of `exists` around it included.
pub(crate) const RULE_RELATIONS_MAX: usize = 5;

/// What an expression may speak of.
#[derive(Clone, Copy)]
pub(crate) enum Setting<'a> {
    /// `auth`, `row` and `request`.
    Rule,
    /// The same and `next`.
    UpdateRule,
    /// The columns of `row` and constants.
    RowOnly,
    /// The fields that an actor may read, standing bare, and `request.time`.
    Filter(&'a dyn Visible),
}

/// Checks one expression about rows of one model.
pub(crate) struct Checker<'a> {
    schema: &'a Schema,
    setting: Setting<'a>,
    model: ModelId,
    relations_max: usize,
    first_slot: u16,
    /// Variables in scope, innermost last.
    scope: Vec<Bound<'a>>,
    vars: Vars,
    /// The types of the slots, as literals find their place.
    slots: Vec<Option<Type>>,
    /// Where a field that may be null was compared with `auth.id`.
    owned: Vec<Span>,
    /// The clauses found so far, where they are wanted; those inside another are part of it.
    clauses: Option<Vec<Clause>>,
    problems: Vec<Problem>,
}

/// A variable of an `exists` or `all` around the expression.
struct Bound<'a> {
    name: &'a str,
    var: Var,
    model: ModelId,
    /// Relations followed to reach its rows.
    n_relations: usize,
}

/// What an expression turned out to be.
enum Term<'a> {
    /// True or false of each row.
    Condition(Predicate),
    /// A value with a type.
    Value(Operand, Type),
    /// A literal that takes the type of what it meets.
    Literal(&'a Literal),
    /// A list of expressions in brackets.
    Items(&'a [Expr]),
    /// A field that holds a list, and the type of its items.
    List(Operand, Type),
    /// A row.
    Row(Place),
    /// A to-one field: the key it holds, or the row it leads to.
    Reference(Place, FieldId),
    /// A to-many or many-to-many field.
    Rows(Place, FieldId),
    Auth,
    AuthUser,
    Claims,
    Roles,
    Request,
}

/// A row that a path has reached.
#[derive(Clone)]
struct Place {
    base: Base,
    /// The model of the row.
    model: ModelId,
    /// Where the actor may see everything on the way.
    guard: Predicate,
    n_relations: usize,
}

/// What came of checking an expression.
pub(crate) struct Checked {
    pub(crate) predicate: Predicate,
    /// One for each slot.
    pub(crate) slots: Vec<Type>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(schema: &'a Schema, setting: Setting<'a>, model: ModelId) -> Self {
        Self {
            schema,
            setting,
            model,
            relations_max: RULE_RELATIONS_MAX,
            first_slot: 0,
            scope: Vec::new(),
            vars: Vars::default(),
            slots: Vec::new(),
            owned: Vec::new(),
            clauses: None,
            problems: Vec::new(),
        }
    }

    /// Expects `n_slots` literals to travel apart, in slots from `first_slot` on.
    pub(crate) fn with_slots(mut self, first_slot: u16, n_slots: u16) -> Self {
        self.first_slot = first_slot;
        self.slots = vec![None; usize::from(n_slots)];
        self
    }

    pub(crate) fn with_relations_max(mut self, relations_max: usize) -> Self {
        self.relations_max = relations_max;
        self
    }

    /// Checks the whole expression, which must be a condition. Warnings come with the predicate.
    pub(crate) fn check(mut self, expr: &'a Expr) -> (Option<Checked>, Vec<Problem>) {
        let predicate = self.condition(expr);
        let n_slots = self.slots.len();
        let slots: Vec<Type> = self.slots.into_iter().flatten().collect();
        let refused = self.problems.iter().any(|problem| !problem.fault.is_warning());
        if let Some(predicate) = &predicate
            && !refused
        {
            self.problems.extend(owner::null_owner(predicate, self.owned.as_slice()));
        }
        match predicate {
            Some(predicate) if !refused && slots.len() == n_slots => {
                (Some(Checked { predicate, slots }), self.problems)
            }
            _ => (None, self.problems),
        }
    }

    /// Checks the whole expression, which must be a condition, for its clauses.
    pub(crate) fn clauses(mut self, expr: &'a Expr) -> Option<Clause> {
        self.clauses = Some(Vec::new());
        self.condition(expr)?;
        let refused = self.problems.iter().any(|problem| !problem.fault.is_warning());
        self.clauses.and_then(|mut clauses| clauses.pop()).filter(|_| !refused)
    }

    /// An expression that must be true or false.
    fn condition(&mut self, expr: &'a Expr) -> Option<Predicate> {
        let n_before = self.clauses.as_ref().map_or(0, Vec::len);
        let predicate = self.condition_of_term(expr)?;
        if let Some(clauses) = &mut self.clauses {
            let parts = clauses.split_off(n_before);
            clauses.push(Clause::new(expr, predicate.clone(), parts));
        }
        Some(predicate)
    }

    fn condition_of_term(&mut self, expr: &'a Expr) -> Option<Predicate> {
        match self.term(expr)? {
            Term::Condition(predicate) => Some(predicate),
            Term::Value(operand, ty) if ty.scalar == Scalar::Boolean => {
                Some(Predicate::IsTrue(operand))
            }
            Term::Literal(Literal::Bool(true)) => Some(Predicate::True),
            Term::Literal(Literal::Bool(false)) => Some(Predicate::False),
            other => {
                let found = self.describe(&other);
                self.refuse(
                    Problem::new(
                        Fault::TypeMismatch,
                        expr.span,
                        format!("expected a condition, found {found}"),
                    )
                    .with_help("compare it with something: `==`, `!=`, `<`, `in`, `has(…)`"),
                )
            }
        }
    }

    fn term(&mut self, expr: &'a Expr) -> Option<Term<'a>> {
        match &expr.kind {
            ExprKind::Literal(literal) => Some(Term::Literal(literal)),
            ExprKind::List(items) => Some(Term::Items(items)),
            ExprKind::Name(name) => self.root_name(name, expr.span),
            ExprKind::Member(receiver, name) => {
                let receiver = self.term(receiver)?;
                self.member(receiver, name)
            }
            ExprKind::Index(receiver, index) => self.index(receiver, index),
            ExprKind::Call(name, arguments) => self.call(name, arguments),
            ExprKind::Method(receiver, name, arguments) => self.method(receiver, name, arguments),
            ExprKind::Not(inner) => {
                self.condition(inner).map(|inner| Term::Condition(inner.negated()))
            }
            ExprKind::And(parts) => {
                self.conditions(parts).map(|parts| Term::Condition(Predicate::and(parts)))
            }
            ExprKind::Or(parts) => {
                self.conditions(parts).map(|parts| Term::Condition(Predicate::or(parts)))
            }
            ExprKind::Binary(op, left, right) => match op {
                BinaryOp::Add | BinaryOp::Sub => self.shift(*op, left, right, expr.span),
                BinaryOp::In => self.membership(left, right).map(Term::Condition),
                BinaryOp::Eq
                | BinaryOp::Ne
                | BinaryOp::Lt
                | BinaryOp::Le
                | BinaryOp::Gt
                | BinaryOp::Ge => self.comparison(*op, left, right).map(Term::Condition),
            },
        }
    }

    /// All of them are checked, also after a mistake in one.
    fn conditions(&mut self, parts: &'a [Expr]) -> Option<Vec<Predicate>> {
        let checked: Vec<Option<Predicate>> =
            parts.iter().map(|part| self.condition(part)).collect();
        checked.into_iter().collect()
    }

    /// A term as a value: a to-one field gives the key it holds.
    fn value(&mut self, term: Term<'a>, span: Span) -> Option<(Operand, Type)> {
        match term {
            Term::Value(operand, ty) => Some((operand, ty)),
            Term::Reference(place, field) => Some(self.column(&place, field)),
            other => self.not_a_value(&other, span),
        }
    }

    fn not_a_value<T>(&mut self, term: &Term<'a>, span: Span) -> Option<T> {
        let (fault, help) = match term {
            Term::Rows(..) => (
                Fault::RelationAsValue,
                Some("ask of its rows: `.exists(x, x.id == …)` or `.all(x, …)`"),
            ),
            Term::Row(_) => (Fault::TypeMismatch, Some("name one of its fields: `.id`")),
            Term::Roles => (Fault::TypeMismatch, Some("write `auth.is('…')`")),
            Term::Items(_) => (Fault::TypeMismatch, Some("a list stands on the right of `in`")),
            Term::List(..) => (Fault::TypeMismatch, Some("write `… in` before it, or `size(…)`")),
            Term::Condition(_) => {
                (Fault::TypeMismatch, Some("join conditions with `&&`, `||` and `!`"))
            }
            Term::Value(..)
            | Term::Literal(_)
            | Term::Reference(..)
            | Term::Auth
            | Term::AuthUser
            | Term::Claims
            | Term::Request => (Fault::TypeMismatch, None),
        };
        let message = format!("expected a value, found {}", self.describe(term));
        self.refuse(Problem::new(fault, span, message).with_help_opt(help.map(str::to_owned)))
    }

    fn describe(&self, term: &Term<'_>) -> String {
        let text = match term {
            Term::Condition(_) => "a condition",
            Term::Value(_, ty) => return ty.describe(self.schema),
            Term::Literal(Literal::Null) => "`null`",
            Term::Literal(Literal::Bool(_)) => "a boolean",
            Term::Literal(Literal::Number(_) | Literal::Slot(_, LiteralKind::Number)) => "a number",
            Term::Literal(Literal::Text(_) | Literal::Slot(_, LiteralKind::Text)) => "a text",
            Term::Items(_) | Term::List(..) => "a list",
            Term::Row(_) => "a row",
            Term::Reference(..) => "a to-one relation",
            Term::Rows(..) => "a to-many relation",
            Term::Auth => "`auth`",
            Term::AuthUser => "`auth.user`",
            Term::Claims => "`auth.claims`",
            Term::Roles => "`auth.roles`",
            Term::Request => "`request`",
        };
        text.to_owned()
    }

    /// Notes a mistake; gives nothing, so that a caller can return it.
    fn refuse<T>(&mut self, problem: Problem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Fills a slot with a type, or gives the literal that stands in the expression.
    fn slot(&mut self, slot: u16, ty: Type) -> Operand {
        self.slots[usize::from(slot)] = Some(ty);
        Operand::Slot(Slot(self.first_slot + slot))
    }
}
