//! What scopes leave of the rules.

use underpin_plan::{Actor, Folded};
use underpin_rules::Predicate;

use crate::shop;

const NOTES: &str = r#"
extend schema @role(name: "guest", can: ["notes:stay-out"])

type Note @model @access(read: "!auth.can('notes:stay-out') || row.isPublic") {
  isPublic: Boolean!
  text: String @access(read: "!auth.can('notes:stay-out')")
}"#;

#[test]
fn a_key_never_has_what_a_permission_denies_its_owner() {
    let catalog = shop::catalog_of(NOTES);
    let note = shop::model(&catalog, "notes");
    let text = usize::from(catalog.schema.model(note).field_named("text").unwrap().id.0);
    let owner = || Actor::key(["guest".to_owned()]);
    let read = |actor: Actor| {
        let folded = Folded::new(&catalog, &actor.profile);
        let rules = folded.rules(&catalog, note);
        (rules.read.display(&catalog.schema).to_string(), rules.fields[text].read.clone())
    };
    let expected = ("row.isPublic".to_owned(), Predicate::False);
    assert_eq!(read(owner()), expected);
    // No scope covers the permission, so that `!auth.can(…)` holds for the key alone.
    assert_eq!(read(owner().as_key(vec!["notes:read".to_owned()])), expected);
    assert_eq!(read(owner().as_key(vec!["notes:*".to_owned()])), expected);
    let others = owner().as_key(vec!["pages:read".to_owned()]);
    assert_eq!(read(others).0, "false");
}
