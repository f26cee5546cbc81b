//! Values from their text, by the slot they fill.

use underpin_base::{Code, Limits};
use underpin_plan::{
    Catalog, Condition, Operator, PageRequest, Paging, RawText, ReadRequest, SlotType, Target,
    authorize_read,
};
use underpin_rules::{LiteralText, parse_filter};
use underpin_schema::Value;

use crate::shop;

fn request(catalog: &Catalog, conditions: Vec<Condition>, filter: Option<&str>) -> ReadRequest {
    ReadRequest {
        target: Target::List(shop::model(catalog, "products")),
        fields: None,
        include: Vec::new(),
        conditions,
        filter: filter.map(|text| parse_filter(text, &Limits::default()).expect("a filter")),
        sort: Vec::new(),
        page: PageRequest { paging: Paging::First, count: false },
    }
}

fn condition(path: &str, operator: Operator) -> Condition {
    Condition { path: path.to_owned(), operator, n_values: 1 }
}

fn slots(catalog: &Catalog, request: &ReadRequest) -> Vec<SlotType> {
    let folded = shop::user(catalog, &["staff"]);
    let plan = authorize_read(catalog, &folded, request, &Limits::default());
    plan.expect("a plan").slots().to_vec()
}

fn query(text: &str) -> RawText<'_> {
    RawText::Query { text, parameter: "size" }
}

#[test]
fn values_of_conditions_come_before_the_literals_of_the_filter() {
    let catalog = shop::catalog();
    let conditions = vec![condition("stock", Operator::Gt), condition("size", Operator::Eq)];
    let request = request(&catalog, conditions, Some("price > 1 && category == 'a'"));
    let slots = slots(&catalog, &request);
    let parse = |place: usize, raw| slots[place].parse(raw, &catalog.schema);
    assert_eq!(parse(0, query("3")).expect("a number"), Value::Int(3));
    assert_eq!(parse(1, query("M")).expect("an enum value"), Value::Text("M".to_owned()));
    let price = parse(2, RawText::Literal(LiteralText::Number("1.5"))).expect("a decimal");
    assert!(matches!(price, Value::Decimal(_)));
    let category = parse(3, RawText::Literal(LiteralText::Text("a", false))).expect("a text");
    assert_eq!(category, Value::Text("a".to_owned()));
    assert_eq!(slots.len(), 4);
}

#[test]
fn a_value_of_another_type_is_refused_with_its_parameter() {
    let catalog = shop::catalog();
    let request = request(&catalog, vec![condition("size", Operator::Eq)], None);
    let error = slots(&catalog, &request)[0].parse(query("m"), &catalog.schema).unwrap_err();
    assert_eq!(error.code(), Code::InvalidParameter);
    assert_eq!(error.details().parameter.as_deref(), Some("size"));
    assert_eq!(error.details().allowed, ["S", "M", "L"]);
    assert_eq!(error.hint(), Some("did you mean `M`?"));
}

#[test]
fn a_path_key_that_is_no_key_is_not_found() {
    let catalog = shop::catalog();
    let slot = SlotType::of_key(catalog.schema.model(shop::model(&catalog, "products")));
    for text in
        ["1", "", "0190b3f4000070008000000000000001", "{0190b3f4-0000-7000-8000-000000000001}"]
    {
        let error = slot.parse(RawText::Key(text), &catalog.schema).unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{text}");
    }
}

#[test]
fn is_null_takes_a_boolean_whatever_the_field_is() {
    let catalog = shop::catalog();
    let request = request(&catalog, vec![condition("sku", Operator::IsNull)], None);
    let slots = slots(&catalog, &request);
    assert_eq!(
        slots[0].parse(query("true"), &catalog.schema).expect("a boolean"),
        Value::Bool(true)
    );
    assert_eq!(
        slots[0].parse(query("1"), &catalog.schema).unwrap_err().code(),
        Code::InvalidParameter
    );
}

#[test]
fn a_literal_of_another_type_is_named_in_its_refusal() {
    let catalog = shop::catalog();
    let request = request(&catalog, Vec::new(), Some("stock > 1"));
    let literal = RawText::Literal(LiteralText::Number("99999999999"));
    let error = slots(&catalog, &request)[0].parse(literal, &catalog.schema).unwrap_err();
    assert_eq!(error.code(), Code::InvalidFilter);
    let message = "`99999999999` in `filter` must lie between -2147483648 and 2147483647";
    assert_eq!(error.message(), message);
}
