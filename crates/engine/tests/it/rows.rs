//! Rows in and out.

use serde_json::json;
use underpin_base::Code;
use underpin_plan::{Actor, Paging, Target, WriteKind};

use crate::world::{World, admin, key, named, request};

const NOTES: &str = r#"
type Note @model @access(read: "row.isPublic") {
  name: String! @length(min: 1, max: 20)
  isPublic: Boolean! @default(value: false)
  stars: Int
}
"#;

#[tokio::test]
async fn a_row_written_is_the_row_read() {
    let world = World::new(NOTES).await;
    let written = world.create(admin(), "Note", named("one")).await.unwrap();
    let id = written["id"].as_str().unwrap().to_owned();
    assert_eq!(written["version"], 1);
    assert_eq!(written["createdAt"], "2023-11-14T22:13:20.000000Z");
    assert_eq!(world.item(admin(), "Note", &id).await.unwrap(), written);

    world.clock.advance(1_000_000);
    let kind = WriteKind::Merge { key: key(&written) };
    let changed = world.write(admin(), "Note", kind, json!({ "stars": 3 })).await.unwrap();
    assert_eq!(changed["version"], 2);
    assert_eq!(changed["name"], "one");
    assert_eq!(changed["updatedAt"], "2023-11-14T22:13:21.000000Z");

    let kind = WriteKind::Delete { key: key(&written) };
    world.write(admin(), "Note", kind, json!({})).await.unwrap();
    let gone = world.item(admin(), "Note", &id).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
}

#[tokio::test]
async fn one_plan_serves_actors_of_one_profile_and_no_others() {
    let world = World::new(NOTES).await;
    let hidden = world.create(admin(), "Note", named("hidden")).await.unwrap();
    let id = hidden["id"].as_str().unwrap();
    assert!(world.item(admin(), "Note", id).await.is_ok());
    let error = world.item(Actor::anonymous(), "Note", id).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn pages_lead_forwards_and_backwards_through_nulls() {
    let world = World::new(NOTES).await;
    for (name, stars) in
        [("a", json!(2)), ("b", json!(null)), ("c", json!(1)), ("d", json!(null)), ("e", json!(2))]
    {
        let body = json!({ "name": name, "stars": stars });
        world.create(admin(), "Note", body).await.unwrap();
    }
    let target = Target::List(world.model("Note").await);
    for sort in [&["stars"][..], &["-stars"], &["stars", "-name"], &["-name"], &[]] {
        let all = request(target, sort, Paging::First);
        let (all, _) = world.list(admin(), all, (100, None)).await.unwrap();
        let mut forwards = Vec::new();
        let (mut cursor, mut last_page) = (None::<String>, None);
        loop {
            let paging = if cursor.is_some() { Paging::After } else { Paging::First };
            let page = request(target, sort, paging);
            let (rows, reply) = world.list(admin(), page, (2, cursor.as_deref())).await.unwrap();
            forwards.extend(rows.as_array().unwrap().clone());
            let links = reply.page.unwrap();
            assert_eq!(links.has_more, links.next_cursor.is_some());
            last_page = links.previous_cursor.or(last_page);
            match links.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(json!(forwards), all, "forwards by {sort:?}");

        let mut backwards = vec![forwards[4].clone()];
        let mut cursor = last_page;
        while let Some(previous) = cursor {
            let page = request(target, sort, Paging::Before);
            let (rows, reply) = world.list(admin(), page, (2, Some(&previous))).await.unwrap();
            backwards.splice(0..0, rows.as_array().unwrap().clone());
            cursor = reply.page.unwrap().previous_cursor;
        }
        assert_eq!(json!(backwards), all, "backwards by {sort:?}");
    }
}
