//! Rows that may not be seen or written: by every verb, whatever a body says, by any role.

use serde_json::{Value, json};

use super::{Stage, exact, holds_no_canary, send, target};

/// A key that no row has.
const NOWHERE: &str = "00000000-0000-7000-8000-0000000000ff";

#[test]
fn a_row_that_is_not_seen_is_absent_to_every_verb() {
    let stage = Stage::set();
    let eve = stage.app.id_of("eve").unwrap();
    let content = stage.content();
    let whole = json!({ "title": "mine now", "owner": eve, "isPublic": true });
    let bodies: [(&str, Option<Value>); 7] = [
        ("GET", None),
        ("HEAD", None),
        ("DELETE", None),
        ("PATCH", Some(json!({ "title": "mine now" }))),
        ("PATCH", Some(json!({ "owner": eve }))),
        ("PATCH", Some(json!({}))),
        ("PUT", Some(whole)),
    ];
    let conditions = [None, Some(("If-Match", "\"1\"")), Some(("If-Match", "\"9\""))];
    let all = bodies.iter().flat_map(|body| conditions.iter().map(move |header| (body, header)));
    for ((verb, body), header) in all {
        let ask = |key: &str| {
            let mut request = stage.eve().request(verb, &format!("/api/v1/notes/{key}"));
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Some((name, value)) = header {
                request = request.header(name, value);
            }
            let answer = send(request).is(404);
            holds_no_canary(&answer);
            exact(&answer)
        };
        assert_eq!(ask(&stage.private), ask(NOWHERE), "{verb} {header:?}");
    }
    for way in ["tags", "tags?name=a", "owner", "sealed"] {
        let ask = |key: &str| {
            let answer = send(stage.eve().get(&format!("/api/v1/notes/{key}/{way}")));
            exact(&answer.is(404))
        };
        assert_eq!(ask(&stage.private), ask(NOWHERE), "{way}");
    }
    // A public note is seen and not owned.
    let public = format!("/api/v1/notes/{}", stage.public);
    let patched = send(stage.eve().patch(&public, &json!({ "title": "x" })));
    let _ = patched.is_error(403, "FORBIDDEN");
    let _ = send(stage.eve().delete(&public)).is_error(403, "FORBIDDEN");
    assert_eq!(stage.content(), content);
}

#[test]
fn no_verb_reaches_rows_in_bulk() {
    let stage = Stage::set();
    let content = stage.content();
    for way in ["/api/v1/notes", "/api/v1/notes?title[ne]=x", "/api/v1/notes?filter=true&limit=9"] {
        let body = json!({ "isPublic": true });
        for request in [stage.eve().patch(way, &body), stage.eve().put(way, &body)] {
            let _ = send(request).is_error(405, "METHOD_NOT_ALLOWED");
        }
        let _ = send(stage.eve().delete(way)).is_error(405, "METHOD_NOT_ALLOWED");
    }
    assert_eq!(stage.content(), content);
}

#[test]
fn roles_add_up_and_lift_no_guard_of_rows() {
    let stage = Stage::set();
    let lists =
        ["users", "notes?include=owner", "notes?count=exact&sort=-title", "tags", "sealeds"];
    for list in lists {
        let ask = |name: &str| exact(&send(stage.app.user(name).get(&format!("/api/v1/{list}"))));
        assert_eq!(ask("idle"), ask("script"), "{list}");
    }
    // What a role does grant is all that it grants.
    let answer = send(stage.app.user("helper").get("/api/v1/tags?fields=name")).is(200);
    assert_eq!(answer.json()["data"], json!([{ "name": "canary-text-tag" }]));
    let notes = send(stage.app.user("helper").get("/api/v1/notes?fields=title&include=tags"));
    let titles = notes.is(200).json()["data"].clone();
    assert_eq!(titles.as_array().map(Vec::len), Some(1), "{titles}");
    let _ = send(stage.app.user("helper").get("/api/v1/sealeds")).is_error(403, "FORBIDDEN");
    let made = stage.app.user("helper").post("/api/v1/tags", &json!({ "name": "x" }));
    let _ = send(made).is_error(403, "FORBIDDEN");
}

#[test]
fn a_body_does_not_say_whose_row_it_is() {
    let stage = Stage::set();
    let [ada, eve] = ["ada", "eve"].map(|name| stage.app.id_of(name).unwrap());
    let content = stage.content();
    let own = format!("/api/v1/notes/{}", stage.own);
    let private = format!("/api/v1/notes/{}", stage.private);
    let public = format!("/api/v1/notes/{}", stage.public);
    // A row of another's becomes nobody else's by naming who owns it.
    for body in [json!({ "owner": eve }), json!({ "owner": eve, "title": "x", "isPublic": true })] {
        let _ = send(stage.eve().patch(&private, &body)).is_error(404, "NOT_FOUND");
        let _ = send(stage.eve().patch(&public, &body)).is_error(403, "FORBIDDEN");
    }
    let whole = json!({ "owner": eve, "title": "x" });
    let _ = send(stage.eve().put(&public, &whole)).is_error(403, "FORBIDDEN");
    // Nor is one's own given away, or a new one made for another.
    let given = json!({ "owner": ada });
    let _ = send(stage.eve().patch(&own, &given)).is_error(403, "FORBIDDEN");
    let forged = json!({ "owner": ada, "title": "forged" });
    let _ = send(stage.eve().post("/api/v1/notes", &forged)).is_error(403, "FORBIDDEN");
    let under = format!("/api/v1/users/{ada}/notes");
    let forged = json!({ "title": "forged" });
    let _ = send(stage.eve().post(&under, &forged)).is_error(403, "FORBIDDEN");
    // What a rule reads has no other name in a body.
    for body in [
        json!({ "title": "x", "owner": { "id": eve } }),
        json!({ "title": "x", "owner": [eve] }),
        json!({ "title": "x", "owner": eve, "owner.id": eve }),
        json!({ "title": "x", "owner": eve, "ownerId": ada }),
        json!({ "title": "x", "owner": eve, "owner_id": ada }),
        json!({ "title": "x", "owner": eve, "id": stage.private }),
        json!({ "title": "x", "owner": eve, "row": { "owner": eve } }),
        json!({ "title": "x", "owner": eve, "next": { "owner": ada } }),
        json!({ "title": "x", "owner": eve, "auth": { "id": ada } }),
        json!({ "title": "x", "owner": eve, "__proto__": { "owner": ada } }),
        json!({ "title": "x", "owner": eve, "version": 1 }),
        json!([{ "title": "x", "owner": ada }]),
    ] {
        for request in [
            stage.eve().post("/api/v1/notes", &body),
            stage.eve().patch(&own, &body),
            stage.eve().put(&own, &body),
        ] {
            let answer = send(request);
            assert_eq!(answer.status(), 400, "{body}: {answer}");
        }
    }
    let twice = format!("{{\"title\":\"x\",\"owner\":\"{eve}\",\"owner\":\"{ada}\"}}");
    let twice =
        stage.eve().request("POST", "/api/v1/notes").bytes("application/json", twice.into());
    let _ = send(twice).is_error(400, "VALIDATION_ERROR");
    // A reference to what is not seen reads as one to nothing.
    let refer = |sealed: &str| exact(&send(stage.eve().patch(&own, &json!({ "sealed": sealed }))));
    let sealed = stage.app.service().get("/api/v1/sealeds").send().json()["data"][0]["id"].clone();
    assert_eq!(refer(sealed.as_str().unwrap()), refer(NOWHERE));
    assert_eq!(stage.content(), content);
}

#[test]
fn a_model_without_rules_is_closed_on_every_way_to_it() {
    let stage = Stage::set();
    let content = stage.content();
    let service = stage.app.service();
    let key = |plural: &str| {
        let rows = service.get(&format!("/api/v1/{plural}")).send().is(200).json();
        rows["data"][0]["id"].as_str().unwrap().to_owned()
    };
    for (who, status, code) in [
        (stage.app.anonymous(), 401, "UNAUTHENTICATED"),
        (stage.eve(), 403, "FORBIDDEN"),
        (stage.app.user("script"), 403, "FORBIDDEN"),
        (stage.app.user("idle"), 403, "FORBIDDEN"),
    ] {
        for plural in ["sealeds", "tags"] {
            let list = format!("/api/v1/{plural}");
            let body = json!({ "code": "x", "name": "x" });
            for key in [key(plural), NOWHERE.to_owned()] {
                let item = format!("{list}/{key}");
                for request in [
                    who.get(&list),
                    who.get(&format!("{list}?count=exact&nonsense=1")),
                    who.get(&item),
                    who.get(&format!("{item}/notes")),
                    who.post(&list, &body),
                    who.put(&item, &body),
                    who.patch(&item, &body),
                    who.delete(&item),
                ] {
                    holds_no_canary(&send(request).is_error(status, code));
                }
            }
        }
    }
    // Nor is there a way over what refers to it.
    for way in [
        "notes?include=sealed",
        "notes?include=tags",
        "notes?sealed.code=a",
        "notes?tags.name=a",
        "notes?sort=sealed.code",
        "notes?filter=sealed.code == null",
        "notes?filter=tags.exists(t, t.name != '')",
        "notes?fields=tags.name&include=tags",
    ] {
        let answer = send(stage.eve().get(&target(&format!("/api/v1/{way}"))));
        holds_no_canary(&answer.is_error(400, "UNKNOWN_FIELD"));
    }
    let nested = format!("/api/v1/notes/{}/tags", stage.own);
    let _ = send(stage.eve().get(&nested)).is_error(404, "NOT_FOUND");
    assert_eq!(stage.content(), content);
}
