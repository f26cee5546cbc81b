//! What ends ends at once: after each of these events no older token is believed, and no write that
//! was under way is committed.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use underpin_accounts::{Grant, Identity, OperationId};
use underpin_base::{Code, Result};
use underpin_engine::{Context, SystemWrite, Transaction};
use underpin_plan::{WriteKind, WriteRequest, decode_document};
use underpin_schema::Value;

use crate::world::{PASSWORD, PEOPLE, SECOND, World, granted};

const ADA: &str = "ada@example.org";
const OTHER: &str = "another long password";

/// A write of rows of the application on behalf of somebody who was recognised before.
async fn write_note(world: &World, identity: &Identity) -> Result<()> {
    let engine = world.accounts.engine();
    let app = engine.app().await;
    let model = app.schema().by_name["Note"];
    let document = decode_document(app.schema(), model, br#"{"name":"x"}"#, engine.limits());
    let ctx = Context {
        actor: Arc::clone(&identity.actor),
        now: engine.now(),
        ip: None,
        transport: "rest",
        standing: identity.standing.clone(),
    };
    let request = WriteRequest {
        model,
        kind: WriteKind::Create { under: None },
        document: document.unwrap(),
        if_version: None,
        include: Vec::new(),
        fields: None,
    };
    engine.write(&app, &ctx, request).await.map(drop)
}

/// What another room does to an account, as rows.
async fn change_account(world: &World, field: &'static str, value: Value) {
    let id = world.rows("Account").await[0]["id"].as_str().unwrap().parse().unwrap();
    let mut transaction = Transaction::new(world.accounts.engine());
    transaction.system(&SystemWrite::update("Account", id).set(field, value)).unwrap();
    transaction.changes_authority();
    transaction.commit().await.unwrap();
}

async fn forget_and_reset(world: &World) {
    world.call(OperationId::ForgotPassword, json!({ "email": ADA })).await.unwrap();
    let body = json!({ "token": world.mail().await.token(), "password": OTHER });
    world.call(OperationId::ResetPassword, body).await.unwrap();
}

async fn change_email(world: &World, token: &str) {
    let body = json!({ "email": "ada@new.example", "currentPassword": PASSWORD });
    world.call_as(token, OperationId::ChangeEmail, body).await.unwrap();
    let mail = world.mail().await;
    assert_eq!((mail.kind.as_str(), mail.to.as_str()), ("change-email", "ada@new.example"));
    granted(world.call(OperationId::VerifyEmail, json!({ "token": mail.token() })).await);
    let notice = world.mail().await;
    assert_eq!((notice.kind.as_str(), notice.to.as_str()), ("email-changed", ADA));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Logout,
    EndedFromElsewhere,
    OthersEnded,
    Reset,
    PasswordChanged,
    EmailChanged,
    Suspended,
    Deleted,
}

async fn end(world: &World, how: Ending, (mine, other): (&Grant, &Grant)) {
    let (mine, other) = (mine.access.expose(), other.access.expose());
    match how {
        Ending::Logout => {
            world.call_as(mine, OperationId::Logout, json!({})).await.unwrap();
        }
        Ending::EndedFromElsewhere => {
            let session = world.authenticate(mine).await.unwrap().session.unwrap().to_string();
            let caller = world.authenticate(other).await.unwrap();
            let path = [session.as_str()];
            world.raw(OperationId::EndSession, Some(caller), &path, b"").await.unwrap();
        }
        Ending::OthersEnded => {
            world.call_as(other, OperationId::EndOtherSessions, json!({})).await.unwrap();
        }
        Ending::Reset => forget_and_reset(world).await,
        Ending::PasswordChanged => {
            let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
            world.call_as(other, OperationId::ChangePassword, body).await.unwrap();
            assert_eq!(world.mail().await.kind, "password-changed");
        }
        Ending::EmailChanged => change_email(world, other).await,
        Ending::Suspended => change_account(world, "suspendedAt", Value::DateTime(0)).await,
        Ending::Deleted => {
            let body = json!({ "currentPassword": PASSWORD });
            world.call_as(other, OperationId::DeleteMe, body).await.unwrap();
        }
    }
}

async fn nothing_is_believed_after(how: Ending) {
    let world = World::new(PEOPLE).await;
    let other = world.join(ADA).await;
    let mine = world.login(ADA, PASSWORD).await.unwrap();
    let identity = world.authenticate(mine.access.expose()).await.unwrap();
    write_note(&world, &identity).await.unwrap();
    let second = world.second().await;
    let app = second.engine().app().await;
    second.authenticate(&app, mine.access.expose()).await.unwrap();

    end(&world, how, (&mine, &other)).await;

    let refused = world.authenticate(mine.access.expose()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{how:?}");
    let refused = world.refresh(mine.refresh.expose()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{how:?}");
    // A request that was recognised before commits nothing any more.
    let refused = write_note(&world, &identity).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{how:?}");
    assert_eq!(world.count("SELECT count(*) FROM note"), 1, "{how:?}");
    // Another server believes what it knows for a second at most.
    world.clock.advance(SECOND);
    assert!(second.authenticate(&app, mine.access.expose()).await.is_err(), "{how:?}");
    drop(app);
    second.engine().close();
    let world = world.restarted().await;
    assert!(world.authenticate(mine.access.expose()).await.is_err(), "{how:?}");
    assert!(world.refresh(mine.refresh.expose()).await.is_err(), "{how:?}");
}

macro_rules! endings {
    ($($name:ident: $how:ident;)+) => {
        $(#[tokio::test]
        async fn $name() {
            nothing_is_believed_after(Ending::$how).await;
        })+
    };
}

endings! {
    a_logout_ends_the_session: Logout;
    a_session_ended_elsewhere_is_over: EndedFromElsewhere;
    ending_the_others_ends_them: OthersEnded;
    a_reset_ends_all_sessions: Reset;
    a_new_password_ends_the_others: PasswordChanged;
    a_new_address_ends_all_sessions: EmailChanged;
    a_suspension_ends_all_sessions: Suspended;
    a_deletion_ends_all_sessions: Deleted;
}

#[tokio::test]
async fn the_session_that_changes_its_password_goes_on() {
    let world = World::new(PEOPLE).await;
    let mine = world.join(ADA).await;
    let body = json!({ "currentPassword": PASSWORD, "newPassword": OTHER });
    world.call_as(mine.access.expose(), OperationId::ChangePassword, body).await.unwrap();
    world.authenticate(mine.access.expose()).await.unwrap();
    world.refresh(mine.refresh.expose()).await.unwrap();
    assert!(world.login(ADA, PASSWORD).await.is_err());
    world.login(ADA, OTHER).await.unwrap();
}

#[tokio::test]
async fn a_password_is_changed_by_whoever_knows_it_alone() {
    let world = World::new(PEOPLE).await;
    let mine = world.join(ADA).await;
    let change = async |body: Json| {
        let token = mine.access.expose();
        world.call_as(token, OperationId::ChangePassword, body).await.unwrap_err().code()
    };
    let missing = json!({ "newPassword": OTHER });
    assert_eq!(change(missing).await, Code::ReauthenticationRequired);
    let wrong = json!({ "newPassword": OTHER, "currentPassword": "not this one" });
    assert_eq!(change(wrong).await, Code::InvalidCredentials);
    let weak = json!({ "newPassword": "password", "currentPassword": PASSWORD });
    assert_eq!(change(weak).await, Code::ValidationError);
    assert_eq!(world.n_events("account.reauthenticated", "INVALID_CREDENTIALS").await, 1);
    world.login(ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn whoever_has_no_password_proves_itself_by_having_logged_in_a_short_time_ago() {
    let world = World::new(PEOPLE).await;
    world.join(ADA).await;
    world.database().execute("DELETE FROM _underpin_password", []).unwrap();
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    let body = json!({ "token": world.mail().await.token() });
    let mine = granted(world.call(OperationId::LoginLink, body).await);
    world.clock.advance(15 * 60 * SECOND - 1);
    let fresh = world.refresh(mine.refresh.expose()).await.unwrap();
    let body = json!({ "email": "ada@new.example" });
    world.call_as(fresh.access.expose(), OperationId::ChangeEmail, body.clone()).await.unwrap();
    world.clock.advance(1);
    let error =
        world.call_as(fresh.access.expose(), OperationId::ChangeEmail, body).await.unwrap_err();
    assert_eq!(error.code(), Code::ReauthenticationRequired);
}

#[tokio::test]
async fn links_that_were_sent_before_open_nothing_after_a_reset_or_to_an_old_address() {
    let world = World::new(PEOPLE).await;
    let mine = world.join(ADA).await;
    world.call(OperationId::RequestMagicLink, json!({ "email": ADA })).await.unwrap();
    let link = world.mail().await.token();
    forget_and_reset(&world).await;
    world.mails().await;
    let error = world.call(OperationId::LoginLink, json!({ "token": link })).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidToken);
    assert!(world.authenticate(mine.access.expose()).await.is_err());

    let mine = world.login(ADA, OTHER).await.unwrap();
    world.call(OperationId::ForgotPassword, json!({ "email": ADA })).await.unwrap();
    let reset = world.mail().await.token();
    let body = json!({ "email": "ada@new.example", "currentPassword": OTHER });
    world.call_as(mine.access.expose(), OperationId::ChangeEmail, body).await.unwrap();
    let token = world.mail().await.token();
    world.call(OperationId::VerifyEmail, json!({ "token": token })).await.unwrap();
    let body = json!({ "token": reset, "password": PASSWORD });
    let error = world.call(OperationId::ResetPassword, body).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidToken);
    assert!(world.login(ADA, OTHER).await.is_err());
    world.login("ada@new.example", OTHER).await.unwrap();
}

#[tokio::test]
async fn a_role_that_is_given_or_taken_is_seen_by_the_next_request() {
    let world = World::new(PEOPLE).await;
    let mine = world.join(ADA).await;
    assert!(world.authenticate(mine.access.expose()).await.unwrap().actor.profile.roles.is_empty());
    let roles = world.rows("Role").await;
    let staff = roles.iter().find(|role| role["name"] == "staff").unwrap();
    let staff = Value::Uuid(staff["id"].as_str().unwrap().parse().unwrap());
    change_account(&world, "roles", Value::List(vec![staff])).await;
    let identity = world.authenticate(mine.access.expose()).await.unwrap();
    assert_eq!(identity.actor.profile.roles, ["staff"]);
    change_account(&world, "roles", Value::List(Vec::new())).await;
    assert!(world.authenticate(mine.access.expose()).await.unwrap().actor.profile.roles.is_empty());
    assert!(write_note(&world, &identity).await.is_err());
}

#[tokio::test]
async fn a_suspended_account_cannot_log_in_or_ask_for_links() {
    let world = World::new(PEOPLE).await;
    let grant = world.join(ADA).await;
    change_account(&world, "suspendedAt", Value::DateTime(0)).await;
    world.refresh(grant.refresh.expose()).await.unwrap_err();
    assert_eq!(world.count("SELECT counter FROM _underpin_session"), 0);
    let error = world.login(ADA, PASSWORD).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidCredentials);
    for operation in
        [OperationId::ForgotPassword, OperationId::RequestMagicLink, OperationId::RequestCode]
    {
        world.call(operation, json!({ "email": ADA })).await.unwrap();
    }
    assert!(world.mails().await.is_empty());
}
