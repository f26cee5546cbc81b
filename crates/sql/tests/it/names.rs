//! Nothing that a client sends becomes SQL text, and no request makes much of it.

use proptest::prelude::*;
use underpin_base::Limits;
use underpin_plan::{
    Actor, Condition, Folded, Operator, PageRequest, Paging, ReadRequest, SortKey, Target,
    WriteKind, WriteRequest, WriteShape, authorize_read, authorize_write, decode_document,
    validate,
};
use underpin_schema::Value;
use underpin_sql::{Dialect, read, write};

use crate::{case, render};

/// Stands in every name that the schema does not have.
const FOREIGN: &str = "zq";

/// Bytes of all statements of one request together, far above what any golden case has.
const TEXT_BYTES_MAX: usize = 200_000;

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "id", "name", "price", "category", "tags", "customer", "items", "order", "product",
            "team", "members", "orders", "email", "cost", "passwordHash", "createdAt", "products",
        ])
        .prop_map(str::to_owned),
        1 => "[a-z\"'`;. ()\\\\-]{0,6}zq[\"'`;. ()-]{0,6}",
        1 => prop::sample::select(vec![
            "zq\" --", "t0.zq", "\"zq\".\"id\"", "zq) OR (1=1", "$zq", "id zq", "zq\0", "__zq__",
        ])
        .prop_map(str::to_owned),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(name(), 1..6).prop_map(|names| names.join("."))
}

fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let operator = prop::sample::select(Operator::ALL.map(|(_, operator)| operator).to_vec());
    let condition = (path(), operator, 1..4_usize)
        .prop_map(|(path, operator, n_values)| Condition { path, operator, n_values });
    prop::collection::vec(condition, 0..4)
}

fn request() -> impl Strategy<Value = ReadRequest> {
    let plural = prop::sample::select(vec!["products", "orders", "users", "orderItems", "tags"]);
    let paging = prop::sample::select(vec![Paging::First, Paging::After, Paging::Before]);
    (
        plural,
        prop::option::of(prop::collection::vec(path(), 0..3)),
        prop::collection::vec(path(), 0..3),
        conditions(),
        prop::collection::vec((path(), any::<bool>()), 0..3),
        paging,
    )
        .prop_map(|(plural, fields, include, conditions, sort, paging)| ReadRequest {
            target: Target::List(case::catalog("shop").schema.by_plural[plural]),
            fields,
            include,
            conditions,
            filter: None,
            sort: sort.into_iter().map(|(path, descending)| SortKey { path, descending }).collect(),
            page: PageRequest { paging, count: true },
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn names_of_a_read_never_reach_sql(request in request(), admin in any::<bool>()) {
        let catalog = case::catalog("shop");
        let roles = if admin { vec!["admin".to_owned()] } else { Vec::new() };
        let folded = Folded::new(&catalog, &Actor::user(Value::Null, roles).profile);
        if let Ok(plan) = authorize_read(&catalog, &folded, &request, &Limits::default()) {
            let program = read(&catalog, &plan, Dialect::Sqlite);
            let statements = render::statements_of_read(&program);
            prop_assert!(statements.iter().all(|statement| !statement.text.contains(FOREIGN)));
            let n_bytes: usize = statements.iter().map(|statement| statement.text.len()).sum();
            prop_assert!(n_bytes < TEXT_BYTES_MAX, "{n_bytes} bytes of SQL");
            let limits = Limits::default();
            prop_assert!(statements.len() <= limits.includes_max + 2);
        }
    }

    #[test]
    fn names_of_a_body_never_reach_sql(
        members in prop::collection::vec((name(), "[a-z0-9\"{}\\[\\],]{0,8}"), 0..5),
    ) {
        let catalog = case::catalog("shop");
        let model = catalog.schema.by_plural["products"];
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| {
                format!("{}: {}", serde_json::json!(name), serde_json::json!(value))
            })
            .collect();
        let body = format!("{{{}}}", members.join(", "));
        let document =
            decode_document(&catalog.schema, model, body.as_bytes(), &Limits::default());
        let request = WriteRequest {
            model,
            kind: WriteKind::Create { under: None },
            document: document.expect("an object of texts is JSON"),
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        let folded = Folded::new(&catalog, &Actor::service().profile);
        let shape = WriteShape::of(&request);
        let plan = authorize_write(&catalog, &folded, &shape, &Limits::default());
        let program = write(&catalog, &plan.expect("the server may write"), Dialect::Sqlite);
        for statement in render::statements_of_write(&program) {
            prop_assert!(!statement.text.contains(FOREIGN));
        }
        if body.contains(FOREIGN) {
            prop_assert!(validate(&catalog, &folded, &request).is_err());
        }
    }
}
