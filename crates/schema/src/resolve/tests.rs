//! What becomes of schemas that are right.

mod relations;

use crate::{
    EnumId, FieldDefault, FieldId, FieldKind, IdKind, Model, OnDelete, Scalar, Schema, Value, parse,
};

pub(super) const SHOP: &str = r#"
extend schema
  @version(number: 2)
  @role(name: "staff", can: ["products:*", "orders:read"])
  @role(name: "lead", can: ["users:read"], inherits: ["staff"])

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id", update: "row.id == auth.id") {
  email: Email! @unique @access(read: "row.id == auth.id || auth.can('users:read')")
  name: String! @length(min: 2, max: 100)
  orders: [Order!]! @relation(field: "customer")
}

"Something we sell."
type Product @model @access(read: "true")
  @index(fields: ["category", "-createdAt"])
  @check(rule: "row.price >= 0", message: "price must not be negative") {
  name: String! @length(min: 2, max: 200)
  category: String!
  price: Decimal! @decimal(precision: 12, scale: 2)
  stock: Int! @default(value: 0) @range(min: 0)
  cost: Decimal @access(read: "auth.can('products:cost')", write: "auth.can('products:cost')")
}

type Order @model
  @access(read: "row.customer == auth.id", create: "row.customer == auth.id && auth.verified") {
  customer: User! @relation(onDelete: CASCADE) @immutable
  status: OrderStatus! @default(value: PENDING) @access(write: "auth.can('orders:update')")
  items: [OrderItem!]! @relation(field: "order")
}

type OrderItem @model @access(read: "row.order.customer == auth.id") {
  order: Order! @relation(onDelete: CASCADE)
  product: Product! @relation(onDelete: RESTRICT)
  quantity: Int! @range(min: 1)
}

enum OrderStatus { PENDING PAID SHIPPED CANCELLED }
"#;

#[track_caller]
pub(super) fn schema(source: &str) -> Schema {
    let parsed = parse(source, "schema.graphql");
    assert_eq!(parsed.diagnostics, []);
    parsed.schema.expect("a schema without diagnostics")
}

fn model<'a>(schema: &'a Schema, name: &str) -> &'a Model {
    schema.model(schema.by_name[name])
}

fn names(model: &Model) -> Vec<&str> {
    model.fields.iter().map(|field| field.name.as_str()).collect()
}

/// Name, columns and whether it is unique, of every index.
fn indexes(model: &Model) -> Vec<String> {
    let column = |column: &crate::IndexColumn| {
        let sign = if column.descending { "-" } else { "" };
        format!("{sign}{}", model.field(column.field).column)
    };
    let shown = model.indexes.iter().map(|index| {
        let columns: Vec<String> = index.columns.iter().map(column).collect();
        let unique = if index.unique { "!" } else { "" };
        format!("{}{unique}({})", index.name, columns.join(","))
    });
    shown.collect()
}

#[test]
fn the_example_of_the_language_resolves_whole() {
    let shop = schema(SHOP);
    assert_eq!(shop.version, 2);
    let product = model(&shop, "Product");
    assert_eq!(product.plural, "products");
    assert_eq!(product.table, "product");
    assert_eq!(product.doc.as_deref(), Some("Something we sell."));
    assert_eq!(
        names(product),
        ["id", "name", "category", "price", "stock", "cost", "createdAt", "updatedAt", "version"]
    );
    assert_eq!(product.key, FieldId(0));
    assert_eq!(product.created_at, Some(FieldId(6)));
    assert_eq!(product.version, Some(FieldId(8)));
    assert_eq!(product.checks[0].message, "price must not be negative");
    let stock = product.field_named("stock").unwrap();
    assert_eq!(stock.default, Some(FieldDefault::Value(Value::Int(0))));
    assert_eq!(stock.range, Some((Some(Value::Int(0)), None)));
    let price = product.field_named("price").unwrap();
    assert_eq!(price.kind, FieldKind::Scalar(Scalar::Decimal { precision: 12, scale: 2 }));
    assert_eq!(product.field_named("name").unwrap().length, Some((2, 200)));
    assert_eq!(product.field_named("createdAt").unwrap().column, "created_at");
    assert_eq!(indexes(product), ["product_category_created_at_idx(category,-created_at)"]);
    let status = model(&shop, "Order").field_named("status").unwrap();
    assert_eq!(status.kind, FieldKind::Enum(EnumId(0)));
    assert_eq!(shop.by_plural["orderItems"], model(&shop, "OrderItem").id);
    assert_eq!(shop.account_model().unwrap().account.as_ref().unwrap().identity, [FieldId(1)]);
}

#[test]
fn rules_keep_their_place() {
    let shop = schema(SHOP);
    let rule = model(&shop, "Order").access.create.as_ref().unwrap();
    assert_eq!(&SHOP[rule.span.start..rule.span.end], rule.text);
    let start = rule.text.find("verified").unwrap();
    let span = rule.span_of(start, start + "verified".len());
    assert_eq!(&SHOP[span.start..span.end], "verified");
}

#[test]
fn roles_have_the_permissions_they_inherit_and_admin_is_always_there() {
    let shop = schema(SHOP);
    let roles: Vec<(&str, Vec<&str>)> = shop
        .roles
        .iter()
        .map(|role| (role.name.as_str(), role.can.iter().map(String::as_str).collect()))
        .collect();
    assert_eq!(
        roles,
        [
            ("staff", vec!["products:*", "orders:read"]),
            ("lead", vec!["users:read", "products:*", "orders:read"]),
            ("admin", vec!["*"]),
        ]
    );
}

#[test]
fn the_two_sides_of_a_relation_know_each_other() {
    let shop = schema(SHOP);
    let (user, order) = (model(&shop, "User"), model(&shop, "Order"));
    let customer = order.field_named("customer").unwrap();
    let FieldKind::ToOne(owner) = customer.kind else { panic!("{customer:?}") };
    let orders = user.field_named("orders").unwrap();
    let FieldKind::ToMany(inverse) = orders.kind else { panic!("{orders:?}") };
    assert_eq!((owner.target, owner.inverse), (user.id, Some(orders.id)));
    assert_eq!((owner.on_delete, owner.on_update), (OnDelete::Cascade, OnDelete::Restrict));
    assert_eq!((inverse.target, inverse.field, inverse.single), (order.id, customer.id, false));
    assert_eq!(customer.column, "customer_id");
    assert!(!orders.has_column() && orders.column.is_empty());
    assert_eq!(indexes(order), ["order_customer_id_idx(customer_id)"]);
    assert_eq!(indexes(user), ["user_email_key!(email)"]);
    assert!(user.field_named("email").unwrap().unique);
}

#[test]
fn server_fields_can_be_declared_or_left_out() {
    let schema = schema(
        r#"
type Album @model(name: "Record", plural: "discs", table: "Album Table", timestamps: false, locking: REQUIRED, managed: false)
  @access(read: "true") {
  title: String! @column(name: "Title")
  id: ID! @id(kind: INT) @column(name: "AlbumId")
  artist: Artist @column(name: "ArtistId")
  createdAt: Date
  released: DateTime @column(storage: SECONDS)
  "How often it changed."
  version: Int! @column(name: "Rev")
}
type Artist @model(version: false, managed: false) @access(read: "true") {
  id: ID! @id(kind: STRING)
  uid: UUID @column(storage: TEXT)
}"#,
    );
    let album = model(&schema, "Record");
    assert_eq!((album.plural.as_str(), album.table.as_str()), ("discs", "Album Table"));
    assert_eq!(names(album), ["id", "title", "artist", "createdAt", "released", "version"]);
    assert_eq!((album.created_at, album.updated_at, album.version), (None, None, Some(FieldId(5))));
    assert_eq!(album.key_field().kind, FieldKind::Scalar(Scalar::Id(IdKind::Int)));
    assert_eq!(album.field_named("version").unwrap().column, "Rev");
    assert_eq!(album.field_named("version").unwrap().doc.as_deref(), Some("How often it changed."));
    assert!(album.key_field().readonly && album.field(FieldId(5)).readonly);
    assert!(!album.field_named("createdAt").unwrap().readonly);
    assert_eq!(indexes(album), [""; 0], "tables of other programs are left as they are");
    let key = model(&schema, "Artist").key_field();
    assert!(key.immutable && !key.readonly);
}

#[test]
fn extensions_add_to_models_enums_and_the_schema() {
    let schema = schema(
        r#"
extend type Note @access(read: "true") { kind: Kind }
extend enum Kind { LONG }
type Note @model { title: String! }
enum Kind { SHORT @deprecated @renamedFrom(name: "TINY") }
extend schema @role(name: "staff")"#,
    );
    assert_eq!(names(model(&schema, "Note"))[1..3], ["title", "kind"]);
    let values = &schema.enum_type(EnumId(0)).values;
    assert_eq!(
        values.iter().map(|value| value.name.as_str()).collect::<Vec<_>>(),
        ["SHORT", "LONG"]
    );
    assert_eq!(values[0].deprecated.as_deref(), Some("No longer supported"));
    assert_eq!(values[0].renamed_from.as_deref(), Some("TINY"));
    assert_eq!(schema.roles.len(), 2);
}

#[test]
fn no_schema_that_parses_holds_an_id_that_leads_nowhere() {
    let shop = schema(SHOP);
    for model in &shop.models {
        for (place, field) in model.fields.iter().enumerate() {
            assert_eq!(usize::from(field.id.0), place);
            assert_eq!(model.by_field[&field.name], field.id);
            match &field.kind {
                FieldKind::ToMany(inverse) => {
                    let owner = shop.field(inverse.target, inverse.field);
                    assert!(
                        matches!(owner.kind, FieldKind::ToOne(owner) if owner.target == model.id)
                    );
                }
                FieldKind::ToOne(_)
                | FieldKind::ManyToMany(_)
                | FieldKind::Scalar(_)
                | FieldKind::Enum(_)
                | FieldKind::ScalarList(_)
                | FieldKind::EnumList(_) => {}
            }
        }
    }
}

#[test]
fn a_schema_of_two_hundred_models_resolves() {
    use std::fmt::Write;

    let mut source = String::new();
    for n in 0..200 {
        let before = n - 1;
        let relation = if n > 0 { format!("before: M{before}!") } else { String::new() };
        writeln!(
            source,
            "type M{n} @model @access(read: \"true\", update: \"row.f0 == auth.id\") @index(fields: [\"f1\", \"-createdAt\"]) {{
  {relation}
  f0: UUID
  f1: String! @length(min: 1, max: 200) @pattern(regex: \"[a-z]+\")
  f2: Int! @default(value: 3) @range(min: 0, max: 10)
  f3: Decimal @decimal(precision: 10, scale: 2)
  f4: [String!]!
  f5: DateTime @default(now: true)
  f6: Boolean! @default(value: true)
  f7: JSON
}}"
        )
        .unwrap();
    }
    let schema = schema(&source);
    assert_eq!(schema.models.len(), 200);
    assert_eq!(schema.models[199].fields.len(), 13);
}

mod robustness {
    use proptest::prelude::*;

    use super::SHOP;
    use crate::{Severity, Style, parse, render};

    /// The example with a few stretches cut out, doubled or swapped: files as editors save them
    /// halfway.
    fn damaged() -> impl Strategy<Value = String> {
        let cut = (0..SHOP.len(), 0..40_usize, 0..3_u8);
        proptest::collection::vec(cut, 1..4).prop_map(|cuts| {
            let mut source = SHOP.to_owned();
            for (start, length, how) in cuts {
                let start = start.min(source.len());
                let end = (start + length).min(source.len());
                let piece = source[start..end].to_owned();
                match how {
                    0 => source.replace_range(start..end, ""),
                    1 => source.insert_str(end, &piece),
                    _ => source.push_str(&piece),
                }
            }
            source
        })
    }

    proptest! {
        #[test]
        fn no_file_makes_the_resolver_panic(source in damaged()) {
            let parsed = parse(&source, "schema.graphql");
            let n_errors =
                parsed.diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
            prop_assert_eq!(parsed.schema.is_none(), n_errors > 0);
            for diagnostic in &parsed.diagnostics {
                for (span, _) in &diagnostic.labels {
                    prop_assert!(source.get(span.start..span.end).is_some(), "{:?}", diagnostic);
                }
            }
            let _ = render(&parsed.diagnostics, &source, "schema.graphql", Style::Plain);
        }

        #[test]
        fn no_text_makes_the_parser_panic(source in "[a-zA-Z@:!{}()\\[\\]\",#\\\\ \n]{0,120}") {
            let parsed = parse(&source, "schema.graphql");
            let _ = render(&parsed.diagnostics, &source, "schema.graphql", Style::Plain);
        }
    }
}
