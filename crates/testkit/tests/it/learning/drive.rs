//! Asks the server, follows its cursors, and notes what it told.

use serde_json::{Value, json};
use underpin_testkit::{Answer, Client};

use super::judge::Judge;
use super::load::Served;
use super::request::Request;

/// What an actor was told.
pub(super) struct Told {
    /// Each answer in the form that the judge gives its own in.
    pub(super) plain: Vec<Value>,
    /// Each answer to the byte, with the headers that say something of rows.
    pub(super) exact: Vec<String>,
}

/// Pages that a walk has at most; one that has more goes in a circle.
const PAGES_MAX: usize = 40;

/// The answers to a request and to those that its cursors lead to.
pub(super) fn told(served: &Served, judge: &Judge<'_>, request: &Request) -> Told {
    let client = match judge.who.kind {
        "anonymous" => served.app.anonymous(),
        _ => served.app.user(&judge.who.name),
    };
    let mut walk = Walk { judge, request, client, answers: Vec::new() };
    let mut page = walk.go(None);
    // Where pages are numbered, so is the way to the next one.
    if request.page.is_none() {
        while let Some(cursor) = page["meta"]["nextCursor"].as_str() {
            page = walk.go(Some(cursor));
        }
        while let Some(cursor) = page["meta"]["previousCursor"].as_str() {
            page = walk.go(Some(cursor));
        }
    }
    walk.follow_cut();
    Told {
        plain: walk.answers.iter().map(plain).collect(),
        exact: walk.answers.iter().map(exact).collect(),
    }
}

struct Walk<'a> {
    judge: &'a Judge<'a>,
    request: &'a Request,
    client: Client,
    answers: Vec<Answer>,
}

impl Walk<'_> {
    fn go(&mut self, cursor: Option<&str>) -> Value {
        assert!(self.answers.len() < PAGES_MAX, "pages lead in a circle: {:?}", self.request);
        let answer = self.request.sent(self.judge.world, &self.client, cursor).send();
        let body = answer.json();
        self.answers.push(answer);
        body
    }

    /// Reads on where a list that came with a row of the first page was cut short.
    fn follow_cut(&mut self) {
        let body = self.answers[0].json();
        let Some((key, name)) = cut(&body) else { return };
        let world = self.judge.world;
        let model = &world.models[self.request.target.model(world)];
        let rows = body["data"].as_array().into_iter().flatten().chain([&body["data"]]);
        let mut rows = rows.filter(|row| row["id"] == key);
        let cursor = rows.find_map(|row| row["_next"][&name].as_str());
        let list = format!("/api/v1/{}/{key}/{name}", model.plural);
        let request = self.client.get(&list).header("X-Request-Id", "learning");
        let rest = request.query("cursor", cursor.expect("invariant: the list was cut")).send();
        self.answers.push(rest);
    }
}

/// The key of the first row of a body that has a list cut short, and the name of that list.
pub(super) fn cut(body: &Value) -> Option<(String, String)> {
    let rows = match &body["data"] {
        Value::Array(rows) => rows.as_slice(),
        row => std::slice::from_ref(row),
    };
    let row = rows.iter().find(|row| row["_next"].is_object())?;
    let name = row["_next"].as_object()?.keys().next()?;
    Some((row["id"].as_str()?.to_owned(), name.clone()))
}

fn plain(answer: &Answer) -> Value {
    let mut body = answer.json();
    if answer.status() != 200 {
        let told = body["error"]["details"]["allowed"].as_array();
        let mut allowed: Vec<&str> = told.into_iter().flatten().filter_map(Value::as_str).collect();
        allowed.sort_unstable();
        let code = &body["error"]["code"];
        return json!({ "status": answer.status(), "code": code, "allowed": allowed });
    }
    blank_cursors(&mut body["data"]);
    if body["data"].is_array() {
        for name in ["nextCursor", "previousCursor"] {
            let there = body["meta"][name].is_string();
            body["meta"][name] = json!(there);
        }
        return json!({ "status": 200, "body": body });
    }
    // Of rows without versions, and of rows with others in them, the tag is a digest.
    let tag = answer.header("ETag").filter(|tag| !tag.starts_with('W') && !tag.contains('-'));
    json!({ "status": 200, "body": body, "tag": tag })
}

/// Replaces the cursors of lists that were cut short.
fn blank_cursors(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(blank_cursors),
        Value::Object(members) => {
            for (name, member) in members {
                if name == "_next" {
                    let cursors = member.as_object_mut().into_iter().flatten();
                    cursors.for_each(|(_, cursor)| *cursor = json!(cursor.is_string()));
                } else {
                    blank_cursors(member);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn exact(answer: &Answer) -> String {
    let [tag, link] = ["ETag", "Link"].map(|name| answer.header(name).unwrap_or_default());
    let body = String::from_utf8_lossy(answer.bytes());
    format!("{} {tag} {link}\n{body}", answer.status())
}
