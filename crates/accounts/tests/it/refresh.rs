//! Refresh tokens: the whole table of what one may be, over restarts and several servers.

use std::sync::Arc;

use serde_json::json;
use underpin_accounts::{Grant, OperationId};
use underpin_base::{Code, Result};

use crate::world::{DAY, PASSWORD, PEOPLE, SECOND, World, call, grant_of, granted};

const ADA: &str = "ada@example.org";

fn text(grant: &Grant) -> &str {
    grant.refresh.expose()
}

fn refused(outcome: Result<Grant>) {
    assert_eq!(outcome.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_token_is_traded_for_its_successor() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    assert_ne!(text(&first), text(&second));
    world.authenticate(second.access.expose()).await.unwrap();
    assert_eq!(second.session, first.session);
    assert_eq!(world.n_events("session.refreshed", "success").await, 1);
}

#[tokio::test]
async fn the_parent_gives_the_same_successor_within_the_grace_and_ends_the_session_after() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    world.clock.advance(10 * SECOND - 1);
    let again = world.refresh(text(&first)).await.unwrap();
    assert_eq!(text(&again), text(&second));
    world.clock.advance(1);
    refused(world.refresh(text(&first)).await);
    refused(world.refresh(text(&second)).await);
    assert!(world.authenticate(second.access.expose()).await.is_err());
    assert_eq!(world.n_events("session.reused", "success").await, 1);
    let mail = world.mail().await;
    assert_eq!((mail.kind.as_str(), mail.to.as_str()), ("session-reused", ADA));
    // Once more is no more news.
    refused(world.refresh(text(&first)).await);
    assert!(world.mails().await.is_empty());
}

#[tokio::test]
async fn an_older_ancestor_ends_the_session_and_its_newest_descendant_at_once() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    let third = world.refresh(text(&second)).await.unwrap();
    world.authenticate(third.access.expose()).await.unwrap();
    refused(world.refresh(text(&first)).await);
    refused(world.refresh(text(&third)).await);
    for grant in [&first, &second, &third] {
        assert!(world.authenticate(grant.access.expose()).await.is_err());
    }
}

#[tokio::test]
async fn a_sibling_session_is_not_touched_by_the_end_of_another() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let sibling = world.login(ADA, PASSWORD).await.unwrap();
    let second = world.refresh(text(&first)).await.unwrap();
    world.refresh(text(&second)).await.unwrap();
    refused(world.refresh(text(&first)).await);
    world.refresh(text(&sibling)).await.unwrap();
}

#[tokio::test]
async fn the_outcome_is_the_same_on_another_server_and_after_a_restart() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    let other = world.second().await;
    let body = json!({ "refreshToken": text(&first) }).to_string();
    let again = call(&other, OperationId::Refresh, (None, None), (&[], body.as_bytes())).await;
    assert_eq!(text(&granted(again)), text(&second));
    other.engine().close();

    let world = world.restarted().await;
    assert_eq!(text(&world.refresh(text(&first)).await.unwrap()), text(&second));
    world.authenticate(second.access.expose()).await.unwrap();
    world.clock.advance(11 * SECOND);
    refused(world.refresh(text(&first)).await);

    let world = world.restarted().await;
    refused(world.refresh(text(&second)).await);
    assert!(world.authenticate(second.access.expose()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_get_one_successor() {
    let world = Arc::new(World::new(PEOPLE).await);
    let first = world.join(ADA).await;
    let token = text(&first).to_owned();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (world, token) = (Arc::clone(&world), token.clone());
        calls.spawn(async move { world.refresh(&token).await });
    }
    let mut successors = std::collections::BTreeSet::new();
    while let Some(outcome) = calls.join_next().await {
        match outcome.unwrap() {
            Ok(grant) => drop(successors.insert(text(&grant).to_owned())),
            Err(error) => assert_eq!(error.code(), Code::Overloaded),
        }
    }
    assert_eq!(successors.len(), 1);
    assert_eq!(world.count("SELECT counter FROM _underpin_session"), 1);
    assert_eq!(world.n_events("session.refreshed", "success").await, 1);
}

#[tokio::test]
async fn tokens_that_are_not_ours_to_the_letter_are_refused_and_end_nothing() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let token = text(&first);
    let changed = [
        token[..token.len() - 1].to_owned(),
        format!("{token}A"),
        token.to_ascii_lowercase(),
        token.to_ascii_uppercase(),
        first.access.expose().clone(),
        "x".to_owned(),
    ];
    for changed in changed {
        let outcome = world.refresh(&changed).await;
        let code = outcome.unwrap_err().code();
        let too_long = changed.len() > 200;
        assert_eq!(code, if too_long { Code::ValidationError } else { Code::Unauthenticated });
    }
    world.refresh(token).await.unwrap();
}

#[tokio::test]
async fn a_token_is_good_for_its_own_client_and_way_of_keeping_it_alone() {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    let login = |more: serde_json::Value| {
        let mut body = json!({ "email": ADA, "password": PASSWORD });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let app = granted(world.call(OperationId::Login, login(json!({ "client": "app" }))).await);
    refused(world.refresh(text(&app)).await);
    let body = json!({ "refreshToken": text(&app), "client": "web" });
    refused(world.call(OperationId::Refresh, body).await.map(grant_of));
    let body = json!({ "refreshToken": text(&app), "client": "app" });
    granted(world.call(OperationId::Refresh, body).await);

    let browser = granted(world.call(OperationId::Login, login(json!({ "cookies": true }))).await);
    assert!(browser.cookies);
    refused(world.refresh(text(&browser)).await);
    let by_cookie = |token: String| {
        let accounts = &world.accounts;
        async move {
            call(accounts, OperationId::Refresh, (None, Some(token.as_str())), (&[], b"")).await
        }
    };
    granted(by_cookie(text(&browser).to_owned()).await);
    let plain = world.login(ADA, PASSWORD).await.unwrap();
    refused(by_cookie(text(&plain).to_owned()).await.map(grant_of));
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_for_a_week_and_after_a_month_in_any_case() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    world.clock.advance(7 * DAY);
    refused(world.refresh(text(&first)).await);

    let mut grant = world.login(ADA, PASSWORD).await.unwrap();
    for _ in 0..4 {
        world.clock.advance(7 * DAY - 1);
        grant = world.refresh(text(&grant)).await.unwrap();
    }
    world.clock.advance(2 * DAY + SECOND);
    let last = world.refresh(text(&grant)).await.unwrap_err();
    assert_eq!(last.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn an_access_token_is_good_for_fifteen_minutes() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    assert_eq!(grant.expires_in, 900);
    world.clock.advance(900 * SECOND - 1);
    world.authenticate(grant.access.expose()).await.unwrap();
    world.clock.advance(1);
    assert!(world.authenticate(grant.access.expose()).await.is_err());
}

#[tokio::test]
async fn a_clock_that_was_set_back_revives_nothing() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    world.clock.advance(-3_600 * SECOND);
    refused(world.refresh(text(&first)).await);
    refused(world.refresh(text(&second)).await);
}

#[tokio::test]
async fn a_token_that_a_database_set_back_never_gave_is_refused_and_ends_nothing() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    world.database().execute("UPDATE _underpin_session SET counter = 0", []).unwrap();
    refused(world.refresh(text(&second)).await);
    assert_eq!(world.n_events("session.refreshed", "UNAUTHENTICATED").await, 1);
    world.refresh(text(&first)).await.unwrap();
}

#[tokio::test]
async fn a_session_that_was_reused_on_one_server_is_over_on_another() {
    let world = World::new(PEOPLE).await;
    let first = world.join(ADA).await;
    let second = world.refresh(text(&first)).await.unwrap();
    let third = world.refresh(text(&second)).await.unwrap();
    let other = world.second().await;
    let app = other.engine().app().await;
    other.authenticate(&app, third.access.expose()).await.unwrap();
    refused(world.refresh(text(&first)).await);
    let body = json!({ "refreshToken": text(&third) }).to_string();
    let newest = call(&other, OperationId::Refresh, (None, None), (&[], body.as_bytes())).await;
    refused(newest.map(grant_of));
    world.clock.advance(SECOND);
    assert!(other.authenticate(&app, third.access.expose()).await.is_err());
}
