//! Rows 32 to 42, and lists as they should be.

use serde_json::{Value, json};
use underpin_testkit::{Answer, TestApp};

use crate::shop::{PRODUCTS, Shop};

#[track_caller]
fn list(shop: &Shop, query: &str) -> Answer {
    shop.app.anonymous().get(&format!("{PRODUCTS}?{query}")).send()
}

#[track_caller]
fn check_refused(shop: &Shop, query: &str, code: &str) {
    shop.refused(&list(shop, query), 400, code);
}

/// A shop with products named `A` to `G`, twice each letter's place in stock.
fn stocked() -> Shop {
    let shop = Shop::start();
    for (at, letter) in ('A'..='G').enumerate() {
        let name = format!("Desk {letter}");
        let body = json!({ "name": name, "stock": at * 2, "category": "desks", "price": "1.50" });
        let _ = shop.app.anonymous().post(PRODUCTS, &body).send().is(201);
    }
    shop
}

fn names(answer: &Value) -> Vec<String> {
    let rows = answer["data"].as_array().expect("a list has rows");
    let name = |row: &Value| row["name"].as_str().expect("a product has a name").to_owned();
    rows.iter().map(|row| name(row).replace("Desk ", "")).collect()
}

#[test]
fn row_32_what_a_list_cannot_be_asked_is_refused() {
    let shop = Shop::start();
    check_refused(&shop, "price[between]=1", "UNKNOWN_PARAMETER");
    check_refused(&shop, "where[name]=a", "UNKNOWN_PARAMETER");
    check_refused(&shop, "colour=red", "UNKNOWN_FIELD");
    check_refused(&shop, "name.x=red", "UNKNOWN_FIELD");
    let item = shop.app.anonymous().get(&format!("{}?limit=1", shop.product_path())).send();
    shop.refused(&item, 400, "UNKNOWN_PARAMETER");
}

#[test]
fn row_33_a_field_that_may_not_be_read_is_like_one_that_does_not_exist() {
    let shop = Shop::start();
    for query in ["cost=1", "cost[gt]=1", "sort=cost", "fields=cost", "filter=cost%20%3E%201"] {
        for name in ["cost", "secret", "nothing"] {
            check_refused(&shop, &query.replace("cost", name), "UNKNOWN_FIELD");
        }
        let body = |name: &str| {
            let mut body = list(&shop, &query.replace("cost", name)).json();
            body["error"]["requestId"].take();
            body.to_string().replace(name, "…")
        };
        assert_eq!(body("cost"), body("nothing"));
        assert_eq!(body("secret"), body("nothing"));
    }
    let buyer = shop.app.user("buyer").get(&format!("{PRODUCTS}?sort=cost")).send();
    let _ = buyer.is(200);
}

#[test]
fn row_34_names_are_names_and_nothing_else() {
    let shop = Shop::start();
    for sort in
        ["id;drop", "\"name\"", "`name`", "\"a\".\"b\"", "name--", "name/**/", "name%20desc"]
    {
        let answer = shop.app.anonymous().get(PRODUCTS).query("sort", sort).send();
        shop.refused(&answer, 400, "INVALID_PARAMETER");
    }
    for name in ["t0.name", "rowid", "_rowid_", "product.name"] {
        check_refused(&shop, &format!("sort={name}"), "UNKNOWN_FIELD");
    }
}

#[test]
fn row_35_paths_into_json_are_refused() {
    let shop = Shop::start();
    for name in ["extra.a'||(select 1)", "extra.$..*", "extra->>a"] {
        let parameter = name.replace(' ', "%20").replace('>', "%3E");
        let answer = list(&shop, &format!("{parameter}=1"));
        assert_eq!(answer.status(), 400, "{answer}");
    }
    check_refused(&shop, &format!("extra.{}=1", "a".repeat(1_024)), "UNKNOWN_FIELD");
}

#[test]
fn row_36_wildcards_of_like_are_letters() {
    let shop = Shop::start();
    for text in ["%", "_", "L%", "L_mp", "\\", &"%_".repeat(1_000)] {
        let found = shop.app.anonymous().get(PRODUCTS).query("name[contains]", text).send();
        assert_eq!(found.is(200).json()["data"], json!([]), "{text}");
    }
    let found = shop.app.anonymous().get(PRODUCTS).query("name[contains]", "amp").send();
    assert_eq!(names(&found.json()), ["Lamp"]);
}

#[test]
fn row_39_page_sizes_out_of_bounds_are_refused() {
    let shop = Shop::start();
    for query in ["limit=0", "limit=-1", "limit=1000000000", "limit=101", "limit=", "limit=1.5"] {
        check_refused(&shop, query, "INVALID_PARAMETER");
    }
    for query in ["page=0", "page=-1", "page=1000000000000", "page=99999", "page=1&cursor=nA"] {
        check_refused(&shop, query, "INVALID_PARAMETER");
    }
}

#[test]
fn row_40_a_cursor_that_is_not_of_this_list_is_refused() {
    let shop = stocked();
    let page = list(&shop, "limit=2&sort=name").is(200).json();
    let cursor = page["meta"]["nextCursor"].as_str().unwrap();
    let _ = list(&shop, &format!("limit=3&sort=name&cursor={cursor}")).is(200);
    let mut forged = vec![
        "x".to_owned(),
        "n".to_owned(),
        String::new(),
        "n!!!".to_owned(),
        cursor.replacen('n', "p", 1),
        format!("{cursor}A"),
        cursor[..cursor.len() - 1].to_owned(),
        cursor.to_ascii_lowercase() + "A",
    ];
    for at in 1..cursor.len() {
        let mut bytes = cursor.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        forged.push(String::from_utf8(bytes).unwrap());
    }
    for cursor in forged {
        let answer = list(&shop, &format!("sort=name&cursor={cursor}"));
        let _ = answer.is_error(400, "INVALID_CURSOR");
    }
    for query in ["sort=-name", "sort=stock", ""] {
        let answer = list(&shop, &format!("{query}&cursor={cursor}"));
        let _ = answer.is_error(400, "INVALID_CURSOR");
    }
    let elsewhere = shop.app.anonymous().get(&format!("/api/v1/pages?cursor={cursor}")).send();
    let _ = elsewhere.is_error(400, "INVALID_CURSOR");
}

#[test]
fn row_41_a_query_past_its_bounds_is_refused() {
    let shop = Shop::start();
    let many: Vec<String> = (0..51).map(|at| format!("name{at}=1")).collect();
    check_refused(&shop, &many.join("&"), "QUERY_TOO_COMPLEX");
    check_refused(&shop, &format!("stock[in]={}", vec!["1"; 501].join(",")), "QUERY_TOO_COMPLEX");
    let nested = vec!["stock==1"; 51].join("||");
    check_refused(&shop, &format!("filter={nested}"), "QUERY_TOO_COMPLEX");
    let _ = list(&shop, &format!("stock[in]={}", vec!["1"; 500].join(","))).is(200);
    let far = format!("{}quantity[gt]=1", "items.product.".repeat(5));
    let far = shop.app.admin().get(&format!("{PRODUCTS}?{far}")).send();
    shop.refused(&far, 400, "QUERY_TOO_COMPLEX");
}

#[test]
fn row_42_a_parameter_that_stands_twice_is_refused() {
    let shop = Shop::start();
    for query in ["name=a&name=b", "name=a&name[eq]=a", "limit=1&limit=1", "sort=name&sort=name"] {
        check_refused(&shop, query, "INVALID_PARAMETER");
    }
    check_refused(&shop, "name[]=a&name[]=b", "UNKNOWN_PARAMETER");
}

#[test]
fn values_that_are_no_values_of_their_field_are_refused() {
    let shop = Shop::start();
    for query in [
        "stock=a",
        "stock=1.0",
        "stock=",
        "price=1e2",
        "listed=yes",
        "state=NONE",
        "state[in]=,",
        "day=2024-02-30",
        "batch=1",
        "name[isNull]=1",
        "name=a%00b",
        "name=%ff",
    ] {
        let answer = list(&shop, query);
        assert_eq!(answer.status(), 400, "{query}: {answer}");
        assert!(answer.error_code().is_some());
    }
    shop.unchanged();
}

#[test]
fn pages_follow_each_other_both_ways() {
    let shop = stocked();
    let first = list(&shop, "category=desks&sort=-stock&limit=3").is(200);
    let link = first.header("link").unwrap().to_owned();
    let first = first.json();
    assert_eq!(names(&first), ["G", "F", "E"]);
    let meta = json!({
        "limit": 3, "hasMore": true, "nextCursor": "$text", "previousCursor": null,
    });
    assert!(link.contains("rel=\"next\"") && !link.contains("rel=\"prev\""), "{link}");
    let _ = list(&shop, "category=desks&sort=-stock&limit=3")
        .has_body(&json!({ "data": first["data"], "meta": meta }));
    let at = |page: &Value, name: &str| page["meta"][name].as_str().unwrap().to_owned();
    let go = |cursor: &str| {
        list(&shop, &format!("category=desks&sort=-stock&limit=3&cursor={cursor}")).is(200).json()
    };
    let second = go(&at(&first, "nextCursor"));
    assert_eq!(names(&second), ["D", "C", "B"]);
    let third = go(&at(&second, "nextCursor"));
    assert_eq!(names(&third), ["A"]);
    assert_eq!(third["meta"]["hasMore"], false);
    assert_eq!(third["meta"]["nextCursor"], Value::Null);
    assert_eq!(names(&go(&at(&third, "previousCursor"))), ["D", "C", "B"]);
    let back = go(&at(&second, "previousCursor"));
    assert_eq!(names(&back), ["G", "F", "E"]);
}

#[test]
fn pages_are_counted_when_asked_for() {
    let shop = stocked();
    let page = list(&shop, "category=desks&sort=name&limit=3&page=3").is(200).json();
    assert_eq!(names(&page), ["G"]);
    let meta = &page["meta"];
    assert_eq!([&meta["page"], &meta["total"], &meta["totalPages"]], [3, 7, 3]);
    let counted = list(&shop, "category=desks&count=exact&limit=2").is(200).json();
    assert_eq!(counted["meta"]["total"], 7);
    assert_eq!(counted["meta"].get("totalPages"), None);
    let plain = list(&shop, "limit=2").is(200).json();
    assert_eq!(plain["meta"].get("total"), None);
}

#[test]
fn conditions_and_filters_hold_together() {
    let shop = stocked();
    let found = |query: &str| names(&list(&shop, &format!("{query}&sort=name")).is(200).json());
    assert_eq!(found("stock[gte]=8"), ["E", "F", "G"]);
    assert_eq!(found("stock[in]=2,4&price[gt]=1.5"), Vec::<String>::new());
    assert_eq!(found("name[startsWith]=Desk+&stock[lt]=4"), ["A", "B"]);
    assert_eq!(found("filter=stock%20%3E%208%20%26%26%20category%20==%20'desks'"), ["F", "G"]);
    assert_eq!(found("category[isNull]=true"), ["Lamp"]);
    assert_eq!(found("stock[gte]=8&filter=stock%20%3C%2012"), ["E", "F"]);
    assert_eq!(found("limit[eq]=7&limit=5"), Vec::<String>::new());
}

#[test]
fn only_the_fields_asked_for_are_answered() {
    let shop = Shop::start();
    let found = list(&shop, "fields=name,stock").is(200).json();
    assert_eq!(found["data"], json!([{ "name": "Lamp", "stock": 3 }]));
}

#[test]
fn a_relation_has_a_list_of_its_own() {
    let shop = Shop::start();
    let (app, ada): (&TestApp, String) = (&shop.app, shop.app.id_of("ada").unwrap());
    let orders = format!("/api/v1/users/{ada}/orders");
    let made = app.user("ada").post(&orders, &json!({ "note": "first" })).send().is(201);
    let location = made.header("location").unwrap().to_owned();
    let order = made.json()["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(location, format!("/api/v1/orders/{order}"));
    let item = json!({ "product": shop.product, "quantity": 2 });
    let _ = app.user("ada").post(&format!("{location}/items"), &item).send().is(201);
    let listed = app.user("ada").get(&format!("{orders}?include=items.product")).send().is(200);
    let listed = listed.json();
    assert_eq!(listed["data"][0]["customer"], ada);
    assert_eq!(listed["data"][0]["items"][0]["product"]["name"], "Lamp");
    // To another, the user is not there, and so has no orders.
    let _ = app.user("bob").get(&orders).send().is_error(404, "NOT_FOUND");
    let under = app.user("bob").post(&orders, &json!({ "note": "mine" })).send();
    let _ = under.is_error(404, "NOT_FOUND");
}

#[test]
fn what_is_wrong_with_a_parameter_is_said_with_its_name_and_bound() {
    let shop = Shop::start();
    for (query, said) in [
        ("limit=1&limit=2", "the parameter `limit` stands twice"),
        ("page=99999999999&limit=10", "`page` is at most 1001 with 10 rows a page"),
        ("page=1002&limit=10", "`page` is at most 1001 with 10 rows a page"),
        ("page=0", "`page` is a whole number from 1"),
    ] {
        let answer = shop.app.anonymous().get(&format!("{PRODUCTS}?{query}")).send();
        let text = String::from_utf8(answer.bytes().to_vec()).unwrap();
        assert_eq!(answer.status(), 400, "{text}");
        assert!(text.contains(said), "{query}: {text}");
    }
    let typed = shop.app.anonymous().get("/api/v1/counters?limt=1").send().is(400).json();
    assert_eq!(typed["error"]["hint"], "did you mean the parameter `limit`?");
    let item = shop.app.anonymous().get(&format!("{}?sort=id", shop.product_path())).send();
    assert_eq!(item.is(400).json()["error"]["message"], "there is no parameter `sort`");
}
