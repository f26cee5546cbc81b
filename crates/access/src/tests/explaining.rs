//! Questions why, and their answers.

use underpin_base::Timestamp;
use underpin_engine::{Engine, Options, SystemQuery, SystemWrite, migrations};
use underpin_migrate::Consent;
use underpin_plan::{Operator, WriteKind, decode_document};
use underpin_schema::{IdKind, Scalar, Value};
use underpin_store::{Options as StoreOptions, Store};

use super::*;
use crate::sandbox::write_request;
use crate::{AskError, Live, Question};

const SHOP: &str = include_str!("../../../../examples/shop/schema.graphql");
const FILES: [(&str, &str); 2] = [
    ("tests/orders.yaml", include_str!("../../../../examples/shop/tests/orders.yaml")),
    ("tests/people.yaml", include_str!("../../../../examples/shop/tests/people.yaml")),
];

fn asked(operation: &'static str, target: &str, set: &[(&str, &str)]) -> Question {
    let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Question { operation, target: target.to_owned(), fields: Vec::new(), set: set.collect() }
}

#[track_caller]
fn explained(who: &str, question: &Question) -> String {
    let (suite, problems) = Stage::of(SHOP).read(&FILES);
    assert!(problems.is_empty(), "{}", mistakes(&problems));
    match suite.explain(who, question) {
        Ok(story) => outline(&story),
        Err(AskError::Question { message, help }) => {
            format!("{message}; {}", help.unwrap_or_default())
        }
        Err(AskError::Failed(error)) => panic!("{error:?}"),
    }
}

#[test]
fn a_read_is_explained_by_the_clause_that_decided() {
    insta::assert_snapshot!(explained("ada", &asked("read", "Order/bob-open", &[])));
    insta::assert_snapshot!(explained("role:staff", &asked("read", "Order/bob-open", &[])));
    insta::assert_snapshot!(explained("anonymous", &asked("read", "Order/bob-open", &[])));
}

#[test]
fn a_write_is_explained_by_the_rules_of_row_and_fields() {
    let paid = [("status", "PAID")];
    insta::assert_snapshot!(explained("ada", &asked("update", "Order/ada-open", &paid)));
    insta::assert_snapshot!(explained("ada", &asked("update", "Order/ada-paid", &[("note", "x")])));
    insta::assert_snapshot!(explained("ada", &asked("create", "Order", &[("customer", "bob")])));
    insta::assert_snapshot!(explained("sam", &asked("delete", "Order/bob-open", &[])));
    insta::assert_snapshot!(explained("orders.yaml:eve", &asked("create", "Order", &[])));
}

#[test]
fn fields_are_explained_one_by_one() {
    let mut question = asked("read", "Product/beans", &[]);
    insta::assert_snapshot!(explained("people:anonymous", &question));
    question.fields = vec!["cost".to_owned(), "name".to_owned()];
    insta::assert_snapshot!(explained("people:anonymous", &question));
}

#[test]
fn texts_need_no_quotes_in_a_question() {
    for note in ["plain", "hi: there", "12", "true", "[a", "# not a comment", "'quoted'"] {
        let story = explained("ada", &asked("update", "Order/ada-open", &[("note", note)]));
        let shown = note.trim_matches('\'');
        assert!(
            story.starts_with(&format!("ada may update Order/ada-open with note = '{shown}'\n")),
            "{story}"
        );
    }
    let story = explained("ada", &asked("update", "Order/ada-open", &[("note", "null")]));
    assert!(story.starts_with("ada may update Order/ada-open with note = null\n"), "{story}");
}

#[test]
fn a_question_that_makes_no_sense_is_refused_with_what_is_near() {
    let refused = |who, target: &str| explained(who, &asked("read", target, &[]));
    assert_eq!(
        refused("ada", "User/ada"),
        "several worlds have them: tests/orders.yaml, tests/people.yaml; \
         name one: `--as tests/orders.yaml:ada`"
    );
    assert_eq!(
        refused("adda", "Order/ada-open"),
        "there is no `User` named `adda`; did you mean `ada`?"
    );
    assert_eq!(
        refused("ada", "Order/ada-opn"),
        "there is no `Order` named `ada-opn`; did you mean `ada-open`?"
    );
    assert_eq!(refused("ada", "Ordr/x"), "there is no model `Ordr`; did you mean `Order`?");
    assert_eq!(
        refused("role:stff", "Order/ada-open"),
        "there is no role `stff`; did you mean `role:staff`?"
    );
    assert_eq!(refused("ada", "Order"), "which `Order` is meant?; for example `--read Order/NAME`");
}

/// A schema whose rules look at hidden fields and at what accounts are.
const SAFE: &str = r#"
extend schema @role(name: "guard", can: ["safes:read"])
type User @model @account(identity: ["email"]) { email: Email! @unique  pin: String @hidden }
type Safe @model @access(read: "row.code == auth.claims.code && auth.user.pin == null", update: "auth.verified") {
  code: String @hidden
  name: String!
}
"#;

#[test]
fn hidden_values_decide_and_are_not_told() {
    let suite = Stage::of(SAFE).suite(
        "
rows:
  User: { ada: { email: a@x.org, pin: '9999' } }
  Safe: { one: { name: One, code: opensesame } }
actors:
  ada: { claims: { code: opensesame } }
as: { user: ada }
can: [ { read: Safe/one } ]
",
    );
    let story = suite.explain("ada", &asked("read", "Safe/one", &[])).unwrap();
    // What rules learn of an account's own row leaves hidden fields out, as on a server.
    assert!(story.allowed && suite.run().unwrap().is_good());
    let told = serde_json::to_string(&story).unwrap();
    assert!(told.contains(r#"{"operand":"row.code","value":"(hidden)"}"#), "{told}");
    assert!(!told.contains("9999"), "{told}");
    let changed = suite.explain("ada", &asked("update", "Safe/one", &[("code", "other")])).unwrap();
    assert!(!serde_json::to_string(&changed).unwrap().contains("other"));
}

#[test]
fn a_database_knows_the_roles_and_the_standing_of_its_accounts() {
    let stage = Stage::of(SAFE);
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let store = Store::open(&StoreOptions::new(folder.path().join("app.db"))).unwrap();
    runtime.block_on(fill(&stage.schema, &store));
    let suite = stage.suite("");
    let ask = |who: &str, question: &Question| {
        let live = Live { store: &store, runtime: &runtime };
        match suite.explain_live(live, who, question) {
            Ok(story) => (story.allowed, story.reason),
            Err(AskError::Question { message, .. }) => (false, message),
            Err(AskError::Failed(error)) => panic!("{error:?}"),
        }
    };
    let row = format!("Safe/{}", key(3));
    let read = asked("read", &row, &[]);
    let update = asked("update", &row, &[("name", "Mine")]);
    let by_role = "the permission `safes:read` of guard allows it".to_owned();
    assert_eq!(ask("user:ada@x.org", &read), (true, by_role.clone()));
    assert_eq!(ask(&format!("user:{}", key(1)), &read), (true, by_role));
    assert!(ask("user:ada@x.org", &update).0, "the e-mail was proved");
    assert!(!ask("user:bob@x.org", &read).0);
    let suspended = "the account of `eve@x.org` is suspended, so nobody acts as it".to_owned();
    assert_eq!(ask("user:eve@x.org", &read), (false, suspended));
    store.close();
}

fn key(n: u32) -> String {
    format!("01980000-0000-7000-8000-{n:012}")
}

/// Three people, one of them a guard and one suspended, and a safe.
async fn fill(schema: &Arc<Schema>, store: &Store) {
    migrations::apply(store, schema, Consent::KeepData, Timestamp(0)).await.unwrap();
    let engine =
        Engine::start(store.clone(), Arc::clone(schema), Options::default()).await.unwrap();
    let app = engine.app().await;
    let rows = [
        ("User", format!(r#"{{"id":"{}","email":"ada@x.org"}}"#, key(1))),
        ("User", format!(r#"{{"id":"{}","email":"bob@x.org"}}"#, key(2))),
        ("User", format!(r#"{{"id":"{}","email":"eve@x.org"}}"#, key(4))),
        ("Safe", format!(r#"{{"id":"{}","name":"One","code":"x"}}"#, key(3))),
    ];
    for (model, body) in rows {
        let model = schema.by_name[model];
        let body = decode_document(schema, model, body.as_bytes(), engine.limits()).unwrap();
        let request = write_request(model, WriteKind::Create { under: None }, body);
        engine.write(&app, &engine.service_context(), request).await.unwrap();
    }
    #[derive(serde::Deserialize)]
    struct Row {
        id: String,
    }
    let guard = [("name", Operator::Eq, "guard")];
    let guard: Row = engine.system_find(SystemQuery::new("Role", &guard)).await.unwrap().unwrap();
    let guard = Scalar::Id(IdKind::Uuid).parse_text(&guard.id).unwrap();
    let account = SystemWrite::create("Account")
        .text("subject", key(1))
        .text("verifiedEmail", "ADA@x.org")
        .set("roles", Value::List(vec![guard]));
    engine.system_write(account).await.unwrap();
    let suspended =
        SystemWrite::create("Account").text("subject", key(4)).time("suspendedAt", Timestamp(1));
    engine.system_write(suspended).await.unwrap();
}
