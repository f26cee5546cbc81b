//! Makes predicates of predicates, without the parts that decide nothing.

use crate::{CompareOp, Operand, Predicate};

impl Predicate {
    /// All of `parts` hold. Flattens nested conjunctions, drops `True` and repetitions; one
    /// `False` makes the whole `False`.
    #[must_use]
    pub fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            if part == Self::False {
                return Self::False;
            }
            if let Self::And(inner) = part {
                inner.into_iter().for_each(|part| keep(&mut kept, part));
            } else if part != Self::True {
                keep(&mut kept, part);
            }
        }
        match kept.len() {
            0 => Self::True,
            1 => kept.remove(0),
            _ => Self::And(kept),
        }
    }

    /// At least one of `parts` holds. Flattens nested disjunctions, drops `False` and
    /// repetitions; one `True` makes the whole `True`.
    #[must_use]
    pub fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            if part == Self::True {
                return Self::True;
            }
            if let Self::Or(inner) = part {
                inner.into_iter().for_each(|part| keep(&mut kept, part));
            } else if part != Self::False {
                keep(&mut kept, part);
            }
        }
        match kept.len() {
            0 => Self::False,
            1 => kept.remove(0),
            _ => Self::Or(kept),
        }
    }

    /// The predicate does not hold. Goes inward through `&&`, `||`, `==` and `!=`, so that what
    /// is negated is as small as can be.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Not(inner) => *inner,
            Self::And(parts) => Self::or(parts.into_iter().map(Self::negated)),
            Self::Or(parts) => Self::and(parts.into_iter().map(Self::negated)),
            Self::Compare { op: CompareOp::Eq, left, right } => {
                Self::Compare { op: CompareOp::Ne, left, right }
            }
            Self::Compare { op: CompareOp::Ne, left, right } => {
                Self::Compare { op: CompareOp::Eq, left, right }
            }
            // The negation of an order is not the opposite order: where one side is null, `a < b`
            // is false and `!(a < b)` is true.
            inner @ (Self::Compare { .. }
            | Self::In { .. }
            | Self::InList { .. }
            | Self::Text { .. }
            | Self::IsNull(_)
            | Self::IsTrue(_)
            | Self::Exists(_)
            | Self::Can(_)
            | Self::HasRole(_)) => Self::Not(Box::new(inner)),
        }
    }
}

impl Operand {
    /// The operand where `guard` holds, else null.
    #[must_use]
    pub fn guarded(self, guard: Predicate) -> Self {
        if guard == Predicate::True {
            return self;
        }
        Self::Guarded(Box::new(guard), Box::new(self))
    }
}

fn keep(kept: &mut Vec<Predicate>, part: Predicate) {
    if !kept.contains(&part) {
        kept.push(part);
    }
}
