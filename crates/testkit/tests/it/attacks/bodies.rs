//! Objects where values belong, which other servers took for parts of a statement.

use serde_json::{Value, json};

use super::{Stage, holds_no_canary, send, target};

/// What was sent elsewhere in place of a value.
fn objects() -> Vec<Value> {
    vec![
        json!({ "isRaw": true, "sql": "1=1" }),
        json!({ "isRaw": true }),
        json!({ "$ne": null }),
        json!({ "$where": "true" }),
        json!({ "__type": "Pointer", "className": "User", "objectId": "x" }),
        json!({ "__op": "Delete" }),
        json!({ "toString": "x" }),
        json!({ "raw": "(select password_hash from user)" }),
        json!({}),
        json!([]),
        json!([{ "isRaw": true }]),
        json!([["x"]]),
    ]
}

#[test]
fn an_object_is_not_a_value_of_any_field() {
    let stage = Stage::set();
    let eve = stage.app.id_of("eve").unwrap();
    let content = stage.content();
    let own = format!("/api/v1/notes/{}", stage.own);
    for field in ["title", "isPublic", "text", "rank", "price", "due", "state", "owner", "sealed"] {
        for object in objects() {
            let mut body = json!({ "title": "x", "owner": eve });
            body[field] = object;
            let mut part = json!({});
            part[field] = body[field].clone();
            for request in [
                stage.eve().post("/api/v1/notes", &body),
                stage.eve().put(&own, &body),
                stage.eve().patch(&own, &part),
            ] {
                let answer = send(request).is_error(400, "VALIDATION_ERROR");
                let found = &answer.json()["error"]["details"]["fields"][field][0]["code"];
                assert_eq!(*found, "INVALID_TYPE", "{answer}");
                holds_no_canary(&answer);
            }
        }
    }
    for object in objects().into_iter().filter(|object| *object != json!([])) {
        let _ = send(stage.eve().patch(&own, &json!({ "labels": object })))
            .is_error(400, "VALIDATION_ERROR");
        let _ = send(stage.eve().patch(&own, &json!({ "labels": [object] })))
            .is_error(400, "VALIDATION_ERROR");
    }
    assert_eq!(stage.content(), content);
}

#[test]
fn an_object_in_a_query_is_not_a_value() {
    let stage = Stage::set();
    for query in [
        "title[isRaw]=true",
        "title[isRaw][sql]=1",
        "title[eq][isRaw]=true",
        "title[0]=x",
        "title[][isRaw]=true",
        "owner[id]=x",
        "limit[isRaw]=1",
    ] {
        let answer = send(stage.eve().get(&target(&format!("/api/v1/notes?{query}"))));
        holds_no_canary(&answer.is_error(400, "UNKNOWN_PARAMETER"));
    }
    // Where a text belongs, an object is a text.
    for object in objects() {
        let answer = send(stage.eve().get("/api/v1/notes").query("title", &object.to_string()));
        assert_eq!(answer.is(200).json()["data"], json!([]));
        for name in
            ["rank", "price", "due", "state", "isPublic", "owner", "limit", "page", "cursor"]
        {
            let answer = send(stage.eve().get("/api/v1/notes").query(name, &object.to_string()));
            assert_eq!(answer.status(), 400, "{answer}");
            holds_no_canary(&answer);
        }
    }
}

#[test]
fn json_is_kept_and_asked_for_nothing() {
    let stage = Stage::set();
    let own = format!("/api/v1/notes/{}", stage.own);
    for object in objects() {
        let kept = send(stage.eve().patch(&own, &json!({ "extra": object }))).is(200);
        assert_eq!(kept.json()["data"]["extra"], object);
    }
    let title = send(stage.eve().get(&own)).json()["data"]["title"].clone();
    assert_eq!(title, "mine");
}
