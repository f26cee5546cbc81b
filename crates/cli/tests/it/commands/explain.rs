//! `underpin explain`

use insta::assert_snapshot;

use crate::run::Sandbox;

#[test]
fn a_diagnostic_has_a_page_with_a_bad_and_a_good_example() {
    assert_snapshot!("explain_diagnostic", Sandbox::empty().run(&["explain", "s0101"]));
}

#[test]
fn an_error_code_of_the_api_has_a_page() {
    assert_snapshot!("explain_error_code", Sandbox::empty().run(&["explain", "OVERLOADED"]));
    assert_snapshot!(
        "explain_error_code_json",
        Sandbox::empty().run(&["explain", "not_found", "--json"])
    );
}

#[test]
fn a_code_that_does_not_exist_is_answered_with_the_nearest() {
    assert_snapshot!("explain_unknown", Sandbox::empty().run(&["explain", "NOT_FOND"]));
    assert_snapshot!("explain_unknown_json", Sandbox::empty().run(&["explain", "E1", "--json"]));
}

const SCHEMA: &str = r#"
extend schema @role(name: "editor", can: ["notes:*"])

type Team @model @access(read: "row.members.exists(m, m.id == auth.id)") {
  name: String!
  members: [User!]! @relation(field: "team")
}

type User @model @account(identity: ["email"]) @access(read: "true") {
  email: Email! @unique @access(read: "row.id == auth.id")
  token: String @hidden
  team: Team
}

type Note @model
  @access(
    read: "row.owner == auth.id || row.team.members.exists(m, m.id == auth.id)"
    update: "row.owner == auth.id && next.stars <= row.stars + 0"
  ) {
  owner: User!
  team: Team
  stars: Int! @default(value: 1) @range(max: 5)
  text: String! @access(write: "auth.verified")
}
"#;

const TESTS: &str = "
rows:
  Team: { red: { name: Red }, blue: { name: Blue } }
  User:
    ada: { email: ada@example.com, team: red }
    bob: { email: bob@example.com, team: red }
    cat: { email: cat@example.com, team: blue, token: secret }
  Note:
    ada-1: { owner: ada, team: red, text: hello }
actors:
  ada: { verified: true }
tests:
  - as: { user: ada }
    can: [ { read: Note/ada-1 } ]
";

fn project() -> Sandbox {
    let sandbox = Sandbox::with_schema(&SCHEMA.replace(" + 0", ""));
    sandbox.write("tests/notes.yaml", TESTS);
    sandbox
}

#[test]
fn a_read_is_explained_clause_by_clause() {
    let read = |who| project().run(&["explain", "--as", who, "--read", "Note/ada-1"]);
    assert_snapshot!("explain_read_bob", read("bob"));
    assert_snapshot!("explain_read_cat", read("cat"));
    assert_snapshot!("explain_read_anonymous", read("anonymous"));
    assert_snapshot!("explain_read_editor", read("role:editor"));
    let fields = ["explain", "--as", "bob", "--read", "User/ada", "--fields", "email,team"];
    assert_snapshot!("explain_fields", project().run(&fields));
    assert_snapshot!("explain_all_fields", project().run(&fields[..5]));
}

#[test]
fn a_write_is_explained_rule_by_rule() {
    let update = ["explain", "--as", "ada", "--update", "Note/ada-1", "--set", "stars=3"];
    assert_snapshot!("explain_update", project().run(&update));
    assert_snapshot!("explain_update_json", project().run(&[&update[..], &["--json"]].concat()));
    let text = ["explain", "--as", "bob", "--update", "Note/ada-1", "--set", "text=mine"];
    assert_snapshot!("explain_update_text", project().run(&text));
    let create = ["explain", "--as", "ada", "--create", "Note", "--set", "owner=bob"];
    assert_snapshot!("explain_create", project().run(&create));
    let delete = ["explain", "--as", "role:editor", "--delete", "Note/ada-1"];
    assert_snapshot!("explain_delete", project().run(&delete));
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let sandbox = project();
    assert_snapshot!("explain_nothing", sandbox.run(&["explain"]));
    assert_snapshot!("explain_no_action", sandbox.run(&["explain", "--as", "ada"]));
    let ask = |who, row| sandbox.run(&["explain", "--as", who, "--read", row]);
    assert_snapshot!("explain_no_actor", ask("adda", "Note/ada-1"));
    assert_snapshot!("explain_no_row", ask("ada", "Note/ada-2"));
    assert_snapshot!(
        "explain_no_tests",
        Sandbox::with_schema("type Note @model @access(read: \"true\") { text: String! }").run(&[
            "explain",
            "--as",
            "anonymous",
            "--read",
            "Note/one"
        ])
    );
    let set =
        ["explain", "--as", "ada", "--update", "Note/ada-1", "--set", "stars", "--set", "x=1"];
    assert_snapshot!("explain_no_value", sandbox.run(&set));
    let set =
        ["explain", "--as", "ada", "--update", "Note/ada-1", "--set", "stars=[", "--set", "x=1"];
    assert_snapshot!("explain_bad_value", sandbox.run(&set));
}

#[test]
fn a_database_is_asked_by_keys() {
    let sandbox = project();
    let user = r#"[
      { "id": "01980000-0000-7000-8000-00000000000a", "email": "ada@example.com", "token": "secret" },
      { "id": "01980000-0000-7000-8000-00000000000b", "email": "bob@example.com" }
    ]"#;
    sandbox.write("seed/users.json", user);
    let note = r#"[{ "id": "01980000-0000-7000-8000-000000000001", "text": "hello",
      "owner": "01980000-0000-7000-8000-00000000000a" }]"#;
    sandbox.write("seed/notes.json", note);
    let read = ["--read", "Note/01980000-0000-7000-8000-000000000001"];
    let ask =
        |who, what: &[&str]| sandbox.run(&[&["explain", "--database", "--as", who], what].concat());
    assert_snapshot!("explain_no_database", ask("anonymous", &read));
    sandbox.stdout(&["seed"]);
    assert_snapshot!("explain_database_email", ask("user:bob@example.com", &read));
    assert_snapshot!(
        "explain_database_key",
        ask("user:01980000-0000-7000-8000-00000000000a", &read)
    );
    assert_snapshot!(
        "explain_database_role",
        ask(
            "role:editor",
            &[
                "--create",
                "Note",
                "--set",
                "text=a",
                "--set",
                "owner=01980000-0000-7000-8000-00000000000b"
            ]
        )
    );
    assert_snapshot!("explain_database_nobody", ask("user:eve@example.com", &read));
    assert_snapshot!("explain_database_name", ask("ada", &read));
    assert_snapshot!(
        "explain_database_no_row",
        ask("anonymous", &["--read", "Note/01980000-0000-7000-8000-000000000002"])
    );
}
