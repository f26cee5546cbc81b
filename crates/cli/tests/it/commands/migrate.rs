//! `underpin migrate`

use insta::assert_snapshot;

use crate::run::Sandbox;

const ONE: &str = r#"type Note @model @access(read: "true") { text: String! }"#;
const TWO: &str = r#"
type Note @model @access(read: "true") { text: String! stars: Int }
type Tag @model @access(read: "true") { name: String! @unique }
"#;
const LESS: &str = r#"type Note @model @access(read: "true") { stars: Int }"#;

#[test]
fn looking_at_a_plan_makes_no_database() {
    let sandbox = Sandbox::with_schema(ONE);
    assert_snapshot!("migrate_plan_new", sandbox.run(&["migrate", "plan"]));
    assert_snapshot!("migrate_status_new", sandbox.run(&["migrate", "status"]));
    assert!(!sandbox.path().join("data").exists());
}

#[test]
fn a_change_is_planned_applied_and_then_nothing_is_left_to_do() {
    let sandbox = Sandbox::with_schema(ONE);
    assert_snapshot!("migrate_apply_new", sandbox.run(&["migrate", "apply"]));
    assert_snapshot!("migrate_status_done", sandbox.run(&["migrate", "status", "--json"]));
    sandbox.write("schema.graphql", TWO);
    assert_snapshot!("migrate_plan_change", sandbox.run(&["migrate", "plan"]));
    assert_snapshot!("migrate_plan_change_json", sandbox.run(&["migrate", "plan", "--json"]));
    assert_snapshot!("migrate_apply_change", sandbox.run(&["migrate", "apply"]));
    assert_snapshot!("migrate_apply_again", sandbox.run(&["migrate", "apply"]));
}

#[test]
fn data_is_deleted_only_with_consent_and_after_a_copy() {
    let sandbox = Sandbox::with_schema(TWO);
    sandbox.stdout(&["migrate", "apply"]);
    sandbox.write("schema.graphql", LESS);
    assert_snapshot!("migrate_destructive_refused", sandbox.run(&["migrate", "apply"]));
    let applied = sandbox.stdout(&["migrate", "apply", "--allow-destructive", "--json"]);
    let applied: serde_json::Value = serde_json::from_str(&applied).unwrap();
    assert_eq!(applied["applied"]["class"], "destructive");
    let backup = applied["backup"].as_str().unwrap();
    assert!(sandbox.path().join(backup).is_file(), "{backup}");
}

#[test]
fn a_schema_with_mistakes_is_not_migrated_to() {
    let sandbox = Sandbox::with_schema("type Note @model { text: Strng! }");
    assert_snapshot!("migrate_bad_schema", sandbox.run(&["migrate", "apply"]));
    assert!(!sandbox.path().join("data").exists());
}

#[test]
fn a_schema_that_does_not_fit_the_tables_it_adopts_is_refused() {
    let sandbox = Sandbox::with_schema(
        r#"
        type Note @model(table: "notes", managed: false, timestamps: false, version: false)
          @access(read: "true") { text: String! }
        "#,
    );
    assert_snapshot!("migrate_adopted_absent", sandbox.run(&["migrate", "apply"]));
}
