//! Accounts in the contract: made from the table of their operations and the table of their paths.

use hyper::Method;
use serde_json::{Map, Value, json};
use underpin_accounts::{
    Access, Input, InputKind, OPERATIONS, Operation, OperationId, Outcome, Throttle,
};
use underpin_schema::{Model, Schema};

use super::operations::{ALWAYS, BODY, add_errors, add_parameters, respond};
use super::schemas::{self, BodyKind, key_schema};
use super::{parameters, schema_ref};
use crate::auth::routes::{ROUTES, base};
use crate::auth::takes_query;

/// What groups the operations.
pub(super) const TAG: &str = "underpin.accounts";

/// Adds the paths.
pub(super) fn insert_paths(schema: &Schema, out: &mut Map<String, Value>) {
    for (method, path, id) in ROUTES {
        let item =
            out.entry(format!("{}/{path}", base(schema))).or_insert_with(|| match path_parameters(
                schema, path,
            ) {
                parameters if parameters.is_empty() => json!({}),
                parameters => json!({ "parameters": parameters }),
            });
        item[method.as_str().to_ascii_lowercase()] = operation(method, id.operation());
    }
}

fn path_parameters(schema: &Schema, path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let describe = |name: &str| match (name, schema.account_model()) {
        ("id", Some(user)) if path.starts_with("users/") => {
            ("The key of the user.", key_schema(user))
        }
        ("id", _) => ("The key of the row.", json!({ "type": "string", "format": "uuid" })),
        ("provider", _) => ("The name of the provider.", json!({ "type": "string" })),
        _ => ("The name of the role.", json!({ "type": "string" })),
    };
    let parameter = |name: &str| {
        let (description, schema) = describe(name);
        json!({
            "name": name,
            "in": "path",
            "required": true,
            "description": description,
            "schema": schema,
        })
    };
    names.map(parameter).collect()
}

fn operation(method: &Method, operation: &Operation) -> Value {
    let is_form = *method == Method::POST && operation.id == OperationId::OauthCallback;
    let name = if is_form { "finishOauthByForm" } else { operation.name };
    let mut out = json!({
        "operationId": name,
        "summary": operation.doc.trim(),
        "tags": [TAG],
        "security": security(method, operation.access),
        "parameters": parameters::of_any_request(),
        "responses": {},
    });
    if let Some(text) = description(operation) {
        out["description"] = json!(text);
    }
    if is_form {
        let form = json!({ "schema": { "type": "object" } });
        let content = json!({ "application/x-www-form-urlencoded": form });
        out["requestBody"] = json!({ "required": true, "content": content });
    } else if takes_query(operation) {
        add_parameters(&mut out, query_parameters(operation.id));
    }
    if !operation.inputs.is_empty() {
        let is_required = operation.inputs.iter().any(|input| input.required);
        let schema = schema_ref(&component(operation));
        out["requestBody"] = json!({
            "required": is_required,
            "content": { "application/json": { "schema": schema } },
        });
    }
    for (status, response) in successes(operation) {
        respond(&mut out, status, response);
    }
    add_errors(&mut out, ALWAYS);
    if out.get("requestBody").is_some() {
        add_errors(&mut out, BODY);
        add_errors(&mut out, &[409]);
    }
    out
}

fn security(method: &Method, access: Access) -> Value {
    match access {
        Access::Public => json!([{}]),
        Access::Known | Access::Session | Access::Permission(_) if *method == Method::GET => {
            json!([{ "bearer": [] }, { "cookie": [] }])
        }
        Access::Known | Access::Session | Access::Permission(_) => {
            json!([{ "bearer": [] }, { "cookie": [], "csrf": [] }])
        }
    }
}

/// Who may, and how often, where that is not as usual.
fn description(operation: &Operation) -> Option<String> {
    let who = match operation.access {
        Access::Public | Access::Known => None,
        Access::Session => Some("For a user who is logged in; no API key does.".to_owned()),
        Access::Permission(name) => Some(format!("Takes the permission `{name}`.")),
    };
    let often = (operation.throttle == Throttle::Authentication)
        .then(|| "Counts against the limit of tries.".to_owned());
    let text = who.into_iter().chain(often).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

fn query_parameters(id: OperationId) -> Vec<Value> {
    let text = |name: &str, text: &str, is_required: bool| {
        json!({
            "name": name,
            "in": "query",
            "required": is_required,
            "description": text,
            "schema": { "type": "string" },
        })
    };
    match id {
        OperationId::OauthStart => {
            vec![text("redirect", "Where to go after: one of the URLs that are configured.", false)]
        }
        OperationId::OauthCallback => vec![
            text("state", "What the redirect to the provider held.", false),
            text("code", "What the provider gives.", false),
            text("error", "Why it gives nothing.", false),
            text("iss", "Who the provider is (RFC 9207).", false),
        ],
        _ => vec![
            text("limit", "Rows of a page: 1 to 1000.", false),
            text("cursor", "The end of the page before.", false),
        ],
    }
}

fn successes(operation: &Operation) -> Vec<(u16, Value)> {
    let name = match operation.outcome {
        Outcome::Accepted | Outcome::Registered => "Accepted",
        Outcome::Session => "Session",
        Outcome::Data(shape) | Outcome::Created(shape) => shape,
        Outcome::Nothing | Outcome::Redirect => "",
    };
    let body = |name: &str, description: &str| {
        json!({
            "description": description,
            "headers": { "X-Request-Id": { "$ref": "#/components/headers/X-Request-Id" } },
            "content": { "application/json": {
                "schema": schema_ref(&format!("underpin.{name}Answer")),
            } },
        })
    };
    match operation.outcome {
        Outcome::Accepted => vec![(202, body(name, "It will happen."))],
        Outcome::Nothing => vec![(204, json!({ "description": "It is done." }))],
        Outcome::Session => vec![(200, body(name, "A session."))],
        Outcome::Registered => vec![
            (201, body("Session", "The account, and a session of it.")),
            (202, body(name, "A mail says how it goes on.")),
        ],
        Outcome::Data(_) => vec![(200, body(name, "As it is."))],
        Outcome::Created(_) => vec![(201, body(name, "What was made."))],
        Outcome::Redirect => {
            let location = json!({ "$ref": "#/components/headers/Location" });
            let headers = json!({ "Location": location });
            vec![(303, json!({ "description": "Go there.", "headers": headers }))]
        }
    }
}

/// The name of the component of a body.
fn component(operation: &Operation) -> String {
    format!("underpin.{}", operation.name)
}

/// Adds the schemas of bodies and answers.
pub(super) fn insert_schemas(schema: &Schema, out: &mut Map<String, Value>) {
    for operation in OPERATIONS.iter().filter(|operation| !operation.inputs.is_empty()) {
        out.insert(component(operation), body(schema, operation));
    }
    let user = match schema.account_model() {
        Some(model) => schema_ref(&model.name),
        None => json!({ "type": "object" }),
    };
    let mut add = |name: &str, data: Value| {
        let mut answer = object(&json!({ "data": data }), &["data"]);
        if name == "audit" {
            answer["properties"]["meta"] = json!({ "type": "object" });
        }
        out.insert(format!("underpin.{name}Answer"), answer);
    };
    add("Accepted", object(&json!({ "accepted": { "type": "boolean" } }), &["accepted"]));
    add("Session", session(&user));
    for operation in OPERATIONS {
        if let Outcome::Data(shape) | Outcome::Created(shape) = operation.outcome {
            add(shape, shape_of(shape, &user));
        }
    }
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn session(user: &Value) -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let seconds =
        json!({ "type": "integer", "description": "Seconds the access token is good for." });
    let tokens = object(
        &json!({
            "accessToken": text("For `Authorization: Bearer`."),
            "tokenType": { "type": "string", "enum": ["Bearer"] },
            "expiresIn": seconds,
            "refreshToken": text("For one use at `refresh`."),
            "user": user,
        }),
        &["accessToken", "tokenType", "expiresIn", "refreshToken", "user"],
    );
    let cookies = object(
        &json!({
            "csrfToken": text("For `X-CSRF-Token`; the cookie `__Host-csrf` holds it too."),
            "expiresIn": seconds,
            "user": user,
        }),
        &["csrfToken", "expiresIn", "user"],
    );
    json!({ "anyOf": [tokens, cookies] })
}

/// The body that an operation takes.
fn body(schema: &Schema, operation: &Operation) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<String> = Vec::new();
    for input in operation.inputs {
        if input.kind == InputKind::AccountFields {
            continue;
        }
        properties.insert(input.name.to_owned(), input_schema(input));
        if input.required {
            required.push(input.name.to_owned());
        }
    }
    let takes_fields = operation.inputs.iter().any(|input| input.kind == InputKind::AccountFields);
    if let Some(model) = schema.account_model().filter(|_| takes_fields) {
        let kind = match operation.id {
            OperationId::UpdateMe => BodyKind::Merge,
            _ => BodyKind::Create,
        };
        let is_taken = |name: &str| !properties.contains_key(name) && !is_identity(model, name);
        let (fields, needed) = schemas::members(schema, model, kind, is_taken);
        properties.extend(fields);
        required.extend(needed);
    }
    let mut out = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        out["required"] = json!(required);
    }
    out
}

/// Whether an account logs in by this field, which is changed by proving the new one alone.
fn is_identity(model: &Model, name: &str) -> bool {
    let account = model.account.as_ref();
    account.is_some_and(|it| it.identity.iter().any(|id| model.field(*id).name == name))
}

fn input_schema(input: &Input) -> Value {
    let mut out = match input.kind {
        InputKind::Text(max) => json!({ "type": "string", "minLength": 1, "maxLength": max }),
        InputKind::Email => json!({ "type": "string", "format": "email", "maxLength": 254 }),
        InputKind::Password => {
            json!({ "type": "string", "format": "password", "minLength": 1, "maxLength": 1_024 })
        }
        InputKind::Boolean => json!({ "type": "boolean" }),
        InputKind::Texts(max) => {
            json!({ "type": "array", "items": { "type": "string" }, "maxItems": max })
        }
        InputKind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
        InputKind::Object | InputKind::AccountFields => json!({ "type": "object" }),
    };
    out["description"] = json!(input.doc);
    out
}

/// The shape of `data`, by the name that the table of operations has for it.
fn shape_of(name: &str, user: &Value) -> Value {
    let text = json!({ "type": "string" });
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let flag = json!({ "type": "boolean" });
    let list = |item: Value| json!({ "type": "array", "items": item });
    match name {
        "row" => user.clone(),
        "me" => object(
            &json!({
                "user": { "anyOf": [user, { "type": "null" }] },
                "roles": texts,
                "permissions": texts,
                "scopes": { "type": ["array", "null"], "items": text },
                "verified": flag,
                "anonymous": flag,
            }),
            &["user", "roles", "permissions", "scopes", "verified", "anonymous"],
        ),
        "sessions" => list(device(&text, &texts, &flag)),
        "recoveryCodes" => json!({ "type": "object", "properties": { "recoveryCodes": texts } }),
        "passkeys" | "providers" | "keys" | "roles" | "serviceAccounts" | "audit" => {
            list(json!({ "type": "object" }))
        }
        _ => json!({ "type": "object" }),
    }
}

/// A device on which somebody is logged in.
fn device(text: &Value, texts: &Value, flag: &Value) -> Value {
    let time = json!({ "type": "string", "format": "date-time" });
    let maybe = json!({ "type": ["string", "null"] });
    let required = [
        "id",
        "createdAt",
        "lastUsedAt",
        "authenticatedAt",
        "expiresAt",
        "methods",
        "cookies",
        "client",
        "ip",
        "agent",
        "current",
    ];
    object(
        &json!({
            "id": text,
            "createdAt": time,
            "lastUsedAt": time,
            "authenticatedAt": time,
            "expiresAt": time,
            "methods": texts,
            "cookies": flag,
            "client": maybe,
            "ip": maybe,
            "agent": maybe,
            "current": flag,
        }),
        &required,
    )
}
