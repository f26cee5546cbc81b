//! A relation read from its other side shows no more than its own field does.

use underpin_base::{Code, Error, Limits};
use underpin_plan::{
    Actor, AuthorizedRead, Catalog, Condition, Folded, Operator, PageRequest, Paging, ReadRequest,
    SortKey, Target, authorize_read,
};
use underpin_rules::parse_filter;

use crate::shop;

const BLOG: &str = r#"
extend schema @role(name: "editor", can: ["posts:author"])

type User @model @account(identity: ["name"]) @access(read: "true") {
  name: String! @unique
  posts: [Post!]! @relation(field: "author")
  drafts: [Post!]! @relation(field: "reviewer")
  edited: [Post!]! @relation(field: "editor")
  tags: [Tag!]! @relation(field: "fans")
}

type Post @model @access(read: "true") {
  title: String!
  author: User! @access(read: "auth.can('posts:author')")
  reviewer: User @hidden
  editor: User @access(read: "row.title == 'open'")
  secret: Secret
}

type Tag @model @access(read: "true") {
  name: String!
  fans: [User!]! @relation(field: "tags") @access(read: "auth.can('posts:author')")
}

type Secret @model {
  code: String!
}
"#;

fn list(catalog: &Catalog, plural: &str) -> ReadRequest {
    ReadRequest {
        target: Target::List(shop::model(catalog, plural)),
        fields: None,
        include: Vec::new(),
        conditions: Vec::new(),
        filter: None,
        sort: Vec::new(),
        page: PageRequest { paging: Paging::First, count: false },
    }
}

/// Every way in which a request can follow a relation of users to many.
fn ways(catalog: &Catalog, relation: &str) -> Vec<ReadRequest> {
    let users = shop::model(catalog, "users");
    let field = catalog.schema.model(users).field_named(relation).expect("a relation").id;
    let include = vec![relation.to_owned()];
    let path = format!("{relation}.id");
    let conditions = vec![Condition { path, operator: Operator::Eq, n_values: 1 }];
    let filter = format!("{relation}.exists(p, p.id != null)");
    let filter = Some(parse_filter(&filter, &Limits::default()).expect("a filter"));
    let list = || list(catalog, "users");
    vec![
        ReadRequest { target: Target::Related(users, field), ..list() },
        ReadRequest { include, ..list() },
        ReadRequest { conditions, ..list() },
        ReadRequest { filter, ..list() },
    ]
}

fn read(
    catalog: &Catalog,
    folded: &Folded,
    request: &ReadRequest,
) -> Result<AuthorizedRead, Error> {
    authorize_read(catalog, folded, request, &Limits::default())
}

fn codes(catalog: &Catalog, folded: &Folded, requests: &[ReadRequest]) -> Vec<Option<Code>> {
    let code = |request| read(catalog, folded, request).err().map(|error| error.code());
    requests.iter().map(code).collect()
}

#[test]
fn the_other_side_of_a_field_that_is_never_readable_does_not_exist() {
    let catalog = shop::catalog_of(BLOG);
    let anonymous = Folded::new(&catalog, &Actor::anonymous().profile);
    let editor = shop::user(&catalog, &["editor"]);
    let unknown = Some(Code::UnknownField);
    let gone = [Some(Code::NotFound), unknown, unknown, unknown];
    for relation in ["posts", "tags", "drafts"] {
        let ways = ways(&catalog, relation);
        assert_eq!(codes(&catalog, &anonymous, &ways), gone, "{relation}");
        let hidden = relation == "drafts";
        let expected = if hidden { gone } else { [None; 4] };
        assert_eq!(codes(&catalog, &editor, &ways), expected, "{relation}");
    }
}

#[test]
fn the_other_side_of_a_field_that_some_rows_show_has_those_rows() {
    let catalog = shop::catalog_of(BLOG);
    let anonymous = Folded::new(&catalog, &Actor::anonymous().profile);
    for request in ways(&catalog, "edited") {
        let plan = read(&catalog, &anonymous, &request).expect("a plan");
        let told = format!("{:?}", plan.plan());
        assert!(told.contains("\"open\""), "the rule of `editor` is not asked: {told}");
    }
}

#[test]
fn a_reference_to_rows_that_are_never_readable_leads_nowhere() {
    let catalog = shop::catalog_of(BLOG);
    let anonymous = Folded::new(&catalog, &Actor::anonymous().profile);
    let list = || list(&catalog, "posts");
    for path in ["secret.code", "secret.nothing"] {
        let sort = vec![SortKey { path: path.to_owned(), descending: false }];
        let condition = Condition { path: path.to_owned(), operator: Operator::Eq, n_values: 1 };
        let filter = parse_filter(&format!("{path} == 'x'"), &Limits::default());
        let ways = [
            ReadRequest { sort, ..list() },
            ReadRequest { conditions: vec![condition], ..list() },
            ReadRequest { filter: Some(filter.expect("a filter")), ..list() },
        ];
        assert_eq!(codes(&catalog, &anonymous, &ways), [Some(Code::UnknownField); 3], "{path}");
    }
}
