//! Cursor shapes, and plans that values share.

use underpin_base::{Code, Limits};
use underpin_plan::{
    Catalog, Condition, Member, Operation, Operator, PageRequest, Paging, ReadRequest, SortKey,
    Target, WriteKind, WriteRequest, WriteShape, authorize_read, authorize_write, decode_document,
};
use underpin_schema::Value;

use crate::shop;

fn list(target: Target, sort: &[&str]) -> ReadRequest {
    let term = |term: &&str| SortKey {
        path: term.trim_start_matches('-').to_owned(),
        descending: term.starts_with('-'),
    };
    ReadRequest {
        target,
        fields: None,
        include: Vec::new(),
        conditions: Vec::new(),
        filter: None,
        sort: sort.iter().map(term).collect(),
        page: PageRequest { paging: Paging::First, count: false },
    }
}

fn shape(catalog: &Catalog, request: &ReadRequest) -> u64 {
    let folded = shop::user(catalog, &["admin"]);
    let plan = authorize_read(catalog, &folded, request, &Limits::default()).expect("a plan");
    plan.plan().root.cursor_shape
}

#[test]
fn cursors_of_different_orders_have_different_shapes() {
    let catalog = shop::catalog();
    let products = Target::List(shop::model(&catalog, "products"));
    let tags = Target::List(shop::model(&catalog, "tags"));
    let orders: [&[&str]; 6] =
        [&[], &["name"], &["-name"], &["name", "price"], &["price", "name"], &["-id"]];
    let mut shapes: Vec<u64> =
        orders.iter().map(|sort| shape(&catalog, &list(products, sort))).collect();
    shapes.push(shape(&catalog, &list(tags, &[])));
    let n_shapes = shapes.len();
    shapes.sort_unstable();
    shapes.dedup();
    assert_eq!(shapes.len(), n_shapes);
}

#[test]
fn the_cursor_of_an_included_list_continues_the_nested_list() {
    let catalog = shop::catalog();
    let orders = shop::model(&catalog, "orders");
    let items = catalog.schema.model(orders).field_named("items").expect("a relation").id;
    let nested = shape(&catalog, &list(Target::Related(orders, items), &[]));
    let mut request = list(Target::List(orders), &[]);
    request.include = vec!["items".to_owned()];
    let folded = shop::user(&catalog, &["admin"]);
    let plan = authorize_read(&catalog, &folded, &request, &Limits::default()).expect("a plan");
    let included = plan.plan().root.members.iter().find_map(|member| match member {
        Member::Relation { selection, .. } => Some(selection.cursor_shape),
        Member::Column { .. } => None,
    });
    assert_eq!(included, Some(nested));
}

#[test]
fn writes_that_differ_in_values_alone_share_a_shape_and_bind_their_own() {
    let catalog = shop::catalog();
    let model = shop::model(&catalog, "products");
    let request = |body: &str| WriteRequest {
        model,
        kind: WriteKind::Merge { key: Value::Text("k".to_owned()) },
        document: decode_document(&catalog.schema, model, body.as_bytes(), &Limits::default())
            .expect("a document"),
        if_version: Some(7),
        include: Vec::new(),
        fields: None,
    };
    let one = request("{\"stock\": 1, \"category\": \"a\"}");
    let other = request("{\"category\": \"b\", \"stock\": 2}");
    let shape = WriteShape::of(&one);
    assert_eq!(shape, WriteShape::of(&other));
    assert_eq!(shape.operation, Operation::Merge);
    let folded = shop::user(&catalog, &["admin"]);
    let plan = authorize_write(&catalog, &folded, &shape, &Limits::default()).expect("a plan");
    let values = plan.bind(&other, &Value::Null);
    assert_eq!(values.len(), plan.plan().slots.len());
    assert_eq!(values[usize::from(plan.key_slot().expect("a key").0)], Value::Text("k".to_owned()));
    for value in [Value::Int(2), Value::Text("b".to_owned()), Value::Int(7)] {
        assert!(values.contains(&value), "{values:?}");
    }
}

#[test]
fn a_list_is_sorted_by_a_bounded_number_of_fields() {
    let catalog = shop::catalog();
    let products = Target::List(shop::model(&catalog, "products"));
    let folded = shop::user(&catalog, &["admin"]);
    let limits = Limits { sort_terms_max: 2, ..Limits::default() };
    let read = |sort: &[&str]| authorize_read(&catalog, &folded, &list(products, sort), &limits);
    assert!(read(&["name", "price"]).is_ok());
    let error = read(&["name", "price", "stock"]).unwrap_err();
    assert_eq!(error.code(), Code::QueryTooComplex);
}

#[test]
fn a_statement_takes_a_bounded_number_of_values() {
    let catalog = shop::catalog();
    let folded = shop::user(&catalog, &["admin"]);
    let limits = Limits { in_values_max: 40_000, ..Limits::default() };
    let read = |n_values: usize| {
        let path = "stock".to_owned();
        let mut request = list(Target::List(shop::model(&catalog, "products")), &[]);
        request.conditions = vec![Condition { path, operator: Operator::In, n_values }];
        authorize_read(&catalog, &folded, &request, &limits)
    };
    assert!(read(30_000).is_ok());
    assert_eq!(read(30_001).unwrap_err().code(), Code::QueryTooComplex);
}
