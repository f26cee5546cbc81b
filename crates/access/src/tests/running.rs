//! What passes, what fails and why, and what proves nothing.

use super::*;

const SHOP: &str = include_str!("../../../../examples/shop/schema.graphql");

/// A world that most tests share.
const WORLD: &str = "
rows:
  User:
    ada: { email: ada@example.com, name: Ada }
    bob: { email: bob@example.com, name: Bob }
  Order:
    ada-1: { customer: ada }
    bob-1: { customer: bob }
actors:
  ada: { verified: true }
";

fn with_world(tests: &str) -> String {
    format!("{WORLD}{tests}")
}

#[test]
fn what_is_so_passes_and_what_is_not_fails_with_the_rule_that_decided() {
    let report = Stage::of(SHOP).run(&with_world(
        "
as: { user: ada }
can:
  - { read: Order, where: { customer: ada } }
  - { read: Order }
  - { update: Order/ada-1, set: { note: hello } }
  - { update: Order/ada-1, set: { status: PAID } }
  - { delete: Order/ada-1 }
cannot:
  - { read: Order, where: { customer: bob } }
  - { read: Order/ada-1 }
  - { update: Order/ada-1, set: { status: PAID } }
  - { update: Order/ada-1, set: { note: hello } }
",
    ));
    insta::assert_snapshot!(outcomes(&report));
    assert!(!report.is_good());
    assert_eq!(report.n_passed(), 4);
}

#[test]
fn a_write_that_is_done_is_undone_before_the_next_test() {
    let report = Stage::of(SHOP).run(&with_world(
        "
tests:
  - as: { role: admin }
    can:
      - { delete: Order/ada-1 }
      - { read: Order/ada-1 }
      - { update: User/ada, set: { name: Another } }
      - { read: User, where: { name: Ada } }
      - { create: Order, set: { customer: ada, note: new } }
    cannot:
      - { read: Order, where: { note: new } }
  - as: { user: ada }
    can: [ { read: Order/ada-1 } ]
",
    ));
    insta::assert_snapshot!(outcomes(&report), @r"
    pass role admin can delete: Order/ada-1
    pass role admin can read: Order/ada-1
    pass role admin can update: User/ada, set: { name: Another }
    pass role admin can read: User, where: { name: Ada }
    pass role admin can create: Order, set: { customer: ada, note: new }
    MOOT role admin cannot read: Order, where: { note: new }
         no `Order` of this world matches; describe such a row below `rows:`
    pass ada can read: Order/ada-1
    ");
}

#[test]
fn a_refusal_that_access_did_not_cause_proves_nothing() {
    let report = Stage::of(SHOP).run(&with_world(
        "
tests:
  - as: { role: admin }
    cannot:
      - { create: User, set: { name: Nobody } }
      - { create: User, set: { name: Twin, email: ADA@example.com } }
      - { update: Order/ada-1, set: { customer: bob } }
      - { read: Order, where: { status: SHIPPED } }
    can:
      - { update: Order/ada-1, set: { customer: bob } }
  - as: { user: ada }
    cannot:
      - { update: Order/ada-1, set: { customer: bob } }
",
    ));
    insta::assert_snapshot!(outcomes(&report));
}

#[test]
fn fields_out_of_reach_and_hidden_references_are_matters_of_access() {
    let schema = r#"
type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
  secret: String @hidden
}
type Note @model @access(read: "true", create: "auth.verified", update: "auth.verified") {
  text: String!
  about: User
  rank: Int @access(read: "auth.is('admin')", write: "auth.is('admin')")
  score: Int @access(read: "row.text == 'open'")
}
"#;
    let report = Stage::of(schema).run(
        "
rows:
  User: { ada: { email: a@x.org, secret: s1 }, bob: { email: b@x.org } }
  Note:
    open: { text: open, rank: 1, score: 1 }
    shut: { text: shut, rank: 2, score: 2 }
as: { user: ada, verified: true }
can:
  - { read: Note/open, fields: [score, text] }
  - { create: Note, set: { text: a, about: ada } }
cannot:
  - { read: Note/shut, fields: [score] }
  - { read: Note, fields: [rank] }
  - { read: User/ada, fields: [secret] }
  - { update: Note/open, set: { rank: 5 } }
  - { create: Note, set: { text: a, about: bob } }
  - { read: Note, fields: [score] }
",
    );
    insta::assert_snapshot!(outcomes(&report), @r"
    pass ada can read: Note/open, fields: [score, text]
    pass ada can create: Note, set: { text: a, about: ada }
    pass ada cannot read: Note/shut, fields: [score]
    pass ada cannot read: Note, fields: [rank]
    pass ada cannot read: User/ada, fields: [secret]
    pass ada cannot update: Note/open, set: { rank: 5 }
    pass ada cannot create: Note, set: { text: a, about: bob }
    FAIL ada cannot read: Note, fields: [score]
         ada may read score of Note/open: the read rule of Note.score holds
    ");
}

#[test]
fn rows_may_refer_to_each_other_in_a_circle_and_bring_their_keys() {
    let schema = r#"
type Person @model @access(read: "row.boss.name == 'Eve'") { name: String!  boss: Person  likes: [Code!]! @relation }
type Code @model @access(read: "row.id == 'B-2'") { id: ID! @id(kind: STRING)  of: Person  fans: [Person!]! @relation }
type Line @model @access(read: "row.id > 40") { id: ID! @id(kind: INT) }
"#;
    let report = Stage::of(schema).run(
        "
rows:
  Person:
    ada: { name: Ada, boss: eve, likes: [A-1] }
    eve: { name: Eve, boss: ada }
    bob: { id: 01980000-0000-7000-8000-000000000001, name: Bob, boss: bob, likes: [A-1, B-2] }
  Code: { A-1: { of: ada }, B-2: }
  Line: { first: , answer: { id: 42 } }
as: anonymous
can: [ { read: Person/ada }, { read: Code/B-2 }, { read: Line/answer }, { read: Line/42 } ]
cannot: [ { read: Person, where: { boss: ada } }, { read: Person/bob }, { read: Code/A-1 }, { read: Line/first } ]
",
    );
    assert!(report.is_good(), "{}{}", mistakes(&report.problems), outcomes(&report));
    assert_eq!(report.results.len(), 8);
}

#[test]
fn rows_that_the_database_refuses_are_mistakes_of_the_file() {
    let report = Stage::of(SHOP).run(
        "
rows:
  User:
    ada: { email: ada@example.com, name: Ada }
    twin: { email: ADA@example.com, name: Twin }
as: anonymous
cannot: [ { read: User } ]
",
    );
    assert_eq!(
        mistakes(&report.problems),
        "tests/t.yaml:5:5 `twin`: `twin` cannot be written: `email` another row has this value\n"
    );
    assert!(report.results.is_empty() && !report.is_good());
}

#[test]
fn a_model_that_wants_versions_is_sent_the_one_there_is() {
    let schema = r#"
type Note @model(locking: REQUIRED) @access(read: "true", update: "true", delete: "row.open") {
  text: String!
  open: Boolean!
}
"#;
    let report = Stage::of(schema).run(
        "
rows: { Note: { one: { text: a, open: true }, two: { text: b, open: false } } }
as: anonymous
can: [ { update: Note/one, set: { text: c } }, { delete: Note/one } ]
cannot: [ { delete: Note/two } ]
",
    );
    assert!(report.is_good(), "{}", outcomes(&report));
}

#[test]
fn time_stands_still_where_the_file_says_so() {
    let schema = r#"
type Offer @model @access(read: "row.endsAt > request.time") { endsAt: DateTime! }
"#;
    let report = Stage::of(schema).run(
        "
now: 2026-05-01T12:00:00Z
rows:
  Offer: { old: { endsAt: 2026-05-01T11:59:59Z }, new: { endsAt: 2026-05-01T12:00:01Z } }
as: anonymous
can: [ { read: Offer/new } ]
cannot: [ { read: Offer/old } ]
",
    );
    assert!(report.is_good(), "{}", outcomes(&report));
}

#[test]
fn the_matrix_has_the_actors_and_the_roles() {
    let report = Stage::of(SHOP).run(&with_world(
        "
tests:
  - as: { user: ada }
    can: [ { read: Order/ada-1 } ]
  - as: { user: bob }
    can: [ { read: Order/bob-1 } ]
  - as: { user: bob, roles: [staff] }
    can: [ { read: Order/ada-1 } ]
  - as: { key: { roles: [staff] } }
    can: [ { read: Order/ada-1 } ]
",
    ));
    assert!(report.is_good());
    let matrix = &report.matrix;
    assert_eq!(matrix.actors, ["anonymous", "ada, bob", "bob (staff)", "role staff", "role admin"]);
    let row = |operation| {
        let row = matrix.rows.iter().find(|row| row.model == "Order" && row.operation == operation);
        row.unwrap().cells.iter().map(|cell| cell.name()).collect::<Vec<_>>()
    };
    assert_eq!(row("read"), ["never", "some rows", "always", "always", "always"]);
    assert_eq!(row("create"), ["never", "some rows", "some rows", "never", "always"]);
    assert_eq!(row("update"), ["never", "some rows", "always", "always", "always"]);
    assert_eq!(row("delete"), ["never", "never", "never", "never", "always"]);
}

#[test]
fn a_key_is_narrowed_by_its_scopes_and_never_widened() {
    let report = Stage::of(SHOP).run(&with_world(
        "
tests:
  - as: { key: { user: ada, scopes: ['orders:read'] } }
    can: [ { read: Order/ada-1 } ]
    cannot:
      - { read: Order/bob-1 }
      - { update: Order/ada-1, set: { note: hello } }
      - { read: User/ada }
  - as: { key: { user: ada } }
    can: [ { update: Order/ada-1, set: { note: hello } }, { create: Order } ]
  - as: { key: { roles: [staff], scopes: ['users:*', 'orders:update'] } }
    can: [ { read: User/bob }, { read: Order/ada-1 } ]
",
    ));
    insta::assert_snapshot!(outcomes(&report), @r"
    pass key of ada [orders:read] can read: Order/ada-1
    pass key of ada [orders:read] cannot read: Order/bob-1
    pass key of ada [orders:read] cannot update: Order/ada-1, set: { note: hello }
    pass key of ada [orders:read] cannot read: User/ada
    pass key of ada can update: Order/ada-1, set: { note: hello }
    pass key of ada can create: Order
    pass role staff [users:*, orders:update] can read: User/bob
    FAIL role staff [users:*, orders:update] can read: Order/ada-1
         role staff [users:*, orders:update] may not read Order/ada-1: no scope of role staff [users:*, orders:update] covers `orders:read`
    ");
    let heads = &report.matrix.actors;
    assert_eq!(
        heads[1..4],
        ["key of ada [orders:read]", "key of ada", "role staff [users:*, orders:update]"]
    );
}

#[test]
fn a_test_is_told_on_one_line_however_it_is_written() {
    let report = Stage::of(SHOP).run(&with_world(
        "
as: { user: ada }
can:
  - read: Order
    where:
      customer: ada
    fields: [note]
  - { read: Order,
      where: { customer: ada } }
cannot:
  - update: Order/ada-1
    set:
      status: PAID
      note: x
",
    ));
    insta::assert_snapshot!(outcomes(&report), @r"
    pass ada can read: Order, where: customer: ada, fields: [note]
    pass ada can read: Order, where: { customer: ada }
    pass ada cannot update: Order/ada-1, set: status: PAID, note: x
    ");
}
