//! Warns of rules that give anonymous callers what nobody owns.
//!
//! `auth.id` is null for whoever is not a user, and null equals null, so `row.owner == auth.id`
//! holds for strangers on rows without an owner. Whether a rule as a whole lets that happen is
//! found by folding it for a stranger with and without the comparison.

use crate::problem::{Fault, Problem};
use crate::syntax::Span;
use crate::{ActorValue, CompareOp, Facts, Operand, Predicate, Quantified, fold};

const STRANGER: Facts<'static> =
    Facts { kind: "anonymous", roles: &[], permissions: &[], scopes: None, is_account: false };

/// Whether two operands are `auth.id` and a field that may be null.
pub(super) fn is_null_for_nobody(left: &Operand, right: &Operand) -> bool {
    let nullable = |operand: &Operand| operand.path().is_some_and(|path| path.nullable);
    let is_id = |operand: &Operand| *operand == Operand::Actor(ActorValue::Id);
    (is_id(left) && nullable(right)) || (is_id(right) && nullable(left))
}

/// A warning when one of the comparisons at `spans` decides for a stranger.
pub(super) fn null_owner(predicate: &Predicate, spans: &[Span]) -> Option<Problem> {
    let span = spans.first()?;
    let without = without_owners(predicate);
    if fold(predicate, &STRANGER) == fold(&without, &STRANGER) {
        return None;
    }
    let message = "this holds for anonymous callers where the field is null";
    Some(
        Problem::new(Fault::NullOwner, *span, message)
            .with_help("ask for a user first: `auth.kind == 'user' && …`"),
    )
}

/// The predicate with every such comparison false.
fn without_owners(predicate: &Predicate) -> Predicate {
    let all = |parts: &[Predicate]| parts.iter().map(without_owners).collect();
    match predicate {
        Predicate::Compare { op: CompareOp::Eq, left, right }
            if is_null_for_nobody(left, right) =>
        {
            Predicate::False
        }
        Predicate::And(parts) => Predicate::And(all(parts)),
        Predicate::Or(parts) => Predicate::Or(all(parts)),
        Predicate::Not(inner) => Predicate::Not(Box::new(without_owners(inner))),
        Predicate::Exists(quantified) => Predicate::Exists(Box::new(Quantified {
            body: without_owners(&quantified.body),
            ..(**quantified).clone()
        })),
        Predicate::True
        | Predicate::False
        | Predicate::Compare { .. }
        | Predicate::In { .. }
        | Predicate::InList { .. }
        | Predicate::Text { .. }
        | Predicate::IsNull(_)
        | Predicate::IsTrue(_)
        | Predicate::Can(_)
        | Predicate::HasRole(_) => predicate.clone(),
    }
}
