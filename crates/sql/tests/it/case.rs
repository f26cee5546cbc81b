//! One golden case: who asks for what, in a few lines, made into a request and compiled.
//!
//! ```text
//! schema: shop
//! actor: user staff
//! read: products
//! where: price[gte] 1
//! sort: -createdAt,name
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use underpin_base::{Error, Limits};
use underpin_plan::{
    Actor, ActorKind, AuthorizedRead, AuthorizedWrite, Catalog, Condition, Document, Folded,
    Operator, PageRequest, Paging, Profile, ReadRequest, SortKey, Target, WriteKind, WriteRequest,
    WriteShape, authorize_read, authorize_write, decode_document, validate,
};
use underpin_rules::{Rules, parse_filter};
use underpin_schema::{FieldId, ModelId, Schema, Value};

/// Where the cases lie.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/sql")
}

/// A case as it stands in its file: keys with their values, in order.
pub(crate) struct Case(Vec<(String, String)>);

/// What became of a case.
pub(crate) enum Planned {
    Read(AuthorizedRead),
    Write(AuthorizedWrite),
}

impl Case {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        Self(
            lines
                .map(|line| {
                    let (key, value) = line.split_once(':').expect("a line is `key: value`");
                    (key.trim().to_owned(), value.trim().to_owned())
                })
                .collect(),
        )
    }

    fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn catalog(&self) -> Catalog {
        catalog(self.get("schema").unwrap_or("shop"))
    }

    fn list(&self, key: &str) -> Option<Vec<String>> {
        let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
        self.get(key).map(names)
    }

    pub(crate) fn plan(&self, catalog: &Catalog) -> Result<Planned, Error> {
        let folded = Folded::new(catalog, &self.profile());
        let limits = Limits::default();
        if let Some(path) = self.get("read") {
            let request = self.read_request(&catalog.schema, path);
            return authorize_read(catalog, &folded, &request, &limits).map(Planned::Read);
        }
        let request = self.write_request(&catalog.schema)?;
        let shape = WriteShape::of(&request);
        let write = authorize_write(catalog, &folded, &shape, &limits)?;
        validate(catalog, &folded, &request)?;
        Ok(Planned::Write(write))
    }

    fn profile(&self) -> Profile {
        let mut words = self.get("actor").unwrap_or("anonymous").split_whitespace();
        let kind = match words.next() {
            Some("user") => ActorKind::User,
            Some("key") => ActorKind::Key,
            Some("service") => ActorKind::Service,
            _ => ActorKind::Anonymous,
        };
        let roles: Vec<String> = words.map(str::to_owned).collect();
        let actor = match kind {
            ActorKind::Anonymous => Actor::anonymous(),
            ActorKind::Service => Actor::service(),
            ActorKind::Key => Actor::key(roles),
            ActorKind::User => Actor::user(Value::Null, roles),
        };
        actor.profile
    }

    fn read_request(&self, schema: &Schema, path: &str) -> ReadRequest {
        let paging = match self.get("page") {
            Some("after") => Paging::After,
            Some("before") => Paging::Before,
            Some("offset") => Paging::Offset,
            _ => Paging::First,
        };
        let sort = self.list("sort").unwrap_or_default();
        ReadRequest {
            target: target(schema, path),
            fields: self.list("fields"),
            include: self.list("include").unwrap_or_default(),
            conditions: self.all("where").map(condition).collect(),
            filter: self
                .get("filter")
                .map(|text| parse_filter(text, &Limits::default()).expect("a filter")),
            sort: sort
                .iter()
                .map(|term| SortKey {
                    path: term.trim_start_matches('-').to_owned(),
                    descending: term.starts_with('-'),
                })
                .collect(),
            page: PageRequest { paging, count: self.get("count").is_some() },
        }
    }

    fn write_request(&self, schema: &Schema) -> Result<WriteRequest, Error> {
        let operations = ["create", "merge", "replace", "delete"];
        let found = operations.iter().find_map(|key| self.get(key).map(|path| (*key, path)));
        let (operation, path) = found.expect("a case reads or writes");
        let under = match target(schema, path) {
            Target::Related(model, field) => Some((model, field, Value::Null)),
            Target::List(_) | Target::Item(_) => None,
        };
        let model = match target(schema, path) {
            Target::List(model) | Target::Item(model) => model,
            Target::Related(model, field) => related_model(schema, model, field),
        };
        let key = Value::Null;
        let kind = match operation {
            "create" => WriteKind::Create { under },
            "merge" => WriteKind::Merge { key },
            "replace" => WriteKind::Replace { key },
            _ => WriteKind::Delete { key },
        };
        let document = match self.get("body") {
            Some(body) => decode_document(schema, model, body.as_bytes(), &Limits::default())?,
            None => Document::default(),
        };
        Ok(WriteRequest {
            model,
            kind,
            document,
            if_version: self.get("if-match").map(|text| text.parse().expect("a version")),
            include: self.list("include").unwrap_or_default(),
            fields: self.list("fields"),
        })
    }
}

fn related_model(schema: &Schema, model: ModelId, field: FieldId) -> ModelId {
    use underpin_schema::FieldKind;
    match &schema.field(model, field).kind {
        FieldKind::ToMany(to_many) => to_many.target,
        FieldKind::ManyToMany(join) => join.target,
        FieldKind::ToOne(to_one) => to_one.target,
        other => panic!("{other:?} is not a relation"),
    }
}

/// A schema of the golden files with its rules; each is compiled once.
pub(crate) fn catalog(name: &str) -> Catalog {
    static COMPILED: Mutex<BTreeMap<String, Catalog>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().expect("no test fails while it compiles a schema");
    compiled.entry(name.to_owned()).or_insert_with(|| compile(name)).clone()
}

fn compile(name: &str) -> Catalog {
    let file = folder().join(format!("{name}.graphql"));
    let source = std::fs::read_to_string(&file).expect("a schema file");
    let parsed = underpin_schema::parse(&source, "schema.graphql");
    let schema = parsed.schema.unwrap_or_else(|| panic!("{:#?}", parsed.diagnostics));
    let (rules, problems) = Rules::compile(&schema);
    let rules = rules.unwrap_or_else(|| panic!("{problems:#?}"));
    Catalog { schema: Arc::new(schema), rules }
}

/// `products`, `products/{id}` or `users/{id}/orders`.
fn target(schema: &Schema, path: &str) -> Target {
    let parts: Vec<&str> = path.split('/').collect();
    let model = *schema.by_plural.get(parts[0]).unwrap_or_else(|| panic!("no `{}`", parts[0]));
    match parts.as_slice() {
        [_] => Target::List(model),
        [_, _] => Target::Item(model),
        [_, _, field] => {
            let field = schema.model(model).field_named(field).expect("a relation");
            Target::Related(model, field.id)
        }
        _ => panic!("`{path}` is no path"),
    }
}

/// `price[gte] 1`: a field, an operator, how many values.
fn condition(text: &str) -> Condition {
    let (path, n_values) = text.split_once(' ').unwrap_or((text, "1"));
    let (path, operator) = match path.split_once('[') {
        Some((path, operator)) => (path, operator.trim_end_matches(']')),
        None => (path, "eq"),
    };
    let known = Operator::ALL.iter().find(|(name, _)| *name == operator);
    let (_, operator) = *known.unwrap_or_else(|| panic!("no operator `{operator}`"));
    Condition {
        path: path.to_owned(),
        operator,
        n_values: n_values.trim().parse().expect("a number of values"),
    }
}
