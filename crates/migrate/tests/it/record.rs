//! What a database says of itself.

use underpin_migrate::{Consent, Database, Part, RunError, Snapshot, Status, apply, status};

use crate::cases::shape_of;
use crate::database::Lite;

const ITEM: &str = "type Item @model(timestamps: false, version: false) { name: String }";

fn migrated() -> (Lite, Snapshot) {
    let (mut lite, wanted) = (Lite::new(), shape_of(ITEM));
    apply(&mut lite, Part::Application, &wanted, Consent::KeepData, 1).unwrap();
    (lite, wanted)
}

#[test]
fn a_snapshot_survives_its_json() {
    let (_, wanted) = migrated();
    let read = Snapshot::from_json(&wanted.to_json()).unwrap();
    assert_eq!(read, wanted);
    assert_eq!(read.checksum(), wanted.checksum());
}

#[test]
fn a_newer_format_is_refused() {
    let (mut lite, wanted) = migrated();
    lite.execute("UPDATE _underpin_schema SET format = 2", &[]).unwrap();
    let result = apply(&mut lite, Part::Application, &wanted, Consent::KeepData, 2);
    assert!(matches!(result, Err(RunError::NewerFormat { format: 2 })));
}

#[test]
fn a_record_that_was_changed_is_refused() {
    let (mut lite, wanted) = migrated();
    lite.execute("UPDATE _underpin_schema SET snapshot = replace(snapshot, 'name', 'mane')", &[])
        .unwrap();
    let result = status(&mut lite, Part::Application, &wanted);
    assert!(matches!(result, Err(RunError::ReadRecorded { .. })));
}

#[test]
fn the_parts_of_a_database_have_histories_of_their_own() {
    let (mut lite, wanted) = migrated();
    let system = shape_of("type Own @model(timestamps: false, version: false) { name: String }");
    apply(&mut lite, Part::System, &system, Consent::KeepData, 2).unwrap();
    assert_eq!(status(&mut lite, Part::System, &system).unwrap(), Status::UpToDate);
    assert_eq!(status(&mut lite, Part::Application, &wanted).unwrap(), Status::UpToDate);
}

#[test]
fn a_table_of_others_is_not_taken_for_ours() {
    let mut lite = Lite::with("CREATE TABLE ITEM (a)");
    let result = apply(&mut lite, Part::Application, &shape_of(ITEM), Consent::KeepData, 1);
    let Err(RunError::Refused { refusals }) = result else { panic!("{result:?}") };
    assert!(refusals[0].reason.starts_with("a table `item` is there already"));
}

#[test]
fn a_connection_with_foreign_keys_on_is_refused() {
    let mut lite = Lite::with("PRAGMA foreign_keys = ON");
    let result = apply(&mut lite, Part::Application, &shape_of(ITEM), Consent::KeepData, 1);
    assert!(matches!(result, Err(RunError::ForeignKeysOn)));
}

#[test]
fn an_adopted_table_is_not_taken_over() {
    let adopted = ITEM.replace("timestamps", "managed: false, timestamps");
    let mut lite = Lite::with("CREATE TABLE item (id BLOB PRIMARY KEY, name TEXT)");
    apply(&mut lite, Part::Application, &shape_of(&adopted), Consent::KeepData, 1).unwrap();
    let result = apply(&mut lite, Part::Application, &shape_of(ITEM), Consent::KeepData, 2);
    let Err(RunError::Refused { refusals }) = result else { panic!("{result:?}") };
    assert!(refusals[0].reason.contains("cannot become a managed one"));
}
