//! `underpin dev`

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;

use super::client::{get, post};
use super::server::Server;
use crate::run::Sandbox;

const SCHEMA: &str = r#"
type Product @model @access(read: "true") { name: String! }
"#;
const WITH_BRAND: &str = r#"
type Product @model @access(read: "true") { name: String! brand: String @length(max: 80) }
"#;
const ROW: &str = r#"[{ "id": "01980000-0000-7000-8000-000000000001", "name": "Pan" }]"#;

fn shop() -> Sandbox {
    let sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.write("seed/products.json", ROW);
    sandbox
}

fn first_product(server: &Server) -> Value {
    let (status, body) = get(server.address, "/api/v1/products").unwrap();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<Value>(&body).unwrap()["data"][0].clone()
}

#[test]
fn a_new_project_is_seeded_and_served_and_a_key_works_at_once() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    assert_eq!(first_product(&server)["name"], "Pan");
    server.stdout_line("data/dev.db (new, 1 row added)");
    let hint = server.stdout_line("underpin key create");
    let command = hint.trim_start().strip_prefix("Key").unwrap();
    let made = sandbox.shell(&format!("{command} --quiet"));
    let key = String::from_utf8(made.stdout).unwrap();
    let (status, body) =
        post(server.address, "/api/v1/products", (key.trim(), r#"{"name": "Pot"}"#)).unwrap();
    assert_eq!(status, 201, "{body}");
}

#[test]
fn a_saved_schema_is_applied_while_requests_go_on_and_none_fails() {
    let mut sandbox = shop();
    sandbox.set("UNDERPIN_TIERS__ANONYMOUS", "unlimited");
    let mut server = Server::dev(&sandbox);
    let (is_done, n_answers) = (&AtomicBool::new(false), &AtomicU32::new(0));
    std::thread::scope(|scope| {
        let address = server.address;
        for _ in 0..4 {
            scope.spawn(move || {
                while !is_done.load(Ordering::SeqCst) {
                    let (status, body) = get(address, "/api/v1/products").unwrap();
                    assert_eq!(status, 200, "{body}");
                    n_answers.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        sandbox.write("schema.graphql", WITH_BRAND);
        let line = server.stdout_line("schema: ");
        assert!(line.contains("brand"), "{line}");
        for round in 0..5 {
            sandbox.write("schema.graphql", &format!("{WITH_BRAND}# {round}\n"));
            server.stdout_line("schema: applied");
        }
        is_done.store(true, Ordering::SeqCst);
    });
    assert!(n_answers.load(Ordering::SeqCst) > 0);
    assert_eq!(first_product(&server)["brand"], Value::Null);
    assert!(first_product(&server).as_object().unwrap().contains_key("brand"));
}

#[test]
fn a_schema_with_mistakes_is_explained_and_the_one_before_goes_on() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    sandbox.write("schema.graphql", "type Product @model { name: Strng! }");
    server.stderr_line("schema.graphql:1:");
    server.stderr_line("the schema before goes on serving");
    assert_eq!(first_product(&server)["name"], "Pan");
    sandbox.write("schema.graphql", WITH_BRAND);
    server.stdout_line("schema: ");
    assert!(first_product(&server).as_object().unwrap().contains_key("brand"));
}

#[test]
fn a_step_that_deletes_data_is_not_applied_but_explained() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    sandbox
        .write("schema.graphql", r#"type Product @model @access(read: "true") { brand: String }"#);
    server.stderr_line("migrate apply --allow-destructive --database sqlite:data/dev.db");
    assert_eq!(first_product(&server)["name"], "Pan");
}

#[test]
fn rows_saved_in_seed_are_added() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    sandbox.write(
        "seed/products.json",
        r#"[{ "id": "01980000-0000-7000-8000-000000000002", "name": "Pot" }]"#,
    );
    server.stdout_line("seed: 1 row added");
}

#[test]
fn a_second_dev_of_one_project_is_refused() {
    let sandbox = shop();
    let _server = Server::dev(&sandbox);
    let refused = sandbox.run(&["dev", "--address", "127.0.0.1:0"]);
    assert!(refused.starts_with("exit code: 1"), "{refused}");
    assert!(refused.contains("another `underpin dev`"), "{refused}");
}

#[test]
fn a_migration_by_another_process_is_followed() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    let other = Sandbox::with_schema(WITH_BRAND);
    let database = format!("sqlite:{}", sandbox.path().join("data/dev.db").display());
    other.stdout(&["migrate", "apply", "--database", &database]);
    server.stderr_line("ahead of the schema");
    assert_eq!(get(server.address, "/health/ready").unwrap().0, 503);
    let narrow = r#"type Product @model @access(read: "true") { brand: String }"#;
    other.write("schema.graphql", narrow);
    other.stdout(&["migrate", "apply", "--allow-destructive", "--database", &database]);
    let (status, body) = get(server.address, "/api/v1/products").unwrap();
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("STORAGE_UNAVAILABLE"), "{body}");
    sandbox.write("schema.graphql", narrow);
    server.stdout_line("schema: ");
    assert!(first_product(&server).as_object().unwrap().contains_key("brand"));
    assert_eq!(get(server.address, "/health/ready").unwrap().0, 200);
}

#[test]
fn a_destructive_migration_that_dev_asked_for_is_served_once_it_is_done() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    sandbox
        .write("schema.graphql", r#"type Product @model @access(read: "true") { brand: String }"#);
    server.stderr_line("migrate apply --allow-destructive --database sqlite:data/dev.db");
    sandbox.stdout(&[
        "migrate",
        "apply",
        "--allow-destructive",
        "--database",
        "sqlite:data/dev.db",
    ]);
    server.stdout_line("schema: the database was migrated");
    assert!(first_product(&server).as_object().unwrap().contains_key("brand"));
}

#[test]
fn a_new_version_of_the_api_is_named_with_its_address() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    sandbox.write("schema.graphql", &format!("extend schema @version(number: 2)\n{SCHEMA}"));
    let line = server.stdout_line("the API is now at");
    assert!(line.ends_with(&format!("http://{}/api/v2", server.address)), "{line}");
    assert_eq!(get(server.address, "/api/v2/products").unwrap().0, 200);
}

#[test]
fn a_start_that_cannot_listen_leaves_nothing_behind_and_the_next_one_seeds() {
    let sandbox = shop();
    let occupant = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = occupant.local_addr().unwrap().to_string();
    let refused = sandbox.run(&["dev", "--address", &address]);
    assert!(refused.contains("another program listens there"), "{refused}");
    assert!(!sandbox.path().join("data/dev.db").exists());
    let mut server = Server::dev(&sandbox);
    server.stdout_line("(new, 1 row added)");
}

#[test]
fn a_database_that_was_made_but_never_filled_is_filled() {
    let sandbox = shop();
    sandbox.stdout(&["migrate", "apply", "--database", "sqlite:data/dev.db"]);
    let mut server = Server::dev(&sandbox);
    server.stdout_line("(new, 1 row added)");
}

#[test]
fn seeding_that_was_not_completed_goes_on_at_the_next_start_and_then_is_over() {
    let sandbox = shop();
    let pot = ROW.replace("0001", "0002");
    let wrong = format!("[{}, {}]", ROW.trim_matches(['[', ']']), r#"{ "name": 7 }"#);
    sandbox.write("seed/products.json", &wrong);
    let mut server = Server::dev(&sandbox);
    server.stdout_line("(new, 1 row added, 1 refused)");
    drop(server);
    sandbox.write("seed/products.json", &pot);
    let mut server = Server::dev(&sandbox);
    server.stdout_line("(new, 1 row added)");
    drop(server);
    // Saved while nobody watches, so a row that is missing was not wanted.
    sandbox.write("seed/products.json", &ROW.replace("0001", "0003"));
    let mut server = Server::dev(&sandbox);
    let line = server.stdout_line("data/dev.db");
    assert!(line.ends_with("data/dev.db"), "{line}");
}

#[test]
fn a_signal_before_anything_is_served_ends_the_process_and_the_next_start_goes_on() {
    const N_ROWS: usize = 4_000;
    let sandbox = Sandbox::with_schema(SCHEMA);
    let row = |n| format!(r#"{{"id": "01980000-0000-7000-8000-{n:012}", "name": "Pan"}}"#);
    let rows: Vec<String> = (0..N_ROWS).map(row).collect();
    sandbox.write("seed/products.json", &format!("[{}]", rows.join(",")));
    let mut server = Server::spawn(&sandbox, &["dev", "--address", "127.0.0.1:0"]);
    // Signals are listened for before the database is made.
    while !sandbox.path().join("data/dev.db").exists() {
        std::thread::yield_now();
    }
    server.terminate();
    assert_eq!(server.wait(), Some(130));
    let mut server = Server::dev(&sandbox);
    let line = server.stdout_line("data/dev.db (new, ");
    let counts = line.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<usize>().ok());
    assert_eq!(counts.sum::<usize>(), N_ROWS, "{line}");
}

#[test]
fn mail_that_is_caught_has_a_page() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    let line = server.stdout_line("  Mail ");
    assert!(line.ends_with("/dev/mail"), "{line}");
    assert_eq!(get(server.address, "/dev/mail.json").unwrap(), (200, r#"{"data":[]}"#.to_owned()));
    assert_eq!(get(server.address, "/dev/mail").unwrap().0, 200);
}

#[test]
fn registering_sends_a_mail_that_is_shown_and_the_first_administrator_has_a_link() {
    let sandbox = shop();
    let mut server = Server::dev(&sandbox);
    let link = server.stdout_line("/auth/#setup=");
    let token = link.rsplit("#setup=").next().unwrap().trim().to_owned();
    let person = r#"{"email": "ada@example.com", "password": "two walnuts under a bridge"}"#;
    let (status, body) = post(server.address, "/api/v1/auth/register", ("", person)).unwrap();
    assert_eq!(status, 202, "{body}");
    server.stdout_line("to ada@example.com");
    server.stdout_line("/auth/verify-email#token=");
    let admin = format!(
        r#"{{"token": "{token}", "email": "root@example.com", "password": "two walnuts under a bridge"}}"#
    );
    let (status, body) = post(server.address, "/api/v1/auth/setup", ("", &admin)).unwrap();
    assert_eq!(status, 200, "{body}");
    let (status, _) = post(server.address, "/api/v1/auth/setup", ("", &admin)).unwrap();
    assert_eq!(status, 400);
    let answer: Value = serde_json::from_str(&body).unwrap();
    let access = answer["data"]["accessToken"].as_str().unwrap();
    let (status, body) =
        post(server.address, "/api/v1/products", (access, r#"{"name": "Pot"}"#)).unwrap();
    assert_eq!(status, 201, "{body}");
    assert!(sandbox.path().join("data/dev.db.secret").is_file());
}
