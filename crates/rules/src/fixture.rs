//! The schema that this room's tests speak of.

use underpin_schema::{ModelId, Schema};

/// A shop with every kind of field.
const SHOP: &str = r#"
extend schema @role(name: "staff", can: ["products:*", "orders:read"])

type User @model @account(identity: ["email"]) {
  email: Email! @unique
  name: String! @length(max: 100)
  team: Team
  score: Int
  orders: [Order!]! @relation(field: "customer")
}

type Team @model {
  name: String!
  lead: User
  members: [User!]! @relation(field: "team")
}

type Product @model {
  name: String! @text(compare: CASELESS)
  price: Decimal! @decimal(precision: 12, scale: 2)
  cost: Decimal
  stock: Int!
  weight: Float
  sku: UUID
  barcode: BigInt
  active: Boolean!
  featured: Boolean
  labels: [String!]!
  releasedOn: Date
  opensAt: Time
  takes: Duration
  notes: JSON
  shop: URL
  tags: [Tag!]! @relation
}

type Tag @model {
  name: String!
  kinds: [OrderStatus!]!
  products: [Product!]! @relation
}

type Order @model {
  customer: User!
  helper: User
  status: OrderStatus!
  previous: OrderStatus
  note: String
  total: Decimal! @decimal(precision: 12, scale: 2)
  placedAt: DateTime
  items: [OrderItem!]! @relation(field: "order")
}

type OrderItem @model {
  order: Order!
  product: Product!
  quantity: Int!
  gift: Boolean
}

enum OrderStatus { PENDING PAID SHIPPED }
enum Colour { RED GREEN }
"#;

/// The shop.
pub(crate) fn shop() -> Schema {
    schema(SHOP)
}

/// Any schema.
#[track_caller]
pub(crate) fn schema(source: &str) -> Schema {
    let parsed = underpin_schema::parse(source, "schema.graphql");
    parsed.schema.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics))
}

/// The model with this name.
pub(crate) fn model(schema: &Schema, name: &str) -> ModelId {
    schema.by_name[name]
}
