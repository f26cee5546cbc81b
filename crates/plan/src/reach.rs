//! Which columns of the row a predicate looks at.

use underpin_rules::{Predicate, Root};
use underpin_schema::FieldId;

/// The columns of `row` that decide the predicate, references on the way to other rows included.
pub(crate) fn columns(predicate: &Predicate) -> Vec<FieldId> {
    let mut columns = Vec::new();
    predicate.visit(&mut |part| {
        if let Predicate::Exists(quantified) = part
            && quantified.root == Root::Row
        {
            columns.extend(quantified.steps.first());
        }
        for path in part.operands().filter_map(|operand| operand.path()) {
            if path.root == Root::Row {
                columns.push(path.steps.first().copied().unwrap_or(path.field));
            }
        }
    });
    columns
}
