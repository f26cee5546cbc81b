//! Statements follow from the shape of a request.
//!
//! On SQLite, where a lookup costs a microsecond, a relation is read by a kept statement for each
//! parent; what must not grow with the rows is the number of *different* statements, and what is
//! read without relations takes one, whatever the page.

use serde_json::{Value, json};
use underpin_testkit::TestApp;

const SCHEMA: &str = r#"
type Author @model @access(read: "true") {
  name: String!
  books: [Book!]! @relation(field: "author")
}

type Book @model @access(read: "true") {
  title: String!
  author: Author! @relation(onDelete: CASCADE)
}
"#;

fn app_with(n_authors: usize) -> TestApp {
    let app = TestApp::start(SCHEMA);
    for n in 0..n_authors {
        let author = app.service().post("/api/v1/authors", &json!({"name": format!("A{n}")}));
        let author = author.send().is(201).json()["data"]["id"].clone();
        for title in ["one", "two"] {
            let book = json!({"title": title, "author": author});
            let _ = app.service().post("/api/v1/books", &book).send().is(201);
        }
    }
    app
}

#[test]
fn a_list_takes_one_statement_whatever_its_length() {
    let app = app_with(30);
    for limit in [1, 10, 100] {
        let answer = app.anonymous().get(&format!("/api/v1/books?limit={limit}")).send().is(200);
        assert_eq!(app.statements(&answer), 1, "limit={limit}");
    }
}

#[test]
fn included_rows_take_one_statement_a_parent_and_no_more() {
    let app = app_with(30);
    for limit in [1_u32, 10, 30] {
        let target = format!("/api/v1/authors?include=books&limit={limit}");
        let answer = app.anonymous().get(&target).send().is(200);
        let n_rows = answer.json()["data"].as_array().map_or(0, Vec::len);
        assert_eq!(u32::try_from(n_rows), Ok(limit));
        assert_eq!(app.statements(&answer), 1 + limit, "limit={limit}");
    }
}

#[test]
fn a_count_takes_one_more() {
    let app = app_with(3);
    let answer = app.anonymous().get("/api/v1/books?count=exact&limit=1").send().is(200);
    assert_eq!(answer.json()["meta"]["total"], Value::from(6));
    assert_eq!(app.statements(&answer), 2);
}
