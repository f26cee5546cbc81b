//! Reads: from a shape and its values to JSON rows.
//!
//! ```text
//! shape → plan (kept, or authorized and compiled) → values into slots → store → page links
//! ```

use std::sync::Arc;

use underpin_base::{Code, Error, Limits, Result};
use underpin_plan::{Catalog, Paging, ReadRequest, SlotType, Target};
use underpin_rules::ActorValue;
use underpin_schema::{Schema, Value};
use underpin_sql::{BindSource, Codec, Dialect, Inputs, ReadProgram, Select, Statement};
use underpin_store::{ReadCost, ReadJob, ReadOutcome, Seal, Store};

use crate::cursor::{Cursors, Direction};
use crate::plans::{Footprint, Lens};
use crate::{Context, PageLinks, ReadCall, ReadReply};

/// A read, compiled for one profile.
pub(crate) struct ReadPlan {
    program: Arc<ReadProgram>,
    slots: Vec<SlotType>,
    actor_values: Vec<ActorValue>,
    cursor_codecs: Vec<Codec>,
    is_list: bool,
    paging: Paging,
    cost: ReadCost,
    bytes: usize,
}

impl ReadPlan {
    /// Authorizes and compiles a request.
    ///
    /// # Errors
    /// Whatever `plan` refuses.
    pub(crate) fn make(
        catalog: &Catalog,
        lens: &Lens,
        request: &ReadRequest,
        limits: &Limits,
    ) -> Result<Self> {
        let authorized = underpin_plan::authorize_read(catalog, &lens.folded, request, limits)?;
        let program = underpin_sql::read(catalog, &authorized, Dialect::Sqlite);
        Ok(Self {
            slots: authorized.slots().to_vec(),
            actor_values: actor_values_of_read(&program),
            cursor_codecs: program.root.cursor.iter().map(|column| column.codec).collect(),
            is_list: !matches!(request.target, Target::Item(_)),
            paging: request.page.paging,
            cost: ReadCost::default(),
            bytes: size_of::<Self>() + bytes_of_read(&program) + size_of_val(authorized.slots()),
            program: Arc::new(program),
        })
    }

    /// The values of one execution.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`, `INVALID_FILTER`, `NOT_FOUND` for a key that cannot be one, and
    /// `INVALID_CURSOR`.
    pub(crate) fn inputs(
        &self,
        schema: &Schema,
        ctx: &Context,
        (call, page): (&ReadCall<'_>, &Page),
        cursors: &Cursors,
    ) -> Result<Inputs> {
        debug_assert_eq!(self.slots.len(), call.values.len(), "a shape decides its values");
        let mut slots = Vec::with_capacity(call.values.len());
        for (slot, raw) in self.slots.iter().zip(call.values) {
            slots.push(slot.parse(*raw, schema)?);
        }
        let direction = match self.paging {
            Paging::First | Paging::Offset => None,
            Paging::After => Some(Direction::After),
            Paging::Before => Some(Direction::Before),
        };
        let cursor = match (direction, call.cursor) {
            (Some(direction), Some(text)) => {
                let shape = self.program.root.cursor_shape;
                cursors.open(direction, shape, &self.cursor_codecs, text)?
            }
            _ => Vec::new(),
        };
        Ok(Inputs {
            slots,
            actor: bind_actor(&self.actor_values, ctx),
            now: ctx.now.0,
            limit: page.limit,
            offset: page.offset,
            cursor,
        })
    }

    /// The read as the store does it.
    pub(crate) fn job(&self, inputs: Inputs, cursors: &Arc<Cursors>) -> ReadJob {
        let seal: Arc<dyn Seal> = Arc::<Cursors>::clone(cursors);
        ReadJob { program: Arc::clone(&self.program), inputs, seal }
    }

    /// Executes the program: at once on this thread when it is known to be quick, on a reader
    /// thread of its own when it proved slow, so that it holds up nobody else.
    ///
    /// # Errors
    /// `QUERY_TIMEOUT`, `STORAGE_UNAVAILABLE`, `OVERLOADED`.
    pub(crate) async fn execute(
        &self,
        store: &Store,
        inputs: Inputs,
        cursors: &Arc<Cursors>,
        out: &mut Vec<u8>,
    ) -> Result<ReadOutcome> {
        let job = self.job(inputs, cursors);
        store.read_adaptive(&job, &self.cost, out).await
    }

    /// What the transport is told besides the rows.
    ///
    /// # Errors
    /// `NOT_FOUND` when the item or the parent is absent or hidden.
    pub(crate) fn reply(
        &self,
        outcome: &ReadOutcome,
        page: &Page,
        cursors: &Cursors,
    ) -> Result<ReadReply> {
        if !outcome.found {
            return Err(Error::not_found());
        }
        let (n_rows, n_statements) = (outcome.n_rows, outcome.n_statements);
        let version = outcome.version;
        let links = self.is_list.then(|| self.links(outcome, page, cursors));
        Ok(ReadReply { n_rows, version, page: links, n_statements })
    }

    fn links(&self, outcome: &ReadOutcome, page: &Page, cursors: &Cursors) -> PageLinks {
        // Reading backwards, `has_more` speaks of the rows before the page; the row the cursor
        // named follows it. With an offset the number of the page is the way to the next one, and
        // a cursor works as well.
        let (follows, precedes) = match self.paging {
            Paging::First => (outcome.has_more, false),
            Paging::After => (outcome.has_more, true),
            Paging::Before => (true, outcome.has_more),
            Paging::Offset => (outcome.has_more, page.offset > 0),
        };
        let shape = self.program.root.cursor_shape;
        let cursor = |wanted: bool, direction, values: &[Value]| {
            (wanted && outcome.n_rows > 0).then(|| cursors.text(direction, shape, values))
        };
        PageLinks {
            limit: page.limit,
            has_more: follows,
            next_cursor: cursor(follows, Direction::After, &outcome.last),
            previous_cursor: cursor(precedes, Direction::Before, &outcome.first),
            page: page.number,
            total: outcome.total,
        }
    }
}

impl Footprint for ReadPlan {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The part of a list that is wanted.
pub(crate) struct Page {
    limit: u32,
    offset: u32,
    number: Option<u32>,
}

impl Page {
    /// Checks what the client asked against the limits.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`.
    pub(crate) fn of(call: &ReadCall<'_>, limits: &Limits) -> Result<Self> {
        let limit = call.limit.unwrap_or(limits.page_rows_default);
        if limit == 0 || limit > limits.page_rows_max {
            let most = limits.page_rows_max;
            return Err(invalid("limit", format!("`limit` must be from 1 to {most}")));
        }
        let Some(number) = call.page else {
            return Ok(Self { limit, offset: 0, number: None });
        };
        let offset = u64::from(number).checked_sub(1).map(|before| before * u64::from(limit));
        match offset.and_then(|offset| u32::try_from(offset).ok()) {
            Some(offset) if offset <= limits.offset_rows_max => {
                Ok(Self { limit, offset, number: Some(number) })
            }
            Some(_) | None if number > 0 => Err(invalid(
                "page",
                format!("`page` may skip at most {} rows", limits.offset_rows_max),
            )
            .with_hint(
                "use `cursor` to read on from here: it is as fast on the last page as on the first",
            )),
            _ => Err(invalid("page", "`page` counts from 1".to_owned())),
        }
    }
}

fn invalid(parameter: &str, message: String) -> Error {
    Error::new(Code::InvalidParameter, message).with_parameter(parameter)
}

/// The values of the actor that statements ask for.
pub(crate) fn bind_actor(wanted: &[ActorValue], ctx: &Context) -> Vec<(ActorValue, Value)> {
    wanted.iter().map(|value| (value.clone(), actor_value(value, ctx))).collect()
}

fn actor_value(wanted: &ActorValue, ctx: &Context) -> Value {
    let actor = &ctx.actor;
    let text = |text: &str| Value::Text(text.to_owned());
    match wanted {
        ActorValue::Id => actor.id.clone(),
        ActorValue::Kind => text(actor.profile.kind.name()),
        ActorValue::Verified => Value::Bool(actor.verified),
        ActorValue::Claim(name) => actor.claims.get(name).map_or(Value::Null, |claim| text(claim)),
        ActorValue::UserField(field) => actor.user.get(field).cloned().unwrap_or(Value::Null),
        ActorValue::Ip => ctx.ip.map_or(Value::Null, |ip| Value::Text(ip.to_string())),
        ActorValue::Transport => text(ctx.transport),
    }
}

fn actor_values_of_read(program: &ReadProgram) -> Vec<ActorValue> {
    let mut values = Vec::new();
    for statement in program.parent.iter().chain(&program.count) {
        collect_actor_values(statement, &mut values);
    }
    collect_of_select(&program.root, &mut values);
    values
}

pub(crate) fn collect_of_select(select: &Select, values: &mut Vec<ActorValue>) {
    collect_actor_values(&select.statement, values);
    for output in &select.outputs {
        if let underpin_sql::Output::Relation { select, .. } = output {
            collect_of_select(select, values);
        }
    }
}

/// Adds what the statement asks of the actor and is not in `values` yet.
pub(crate) fn collect_actor_values(statement: &Statement, values: &mut Vec<ActorValue>) {
    for bind in &statement.binds {
        if let BindSource::Actor(value) = &bind.source
            && !values.contains(value)
        {
            values.push(value.clone());
        }
    }
}

fn bytes_of_read(program: &ReadProgram) -> usize {
    let others = program.parent.iter().chain(&program.count).map(bytes_of_statement);
    bytes_of_select(&program.root) + others.sum::<usize>()
}

/// What a select takes in memory, its relations included.
pub(crate) fn bytes_of_select(select: &Select) -> usize {
    let outputs = select.outputs.iter().map(|output| match output {
        underpin_sql::Output::Column { label, .. } => label.len(),
        underpin_sql::Output::Relation { name, select, .. } => name.len() + bytes_of_select(select),
    });
    let own = size_of_val(select) + size_of_val(select.outputs.as_slice());
    own + bytes_of_statement(&select.statement) + outputs.sum::<usize>()
}

/// What a statement takes in memory.
pub(crate) fn bytes_of_statement(statement: &Statement) -> usize {
    statement.text.len() + size_of_val(statement.binds.as_slice())
}
