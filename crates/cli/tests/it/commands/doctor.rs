//! `underpin doctor`

use insta::assert_snapshot;

use crate::run::Sandbox;

const SCHEMA: &str = r#"type Note @model @access(read: "true") { text: String! }"#;

/// What differs from machine to machine, made the same.
fn steady(shown: &str) -> String {
    let steady = |line: &str| {
        let line = match line.split_once(" MiB free") {
            Some((before, _)) => {
                let figure = before.rfind(' ').map_or(0, |space| space + 1);
                assert!(before[figure..].parse::<u64>().is_ok(), "{line}");
                format!("{}[N] MiB free", &before[..figure])
            }
            None => line.to_owned(),
        };
        match line.split_once(" KiB, SQLite 3.") {
            Some((before, _)) => {
                let size = before.rfind('(').map_or(0, |open| open + 1);
                format!("{}[N] KiB, SQLite [VERSION])", &before[..size])
            }
            None => line,
        }
    };
    shown.lines().map(steady).collect::<Vec<_>>().join("\n")
}

fn sandbox() -> Sandbox {
    let mut sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.set("UNDERPIN_SERVER__ADDRESS", "127.0.0.1:0");
    sandbox
}

#[test]
fn a_project_without_a_database_is_told_how_to_make_one() {
    assert_snapshot!("doctor_new", steady(&sandbox().run(&["doctor"])));
}

#[test]
fn a_healthy_project_has_a_good_line_for_everything() {
    let sandbox = sandbox();
    sandbox.stdout(&["migrate", "apply"]);
    assert_snapshot!("doctor_healthy", steady(&sandbox.run(&["doctor"])));
}

#[test]
fn everything_that_is_wrong_is_found_in_one_go() {
    let mut sandbox = sandbox();
    sandbox.write("underpin.toml", "[servr]\n");
    sandbox.write("schema.graphql", "type Note @model { text: Strng! }");
    sandbox.write("data/app.db", "this is no database, however long one looks at it");
    sandbox.set("UNDERPIN_SERVER__ADDRESS", "127.0.0.1:0");
    assert_snapshot!("doctor_ill", steady(&sandbox.run(&["doctor"])));
}

#[test]
fn a_database_behind_the_schema_is_a_warning() {
    let sandbox = sandbox();
    sandbox.stdout(&["migrate", "apply"]);
    sandbox.write(
        "schema.graphql",
        r#"type Note @model @access(read: "true") { text: String! stars: Int }"#,
    );
    let shown = sandbox.run(&["doctor"]);
    assert!(shown.starts_with("exit code: 0"), "{shown}");
    assert!(shown.contains("warn  migrations"), "{shown}");
}

#[test]
fn a_mail_server_that_cannot_be_reached_is_told_of() {
    let mut sandbox = sandbox();
    // Port 1 is reserved, and nothing listens there.
    sandbox.set("UNDERPIN_MAIL__SMTP_HOST", "127.0.0.1");
    sandbox.set("UNDERPIN_MAIL__SMTP_PORT", "1");
    let shown = sandbox.run(&["doctor"]);
    assert!(shown.contains("fail  mail           1 mistake in the templates"), "{shown}");
    sandbox.set("UNDERPIN_MAIL__FROM", "no-reply@example.com");
    let shown = sandbox.run(&["doctor"]);
    let line = "fail  mail           127.0.0.1:1 (not encrypted): the mail server could not be";
    assert!(shown.contains(line), "{shown}");
    sandbox.set("UNDERPIN_MAIL__SMTP_USERNAME", "shop");
    sandbox.set("UNDERPIN_MAIL__SMTP_PASSWORD_FILE", "absent");
    let shown = sandbox.run(&["doctor"]);
    assert!(shown.contains("the file of `mail.smtp_password_file`, "), "{shown}");
}
