//! What every store must do, whatever database is behind it.
//!
//! Each function takes a fresh [`Shop`] and is a test under its own name for each database; see
//! [`tests`].

use std::collections::HashSet;

use tokio::task::JoinSet;
use underpin_base::Code;
use underpin_schema::Value;
use underpin_sql::Inputs;

use super::shop::*;
use crate::{ReadOutcome, WriteOutcome};

/// Makes a test of every function of this module, each with the shop that `$open` makes.
macro_rules! tests {
    ($open:expr) => {
        $crate::tests::conformance::tests! { $open;
            an_item_is_an_object_with_its_version
            what_is_not_found_writes_nothing
            a_page_tells_whether_more_follows
            cursors_walk_a_list_forwards_and_back_alike
            relations_are_written_with_their_parents
            a_list_under_an_absent_parent_is_not_found
            all_statements_of_a_read_see_one_snapshot
            a_stale_version_is_a_mismatch
            every_check_that_fails_is_told_at_once
            an_absent_reference_names_its_field
            a_unique_value_conflicts_by_its_field
            a_conflict_does_not_name_a_field_the_actor_may_not_read
            the_database_s_key_comes_back
            a_row_that_is_referred_to_is_not_deleted
            lists_of_keys_are_set_as_a_whole
            a_write_that_fails_late_leaves_nothing_behind
            one_failure_among_many_fails_alone
            concurrent_increments_lose_no_update
        }
    };
    ($open:expr; $($name:ident)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $crate::tests::conformance::$name($open()).await;
        })+
    };
}
pub(crate) use tests;

pub(crate) async fn an_item_is_an_object_with_its_version(shop: Shop) {
    let written = make_item(&shop, 1, "lamp", 3).await;
    let mut out = b"before".to_vec();
    let outcome = shop.store.read(&item(), &inputs(vec![id(1)]), &PlainSeal, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        format!("before{}", String::from_utf8(written.row).unwrap())
    );
    assert!(outcome.found);
    assert_eq!((outcome.n_rows, outcome.version, outcome.n_statements), (1, Some(1), 1));
}

pub(crate) async fn what_is_not_found_writes_nothing(shop: Shop) {
    let mut out = b"before".to_vec();
    let outcome = shop.store.read(&item(), &inputs(vec![id(9)]), &PlainSeal, &mut out).unwrap();
    assert_eq!(out, b"before");
    assert_eq!(outcome, ReadOutcome { n_statements: 1, ..ReadOutcome::default() });
    let error = shop.store.write(write_job(&delete_item(), vec![id(9)])).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

pub(crate) async fn a_page_tells_whether_more_follows(shop: Shop) {
    for number in 1..=3 {
        make_item(&shop, number, &format!("item {number}"), i64::try_from(number).unwrap()).await;
    }
    let page = |limit| {
        let inputs = Inputs { limit, ..inputs(Vec::new()) };
        let mut out = Vec::new();
        let outcome = shop.store.read(&items(None), &inputs, &PlainSeal, &mut out).unwrap();
        let rows: Vec<serde_json::Value> = serde_json::from_slice(&out).unwrap();
        assert_eq!(rows.len(), outcome.n_rows as usize);
        (outcome.n_rows, outcome.has_more, outcome.first, outcome.last)
    };
    let [first, second, third] = [1, 2, 3].map(|n| vec![Value::Int(n), id(n.try_into().unwrap())]);
    assert_eq!(page(2), (2, true, first.clone(), second));
    assert_eq!(page(3), (3, false, first.clone(), third));
    assert_eq!(page(4), (3, false, first, Vec::new()));
    assert_eq!(page(0), (0, true, Vec::new(), Vec::new()));
}

pub(crate) async fn cursors_walk_a_list_forwards_and_back_alike(shop: Shop) {
    // Equal stocks: the key decides, and must be part of every cursor.
    for number in 1..=7 {
        make_item(&shop, number, &format!("item {number}"), i64::try_from(number / 3).unwrap())
            .await;
    }
    let mut forwards = Vec::new();
    let mut inputs = Inputs { limit: 3, ..inputs(Vec::new()) };
    let mut program = items(None);
    let end = loop {
        let (rows, outcome) = read_page(&shop, &program, &inputs);
        forwards.extend(rows);
        if !outcome.has_more {
            break outcome.first;
        }
        (program, inputs.cursor) = (items(Some(())), outcome.last);
    };
    assert_eq!(forwards.len(), 7);

    // From the last page's only row back: two full pages, each still ascending.
    let (last_but_one, outcome) =
        read_page(&shop, &items_before(), &Inputs { cursor: end, ..inputs.clone() });
    assert_eq!(last_but_one, forwards[3..6]);
    assert!(outcome.has_more);
    let (first, outcome) =
        read_page(&shop, &items_before(), &Inputs { cursor: outcome.first, ..inputs });
    assert_eq!(first, forwards[0..3]);
    assert!(!outcome.has_more);
}

pub(crate) async fn relations_are_written_with_their_parents(shop: Shop) {
    make_owner(&shop, 50, "ada");
    make_item_of(&shop, (1, "a", 1), Value::Null).await;
    make_item_of(&shop, (2, "b", 2), id(50)).await;
    for label in ["x", "y", "z"] {
        shop.store.write(write_job(&create_part(), vec![id(2), text(label)])).await.unwrap();
    }
    let mut out = Vec::new();
    let outcome = shop
        .store
        .read(&items_with_relations(), &inputs(Vec::new()), &PlainSeal, &mut out)
        .unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        concat!(
            r#"[{"name":"a","owner":null,"parts":[]},"#,
            r#"{"name":"b","owner":{"name":"ada"},"parts":[{"label":"x"},{"label":"y"}],"#,
            r#""_next":{"parts":"9:[Int(2)]"}}]"#
        )
    );
    assert_eq!((outcome.total, outcome.n_statements), (Some(2), 5));

    // A relation that the actor may not see of a row is not there at all.
    hide_parts(&shop, 2);
    let json = shop.read(&items_with_relations(), &inputs(Vec::new())).unwrap();
    assert!(json.contains(r#"{"name":"b","owner":{"name":"ada"}}"#), "{json}");
}

pub(crate) async fn a_list_under_an_absent_parent_is_not_found(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    assert_eq!(shop.read(&parts_of_item(), &inputs(vec![id(1)])), Some("[]".to_owned()));
    assert_eq!(shop.read(&parts_of_item(), &inputs(vec![id(2)])), None);
}

pub(crate) async fn all_statements_of_a_read_see_one_snapshot(shop: Shop) {
    let store = shop.store.clone();
    let writer = tokio::spawn(async move {
        for number in 0..400_u128 {
            let slots = vec![id(number), text(&number.to_string()), Value::Int(0), Value::Null];
            store.write(write_job(&create_item(), slots)).await.unwrap();
        }
    });
    let everything = Inputs { limit: 1_000, ..inputs(Vec::new()) };
    let mut seen = HashSet::new();
    while !writer.is_finished() {
        let (rows, outcome) = read_page(&shop, &items_with_relations(), &everything);
        // The count is one statement and the rows another: without a snapshot they differ.
        assert_eq!(outcome.total, Some(rows.len() as u64));
        seen.insert(rows.len());
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert!(seen.len() > 1, "the writes did not overlap the reads");
}

pub(crate) async fn a_stale_version_is_a_mismatch(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    let add = |version| write_job(&add_stock(), vec![id(1), Value::Int(5), Value::Int(version)]);
    let outcome = shop.store.write(add(1)).await.unwrap();
    assert_eq!(outcome.version, Some(2));
    let error = shop.store.write(add(1)).await.unwrap_err();
    assert_eq!(error.code(), Code::VersionMismatch);
    let absent = write_job(&add_stock(), vec![id(2), Value::Int(5), Value::Int(1)]);
    assert_eq!(shop.store.write(absent).await.unwrap_err().code(), Code::NotFound);
}

pub(crate) async fn every_check_that_fails_is_told_at_once(shop: Shop) {
    let program = create_item();
    let create =
        |stock| write_job(&program, vec![id(1), text("a"), Value::Int(stock), Value::Null]);
    let error = shop.store.write(create(13)).await.unwrap_err();
    assert_eq!(messages(&error), ["thirteen is unlucky"]);
    let error = shop.store.write(create(-1)).await.unwrap_err();
    assert_eq!(
        (error.code(), messages(&error)),
        (Code::ValidationError, vec!["the stock is not negative".to_owned()])
    );
    let both = write_job(&program, vec![id(1), text("a"), Value::Null, Value::Null]);
    let error = shop.store.write(both).await.unwrap_err();
    assert_eq!(messages(&error), ["the stock is not negative", "thirteen is unlucky"]);
}

pub(crate) async fn an_absent_reference_names_its_field(shop: Shop) {
    let job = write_job(&create_item(), vec![id(1), text("a"), Value::Int(-1), id(99)]);
    let error = shop.store.write(job).await.unwrap_err();
    // Worse than the check that fails as well, which is therefore not told.
    assert_eq!(error.code(), Code::ReferenceConflict);
    assert_eq!(paths(&error), ["owner"]);
}

pub(crate) async fn a_unique_value_conflicts_by_its_field(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    let job = write_job(&create_item(), vec![id(2), text("a"), Value::Int(1), Value::Null]);
    let error = shop.store.write(job).await.unwrap_err();
    assert_eq!(error.code(), Code::UniqueConflict);
    assert_eq!(paths(&error), ["name"]);
    assert_eq!(error.details().fields[0].code, "NOT_UNIQUE");
}

pub(crate) async fn a_conflict_does_not_name_a_field_the_actor_may_not_read(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    let mut program = (*create_item()).clone();
    program.uniques[0].fields.clear();
    let slots = vec![id(2), text("a"), Value::Int(1), Value::Null];
    let error = shop.store.write(write_job(&program.into(), slots)).await.unwrap_err();
    assert_eq!(error.code(), Code::UniqueConflict);
    assert_eq!(error.details().fields, []);
}

pub(crate) async fn the_database_s_key_comes_back(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    let create = |label| write_job(&create_part(), vec![id(1), text(label)]);
    let first = shop.store.write(create("x")).await.unwrap();
    let second = shop.store.write(create("y")).await.unwrap();
    assert_eq!((first.key, second.key), (Some(Value::Int(1)), Some(Value::Int(2))));
    assert_eq!(second.row, br#"{"id":"2","label":"y"}"#);
    let mut unread = (*create_part()).clone();
    unread.reply = None;
    let job = write_job(&unread.into(), vec![id(1), text("z")]);
    let third = shop.store.write(job).await.unwrap();
    assert_eq!((third.key, third.row), (Some(Value::Int(3)), Vec::new()));
}

pub(crate) async fn a_row_that_is_referred_to_is_not_deleted(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    shop.store.write(write_job(&create_part(), vec![id(1), text("x")])).await.unwrap();
    let delete = write_job(&delete_item(), vec![id(1)]);
    let error = shop.store.write(delete.clone()).await.unwrap_err();
    assert_eq!(error.code(), Code::ReferenceConflict);
    remove_parts(&shop);
    let outcome = shop.store.write(delete).await.unwrap();
    assert_eq!(outcome, WriteOutcome { n_statements: 1, ..WriteOutcome::default() });
    assert_eq!(shop.read(&item(), &inputs(vec![id(1)])), None);
}

pub(crate) async fn lists_of_keys_are_set_as_a_whole(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    make_tags(&shop, &["red", "green", "blue"]);
    let set = |keys: &[i64]| {
        let keys = keys.iter().copied().map(Value::Int).collect();
        write_job(&set_tags(), vec![id(1), Value::List(keys)])
    };
    shop.store.write(set(&[1, 2])).await.unwrap();
    assert_eq!(tags_of(&shop, 1), [1, 2]);
    shop.store.write(set(&[3, 2])).await.unwrap();
    assert_eq!(tags_of(&shop, 1), [2, 3]);
    let error = shop.store.write(set(&[1, 8, 9])).await.unwrap_err();
    assert_eq!(
        (error.code(), paths(&error)),
        (Code::ReferenceConflict, vec!["tags.1".to_owned(), "tags.2".to_owned()])
    );
    assert_eq!(tags_of(&shop, 1), [2, 3]);
    shop.store.write(set(&[])).await.unwrap();
    assert_eq!(tags_of(&shop, 1), [0_i64; 0]);
}

pub(crate) async fn a_write_that_fails_late_leaves_nothing_behind(shop: Shop) {
    make_item(&shop, 1, "a", 1).await;
    let before = shop.read(&item(), &inputs(vec![id(1)]));
    // The item itself is changed before the list turns out to be wrong.
    let job = write_job(&set_tags(), vec![id(1), Value::List(vec![Value::Int(99)])]);
    shop.store.write(job).await.unwrap_err();
    assert_eq!(shop.read(&item(), &inputs(vec![id(1)])), before);
}

pub(crate) async fn one_failure_among_many_fails_alone(shop: Shop) {
    let program = create_item();
    let mut writes = JoinSet::new();
    for number in 0..200_u128 {
        // Every seventh has a name that another one has taken or takes.
        let name = if number % 7 == 0 { "same".to_owned() } else { number.to_string() };
        let slots = vec![id(number), text(&name), Value::Int(1), Value::Null];
        let (store, job) = (shop.store.clone(), write_job(&program, slots));
        writes.spawn(async move { (number, store.write(job).await) });
    }
    let results = writes.join_all().await;
    let n_same = results.iter().filter(|(n, r)| n % 7 == 0 && r.is_ok()).count();
    assert_eq!(n_same, 1, "one of the same name goes through");
    for (number, result) in results {
        let is_there = shop.read(&item(), &inputs(vec![id(number)])).is_some();
        assert_eq!(is_there, result.is_ok(), "{number}");
        match result {
            Ok(outcome) => assert_eq!(outcome.version, Some(1)),
            Err(error) => {
                assert_eq!(error.code(), Code::UniqueConflict);
                assert_eq!(number % 7, 0, "{number} shares its name with nobody");
            }
        }
    }
}

pub(crate) async fn concurrent_increments_lose_no_update(shop: Shop) {
    const WRITERS: usize = 64;
    const INCREMENTS: usize = 20;
    make_item(&shop, 1, "a", 0).await;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let store = shop.store.clone();
        writers.spawn(async move {
            let mut version = 1;
            let mut n_done = 0;
            while n_done < INCREMENTS {
                let slots = vec![id(1), Value::Int(1), Value::Int(version)];
                match store.write(write_job(&add_stock(), slots)).await {
                    Ok(outcome) => (version, n_done) = (outcome.version.unwrap(), n_done + 1),
                    Err(error) => {
                        assert_eq!(error.code(), Code::VersionMismatch);
                        version = version_of(&store, 1);
                    }
                }
            }
        });
    }
    writers.join_all().await;
    let expected = WRITERS * INCREMENTS;
    let json = shop.read(&item(), &inputs(vec![id(1)])).unwrap();
    let (stock, version) =
        (format!("\"stock\":{expected},"), format!("\"version\":{}}}", expected + 1));
    assert!(json.contains(&stock) && json.ends_with(&version), "{json}");
}
