//! Every mistake of a file at once, each with its place and what is near.

use crate::tests::{Stage, mistakes};

const SCHEMA: &str = r#"
extend schema @role(name: "staff", can: ["orders:*"])
type User @model @account(identity: ["email"]) @access(read: "true") { email: Email! @unique  name: String }
type Order @model @access(read: "true") {
  customer: User!
  status: Status! @default(value: PENDING)
  total: Decimal @decimal(precision: 8, scale: 2)
  labels: [String!]
  items: [Item!]! @relation(field: "order")
}
type Item @model @access(read: "true") { order: Order!  quantity: Int! @range(min: 1) }
enum Status { PENDING PAID }
"#;

#[track_caller]
fn found(text: &str) -> String {
    let (_, problems) = Stage::of(SCHEMA).read(&[("tests/t.yaml", text)]);
    mistakes(&problems)
}

#[test]
fn mistakes_in_rows_and_actors_are_told_together() {
    insta::assert_snapshot!(found(
        "
rowz: {}
now: yesterday
rows:
  Usr: { ada: { email: a@x.org } }
  User:
    ada: { email: a@x.org }
    bob: { email: nobody }
    cat:
    ada: { email: b@x.org }
  Order:
    o1: { customer: adda, status: PAYED, total: 1.234, colour: red }
    o2: { customer: ada, items: [i1] }
    o3: ada
  Item:
    i1: { order: o1, quantity: 0 }
actors:
  eve: { verified: true }
  ada: { verified: yes, roles: [stuff], name: Ada, claim: { a: b } }
"
    ));
}

#[test]
fn mistakes_in_tests_are_told_together() {
    insta::assert_snapshot!(found("
rows:
  User: { ada: { email: a@x.org } }
  Order: { o1: { customer: ada } }
tests:
  - as: ada
    can: []
  - as: staff
    can: []
  - as: { user: adda }
    can: []
  - as: { role: stuff }
    can: []
  - as: { key: { scope: [] } }
    can: []
  - as: { user: ada, role: staff }
    can: []
  - can: []
  - as: anonymous
  - as: anonymous
    might: []
    can:
      - { read: orders }
      - { raed: Order }
      - { read: Order/o2 }
      - { read: Order/o1, where: { status: PAID } }
      - { read: Order, where: { status: PAYED, labels: a, customer.email: [1], total.x: 1, costumer: ada } }
      - { read: Order, where: { customer: eve } }
      - { read: Order, fields: [total, totl] }
      - { create: Order/o1, set: {} }
      - { create: Order, set: { customer: eve, totl: 1 }, unset: [] }
      - { update: Order, set: { total: x } }
      - { delete: Order }
      - read
"));
}

#[test]
fn a_sound_file_has_no_mistakes() {
    assert_eq!(
        found(
            "
now: 2026-01-01T00:00:00Z
rows:
  User: { ada: { email: a@x.org } }
  Order: { o1: { customer: ada, labels: [a, b], total: 12.5 } }
actors:
  ada: { verified: true, roles: [staff], claims: { tenant: t1 } }
---
as: { user: ada, verified: false }
can: [ { read: Order, where: { customer.email: a@x.org, total: 12.50, status: PENDING } } ]
---
as: { key: { roles: [staff] } }
cannot: [ { delete: User/ada } ]
"
        ),
        ""
    );
    assert_eq!(found(""), "");
}

#[test]
fn no_text_makes_the_reader_panic() {
    let sound = "rows: { User: { ada: { email: a@x.org } } }\nas: { user: ada }\ncan: [ { read: User/ada } ]\n";
    for cut in 0..sound.len() {
        found(&sound[..cut]);
        found(&format!("{}{}", &sound[..cut], &sound[cut + 1..]));
        found(&format!("{}\u{e9}[{}", &sound[..cut], &sound[cut..]));
    }
}
