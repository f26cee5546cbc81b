//! A small shop with something in it, and what must hold whenever it refuses a request.

use serde_json::{Value, json};
use underpin_base::Limits;
use underpin_testkit::{Answer, TestApp, Wire, WireAnswer};

pub(crate) const SCHEMA: &str = r#"
extend schema
  @role(name: "buyer", can: ["products:cost"])

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique
  orders: [Order!]! @relation(field: "customer")
}

"Something we sell."
type Product @model @access(read: "true", create: "true", update: "true", delete: "true") {
  name: String! @length(min: 2, max: 20)
  category: String
  price: Decimal @decimal(precision: 6, scale: 2)
  stock: Int! @default(value: 0) @range(min: 0)
  sku: String @unique
  weight: Float
  views: BigInt
  listed: Boolean
  released: DateTime
  day: Date
  at: Time
  batch: UUID
  extra: JSON
  labels: [String!]
  limit: Int
  state: State! @default(value: DRAFT)
  secret: String @hidden
  cost: Decimal @access(read: "auth.can('products:cost')", write: "auth.can('products:cost')")
  items: [Item!]! @relation(field: "product")
}

enum State { DRAFT READY }

type Order @model
  @access(read: "row.customer == auth.id", create: "row.customer == auth.id",
          update: "row.customer == auth.id", delete: "row.customer == auth.id") {
  customer: User! @relation(onDelete: CASCADE)
  note: String
  items: [Item!]! @relation(field: "order")
}

type Item @model
  @access(read: "row.order.customer == auth.id", create: "row.order.customer == auth.id") {
  order: Order! @relation(onDelete: CASCADE)
  product: Product! @relation(onDelete: RESTRICT)
  quantity: Int! @range(min: 1)
}

"Rows that a client names itself."
type Page @model(version: false, timestamps: false)
  @access(read: "true", create: "true", update: "true", delete: "true") {
  id: ID! @id(kind: STRING)
  text: String!
}

type Counter @model @access(read: "true", create: "true") {
  id: ID! @id(kind: INT)
  name: String!
}
"#;

pub(crate) const PRODUCTS: &str = "/api/v1/products";

/// A running shop with one product, one page, one counter, and users ada and bob.
pub(crate) struct Shop {
    pub app: TestApp,
    /// The key of the product.
    pub product: String,
    content: Vec<Value>,
}

impl Shop {
    pub(crate) fn start() -> Self {
        Self::with_limits(Limits::default())
    }

    #[track_caller]
    pub(crate) fn with_limits(limits: Limits) -> Self {
        let app = TestApp::of(SCHEMA)
            .with_user("ada", &[])
            .with_user("bob", &[])
            .with_key("buyer", &["buyer"])
            .with_limits(limits)
            .start();
        for name in ["ada", "bob"] {
            let user = json!({ "id": app.id_of(name), "email": format!("{name}@example.com") });
            let _ = app.service().post("/api/v1/users", &user).send().is(201);
        }
        let lamp = json!({ "name": "Lamp", "price": "12.50", "stock": 3, "sku": "L1" });
        let made = app.anonymous().post(PRODUCTS, &lamp).send().is(201).json();
        let product = made["data"]["id"].as_str().expect("a product has a key").to_owned();
        let _ = app.anonymous().post("/api/v1/pages", &page("home")).send().is(201);
        let counter = json!({ "name": "visits" });
        let _ = app.anonymous().post("/api/v1/counters", &counter).send().is(201);
        let content = content(&app);
        Self { app, product, content }
    }

    /// `/api/v1/products/{id}`
    pub(crate) fn product_path(&self) -> String {
        format!("{PRODUCTS}/{}", self.product)
    }

    /// Sends bytes on a connection of their own.
    pub(crate) fn wire(&self, bytes: impl AsRef<[u8]>) -> Wire {
        let mut wire = self.app.wire();
        wire.send(bytes);
        wire
    }

    /// What holds for every refusal: our envelope with this code and nothing of our insides, one
    /// line in the log, the rows as they were, and a server that goes on answering.
    #[track_caller]
    pub(crate) fn refused(&self, answer: &Answer, status: u16, code: &str) {
        let id = answer.header("X-Request-Id").expect("every answer names its request").to_owned();
        let line = self.app.log_line(answer);
        assert_eq!((&line["status"], &line["code"]), (&json!(status), &json!(code)), "{line}");
        self.check((answer.status(), answer.bytes(), &id), status, code);
    }

    /// The same for an answer read from a bare connection.
    #[track_caller]
    pub(crate) fn refused_on_wire(&self, answer: &WireAnswer, status: u16, code: &str) {
        let id = answer.header("x-request-id").expect("every answer names its request");
        self.check((answer.status, &answer.body, id), status, code);
    }

    #[track_caller]
    fn check(&self, (found, body, id): (u16, &[u8], &str), status: u16, code: &str) {
        let text = String::from_utf8_lossy(body);
        assert_eq!(found, status, "{text}");
        let body: Value = serde_json::from_slice(body).expect("an error is JSON");
        let error = body["error"].as_object().expect("an error has an envelope");
        assert_eq!(error["code"], code, "{text}");
        assert_eq!(error["requestId"], id, "{text}");
        let known = ["code", "message", "details", "hint", "requestId"];
        assert!(error.keys().all(|name| known.contains(&name.as_str())), "{text}");
        for inside in ["SELECT", "sqlite", "SQLITE", "panicked", ".rs:", "crates/", "product WHERE"]
        {
            assert!(!text.contains(inside), "{text}");
        }
        self.unchanged();
    }

    /// That rows are as they were, which takes a server that answers.
    #[track_caller]
    pub(crate) fn unchanged(&self) {
        assert_eq!(content(&self.app), self.content);
    }
}

/// A page's body.
pub(crate) fn page(key: &str) -> Value {
    json!({ "id": key, "text": "Welcome" })
}

/// A request with these header lines, and a body with its length.
pub(crate) fn raw_post(path: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let mut out = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n");
    for line in headers {
        out.push_str(line);
        out.push_str("\r\n");
    }
    out.push_str("\r\n");
    let mut out = out.into_bytes();
    out.extend_from_slice(body);
    out
}

/// Every row there is.
#[track_caller]
fn content(app: &TestApp) -> Vec<Value> {
    ["users", "products", "orders", "items", "pages", "counters"]
        .iter()
        .map(|plural| {
            let path = format!("/api/v1/{plural}?limit=100");
            app.admin().get(&path).send().is(200).json()
        })
        .collect()
}
