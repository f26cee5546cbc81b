//! Decides the clauses of a rule one by one, and keeps what was compared.
//!
//! Says the same as [`eval`](crate::eval()) of the whole rule, which a property test holds it to,
//! but looks at every clause, also where an earlier one has decided.

use underpin_schema::Value;

use crate::clause::RowsClause;
use crate::eval::Evaluation;
use crate::{Clause, Form, Operand, Rows, Situation};

/// Rows of one relation that are looked at one by one; of the others it is only known that they
/// decide nothing.
const ROWS_MAX: usize = 100;

/// A clause and what became of it.
#[derive(Debug, Clone)]
pub struct Trace<'a, R> {
    /// The clause.
    pub clause: &'a Clause,
    /// Whether it holds.
    pub holds: bool,
    /// What the operands of a [`Form::Plain`] clause were, but for literals.
    pub values: Vec<(Operand, Value)>,
    /// The parts of [`Form::All`], [`Form::Any`] and [`Form::Not`].
    pub parts: Vec<Self>,
    /// Rows of a [`Form::Rows`] clause, and what became of the condition on each. Not more than a
    /// hundred; the one that decides is among them.
    pub rows: Vec<(R, Self)>,
    /// How many rows there are.
    pub n_rows: usize,
}

/// Decides a clause.
pub fn trace<'a, R: Rows>(clause: &'a Clause, situation: &Situation<'_, R>) -> Trace<'a, R::Row> {
    Evaluation::new(situation).trace(clause)
}

impl<'a, R> Trace<'a, R> {
    fn decided(clause: &'a Clause, holds: bool) -> Self {
        Self { clause, holds, values: Vec::new(), parts: Vec::new(), rows: Vec::new(), n_rows: 0 }
    }
}

impl<R: Rows> Evaluation<'_, R> {
    fn trace<'a>(&mut self, clause: &'a Clause) -> Trace<'a, R::Row> {
        match &clause.form {
            Form::Plain => {
                let holds = self.holds(&clause.predicate);
                Trace { values: self.values(clause), ..Trace::decided(clause, holds) }
            }
            Form::All(parts) => {
                let parts = self.parts(parts);
                let holds = parts.iter().all(|part| part.holds);
                Trace { parts, ..Trace::decided(clause, holds) }
            }
            Form::Any(parts) => {
                let parts = self.parts(parts);
                let holds = parts.iter().any(|part| part.holds);
                Trace { parts, ..Trace::decided(clause, holds) }
            }
            Form::Not(part) => {
                let part = self.trace(part);
                Trace { parts: vec![part.clone()], ..Trace::decided(clause, !part.holds) }
            }
            Form::Rows(rows) => self.trace_rows(clause, rows),
        }
    }

    fn parts<'a>(&mut self, parts: &'a [Clause]) -> Vec<Trace<'a, R::Row>> {
        parts.iter().map(|part| self.trace(part)).collect()
    }

    fn trace_rows<'a>(&mut self, clause: &'a Clause, rows: &'a RowsClause) -> Trace<'a, R::Row> {
        let relation = &rows.relation;
        let related = match self.row_at(relation.root, &relation.steps) {
            Some(row) => self.situation.rows.related(&row, relation.relation),
            None => Vec::new(),
        };
        let n_rows = related.len();
        let mut traced: Vec<(R::Row, Trace<'a, R::Row>)> = Vec::new();
        for row in related {
            self.bound.push((relation.var, row.clone()));
            let trace = self.trace(&rows.condition);
            self.bound.pop();
            // `exists` is decided by a row that satisfies, `all` by one that does not.
            let decides = trace.holds != rows.every;
            if decides && traced.len() >= ROWS_MAX {
                traced.pop();
            }
            if traced.len() < ROWS_MAX {
                traced.push((row, trace));
            }
            if decides {
                break;
            }
        }
        // Neither holds of a relation whose row is not there, which the predicate knows.
        let holds = self.holds(&clause.predicate);
        Trace { rows: traced, n_rows, ..Trace::decided(clause, holds) }
    }

    /// What the operands were, each once.
    fn values(&mut self, clause: &Clause) -> Vec<(Operand, Value)> {
        let mut operands: Vec<Operand> = Vec::new();
        clause.predicate.visit(&mut |part| {
            for operand in part.operands() {
                let is_literal = matches!(operand, Operand::Literal(_));
                if !is_literal && !operands.contains(operand) {
                    operands.push(operand.clone());
                }
            }
        });
        operands
            .into_iter()
            .map(|operand| {
                let value = self.value(&operand);
                (operand, value)
            })
            .collect()
    }
}
