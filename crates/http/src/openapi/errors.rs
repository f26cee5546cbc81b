//! Error answers, from the one table of codes.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use underpin_base::{Code, Retry};

use super::schema_ref;

/// Adds the schemas that all errors share.
pub(super) fn insert_schemas(out: &mut Map<String, Value>) {
    let details = json!({
        "type": "object",
        "properties": {
            "fields": {
                "type": "object",
                "description": "Every wrong field of a body, by its path (`items.0.quantity`).",
                "additionalProperties": {
                    "type": "array",
                    "items": schema_ref("underpin.FieldError"),
                },
            },
            "offset": {
                "type": "integer",
                "description": "The byte of the body, or character of the parameter, it broke at.",
            },
            "parameter": { "type": "string", "description": "The parameter or header at fault." },
            "allowed": { "type": "array", "items": { "type": "string" } },
            "challenge": { "type": "string", "description": "What the next request goes on with." },
            "methods": {
                "type": "array",
                "description": "By what the challenge can be answered.",
                "items": { "type": "string" },
            },
        },
        "additionalProperties": false,
    });
    let field_error = json!({
        "type": "object",
        "properties": { "code": { "type": "string" }, "message": { "type": "string" } },
        "required": ["code", "message"],
        "additionalProperties": false,
    });
    out.insert("underpin.Details".to_owned(), details);
    out.insert("underpin.FieldError".to_owned(), field_error);
}

/// Statuses in ascending order, each once.
pub(super) fn statuses() -> Vec<u16> {
    let mut statuses: Vec<u16> = Code::ALL.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// One response component for each status that errors have, named by it.
pub(super) fn responses() -> Map<String, Value> {
    statuses().into_iter().map(|status| (status.to_string(), response(status))).collect()
}

fn response(status: u16) -> Value {
    let codes: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| code.status() == status).collect();
    let mut description = String::new();
    for code in &codes {
        // Writing into a string does not fail.
        let _ = writeln!(description, "- `{}`: {}", code.name(), code.meaning().trim());
    }
    let names: Vec<&str> = codes.iter().map(|code| code.name()).collect();
    let error = json!({
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string", "enum": names },
                    "message": { "type": "string" },
                    "details": schema_ref("underpin.Details"),
                    "hint": { "type": "string" },
                    "requestId": { "type": "string" },
                },
                "required": ["code", "message", "requestId"],
                "additionalProperties": false,
            },
        },
        "required": ["error"],
        "additionalProperties": false,
    });
    let problem = json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer", "const": status },
            "detail": { "type": "string" },
            "code": { "type": "string", "enum": names },
            "details": schema_ref("underpin.Details"),
            "hint": { "type": "string" },
            "requestId": { "type": "string" },
        },
        "required": ["type", "title", "status", "detail", "code", "requestId"],
        "additionalProperties": false,
    });
    json!({
        "description": description.trim_end(),
        "headers": response_headers(status, &codes),
        "content": {
            "application/json": { "schema": error },
            "application/problem+json": { "schema": problem },
        },
    })
}

fn response_headers(status: u16, codes: &[Code]) -> Map<String, Value> {
    let mut out = Map::new();
    let mut add = |name: &str| {
        let reference = json!({ "$ref": format!("#/components/headers/{name}") });
        out.insert(name.to_owned(), reference);
    };
    add("X-Request-Id");
    match status {
        401 => add("WWW-Authenticate"),
        405 => add("Allow"),
        429 => ["RateLimit-Policy", "RateLimit"].into_iter().for_each(&mut add),
        _ => {}
    }
    if codes.iter().any(|code| code.retry() == Retry::Later) {
        add("Retry-After");
    }
    out
}

/// Headers of answers.
pub(super) fn headers() -> Value {
    let text =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": text("What this exchange is called in the server's log."),
        "ETag": text("The version of the row, for `If-Match` and `If-None-Match`."),
        "Location": text("The path of the row that was made."),
        "Link": text("The pages after (`rel=\"next\"`) and before (`rel=\"prev\"`)."),
        "Allow": text("The methods the path has."),
        "WWW-Authenticate": text("`Bearer`"),
        "RateLimit-Policy": text("What the caller's tier allows: its name, how many (`q`) in how many seconds (`w`)."),
        "RateLimit": text("What is left of it (`r`), and in how many seconds it is whole again (`t`)."),
        "Retry-After": {
            "description": "Seconds to wait before the request is worth sending again.",
            "schema": { "type": "integer" },
        },
    })
}
