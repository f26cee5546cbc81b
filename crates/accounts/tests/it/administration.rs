//! Who may do what, changed while the server runs.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use underpin_accounts::{Answer, OperationId as Id};
use underpin_base::{Code, Result};

use crate::world::{PEOPLE, World};

/// Somebody who is logged in, with these roles.
pub(crate) struct Person {
    pub(crate) token: String,
    /// The key of the row of the account model.
    pub(crate) key: String,
}

pub(crate) async fn person(world: &World, email: &str, roles: &[&str]) -> Person {
    let grant = world.join(email).await;
    let user: Json = serde_json::from_slice(&grant.user).unwrap();
    let key = user["id"].as_str().unwrap().to_owned();
    let operator = world.accounts.operator();
    for role in roles {
        operator.grant_role(&key, role).await.unwrap();
    }
    Person { token: grant.access.expose().clone(), key }
}

pub(crate) async fn ask(
    world: &World,
    person: &Person,
    id: Id,
    path: &[&str],
    body: Json,
) -> Result<Answer> {
    let identity = world.authenticate(&person.token).await?;
    world.raw(id, Some(identity), path, body.to_string().as_bytes()).await
}

pub(crate) fn data(answer: Answer) -> Json {
    match answer {
        Answer::Data { data, .. } | Answer::Created(data) => data,
        other => panic!("no data but {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(done: Result<Answer>, code: Code) {
    match done {
        Ok(answer) => panic!("{code:?} was expected, not {answer:?}"),
        Err(error) => assert_eq!(error.code(), code, "{error:?}"),
    }
}

#[tokio::test]
async fn a_role_is_made_changed_granted_taken_and_deleted_and_counts_at_once() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let user = person(&world, "user@example.com", &[]).await;
    let body = json!({ "name": "auditor", "permissions": ["audit:read"], "description": "Looks" });
    let made = data(ask(&world, &admin, Id::CreateRole, &[], body.clone()).await.unwrap());
    assert_eq!(
        made,
        json!({
            "name": "auditor", "description": "Looks", "permissions": ["audit:read"], "declared": false
        })
    );
    refused(ask(&world, &admin, Id::CreateRole, &[], body).await, Code::UniqueConflict);

    refused(ask(&world, &user, Id::ListAudit, &[], json!({})).await, Code::Forbidden);
    let body = json!({ "role": "auditor" });
    let roles = ask(&world, &admin, Id::GrantRole, &[&user.key], body).await.unwrap();
    assert_eq!(data(roles)["roles"], json!(["auditor"]));
    ask(&world, &user, Id::ListAudit, &[], json!({})).await.unwrap();

    let body = json!({ "permissions": ["roles:read"] });
    let changed = ask(&world, &admin, Id::UpdateRole, &["auditor"], body).await.unwrap();
    assert_eq!(data(changed)["permissions"], json!(["roles:read"]));
    refused(ask(&world, &user, Id::ListAudit, &[], json!({})).await, Code::Forbidden);
    let roles = data(ask(&world, &user, Id::ListRoles, &[], json!({})).await.unwrap());
    let names: Vec<&str> =
        roles.as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["admin", "auditor", "staff"]);

    ask(&world, &admin, Id::TakeRole, &[&user.key, "auditor"], json!({})).await.unwrap();
    refused(ask(&world, &user, Id::ListRoles, &[], json!({})).await, Code::Forbidden);
    ask(&world, &admin, Id::DeleteRole, &["auditor"], json!({})).await.unwrap();
    refused(ask(&world, &admin, Id::DeleteRole, &["auditor"], json!({})).await, Code::NotFound);
    refused(
        ask(&world, &admin, Id::DeleteRole, &["staff"], json!({})).await,
        Code::ReferenceConflict,
    );
    for (event, n) in [
        ("role.created", 1),
        ("role.granted", 2),
        ("role.changed", 1),
        ("role.taken", 1),
        ("role.deleted", 1),
    ] {
        assert_eq!(world.n_events(event, "success").await, n, "{event}");
    }
    assert_eq!(world.n_events("listAudit", "FORBIDDEN").await, 2);
}

#[tokio::test]
async fn names_that_a_schema_could_not_declare_are_refused() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    for (name, permission) in
        [("a b", "x:read"), ("ok", "x"), ("ok", "x:y:z"), ("ok", "*:read"), ("ok", "")]
    {
        let body = json!({ "name": name, "permissions": [permission] });
        refused(ask(&world, &admin, Id::CreateRole, &[], body).await, Code::ValidationError);
    }
}

/// Every operation of administration with the permission that it takes.
const GUARDED: &[(Id, &str)] = &[
    (Id::ListRoles, "roles:read"),
    (Id::CreateRole, "roles:create"),
    (Id::UpdateRole, "roles:update"),
    (Id::DeleteRole, "roles:delete"),
    (Id::UserRoles, "roles:read"),
    (Id::GrantRole, "roles:grant"),
    (Id::TakeRole, "roles:grant"),
    (Id::SuspendUser, "accounts:suspend"),
    (Id::ReinstateUser, "accounts:suspend"),
    (Id::EndUserSessions, "accounts:suspend"),
    (Id::ListServiceAccounts, "serviceAccounts:read"),
    (Id::CreateServiceAccount, "serviceAccounts:create"),
    (Id::DeleteServiceAccount, "serviceAccounts:delete"),
    (Id::CreateServiceKey, "serviceAccounts:create"),
    (Id::ListAudit, "audit:read"),
];

#[tokio::test]
async fn each_operation_takes_its_own_permission_and_no_other() {
    let world = World::new(PEOPLE).await;
    let user = person(&world, "user@example.com", &["staff"]).await;
    for (_, held) in GUARDED {
        let operator = world.accounts.operator();
        operator.set_role("staff", &[(*held).to_owned()]).await.unwrap();
        for (id, permission) in GUARDED {
            let done = ask(&world, &user, *id, &["nobody", "staff"], json!({})).await;
            let is_forbidden = matches!(&done, Err(error) if error.code() == Code::Forbidden);
            assert_eq!(is_forbidden, permission != held, "{id:?} with {held}: {done:?}");
        }
    }
    let anonymous = world.raw(Id::ListRoles, None, &[], b"").await;
    refused(anonymous, Code::Unauthenticated);
}

const PERMISSIONS: &[&str] =
    &["notes:read", "notes:update", "notes:*", "users:read", "users:*", "*"];

fn some() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(PERMISSIONS, 0..=3)
        .prop_map(|them| them.into_iter().map(str::to_owned).collect())
}

/// Whether `held` covers `wanted`, told naively.
fn covers(held: &[String], wanted: &str) -> bool {
    held.iter().any(|held| match held.as_str() {
        "*" => true,
        "notes:*" => wanted.starts_with("notes:"),
        "users:*" => wanted.starts_with("users:"),
        held => held == wanted,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn nobody_gives_or_takes_what_they_lack(held in some(), before in some(), after in some()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(gives_or_takes(held, before, after));
    }
}

async fn gives_or_takes(held: Vec<String>, before: Vec<String>, after: Vec<String>) {
    let world = World::new(PEOPLE).await;
    // Somebody else who may do everything, so that this is not what refuses.
    person(&world, "admin@example.com", &["admin"]).await;
    let actor = person(&world, "actor@example.com", &["staff"]).await;
    let other = person(&world, "other@example.com", &[]).await;
    let all = |them: &[String]| them.iter().all(|it| covers(&held, it));
    let mut own = held.clone();
    own.extend(["roles:create", "roles:update", "roles:grant", "roles:delete"].map(str::to_owned));
    let operator = world.accounts.operator();
    operator.set_role("staff", &own).await.unwrap();
    operator.create_role("target", None, &before).await.unwrap();
    let check = |what: &str, done: Result<Answer>, may: bool| match done {
        Ok(_) => assert!(may, "{what}: {held:?} {before:?} {after:?}"),
        Err(error) => {
            assert_eq!(error.code(), Code::Forbidden, "{what}: {error:?}");
            assert!(!may, "{what}: {held:?} {before:?} {after:?}");
        }
    };
    let body = json!({ "name": "made", "permissions": after });
    check("create", ask(&world, &actor, Id::CreateRole, &[], body).await, all(&after));
    let body = json!({ "role": "target" });
    check("grant", ask(&world, &actor, Id::GrantRole, &[&other.key], body).await, all(&before));
    let taken = ask(&world, &actor, Id::TakeRole, &[&other.key, "target"], json!({})).await;
    check("take", taken, all(&before));
    let changed: Vec<String> = PERMISSIONS
        .iter()
        .map(|it| (*it).to_owned())
        .filter(|it| before.contains(it) != after.contains(it))
        .collect();
    let body = json!({ "permissions": after });
    let done = ask(&world, &actor, Id::UpdateRole, &["target"], body).await;
    let left = if done.is_ok() { &after } else { &before };
    check("update", done, all(&changed));
    check("delete", ask(&world, &actor, Id::DeleteRole, &["target"], json!({})).await, all(left));
}

#[tokio::test]
async fn a_key_gives_no_more_than_its_scopes_cover() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let user = person(&world, "user@example.com", &[]).await;
    let scopes = json!({ "name": "ci", "scopes": ["roles:grant", "users:*"],
        "currentPassword": crate::world::PASSWORD });
    let key = data(ask(&world, &admin, Id::CreateKey, &[], scopes).await.unwrap());
    let key = Person { token: key["key"].as_str().unwrap().to_owned(), key: String::new() };
    for role in ["admin", "staff"] {
        let done = ask(&world, &key, Id::GrantRole, &[&user.key], json!({ "role": role })).await;
        refused(done, Code::Forbidden);
    }
    // No key makes keys, however wide it is.
    refused(ask(&world, &key, Id::CreateKey, &[], json!({ "name": "x" })).await, Code::Forbidden);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_may_do_everything_remains_however_many_try_at_once() {
    let world = Arc::new(World::new(PEOPLE).await);
    let mut admins = Vec::new();
    for n in 0..4 {
        admins.push(Arc::new(person(&world, &format!("a{n}@example.com"), &["admin"]).await));
    }
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..20_usize {
        let (world, actor, victim) =
            (Arc::clone(&world), Arc::clone(&admins[n % 4]), Arc::clone(&admins[(n / 4) % 4]));
        tries.spawn(async move {
            let done = match n % 3 {
                0 => ask(&world, &actor, Id::SuspendUser, &[&victim.key], json!({})).await,
                1 => ask(&world, &actor, Id::TakeRole, &[&victim.key, "admin"], json!({})).await,
                _ => {
                    let body = json!({ "currentPassword": crate::world::PASSWORD });
                    ask(&world, &victim, Id::DeleteMe, &[], body).await
                }
            };
            done.err().map(|error| error.code())
        });
    }
    let outcomes = tries.join_all().await;
    let users = world.accounts.operator().users().await.unwrap();
    let is_left = |user: &&underpin_accounts::UserInfo| {
        user.suspended_at.is_none() && user.roles.iter().any(|role| role == "admin")
    };
    let admins_left = users.iter().filter(is_left).count();
    assert!(admins_left >= 1, "{outcomes:?}");
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let last = Code::LastAdministrator;
    refused(ask(&world, &admin, Id::SuspendUser, &[&admin.key], json!({})).await, last);
    refused(ask(&world, &admin, Id::TakeRole, &[&admin.key, "admin"], json!({})).await, last);
    let body = json!({ "permissions": [] });
    refused(ask(&world, &admin, Id::UpdateRole, &["admin"], body).await, last);
    let body = json!({ "currentPassword": crate::world::PASSWORD });
    refused(ask(&world, &admin, Id::DeleteMe, &[], body).await, last);
    // A key of a service account is nobody who could log in.
    world.accounts.create_service_key("robot", &["admin".to_owned()]).await.unwrap();
    refused(ask(&world, &admin, Id::SuspendUser, &[&admin.key], json!({})).await, last);
    assert_eq!(world.n_events("account.suspended", "LAST_ADMINISTRATOR").await, 2);

    let second = person(&world, "second@example.com", &["admin"]).await;
    ask(&world, &second, Id::SuspendUser, &[&admin.key], json!({})).await.unwrap();
    // Whoever is suspended does not count.
    refused(ask(&world, &second, Id::SuspendUser, &[&second.key], json!({})).await, last);
}

#[tokio::test]
async fn whoever_answers_for_users_does_not_shut_out_whoever_answers_for_all() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    person(&world, "other@example.com", &["admin"]).await;
    let lead = person(&world, "lead@example.com", &["staff"]).await;
    let operator = world.accounts.operator();
    operator.set_role("staff", &["accounts:suspend".to_owned()]).await.unwrap();
    for id in [Id::SuspendUser, Id::EndUserSessions, Id::ReinstateUser] {
        refused(ask(&world, &lead, id, &[&admin.key], json!({})).await, Code::Forbidden);
    }
}

#[tokio::test]
async fn the_audit_is_read_by_pages_newest_first() {
    let world = World::new(PEOPLE).await;
    let admin = person(&world, "admin@example.com", &["admin"]).await;
    let identity = world.authenticate(&admin.token).await.unwrap();
    let app = world.accounts.engine().app().await;
    let page = async |query: &[(&str, &str)]| {
        let query: Vec<(String, String)> =
            query.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let call = underpin_accounts::Call {
            operation: Id::ListAudit,
            path: &[],
            query: &query,
            body: b"",
            caller: Some(Arc::clone(&identity)),
            refresh_cookie: None,
            flow_cookie: None,
            client: underpin_accounts::Client::default(),
        };
        world.accounts.call(&app, call).await
    };
    let n_all = world.rows("Audit").await.len();
    let (mut n_seen, mut cursor) = (0, None::<String>);
    loop {
        let mut query = vec![("limit", "2")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let Answer::Data { data, meta: Some(meta) } = page(&query).await.unwrap() else { panic!() };
        n_seen += data.as_array().unwrap().len();
        match meta["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(n_seen, n_all);
    let Answer::Data { data, .. } = page(&[("event", "role.granted")]).await.unwrap() else {
        panic!()
    };
    assert_eq!(data.as_array().unwrap().len(), 1);
    assert_eq!(data[0]["actor"], "service");
    for (query, code) in [
        (("limit", "0"), Code::InvalidParameter),
        (("limit", "201"), Code::InvalidParameter),
        (("evnt", "x"), Code::UnknownParameter),
        (("cursor", "x"), Code::InvalidCursor),
    ] {
        refused(page(&[query]).await, code);
    }
}

#[tokio::test]
async fn a_role_that_rules_ask_for_is_given_by_those_who_have_it() {
    let world = World::new(PEOPLE).await;
    let operator = world.accounts.operator();
    let all = ["roles:grant", "roles:read", "users:*", "notes:*"].map(str::to_owned);
    operator.create_role("manager", None, &all).await.unwrap();
    let manager = person(&world, "manager@example.com", &["manager"]).await;
    // Its permissions are the manager's, but a rule opens `tier` to whoever is called so.
    let body = json!({ "role": "staff" });
    let grant =
        async |by: &Person| ask(&world, by, Id::GrantRole, &[&manager.key], body.clone()).await;
    refused(grant(&manager).await, Code::Forbidden);
    let both = person(&world, "both@example.com", &["manager", "staff"]).await;
    grant(&both).await.unwrap();
}
