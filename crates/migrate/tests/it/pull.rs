//! Schemas read off existing databases.

use underpin_migrate::{Detail, Introspection, PulledSchema, Snapshot, diff, drift, pull};
use underpin_schema::{Severity, parse};

use crate::database::Lite;

/// The schema of a database, which must be a valid one that the database fits.
fn pulled(sql: &str) -> PulledSchema {
    let mut lite = Lite::with(sql);
    let found = Introspection::read(&mut lite, Detail::Data).unwrap();
    let pulled = pull(&found);
    let parsed = parse(&pulled.text, "schema.graphql");
    let errors: Vec<_> =
        parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{}\n{errors:#?}", pulled.text);
    let schema = parsed.schema.unwrap();
    let snapshot = Snapshot::of(&schema, &|_, _| unreachable!("a pulled index has no condition"));
    let blocked: Vec<_> = drift(&snapshot, &found)
        .into_iter()
        // Columns that a schema cannot say are noted already.
        .filter(|mismatch| !mismatch.message.contains("but no field writes it"))
        .collect();
    assert_eq!(blocked, []);
    assert!(diff(&Snapshot::empty(), &snapshot).is_empty(), "an adopted table is never touched");
    pulled
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
