//! The contract is whole, every reference in it resolves, and its examples are what they describe.

mod conformance;

use std::collections::HashSet;

use serde_json::Value;
use underpin_schema::Schema;

use super::*;
use crate::site::Site;
use conformance::violations;

const SHOP: &str = r#"
extend schema @role(name: "staff", can: ["products:*"])

type User @model @account(identity: ["email"]) @access(read: "row.id == auth.id") {
  email: Email! @unique @access(read: "row.id == auth.id")
  name: String! @length(min: 2, max: 100)
  orders: [Order!]! @relation(field: "customer")
  profile: Profile @relation(field: "user")
}

type Profile @model @access(read: "true") {
  user: User! @unique @relation(onDelete: CASCADE)
  site: URL
}

"Something we sell."
type Product @model(locking: REQUIRED) @access(read: "true") {
  "What it is called."
  name: String! @length(min: 12, max: 200)
  code: String! @length(max: 2)
  category: String @deprecated(reason: "use tags")
  price: Decimal! @decimal(precision: 12, scale: 2)
  pieces: Decimal @decimal(precision: 6, scale: 0)
  stock: Int! @default(value: 12) @range(min: 10)
  weight: Float @range(max: 1.5)
  views: BigInt
  listed: Boolean! @default(value: false)
  released: DateTime
  day: Date
  opens: Time
  lasts: Duration
  extra: JSON
  batch: UUID
  labels: [String!]! @length(min: 2)
  states: [OrderStatus!]
  limit: Int
  secret: String @hidden
  cost: Decimal @access(read: "auth.can('products:cost')", write: "auth.can('products:cost')")
  tags: [Tag!]! @relation
}

type Tag @model @access(read: "true") {
  id: ID! @id(kind: STRING)
  shape: String! @pattern(regex: "[a-z]+")
  products: [Product!]! @relation
}

type Order @model @access(read: "row.customer == auth.id") {
  id: ID! @id(kind: INT)
  customer: User! @relation(onDelete: CASCADE) @immutable
  status: OrderStatus! @default(value: PENDING)
  placed: DateTime! @default(now: true)
}

"Where an order stands."
enum OrderStatus { "Not paid." PENDING PAID }
"#;

fn shop() -> Schema {
    let parsed = underpin_schema::parse(SHOP, "schema.graphql");
    parsed.schema.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics))
}

fn document() -> Value {
    let text = openapi(&shop(), &Limits::default(), "https://api.example.com/");
    serde_json::from_str(&text).unwrap()
}

/// Every object and array in `value`, itself included, with the pointer to it.
fn walk<'a>(value: &'a Value, pointer: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(pointer, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                walk(member, &format!("{pointer}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{at}"), visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = ["get", "put", "post", "delete", "patch"];
    paths
        .iter()
        .flat_map(|(path, item)| {
            methods.iter().filter_map(move |method| Some((&**path, *method, item.get(method)?)))
        })
        .collect()
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let mut n_references = 0;
    walk(&document, "", &mut |pointer, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            n_references += 1;
            let target = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(target).is_some(), "{pointer}: {reference}");
        }
    });
    assert!(n_references > 200, "{n_references}");
}

#[test]
fn every_component_is_used() {
    let document = document();
    let mut used = HashSet::new();
    walk(&document, "", &mut |_, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            used.insert(reference.to_owned());
        }
    });
    for kind in ["schemas", "parameters", "headers", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "{reference} is not used");
        }
    }
}

#[test]
fn operation_ids_are_unique_and_do_not_change() {
    let document = document();
    let ids: Vec<&str> = operations(&document)
        .iter()
        .map(|(_, _, operation)| operation["operationId"].as_str().unwrap())
        .collect();
    let unique: HashSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
    for id in [
        "listProducts",
        "createProduct",
        "readProduct",
        "replaceProduct",
        "mergeProduct",
        "deleteProduct",
        "listOrdersOfUser",
        "createOrdersOfUser",
        "listTagsOfProduct",
    ] {
        assert!(ids.contains(&id), "{id}");
    }
}

#[test]
fn the_contract_and_the_routes_are_the_same() {
    let schema = shop();
    let site = Site::new(&schema);
    let document = document();
    let described: HashSet<String> =
        document["paths"].as_object().unwrap().keys().cloned().collect();
    let served: HashSet<String> = site.templates().map(str::to_owned).collect();
    // The start page leads to the reference, and `*` is not a path.
    let undescribed = HashSet::from(["/".to_owned(), "*".to_owned()]);
    assert_eq!(&served - &undescribed, described);
    for path in described {
        let route = site.route(&path).unwrap();
        let mut served: Vec<String> = site
            .methods(&route)
            .iter()
            .filter(|method| !["HEAD", "OPTIONS"].contains(&method.as_str()))
            .map(|method| method.as_str().to_ascii_lowercase())
            .collect();
        let mut described: Vec<String> = operations(&document)
            .iter()
            .filter(|(other, _, _)| *other == path)
            .map(|(_, method, _)| (*method).to_owned())
            .collect();
        served.sort();
        described.sort();
        assert_eq!(served, described, "{path}");
    }
}

#[test]
fn what_is_sent_to_register_has_the_fields_of_the_account_model() {
    let document = document();
    let of = |name: &str| {
        let schema = &document["components"]["schemas"][name];
        assert_eq!(schema["additionalProperties"], false, "{name}");
        let names = schema["properties"].as_object().unwrap().keys().cloned();
        (names.collect::<HashSet<_>>(), schema["required"].clone())
    };
    let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<HashSet<_>>();
    let (members, required) = of("underpin.register");
    assert_eq!(members, names(&["email", "password", "cookies", "client", "name"]));
    assert_eq!(required, json!(["email", "password", "name"]));
    let (members, required) = of("underpin.updateMe");
    assert_eq!((members, required), (names(&["name"]), Value::Null));
}

#[test]
fn operations_of_accounts_say_what_they_take_to_be_allowed() {
    let document = document();
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    assert_eq!(security("/api/v1/auth/login", "post"), json!([{}]));
    let own = json!([{ "bearer": [] }, { "cookie": [] }]);
    assert_eq!(security("/api/v1/auth/me", "get"), own);
    let change = json!([{ "bearer": [] }, { "cookie": [], "csrf": [] }]);
    assert_eq!(security("/api/v1/auth/me", "delete"), change);
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert!(["bearer", "cookie", "csrf"].iter().all(|name| schemes.contains_key(*name)));
}

#[test]
fn parameters_stand_once_and_path_parameters_are_declared() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        let shared = document["paths"][path]["parameters"].as_array().cloned().unwrap_or_default();
        let own = operation["parameters"].as_array().cloned().unwrap_or_default();
        let mut seen = HashSet::new();
        for parameter in shared.iter().chain(&own) {
            let parameter = match parameter.get("$ref").and_then(Value::as_str) {
                Some(reference) => document.pointer(&reference[1..]).unwrap(),
                None => parameter,
            };
            let name = parameter["name"].as_str().unwrap().to_owned();
            let place = parameter["in"].as_str().unwrap().to_owned();
            assert!(seen.insert((place, name.clone())), "{method} {path}: {name}");
        }
        let is_keyed = seen.contains(&("path".to_owned(), "id".to_owned()));
        assert_eq!(is_keyed, path.contains("{id}"), "{method} {path}");
    }
}

#[test]
fn examples_are_what_they_describe() {
    let document = document();
    let mut n_examples = 0;
    walk(&document, "", &mut |pointer, value| {
        let Some(examples) = value.get("examples").and_then(Value::as_array) else { return };
        for example in examples {
            n_examples += 1;
            let found = violations(&document, value, example);
            assert!(found.is_empty(), "{pointer}: {found:?}\n{example}");
        }
    });
    // Tags have a pattern that no example could be made up for; their merge changes another field.
    assert!(n_examples > 4 * 3, "{n_examples}");
}

#[test]
fn defaults_are_what_they_describe() {
    let document = document();
    walk(&document, "", &mut |pointer, value| {
        if let (Some(default), Some(_)) = (value.get("default"), value.get("type")) {
            assert!(violations(&document, value, default).is_empty(), "{pointer}");
        }
    });
}

#[test]
fn fields_that_clients_never_see_or_set_are_not_described() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for name in ["Product", "Product.create", "Product.replace", "Product.merge"] {
        assert!(!schemas[name].to_string().contains("secret"), "{name}");
    }
    assert!(!document["paths"]["/api/v1/products"].to_string().contains("secret"));
    let create = &schemas["Product.create"]["properties"];
    for absent in ["id", "createdAt", "updatedAt", "version"] {
        assert!(create.get(absent).is_none(), "{absent}");
    }
    assert!(schemas["Tag.create"]["properties"].get("id").is_some());
    assert!(schemas["Order.create"]["properties"].get("customer").is_some());
    assert!(schemas["Order.merge"]["properties"].get("customer").is_none());
    let required = schemas["Product"]["required"].as_array().unwrap();
    assert!(required.contains(&Value::from("name")) && !required.contains(&Value::from("cost")));
}

#[test]
fn conditions_are_those_that_mean_something() {
    let document = document();
    let list = &document["paths"]["/api/v1/products"]["get"]["parameters"];
    let names: HashSet<&str> =
        list.as_array().unwrap().iter().filter_map(|p| p["name"].as_str()).collect();
    for name in ["name", "name[contains]", "price[gte]", "limit[eq]", "labels[contains]"] {
        assert!(names.contains(name), "{name}");
    }
    for name in ["price[contains]", "listed[gt]", "extra", "labels", "tags", "name[eq]"] {
        assert!(!names.contains(name), "{name}");
    }
}

#[test]
fn a_model_that_requires_versions_says_so() {
    let document = document();
    let path = &document["paths"]["/api/v1/products/{id}"];
    for method in ["put", "patch", "delete"] {
        let responses = &path[method]["responses"];
        assert!(responses.get("428").is_some() && responses.get("412").is_some(), "{method}");
        let parameters = path[method]["parameters"].as_array().unwrap();
        let header = parameters.iter().find(|p| p["name"] == "If-Match").unwrap();
        assert_eq!(header["required"], true);
    }
    let tags = &document["paths"]["/api/v1/tags/{id}"]["patch"]["responses"];
    assert!(tags.get("428").is_none());
}

#[test]
fn every_status_that_errors_have_is_described_with_its_codes() {
    let document = document();
    for code in underpin_base::Code::ALL {
        let response = &document["components"]["responses"][code.status().to_string()];
        let codes = &response["content"]["application/json"]["schema"]["properties"]["error"]["properties"]
            ["code"]["enum"];
        assert!(codes.as_array().unwrap().contains(&Value::from(code.name())), "{}", code.name());
    }
}
