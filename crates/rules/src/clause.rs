//! A rule taken apart into its clauses, each with the place in the text where it stands.
//!
//! A [`Predicate`] is what a rule means, simplified and without places; whoever has to say which
//! part of a rule decided needs both. The parts are made by the same checker that makes the
//! predicate, so a clause means exactly what that part of the rule means.

use underpin_schema::{ModelId, RuleText, Schema};

use crate::checker::{Checker, Setting};
use crate::parser::{Literals, parse};
use crate::syntax::{Expr, ExprKind};
use crate::{Predicate, Quantified, Var};

/// Part of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// The first byte in the rule's text.
    pub start: usize,
    /// The byte of the text after the last one.
    pub end: usize,
    /// What the part means.
    pub predicate: Predicate,
    /// What it is made of.
    pub form: Form,
}

/// What a clause is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Form {
    /// A comparison, or whatever else is decided as a whole.
    Plain,
    /// `a && b`
    All(Vec<Clause>),
    /// `a || b`
    Any(Vec<Clause>),
    /// `!a`
    Not(Box<Clause>),
    /// `row.members.exists(m, …)` and `row.members.all(m, …)`
    Rows(Box<RowsClause>),
}

/// A clause about the rows of a relation.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsClause {
    /// Whether every row must satisfy the condition (`all`), or one (`exists`).
    pub every: bool,
    /// Which relation, and under which variable the condition speaks of a row. The body belongs to
    /// the predicate: for `all` it is the negation of the condition.
    pub relation: Quantified,
    /// The variable, as the rule calls it.
    pub name: String,
    /// The condition on a row.
    pub condition: Clause,
}

/// Where a rule stands, which decides what it may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// `@access`, but for `update`: `auth`, `row` and `request`.
    Access,
    /// `update` of `@access`: the same and `next`.
    Update,
    /// `@check`: the columns of `row`.
    Check,
}

impl Clause {
    /// The clauses of a rule of `model`, as one that holds them all. `None` for a rule that has a
    /// mistake, which compiling it reports.
    #[must_use]
    pub fn of(schema: &Schema, model: ModelId, rule: &RuleText, kind: RuleKind) -> Option<Self> {
        let setting = match kind {
            RuleKind::Access => Setting::Rule,
            RuleKind::Update => Setting::UpdateRule,
            RuleKind::Check => Setting::RowOnly,
        };
        let (expr, _) = parse(&rule.text, Literals::Keep).ok()?;
        Checker::new(schema, setting, model).clauses(&expr)
    }

    /// The part that `expr` was found to mean, made of the conditions found inside it.
    pub(crate) fn new(expr: &Expr, predicate: Predicate, mut parts: Vec<Self>) -> Self {
        let form = match &expr.kind {
            ExprKind::And(_) => Form::All(parts),
            ExprKind::Or(_) => Form::Any(parts),
            ExprKind::Not(_) => parts.pop().map_or(Form::Plain, |part| Form::Not(Box::new(part))),
            ExprKind::Method(_, name, arguments) => {
                rows_clause(&name.text, arguments, &predicate, parts)
                    .map_or(Form::Plain, Form::Rows)
            }
            ExprKind::Literal(_)
            | ExprKind::List(_)
            | ExprKind::Name(_)
            | ExprKind::Member(..)
            | ExprKind::Index(..)
            | ExprKind::Call(..)
            | ExprKind::Binary(..) => Form::Plain,
        };
        Self { start: expr.span.start, end: expr.span.end, predicate, form }
    }
}

fn rows_clause(
    method: &str,
    arguments: &[Expr],
    predicate: &Predicate,
    mut parts: Vec<Clause>,
) -> Option<Box<RowsClause>> {
    let every = match method {
        "exists" => false,
        "all" => true,
        _ => return None,
    };
    let [Expr { kind: ExprKind::Name(name), .. }, _] = arguments else { return None };
    let (relation, condition) = (outermost(predicate)?.clone(), parts.pop()?);
    Some(Box::new(RowsClause { every, relation, name: name.to_string(), condition }))
}

/// The question about rows that a call of a macro became, which may stand beside one whether there
/// is a row that has the relation.
fn outermost(predicate: &Predicate) -> Option<&Quantified> {
    match predicate {
        Predicate::Exists(quantified) => Some(quantified),
        Predicate::Not(inner) => outermost(inner),
        Predicate::And(parts) => parts.iter().find_map(outermost),
        Predicate::True
        | Predicate::False
        | Predicate::Or(_)
        | Predicate::Compare { .. }
        | Predicate::In { .. }
        | Predicate::InList { .. }
        | Predicate::Text { .. }
        | Predicate::IsNull(_)
        | Predicate::IsTrue(_)
        | Predicate::Can(_)
        | Predicate::HasRole(_) => None,
    }
}

impl RowsClause {
    /// The variable that the condition speaks of a row by.
    #[must_use]
    pub fn var(&self) -> Var {
        self.relation.var
    }
}

#[cfg(test)]
mod tests;
