//! Shapes, slots, and what an actor may and may not ask.

use proptest::prelude::*;
use underpin_schema::{FieldKind, Value};

use super::*;
use crate::fixture::{model, shop};

fn scan(text: &str) -> (String, Vec<LiteralText<'_>>) {
    let (mut shape, mut literals) = (Vec::new(), Vec::new());
    scan_filter(text, &mut shape, &mut literals).unwrap_or_else(|error| panic!("{error:?}"));
    (String::from_utf8(shape).unwrap(), literals)
}

/// A stranger in the shop: costs do not exist for it, totals show on its own orders, hidden rows
/// are those of products that are not active.
struct Stranger<'a>(&'a Schema);

impl Visible for Stranger<'_> {
    fn field(&self, model: ModelId, name: &str) -> Option<VisibleField> {
        let field = self.0.model(model).field_named(name)?;
        let guard = match name {
            "cost" | "email" => return None,
            "total" => rule(self.0, "Order", "row.customer == auth.id"),
            "items" => rule(self.0, "Order", "row.status == 'PAID'"),
            _ => Predicate::True,
        };
        Some(VisibleField { field: field.id, guard })
    }

    fn rows(&self, model: ModelId) -> Predicate {
        match self.0.model(model).name.as_str() {
            "Product" => rule(self.0, "Product", "row.active"),
            "User" => rule(self.0, "User", "row.orders.exists(o, o.helper == auth.id)"),
            _ => Predicate::True,
        }
    }

    fn related(&self, model: ModelId, field: FieldId) -> Predicate {
        let field = self.0.field(model, field);
        match &field.kind {
            FieldKind::ToMany(_) if field.name == "members" => {
                rule(self.0, "User", "row.score > 1")
            }
            FieldKind::ToMany(to_many) => self.rows(to_many.target),
            FieldKind::ManyToMany(join) => self.rows(join.target),
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => panic!("{} is no relation to many", field.name),
        }
    }
}

fn rule(schema: &Schema, of: &str, text: &str) -> Predicate {
    let (expr, _) = parse(text, Literals::Keep).unwrap();
    let checker = Checker::new(schema, Setting::Rule, model(schema, of));
    checker.check(&expr).0.unwrap().predicate
}

fn typed(of: &str, text: &str) -> Result<(String, Vec<SlotType>), Error> {
    let schema = shop();
    let filter = parse_filter(text, &Limits::default())?;
    let (predicate, slots) =
        type_filter(&filter, &schema, model(&schema, of), 3, &Stranger(&schema))?;
    Ok((predicate.display(&schema).to_string(), slots))
}

#[track_caller]
fn shown(of: &str, text: &str) -> String {
    typed(of, text).unwrap_or_else(|error| panic!("{error}")).0
}

#[track_caller]
fn refused(of: &str, text: &str) -> String {
    let error = typed(of, text).expect_err("must be refused");
    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{error}{hint} at {:?}", error.details().offset)
}

#[test]
fn filters_that_differ_in_values_alone_share_a_shape() {
    let (shape, literals) = scan("price > 10 && name in ['a', \"b\\n\"]");
    let (other, _) = scan("price>-2.5e3&&name in['','it\\'s'] // cheap");
    assert_eq!(shape, other);
    assert_eq!(
        literals,
        [LiteralText::Number("10"), LiteralText::Text("a", false), LiteralText::Text("b\\n", true)]
    );
    assert_eq!(literals[2].resolve(), "b\n");
}

#[test]
fn filters_that_mean_something_else_have_another_shape() {
    let shapes = [
        "a > 1",
        "a > '1'",
        "a >= 1",
        "a == true",
        "a == false",
        "a == null",
        "ab > 1",
        "a.b > 1",
        "a in [1]",
        "a in [1, 2]",
        "a in ['x', 2]",
        "!(a > 1)",
        "a > t - duration('1h')",
        "a > t - duration('2h')",
        "a > t.duration('1h')",
        "a > 1 && b > 1",
        "a > 1 || b > 1",
        "in in [1]",
        "a < 1",
        "a[1]",
        "x.exists(a, a > 1)",
    ]
    .map(|text| scan(text).0);
    let mut distinct = shapes.to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), shapes.len(), "{shapes:?}");
    assert!(shapes.iter().all(|shape| shape.find('\n') == Some(shape.len() - 1)));
}

#[test]
fn literals_become_slots_typed_by_what_they_meet() {
    let (predicate, slots) =
        typed("Product", "price > 10 && name == 'Éclair' || 5 in [stock, barcode]").unwrap();
    insta::assert_snapshot!(predicate, @"(row.price > {$3} && row.name == {$4}) || {$5} in [row.stock, row.barcode]");
    let plain = |scalar| SlotType { scalar, enum_id: None, caseless: false };
    let decimal = Scalar::Decimal { precision: 12, scale: 2 };
    assert_eq!(
        slots,
        [plain(decimal), SlotType { caseless: true, ..plain(Scalar::String) }, plain(Scalar::Int)]
    );
    assert!(slots[0].parse_literal(LiteralText::Number("10.5"), &shop()).is_ok());
    assert!(slots[0].parse_literal(LiteralText::Number("10.555"), &shop()).is_err());
}

#[test]
fn enum_literals_are_checked_when_they_are_read() {
    let (_, slots) = typed("Order", "status == 'PAID'").unwrap();
    let parse = |text| slots[0].parse_literal(LiteralText::Text(text, false), &shop());
    assert_eq!(parse("PAID"), Ok(Value::Text("PAID".to_owned())));
    assert_eq!(parse("PAYED").unwrap_err().code, underpin_schema::FieldCode::UnknownValue);
}

#[test]
fn fields_stand_bare_and_so_does_the_time_of_the_request() {
    insta::assert_snapshot!(
        shown("Order", "placedAt > request.time - duration('1h') && note != null"),
        @"row.placedAt > request.time - duration('3600000000us') && row.note != null"
    );
    insta::assert_snapshot!(shown("Order", "placedAt < timestamp('2026-01-01T00:00:00Z')"), @"row.placedAt < {$3}");
    insta::assert_snapshot!(shown("Product", "active && stock == barcode"), @"row.active && row.stock == row.barcode");
}

#[test]
fn a_guarded_field_counts_as_null() {
    insta::assert_snapshot!(shown("Order", "total > 3"), @"{row.customer == auth.id ? row.total} > {$3}");
    insta::assert_snapshot!(shown("Order", "total == null"), @"{row.customer == auth.id ? row.total} == null");
}

#[test]
fn a_path_leads_through_visible_rows_alone() {
    insta::assert_snapshot!(
        shown("Order", "customer.name == 'Ada' || helper.name == 'Ada'"),
        @"{row.customer.orders.exists(v0, v0.helper == auth.id) ? row.customer.name} == {$3} || {row.helper.orders.exists(v1, v1.helper == auth.id) ? row.helper.name} == {$4}"
    );
    insta::assert_snapshot!(shown("Order", "customer == '00000000-0000-7000-8000-000000000001'"), @"row.customer == {$3}");
}

#[test]
fn a_row_is_in_a_list_for_whoever_may_read_its_own_side_of_the_relation() {
    insta::assert_snapshot!(shown("Team", "members.exists(m, m.score > 2)"), @"row.members.exists(v0, v0.score > 1 && v0.score > {$3})");
    insta::assert_snapshot!(shown("Team", "members.all(m, m.score > 2)"), @"!row.members.exists(v0, v0.score > 1 && !(v0.score > {$3}))");
}

#[test]
fn exists_and_all_speak_of_visible_rows_alone() {
    insta::assert_snapshot!(
        shown("Order", "items.exists(i, i.product.stock > 2)"),
        @"row.status == 'PAID' && row.items.exists(v0, {v0.product.active ? v0.product.stock} > {$3})"
    );
    insta::assert_snapshot!(
        shown("Tag", "products.all(p, p.stock > 2)"),
        @"!row.products.exists(v0, v0.active && !(v0.stock > {$3}))"
    );
}

#[test]
fn what_may_not_be_read_does_not_exist() {
    insta::assert_snapshot!(refused("Product", "cost > 1"), @"UNKNOWN_FIELD: `Product` has no field `cost` at Some(0)");
    insta::assert_snapshot!(refused("Product", "cosd > 1"), @"UNKNOWN_FIELD: `Product` has no field `cosd` at Some(0)");
    insta::assert_snapshot!(refused("Product", "é == 1"), @"INVALID_FILTER: `é` means nothing here at Some(0)");
    insta::assert_snapshot!(refused("Product", "name == 'é' && stok > 1"), @"UNKNOWN_FIELD: `Product` has no field `stok`; did you mean `stock`? at Some(15)");
    insta::assert_snapshot!(refused("Order", "customer.email == 'a@b.c'"), @"UNKNOWN_FIELD: `User` has no field `email` at Some(9)");
    insta::assert_snapshot!(refused("Order", "auth.id == customer"), @"UNKNOWN_FIELD: `Order` has no field `auth` at Some(0)");
    insta::assert_snapshot!(refused("Order", "request.ip == note"), @"INVALID_FILTER: `request` has no `ip`; it has: `time` at Some(8)");
    insta::assert_snapshot!(refused("Order", "row.note == note"), @"UNKNOWN_FIELD: `Order` has no field `row` at Some(0)");
}

#[test]
fn what_means_nothing_is_refused_with_its_place() {
    insta::assert_snapshot!(refused("Order", "note == 'é' && "), @"INVALID_FILTER: expected a name, a value or `(`, found the end at Some(15)");
    insta::assert_snapshot!(refused("Product", "stock > 'many'"), @"INVALID_FILTER: a text cannot be compared with an Int at Some(8)");
    insta::assert_snapshot!(refused("Order", "1 == 1"), @"INVALID_FILTER: a comparison of constants decides nothing; one side must name a field at Some(0)");
    insta::assert_snapshot!(refused("Order", "items == null"), @"INVALID_FILTER: expected a value, found a to-many relation; ask of its rows: `.exists(x, x.id == …)` or `.all(x, …)` at Some(0)");
}

#[test]
fn conditions_lists_and_relations_are_bounded() {
    let joined = |part: &str, by: &str, n: usize| vec![part; n].join(by);
    let limits = Limits::default();
    let parse = |text: &str| parse_filter(text, &limits).map(|filter| filter.n_conditions());
    assert_eq!(parse(&joined("stock > 1", " && ", 50)), Ok(50));
    assert_eq!(parse("!(a > 1) && items.exists(i, i.b == 1 || i.c)"), Ok(4));
    let code = |text: &str| parse(text).map_err(|error| error.code);
    assert_eq!(code(&joined("stock > 1", " && ", 51)), Err(Code::QueryTooComplex));
    assert_eq!(code(&format!("a in [{}]", joined("1", ",", 500))), Ok(1));
    assert_eq!(code(&format!("a in [{}]", joined("1", ",", 501))), Err(Code::QueryTooComplex));
    assert_eq!(code(&"(".repeat(1_000)), Err(Code::QueryTooComplex));
    assert_eq!(code(&" ".repeat(9_000)), Err(Code::QueryTooComplex));
    insta::assert_snapshot!(
        refused("Order", "customer.team.lead.team.lead.team.name == 'x'"),
        @"QUERY_TOO_COMPLEX: a path follows at most 5 relations at Some(34)"
    );
}

/// Texts of pieces that filters are made of.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b.c",
        "(",
        ")",
        "[",
        "]",
        ",",
        " && ",
        "||",
        "!",
        "==",
        "<",
        " in ",
        "'x'",
        "\"y\"",
        "1",
        "-2.5",
        "null",
        "true",
        " - ",
        "duration(",
        "duration('1h')",
        ".duration(",
        "size(",
        "a['k']",
        "x.exists(y, ",
        "timestamp('t')",
        " ",
        "'",
        "\\",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn scanning_and_parsing_find_the_same_literals(text in pieces()) {
        let (mut shape, mut literals) = (Vec::new(), Vec::new());
        let scanned = scan_filter(&text, &mut shape, &mut literals);
        if let Ok(filter) = parse_filter(&text, &Limits::default()) {
            prop_assert_eq!(scanned, Ok(()));
            prop_assert_eq!(usize::from(filter.n_slots()), literals.len());
            // What the shape leaves out must not decide anything: with other literals of the same
            // kinds the filter parses to the same expression, but for the places of its parts.
            let other = text.replace("'x'", "'zz'").replace("-2.5", "77");
            let again = parse_filter(&other, &Limits::default()).unwrap();
            let (mut other_shape, mut ignored) = (Vec::new(), Vec::new());
            scan_filter(&other, &mut other_shape, &mut ignored).unwrap();
            prop_assert_eq!(again.n_slots(), filter.n_slots());
            if !text.contains('[') && !text.contains("duration(") {
                prop_assert_eq!(other_shape, shape);
            }
        }
    }
}
