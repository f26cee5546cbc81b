//! Columns that may not be read: named everywhere, and told nowhere.

use serde_json::json;

use super::{Stage, exact, holds_no_canary, send, target};

/// Columns that Eve may never read, and names as near as can be that are nothing at all.
const FORBIDDEN: [(&str, &str); 5] = [
    ("resetToken", "resetTaken"),
    ("passwordHash", "passwordHush"),
    ("vault", "vaunt"),
    ("boss", "bass"),
    ("staff", "stuff"),
];

/// Every place of a request that a column of users can be named in.
const PLACES: [&str; 43] = [
    "users?NAME=a",
    "users?NAME[ne]=a",
    "users?NAME[gt]=a",
    "users?NAME[gte]=a",
    "users?NAME[lt]=a",
    "users?NAME[lte]=a",
    "users?NAME[in]=a,b",
    "users?NAME[nin]=a,b",
    "users?NAME[contains]=a",
    "users?NAME[startsWith]=a",
    "users?NAME[endsWith]=a",
    "users?NAME[isNull]=true",
    "users?NAME.id[isNull]=true",
    "users?sort=NAME",
    "users?sort=-NAME",
    "users?sort=login,-NAME",
    "users?sort=id,NAME",
    "users?sort=NAME.login",
    "users?fields=NAME",
    "users?fields=login,NAME",
    "users?fields=NAME.login&include=NAME",
    "users?include=NAME",
    "users?include=notes.owner.NAME",
    "users?count=exact&limit=1&NAME[isNull]=false",
    "users?page=1&sort=NAME",
    "users?limit=1&sort=NAME&cursor=CURSOR",
    "users?limit=1&sort=login&NAME[gt]=a&cursor=CURSOR",
    "users?filter=NAME == null",
    "users?filter=!(NAME != null)",
    "users?filter=has(NAME)",
    "users?filter=size(NAME) > 1",
    "users?filter=NAME.startsWith('a')",
    "users?filter=login == NAME",
    "users?filter=NAME.exists(x, x.login == 'a')",
    "users?filter=notes.exists(n, n.owner.NAME == null)",
    "users?notes.owner.NAME[isNull]=true",
    "users/EVE?fields=NAME",
    "users/EVE?include=NAME",
    "users/EVE/notes?owner.NAME=a",
    "notes?sort=owner.NAME",
    "notes?include=owner&fields=owner.NAME",
    "notes?filter=owner.NAME == null",
    "notes?owner.NAME[startsWith]=a",
];

#[test]
fn a_private_column_is_not_guessed_letter_by_letter() {
    let stage = Stage::set();
    let guesses = ["", "c", "x", "canary-token", "canary-token-3f", "canary-tokem"];
    for client in [stage.app.anonymous(), stage.eve(), stage.app.user("script")] {
        for guess in guesses {
            for way in [
                "users?resetToken[startsWith]=",
                "users?resetToken=",
                "users?login=ada&resetToken[startsWith]=",
                "notes?owner.resetToken[startsWith]=",
                "users?notes.owner.resetToken[gte]=",
            ] {
                let answer = send(client.get(&format!("/api/v1/{way}{guess}")));
                let _ = answer.is_error(400, "UNKNOWN_FIELD");
            }
        }
    }
    // A column that is hers on her own row alone: right and wrong guesses read alike.
    for operator in ["startsWith", "contains", "gte", "eq"] {
        let ask = |guess: &str| {
            let way = format!("/api/v1/users?login=ada&email[{operator}]={guess}&count=exact");
            exact(&send(stage.eve().get(&way)).is(200))
        };
        assert_eq!(ask("canary-mail@example.org"), ask("canary-mail@example.orh"));
        assert!(ask("c").contains("\"total\":0"));
    }
}

#[test]
fn totals_count_what_is_seen() {
    let stage = Stage::set();
    let total = |query: &str| {
        let way = format!("/api/v1/notes?count=exact&limit=1&{query}");
        let answer = send(stage.eve().get(&target(&way))).is(200);
        holds_no_canary(&answer);
        answer.json()["meta"]["total"].as_u64().unwrap()
    };
    assert_eq!(total("page=1"), 2);
    assert_eq!(total("title[contains]=canary"), 0);
    assert_eq!(total("rank=7"), 0);
    assert_eq!(total("rank[isNull]=true"), 2);
    assert_eq!(total("owner.notes.title[contains]=canary"), 0);
    assert_eq!(total("filter=owner.notes.exists(n, n.title.contains('canary'))"), 0);
    assert_eq!(total("filter=owner.notes.all(n, n.title != 'canary-text-title')"), 2);
}

#[test]
fn a_forbidden_column_is_like_none_wherever_it_is_named() {
    let stage = Stage::set();
    let eve = stage.app.id_of("eve").unwrap();
    let page = send(stage.eve().get("/api/v1/users?sort=login&limit=1")).is(200).json();
    let cursor = page["meta"]["nextCursor"].as_str().unwrap();
    for place in PLACES {
        for (forbidden, nothing) in FORBIDDEN {
            let ask = |name: &str| {
                let way = place.replace("NAME", name).replace("EVE", &eve);
                let way = way.replace("CURSOR", cursor);
                let answer = send(stage.eve().get(&target(&format!("/api/v1/{way}"))));
                let answer = answer.is_error(400, "UNKNOWN_FIELD");
                exact(&answer).replace(name, "NAME")
            };
            assert_eq!(ask(forbidden), ask(nothing), "{place}: {forbidden}");
        }
    }
}

#[test]
fn a_forbidden_column_is_not_in_the_answer_to_a_write() {
    let stage = Stage::set();
    let eve = stage.app.id_of("eve").unwrap();
    let own = format!("/api/v1/notes/{}", stage.own);
    for (forbidden, nothing) in FORBIDDEN {
        for query in ["include=owner&fields=owner.NAME", "include=owner.NAME"] {
            let ask = |name: &str| {
                let query = query.replace("NAME", name);
                let changed = json!({ "title": "changed" });
                let made = json!({ "title": "made", "owner": eve });
                let answers = [
                    stage.eve().patch(&format!("{own}?{query}"), &changed),
                    stage.eve().post(&format!("/api/v1/notes?{query}"), &made),
                ];
                answers.map(|request| {
                    let answer = send(request).is_error(400, "UNKNOWN_FIELD");
                    exact(&answer).replace(name, "NAME")
                })
            };
            assert_eq!(ask(forbidden), ask(nothing), "{query}: {forbidden}");
        }
    }
    let title = stage.eve().get(&own).send().is(200).json()["data"]["title"].clone();
    assert_eq!(title, "mine");
}

#[test]
fn the_contract_does_not_know_of_hidden_columns() {
    let stage = Stage::set();
    let contract = stage.app.anonymous().get("/openapi.json").send().is(200);
    let text = String::from_utf8(contract.bytes().to_vec()).unwrap();
    assert!(text.contains("login") && !text.contains("passwordHash"), "{text}");
}

#[test]
fn no_parameter_selects_everything() {
    let stage = Stage::set();
    for query in ["fields=*", "fields=users.*", "include=*", "fields=**", "fields=login,*"] {
        let answer = send(stage.eve().get(&format!("/api/v1/users?{query}")));
        assert_eq!(answer.status(), 400, "{answer}");
        holds_no_canary(&answer);
    }
    for query in ["omit=login", "exclude=login", "select=login", "populate=boss", "expand=boss"] {
        let answer = send(stage.eve().get(&format!("/api/v1/users?{query}")));
        holds_no_canary(&answer.is_error(400, "UNKNOWN_FIELD"));
    }
}

/// Requests that lead past what Eve may not see, all of which are answered.
const ALLOWED: [&str; 27] = [
    "users",
    "users?fields=login,email",
    "users?sort=email",
    "users?sort=-email,login",
    "users?sort=email&limit=1",
    "users?sort=-email&limit=1&count=exact",
    "users?email[isNull]=true&count=exact",
    "users?email[ne]=a",
    "users?email[nin]=canary-mail@example.org",
    "users?filter=email == null",
    "users?filter=!(email < 'd')",
    "users?filter=email != login",
    "users?include=notes.owner",
    "users/ADA",
    "users/ADA?include=notes",
    "users/ADA/notes?count=exact",
    "users/ADA/notes?sort=text,-rank&limit=1",
    "notes?sort=rank,-text&limit=1",
    "notes?sort=owner.email&limit=1",
    "notes?sort=-owner.email&page=1&limit=1",
    "notes?include=owner&fields=title,text,owner.email",
    "notes?filter=size(text) > 3 || rank in [7, 8]",
    "notes?filter=owner.notes.exists(n, n.text.contains('canary'))",
    "notes?filter=owner.notes.all(n, n.rank == null)&count=exact",
    "notes?owner.notes.rank[gte]=1&count=exact",
    "notes/PUBLIC?include=owner",
    "notes/PRIVATE",
];

#[test]
fn nothing_tells_a_value_that_is_held_back() {
    let stage = Stage::set();
    let ada = stage.app.id_of("ada").unwrap();
    let ask_all = || -> Vec<String> {
        let ask = |way: &&str| {
            let way = way.replace("ADA", &ada).replace("PUBLIC", &stage.public);
            let way = target(&format!("/api/v1/{}", way.replace("PRIVATE", &stage.private)));
            let mut told = Vec::new();
            let mut next = Some(String::new());
            // Cursors hold the values that a page was sorted by.
            while let Some(cursor) = next {
                let answer = send(stage.eve().get(&format!("{way}{cursor}")));
                holds_no_canary(&answer);
                let cursor = answer.json()["meta"]["nextCursor"].as_str().map(str::to_owned);
                let joint = if way.contains('?') { '&' } else { '?' };
                next = cursor.filter(|_| !way.contains("page="));
                next = next.map(|cursor| format!("{joint}cursor={cursor}"));
                told.push(exact(&answer));
            }
            told.join("\n")
        };
        ALLOWED.iter().map(ask).collect()
    };
    let before = ask_all();
    assert!(before.iter().filter(|told| told.starts_with("200")).count() == ALLOWED.len() - 1);
    for (email, text, rank) in [("'aaa'", "'zzz'", "1"), ("NULL", "NULL", "NULL")] {
        stage.sql(&format!(
            "UPDATE \"user\" SET email = {email}, reset_token = {text}, password_hash = {text}
               WHERE login = 'ada';
             UPDATE \"user\" SET boss_id = NULL;
             UPDATE note SET text = {text}, rank = {rank} WHERE title <> 'mine';
             UPDATE note SET title = 'other', price = 1 WHERE title = 'canary-text-title';"
        ));
        for ((way, before), after) in ALLOWED.iter().zip(&before).zip(ask_all()) {
            assert_eq!(*before, after, "{way}");
        }
    }
}

#[test]
fn no_expression_tells_a_value_that_is_held_back() {
    let stage = Stage::set();
    let rows = |filter: &str| {
        let request = stage.eve().get("/api/v1/notes?fields=title&sort=title");
        let answer = send(request.query("filter", filter)).is(200);
        holds_no_canary(&answer);
        answer.json()["data"].as_array().unwrap().len()
    };
    // Of the two notes that Eve sees, the text of Ada's counts as null in every expression.
    for (filter, n_rows) in [
        ("has(text)", 0),
        ("text == null", 2),
        ("!(text == null)", 0),
        ("text != 'x'", 2),
        ("text in ['canary-text of public', 'x']", 0),
        ("text in ['x', null]", 2),
        ("!(text in ['canary-text of public'])", 2),
        ("text < 'z' || text >= 'z'", 0),
        ("!(text < 'z') && !(text >= 'z')", 2),
        ("size(text) >= 0", 0),
        ("text.contains('')", 0),
        ("text == title || text != title", 2),
        ("text == title", 0),
        ("rank == 7 || rank < 7 || rank > 7", 0),
        ("owner.email == null", 1),
        ("owner.email.endsWith('example.org')", 1),
        ("owner.notes.exists(n, has(n.text))", 0),
        ("owner.notes.exists(n, n.owner.email.contains('canary'))", 0),
        ("owner.notes.all(n, n.text == null)", 2),
    ] {
        assert_eq!(rows(filter), n_rows, "{filter}");
    }
}
