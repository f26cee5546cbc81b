//! `tests:`, or one block at the top of a document: who can and cannot do what.

use std::ops::Range;

use underpin_schema::{Field, FieldKind, Model, Scalar, Value, nearest};

use super::worlds::who_expected;
use super::{Reader, json};
use crate::file::{Block, Expect, Request, Test, Wanted, Which};
use crate::source::Fault;
use crate::world::{AccountFacts, KeyFacts, Owner, Who, key_scalar, text_of};
use crate::yaml::{Key, Kind, Node};

/// Tests of one file.
const TESTS_MAX: usize = 5_000;

const OPERATIONS: [&str; 4] = ["read", "create", "update", "delete"];

impl<'a> Reader<'a> {
    /// The blocks of one document.
    pub(super) fn document_blocks(&mut self, members: &[(Key, Node)], blocks: &mut Vec<Block>) {
        let list = members.iter().find(|(key, _)| key.text == "tests").map(|(_, node)| node);
        let items = list.and_then(|list| self.list(list, "`tests`")).unwrap_or_default();
        for item in items {
            let Some(inner) = self.map(item, "a block of tests") else { continue };
            for (key, _) in inner {
                self.known(key, &["as", "can", "cannot"], "a block of tests");
            }
            let span = item.span.start..item.span.start;
            blocks.extend(self.block(inner, &span));
        }
        let is_block = |(key, _): &&(Key, Node)| matches!(&*key.text, "as" | "can" | "cannot");
        if let Some((first, _)) = members.iter().find(is_block) {
            let span = first.span.clone();
            blocks.extend(self.block(members, &span));
        }
    }

    fn block(&mut self, members: &[(Key, Node)], span: &Range<usize>) -> Option<Block> {
        let find = |name: &str| members.iter().find(|(key, _)| key.text == name);
        let who = match find("as") {
            Some((_, node)) => self.who(node),
            None => self.refuse(
                Fault::new(span, "the tests do not say as whom: `as` is missing")
                    .with_help("for example `as: anonymous` or `as: { user: ada }`"),
            ),
        };
        let mut tests = Vec::new();
        for (name, expect) in [("can", Expect::Can), ("cannot", Expect::Cannot)] {
            let Some((_, list)) = find(name) else { continue };
            for item in self.list(list, &format!("`{name}`")).unwrap_or_default() {
                if let Some(request) = self.request(item) {
                    tests.push(Test { expect, request, span: item.span.clone() });
                }
            }
        }
        if find("can").is_none() && find("cannot").is_none() {
            let fault = Fault::new(span, "the block has no tests: `can` and `cannot` are missing");
            self.faults.push(fault);
        }
        tests.sort_by_key(|test: &Test| test.span.start);
        if tests.len() > TESTS_MAX {
            let message = format!("a block has at most {TESTS_MAX} tests");
            return self.refuse(Fault::new(span, message));
        }
        Some(Block { who: who?, tests })
    }

    fn who(&mut self, node: &Node) -> Option<Who> {
        let members = match &node.kind {
            Kind::Text(name) if name == "anonymous" => return Some(Who::Anonymous),
            Kind::Text(name) => {
                let fault = who_expected(node);
                let account = self.schema().account_model();
                let user = account.and_then(|model| self.world.find(self.schema(), model.id, name));
                let role = self.schema().roles.iter().any(|role| role.name == *name);
                let fault = match (user, role) {
                    (Some(_), _) => fault.with_help(format!("did you mean `{{ user: {name} }}`?")),
                    (None, true) => fault.with_help(format!("did you mean `{{ role: {name} }}`?")),
                    (None, false) => fault,
                };
                return self.refuse(fault);
            }
            Kind::Map(members) => members,
            _ => return self.refuse(who_expected(node)),
        };
        let find = |name: &str| members.iter().find(|(key, _)| key.text == name);
        match (find("user"), find("role"), find("key")) {
            (Some((_, user)), None, None) => {
                let text = self.text(user, "`user`")?.to_owned();
                let place = self.account(&Key { text, span: user.span.clone() });
                let known = place.and_then(|place| self.world.accounts.get(&place)).cloned();
                let facts = self.account_facts(node, known.unwrap_or_default(), &["user"]);
                Some(Who::User(place?, facts))
            }
            (None, Some((_, role)), None) => {
                self.only(members, &["role"], "an actor with a role");
                self.role(role).map(Who::role)
            }
            (None, None, Some((_, key))) => {
                self.only(members, &["key"], "an actor that is a key");
                self.key(key)
            }
            _ => self.refuse(who_expected(node)),
        }
    }

    /// `{ roles: [staff], scopes: ['orders:read'] }`, or `{ user: ada, scopes: […] }`
    fn key(&mut self, node: &Node) -> Option<Who> {
        let members = self.map(node, "`key`")?;
        self.only(members, &["user", "roles", "scopes"], "a key");
        let find = |name: &str| members.iter().find(|(key, _)| key.text == name).map(|(_, n)| n);
        let owner = match (find("user"), find("roles")) {
            (Some(user), None) => {
                let text = self.text(user, "`user`")?.to_owned();
                let place = self.account(&Key { text, span: user.span.clone() })?;
                Owner::User(place, self.world.accounts.get(&place).cloned().unwrap_or_default())
            }
            (None, roles) => Owner::Roles(roles.map(|roles| self.roles(roles)).unwrap_or_default()),
            (Some(_), Some(roles)) => {
                let fault = Fault::new(&roles.span, "a key of a user has the roles of the user");
                return self.refuse(fault.with_help("give the user roles below `actors:`"));
            }
        };
        let scopes = find("scopes").map(|node| {
            let items = self.list(node, "`scopes`").unwrap_or_default();
            items.iter().filter_map(|item| self.scope(item)).collect()
        });
        Some(Who::Key(Box::new(KeyFacts { owner, scopes })))
    }

    /// A permission that a key is narrowed to.
    fn scope(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node, "a scope")?.to_owned();
        let subject = text.split(':').next().unwrap_or_default();
        let schema = self.schema();
        let granted = schema.roles.iter().flat_map(|role| &role.can);
        let subjects = granted.filter_map(|can| can.split_once(':')).map(|(subject, _)| subject);
        let plurals = schema.models.iter().map(|model| model.plural.as_str());
        if text == "*" || subjects.chain(plurals.clone()).any(|known| known == subject) {
            return Some(text);
        }
        let fault = Fault::new(&node.span, format!("no permission begins with `{subject}`"));
        let fault = fault.with_label("unknown");
        self.refuse(match nearest(subject, plurals) {
            Some(near) => fault.with_help(format!("did you mean `{near}:…`?")),
            None => fault.with_help("scopes look like `orders:read`, `orders:*` or `*`"),
        })
    }

    fn only(&mut self, members: &[(Key, Node)], names: &[&str], of: &str) {
        for (key, _) in members {
            self.known(key, names, of);
        }
    }

    /// `{ read: Order/ada-1, fields: [note] }`
    pub(super) fn request(&mut self, node: &Node) -> Option<Request> {
        let members = self.map(node, "a test")?;
        let named = |(key, _): &&(Key, Node)| OPERATIONS.contains(&&*key.text);
        let mut operations = members.iter().filter(named);
        let (Some((operation, target)), None) = (operations.next(), operations.next()) else {
            let fault = Fault::new(&node.span, "a test names one of: read, create, update, delete");
            return self.refuse(fault.with_help("for example `{ read: Order/ada-1 }`"));
        };
        let operation = operation.text.as_str();
        let besides: &[&str] = match operation {
            "read" => &["read", "where", "fields"],
            "create" => &["create", "set"],
            "update" => &["update", "set"],
            _ => &["delete"],
        };
        self.only(members, besides, &format!("a test that tries to {operation}"));
        let find =
            |name: &str| members.iter().find(|(key, _)| key.text == name).map(|(_, node)| node);
        let text = self.text(target, "what is read or written")?;
        let (model, row) = match text.split_once('/') {
            Some((model, row)) => (model, Some(row)),
            None => (text, None),
        };
        let model_span = target.span.start..target.span.end.min(target.span.start + text.len());
        let model = self.model(model, &model_span)?;
        let row = match row {
            Some(row) => Some(self.row(model, row, &target.span)?),
            None => None,
        };
        let key = row.map(|row| self.world.rows[row].key.clone());
        match (operation, key) {
            ("read", key) => {
                self.read_request(model, (key, &target.span), find("where"), find("fields"))
            }
            ("create", None) => {
                let document = self.sent(model, find("set"), &target.span)?;
                Some(Request::Create { model: model.id, document })
            }
            ("create", Some(_)) => self.refuse(
                Fault::new(&target.span, "a row that is created has no name yet").with_help(
                    format!("write `create: {}`, and its fields below `set`", model.name),
                ),
            ),
            ("update", Some(key)) => {
                let document = self.sent(model, find("set"), &target.span)?;
                Some(Request::Update { model: model.id, key, document })
            }
            ("delete", Some(key)) => Some(Request::Delete { model: model.id, key }),
            (_, None) => self.refuse(
                Fault::new(&target.span, format!("which `{}` is meant?", model.name))
                    .with_help(format!("name a row: `{operation}: {}/NAME`", model.name)),
            ),
            (_, Some(_)) => None,
        }
    }

    fn sent(
        &mut self,
        model: &'a Model,
        set: Option<&Node>,
        span: &Range<usize>,
    ) -> Option<underpin_plan::Document> {
        let empty = Node { kind: Kind::Map(Vec::new()), span: span.clone() };
        self.document(model, set.unwrap_or(&empty))
    }

    fn read_request(
        &mut self,
        model: &'a Model,
        (key, target): (Option<Value>, &Range<usize>),
        wanted: Option<&Node>,
        fields: Option<&Node>,
    ) -> Option<Request> {
        let which = match (key, wanted) {
            (Some(_), Some(_)) => {
                let message = "a test names a row or has a `where`, not both";
                return self.refuse(Fault::new(target, message));
            }
            (Some(key), None) => Which::Row(key),
            (None, None) => Which::Matching(Vec::new()),
            (None, Some(wanted)) => {
                let members = self.map(wanted, "`where`")?;
                let n_faults = self.faults.len();
                let wanted: Vec<Wanted> = members
                    .iter()
                    .filter_map(|(key, value)| self.wanted(model, key, value))
                    .collect();
                if n_faults < self.faults.len() {
                    return None;
                }
                Which::Matching(wanted)
            }
        };
        let mut found = Vec::new();
        for item in fields.and_then(|node| self.list(node, "`fields`")).unwrap_or_default() {
            let Some(name) = self.text(item, "a field") else { continue };
            found.extend(self.field(model, name, &item.span).map(|field| field.id));
        }
        Some(Request::Read { model: model.id, which, fields: found })
    }

    /// One value that rows must have: of a field of theirs, or of a row that they refer to.
    fn wanted(&mut self, model: &'a Model, key: &Key, node: &Node) -> Option<Wanted> {
        let mut at = model;
        let mut names = key.text.split('.').peekable();
        let field = loop {
            let field = self.field(at, names.next().unwrap_or_default(), &key.span)?;
            match (&field.kind, names.peek()) {
                (_, None) => break field,
                (FieldKind::ToOne(to_one), Some(_)) => at = self.schema().model(to_one.target),
                (_, Some(_)) => {
                    let message = format!("`{}` does not lead to one row", field.name);
                    return self.refuse(Fault::new(&key.span, message));
                }
            }
        };
        let (scalar, is_plain) = match &field.kind {
            FieldKind::Scalar(scalar) => (*scalar, *scalar != Scalar::Json),
            FieldKind::Enum(_) => (Scalar::String, true),
            FieldKind::ToOne(to_one) => (key_scalar(self.schema().model(to_one.target)), true),
            FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => (Scalar::Json, false),
        };
        if !is_plain {
            let message = format!("`{}` is not one value that rows could have", field.name);
            return self.refuse(Fault::new(&key.span, message));
        }
        let n_faults = self.faults.len();
        let value = self.wanted_value(field, at, node);
        if n_faults < self.faults.len() {
            return None;
        }
        let value = value?;
        let text = (!value.is_null()).then(|| text_of(scalar, &value));
        let mut shown = Vec::new();
        match &node.kind {
            Kind::Text(text) => shown.extend_from_slice(text.as_bytes()),
            _ => json(node, &mut shown),
        }
        let shown = String::from_utf8_lossy(&shown).into_owned();
        Some(Wanted { path: key.text.clone(), text, shown })
    }

    fn wanted_value(&mut self, field: &Field, at: &'a Model, node: &Node) -> Option<Value> {
        if node.kind == Kind::Null {
            return Some(Value::Null);
        }
        if field.id == at.key
            && let Kind::Text(name) | Kind::Number(name) = &node.kind
        {
            let place = self.row(at, name, &node.span)?;
            return Some(self.world.rows[place].key.clone());
        }
        let mut body = Vec::new();
        self.value(field, node, &mut body);
        let body = String::from_utf8_lossy(&body).into_owned();
        match field.parse_json(self.schema(), &body) {
            Ok(value) => Some(value),
            Err(errors) => {
                for error in errors {
                    let message = format!("`{}` {}", error.path, error.message);
                    self.faults.push(Fault::new(&node.span, message));
                }
                None
            }
        }
    }
}

impl AccountFacts {
    /// Roles in one order, each once.
    pub(crate) fn sorted_roles(&self) -> Vec<String> {
        let mut roles = self.roles.clone();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}
