//! What must hold for a write.

use underpin_base::{Code, Error, Limits};
use underpin_plan::{
    Actor, AuthorizedWrite, Catalog, Folded, Operation, Versioned, WriteShape, WriteTest,
    authorize_write,
};
use underpin_schema::FieldId;

use crate::shop;

const DESK: &str = r#"
extend schema @role(name: "mover", can: ["tickets:move"])

type User @model @account(identity: ["name"]) @access(read: "true") {
  name: String! @unique
  tickets: [Ticket!]! @relation(field: "owner")
  closed: [Ticket!]! @relation(field: "closer")
}

type Ticket @model @access(
  read: "true"
  create: "true"
  update: "auth.kind == 'user' && row.owner == auth.id && (next.owner == row.owner || auth.can('tickets:move'))"
) {
  owner: User!
  closer: User @readonly
  title: String
}
"#;

fn field(catalog: &Catalog, plural: &str, name: &str) -> FieldId {
    let model = catalog.schema.model(shop::model(catalog, plural));
    model.field_named(name).expect("a field").id
}

fn write(catalog: &Catalog, folded: &Folded, shape: &WriteShape) -> Result<AuthorizedWrite, Error> {
    authorize_write(catalog, folded, shape, &Limits::default())
}

fn under(catalog: &Catalog, relation: &str, plural: &str) -> WriteShape {
    let users = shop::model(catalog, "users");
    WriteShape {
        under: Some((users, field(catalog, "users", relation))),
        ..shape(catalog, plural, Operation::Create)
    }
}

fn shape(catalog: &Catalog, plural: &str, operation: Operation) -> WriteShape {
    WriteShape {
        model: shop::model(catalog, plural),
        operation,
        under: None,
        sent: Vec::new(),
        versioned: Versioned::Any,
        include: Vec::new(),
        fields: None,
    }
}

#[test]
fn a_rule_that_speaks_of_next_is_asked_once_for_every_actor() {
    let catalog = shop::catalog_of(DESK);
    let sent = vec![field(&catalog, "tickets", "owner")];
    let shape = WriteShape { sent, ..shape(&catalog, "tickets", Operation::Merge) };
    for roles in [&[][..], &["mover"]] {
        let plan = write(&catalog, &shop::user(&catalog, roles), &shape).expect("a plan");
        let asked = |test: &&WriteTest| matches!(test, WriteTest::Allowed(_));
        assert_eq!(plan.plan().tests.iter().filter(asked).count(), 1, "{roles:?}");
    }
}

#[test]
fn no_row_is_created_under_a_relation_that_clients_do_not_set() {
    let catalog = shop::catalog_of(DESK);
    let user = shop::user(&catalog, &["admin"]);
    let code = |folded: &Folded, shape: &WriteShape| {
        write(&catalog, folded, shape).err().map(|error| error.code())
    };
    let service = Folded::new(&catalog, &Actor::service().profile);
    let closed = under(&catalog, "closed", "tickets");
    assert_eq!(code(&user, &closed), Some(Code::MethodNotAllowed));
    assert_eq!(code(&service, &closed), None);
    assert_eq!(code(&user, &under(&catalog, "tickets", "tickets")), None);
}
