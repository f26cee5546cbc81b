//! What folding decides, and that it never changes what a predicate says.

use proptest::prelude::*;
use underpin_schema::{FieldId, FieldKind, ModelId, Schema};

use super::*;
use crate::checker::{Checker, Setting};
use crate::dream::Dream;
use crate::fixture::{model, shop};
use crate::parser::{Literals, parse};
use crate::{Base, Root, Vars, Visible, VisibleField};

const NOBODY: Facts<'static> =
    Facts { kind: "anonymous", roles: &[], permissions: &[], scopes: None, is_account: false };
pub(crate) const USER: Facts<'static> =
    Facts { kind: "user", roles: &[], permissions: &[], scopes: None, is_account: true };

pub(crate) fn rule(schema: &Schema, of: &str, text: &str) -> Predicate {
    typed(schema, Setting::Rule, of, text)
}

fn typed(schema: &Schema, setting: Setting<'_>, of: &str, text: &str) -> Predicate {
    let (expr, n_slots) = match setting {
        Setting::Filter(_) => parse(text, Literals::Slots).unwrap(),
        Setting::Rule | Setting::UpdateRule | Setting::RowOnly => {
            parse(text, Literals::Keep).unwrap()
        }
    };
    let checker = Checker::new(schema, setting, model(schema, of)).with_slots(0, n_slots);
    let (checked, problems) = checker.check(&expr);
    checked.unwrap_or_else(|| panic!("{text}: {problems:?}")).predicate
}

#[track_caller]
fn folded(facts: Facts<'_>, text: &str) -> String {
    let schema = shop();
    fold(&rule(&schema, "Order", text), &facts).display(&schema).to_string()
}

#[test]
fn a_stranger_owns_nothing() {
    insta::assert_snapshot!(folded(NOBODY, "row.customer == auth.id"), @"false");
    insta::assert_snapshot!(folded(NOBODY, "row.helper == auth.id"), @"row.helper == null");
    insta::assert_snapshot!(folded(NOBODY, "auth.id != null && row.helper == auth.id"), @"false");
    insta::assert_snapshot!(folded(USER, "auth.id != null && row.helper == auth.id"), @"row.helper == auth.id");
    insta::assert_snapshot!(folded(NOBODY, "auth.user.score > 1 || auth.verified"), @"false");
}

#[test]
fn kind_roles_and_permissions_are_decided() {
    insta::assert_snapshot!(folded(USER, "auth.kind == 'user' && row.total > 1"), @"row.total > 1.00");
    insta::assert_snapshot!(folded(USER, "auth.kind in ['key', 'service'] || has(row.note)"), @"row.note != null");
    let staff = Facts {
        kind: "user",
        roles: &["staff".to_owned()],
        permissions: &["products:*".to_owned()],
        ..USER
    };
    insta::assert_snapshot!(folded(staff, "auth.is('staff') && !auth.is('admin')"), @"true");
    insta::assert_snapshot!(folded(staff, "auth.can('products:cost') && !auth.can('orders:read')"), @"true");
    let server =
        Facts { kind: "service", roles: &[], permissions: &[], scopes: None, is_account: false };
    insta::assert_snapshot!(folded(server, "auth.can('anything:at-all')"), @"true");
}

#[test]
fn what_decides_nothing_disappears() {
    insta::assert_snapshot!(folded(USER, "true && (false || row.note == 'a') && row.note == 'a'"), @"row.note == 'a'");
    insta::assert_snapshot!(folded(USER, "row.items.exists(i, i.quantity > 1 && auth.is('x'))"), @"false");
    insta::assert_snapshot!(folded(USER, "row.items.all(i, i.quantity > 1 || !auth.is('x'))"), @"true");
    insta::assert_snapshot!(folded(USER, "row.note in ['a', 'a']"), @"row.note == 'a'");
    insta::assert_snapshot!(folded(USER, "row.note in []"), @"false");
    insta::assert_snapshot!(folded(USER, "row.note == row.note && has(row.total)"), @"true");
    insta::assert_snapshot!(folded(USER, "size(row.note) == null"), @"row.note == null");
}

#[test]
fn an_order_turns_round_only_where_nothing_can_be_null() {
    insta::assert_snapshot!(folded(USER, "!(row.total > 1)"), @"row.total <= 1.00");
    insta::assert_snapshot!(folded(USER, "!(row.note > 'a')"), @"!(row.note > 'a')");
}

#[test]
fn wildcards_grant_what_they_cover() {
    assert!(grants("*", "products:update"));
    assert!(grants("products:*", "products:update"));
    assert!(grants("products:update", "products:update"));
    assert!(!grants("products:*", "productsx:update"));
    assert!(!grants("products*", "products:update"));
    assert!(!grants("products:update", "products:updates"));
    assert!(!grants("", "products:update"));
}

/// Conditions about an order, one of each kind that there is.
pub(crate) const ORDER_RULES: &[&str] = &[
    "true",
    "row.customer == auth.id",
    "row.helper == auth.id",
    "row.helper != auth.id",
    "row.helper == null",
    "auth.id == null",
    "auth.kind == 'user'",
    "auth.kind in ['key', 'anonymous']",
    "auth.verified",
    "auth.can('products:cost')",
    "auth.is('staff')",
    "auth.user.score >= 1",
    "auth.user.team == row.customer.team",
    "auth.claims.tenant == row.note",
    "row.note > 'a'",
    "row.total < 0.5",
    "row.status in ['PAID', 'PENDING']",
    "row.previous in ['PAID', null]",
    "row.previous != row.status",
    "row.note in [row.customer.name, 'a']",
    "auth.id in [row.customer, row.helper]",
    "row.helper.score <= row.customer.score",
    "row.note.startsWith(row.helper.name)",
    "row.note.contains('%')",
    "size(row.note) > 1",
    "row.placedAt > request.time - duration('1h')",
    "row.items.exists(i, i.gift)",
    "row.items.exists(i, i.product.featured == false && i.quantity > 0)",
    "row.items.all(i, i.product.tags.exists(t, 'PAID' in t.kinds && t.name == row.note))",
    "row.customer.team.members.exists(m, m.id == auth.id)",
    "row.items.exists(i, 'a' in i.product.labels && auth.is('staff'))",
];

/// The same as filters, whose literals are slots.
const ORDER_FILTERS: &[&str] = &[
    "note == null",
    "customer.score > 0",
    "helper.score != helper.team.lead.score",
    "items.exists(i, i.quantity > 0)",
    "items.all(i, i.product.stock < 2 || i.gift)",
    "customer.score in [0, 1]",
    "customer == helper",
    "customer.name == helper.name",
    "helper.name.contains(note)",
    "size(customer.name) > 0",
    "has(placedAt) && placedAt + duration('1h') >= request.time",
    "items.exists(i, i.product.labels == null)",
];

/// Sees every field and row where some rule or other holds.
struct Seen<'a> {
    schema: &'a Schema,
    dream: &'a Dream<'a>,
}

impl Visible for Seen<'_> {
    fn field(&self, model: ModelId, name: &str) -> Option<VisibleField> {
        let field: FieldId = self.schema.model(model).field_named(name)?.id;
        Some(VisibleField { field, guard: self.guard(model, field.0) })
    }

    fn rows(&self, model: ModelId) -> Predicate {
        self.guard(model, u16::MAX)
    }

    fn related(&self, model: ModelId, field: FieldId) -> Predicate {
        match &self.schema.field(model, field).kind {
            FieldKind::ToMany(to_many) => self.guard(to_many.target, to_many.field.0),
            FieldKind::ManyToMany(join) => self.rows(join.target),
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => panic!("no relation to many"),
        }
    }
}

impl Seen<'_> {
    fn guard(&self, of: ModelId, salt: u16) -> Predicate {
        let guards: &[&str] = match self.schema.model(of).name.as_str() {
            "Order" => &ORDER_RULES[1..],
            "User" => {
                &["row.id == auth.id", "row.score > 0", "row.orders.exists(o, o.helper == auth.id)"]
            }
            "Product" => &["row.active", "auth.can('products:cost')"],
            _ => &["true"],
        };
        let roll = usize::try_from(self.dream.roll((of.0, salt)) % 1_000).unwrap();
        if roll % 3 == 0 {
            return Predicate::True;
        }
        rule(self.schema, &self.schema.model(of).name, guards[roll % guards.len()])
    }
}

/// How conditions are joined.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Leaf(usize),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Tree {
    pub(crate) fn text(&self, leaves: &[&str]) -> String {
        let all = |parts: &[Self], by| {
            parts.iter().map(|part| part.text(leaves)).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Leaf(n) => leaves[n % leaves.len()].to_owned(),
            Self::Not(inner) => format!("!({})", inner.text(leaves)),
            Self::And(parts) => format!("({})", all(parts, " && ")),
            Self::Or(parts) => format!("({})", all(parts, " || ")),
        }
    }
}

pub(crate) fn trees() -> impl Strategy<Value = Tree> {
    any::<prop::sample::Index>().prop_map(|index| Tree::Leaf(index.index(10_000))).prop_recursive(
        4,
        16,
        3,
        |inner| {
            let parts = prop::collection::vec(inner.clone(), 2..4);
            prop_oneof![
                inner.prop_map(|inner| Tree::Not(Box::new(inner))),
                parts.clone().prop_map(Tree::And),
                parts.prop_map(Tree::Or),
            ]
        },
    )
}

pub(crate) fn actors() -> impl Strategy<Value = (&'static str, Vec<String>, Vec<String>)> {
    let some = |names: &'static [&'static str]| {
        prop::sample::subsequence(names, 0..=names.len())
            .prop_map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    (
        prop::sample::select(vec!["anonymous", "user", "user", "key", "service"]),
        some(&["staff", "admin"]),
        some(&["products:*", "orders:read", "*"]),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_folded_predicate_says_the_same_of_every_row(
        tree in trees(), (kind, roles, permissions) in actors(), seed in any::<u64>(),
    ) {
        let schema = shop();
        let dream = Dream { schema: &schema, seed };
        // Keys act for an account or not, and are narrowed or not.
        let is_account = kind == "user" || (kind == "key" && seed.is_multiple_of(2));
        let scopes = (kind == "key" && seed.is_multiple_of(3)).then_some(roles.as_slice());
        let facts = Facts { kind, roles: &roles, permissions: &permissions, scopes, is_account };
        let order = model(&schema, "Order");
        let seen = Seen { schema: &schema, dream: &dream };
        let predicates = [
            rule(&schema, "Order", &tree.text(ORDER_RULES)),
            typed(&schema, Setting::Filter(&seen), "Order", &tree.text(ORDER_FILTERS)),
        ];
        for predicate in predicates {
            let folded = fold(&predicate, &facts);
            let mut asks_the_profile = false;
            folded.visit(&mut |part| {
                asks_the_profile |= matches!(part, Predicate::Can(_) | Predicate::HasRole(_));
            });
            prop_assert!(!asks_the_profile);
            prop_assert_eq!(&fold(&folded, &facts), &folded, "folding twice changes nothing");
            let renamed = predicate.with_fresh_vars(&mut Vars::after(&predicate));
            let negated = predicate.clone().negated();
            for n in 0..4 {
                let expected = dream.holds(&predicate, (order, n), facts);
                let shown = || predicate.display(&schema).to_string();
                prop_assert_eq!(dream.holds(&folded, (order, n), facts), expected,
                    "{}\nfolded: {}", shown(), folded.display(&schema));
                prop_assert_eq!(dream.holds(&renamed, (order, n), facts), expected, "{}", shown());
                prop_assert_eq!(dream.holds(&negated, (order, n), facts), !expected, "{}", shown());
            }
        }
    }

    #[test]
    fn a_rebased_predicate_says_of_the_row_at_the_base_what_it_said_of_the_row(
        tree in trees(), (kind, roles, permissions) in actors(), seed in any::<u64>(),
    ) {
        let schema = shop();
        let dream = Dream { schema: &schema, seed };
        // Keys act for an account or not, and are narrowed or not.
        let is_account = kind == "user" || (kind == "key" && seed.is_multiple_of(2));
        let scopes = (kind == "key" && seed.is_multiple_of(3)).then_some(roles.as_slice());
        let facts = Facts { kind, roles: &roles, permissions: &permissions, scopes, is_account };
        let (order, item) = (model(&schema, "Order"), model(&schema, "OrderItem"));
        let step = schema.model(item).field_named("order").unwrap().id;
        let predicate = rule(&schema, "Order", &tree.text(ORDER_RULES));
        let base = Base::root(Root::Row, item).step(&schema, item, step);
        let mut vars = Vars::default();
        let rebased = predicate.rebase(&base, &mut vars);
        let folded = fold(&rebased, &facts);
        for n in 0..4 {
            let (_, at) = crate::Rows::to_one(&dream, &(item, n), step).unwrap();
            let expected = dream.holds(&predicate, (order, at), facts);
            prop_assert_eq!(dream.holds(&rebased, (item, n), facts), expected);
            prop_assert_eq!(dream.holds(&folded, (item, n), facts), expected);
        }
    }
}
