//! `underpin db pull`

use insta::assert_snapshot;

use crate::run::Sandbox;

const SCHEMA: &str = r#"type Note @model @access(read: "true") { text: String! stars: Int }"#;

#[test]
fn the_schema_of_a_database_is_one_that_check_accepts() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.stdout(&["migrate", "apply"]);
    sandbox.stdout(&["db", "pull", "sqlite:data/app.db", "-o", "pulled/schema.graphql"]);
    sandbox.stdout(&["check", "pulled"]);
}

#[test]
fn what_is_no_database_and_what_is_there_already_are_refused() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    assert_snapshot!("db_pull_postgres", sandbox.run(&["db", "pull", "postgres://db/shop"]));
    assert_snapshot!("db_pull_absent", sandbox.run(&["db", "pull", "sqlite:absent.db"]));
    assert_snapshot!(
        "db_pull_occupied",
        sandbox.run(&["db", "pull", "sqlite:absent.db", "-o", "schema.graphql"])
    );
}
