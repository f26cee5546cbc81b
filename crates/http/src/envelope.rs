//! What wraps rows and errors on the wire.

use underpin_base::{Details, Error, FieldError};
use underpin_engine::PageLinks;

use crate::json::{push_number, push_string};

/// What a body of rows starts with.
pub(crate) const DATA: &[u8] = b"{\"data\":";

/// Ends the body of an item.
pub(crate) fn end_item(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Ends the body of a list: where its page lies.
pub(crate) fn end_list(out: &mut Vec<u8>, links: &PageLinks) {
    out.extend_from_slice(b",\"meta\":{\"limit\":");
    push_number(out, links.limit);
    push_cursor(out, b",\"nextCursor\":", links.next_cursor.as_deref());
    push_cursor(out, b",\"previousCursor\":", links.previous_cursor.as_deref());
    out.extend_from_slice(b",\"hasMore\":");
    out.extend_from_slice(if links.has_more { b"true" } else { b"false" });
    if let Some(page) = links.page {
        out.extend_from_slice(b",\"page\":");
        push_number(out, page);
    }
    if let Some(total) = links.total {
        out.extend_from_slice(b",\"total\":");
        push_number(out, total);
        if links.page.is_some() {
            out.extend_from_slice(b",\"totalPages\":");
            push_number(out, total.div_ceil(u64::from(links.limit.max(1))));
        }
    }
    out.extend_from_slice(b"}}");
}

fn push_cursor(out: &mut Vec<u8>, name: &[u8], cursor: Option<&str>) {
    out.extend_from_slice(name);
    match cursor {
        Some(cursor) => push_string(out, cursor),
        None => out.extend_from_slice(b"null"),
    }
}

/// The body of an error: `{"error": {…}}`.
pub(crate) fn error(error: &Error, request_id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(b"{\"error\":{\"code\":");
    push_string(&mut out, error.code().name());
    out.extend_from_slice(b",\"message\":");
    push_string(&mut out, error.message());
    push_rest(&mut out, error, request_id);
    out.extend_from_slice(b"}}");
    out
}

/// The body of an error as RFC 9457 has it; code and details are extension members.
pub(crate) fn problem(error: &Error, request_id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let name = error.code().name();
    out.extend_from_slice(b"{\"type\":");
    push_string(&mut out, &format!("urn:underpin:error:{name}"));
    out.extend_from_slice(b",\"title\":");
    push_string(&mut out, error.code().meaning().trim());
    out.extend_from_slice(b",\"status\":");
    push_number(&mut out, error.code().status());
    out.extend_from_slice(b",\"detail\":");
    push_string(&mut out, error.message());
    out.extend_from_slice(b",\"code\":");
    push_string(&mut out, name);
    push_rest(&mut out, error, request_id);
    out.push(b'}');
    out
}

fn push_rest(out: &mut Vec<u8>, error: &Error, request_id: &str) {
    push_details(out, error.details());
    if let Some(hint) = error.hint() {
        out.extend_from_slice(b",\"hint\":");
        push_string(out, hint);
    }
    out.extend_from_slice(b",\"requestId\":");
    push_string(out, request_id);
}

fn push_details(out: &mut Vec<u8>, details: &Details) {
    if *details == Details::default() {
        return;
    }
    out.extend_from_slice(b",\"details\":{");
    if !details.fields.is_empty() {
        out.extend_from_slice(b"\"fields\":{");
        push_fields(out, &details.fields);
        out.extend_from_slice(b"},");
    }
    if let Some(offset) = details.offset {
        out.extend_from_slice(b"\"offset\":");
        push_number(out, offset);
        out.push(b',');
    }
    if let Some(parameter) = &details.parameter {
        out.extend_from_slice(b"\"parameter\":");
        push_string(out, parameter);
        out.push(b',');
    }
    push_names(out, "allowed", &details.allowed);
    if let Some(challenge) = &details.challenge {
        out.extend_from_slice(b"\"challenge\":");
        push_string(out, challenge);
        out.push(b',');
    }
    push_names(out, "methods", &details.methods);
    out.pop();
    out.push(b'}');
}

/// A list of names as a member, where there are any.
fn push_names(out: &mut Vec<u8>, member: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    push_string(out, member);
    out.push(b':');
    for (at, name) in names.iter().enumerate() {
        out.push(if at == 0 { b'[' } else { b',' });
        push_string(out, name);
    }
    out.extend_from_slice(b"],");
}

/// One entry a path, in the order in which each path first comes.
fn push_fields(out: &mut Vec<u8>, fields: &[FieldError]) {
    for (at, first) in fields.iter().enumerate() {
        if fields[..at].iter().any(|earlier| earlier.path == first.path) {
            continue;
        }
        if at > 0 {
            out.push(b',');
        }
        push_string(out, &first.path);
        out.push(b':');
        let same_path = fields[at..].iter().filter(|field| field.path == first.path);
        for (nth, field) in same_path.enumerate() {
            out.extend_from_slice(if nth == 0 { b"[{\"code\":" } else { b",{\"code\":" });
            push_string(out, field.code);
            out.extend_from_slice(b",\"message\":");
            push_string(out, &field.message);
            out.push(b'}');
        }
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use underpin_base::Code;

    use super::*;

    fn read(bytes: &[u8]) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    fn wrong(path: &str, code: &'static str) -> FieldError {
        FieldError { path: path.to_owned(), code, message: format!("{path} is wrong") }
    }

    #[test]
    fn a_list_says_where_its_page_lies() {
        let links = PageLinks {
            limit: 20,
            has_more: true,
            next_cursor: Some("nabc".to_owned()),
            previous_cursor: None,
            page: Some(2),
            total: Some(41),
        };
        let mut out = b"{\"data\":[]".to_vec();
        end_list(&mut out, &links);
        let meta = json!({
            "limit": 20, "nextCursor": "nabc", "previousCursor": null, "hasMore": true,
            "page": 2, "total": 41, "totalPages": 3,
        });
        assert_eq!(read(&out), json!({ "data": [], "meta": meta }));
    }

    #[test]
    fn an_error_names_every_wrong_field_once() {
        let fields = vec![
            wrong("items.0.quantity", "OUT_OF_RANGE"),
            wrong("name", "TOO_SHORT"),
            wrong("name", "PATTERN_MISMATCH"),
        ];
        let body = read(&error(&Error::validation(fields), "r1"));
        let expected = json!({ "error": {
            "code": "VALIDATION_ERROR",
            "message": "3 fields are invalid",
            "details": { "fields": {
                "items.0.quantity": [
                    { "code": "OUT_OF_RANGE", "message": "items.0.quantity is wrong" },
                ],
                "name": [
                    { "code": "TOO_SHORT", "message": "name is wrong" },
                    { "code": "PATTERN_MISMATCH", "message": "name is wrong" },
                ],
            } },
            "requestId": "r1",
        } });
        assert_eq!(body, expected);
    }

    #[test]
    fn a_problem_carries_the_same_facts() {
        let invalid = Error::new(Code::InvalidParameter, "no")
            .with_parameter("limit")
            .with_offset(3)
            .with_allowed(vec!["a".to_owned(), "b".to_owned()])
            .with_hint("say yes")
            .with_source("secret");
        let body = read(&problem(&invalid, "r2"));
        assert_eq!(body["type"], "urn:underpin:error:INVALID_PARAMETER");
        assert_eq!(body["status"], 400);
        assert_eq!(body["detail"], "no");
        assert_eq!(body["hint"], "say yes");
        let details = json!({ "offset": 3, "parameter": "limit", "allowed": ["a", "b"] });
        assert_eq!(body["details"], details);
        assert!(!body.to_string().contains("secret"));
        let plain = read(&error(&Error::not_found(), "r3"));
        assert!(plain["error"].get("details").is_none());
    }
}
