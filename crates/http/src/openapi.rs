//! The contract as OpenAPI 3.1, made from the schema.
//!
//! Everything a client may ask and may be answered is in it, whoever it is: what only some roles
//! see is described with a note. Names of components have a dot (`Product.create`,
//! `underpin.Error`) where they are not a model's or an enum's own, so that no schema can collide
//! with them.

mod accounts;
mod errors;
mod examples;
mod operations;
mod parameters;
mod schemas;

use serde_json::{Map, Value, json};
use underpin_base::Limits;
use underpin_schema::Schema;

/// The contract of a schema served at `base_url`, as JSON text.
///
/// `base_url` is where clients reach the server, without a slash at its end; empty for wherever
/// the document itself was loaded from.
#[must_use]
pub fn openapi(schema: &Schema, limits: &Limits, base_url: &str) -> String {
    let url = if base_url.is_empty() { "/" } else { base_url.trim_end_matches('/') };
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "API",
            "version": schema.version.to_string(),
            "description": INTRODUCTION,
        },
        "servers": [{ "url": url }],
        "security": [{}, { "bearer": [] }, { "cookie": [], "csrf": [] }],
        "tags": tags(schema),
        "paths": operations::paths(schema, limits),
        "components": {
            "schemas": component_schemas(schema),
            "responses": errors::responses(),
            "parameters": parameters::components(),
            "headers": errors::headers(),
            "securitySchemes": security_schemes(),
        },
    });
    document.to_string()
}

fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (`underpin key create`) or a session's access token.",
        },
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-access",
            "description": "The access token of a browser that logged in with `cookies`.",
        },
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "With a cookie, for everything but GET and HEAD: the value of the cookie \
                            `__Host-csrf`. The page must be this server's own (`Origin`).",
        },
    })
}

const INTRODUCTION: &str = "\
Made from the schema file. What an actor may not see reads as absent: a hidden row answers 404, a \
hidden field is left out and cannot be filtered or sorted by.

Conditions reach over relations by dots (`customer.name[eq]=Ada`); anything richer stands in \
`filter`, in the rule language.";

fn tags(schema: &Schema) -> Vec<Value> {
    let models = schema.models.iter().map(|model| match &model.doc {
        Some(doc) => json!({ "name": model.name, "description": doc }),
        None => json!({ "name": model.name }),
    });
    let server = json!({ "name": "underpin.server", "description": "The server itself." });
    let accounts = json!({
        "name": accounts::TAG,
        "description": "Who asks: accounts, sessions, keys and roles.",
    });
    models.chain([accounts, server]).collect()
}

fn component_schemas(schema: &Schema) -> Map<String, Value> {
    let mut components = Map::new();
    for enum_type in &schema.enums {
        components.insert(enum_type.name.clone(), schemas::enum_type(enum_type));
    }
    for model in &schema.models {
        schemas::insert_model(schema, model, &mut components);
    }
    components.insert("underpin.ListMeta".to_owned(), schemas::list_meta());
    accounts::insert_schemas(schema, &mut components);
    errors::insert_schemas(&mut components);
    components
}

/// `Product` → `#/components/schemas/Product`
fn schema_ref(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

#[cfg(test)]
mod tests;
