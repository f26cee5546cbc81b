//! The page about logs names every field of a request's line.

use std::path::Path;

use serde_json::json;
use underpin_testkit::TestApp;

const SCHEMA: &str = r#"type Note @model @access(read: "true", create: "true") { text: String! }"#;

#[test]
fn every_field_of_a_line_stands_on_the_page() {
    let app = TestApp::start(SCHEMA);
    let traced = app.anonymous().post("/api/v1/notes", &json!({"text": "x"}));
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let traced = traced.header("traceparent", trace).header("User-Agent", "test").send().is(201);
    let refused = app.anonymous().get("/api/v1/nothing").send().is_error(404, "NOT_FOUND");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/logs.md");
    let page = std::fs::read_to_string(path).unwrap();
    for line in [app.log_line(&traced), app.log_line(&refused)] {
        for name in line.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "docs/logs.md lacks `{name}`");
        }
    }
}

#[test]
fn a_line_holds_neither_tokens_nor_values() {
    let app = TestApp::of(SCHEMA).with_user("ada", &[]).start();
    let ada = app.user("ada");
    let answer = ada.get("/api/v1/notes").query("text", "canary").send().is(200);
    let line = app.log_line(&answer).to_string();
    assert!(!line.contains("canary") && !line.contains("test-ada"), "{line}");
}
