//! `underpin check`

use insta::assert_snapshot;

use crate::run::Sandbox;

const GOOD: &str = r#"type Note @model @access(read: "true") { text: String! }"#;

const BAD: &str = r#"
type Note @model @access(read: "row.titel == 'open'") {
  title: Strng!
  author: Person!
}

type Person @model @acess(read: "true") {
  name: String! @length(min: 5, max: 2)
}
"#;

#[test]
fn a_project_without_mistakes_is_named_in_one_line() {
    assert_snapshot!("check_good", Sandbox::with_schema(GOOD).run(&["check"]));
    assert_snapshot!("check_good_json", Sandbox::with_schema(GOOD).run(&["check", "--json"]));
}

#[test]
fn every_mistake_of_the_schema_is_shown_with_its_place() {
    assert_snapshot!("check_bad", Sandbox::with_schema(BAD).run(&["check"]));
    assert_snapshot!("check_bad_json", Sandbox::with_schema(BAD).run(&["check", "--json"]));
}

#[test]
fn rules_are_checked_once_the_definitions_hold_together() {
    let schema = r#"type Note @model @access(read: "row.titel == 'open'") { title: String! }"#;
    assert_snapshot!("check_rule", Sandbox::with_schema(schema).run(&["check"]));
}

#[test]
fn mistakes_of_the_configuration_are_reported_with_those_of_the_schema() {
    let mut sandbox = Sandbox::with_schema(BAD);
    sandbox.write("underpin.toml", "[server]\nadress = \"127.0.0.1:80\"\n");
    sandbox.set("UNDERPIN_SERVER__WORKERS", "-1");
    assert_snapshot!("check_config", sandbox.run(&["check"]));
}

#[test]
fn warnings_pass_unless_they_are_denied() {
    let schema = "type Note @model { text: String! }";
    assert_snapshot!("check_warning", Sandbox::with_schema(schema).run(&["check"]));
    assert_snapshot!(
        "check_warning_denied",
        Sandbox::with_schema(schema).run(&["check", "--deny", "warnings"])
    );
}

#[test]
fn a_folder_that_is_no_project_is_refused() {
    assert_snapshot!("check_no_project", Sandbox::empty().run(&["check"]));
    assert_snapshot!("check_no_folder", Sandbox::empty().run(&["check", "shop", "--json"]));
}

#[test]
fn the_example_and_a_new_project_have_no_mistakes_and_no_warnings() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
    let sandbox = Sandbox::empty();
    sandbox.stdout(&["check", "--deny", "warnings", example]);
    sandbox.stdout(&["new", "fresh"]);
    sandbox.stdout(&["check", "--deny", "warnings", "fresh"]);
}

#[test]
fn mistakes_in_mail_templates_are_shown_with_their_place() {
    let sandbox = Sandbox::with_schema(GOOD);
    sandbox.write("underpin.toml", "[mail]\nsmtp_host = \"smtp.example.com\"\n");
    sandbox.write("emails/code.txt", "Subject: Code\n\n{{ code }} for {{ nme }}\n");
    sandbox.write("emails/verfy-email.html", "");
    assert_snapshot!("check_mail", sandbox.run(&["check"]));
    assert_snapshot!("check_mail_json", sandbox.run(&["check", "--json"]));
    let served = sandbox.run(&["serve", "--migrate"]);
    assert!(served.contains("the mail templates have 2 mistakes"), "{served}");
}
