//! The rows that an explanation looks at: read when a rule first asks for them, and remembered.
//!
//! Rules ask without expecting trouble, so a failure to read is kept until the question is answered
//! and told then.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use underpin_base::{Error, Result};
use underpin_engine::Context;
use underpin_plan::{Document, Folded};
use underpin_rules::{ActorValue, Clause, Predicate, Rows, Situation, Trace, eval, trace};
use underpin_schema::{FieldDefault, FieldId, FieldKind, Model, ModelId, Schema, Value};

use crate::door::Door;
use crate::world::{key_scalar, text_of};

/// A row, stored or proposed.
#[derive(Debug, Clone)]
pub(crate) struct SceneRow(Rc<RowData>);

#[derive(Debug)]
struct RowData {
    model: ModelId,
    key: Value,
    /// By field; null for relations without a column.
    values: Vec<Value>,
    /// Whether it is in the database, so that others may refer to it.
    is_stored: bool,
}

/// What rules can ask of.
pub(crate) struct Scene<'a> {
    door: Door<'a>,
    ctx: &'a Context,
    folded: Folded,
    rows: RefCell<HashMap<(ModelId, String), Option<SceneRow>>>,
    failure: RefCell<Option<Error>>,
}

impl SceneRow {
    pub(crate) fn model(&self) -> ModelId {
        self.0.model
    }

    pub(crate) fn key(&self) -> &Value {
        &self.0.key
    }

    pub(crate) fn value_of(&self, field: FieldId) -> &Value {
        &self.0.values[usize::from(field.0)]
    }

    fn new(model: ModelId, key: Value, values: Vec<Value>, is_stored: bool) -> Self {
        Self(Rc::new(RowData { model, key, values, is_stored }))
    }
}

impl<'a> Scene<'a> {
    pub(crate) fn new(door: Door<'a>, ctx: &'a Context, folded: Folded) -> Self {
        let (rows, failure) = (RefCell::default(), RefCell::default());
        Self { door, ctx, folded, rows, failure }
    }

    pub(crate) fn schema(&self) -> &'a Schema {
        self.door.schema
    }

    /// The rules as they apply to the actor.
    pub(crate) fn folded(&self) -> &Folded {
        &self.folded
    }

    pub(crate) fn ctx(&self) -> &'a Context {
        self.ctx
    }

    /// The stored row with this key.
    pub(crate) fn row(&self, model: ModelId, key: &Value) -> Result<Option<SceneRow>> {
        let row = self.load(model, key);
        self.settle(row)
    }

    /// The row as a create proposes it.
    pub(crate) fn proposed(&self, model: &Model, document: &Document) -> SceneRow {
        let now = Value::DateTime(self.ctx.now.0);
        let values = model.fields.iter().map(|field| {
            if let Some(value) = sent(document, field.id) {
                return value.clone();
            }
            if Some(field.id) == model.created_at || Some(field.id) == model.updated_at {
                return now.clone();
            }
            if Some(field.id) == model.version {
                return Value::Int(1);
            }
            match &field.default {
                Some(FieldDefault::Value(value)) => value.clone(),
                Some(FieldDefault::Now) => now.clone(),
                Some(FieldDefault::Auth) => self.ctx.actor.id.clone(),
                None => Value::Null,
            }
        });
        let values: Vec<Value> = values.collect();
        let key = values[usize::from(model.key.0)].clone();
        SceneRow::new(model.id, key, values, false)
    }

    /// The row as an update leaves it.
    pub(crate) fn changed(&self, model: &Model, row: &SceneRow, document: &Document) -> SceneRow {
        let mut values = row.0.values.clone();
        let mut set = |field: FieldId, value: Value| values[usize::from(field.0)] = value;
        for (field, value) in &document.entries {
            if model.field(*field).has_column() {
                set(*field, value.clone());
            }
        }
        if !document.entries.is_empty() {
            if let Some(field) = model.updated_at {
                set(field, Value::DateTime(self.ctx.now.0));
            }
            if let Some(field) = model.version
                && let Value::Int(version) = row.value_of(field)
            {
                set(field, Value::Int(version + 1));
            }
        }
        SceneRow::new(row.model(), row.key().clone(), values, true)
    }

    /// Whether a predicate holds. `slots` are the values of the request.
    pub(crate) fn holds(
        &self,
        predicate: &Predicate,
        row: &SceneRow,
        next: Option<&SceneRow>,
        slots: &[Value],
    ) -> Result<bool> {
        let actor = |value: &ActorValue| self.actor_value(value);
        let holds = eval(predicate, &self.situation(row, next, &actor, slots));
        self.settle(holds)
    }

    /// Decides the clauses of a rule.
    pub(crate) fn trace<'c>(
        &self,
        clause: &'c Clause,
        row: &SceneRow,
        next: Option<&SceneRow>,
    ) -> Result<Trace<'c, SceneRow>> {
        let actor = |value: &ActorValue| self.actor_value(value);
        let traced = trace(clause, &self.situation(row, next, &actor, &[]));
        self.settle(traced)
    }

    fn situation<'s>(
        &'s self,
        row: &'s SceneRow,
        next: Option<&'s SceneRow>,
        actor: &'s dyn Fn(&ActorValue) -> Value,
        slots: &'s [Value],
    ) -> Situation<'s, Self> {
        Situation {
            schema: self.door.schema,
            rows: self,
            row,
            next,
            facts: self.folded.facts(),
            actor,
            now: self.ctx.now.0,
            slots,
        }
    }

    pub(crate) fn actor_value(&self, wanted: &ActorValue) -> Value {
        let actor = &self.ctx.actor;
        let text = |text: &str| Value::Text(text.to_owned());
        match wanted {
            ActorValue::Id => actor.id.clone(),
            ActorValue::Kind => text(actor.profile.kind.name()),
            ActorValue::Verified => Value::Bool(actor.verified),
            ActorValue::Claim(name) => actor.claims.get(name).map_or(Value::Null, |c| text(c)),
            ActorValue::UserField(field) => actor.user.get(field).cloned().unwrap_or(Value::Null),
            ActorValue::Ip => self.ctx.ip.map_or(Value::Null, |ip| Value::Text(ip.to_string())),
            ActorValue::Transport => text(self.ctx.transport),
        }
    }

    fn load(&self, model: ModelId, key: &Value) -> Option<SceneRow> {
        let scalar = key_scalar(self.door.schema.model(model));
        let place = (model, text_of(scalar, key));
        if let Some(known) = self.rows.borrow().get(&place) {
            return known.clone();
        }
        let values = self.kept(self.door.row(model, key)).flatten();
        let row = values.map(|values| SceneRow::new(model, key.clone(), values, true));
        self.rows.borrow_mut().insert(place, row.clone());
        row
    }

    /// Keeps a failure for whoever asked.
    fn kept<T>(&self, read: Result<T>) -> Option<T> {
        read.map_err(|error| self.failure.borrow_mut().get_or_insert(error).code()).ok()
    }

    fn settle<T>(&self, answer: T) -> Result<T> {
        match self.failure.borrow_mut().take() {
            Some(error) => Err(error),
            None => Ok(answer),
        }
    }
}

impl Rows for Scene<'_> {
    type Row = SceneRow;

    fn value(&self, row: &SceneRow, field: FieldId) -> Value {
        row.value_of(field).clone()
    }

    fn to_one(&self, row: &SceneRow, field: FieldId) -> Option<SceneRow> {
        let FieldKind::ToOne(to_one) = self.door.schema.field(row.model(), field).kind else {
            return None;
        };
        let key = row.value_of(field);
        if key.is_null() { None } else { self.load(to_one.target, key) }
    }

    fn related(&self, row: &SceneRow, field: FieldId) -> Vec<SceneRow> {
        // Nobody refers to a row that is not there yet.
        if !row.0.is_stored {
            return Vec::new();
        }
        let target = match &self.door.schema.field(row.model(), field).kind {
            FieldKind::ToMany(to_many) => to_many.target,
            FieldKind::ManyToMany(join) => join.target,
            _ => return Vec::new(),
        };
        let read = self.door.related((row.model(), row.key()), field);
        let rows = self.kept(read).unwrap_or_default();
        rows.into_iter().map(|(key, values)| SceneRow::new(target, key, values, true)).collect()
    }
}

/// What a document sets a field to.
pub(crate) fn sent(document: &Document, field: FieldId) -> Option<&Value> {
    document.entries.iter().find(|(set, _)| *set == field).map(|(_, value)| value)
}
