//! Holds the answers of both servers against each other.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::client::Request;
use super::requests::Kind;
use super::servers::Server;

/// Requests of each kind whose answers are compared.
const N_SAMPLES: usize = 100;

/// What one server says and the other need not: Underpin's cursors.
const OWN_MEMBERS: &[&str] = &["nextCursor", "previousCursor"];

/// What two inserts cannot have in common.
const NEW_MEMBERS: &[&str] = &["id", "createdAt", "updatedAt"];

/// Checks that both servers answer a sample of requests alike.
pub(super) fn compare(kind: Kind, limit: &Server, underpin: &Server) -> Result<()> {
    let targets = kind.targets();
    for sample in 0..N_SAMPLES {
        let target = &targets[sample * 97 % targets.len()];
        let request = |server: &Server| {
            let (method, body) = (kind.method(), kind.body());
            let request = Request { method, target, token: server.token(), body };
            request.send(server.address())
        };
        let (expected, found) = (request(limit)?, request(underpin)?);
        ensure!(expected.0 < 300, "{target}: the limit answers {}: {}", expected.0, expected.1);
        let comparable = |(status, body): (u16, Value)| (status, without_own(kind, body));
        let (expected, found) = (comparable(expected), comparable(found));
        ensure!(expected == found, "{target}\nlimit:    {expected:?}\nunderpin: {found:?}");
    }
    Ok(())
}

/// The body without what may differ.
fn without_own(kind: Kind, mut body: Value) -> Value {
    if let Some(meta) = body.get_mut("meta").and_then(Value::as_object_mut) {
        meta.retain(|name, _| !OWN_MEMBERS.contains(&name.as_str()));
    }
    if kind == Kind::Insert
        && let Some(row) = body.get_mut("data").and_then(Value::as_object_mut)
    {
        for name in NEW_MEMBERS {
            let is_text = row.get(*name).is_some_and(Value::is_string);
            row.insert((*name).to_owned(), Value::Bool(is_text));
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cursors_do_not_count_and_rows_do() {
        let body = json!({"data": [1], "meta": {"limit": 20, "nextCursor": "x"}});
        let expected = json!({"data": [1], "meta": {"limit": 20}});
        assert_eq!(without_own(Kind::List, body), expected);
    }

    #[test]
    fn an_insert_must_have_a_key_but_not_the_same() {
        let one = |id: Value| without_own(Kind::Insert, json!({"data": {"id": id, "stock": 1}}));
        assert_eq!(one(json!("a")), one(json!("b")));
        assert_ne!(one(json!("a")), one(json!(null)));
    }
}
