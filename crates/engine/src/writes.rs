//! Writes: from a request to one durable change.
//!
//! ```text
//! values checked → plan (kept, or authorized and compiled) → values into slots → store → reply
//! ```

use std::sync::Arc;

use underpin_base::{Code, Error, Ids, Limits, Result};
use underpin_plan::{AuthorizedWrite, Catalog, Operation, WriteRequest, WriteShape, WriteSlot};
use underpin_rules::ActorValue;
use underpin_schema::{FieldId, FieldKind, IdKind, Model, Scalar, Value};
use underpin_sql::{Dialect, Inputs, WriteProgram};
use underpin_store::{Seal, WriteJob, WriteOutcome};

use crate::cursor::Cursors;
use crate::plans::{Footprint, Lens};
use crate::reads::{
    bind_actor, bytes_of_select, bytes_of_statement, collect_actor_values, collect_of_select,
};
use crate::{Context, WriteReply};

/// A write, compiled for one profile.
pub(crate) struct WritePlan {
    authorized: AuthorizedWrite,
    program: Arc<WriteProgram>,
    actor_values: Vec<ActorValue>,
    bytes: usize,
}

impl WritePlan {
    /// Authorizes and compiles a request.
    ///
    /// # Errors
    /// Whatever `plan` refuses.
    pub(crate) fn make(
        catalog: &Catalog,
        lens: &Lens,
        shape: &WriteShape,
        limits: &Limits,
    ) -> Result<Self> {
        let authorized = underpin_plan::authorize_write(catalog, &lens.folded, shape, limits)?;
        let program = underpin_sql::write(catalog, &authorized, Dialect::Sqlite);
        let actor_values = actor_values(&program);
        let bytes = size_of::<Self>() + bytes_of_write(&program);
        Ok(Self { authorized, program: Arc::new(program), actor_values, bytes })
    }

    /// The write as the store does it, with the key of the row; that of a new row is null where the
    /// database makes it.
    pub(crate) fn prepare(
        &self,
        surroundings: Surroundings<'_>,
        request: &WriteRequest,
    ) -> (WriteJob, Value) {
        let Surroundings { ctx, model, ids, cursors } = surroundings;
        let new_key = new_key(model, request, ids, ctx);
        let inputs = Inputs {
            slots: self.authorized.bind(request, &new_key),
            actor: bind_actor(&self.actor_values, ctx),
            now: ctx.now.0,
            limit: 0,
            offset: 0,
            cursor: Vec::new(),
        };
        let seal: Arc<dyn Seal> = Arc::<Cursors>::clone(cursors);
        let program = Arc::clone(&self.program);
        let key = request.kind.key().cloned().unwrap_or(new_key);
        (WriteJob { program, inputs, seal, earlier: Vec::new() }, key)
    }

    /// The slot that the value of a field is in.
    pub(crate) fn slot_of(&self, field: FieldId) -> Option<usize> {
        self.authorized.plan().slots.iter().position(|slot| *slot == WriteSlot::Field(field))
    }
}

/// What is told of a write that was done. `key` is what [`WritePlan::prepare`] returned.
pub(crate) fn reply(
    outcome: WriteOutcome,
    model: &Model,
    (key, operation): (Value, Operation),
) -> WriteReply {
    let key = outcome.key.unwrap_or(key);
    WriteReply {
        row: row_or_key(outcome.row, model, &key, operation),
        key: text_of(model, &key),
        version: outcome.version,
        n_statements: outcome.n_statements,
    }
}

impl Footprint for WritePlan {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A refusal that the store makes without knowing of models, with what was refused.
pub(crate) fn named(error: Error, model: &Model, operation: Operation) -> Error {
    if !error.details().fields.is_empty() {
        return error;
    }
    let verb = match operation {
        Operation::Create => "create",
        Operation::Merge | Operation::Replace => "update",
        Operation::Delete => "delete",
    };
    let message = match (error.code(), operation) {
        (Code::Forbidden, _) => format!("you may not {verb} `{}`", model.plural),
        (Code::ReferenceConflict, Operation::Delete) => {
            "other rows still refer to the row".to_owned()
        }
        (Code::ReferenceConflict, _) => "a reference names a row that does not exist".to_owned(),
        _ => return error,
    };
    Error::new(error.code(), message).with_source(error)
}

/// What a write needs besides its plan and request.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) ctx: &'a Context,
    pub(crate) model: &'a Model,
    pub(crate) ids: &'a Ids,
    pub(crate) cursors: &'a Arc<Cursors>,
}

/// The key of the row to be created; null when the database makes it, and for other writes.
fn new_key(model: &Model, request: &WriteRequest, ids: &Ids, ctx: &Context) -> Value {
    if request.kind.operation() != Operation::Create {
        return Value::Null;
    }
    // Seeds and imports bring keys of their own, and text keys always come from the client.
    let sent = request.document.entries.iter().find(|(field, _)| *field == model.key);
    match (sent, key_kind(model)) {
        (Some((_, key)), _) => key.clone(),
        (None, IdKind::Uuid) => Value::Uuid(ids.next(ctx.now)),
        (None, IdKind::Int | IdKind::String) => Value::Null,
    }
}

fn key_kind(model: &Model) -> IdKind {
    match model.key_field().kind {
        FieldKind::Scalar(Scalar::Id(kind)) => kind,
        _ => unreachable!("invariant: a key is an ID"),
    }
}

pub(crate) fn text_of(model: &Model, key: &Value) -> String {
    let mut text = Vec::with_capacity(36);
    Scalar::Id(key_kind(model)).write_text(key, &mut text);
    String::from_utf8(text).expect("invariant: a key's text is UTF-8")
}

/// The row; of one that the actor may not read, the key alone.
fn row_or_key(row: Vec<u8>, model: &Model, key: &Value, done: Operation) -> Vec<u8> {
    if !row.is_empty() || done == Operation::Delete {
        return row;
    }
    let mut object = b"{\"id\":".to_vec();
    Scalar::Id(key_kind(model)).write_json(key, &mut object);
    object.push(b'}');
    object
}

fn actor_values(program: &WriteProgram) -> Vec<ActorValue> {
    let mut values = Vec::new();
    collect_actor_values(&program.main, &mut values);
    collect_actor_values(&program.explain, &mut values);
    for link in &program.links {
        for statement in link.clear.iter().chain([&link.add]) {
            collect_actor_values(statement, &mut values);
        }
    }
    if let Some(reply) = &program.reply {
        collect_of_select(reply, &mut values);
    }
    values
}

fn bytes_of_write(program: &WriteProgram) -> usize {
    let links = program.links.iter().map(|link| {
        bytes_of_statement(&link.add) + link.clear.as_ref().map_or(0, bytes_of_statement)
    });
    let reply = program.reply.as_ref().map_or(0, bytes_of_select);
    bytes_of_statement(&program.main)
        + bytes_of_statement(&program.explain)
        + links.sum::<usize>()
        + reply
}
