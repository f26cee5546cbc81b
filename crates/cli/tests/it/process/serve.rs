//! `underpin serve`

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use insta::assert_snapshot;

use super::client::{get, post};
use super::server::Server;
use crate::run::Sandbox;

const SCHEMA: &str = r#"type Note @model @access(read: "true") { text: String! }"#;
const WITH_STARS: &str = r#"type Note @model @access(read: "true") { text: String! stars: Int }"#;

#[test]
fn a_database_that_is_behind_is_refused_until_it_is_migrated() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    assert_snapshot!("serve_without_database", sandbox.run(&["serve"]));
    sandbox.stdout(&["migrate", "apply"]);
    sandbox.write("schema.graphql", WITH_STARS);
    assert_snapshot!("serve_behind", sandbox.run(&["serve"]));
    let server = Server::serve(&sandbox, &["--migrate"]);
    assert_eq!(get(server.address, "/api/v1/notes").unwrap().0, 200);
}

#[test]
fn unknown_settings_keep_a_server_from_starting() {
    let mut sandbox = Sandbox::with_schema(SCHEMA);
    sandbox.set("UNDERPIN_SERVER__ADRESS", "127.0.0.1:0");
    assert_snapshot!("serve_unknown_setting", sandbox.run(&["serve"]));
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    let occupant = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = occupant.local_addr().unwrap().to_string();
    let refused = sandbox.run(&["serve", "--migrate", "--address", &address]);
    assert_snapshot!("serve_port_in_use", refused.replace(&address, "[ADDRESS]"));
}

#[test]
fn sigterm_lets_a_request_in_flight_end_and_the_exit_code_is_0() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    let mut server = Server::serve(&sandbox, &["--migrate"]);
    let key = sandbox.stdout(&["key", "create", "--role", "admin", "--quiet"]);
    let mut stream = half_a_request(&server, &key);
    // Answered on another connection, so the first half was there before.
    assert_eq!(get(server.address, "/health/ready").unwrap().0, 200);
    server.terminate();
    server.stderr_line("stopping");
    stream.write_all(&BODY.as_bytes()[4..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    let sandbox = Sandbox::with_schema(SCHEMA);
    let mut server = Server::serve(&sandbox, &["--migrate"]);
    let key = sandbox.stdout(&["key", "create", "--role", "admin", "--quiet"]);
    let _stream = half_a_request(&server, &key);
    assert_eq!(get(server.address, "/health/ready").unwrap().0, 200);
    server.terminate();
    server.stderr_line("stopping");
    server.terminate();
    assert_eq!(server.wait(), Some(130));
}

const BODY: &str = r#"{"text": "late"}"#;

/// A request in flight: its head, and the first bytes of [`BODY`].
fn half_a_request(server: &Server, key: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    write!(
        stream,
        "POST /api/v1/notes HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        server.address,
        key.trim(),
        BODY.len(),
        &BODY[..4],
    )
    .unwrap();
    stream
}

const PEOPLE: &str = r#"
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") { email: Email! @unique }
type Note @model @access(read: "true", create: "auth.kind == 'key'") { text: String! }
"#;

#[test]
fn what_the_command_line_changes_of_accounts_counts_in_a_server_that_is_up() {
    let sandbox = Sandbox::with_schema(PEOPLE);
    let mut server = Server::serve(&sandbox, &["--migrate"]);
    server.stderr_line("user setup-link");
    sandbox.stdout(&["user", "create", "ada@example.com"]);
    let key = ["key", "create", "--user", "ada@example.com", "--quiet"];
    let key = sandbox.stdout(&key);
    let write = || {
        let (status, _) =
            post(server.address, "/api/v1/notes", (key.trim(), r#"{"text": "a"}"#)).unwrap();
        status
    };
    assert_eq!(write(), 201);
    sandbox.stdout(&["user", "suspend", "ada@example.com"]);
    while write() == 201 {}
    assert_eq!(write(), 401);
    sandbox.stdout(&["user", "reinstate", "ada@example.com"]);
    while write() == 401 {}
    assert_eq!(write(), 201);
}
