//! The order of a list.

use underpin_base::{Code, Result};
use underpin_rules::{Operand, Root, Vars};
use underpin_schema::{FieldId, FieldKind, Model, ModelId, Scalar};

use crate::view::{Parameter, View};
use crate::{SlotType, SortKey, SortTerm};

/// An order with the key as its last term, and the number that names it.
pub(crate) struct Order {
    pub(crate) terms: Vec<SortTerm>,
    pub(crate) shape: u64,
}

/// Resolves an order of rows of `model`.
pub(crate) fn order(
    view: View<'_>,
    model: ModelId,
    keys: &[SortKey],
    vars: &mut Vars,
) -> Result<Order> {
    let terms_max = view.limits.sort_terms_max;
    if keys.len() > terms_max {
        let message = format!("rows are sorted by at most {terms_max} fields");
        return Err(Parameter::Sort.refuse(Code::QueryTooComplex, message));
    }
    let key = view.model(model).key;
    let mut terms: Vec<SortTerm> = Vec::new();
    let mut columns = Vec::new();
    for (place, sort) in keys.iter().enumerate() {
        if keys[..place].iter().any(|earlier| earlier.path == sort.path) {
            let message = format!("`{}` is sorted by twice", sort.path);
            return Err(Parameter::Sort.refuse(Code::InvalidParameter, message));
        }
        let (term, column) = resolve(view, model, sort, vars)?;
        // The key is unique: whatever follows it decides nothing, but must exist all the same.
        if columns.last().is_some_and(|(last, _)| *last == Some(key)) {
            continue;
        }
        terms.push(term);
        columns.push((column, sort.descending));
    }
    let mut shape = Shape::of(view.model(model), &keys[..terms.len()]);
    if columns.last().is_none_or(|(column, _)| *column != Some(key)) {
        let descending = last_descends(view.model(model), &columns);
        shape.key(descending);
        terms.push(key_term(view, model, descending));
    }
    Ok(Order { terms, shape: shape.0 })
}

fn resolve(
    view: View<'_>,
    model: ModelId,
    sort: &SortKey,
    vars: &mut Vars,
) -> Result<(SortTerm, Option<FieldId>)> {
    let mut spot = view.start(Root::Row, model);
    let mut rest = sort.path.as_str();
    while let Some((name, further)) = rest.split_once('.') {
        let field = view.find(spot.model, name, Parameter::Sort)?;
        spot = view.step(&spot, field, vars, Parameter::Sort)?;
        rest = further;
    }
    let field = view.find(spot.model, rest, Parameter::Sort)?;
    let sortable = match &field.kind {
        FieldKind::Scalar(scalar) => *scalar != Scalar::Json,
        FieldKind::Enum(_) | FieldKind::ToOne(_) => true,
        FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToMany(_)
        | FieldKind::ManyToMany(_) => false,
    };
    let found = view.value(&spot, field, vars).filter(|_| sortable).ok_or_else(|| {
        let message = format!("rows have no order by `{}`", sort.path);
        Parameter::Sort.refuse(Code::InvalidParameter, message)
    })?;
    let column = matches!(&found.operand, Operand::Path(path) if path.steps.is_empty());
    let term =
        SortTerm { operand: found.operand, nullable: found.nullable, descending: sort.descending };
    Ok((term, column.then_some(field.id)))
}

fn key_term(view: View<'_>, model: ModelId, descending: bool) -> SortTerm {
    let key = view.model(model).key_field();
    let spot = view.start(Root::Row, model);
    let operand =
        Operand::Path(view.path(&spot, key, SlotType::of_key(view.model(model)).scalar()));
    SortTerm { operand, nullable: false, descending }
}

/// Whether the key, as the last term, descends. Rows with equal values stand in an index in
/// ascending order of their keys, whichever way its columns run: where an index gives the order,
/// the key follows it, so that the rows need not be sorted again.
fn last_descends(model: &Model, terms: &[(Option<FieldId>, bool)]) -> bool {
    let Some((_, last)) = terms.last() else {
        return false;
    };
    // Only what stands at the end of an index is followed by the key.
    let ends =
        model.indexes.iter().filter(|index| index.filter.is_none()).filter_map(|index| {
            index.columns.len().checked_sub(terms.len()).map(|from| (index, from))
        });
    for (index, from) in ends {
        let runs = |reversed: bool| {
            index.columns[from..].iter().zip(terms).all(|(column, (field, descending))| {
                Some(column.field) == *field && (column.descending != *descending) == reversed
            })
        };
        if runs(false) {
            return false;
        }
        if runs(true) {
            return true;
        }
    }
    *last
}

/// A hash (FNV-1a) of what a cursor depends on. By names, so that it outlives the process.
struct Shape(u64);

impl Shape {
    fn of(model: &Model, keys: &[SortKey]) -> Self {
        let mut shape = Self(0xcbf2_9ce4_8422_2325);
        shape.text(&model.name);
        for key in keys {
            shape.text(if key.descending { "-" } else { "+" });
            shape.text(&key.path);
        }
        shape
    }

    fn key(&mut self, descending: bool) {
        self.text(if descending { "-" } else { "+" });
    }

    fn text(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
