//! How SQLite goes about the hot statements: by an index, and without sorting.

use rusqlite::Connection;
use underpin_sql::{Dialect, Output, Select, Statement, read, write};

use crate::case::{Case, Planned};
use crate::ddl;

/// The steps that SQLite takes for a statement.
fn steps(database: &Connection, statement: &Statement) -> Vec<String> {
    let text = format!("EXPLAIN QUERY PLAN {}", statement.text);
    let mut prepared = database.prepare(&text).expect("a statement");
    let nulls = vec![rusqlite::types::Null; statement.binds.len()];
    prepared
        .query_map(rusqlite::params_from_iter(nulls), |row| row.get::<_, String>(3))
        .expect("a plan")
        .collect::<Result<_, _>>()
        .expect("the steps")
}

#[track_caller]
fn rows(text: &str) -> (Connection, Select) {
    let case = Case::parse(text);
    let catalog = case.catalog();
    let database = ddl::database(&catalog.schema);
    let Ok(Planned::Read(plan)) = case.plan(&catalog) else { panic!("the case is no read") };
    (database, read(&catalog, &plan, Dialect::Sqlite).root)
}

#[track_caller]
fn root_steps(text: &str) -> Vec<String> {
    let (database, select) = rows(text);
    steps(&database, &select.statement)
}

#[test]
fn an_item_is_found_by_its_key() {
    let steps = root_steps("actor: user staff\nread: products/{id}");
    assert_eq!(steps, ["SEARCH t0 USING PRIMARY KEY (id=?)"]);
}

#[test]
fn a_list_without_conditions_is_read_in_the_order_of_its_keys() {
    let steps = root_steps("actor: user staff\nread: products");
    assert_eq!(steps, ["SCAN t0"]);
}

#[test]
fn a_filtered_and_sorted_list_is_read_from_an_index_in_its_order() {
    let steps = root_steps("actor: anonymous\nread: products\nwhere: category\nsort: -createdAt");
    assert_eq!(steps, ["SEARCH t0 USING INDEX product_category_created_at_idx (category=?)"]);
}

#[test]
fn the_same_list_backwards_uses_the_same_index() {
    let steps = root_steps("actor: anonymous\nread: products\nwhere: category\nsort: createdAt");
    assert_eq!(steps, ["SEARCH t0 USING INDEX product_category_created_at_idx (category=?)"]);
}

#[test]
fn a_page_after_a_cursor_starts_in_the_index() {
    let text = "actor: anonymous\nread: products\nwhere: category\nsort: -createdAt\npage: after";
    let steps = root_steps(text);
    assert_eq!(
        steps,
        ["SEARCH t0 USING INDEX product_category_created_at_idx (category=? AND created_at<?)"]
    );
}

#[test]
fn a_page_after_a_cursor_in_one_direction_starts_in_the_index() {
    let steps = root_steps("actor: user staff\nread: products\nsort: price\npage: after");
    assert_eq!(steps, ["SEARCH t0 USING INDEX product_price_idx ((price,id)>(?,?))"]);
}

#[test]
fn a_page_before_a_cursor_starts_in_the_index() {
    let steps = root_steps("actor: user staff\nread: products\nsort: price\npage: before");
    assert_eq!(steps, ["SEARCH t0 USING INDEX product_price_idx ((price,id)<(?,?))"]);
}

#[test]
fn text_without_case_is_found_by_an_index_without_case() {
    let steps = root_steps("actor: user staff\nread: products\nwhere: name");
    assert_eq!(steps, ["SEARCH t0 USING INDEX product_name_idx (name=?)"]);
}

#[test]
fn the_start_of_a_text_is_found_by_an_index() {
    let steps = root_steps("actor: user staff\nread: products\nwhere: name[startsWith]");
    assert_eq!(steps[0], "SEARCH t0 USING INDEX product_name_idx (name>? AND name<?)");
}

#[test]
fn the_owner_rule_finds_the_owners_rows_by_the_foreign_key() {
    let steps = root_steps("actor: user\nread: orders");
    assert!(steps[0].starts_with("SEARCH t0 USING INDEX order_customer"), "{steps:?}");
}

#[test]
fn a_nested_list_is_found_by_the_foreign_key_and_needs_no_sort() {
    let (database, select) = rows("actor: user\nread: orders\ninclude: items.product,customer");
    for output in &select.outputs {
        let Output::Relation { name, select, .. } = output else { continue };
        let steps = steps(&database, &select.statement);
        let expected = if &**name == "items" {
            "SEARCH t0 USING INDEX order_item_order_id_idx (order_id=?)"
        } else {
            "SEARCH t0 USING PRIMARY KEY (id=?)"
        };
        assert_eq!(steps[0], expected);
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}

#[test]
fn a_list_through_a_join_table_is_found_by_its_key() {
    let (database, select) = rows("actor: user admin\nread: products\ninclude: tags");
    let tags = select.outputs.iter().find_map(|output| match output {
        Output::Relation { select, .. } => Some(select),
        Output::Column { .. } => None,
    });
    let steps = steps(&database, &tags.expect("tags are included").statement);
    assert!(steps[0].starts_with("SEARCH t1 USING PRIMARY KEY"), "{steps:?}");
    assert_eq!(steps[1], "SEARCH t0 USING PRIMARY KEY (id=?)");
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
}

#[test]
fn a_change_finds_its_row_by_the_key_and_tests_by_keys() {
    let case = Case::parse("actor: user\nmerge: orderItems/{id}\nbody: {\"quantity\": 2}");
    let catalog = case.catalog();
    let database = ddl::database(&catalog.schema);
    let Ok(Planned::Write(plan)) = case.plan(&catalog) else { panic!("the case is no write") };
    let program = write(&catalog, &plan, Dialect::Sqlite);
    let steps = steps(&database, &program.main);
    assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:?}");
    assert_eq!(steps[0], "SEARCH t0 USING PRIMARY KEY (id=?)");
}
