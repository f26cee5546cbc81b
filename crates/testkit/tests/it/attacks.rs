//! Attacks that worked on other servers, sent to this one.
//!
//! Each was published; what went wrong there is the promise that a test here is named after.
//!
//! | published as | what was sent | tests here |
//! |---|---|---|
//! | CVE-2023-22894 (Strapi) | a filter on a private column, letter by letter | [`columns::a_private_column_is_not_guessed_letter_by_letter`] |
//! | CVE-2026-27886 (Strapi) | `where[…]`, which no sanitizer knew; totals as an oracle | [`names::a_parameter_that_nobody_knows_is_refused`], [`columns::totals_count_what_is_seen`] |
//! | CVE-2023-34235 (Strapi) | an alias of the statement: `t1.password` | [`names::names_of_tables_and_aliases_name_nothing`] |
//! | CVE-2026-31872 (Parse) | a path below a protected field: `secretObj.apiKey` | [`names::every_step_of_a_path_is_asked_for`] |
//! | GHSA-9722-9j67-vjcr (`SurrealDB`), CVE-2024-34708 (Directus) | a function or an alias over a redacted value | [`columns::no_expression_tells_a_value_that_is_held_back`] |
//! | Azure DAB 3553, Platformatic 5119, `WaveHouse` 223 | sort, count, cursor and default selection of a forbidden column | [`columns::a_forbidden_column_is_like_none_wherever_it_is_named`], [`columns::nothing_tells_a_value_that_is_held_back`] |
//! | Hasura 10711, CVE-2022-46792 | roles that composed dropped row filters; a verb without them | [`rows::a_row_that_is_not_seen_is_absent_to_every_verb`], [`rows::roles_add_up_and_lift_no_guard_of_rows`], `learning::roles` |
//! | GHSA-6vg3-hgrw-p5gf (`SurrealDB`) | a body that shadows what the rule reads | [`rows::a_body_does_not_say_whose_row_it_is`] |
//! | GHSA-x5fr-7hhj-34j3 (`SurrealDB`) | a table just made, open to all | [`rows::a_model_without_rules_is_closed_on_every_way_to_it`] |
//! | CVE-2026-22599 (Strapi), CVE-2026-72898 (Metabase) | `{"isRaw": true}` in place of a value | [`bodies::an_object_is_not_a_value_of_any_field`], [`bodies::an_object_in_a_query_is_not_a_value`] |
//! | CVE-2015-9235, CVE-2016-10555, CVE-2022-21449 (JWT) | `alg: none`, HS256 with the public key, `kid`, `jku`, a signature of zeroes | [`tokens::a_token_that_was_tampered_with_is_refused_like_any_other`], [`tokens::a_token_of_another_installation_with_the_same_keys_is_refused`] |
//! | sessions that outlived their end | each credential after each end, and after a restart | [`proofs::what_ended_is_over_for_every_credential_of_it`], [`proofs::a_restart_revives_nothing`] |
//! | single-use tokens that were raced | one token over many connections at the same moment | [`proofs::a_link_opens_once_however_many_use_it_at_once`], [`proofs::a_token_has_one_successor_over_a_hundred_connections`] |
//! | codes that were guessed in parallel, or after a restart | wrong codes until the right one is void | [`proofs::spelling_an_address_otherwise_gives_no_new_guesses`], [`proofs::a_restart_gives_no_new_guesses`] |
//! | enumeration of accounts | a known and an unknown address, compared to the byte | [`proofs::no_answer_tells_whether_an_address_has_an_account`] |
//! | administration left open, default passwords | every closed door as nobody, as a user, as a key | [`doors::nobody_unknown_passes_a_closed_door`], [`doors::an_ordinary_user_passes_no_door_of_administrators`], [`doors::no_key_passes_a_door_of_sessions`], [`doors::a_new_server_has_no_account_of_its_own`] |

use rusqlite::Connection;
use serde_json::json;
use underpin_testkit::{Answer, Client, Request, TestApp};

mod bodies;
mod columns;
mod doors;
mod names;
mod proofs;
mod rows;
mod tokens;

const SCHEMA: &str = r#"
extend schema
  @role(name: "auditor", can: ["audits:see"])
  @role(name: "helper", can: ["tags:read"])
  @role(name: "idle", can: [])

type User @model(timestamps: false) @account(identity: ["login"]) @access(read: "true") {
  login: String! @unique
  email: String @access(read: "row.id == auth.id")
  resetToken: String @access(read: "auth.is('auditor')")
  passwordHash: String @hidden
  vault: JSON @access(read: "auth.is('auditor')")
  boss: User @access(read: "auth.is('auditor')")
  staff: [User!]! @relation(field: "boss")
  notes: [Note!]! @relation(field: "owner")
}

type Note @model(timestamps: false)
  @access(read: "row.owner == auth.id || row.isPublic", create: "row.owner == auth.id",
          update: "row.owner == auth.id", delete: "row.owner == auth.id") {
  owner: User!
  title: String!
  isPublic: Boolean! @default(value: false)
  text: String @access(read: "row.owner == auth.id")
  rank: Int @access(read: "row.owner == auth.id")
  price: Decimal
  due: DateTime
  extra: JSON
  labels: [String!]
  state: State
  sealed: Sealed
  tags: [Tag!]! @relation
}

type Tag @model(timestamps: false) {
  name: String!
  notes: [Note!]! @relation
}

type Sealed @model(timestamps: false) {
  code: String!
  notes: [Note!]! @relation(field: "sealed")
}

enum State { OPEN CLOSED }
"#;

/// What of the rows no answer may hold.
const CANARIES: [&str; 4] = ["canary-mail", "canary-token", "canary-hash", "canary-text"];

/// Ada, whose things are secret, and Eve, who wants to know them.
struct Stage {
    app: TestApp,
    /// Ada's private note.
    private: String,
    /// Ada's public note, with a private text.
    public: String,
    /// A note of Eve's own.
    own: String,
}

impl Stage {
    fn set() -> Self {
        let app = TestApp::of(SCHEMA)
            .with_user("ada", &[])
            .with_user("eve", &[])
            .with_key("script", &[])
            .with_key("helper", &["helper"])
            .with_key("idle", &["idle"])
            .start();
        let make = |plural: &str, body: &serde_json::Value| {
            let made = app.service().post(&format!("/api/v1/{plural}"), body).send().is(201);
            made.json()["data"]["id"].as_str().unwrap().to_owned()
        };
        let [ada, eve] = ["ada", "eve"].map(|name| app.id_of(name).unwrap());
        make(
            "users",
            &json!({
                "id": ada, "login": "ada", "email": "canary-mail@example.org",
                "resetToken": "canary-token-3f", "passwordHash": "canary-hash-1",
                "vault": { "apiKey": "canary-token" },
            }),
        );
        make(
            "users",
            &json!({ "id": eve, "login": "eve", "email": "eve@example.org", "boss": ada }),
        );
        let tag = make("tags", &json!({ "name": "canary-text-tag" }));
        let sealed = make("sealeds", &json!({ "code": "canary-text-code" }));
        let note = |owner: &str, title: &str, is_public: bool| {
            make(
                "notes",
                &json!({
                    "owner": owner, "title": title, "isPublic": is_public, "rank": 7,
                    "text": format!("canary-text of {title}"), "tags": [tag], "sealed": sealed,
                    "extra": { "colour": "red" },
                }),
            )
        };
        let private = note(&ada, "canary-text-title", false);
        let public = note(&ada, "public", true);
        let own = app.user("eve").post("/api/v1/notes", &json!({ "owner": eve, "title": "mine" }));
        let own = own.send().is(201).json()["data"]["id"].as_str().unwrap().to_owned();
        Self { app, private, public, own }
    }

    fn eve(&self) -> Client {
        self.app.user("eve")
    }

    fn sql(&self, statements: &str) {
        Connection::open(self.app.database()).unwrap().execute_batch(statements).unwrap();
    }

    /// Everything that is stored, as the server itself reads it.
    fn content(&self) -> String {
        let lists = ["users", "notes?include=tags", "tags", "sealeds"].map(|list| {
            let answer = self.app.service().get(&format!("/api/v1/{list}")).send().is(200);
            answer.json()["data"].to_string()
        });
        lists.concat()
    }
}

/// Sends a request under a name that every answer repeats.
#[track_caller]
fn send(request: Request) -> Answer {
    request.header("X-Request-Id", "attack").send()
}

/// An answer to the byte, with the headers that say something of rows.
fn exact(answer: &Answer) -> String {
    let [tag, link] = ["ETag", "Link"].map(|name| answer.header(name).unwrap_or_default());
    format!("{} {tag} {link}\n{}", answer.status(), String::from_utf8_lossy(answer.bytes()))
}

/// That an answer holds nothing that is secret to everybody but Ada.
#[track_caller]
fn holds_no_canary(answer: &Answer) {
    let text = String::from_utf8_lossy(answer.bytes());
    assert!(!CANARIES.iter().any(|canary| text.contains(canary)), "{answer}");
}

/// A target with its parameter values percent-encoded: everything that must not stand there bare.
fn target(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}%+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
