//! `underpin test`

use std::path::Path;

use insta::assert_snapshot;

use crate::run::Sandbox;

const SCHEMA: &str = r#"
extend schema @role(name: "editor", can: ["notes:*"])

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
}

type Note @model
  @access(
    read: "row.owner == auth.id || row.shared"
    update: "row.owner == auth.id && !row.shared"
  ) {
  owner: User!
  shared: Boolean! @default(value: false)
  text: String! @length(max: 10)
}
"#;

const TESTS: &str = "
rows:
  User:
    ada: { email: ada@example.com }
    bob: { email: bob@example.com }
  Note:
    ada-1: { owner: ada, text: hello }
    ada-2: { owner: ada, text: hi all, shared: true }
tests:
  - as: { user: ada }
    can:
      - { read: Note, where: { owner: ada } }
      - { update: Note/ada-1, set: { text: bye } }
    cannot:
      - { delete: Note/ada-1 }
  - as: { user: bob }
    can:
      - { read: Note/ada-2 }
    cannot:
      - { read: Note/ada-1 }
";

fn project(tests: &str) -> Sandbox {
    let sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.write("tests/notes.yaml", tests);
    sandbox
}

#[test]
fn tests_that_pass_are_listed_below_the_matrix() {
    assert_snapshot!("test_good", project(TESTS).run(&["test"]));
    assert_snapshot!("test_good_json", project(TESTS).run(&["test", "--json"]));
    assert_snapshot!("test_good_quiet", project(TESTS).run(&["test", "--quiet"]));
}

#[test]
fn a_test_that_fails_names_the_clause_that_decided() {
    let wrong = "
  - as: { user: bob }
    can:
      - { read: Note/ada-1 }
      - { update: Note/ada-2, set: { text: mine } }
      - { create: Note, set: { owner: bob, text: mine } }
    cannot:
      - { read: Note/ada-2 }
      - { read: Note, where: { text: nothing } }
  - as: { role: editor }
    cannot:
      - { delete: Note/ada-1 }
";
    let sandbox = project(&format!("{TESTS}{wrong}"));
    assert_snapshot!("test_failing", sandbox.run(&["test"]));
    assert_snapshot!("test_failing_json", sandbox.run(&["test", "--json"]));
}

#[test]
fn mistakes_in_tests_are_found_by_test_and_by_check() {
    let sandbox = project(
        "
rows:
  Note:
    ada-1: { owner: ada, text: far too long a text }
tests:
  - as: { user: ada }
    can: [ { reed: Note/ada-1 } ]
",
    );
    assert_snapshot!("test_mistakes", sandbox.run(&["test"]));
    assert_snapshot!("test_mistakes_check", sandbox.run(&["check", "--json"]));
}

#[test]
fn a_project_without_tests_is_told_how_to_begin() {
    assert_snapshot!("test_none", Sandbox::with_schema(SCHEMA).run(&["test"]));
    assert_snapshot!("test_no_project", Sandbox::empty().run(&["test"]));
}

#[test]
fn the_tests_of_every_example_and_of_a_new_project_pass() {
    let sandbox = Sandbox::empty();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut n_examples = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let dir = entry.unwrap().path();
        if dir.is_dir() {
            sandbox.stdout(&["test", dir.to_str().unwrap()]);
            n_examples += 1;
        }
    }
    assert!(n_examples > 0);
    sandbox.stdout(&["new", "fresh"]);
    assert!(sandbox.stdout(&["test", "fresh"]).ends_with("tests passed\n"));
}
