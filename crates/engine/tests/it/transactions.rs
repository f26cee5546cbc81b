//! Several writes as one.

use serde::Deserialize;
use serde_json::json;
use underpin_base::Code;
use underpin_engine::{SystemQuery, SystemWrite, Transaction};
use underpin_plan::{Actor, Document, Operator, WriteKind, WriteRequest};
use underpin_schema::Value;
use uuid::Uuid;

use crate::world::{World, admin};

const SCHEMA: &str = r#"
type User @model @account(identity: ["name"]) @access(read: "true") {
  id: ID! @id(kind: INT)
  name: String! @unique
}
"#;

#[derive(Deserialize)]
struct AccountRow {
    id: Uuid,
    version: i64,
    subject: Option<String>,
}

fn user(world_model: underpin_schema::ModelId, name: Value, field: u16) -> WriteRequest {
    WriteRequest {
        model: world_model,
        kind: WriteKind::Create { under: None },
        document: Document {
            entries: vec![(underpin_schema::FieldId(field), name)],
            errors: Vec::new(),
        },
        if_version: None,
        include: Vec::new(),
        fields: None,
    }
}

async fn accounts(world: &World) -> Vec<AccountRow> {
    world.engine.system_all(SystemQuery::new("Account", &[])).await.unwrap()
}

/// Makes a user with its account, as one transaction.
async fn register(world: &World, name: &str) -> underpin_base::Result<String> {
    let app = world.engine.app().await;
    let model = app.schema().model(app.schema().by_name["User"]);
    let field = model.by_field["name"].0;
    let mut transaction = Transaction::new(&world.engine);
    let ctx = world.engine.service_context();
    let request = user(model.id, Value::Text(name.to_owned()), field);
    let row = transaction.write(&app, &ctx, &request).await?;
    transaction.system(&SystemWrite::create("Account").key_of("subject", &row))?;
    let replies = transaction.commit().await?;
    Ok(replies[0].key.clone())
}

#[tokio::test]
async fn a_key_that_the_database_makes_reaches_the_writes_after_it() {
    let world = World::new(SCHEMA).await;
    let first = register(&world, "ada").await.unwrap();
    let second = register(&world, "bob").await.unwrap();
    let subjects: Vec<String> =
        accounts(&world).await.into_iter().filter_map(|row| row.subject).collect();
    assert_eq!(subjects, [first, second]);
}

#[tokio::test]
async fn all_of_a_transaction_is_done_or_none() {
    let world = World::new(SCHEMA).await;
    register(&world, "ada").await.unwrap();
    let app = world.engine.app().await;
    let model = app.schema().model(app.schema().by_name["User"]);
    let mut transaction = Transaction::new(&world.engine);
    transaction.system(&SystemWrite::create("Account").text("name", "robot")).unwrap();
    let ctx = world.engine.service_context();
    let request = user(model.id, Value::Text("ada".to_owned()), model.by_field["name"].0);
    transaction.write(&app, &ctx, &request).await.unwrap();
    let aborted = transaction.commit().await.unwrap_err();
    assert_eq!((aborted.place, aborted.error.code()), (Some(1), Code::UniqueConflict));
    assert_eq!(accounts(&world).await.len(), 1);
}

#[tokio::test]
async fn of_fifty_that_consume_the_same_row_one_succeeds() {
    let world = World::new(SCHEMA).await;
    register(&world, "ada").await.unwrap();
    let account = accounts(&world).await.pop().unwrap();
    let consume = || {
        let write = SystemWrite::delete("Account", account.id).at(account.version);
        world.engine.system_write(write)
    };
    let mut outcomes = Vec::new();
    let mut tasks: Vec<_> = (0..50).map(|_| Box::pin(consume())).collect();
    // All are begun before the first is waited for.
    std::future::poll_fn(|context| {
        tasks.retain_mut(|task| match task.as_mut().poll(context) {
            std::task::Poll::Ready(outcome) => {
                outcomes.push(outcome);
                false
            }
            std::task::Poll::Pending => true,
        });
        if tasks.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let mut missed = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(missed.all(|error| error.code() == Code::NotFound), "{outcomes:?}");
}

#[tokio::test]
async fn an_account_ends_with_its_row() {
    let world = World::new(SCHEMA).await;
    let key = register(&world, "ada").await.unwrap();
    let generation = world.engine.authority_generation();
    let kind = WriteKind::Delete { key: Value::Int(key.parse().unwrap()) };
    world.write(admin(), "User", kind, json!({})).await.unwrap();
    assert!(accounts(&world).await.is_empty());
    assert!(world.engine.authority_generation() > generation);
}

#[tokio::test]
async fn rows_of_our_own_answer_to_no_name_of_a_client() {
    let world = World::new(SCHEMA).await;
    let app = world.engine.app().await;
    assert!(!app.schema().by_name.contains_key("Account"));
    assert!(app.schema().models.iter().all(|model| !model.table.starts_with("_underpin")));
    let conditions = [("subject", Operator::Eq, "1")];
    let query = SystemQuery::new("Account", &conditions);
    assert!(world.engine.system_find::<AccountRow>(query).await.unwrap().is_none());
    let reader = world.item(Actor::anonymous(), "User", "1").await.unwrap_err();
    assert_eq!(reader.code(), Code::NotFound);
}
