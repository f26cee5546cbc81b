//! Paths and the operations on them.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use underpin_accounts::OPERATIONS;
use underpin_base::Limits;
use underpin_schema::{FieldId, Locking, Model, ModelId, Schema};

use super::schemas::BodyKind;
use super::{accounts, parameters, schema_ref};
use crate::site;

/// Statuses that any request may be answered with.
pub(super) const ALWAYS: &[u16] =
    &[400, 401, 403, 404, 405, 406, 408, 414, 421, 429, 431, 500, 503];
/// Those of a write.
const WRITE: &[u16] = &[409, 412];
/// Those of a body.
pub(super) const BODY: &[u16] = &[413, 415];

/// Every path of a server.
pub(super) fn paths(schema: &Schema, limits: &Limits) -> Map<String, Value> {
    // The names of operations of accounts are taken, whatever models there are.
    let ids = OPERATIONS.iter().map(|operation| operation.name.to_owned()).collect();
    let mut paths = Paths { schema, limits, ids, out: Map::new() };
    for model in &schema.models {
        paths.list(model);
        paths.item(model);
        for (field, target, methods) in site::relations(schema, model) {
            paths.related(model, field, target, methods.contains(&hyper::Method::POST));
        }
    }
    accounts::insert_paths(schema, &mut paths.out);
    paths.server();
    paths.out
}

struct Paths<'a> {
    schema: &'a Schema,
    limits: &'a Limits,
    /// Operation ids given so far.
    ids: HashSet<String>,
    out: Map<String, Value>,
}

impl Paths<'_> {
    fn list(&mut self, model: &Model) {
        let name = &model.name;
        let list =
            self.operation(model, (format!("list{}", capital(&model.plural)), "Lists rows."));
        let list = with_list(list, self.schema, model, self.limits);
        let create = self.operation(model, (format!("create{name}"), "Makes a row."));
        let create = with_create(create, self.schema, model);
        let path = self.path(model, "");
        self.out.insert(path, json!({ "get": list, "post": create }));
    }

    fn item(&mut self, model: &Model) {
        let name = &model.name;
        let mut read = self.operation(model, (format!("read{name}"), "Reads a row."));
        add_parameters(&mut read, parameters::selection(self.schema, model));
        add_parameters(&mut read, vec![parameters::component("If-None-Match")]);
        respond(&mut read, 200, row_response(model, "The row.", &["ETag"]));
        respond(&mut read, 304, json!({ "description": "The row has not changed." }));
        add_errors(&mut read, ALWAYS);

        let replace = self.operation(model, (format!("replace{name}"), REPLACE));
        let replace = self.change(replace, model, BodyKind::Replace);
        let merge = self.operation(model, (format!("merge{name}"), MERGE));
        let merge = self.change(merge, model, BodyKind::Merge);

        let mut delete = self.operation(model, (format!("delete{name}"), "Deletes a row."));
        add_parameters(&mut delete, vec![if_match(model)]);
        respond(&mut delete, 204, json!({ "description": "The row is gone." }));
        add_errors(&mut delete, ALWAYS);
        add_errors(&mut delete, WRITE);
        add_locking(&mut delete, model);

        let path = self.path(model, "/{id}");
        let item = json!({
            "parameters": [parameters::key(model)],
            "get": read,
            "put": replace,
            "patch": merge,
            "delete": delete,
        });
        self.out.insert(path, item);
    }

    fn change(&self, mut operation: Value, model: &Model, kind: BodyKind) -> Value {
        add_parameters(&mut operation, parameters::selection(self.schema, model));
        add_parameters(&mut operation, vec![if_match(model)]);
        let media: &[&str] = match kind {
            BodyKind::Merge => &["application/json", "application/merge-patch+json"],
            BodyKind::Create | BodyKind::Replace => &["application/json"],
        };
        operation["requestBody"] = request_body(model, kind, media);
        respond(&mut operation, 200, row_response(model, "The row as it became.", &["ETag"]));
        for statuses in [ALWAYS, WRITE, BODY] {
            add_errors(&mut operation, statuses);
        }
        add_locking(&mut operation, model);
        operation
    }

    fn related(&mut self, model: &Model, field: FieldId, target: ModelId, is_created: bool) {
        let relation = model.field(field);
        let target = self.schema.model(target);
        let names = format!("{}Of{}", capital(&relation.name), model.name);
        let text = "Lists the rows of the relation.";
        let list = self.operation(target, (format!("list{names}"), text));
        let mut item = json!({
            "parameters": [parameters::key(model)],
            "get": with_list(list, self.schema, target, self.limits),
        });
        if is_created {
            let text = "Makes a row of the relation.";
            let create = self.operation(target, (format!("create{names}"), text));
            item["post"] = with_create(create, self.schema, target);
        }
        let path = self.path(model, &format!("/{{id}}/{}", relation.name));
        self.out.insert(path, item);
    }

    fn server(&mut self) {
        for (path, id, summary, statuses) in [
            ("/health/live", "live", "Whether the process runs.", &[200][..]),
            ("/health/ready", "ready", "Whether it should be sent requests.", &[200, 503]),
            ("/openapi.json", "openapi", "This document.", &[200, 304]),
            ("/docs", "docs", "This document, to be read and tried.", &[200, 304]),
            ("/auth/", "accountPage", "Where the links of mails lead.", &[200, 304]),
            (
                "/.well-known/jwks.json",
                "jwks",
                "The keys that access tokens are checked with.",
                &[200],
            ),
        ] {
            let is_page = matches!(path, "/docs" | "/auth/");
            let media = match path {
                "/.well-known/jwks.json" => "application/jwk-set+json",
                _ if is_page => "text/html",
                _ => "application/json",
            };
            let mut operation = json!({
                "operationId": id,
                "summary": summary,
                "tags": ["underpin.server"],
                "security": [{}],
                "responses": {},
            });
            self.ids.insert(id.to_owned());
            for status in statuses {
                let response = match status {
                    304 => json!({ "description": "It has not changed." }),
                    503 => json!({
                        "description": "It should not.",
                        "content": { (media): { "schema": { "type": "object" } } },
                    }),
                    _ if is_page => json!({
                        "description": "A page.",
                        "content": { (media): { "schema": { "type": "string" } } },
                    }),
                    _ => json!({
                        "description": summary,
                        "content": { (media): { "schema": { "type": "object" } } },
                    }),
                };
                respond(&mut operation, *status, response);
            }
            self.out.insert(path.to_owned(), json!({ "get": operation }));
        }
    }

    fn path(&self, model: &Model, rest: &str) -> String {
        format!("/api/v{}/{}{rest}", self.schema.version, model.plural)
    }

    fn operation(&mut self, model: &Model, (id, summary): (String, &str)) -> Value {
        let mut unique = id;
        while !self.ids.insert(unique.clone()) {
            unique.push('_');
        }
        let mut out = json!({
            "operationId": unique,
            "summary": summary,
            "tags": [model.name],
            "parameters": parameters::of_any_request(),
            "responses": {},
        });
        if let Some(reason) = &model.deprecated {
            out["deprecated"] = json!(true);
            out["description"] = json!(format!("Deprecated: {reason}"));
        }
        out
    }
}

const REPLACE: &str = "Sets every writable field; those left out to their default or null. Lists \
                       of rows that are left out stay.";
const MERGE: &str = "Changes the fields sent and leaves the others.";

fn with_list(mut operation: Value, schema: &Schema, model: &Model, limits: &Limits) -> Value {
    add_parameters(&mut operation, parameters::list(schema, model, limits));
    let page = json!({
        "description": "A page of rows.",
        "headers": headers(&["Link"]),
        "content": { "application/json": { "schema": {
            "type": "object",
            "properties": {
                "data": { "type": "array", "items": schema_ref(&model.name) },
                "meta": schema_ref("underpin.ListMeta"),
            },
            "required": ["data", "meta"],
            "additionalProperties": false,
        } } },
    });
    respond(&mut operation, 200, page);
    add_errors(&mut operation, ALWAYS);
    operation
}

fn with_create(mut operation: Value, schema: &Schema, model: &Model) -> Value {
    add_parameters(&mut operation, parameters::selection(schema, model));
    operation["requestBody"] = request_body(model, BodyKind::Create, &["application/json"]);
    let made = row_response(model, "The row that was made.", &["ETag", "Location"]);
    respond(&mut operation, 201, made);
    for statuses in [ALWAYS, &[409], BODY] {
        add_errors(&mut operation, statuses);
    }
    operation
}

fn request_body(model: &Model, kind: BodyKind, media: &[&str]) -> Value {
    let schema = schema_ref(&kind.component(model));
    let content: Map<String, Value> =
        media.iter().map(|media| ((*media).to_owned(), json!({ "schema": schema }))).collect();
    json!({ "required": true, "content": content })
}

fn row_response(model: &Model, description: &str, names: &[&str]) -> Value {
    json!({
        "description": description,
        "headers": headers(names),
        "content": { "application/json": { "schema": {
            "type": "object",
            "properties": { "data": schema_ref(&model.name) },
            "required": ["data"],
            "additionalProperties": false,
        } } },
    })
}

/// The headers of an answer with rows: those of every one, and `names`.
fn headers(names: &[&str]) -> Map<String, Value> {
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let of_all = ["X-Request-Id", "RateLimit-Policy", "RateLimit"];
    of_all.iter().chain(names).map(|name| ((*name).to_owned(), reference(name))).collect()
}

fn if_match(model: &Model) -> Value {
    match model.locking {
        Locking::Optional => parameters::component("If-Match"),
        Locking::Required => json!({
            "name": "If-Match",
            "in": "header",
            "required": true,
            "description": "The version the row is at (the entity tag of a read).",
            "schema": { "type": "string" },
        }),
    }
}

fn add_locking(operation: &mut Value, model: &Model) {
    if model.locking == Locking::Required {
        add_errors(operation, &[428]);
    }
}

pub(super) fn add_parameters(operation: &mut Value, parameters: Vec<Value>) {
    if let Value::Array(all) = &mut operation["parameters"] {
        all.extend(parameters);
    }
}

pub(super) fn add_errors(operation: &mut Value, statuses: &[u16]) {
    for status in statuses {
        let reference = json!({ "$ref": format!("#/components/responses/{status}") });
        respond(operation, *status, reference);
    }
}

pub(super) fn respond(operation: &mut Value, status: u16, response: Value) {
    operation["responses"][status.to_string()] = response;
}

/// `orders` → `Orders`
fn capital(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
