//! What is refused first.

use underpin_base::{Code, Limits};
use underpin_plan::{
    Actor, Catalog, Folded, WriteKind, WriteRequest, WriteShape, authorize_write, decode_document,
    validate,
};
use underpin_schema::Value;

use crate::shop;

const NOTES: &str = r#"
type Note @model @access(read: "true", create: "true", update: "true") {
  title: String!
  salary: Int @access(read: "auth.is('staff')")
  pin: String @access(read: "false", write: "true")
  grade: Int @access(read: "auth.is('staff')", write: "auth.is('staff')")
}"#;

fn create(catalog: &Catalog, plural: &str, body: &str) -> WriteRequest {
    let model = shop::model(catalog, plural);
    let document = decode_document(&catalog.schema, model, body.as_bytes(), &Limits::default());
    WriteRequest {
        model,
        kind: WriteKind::Create { under: None },
        document: document.expect("a document"),
        if_version: None,
        include: Vec::new(),
        fields: None,
    }
}

#[test]
fn who_may_not_write_learns_nothing_of_the_fields() {
    let catalog = shop::catalog();
    let request = create(&catalog, "products", "{\"prise\": 1, \"stock\": \"x\"}");
    let anonymous = Folded::new(&catalog, &Actor::anonymous().profile);
    let error = validate(&catalog, &anonymous, &request).unwrap_err();
    assert_eq!(error.code(), Code::Unauthenticated);
    assert_eq!(error.details().fields, []);
    let error = validate(&catalog, &shop::user(&catalog, &[]), &request).unwrap_err();
    assert_eq!(error.code(), Code::Forbidden);
    assert_eq!(error.details().fields, []);
}

#[test]
fn a_default_of_the_account_is_required_of_who_has_none() {
    let catalog = shop::catalog();
    let request = create(&catalog, "orders", "{}");
    let key = Folded::new(&catalog, &Actor::key(["admin".to_owned()]).profile);
    let error = validate(&catalog, &key, &request).unwrap_err();
    let fields: Vec<(&str, &str)> =
        error.details().fields.iter().map(|field| (field.path.as_str(), field.code)).collect();
    assert_eq!(fields, [("customer", "REQUIRED")]);
    validate(&catalog, &shop::user(&catalog, &[]), &request).expect("the user's account is known");
}

#[test]
fn the_server_itself_sets_what_clients_may_not() {
    let catalog = shop::catalog();
    let body = "{\"id\": \"0190b3f4-0000-7000-8000-000000000001\", \"email\": \"a@x.org\", \
                \"name\": \"Ada\", \"passwordHash\": \"x\", \"createdAt\": \"2026-01-01T00:00:00Z\"}";
    let request = create(&catalog, "users", body);
    let service = Folded::new(&catalog, &Actor::service().profile);
    validate(&catalog, &service, &request).expect("the server may set all of it");
    let admin = shop::user(&catalog, &["admin"]);
    let error = validate(&catalog, &admin, &request).unwrap_err();
    let fields: Vec<(&str, &str)> =
        error.details().fields.iter().map(|field| (field.path.as_str(), field.code)).collect();
    let expected =
        [("id", "READ_ONLY"), ("passwordHash", "UNKNOWN_FIELD"), ("createdAt", "READ_ONLY")];
    assert_eq!(fields, expected);
}

#[test]
fn a_field_that_is_never_read_is_no_field_to_write_unless_a_rule_of_its_own_lets_it_be_written() {
    let catalog = shop::catalog_of(NOTES);
    let body = "{\"title\": \"a\", \"salary\": 1, \"pin\": \"x\", \"grade\": 2}";
    let request = create(&catalog, "notes", body);
    let error = validate(&catalog, &shop::user(&catalog, &[]), &request).unwrap_err();
    assert_eq!(error.code(), Code::ValidationError);
    let fields: Vec<(&str, &str)> =
        error.details().fields.iter().map(|field| (field.path.as_str(), field.code)).collect();
    assert_eq!(fields, [("salary", "UNKNOWN_FIELD"), ("grade", "UNKNOWN_FIELD")]);
    validate(&catalog, &shop::user(&catalog, &["staff"]), &request).expect("staff reads them");
}

#[test]
fn a_replace_leaves_what_the_actor_may_not_know_of() {
    let catalog = shop::catalog_of(NOTES);
    let mut request = create(&catalog, "notes", "{\"title\": \"a\"}");
    request.kind = WriteKind::Replace { key: Value::Null };
    let set = |roles: &[&str]| {
        let folded = shop::user(&catalog, roles);
        let shape = WriteShape::of(&request);
        let write = authorize_write(&catalog, &folded, &shape, &Limits::default()).unwrap();
        let model = catalog.schema.model(request.model);
        let sets = write.plan().values.iter().map(|(field, _)| model.field(*field).name.clone());
        sets.collect::<Vec<_>>()
    };
    assert_eq!(set(&[]), ["title", "pin", "updatedAt", "version"]);
    assert_eq!(set(&["staff"]), ["title", "salary", "pin", "grade", "updatedAt", "version"]);
}

#[test]
fn a_required_field_that_does_not_exist_for_the_actor_is_not_named() {
    let catalog = shop::catalog_of(
        r#"
type Part @model @access(read: "true", create: "true") {
  name: String!
  cost: Int! @access(read: "auth.is('admin')", write: "auth.is('admin')")
}
"#,
    );
    for body in ["{\"name\": \"bolt\"}", "{}"] {
        let request = create(&catalog, "parts", body);
        let error = validate(&catalog, &shop::user(&catalog, &[]), &request).unwrap_err();
        assert_eq!(error.code(), Code::Forbidden);
        assert_eq!(error.details().fields, []);
        assert!(!error.to_string().contains("cost"), "{error}");
        let admin = validate(&catalog, &shop::user(&catalog, &["admin"]), &request).unwrap_err();
        assert_eq!(admin.code(), Code::ValidationError);
    }
}
