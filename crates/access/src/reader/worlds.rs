//! `rows:`, `actors:` and `now:`.

use underpin_base::{Ids, Timestamp};
use underpin_plan::{Document, Folded, WriteKind, WriteRequest, validate};
use underpin_schema::{IdKind, Model, Scalar, Value};

use super::{Reader, near, wrong};
use crate::source::Fault;
use crate::world::{AccountFacts, Row, key_scalar};
use crate::yaml::{Key, Kind, Node};

/// Rows of one file.
const ROWS_MAX: usize = 2_000;

/// What may be said of an account beside its row.
const ACCOUNT: [&str; 3] = ["roles", "verified", "claims"];

impl<'a> Reader<'a> {
    pub(super) fn now(&mut self, node: &Node) {
        let Some(text) = self.text(node, "`now`") else { return };
        match Scalar::DateTime.parse_text(text) {
            Ok(Value::DateTime(micros)) => self.world.now = Some(micros),
            Ok(_) | Err(_) => {
                let fault = Fault::new(&node.span, "`now` is a time, `2026-01-31T12:00:00Z`");
                self.faults.push(fault);
            }
        }
    }

    /// All rows: their names first, for they may refer to each other.
    pub(super) fn rows(&mut self, nodes: &[&Node]) {
        let mut found: Vec<(usize, &Node)> = Vec::new();
        let ids = Ids::sequence();
        for node in nodes {
            let models = self.map(node, "`rows`").unwrap_or_default();
            for (key, rows) in models {
                let Some(model) = self.model(&key.text, &key.span) else { continue };
                for (name, row) in self.map(rows, "the rows of a model").unwrap_or_default() {
                    if let Some(place) = self.name(model, name, row, &ids) {
                        found.push((place, row));
                    }
                }
            }
        }
        for (place, node) in found {
            self.describe(place, node);
        }
    }

    /// Gives a row its name and its key.
    fn name(&mut self, model: &'a Model, name: &Key, row: &Node, ids: &Ids) -> Option<usize> {
        if self.world.names.contains_key(&(model.id, name.text.clone())) {
            let message = format!("there is a `{}` named `{}` already", model.name, name.text);
            return self.refuse(Fault::new(&name.span, message).with_label("a second time"));
        }
        if self.world.rows.len() >= ROWS_MAX {
            let message = format!("a file describes at most {ROWS_MAX} rows");
            let told = self.faults.iter().any(|fault| fault.message == message);
            return if told { None } else { self.refuse(Fault::new(&name.span, message)) };
        }
        let place = self.world.rows.len();
        let key = written_key(model, row).unwrap_or_else(|| match key_scalar(model) {
            Scalar::Id(IdKind::Int) => Value::Int(i64::try_from(place).unwrap_or(i64::MAX) + 1),
            Scalar::Id(IdKind::Uuid) => Value::Uuid(ids.next(Timestamp(0))),
            _ => Value::Text(name.text.clone()),
        });
        if let Some(other) = self.world.with_key(model.id, &key) {
            let message = format!("`{}` has the same key", self.world.rows[other].name);
            return self.refuse(Fault::new(&name.span, message));
        }
        self.world.names.insert((model.id, name.text.clone()), place);
        self.world.rows.push(Row {
            model: model.id,
            name: name.text.clone(),
            key,
            document: Document::default(),
            span: name.span.clone(),
        });
        Some(place)
    }

    /// Gives a row its fields, and holds it against what a row must have.
    fn describe(&mut self, place: usize, node: &Node) {
        let Row { model, key, span, .. } = self.world.rows[place].clone();
        let model = self.schema().model(model);
        let empty = Node { kind: Kind::Map(Vec::new()), span: span.clone() };
        let node = if node.kind == Kind::Null { &empty } else { node };
        let Some(mut document) = self.document(model, node) else { return };
        document.entries.retain(|(field, _)| *field != model.key);
        document.entries.push((model.key, key));
        let request = WriteRequest {
            model: model.id,
            kind: WriteKind::Create { under: None },
            document,
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        let service = Folded::new(self.catalog, &underpin_plan::Actor::service().profile);
        if let Err(error) = validate(self.catalog, &service, &request) {
            let fields = error.details().fields.iter();
            let messages: Vec<String> =
                fields.map(|field| format!("`{}` {}", field.path, field.message)).collect();
            self.faults.push(Fault::new(&span, messages.join("; ")));
        }
        self.world.rows[place].document = request.document;
    }

    /// What is known of accounts beside their rows.
    pub(super) fn actors(&mut self, node: &Node) {
        let members = self.map(node, "`actors`").unwrap_or_default();
        for (key, node) in members {
            let Some(place) = self.account(key) else { continue };
            let facts = self.account_facts(node, AccountFacts::default(), &[]);
            self.world.accounts.insert(place, facts);
        }
    }

    /// The row of the account model with this name.
    pub(super) fn account(&mut self, key: &Key) -> Option<usize> {
        let Some(model) = self.schema().account_model() else {
            let fault =
                Fault::new(&key.span, "the schema has no account model, so there are no users");
            return self.refuse(fault.with_help("mark a model with `@account`, or use `role: …`"));
        };
        self.row(model, &key.text, &key.span)
    }

    /// `verified`, `roles` and `claims` over what is known already. Members named in `besides` are
    /// somebody else's.
    pub(super) fn account_facts(
        &mut self,
        node: &Node,
        mut facts: AccountFacts,
        besides: &[&str],
    ) -> AccountFacts {
        let members = self.map(node, "what is known of an actor").unwrap_or_default();
        for (key, value) in members {
            match key.text.as_str() {
                "verified" => {
                    facts.verified = self.flag(value, "`verified`").unwrap_or_default();
                }
                "roles" => facts.roles = self.roles(value),
                "claims" => {
                    for (name, value) in self.map(value, "`claims`").unwrap_or_default() {
                        if let Some(text) = self.text(value, "a claim") {
                            facts.claims.insert(name.text.clone(), text.to_owned());
                        }
                    }
                }
                name if besides.contains(&name) => {}
                name => {
                    let message = format!("nothing is known of actors under `{name}`");
                    let fault = Fault::new(&key.span, message).with_label("unknown");
                    let in_row = self.schema().account_model().and_then(|m| m.field_named(name));
                    let help = match (in_row, near(name, ACCOUNT.into_iter())) {
                        (Some(_), _) => format!("`{name}` is a field: it stands in the row"),
                        (None, Some(near)) => near,
                        (None, None) => format!("there may stand: {}", ACCOUNT.join(", ")),
                    };
                    self.faults.push(fault.with_help(help));
                }
            }
        }
        facts
    }
}

/// The key that a row brings itself.
fn written_key(model: &Model, row: &Node) -> Option<Value> {
    let Kind::Map(members) = &row.kind else { return None };
    let name = &model.key_field().name;
    let (_, value) = members.iter().find(|(key, _)| key.text == *name)?;
    let (Kind::Text(text) | Kind::Number(text)) = &value.kind else { return None };
    key_scalar(model).parse_text(text).ok()
}

/// A mistake in what somebody is said to be.
pub(super) fn who_expected(node: &Node) -> Fault {
    wrong(node, "an actor is `anonymous`, `{ user: NAME }`, `{ role: NAME }` or `{ key: … }`")
}
