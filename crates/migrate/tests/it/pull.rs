//! Schemas read off existing databases.

use underpin_migrate::{Detail, Introspection, PulledSchema, pull};

use crate::database::Lite;

fn pulled(sql: &str) -> PulledSchema {
    let mut lite = Lite::with(sql);
    pull(&Introspection::read(&mut lite, Detail::Data).unwrap())
}

#[test]
fn chinook_is_read_off_whole() {
    let pulled = pulled(include_str!("../fixtures/chinook.sql"));
    assert_eq!(pulled.notes, Vec::<String>::new());
    insta::assert_snapshot!("chinook", pulled.text);
}

#[test]
fn a_nasty_database_is_read_off_with_notes() {
    let pulled = pulled(include_str!("../fixtures/nasty.sql"));
    insta::assert_snapshot!("nasty", pulled.text);
}

#[test]
fn an_empty_database_gives_an_empty_schema() {
    let pulled = pulled("");
    assert!(!pulled.text.contains("type "), "{}", pulled.text);
}
