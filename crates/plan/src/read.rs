//! Authorizes reads: the only maker of [`AuthorizedRead`].

use underpin_base::{Code, Limits, Result};
use underpin_rules::{FilterExpr, Predicate, Vars};
use underpin_schema::ModelId;

use crate::condition::Conditions;
use crate::selection::{is_list, members, target};
use crate::view::{Parameter, View};
use crate::{
    AuthorizedRead, Catalog, Folded, PageRequest, Paging, Parent, ReadPlan, ReadRequest, Rows,
    Selection, SlotType, Source, Target, sort,
};

/// Resolves what a read names and applies the rules of the profile that `folded` was made for.
///
/// # Errors
/// `UNKNOWN_FIELD` for what does not exist or is never readable, which must not differ;
/// `INVALID_PARAMETER`, `INVALID_FILTER` and `QUERY_TOO_COMPLEX` for what makes no sense or is too
/// much; `FORBIDDEN`, or `UNAUTHENTICATED` for anonymous actors, when no rule ever shows the
/// profile a row.
pub fn authorize_read(
    catalog: &Catalog,
    folded: &Folded,
    request: &ReadRequest,
    limits: &Limits,
) -> Result<AuthorizedRead> {
    let view = View { catalog, folded, limits };
    let place = place(view, request.target)?;
    view.require_rows(place.model)?;
    let listed = place.rows == Rows::Page;
    if !listed && (!request.conditions.is_empty() || request.filter.is_some()) {
        let parameter = Parameter::Condition("filter");
        return Err(parameter.refuse(Code::InvalidParameter, "one row cannot be filtered"));
    }
    let mut wanted = wanted(view, &place, request)?;
    let order = if listed {
        sort::order(view, place.model, &request.sort, &mut wanted.vars)?
    } else {
        sort::order(view, place.model, &[], &mut wanted.vars)?
    };
    wanted.parts.insert(0, place.visible);
    let root = Selection {
        model: place.model,
        source: place.source,
        condition: Predicate::and(wanted.parts),
        members: members(view, place.model, request.fields.as_deref(), &request.include)?,
        sort: if listed { order.terms } else { Vec::new() },
        cursor_shape: order.shape,
        rows: place.rows,
    };
    let one = PageRequest { paging: Paging::First, count: false };
    Ok(AuthorizedRead(ReadPlan {
        parent: place.parent,
        root,
        page: if listed { request.page } else { one },
        slots: wanted.slots,
        actor: folded.profile().kind,
    }))
}

/// Where the rows of a read are found.
struct Place {
    model: ModelId,
    source: Source,
    rows: Rows,
    /// Which rows there the profile may see.
    visible: Predicate,
    parent: Option<Parent>,
    /// The model whose key is in slot 0.
    keyed: Option<ModelId>,
}

fn place(view: View<'_>, wanted: Target) -> Result<Place> {
    match wanted {
        Target::List(model) => {
            let visible = view.rules(model).read.clone();
            Ok(Place {
                model,
                source: Source::All,
                rows: Rows::Page,
                visible,
                parent: None,
                keyed: None,
            })
        }
        Target::Item(model) => Ok(Place {
            model,
            source: Source::Key,
            rows: Rows::One,
            visible: view.rules(model).read.clone(),
            parent: None,
            keyed: Some(model),
        }),
        Target::Related(model, relation) => {
            view.require_rows(model)?;
            let field = view.schema().field(model, relation);
            let Some(target) = target(field).filter(|_| view.exists(model, field)) else {
                return Err(underpin_base::Error::not_found());
            };
            let guard = view.guard(model, field).clone();
            let condition = Predicate::and([view.rules(model).read.clone(), guard]);
            Ok(Place {
                model: target,
                source: Source::Relation(model, relation),
                rows: if is_list(field) { Rows::Page } else { Rows::One },
                visible: view.related_rows(field),
                parent: Some(Parent { model, relation, condition }),
                keyed: Some(model),
            })
        }
    }
}

/// The conditions and the filter of a request.
fn wanted<'a>(view: View<'a>, place: &Place, request: &ReadRequest) -> Result<Conditions<'a>> {
    let nodes_max = view.limits.filter_nodes_max;
    let n_filter = request.filter.as_ref().map_or(0, FilterExpr::n_conditions);
    if request.conditions.len() + n_filter > nodes_max {
        let message = format!("a request may have at most {nodes_max} conditions");
        return Err(underpin_base::Error::new(Code::QueryTooComplex, message));
    }
    // Variables of the rule and of what the request adds stand in one predicate.
    let vars = Vars::after(&place.visible);
    let mut wanted = Conditions { view, vars, slots: Vec::new(), parts: Vec::new() };
    if let Some(keyed) = place.keyed {
        wanted.slots.push(SlotType::of_key(view.model(keyed)));
    }
    for condition in &request.conditions {
        wanted.add(place.model, condition)?;
    }
    if let Some(filter) = &request.filter {
        wanted.filter(place.model, filter)?;
    }
    Ok(wanted)
}
