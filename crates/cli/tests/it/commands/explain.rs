//! `underpin explain`

use insta::assert_snapshot;

use crate::run::Sandbox;

#[test]
fn a_diagnostic_has_a_page_with_a_bad_and_a_good_example() {
    assert_snapshot!("explain_diagnostic", Sandbox::empty().run(&["explain", "s0101"]));
}

#[test]
fn an_error_code_of_the_api_has_a_page() {
    assert_snapshot!("explain_error_code", Sandbox::empty().run(&["explain", "OVERLOADED"]));
    assert_snapshot!(
        "explain_error_code_json",
        Sandbox::empty().run(&["explain", "not_found", "--json"])
    );
}

#[test]
fn a_code_that_does_not_exist_is_answered_with_the_nearest() {
    assert_snapshot!("explain_unknown", Sandbox::empty().run(&["explain", "NOT_FOND"]));
    assert_snapshot!("explain_unknown_json", Sandbox::empty().run(&["explain", "E1", "--json"]));
}
