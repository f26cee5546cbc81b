//! Resolves a file of tests against a schema, and finds every mistake in it.
//!
//! Rows may be named before they are described, so names are gathered first. What a document holds
//! is decoded as a client's body is, so that tests meet the same types and constraints.

use std::ops::Range;

use underpin_base::{FieldError, Limits};
use underpin_plan::{Catalog, Document, decode_document};
use underpin_schema::{Field, FieldKind, Model, ModelId, Schema, nearest, wire};

use crate::file::{Block, Request};
use crate::source::Fault;
use crate::world::{Row, World, key_scalar};
use crate::yaml::{Key, Kind, Node};

mod blocks;
#[cfg(test)]
mod tests;
mod worlds;

/// What may stand at the top of a document.
const TOP: [&str; 7] = ["now", "rows", "actors", "tests", "as", "can", "cannot"];

/// A file being read.
pub(crate) struct Reader<'a> {
    catalog: &'a Catalog,
    limits: &'a Limits,
    world: World,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(catalog: &'a Catalog, limits: &'a Limits) -> Self {
        Self { catalog, limits, world: World::default(), faults: Vec::new() }
    }

    /// Reads further in a world that is known.
    pub(crate) fn within(self, world: World) -> Self {
        Self { world, ..self }
    }

    /// Reads one request; gives the world, too, with the rows that were named.
    pub(crate) fn read_request_alone(
        mut self,
        node: &Node,
    ) -> (Option<Request>, Vec<Fault>, World) {
        let request = self.request(node);
        (request, self.faults, self.world)
    }

    /// Reads all documents of a file; its rows are known in each of them.
    pub(crate) fn read(mut self, documents: &[Node]) -> (World, Vec<Block>, Vec<Fault>) {
        let members: Vec<&[(Key, Node)]> =
            documents.iter().filter_map(|document| self.top(document)).collect();
        let find = |name: &'static str| {
            let named = members.iter().flat_map(|members| members.iter());
            named.filter(move |(key, _)| key.text == name).map(|(_, node)| node)
        };
        find("now").for_each(|node| self.now(node));
        self.rows(&find("rows").collect::<Vec<_>>());
        find("actors").for_each(|node| self.actors(node));
        let mut blocks = Vec::new();
        for members in &members {
            self.document_blocks(members, &mut blocks);
        }
        (self.world, blocks, self.faults)
    }

    fn schema(&self) -> &'a Schema {
        &self.catalog.schema
    }

    fn refuse<T>(&mut self, fault: Fault) -> Option<T> {
        self.faults.push(fault);
        None
    }

    fn top<'n>(&mut self, document: &'n Node) -> Option<&'n [(Key, Node)]> {
        if document.kind == Kind::Null {
            return None;
        }
        let members = self.map(document, "a document")?;
        for (key, _) in members {
            self.known(key, &TOP, "a file of tests");
        }
        Some(members)
    }

    /// The members of a mapping.
    fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [(Key, Node)]> {
        match &node.kind {
            Kind::Map(members) => Some(members),
            _ => self.refuse(wrong(node, &format!("{what} is a mapping, `name: value`"))),
        }
    }

    /// The items of a list.
    fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Some(items),
            _ => self.refuse(wrong(node, &format!("{what} is a list, `[a, b]`"))),
        }
    }

    fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.kind {
            Kind::Text(text) | Kind::Number(text) => Some(text),
            _ => self.refuse(wrong(node, &format!("{what} is a text"))),
        }
    }

    fn flag(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            _ => self.refuse(wrong(node, &format!("{what} is `true` or `false`"))),
        }
    }

    /// Refuses a name that is none of those that may stand there.
    fn known(&mut self, key: &Key, names: &[&str], of: &str) -> bool {
        if names.contains(&key.text.as_str()) {
            return true;
        }
        let fault = Fault::new(&key.span, format!("{of} has no `{}`", key.text));
        let list = || format!("there may stand: {}", names.join(", "));
        let help = near(&key.text, names.iter().copied()).unwrap_or_else(list);
        self.faults.push(fault.with_label("unknown").with_help(help));
        false
    }

    fn model(&mut self, name: &str, span: &Range<usize>) -> Option<&'a Model> {
        let schema = self.schema();
        if let Some(id) = schema.by_name.get(name) {
            return Some(schema.model(*id));
        }
        let names = || schema.models.iter().map(|model| model.name.as_str());
        let fault = Fault::new(span, format!("there is no model `{name}`")).with_label("unknown");
        // Whoever writes `orders` for `Order` is not far off.
        let by_plural = schema.by_plural.get(name).map(|id| schema.model(*id).name.as_str());
        let help = match by_plural.or_else(|| nearest(name, names())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the schema has: {}", names().collect::<Vec<_>>().join(", ")),
        };
        self.refuse(fault.with_help(help))
    }

    fn field(&mut self, model: &'a Model, name: &str, span: &Range<usize>) -> Option<&'a Field> {
        if let Some(field) = model.field_named(name) {
            return Some(field);
        }
        let message = format!("`{}` has no field `{name}`", model.name);
        let fault = Fault::new(span, message).with_label("unknown");
        let names = model.fields.iter().map(|field| field.name.as_str());
        self.refuse(with_near(fault, name, names))
    }

    /// The place of a row that is named.
    fn row(&mut self, model: &'a Model, name: &str, span: &Range<usize>) -> Option<usize> {
        if let Some(place) = self.world.find(self.schema(), model.id, name) {
            return Some(place);
        }
        if self.world.is_open
            && let Ok(key) = key_scalar(model).parse_text(name)
        {
            self.world.rows.push(Row {
                model: model.id,
                name: name.to_owned(),
                key,
                document: Document::default(),
                span: span.clone(),
            });
            return Some(self.world.rows.len() - 1);
        }
        let fault = unknown_row(&self.world, model, name, span);
        self.refuse(fault)
    }

    fn roles(&mut self, node: &Node) -> Vec<String> {
        let items = self.list(node, "`roles`").unwrap_or_default();
        items.iter().filter_map(|item| self.role(item)).collect()
    }

    fn role(&mut self, node: &Node) -> Option<String> {
        let name = self.text(node, "a role")?.to_owned();
        let roles = &self.schema().roles;
        if roles.iter().any(|role| role.name == name) {
            return Some(name);
        }
        let message = format!("the schema has no role `{name}`");
        let fault = Fault::new(&node.span, message).with_label("unknown");
        let names = roles.iter().map(|role| role.name.as_str());
        let list = || format!("it has: {}", names.clone().collect::<Vec<_>>().join(", "));
        let help = near(&name, names.clone()).unwrap_or_else(list);
        self.refuse(fault.with_help(help))
    }

    /// A mapping of fields as a client's body: the names of rows become keys. What is wrong with
    /// its fields is told where they stand.
    fn document(&mut self, model: &'a Model, node: &Node) -> Option<Document> {
        let members = self.map(node, "what is set")?;
        let mut body = vec![b'{'];
        let mut is_sound = true;
        for (key, value) in members {
            let field = self.field(model, &key.text, &key.span);
            let n_faults = self.faults.len();
            if body.len() > 1 {
                body.push(b',');
            }
            wire::string(&key.text, &mut body);
            body.push(b':');
            match field {
                Some(field) => self.value(field, value, &mut body),
                None => body.extend_from_slice(b"null"),
            }
            is_sound &= field.is_some() && n_faults == self.faults.len();
        }
        body.push(b'}');
        match decode_document(self.schema(), model.id, &body, self.limits) {
            Ok(document) => {
                is_sound &= document.errors.is_empty();
                for error in &document.errors {
                    self.field_error(error, members);
                }
                is_sound.then_some(document)
            }
            Err(error) => self.refuse(Fault::new(&node.span, error.message())),
        }
    }

    fn field_error(&mut self, error: &FieldError, members: &[(Key, Node)]) {
        let name = error.path.split('.').next().unwrap_or_default();
        let Some((key, value)) = members.iter().find(|(key, _)| key.text == name) else { return };
        // Whatever is wrong with its name or its references is said already.
        let told = self.faults.iter().any(|fault| {
            fault.span == key.span
                || value.span.start <= fault.span.start && fault.span.end <= value.span.end
        });
        if !told {
            let message = format!("`{}` {}", error.path, error.message);
            self.faults.push(Fault::new(&value.span, message));
        }
    }

    /// A value as JSON; a reference as the key of the row that is named.
    fn value(&mut self, field: &Field, node: &Node, body: &mut Vec<u8>) {
        match &field.kind {
            FieldKind::ToOne(to_one) => self.reference(to_one.target, node, body),
            FieldKind::ManyToMany(join) => match &node.kind {
                Kind::List(items) => {
                    body.push(b'[');
                    for (index, item) in items.iter().enumerate() {
                        if index > 0 {
                            body.push(b',');
                        }
                        self.reference(join.target, item, body);
                    }
                    body.push(b']');
                }
                _ => json(node, body),
            },
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_) => json(node, body),
        }
    }

    fn reference(&mut self, target: ModelId, node: &Node, body: &mut Vec<u8>) {
        let (Kind::Text(name) | Kind::Number(name)) = &node.kind else { return json(node, body) };
        let model = self.schema().model(target);
        match self.row(model, name, &node.span) {
            Some(place) => {
                let scalar = key_scalar(model);
                scalar.write_json(&self.world.rows[place].key, body);
            }
            None => body.extend_from_slice(b"null"),
        }
    }
}

/// A value as JSON.
fn json(node: &Node, body: &mut Vec<u8>) {
    match &node.kind {
        Kind::Null => body.extend_from_slice(b"null"),
        Kind::Bool(true) => body.extend_from_slice(b"true"),
        Kind::Bool(false) => body.extend_from_slice(b"false"),
        Kind::Number(text) => body.extend_from_slice(text.as_bytes()),
        Kind::Text(text) => wire::string(text, body),
        Kind::List(items) => {
            body.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                json(item, body);
            }
            body.push(b']');
        }
        Kind::Map(members) => {
            body.push(b'{');
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                wire::string(&key.text, body);
                body.push(b':');
                json(value, body);
            }
            body.push(b'}');
        }
    }
}

fn wrong(node: &Node, expected: &str) -> Fault {
    let label = format!("this is {}", node.describe());
    Fault::new(&node.span, expected.to_owned()).with_label(label)
}

pub(crate) fn unknown_row(world: &World, model: &Model, name: &str, span: &Range<usize>) -> Fault {
    let message = format!("there is no `{}` named `{name}`", model.name);
    let fault = Fault::new(span, message).with_label("unknown");
    let names: Vec<&str> = world.names_of(model.id).collect();
    let help = near(name, names.iter().copied()).unwrap_or_else(|| match names.as_slice() {
        [] => format!("describe one below `rows:`, `{}:`", model.name),
        names => format!("there are: {}", names.join(", ")),
    });
    fault.with_help(help)
}

fn near<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(name, names).map(|near| format!("did you mean `{near}`?"))
}

fn with_near<'n>(fault: Fault, name: &str, names: impl Iterator<Item = &'n str>) -> Fault {
    match near(name, names) {
        Some(help) => fault.with_help(help),
        None => fault,
    }
}
