//! The schema that the golden files use.

use std::sync::Arc;

use underpin_plan::{Actor, Catalog, Folded};
use underpin_rules::Rules;
use underpin_schema::{ModelId, Value};

const SOURCE: &str = include_str!("../../../../tests/golden/sql/shop.graphql");

pub(crate) fn catalog() -> Catalog {
    catalog_of(SOURCE)
}

/// Of any schema.
#[track_caller]
pub(crate) fn catalog_of(source: &str) -> Catalog {
    let parsed = underpin_schema::parse(source, "schema.graphql");
    let schema = parsed.schema.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics));
    let (rules, problems) = Rules::compile(&schema);
    Catalog { rules: rules.unwrap_or_else(|| panic!("{problems:#?}")), schema: Arc::new(schema) }
}

pub(crate) fn model(catalog: &Catalog, plural: &str) -> ModelId {
    catalog.schema.by_plural[plural]
}

pub(crate) fn user(catalog: &Catalog, roles: &[&str]) -> Folded {
    let roles = roles.iter().map(|role| (*role).to_owned());
    Folded::new(catalog, &Actor::user(Value::Null, roles).profile)
}
