//! Evaluators that are wrong in one point each: what must not agree with SQL.

use underpin_rules::{CompareOp, Operand, Path, Predicate, Quantified, TextOp};

/// A mistake in the meaning of predicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mutant {
    /// `!(a < b)` taken for `a >= b`, though a null is neither.
    OrderTurned,
    /// `a != b` false where one side is null, as SQL's `<>` has it.
    NullUnequalToNothing,
    /// `null == null` false, as SQL's `=` has it.
    NullUnequalToNull,
    /// A field that may not be read read all the same.
    GuardDropped,
    /// Any related row satisfies `exists`.
    BodyDropped,
    /// `<` taken for `<=`.
    Boundary,
    /// `startsWith` taken for `contains`.
    StartAnywhere,
    /// Whether a list contains a value taken for always.
    ListFull,
    /// A path over a relation taken for null.
    StepLost,
}

impl Mutant {
    pub(super) const ALL: &[Self] = &[
        Self::OrderTurned,
        Self::NullUnequalToNothing,
        Self::NullUnequalToNull,
        Self::GuardDropped,
        Self::BodyDropped,
        Self::Boundary,
        Self::StartAnywhere,
        Self::ListFull,
        Self::StepLost,
    ];

    /// The predicate with another meaning.
    pub(super) fn apply(self, predicate: &Predicate) -> Predicate {
        let inside = |parts: &[Predicate]| parts.iter().map(|part| self.apply(part)).collect();
        match predicate {
            Predicate::And(parts) => Predicate::And(inside(parts)),
            Predicate::Or(parts) => Predicate::Or(inside(parts)),
            Predicate::Not(inner) => self.negation(inner),
            Predicate::Exists(quantified) => Predicate::Exists(Box::new(Quantified {
                body: match self {
                    Self::BodyDropped => Predicate::True,
                    _ => self.apply(&quantified.body),
                },
                ..(**quantified).clone()
            })),
            Predicate::Compare { op, left, right } => {
                self.comparison(*op, self.operand(left), self.operand(right))
            }
            Predicate::In { item, list } => Predicate::In {
                item: self.operand(item),
                list: list.iter().map(|operand| self.operand(operand)).collect(),
            },
            Predicate::InList { .. } if self == Self::ListFull => Predicate::True,
            Predicate::InList { item, list } => {
                Predicate::InList { item: self.operand(item), list: self.operand(list) }
            }
            Predicate::Text { op, subject, needle } => Predicate::Text {
                op: if self == Self::StartAnywhere { TextOp::Contains } else { *op },
                subject: self.operand(subject),
                needle: self.operand(needle),
            },
            Predicate::IsNull(operand) => Predicate::IsNull(self.operand(operand)),
            Predicate::IsTrue(operand) => Predicate::IsTrue(self.operand(operand)),
            Predicate::True | Predicate::False | Predicate::Can(_) | Predicate::HasRole(_) => {
                predicate.clone()
            }
        }
    }

    fn negation(self, inner: &Predicate) -> Predicate {
        let turned = |op| match op {
            CompareOp::Lt => CompareOp::Ge,
            CompareOp::Le => CompareOp::Gt,
            CompareOp::Gt => CompareOp::Le,
            CompareOp::Ge => CompareOp::Lt,
            CompareOp::Eq => CompareOp::Ne,
            CompareOp::Ne => CompareOp::Eq,
        };
        match (self, inner) {
            (Self::OrderTurned, Predicate::Compare { op, left, right }) => {
                Predicate::Compare { op: turned(*op), left: left.clone(), right: right.clone() }
            }
            _ => Predicate::Not(Box::new(self.apply(inner))),
        }
    }

    fn comparison(self, op: CompareOp, left: Operand, right: Operand) -> Predicate {
        let both = [&left, &right].map(|operand| Predicate::IsNull(operand.clone()).negated());
        let op = if self == Self::Boundary && op == CompareOp::Lt { CompareOp::Le } else { op };
        let compared = Predicate::Compare { op, left, right };
        match (self, op) {
            (Self::NullUnequalToNothing, CompareOp::Ne)
            | (Self::NullUnequalToNull, CompareOp::Eq) => {
                Predicate::and(both.into_iter().chain([compared]))
            }
            _ => compared,
        }
    }

    fn operand(self, operand: &Operand) -> Operand {
        match (self, operand) {
            (Self::GuardDropped, Operand::Guarded(_, inner)) => self.operand(inner),
            (_, Operand::Guarded(guard, inner)) => {
                Operand::Guarded(Box::new(self.apply(guard)), Box::new(self.operand(inner)))
            }
            (_, Operand::Shifted(inner, micros)) => {
                Operand::Shifted(Box::new(self.operand(inner)), *micros)
            }
            (Self::StepLost, Operand::Path(Path { steps, .. })) if !steps.is_empty() => {
                Operand::Literal(underpin_schema::Value::Null)
            }
            _ => operand.clone(),
        }
    }
}
