//! Plays a scenario on a server of its own and says where the answers differ.

use serde_json::Value;

use super::parse::{Expected, Row, Scenario, ScenarioActor, Step};
use crate::app::{Setup, TestApp};
use crate::client::Answer;
use crate::expect::{Names, differences, substitute};

/// Plays the scenario of a file.
///
/// # Panics
/// When the file cannot be read or an answer is not as expected; the message names the line.
pub fn play(path: &str, text: &str) {
    let scenario = Scenario::parse(text).unwrap_or_else(|problem| {
        panic!("{path}:{}: {}", problem.line, problem.message);
    });
    let mut setup = TestApp::of(&scenario.schema);
    if let Some(tables) = &scenario.tables {
        setup = setup.with_tables(tables);
    }
    let app = scenario.actors.iter().fold(setup, add_actor).start();
    let mut play = Play { path, app, names: Names::new() };
    for actor in &scenario.actors {
        if let Some(id) = play.app.id_of(&actor.name) {
            play.names.insert(actor.name.clone(), id);
        }
    }
    for row in &scenario.rows {
        play.make_row(row);
    }
    for step in &scenario.steps {
        play.step(step);
    }
}

fn add_actor(setup: Setup, actor: &ScenarioActor) -> Setup {
    let roles: Vec<&str> = actor.roles.iter().map(String::as_str).collect();
    match (actor.kind.as_str(), actor.is_verified) {
        ("user", false) => setup.with_user(&actor.name, &roles),
        ("user", true) => setup.with_verified_user(&actor.name, &roles),
        ("key", _) => setup.with_key(&actor.name, &roles),
        _ => setup.with_service(&actor.name),
    }
}

struct Play<'a> {
    path: &'a str,
    app: TestApp,
    names: Names,
}

impl Play<'_> {
    /// Makes a row as the service, which may set what clients may not.
    fn make_row(&mut self, row: &Row) {
        let place = format!("{}:{}", self.path, row.line);
        let text = substitute(&row.body, &self.names);
        let mut body: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        if let (Some(id), Some(members)) = (self.app.id_of(&row.name), body.as_object_mut()) {
            members.entry("id").or_insert(Value::String(id));
        }
        let answer = self.app.service().post(&format!("/api/v1/{}", row.plural), &body).send();
        assert_eq!(answer.status(), 201, "{place}: the row `{}`\n{answer}", row.name);
        let made = answer.json();
        let key = made["data"]["id"].as_str().unwrap_or_else(|| panic!("{place}: no id\n{answer}"));
        self.names.insert(row.name.clone(), key.to_owned());
    }

    fn step(&mut self, step: &Step) {
        self.app.clock().advance(step.advance_seconds * 1_000_000);
        let answer = self.send(step);
        let found = self.check(&step.expected, &answer);
        assert!(
            found.is_empty(),
            "{}:{}: {}\n  {}\n{answer}",
            self.path,
            step.line,
            step.title,
            found.join("\n  ")
        );
    }

    fn send(&self, step: &Step) -> Answer {
        let client = match step.actor.as_str() {
            "" => self.app.anonymous(),
            "admin" => self.app.admin(),
            "service" => self.app.service(),
            name => self.app.user(name),
        };
        let target = substitute(&step.target, &self.names);
        let mut request = client.request(&step.method, &target);
        for (name, value) in &step.query {
            request = request.query(name, &substitute(value, &self.names));
        }
        for (name, value) in &step.headers {
            request = request.header(name, &substitute(value, &self.names));
        }
        if let Some(body) = &step.body {
            let body = substitute(body, &self.names);
            request = request.bytes("application/json", body.into_bytes());
        }
        request.send()
    }

    /// Everything about the answer that is not as expected.
    fn check(&mut self, expected: &Expected, answer: &Answer) -> Vec<String> {
        let mut found = Vec::new();
        if answer.status() != expected.status {
            found.push(format!("expected status {}", expected.status));
        }
        if let Some(code) = &expected.code {
            let sent = answer.error_code().unwrap_or_default();
            if sent != *code {
                found.push(format!("expected the code {code}, found `{sent}`"));
            }
        }
        for (name, value) in &expected.headers {
            let sent = answer.header(name).map_or(Value::Null, Value::from);
            let value = if value == "absent" { Value::Null } else { Value::from(value.as_str()) };
            let differing = differences(&value, &sent, &mut self.names).into_iter();
            found.extend(differing.map(|difference| format!("{name}: {difference}")));
        }
        if let Some(n_statements) = expected.statements {
            let executed = self.app.statements(answer);
            if executed != n_statements {
                found.push(format!("expected {n_statements} statements, executed {executed}"));
            }
        }
        if let Some(body) = &expected.body {
            found.extend(differences(body, &answer.json(), &mut self.names));
        }
        found
    }
}
