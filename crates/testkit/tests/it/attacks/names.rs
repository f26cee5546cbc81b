//! Names that a client makes up: of parameters, tables, aliases, and paths below what is protected.

use super::{Stage, holds_no_canary, send, target};

/// Names with more in them than a field and an operator.
const BRACKETS: &[&str] = &[
    "where[resetToken][$startsWith]",
    "where[resetToken]",
    "where[0][resetToken]",
    "filters[resetToken][$startsWith]",
    "filter[resetToken]",
    "filter[where][resetToken]",
    "sort[resetToken]",
    "sort[]",
    "fields[]",
    "fields[users]",
    "include[0][model]",
    "page[size]",
    "pagination[withCount]",
    "login[$ne]",
    "login[sw]",
    "login[]",
    "login[eq][eq]",
    "login[eq",
    "login]eq[",
    "$where",
    "$or[0][login]",
    "_q[x]",
    "",
    "__proto__[x]",
    "limit[]",
    "login[eq];drop",
    "login,email",
    "login eq",
    "login/**/",
    "'login'",
];

/// Words that mean something elsewhere, and read like a condition here.
const WORDS: &[&str] = &[
    "where",
    "filters",
    "query",
    "q",
    "_q",
    "_where",
    "populate",
    "select",
    "order",
    "orderBy",
    "order_by",
    "offset",
    "skip",
    "per_page",
    "pageSize",
    "withCount",
    "meta",
    "meta.pagination",
    "pagination.total",
    "raw",
    "isRaw",
    "sql",
    "having",
    "group",
    "aggregate",
    "distinct",
    "join",
    "constructor",
    "prototype",
    "__proto__",
    "role",
    "roles",
    "as",
    "auth.id",
    "row.login",
    "userId",
    "tenant",
];

#[test]
fn a_parameter_that_nobody_knows_is_refused() {
    let stage = Stage::set();
    let content = stage.content();
    // Brackets hold an operator and nothing else.
    for name in BRACKETS {
        let answer = send(stage.eve().get(&target(&format!("/api/v1/users?{name}=c"))));
        holds_no_canary(&answer.is_error(400, "UNKNOWN_PARAMETER"));
    }
    // What reads like a condition is one on a field that there is not.
    for name in WORDS {
        let answer = send(stage.eve().get(&format!("/api/v1/users?{name}=c")));
        holds_no_canary(&answer.is_error(400, "UNKNOWN_FIELD"));
    }
    let item = format!("/api/v1/users/{}", stage.app.id_of("ada").unwrap());
    for name in ["where[resetToken]", "filter", "sort", "limit", "count", "login", "page"] {
        let answer = send(stage.eve().get(&format!("{item}?{name}=1")));
        holds_no_canary(&answer.is_error(400, "UNKNOWN_PARAMETER"));
    }
    assert_eq!(stage.content(), content);
}

#[test]
fn names_of_tables_and_aliases_name_nothing() {
    let stage = Stage::set();
    for name in [
        "t0.password_hash",
        "t0.passwordHash",
        "t1.resetToken",
        "t1.login",
        "user.login",
        "users.login",
        "User.login",
        "main.user.login",
        "note.title",
        "rowid",
        "_rowid_",
        "oid",
        "password_hash",
        "reset_token",
        "owner_id",
        "sqlite_master.sql",
        "_underpin_key.hash",
        "login__startswith",
        "boss__reset_token",
        "notes__title",
        "LOGIN",
        "Login",
        "x1.login",
        "row.login",
    ] {
        for way in ["NAME=a", "NAME[startsWith]=a", "sort=NAME", "fields=NAME", "include=NAME"] {
            let way = way.replace("NAME", name);
            let answer = send(stage.eve().get(&format!("/api/v1/users?{way}")));
            holds_no_canary(&answer.is_error(400, "UNKNOWN_FIELD"));
        }
        let way = format!("/api/v1/users?filter={name} == 'a'");
        let answer = send(stage.eve().get(&target(&way)));
        assert!([400].contains(&answer.status()), "{answer}");
        holds_no_canary(&answer);
    }
    for name in
        ["\"t0\".\"login\"", "`t0`.login", "[t0].login", "t0.\"login\"", "t0/**/.login", "1"]
    {
        for way in ["NAME=a", "sort=NAME", "fields=NAME", "include=NAME", "filter=NAME == 'a'"] {
            let way = target(&format!("/api/v1/users?{}", way.replace("NAME", name)));
            let answer = send(stage.eve().get(&way));
            assert_eq!(answer.status(), 400, "{answer}");
            holds_no_canary(&answer);
        }
    }
}

#[test]
fn every_step_of_a_path_is_asked_for() {
    let stage = Stage::set();
    for path in [
        // Below a reference, and a list, that may not be read; back to what may.
        "boss.login",
        "boss.id",
        "boss.boss.login",
        "boss.notes.title",
        "staff.login",
        "staff.staff.login",
        "notes.owner.boss.login",
        "notes.owner.resetToken",
        // Into JSON, protected or not: there are no paths there.
        "vault.apiKey",
        "vault.apiKey.x",
        "vault.0",
        "notes.extra.colour",
        // To rows that are never seen.
        "notes.sealed.code",
        "notes.sealed.id",
        "notes.tags.name",
        "notes.tags.notes.title",
    ] {
        let first = path.split('.').next().unwrap();
        let below = path.rsplit_once('.').unwrap().0;
        for way in [
            format!("{path}=a"),
            format!("{path}[isNull]=true"),
            format!("{path}[startsWith]=canary"),
            format!("filter={path} == null"),
            format!("sort={path}"),
            format!("fields={path}"),
            format!("include={below}&fields={path}"),
            format!("include={first}&fields=login,{path}"),
        ] {
            let answer = send(stage.eve().get(&target(&format!("/api/v1/users?{way}"))));
            assert_eq!(answer.status(), 400, "{answer}");
            holds_no_canary(&answer);
        }
    }
    // A path that the language has, over rows that are hidden, leads nowhere.
    let hidden = "/api/v1/notes?owner.notes.title[startsWith]=canary&count=exact";
    let answer = send(stage.eve().get(hidden)).is(200);
    assert_eq!(answer.json()["meta"]["total"], 0);
}
