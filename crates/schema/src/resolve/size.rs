//! Bounds on what one schema may hold.
//!
//! Every model has tables, plans and pages, so these bound the memory of a server; and they keep
//! the resolver's own work small, whatever a file holds.

use crate::Span;
use crate::declare::{self, Declarations};
use crate::diagnostic::{Diagnostic, file};

/// Models of a schema, and enums.
const TYPES_MAX: usize = 2_000;
/// Fields of a model, and values of an enum. SQLite's limit of columns is 2,000.
const MEMBERS_MAX: usize = 1_000;
/// Directives of one definition, all indexes and checks of a model among them.
const DIRECTIVES_MAX: usize = 250;
/// Roles and other directives of the schema.
const ROLES_MAX: usize = 1_000;

/// The first thing there is too much of.
pub(super) fn check(declarations: &Declarations<'_>) -> Option<Diagnostic> {
    let whole = [
        (declarations.types.len(), TYPES_MAX, "models"),
        (declarations.enums.len(), TYPES_MAX, "enums"),
        (declarations.schema.len(), ROLES_MAX, "directives of the schema"),
    ];
    let whole = whole
        .into_iter()
        .map(|(n_found, n_max, what)| (n_found, n_max, what.to_owned(), Span::default()));
    let models = declarations.types.iter().flat_map(|model| {
        let (name, span) = (model.name, declare::name_span(model.name));
        [
            (model.fields.len(), MEMBERS_MAX, format!("fields of `{name}`"), span),
            (model.directives.len(), DIRECTIVES_MAX, format!("directives of `{name}`"), span),
        ]
    });
    let enums = declarations.enums.iter().map(|list| {
        let span = declare::name_span(list.name);
        (list.values.len(), MEMBERS_MAX, format!("values of `{}`", list.name), span)
    });
    let mut all = whole.chain(models).chain(enums);
    let (n_found, n_max, what, span) = all.find(|(n_found, n_max, ..)| n_found > n_max)?;
    Some(file::too_large(&format!("{n_found} {what}"), n_max, span))
}
