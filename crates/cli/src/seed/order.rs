//! The order of seed files: what is referred to comes before what refers to it.

use underpin_plan::Document;
use underpin_schema::{FieldKind, Model, ModelId, Value};

/// What the order depends on: the model of a file, and the models its rows refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) model: ModelId,
    pub(super) targets: Vec<ModelId>,
}

/// The places of `nodes` in an order in which none refers to a later one, as far as there is such
/// an order; otherwise as they came.
pub(super) fn by_references(nodes: &[Node]) -> Vec<usize> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut seen = vec![false; nodes.len()];
    for index in 0..nodes.len() {
        visit(index, nodes, &mut seen, &mut order);
    }
    order
}

/// Deep at most as many models as there are.
fn visit(index: usize, nodes: &[Node], seen: &mut [bool], order: &mut Vec<usize>) {
    // A node that is being visited counts as seen: a cycle ends here.
    if std::mem::replace(&mut seen[index], true) {
        return;
    }
    for (other, node) in nodes.iter().enumerate() {
        if nodes[index].targets.contains(&node.model) {
            visit(other, nodes, seen, order);
        }
    }
    order.push(index);
}

/// The models that a row refers to. Fields that no row sets do not count, so that models which may
/// refer to each other rarely stand in each other's way.
pub(super) fn targets<'a>(
    model: &'a Model,
    document: &'a Document,
) -> impl Iterator<Item = ModelId> + 'a {
    let set = document.entries.iter().filter(|(_, value)| *value != Value::Null);
    set.filter_map(|(field, _)| match &model.field(*field).kind {
        FieldKind::ToOne(to_one) => Some(to_one.target),
        FieldKind::ManyToMany(join) => Some(join.target),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToMany(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(model: u16, targets: &[u16]) -> Node {
        let targets = targets.iter().map(|target| ModelId(*target)).collect();
        Node { model: ModelId(model), targets }
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let nodes = [node(0, &[1, 2]), node(1, &[2]), node(2, &[]), node(3, &[])];
        assert_eq!(by_references(&nodes), [2, 1, 0, 3]);
    }

    #[test]
    fn a_model_that_refers_to_itself_or_a_cycle_keeps_its_place() {
        assert_eq!(by_references(&[node(0, &[0]), node(1, &[])]), [0, 1]);
        assert_eq!(by_references(&[node(0, &[1]), node(1, &[0])]), [1, 0]);
    }

    #[test]
    fn two_files_of_one_model_both_come_first() {
        let nodes = [node(1, &[0]), node(0, &[]), node(0, &[])];
        assert_eq!(by_references(&nodes), [1, 2, 0]);
    }
}
