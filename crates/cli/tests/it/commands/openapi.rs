//! `underpin openapi`

use serde_json::Value;

use crate::run::Sandbox;

#[test]
fn the_contract_of_the_example_is_printed_without_a_database() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");
    let mut sandbox = Sandbox::empty();
    sandbox.set("UNDERPIN_SERVER__PUBLIC_URL", "https://api.example.com");
    let contract: Value = serde_json::from_str(&sandbox.stdout(&["openapi", example])).unwrap();
    assert_eq!(contract["openapi"], "3.1.0");
    assert_eq!(contract["servers"][0]["url"], "https://api.example.com");
    assert!(contract["paths"]["/api/v1/orderItems"]["post"].is_object(), "{contract}");
}
