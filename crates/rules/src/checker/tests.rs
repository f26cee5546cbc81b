//! What each construct means, and what is refused with which words.

use underpin_schema::DiagnosticCode;

use super::*;
use crate::fixture::{model, shop};
use crate::parser::{Literals, parse};

fn check(setting: Setting<'_>, of: &str, text: &str) -> (Option<String>, Vec<String>) {
    let schema = shop();
    let (expr, _) = parse(text, Literals::Keep).unwrap_or_else(|error| panic!("{error:?}"));
    let (checked, problems) = Checker::new(&schema, setting, model(&schema, of)).check(&expr);
    let shown = checked.map(|checked| checked.predicate.display(&schema).to_string());
    (shown, problems.into_iter().map(|problem| told(text, &problem)).collect())
}

/// The text with the place of the mistake marked, the fault and the words.
fn told(text: &str, problem: &Problem) -> String {
    let Span { start, end } = problem.span;
    let help = problem.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let (blank, carets) = (" ".repeat(start), "^".repeat(end - start));
    format!("{text}\n{blank}{carets} {:?}: {}{help}", problem.fault, problem.message)
}

/// What an expression about `Order` rows means.
#[track_caller]
fn rule(text: &str) -> String {
    of("Order", text)
}

/// What an expression about `Product` rows means.
#[track_caller]
fn product(text: &str) -> String {
    of("Product", text)
}

#[track_caller]
fn of(of: &str, text: &str) -> String {
    let (shown, problems) = check(Setting::Rule, of, text);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    shown.unwrap()
}

#[track_caller]
fn refused(text: &str) -> String {
    refused_in(Setting::Rule, "Order", text)
}

#[track_caller]
fn refused_in(setting: Setting<'_>, of: &str, text: &str) -> String {
    let (shown, problems) = check(setting, of, text);
    assert_eq!(shown, None, "must be refused: {text}");
    problems.join("\n")
}

#[test]
fn a_to_one_field_stands_for_the_key_and_for_the_way_to_the_row() {
    insta::assert_snapshot!(rule("row.customer == auth.id"), @"row.customer == auth.id");
    insta::assert_snapshot!(rule("auth.user.team == row.customer.team"), @"auth.user.team == row.customer.team");
    insta::assert_snapshot!(rule("row.helper.name == 'Ada'"), @"row.helper.name == 'Ada'");
}

#[test]
fn a_path_knows_whether_it_can_be_null() {
    let schema = shop();
    let nullable = |text: &str| {
        let (expr, _) = parse(text, Literals::Keep).unwrap();
        let of = model(&schema, "Order");
        let (checked, _) = Checker::new(&schema, Setting::Rule, of).check(&expr);
        match checked.unwrap().predicate {
            Predicate::Compare { left, .. } => left.path().unwrap().nullable,
            other => panic!("{other:?}"),
        }
    };
    assert!(!nullable("row.status == 'PAID'"));
    assert!(nullable("row.note == ''"));
    assert!(!nullable("row.customer.name == ''"));
    assert!(nullable("row.helper.name == ''"));
    assert!(nullable("row.helper == auth.id"));
}

#[test]
fn literals_take_the_type_of_what_they_meet() {
    insta::assert_snapshot!(product("row.price >= 0.10"), @"row.price >= 0.10");
    insta::assert_snapshot!(product("0.1 < row.price"), @"0.10 < row.price");
    insta::assert_snapshot!(product("row.price == '12.50'"), @"row.price == 12.50");
    insta::assert_snapshot!(product("row.stock == -3"), @"row.stock == -3");
    insta::assert_snapshot!(product("row.weight < 1e3"), @"row.weight < 1000.0");
    insta::assert_snapshot!(product("row.barcode == 9007199254740993"), @"row.barcode == 9007199254740993");
    insta::assert_snapshot!(product("row.releasedOn >= '2026-02-28'"), @"row.releasedOn >= '2026-02-28'");
    insta::assert_snapshot!(product("row.opensAt < '09:30:00'"), @"row.opensAt < '09:30:00'");
    insta::assert_snapshot!(product("row.takes > duration('1h30m')"), @"row.takes > duration('5400000000us')");
    insta::assert_snapshot!(product("row.takes > 'PT1H30M'"), @"row.takes > duration('5400000000us')");
    insta::assert_snapshot!(
        product("row.sku == '01912D68-783E-7A26-8F7C-6E2A8D4D2B11'"),
        @"row.sku == '01912d68-783e-7a26-8f7c-6e2a8d4d2b11'"
    );
    insta::assert_snapshot!(
        rule("row.placedAt > '2026-01-01T02:00:00+02:00'"),
        @"row.placedAt > timestamp('2026-01-01T00:00:00.000000Z')"
    );
}

#[test]
fn null_has_tests_of_its_own() {
    insta::assert_snapshot!(rule("row.note == null"), @"row.note == null");
    insta::assert_snapshot!(rule("null != row.helper"), @"row.helper != null");
    insta::assert_snapshot!(rule("has(row.note)"), @"row.note != null");
    insta::assert_snapshot!(rule("has(row.helper.team)"), @"row.helper.team != null");
    insta::assert_snapshot!(product("row.notes == null"), @"row.notes == null");
    insta::assert_snapshot!(rule("row.previous in ['PAID', null]"), @"row.previous in ['PAID'] || row.previous == null");
}

#[test]
fn booleans_are_conditions() {
    insta::assert_snapshot!(product("row.active && !row.featured"), @"row.active && !row.featured");
    insta::assert_snapshot!(product("row.active == true"), @"row.active");
    insta::assert_snapshot!(product("row.featured != true"), @"!row.featured");
    insta::assert_snapshot!(product("row.featured == false"), @"row.featured == false");
    insta::assert_snapshot!(product("auth.verified"), @"auth.verified");
    insta::assert_snapshot!(product("(row.stock > 1) == false"), @"!(row.stock > 1)");
    insta::assert_snapshot!(product("true"), @"true");
}

#[test]
fn lists_are_asked_with_in() {
    insta::assert_snapshot!(rule("row.status in ['PAID', 'SHIPPED']"), @"row.status in ['PAID', 'SHIPPED']");
    insta::assert_snapshot!(rule("auth.id in [row.customer, row.helper]"), @"auth.id in [row.customer, row.helper]");
    insta::assert_snapshot!(rule("'PAID' in [row.status, row.previous]"), @"'PAID' in [row.status, row.previous]");
    insta::assert_snapshot!(product("'new' in row.labels"), @"'new' in row.labels");
    insta::assert_snapshot!(of("Tag", "'PAID' in row.kinds"), @"'PAID' in row.kinds");
    insta::assert_snapshot!(product("size(row.labels) > 2"), @"size(row.labels) > 2");
    insta::assert_snapshot!(product("row.stock in []"), @"row.stock in []");
}

#[test]
fn texts_are_searched_and_measured() {
    insta::assert_snapshot!(
        product("row.name.startsWith('a') || row.name.contains('%') || row.shop.endsWith('/')"),
        @"row.name.startsWith('a') || row.name.contains('%') || row.shop.endsWith('/')"
    );
    insta::assert_snapshot!(rule("row.note.size() <= 10 && size(row.customer.email) > 3"), @"size(row.note) <= 10 && size(row.customer.email) > 3");
    insta::assert_snapshot!(rule("row.note.contains(row.customer.name)"), @"row.note.contains(row.customer.name)");
}

#[test]
fn times_may_be_moved() {
    insta::assert_snapshot!(
        rule("row.placedAt > request.time - duration('24h')"),
        @"row.placedAt > request.time - duration('86400000000us')"
    );
    insta::assert_snapshot!(
        rule("duration('90m') + row.placedAt < timestamp('2026-01-01T00:00:00Z')"),
        @"row.placedAt + duration('5400000000us') < timestamp('2026-01-01T00:00:00.000000Z')"
    );
}

#[test]
fn to_many_relations_are_asked_with_exists_and_all() {
    insta::assert_snapshot!(
        rule("row.items.exists(i, i.quantity > 2 && i.product.active)"),
        @"row.items.exists(v0, v0.quantity > 2 && v0.product.active)"
    );
    insta::assert_snapshot!(
        rule("row.items.all(i, i.quantity > 2)"),
        @"!row.items.exists(v0, !(v0.quantity > 2))"
    );
    insta::assert_snapshot!(
        rule("row.helper.orders.all(o, o.total > 1)"),
        @"row.helper != null && !row.helper.orders.exists(v0, !(v0.total > 1.00))"
    );
    insta::assert_snapshot!(
        rule("row.items.exists(i, i.product.tags.exists(t, t.name == row.note))"),
        @"row.items.exists(v0, v0.product.tags.exists(v1, v1.name == row.note))"
    );
    insta::assert_snapshot!(
        rule("row.customer.team.members.exists(m, m.id == auth.id)"),
        @"row.customer.team.members.exists(v0, v0.id == auth.id)"
    );
}

#[test]
fn auth_is_who_asks() {
    insta::assert_snapshot!(
        rule("auth.kind == 'user' && auth.can('orders:read') && auth.is('staff')"),
        @"auth.kind == 'user' && auth.can('orders:read') && auth.is('staff')"
    );
    insta::assert_snapshot!(rule("'staff' in auth.roles"), @"auth.is('staff')");
    insta::assert_snapshot!(rule("auth.user.team == row.customer.team"), @"auth.user.team == row.customer.team");
    insta::assert_snapshot!(rule("auth.user.score >= 10"), @"auth.user.score >= 10");
    insta::assert_snapshot!(rule("auth.claims.tenant == row.note"), @"auth.claims.tenant == row.note");
    insta::assert_snapshot!(rule("has(auth.claims['org-id'])"), @"auth.claims.org-id != null");
    insta::assert_snapshot!(rule("request.transport == 'rest' && request.ip != '10.0.0.1'"), @"request.transport == 'rest' && request.ip != '10.0.0.1'");
}

#[test]
fn negation_goes_inward_but_never_turns_an_order_round() {
    insta::assert_snapshot!(
        rule("!(row.note == 'a' || row.total > 3 && has(row.helper))"),
        @"row.note != 'a' && (!(row.total > 3.00) || row.helper == null)"
    );
}

#[test]
fn next_is_for_updates_alone() {
    let (shown, _) = check(Setting::UpdateRule, "Order", "next.status == row.status");
    insta::assert_snapshot!(shown.unwrap(), @"next.status == row.status");
    insta::assert_snapshot!(refused("next.status == row.status"), @"
    next.status == row.status
    ^^^^ NextOutsideUpdate: only a rule for `update` can speak of `next`
    help: on create, the proposed row is `row`
    ");
}

#[test]
fn names_that_do_not_exist_are_refused_with_the_nearest() {
    insta::assert_snapshot!(refused("row.stauts == 'PAID'"), @"
    row.stauts == 'PAID'
        ^^^^^^ UnknownField: `Order` has no field `stauts`
    help: did you mean `status`?
    ");
    insta::assert_snapshot!(refused("row.customer.emial == ''"), @"
    row.customer.emial == ''
                 ^^^^^ UnknownField: `User` has no field `emial`
    help: did you mean `email`?
    ");
    insta::assert_snapshot!(refused("status == 'PAID'"), @"
    status == 'PAID'
    ^^^^^^ UnknownName: there is no `status` here
    help: a field needs its row: `row.status`
    ");
    insta::assert_snapshot!(refused("auht.id == row.customer"), @"
    auht.id == row.customer
    ^^^^ UnknownName: there is no `auht` here
    help: did you mean `auth`?
    ");
    insta::assert_snapshot!(refused("auth.uid == row.customer"), @"
    auth.uid == row.customer
         ^^^ UnknownName: `auth` has no `uid`
    help: did you mean `auth.id`?
    ");
    insta::assert_snapshot!(refused("row.note.startswith('a')"), @"
    row.note.startswith('a')
             ^^^^^^^^^^ UnknownName: there is no method `startswith` here
    help: did you mean `.startsWith(…)`?
    ");
    insta::assert_snapshot!(refused("len(row.note) > 1"), @"
    len(row.note) > 1
    ^^^ UnknownName: there is no function `len`
    help: there are: `size`, `has`, `timestamp`, `duration`
    ");
}

#[test]
fn types_that_do_not_compare_are_refused() {
    insta::assert_snapshot!(refused("row.total == row.note"), @"
    row.total == row.note
    ^^^^^^^^^^^^^^^^^^^^^ TypeMismatch: a Decimal of scale 2 cannot be compared with a String
    ");
    insta::assert_snapshot!(refused("row.total == 'many' && row.note == 3"), @r#"
    row.total == 'many' && row.note == 3
                 ^^^^^^ WrongLiteral: `many` is not a Decimal of scale 2: it must be a decimal number, as "12.50"
    row.total == 'many' && row.note == 3
                                       ^ TypeMismatch: a number cannot be compared with a String
    "#);
    insta::assert_snapshot!(refused("row.customer == row.items"), @"
    row.customer == row.items
                    ^^^^^^^^^ RelationAsValue: expected a value, found a to-many relation
    help: ask of its rows: `.exists(x, x.id == …)` or `.all(x, …)`
    ");
    insta::assert_snapshot!(refused("row.customer == row.id"), @"
    row.customer == row.id
    ^^^^^^^^^^^^^^^^^^^^^^ TypeMismatch: the key of a `User` never equals the key of a `Order`
    ");
    insta::assert_snapshot!(refused("row.status < 'PAID'"), @"
    row.status < 'PAID'
    ^^^^^^^^^^^^^^^^^^^ TypeMismatch: a value of `OrderStatus` has no order
    help: compare it with `==`, `!=` or `in`
    ");
    insta::assert_snapshot!(refused("row.note < null"), @"
    row.note < null
    ^^^^^^^^ TypeMismatch: `null` is neither less nor greater than anything
    help: compare with `== null` or `!= null`
    ");
    insta::assert_snapshot!(refused("1 == 1"), @"
    1 == 1
    ^^^^^^ TypeMismatch: a comparison of constants decides nothing
    help: one side must name a field: `row.…`
    ");
    insta::assert_snapshot!(refused("row.total"), @"
    row.total
    ^^^^^^^^^ TypeMismatch: expected a condition, found a Decimal of scale 2
    help: compare it with something: `==`, `!=`, `<`, `in`, `has(…)`
    ");
    insta::assert_snapshot!(refused("row == auth.id"), @"
    row == auth.id
    ^^^ TypeMismatch: expected a value, found a row
    help: name one of its fields: `.id`
    ");
    insta::assert_snapshot!(refused_in(Setting::Rule, "Product", "row.notes == '{}' "), @"
    row.notes == '{}' 
                 ^^^^ TypeMismatch: a text cannot be compared with a JSON
    ");
    insta::assert_snapshot!(refused_in(Setting::Rule, "Product", "row.price < row.stock"), @"
    row.price < row.stock
    ^^^^^^^^^^^^^^^^^^^^^ TypeMismatch: a Decimal of scale 2 cannot be compared with an Int
    ");
}

#[test]
fn literals_that_are_no_value_of_the_type_are_refused() {
    insta::assert_snapshot!(refused("row.status == 'PAYED'"), @"
    row.status == 'PAYED'
                  ^^^^^^^ WrongLiteral: `PAYED` is not a value of `OrderStatus`
    help: did you mean `PAID`?
    ");
    insta::assert_snapshot!(refused("row.total > 0.105"), @"
    row.total > 0.105
                ^^^^^ WrongLiteral: `0.105` is not a Decimal of scale 2: it must not have more than 2 digits after the point
    ");
    insta::assert_snapshot!(refused("row.placedAt > '2026-01-01'"), @r#"
    row.placedAt > '2026-01-01'
                   ^^^^^^^^^^^^ WrongLiteral: `2026-01-01` is not a DateTime: it must be a time with an offset (RFC 3339), as "2026-11-20T16:01:24Z", with at most 6 digits of a second
    "#);
    insta::assert_snapshot!(refused("auth.kind == 'admin'"), @"
    auth.kind == 'admin'
                 ^^^^^^^ WrongLiteral: `admin` is never the value here
    help: it is one of `anonymous`, `user`, `key`, `service`
    ");
    insta::assert_snapshot!(refused("row.placedAt > request.time - duration('7 days')"), @"
    row.placedAt > request.time - duration('7 days')
                                           ^^^^^^^^ WrongLiteral: `7 days` is not a duration
    help: write numbers with units `h`, `m`, `s`, `ms`, `us`: `'24h'`, `'1h30m'`
    ");
    insta::assert_snapshot!(refused("row.customer == 'ada'"), @r#"
    row.customer == 'ada'
                    ^^^^^ WrongLiteral: `ada` is not the key of a `User`: it must be a UUID, as "01939f3e-7c1a-7000-8000-000000000001"
    "#);
}

#[test]
fn relations_are_followed_in_the_right_way_and_not_too_far() {
    insta::assert_snapshot!(refused("row.items.quantity > 1"), @"
    row.items.quantity > 1
              ^^^^^^^^ RelationAsValue: a to-many relation has many rows, and no one `quantity`
    help: ask of its rows: `.exists(x, x.quantity == …)`
    ");
    insta::assert_snapshot!(refused("row.customer.exists(c, c.name == '')"), @"
    row.customer.exists(c, c.name == '')
                 ^^^^^^ RelationAsValue: `exists` asks of the rows of a to-many relation
    help: a to-one relation is followed with a dot: `row.owner.name`
    ");
    insta::assert_snapshot!(refused("size(row.items) > 1"), @"
    size(row.items) > 1
         ^^^^^^^^^ RelationAsValue: the rows of a relation cannot be counted here
    help: ask whether there is one: `.exists(x, …)`
    ");
    insta::assert_snapshot!(refused("auth.id in row.items"), @"
    auth.id in row.items
               ^^^^^^^^^ RelationAsValue: expected a list after `in`, found a to-many relation
    help: ask of its rows: `.exists(x, x.id == …)`
    ");
    insta::assert_snapshot!(refused("row.customer.team.lead.team.lead.team.name == ''"), @"
    row.customer.team.lead.team.lead.team.name == ''
                                          ^^^^ TooComplex: a path follows at most 5 relations
    ");
    insta::assert_snapshot!(refused("row.items.exists(row, true) || row.items.exists(i, i.order.items.exists(i, true))"), @"
    row.items.exists(row, true) || row.items.exists(i, i.order.items.exists(i, true))
                     ^^^ Syntax: `row` means something else already
    help: choose another name
    row.items.exists(row, true) || row.items.exists(i, i.order.items.exists(i, true))
                                                                            ^ Syntax: `i` means something else already
    help: choose another name
    ");
}

#[test]
fn what_is_outside_the_language_is_refused() {
    insta::assert_snapshot!(refused("row.placedAt - request.time < duration('1h')"), @"
    row.placedAt - request.time < duration('1h')
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^ Unsupported: there is no arithmetic here, but a time may be moved by a duration
    help: for example `row.createdAt > request.time - duration('24h')`
    ");
    insta::assert_snapshot!(refused("row.note.matches('a.*')"), @"
    row.note.matches('a.*')
             ^^^^^^^ Unsupported: there is no method `matches` here
    help: there are: `startsWith`, `endsWith`, `contains`, `size`, `exists`, `all`
    ");
    insta::assert_snapshot!(refused("row.note in auth.roles"), @"
    row.note in auth.roles
    ^^^^^^^^ Unsupported: only a text in quotes can be looked for in `auth.roles`
    help: roles decide which statement is made, so they are not values
    ");
    insta::assert_snapshot!(refused("auth.can(row.note)"), @"
    auth.can(row.note)
         ^^^ Unsupported: `auth.can` takes one text in quotes
    ");
    insta::assert_snapshot!(refused("row.note['a'] == ''"), @"
    row.note['a'] == ''
             ^^^ Unsupported: a String cannot be indexed
    help: only `auth.claims['name']` takes brackets
    ");
    insta::assert_snapshot!(refused("auth.can == true"), @"
    auth.can == true
         ^^^ TypeMismatch: `auth.can` is a question
    help: ask it: `auth.can('…')`
    ");
}

#[test]
fn a_check_sees_its_row_alone() {
    let refused = |text| refused_in(Setting::RowOnly, "Order", text);
    insta::assert_snapshot!(refused("row.customer == auth.id"), @"
    row.customer == auth.id
                    ^^^^ BeyondTheRow: a condition of the table itself cannot speak of `auth`
    help: what depends on who asks or when belongs into `@access`
    ");
    insta::assert_snapshot!(refused("row.customer.name != ''"), @"
    row.customer.name != ''
                 ^^^^ BeyondTheRow: a condition of the table itself cannot look at other rows
    help: what depends on other rows belongs into `@access`
    ");
    insta::assert_snapshot!(refused("row.items.exists(i, true)"), @"
    row.items.exists(i, true)
    ^^^^^^^^^ BeyondTheRow: a condition of the table itself cannot look at other rows
    help: what depends on other rows belongs into `@access`
    ");
    let (shown, _) =
        check(Setting::RowOnly, "Order", "row.total >= 0 && row.helper != row.customer");
    insta::assert_snapshot!(shown.unwrap(), @"row.total >= 0.00 && row.helper != row.customer");
}

#[test]
fn roles_and_permissions_that_look_like_slips_are_warned_of() {
    let warned = |text| {
        let (shown, problems) = check(Setting::Rule, "Order", text);
        assert!(shown.is_some(), "a warning refuses nothing");
        problems.join("\n")
    };
    insta::assert_snapshot!(warned("auth.is('staf')"), @"
    auth.is('staf')
            ^^^^^^ UnknownPermission: no `@role` declares `staf`
    help: did you mean `staff`?
    ");
    insta::assert_snapshot!(warned("auth.can('order:read')"), @"
    auth.can('order:read')
             ^^^^^^^^^^^^ UnknownPermission: no role grants `order:read` by name
    help: did you mean `orders:read`?
    ");
    assert_eq!(warned("auth.can('products:cost') || auth.can('reports:view')"), "");
}

#[test]
fn a_rule_that_gives_strangers_what_nobody_owns_is_warned_of() {
    let warned = |text| {
        let (shown, problems) = check(Setting::Rule, "Order", text);
        assert!(shown.is_some(), "a warning refuses nothing");
        problems.join("\n")
    };
    insta::assert_snapshot!(warned("row.total > 3 && row.helper == auth.id"), @"
    row.total > 3 && row.helper == auth.id
                     ^^^^^^^^^^^^^^^^^^^^^ NullOwner: this holds for anonymous callers where the field is null
    help: ask for a user first: `auth.kind == 'user' && …`
    ");
    for text in [
        "row.customer == auth.id",
        "auth.kind == 'user' && row.helper == auth.id",
        "auth.id != null && (row.total > 3 || auth.id == row.helper)",
        "row.helper == auth.id && row.customer == auth.id",
        "row.helper != null && row.helper.id == auth.id && auth.verified",
    ] {
        assert_eq!(warned(text), "", "{text}");
    }
}

#[test]
fn every_fault_has_a_code() {
    assert_eq!(DiagnosticCode::RuleSyntax.name(), "S0101");
    assert_eq!(DiagnosticCode::RuleBeyondTheRow.name(), "S0110");
}
