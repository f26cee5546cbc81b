//! A schema changed while requests come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use underpin_base::{Code, Timestamp};
use underpin_engine::migrations;
use underpin_migrate::Consent;
use underpin_store::{Options as StoreOptions, Store};

use crate::world::{START, World, admin, named, schema};

const BEFORE: &str = "type Note @model { name: String! }";
const BEFORE_AGAIN: &str = "type Note @model { name: String! @renamedFrom(name: \"title\") }";
const AFTER: &str = "type Note @model { name: String! stars: Int! @default(value: 0) }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_the_schema_changes_under_it() {
    let world = Arc::new(World::new(BEFORE).await);
    let row = world.create(admin(), "Note", named("one")).await.unwrap();
    let id = row["id"].as_str().unwrap().to_owned();
    let done = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (world, done, id) = (Arc::clone(&world), Arc::clone(&done), id.clone());
            tokio::spawn(async move {
                let mut n_requests = 0;
                while !done.load(Ordering::Relaxed) {
                    world.item(admin(), "Note", &id).await.unwrap();
                    world.create(admin(), "Note", named("more")).await.unwrap();
                    n_requests += 2;
                }
                n_requests
            })
        })
        .collect();
    for (turn, text) in [AFTER, BEFORE, AFTER, BEFORE, AFTER].into_iter().enumerate() {
        let schema = schema(text);
        let wanted = Arc::clone(&schema);
        let consent = Consent::AllowDestructive;
        // Backups are named by the time of the migration.
        let at = Timestamp(START.0 + i64::try_from(turn).unwrap());
        let applied = world.engine.replace(schema, async |store| {
            let applied = migrations::apply(store, &wanted, consent, at).await;
            applied.map_err(underpin_base::Error::internal)
        });
        assert_eq!(applied.await.unwrap().plan.steps.len(), 1, "turn {turn}");
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
    assert_eq!(world.item(admin(), "Note", &id).await.unwrap()["stars"], 0);
}

#[tokio::test]
async fn a_change_that_fails_leaves_the_old_schema_serving() {
    let world = World::new(BEFORE).await;
    let generation = world.engine.app().await.generation();
    let failed: underpin_base::Result<()> = world
        .engine
        .replace(schema(AFTER), async |_| Err(underpin_base::Error::internal("refused")))
        .await;
    assert!(failed.is_err());
    assert_eq!(world.engine.app().await.generation(), generation);
    assert!(world.create(admin(), "Note", named("still")).await.is_ok());
}

#[tokio::test]
async fn tables_that_another_process_migrated_are_told_from_a_defect() {
    let world = World::new(BEFORE).await;
    let row = world.create(admin(), "Note", named("one")).await.unwrap();
    let app = world.engine.app().await;
    world.engine.check_schema(&app).await.unwrap();
    let other = Store::open(&StoreOptions::new(world.directory.path().join("app.db"))).unwrap();
    let renamed = schema("type Note @model { title: String! @renamedFrom(name: \"name\") }");
    migrations::apply(&other, &renamed, Consent::KeepData, START).await.unwrap();

    let unfit = world.engine.check_schema(&app).await.unwrap_err();
    assert_eq!(unfit.code(), Code::StorageUnavailable);
    drop(app);
    let id = row["id"].as_str().unwrap();
    let read = world.item(admin(), "Note", id).await.unwrap_err();
    let written = world.create(admin(), "Note", named("two")).await.unwrap_err();
    for error in [read, written] {
        assert_eq!(error.code(), Code::StorageUnavailable, "{error}");
        assert!(error.message().contains("migrated to another schema"), "{error}");
    }

    migrations::apply(&other, &schema(BEFORE_AGAIN), Consent::KeepData, START).await.unwrap();
    let app = world.engine.app().await;
    world.engine.check_schema(&app).await.unwrap();
}
