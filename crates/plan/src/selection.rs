//! What is returned of each row: `fields` and `include`.

use underpin_base::{Code, Result};
use underpin_rules::{Predicate, Vars};
use underpin_schema::{Field, FieldId, FieldKind, ModelId};

use crate::sort;
use crate::view::{Parameter, View};
use crate::{Member, Rows, Selection, Source};

/// By how much a list within a list has fewer rows than the list around it. Without that, lists on
/// five levels of 100 rows each would be ten thousand million rows; where a list is cut, its cursor
/// leads on.
const NESTED_FEWER: u32 = 10;

/// What is wanted of the rows of one model.
#[derive(Debug, Default)]
struct Wanted {
    /// The columns that `fields` names; every column while it names nothing at this level.
    columns: Option<Vec<FieldId>>,
    /// The relations that `include` names.
    relations: Vec<(FieldId, Self)>,
}

impl Wanted {
    fn relation(&mut self, field: FieldId) -> Option<&mut Self> {
        self.relations.iter_mut().find(|(id, _)| *id == field).map(|(_, wanted)| wanted)
    }
}

/// The members of a row of `model`.
pub(crate) fn members(
    view: View<'_>,
    model: ModelId,
    fields: Option<&[String]>,
    include: &[String],
) -> Result<Vec<Member>> {
    let mut wanted = Wanted::default();
    let mut n_included = 0;
    for path in include {
        n_included += add_relations(view, model, path, &mut wanted)?;
    }
    let includes_max = view.limits.includes_max;
    if n_included > includes_max {
        let message = format!("more than {includes_max} relations are included");
        return Err(Parameter::Include.refuse(Code::QueryTooComplex, message));
    }
    if let Some(fields) = fields {
        // A request for no field at all returns empty objects, not every column.
        wanted.columns = Some(Vec::new());
        for path in fields {
            add_field(view, model, path, &mut wanted)?;
        }
    }
    assemble(view, model, &wanted, view.limits.include_rows_max)
}

/// Adds the relations of one path of `include`; returns how many were not there yet.
fn add_relations(view: View<'_>, model: ModelId, path: &str, wanted: &mut Wanted) -> Result<usize> {
    let (mut model, mut wanted) = (model, wanted);
    let mut n_added = 0;
    for (depth, name) in path.split('.').enumerate() {
        let field = view.find(model, name, Parameter::Include)?;
        let Some(target) = target(field) else {
            let message = format!("`{name}` is not a relation");
            return Err(Parameter::Include.refuse(Code::InvalidParameter, message));
        };
        // A reference to rows that are never visible reads as a key, but leads nowhere.
        if view.rules(target).read == Predicate::False {
            let message = format!("`{name}` cannot be included");
            return Err(Parameter::Include.refuse(Code::UnknownField, message));
        }
        let depth_max = view.limits.relation_depth_max;
        if depth >= depth_max {
            let message = format!("the path goes over more than {depth_max} relations");
            return Err(Parameter::Include.refuse(Code::QueryTooComplex, message));
        }
        if wanted.relation(field.id).is_none() {
            wanted.relations.push((field.id, Wanted::default()));
            n_added += 1;
        }
        wanted = wanted.relation(field.id).expect("invariant: the relation was added above");
        model = target;
    }
    Ok(n_added)
}

/// Adds one path of `fields`.
fn add_field(view: View<'_>, model: ModelId, path: &str, wanted: &mut Wanted) -> Result<()> {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let field = view.find(model, name, Parameter::Fields)?;
    let columns = wanted.columns.get_or_insert_default();
    if field.has_column() && rest.is_none() && !columns.contains(&field.id) {
        columns.push(field.id);
    }
    match (target(field), wanted.relation(field.id), rest) {
        (Some(target), Some(inner), Some(rest)) => add_field(view, target, rest, inner),
        (Some(_), None, Some(_)) => Err(not_included(name)),
        (Some(_), None, None) if !field.has_column() => Err(not_included(name)),
        (None, _, Some(rest)) => {
            let message = format!("`{name}` is not a relation and has no field `{rest}`");
            Err(Parameter::Fields.refuse(Code::UnknownField, message))
        }
        (_, _, None) => Ok(()),
    }
}

fn not_included(name: &str) -> underpin_base::Error {
    let message = format!("`{name}` is a relation that the request does not include");
    let error = Parameter::Fields.refuse(Code::InvalidParameter, message);
    error.with_hint(format!("add it to `include`: `include={name}`"))
}

/// The members of a row. `rows_max` bounds the lists in it.
fn assemble(view: View<'_>, model: ModelId, wanted: &Wanted, rows_max: u32) -> Result<Vec<Member>> {
    let mut members = Vec::new();
    for field in &view.model(model).fields {
        let shown = view.guard(model, field);
        if let Some((_, inner)) = wanted.relations.iter().find(|(id, _)| *id == field.id) {
            let selection = Box::new(included(view, (model, field), inner, rows_max)?);
            members.push(Member::Relation { field: field.id, shown: shown.clone(), selection });
            continue;
        }
        let named = wanted.columns.as_ref().is_none_or(|columns| columns.contains(&field.id));
        if named && field.has_column() && view.exists(model, field) {
            members.push(Member::Column { field: field.id, shown: shown.clone() });
        }
    }
    Ok(members)
}

fn included(
    view: View<'_>,
    relation: (ModelId, &Field),
    wanted: &Wanted,
    rows_max: u32,
) -> Result<Selection> {
    let (model, field) = relation;
    let target = target(field).expect("invariant: only relations are included");
    let (rows, nested_max) = if is_list(field) {
        (Rows::Included(rows_max), (rows_max / NESTED_FEWER).max(1))
    } else {
        (Rows::One, rows_max)
    };
    let order = sort::order(view, target, &[], &mut Vars::default())?;
    Ok(Selection {
        model: target,
        source: Source::Relation(model, field.id),
        condition: view.related_rows(field),
        members: assemble(view, target, wanted, nested_max)?,
        sort: if rows == Rows::One { Vec::new() } else { order.terms },
        cursor_shape: order.shape,
        rows,
    })
}

/// The model that a relation leads to; `None` for other fields.
pub(crate) fn target(field: &Field) -> Option<ModelId> {
    match &field.kind {
        FieldKind::ToOne(to_one) => Some(to_one.target),
        FieldKind::ToMany(to_many) => Some(to_many.target),
        FieldKind::ManyToMany(join) => Some(join.target),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => None,
    }
}

/// Whether a relation leads to a list of rows.
pub(crate) fn is_list(field: &Field) -> bool {
    match &field.kind {
        FieldKind::ToMany(to_many) => !to_many.single,
        FieldKind::ManyToMany(_) => true,
        FieldKind::ToOne(_)
        | FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_) => false,
    }
}
