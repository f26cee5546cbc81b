//! Several writes as one: all of them are done, or none.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use underpin_base::{Code, Error, Result};
use underpin_plan::{Actor, Document, Operation, Operator, WriteKind, WriteRequest};
use underpin_schema::{FieldId, FieldKind, IdKind, Model, Scalar, Value};
use underpin_store::{Earlier, Failure, Step};
use uuid::Uuid;

use crate::standing;
use crate::writes::WritePlan;
use crate::{App, Context, Engine, Standing, SystemQuery, SystemWrite, WriteReply, users, writes};

/// Writes that will be done together. Each is authorized and checked when it is added, against the
/// rows as they are when the transaction runs.
pub struct Transaction<'a> {
    engine: &'a Engine,
    steps: Vec<Step>,
    writes: Vec<Added<'a>>,
    /// The steps that hold an actor's standing against the database.
    standings: Vec<usize>,
    /// The steps that find somebody who may do everything.
    guards: Vec<usize>,
    changes_authority: bool,
}

/// A write that was added, for the answer.
struct Added<'a> {
    model: &'a Model,
    key: Value,
    operation: Operation,
    /// Its place among the steps.
    step: usize,
}

/// A row that a transaction will make or change.
#[derive(Debug, Clone)]
pub struct Made {
    key: Value,
    text: String,
    /// Its place among the writes.
    place: usize,
}

impl Made {
    /// The key of a row of a model of ours.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match self.key {
            Value::Uuid(id) => id,
            _ => unreachable!("invariant: rows of our own have UUIDs"),
        }
    }

    /// The key as text; a stand-in where the database has yet to make it.
    pub(crate) fn text(&self) -> Value {
        Value::Text(self.text.clone())
    }
}

/// Why nothing of a transaction was done.
#[derive(Debug)]
pub struct Aborted {
    /// Which of the writes failed, counted as they were added; `None` when it was none of them.
    pub place: Option<usize>,
    /// What its client is told.
    pub error: Error,
}

impl From<Aborted> for Error {
    fn from(aborted: Aborted) -> Self {
        aborted.error
    }
}

impl<'a> Transaction<'a> {
    /// Of nothing yet.
    #[must_use]
    pub fn new(engine: &'a Engine) -> Self {
        Self {
            engine,
            steps: Vec::new(),
            writes: Vec::new(),
            standings: Vec::new(),
            guards: Vec::new(),
            changes_authority: false,
        }
    }

    /// Adds a write of rows of the application by an actor, whose standing is held against the
    /// database in the same transaction.
    ///
    /// # Errors
    /// Whatever can be said before the rows are looked at; see the error table.
    pub async fn write(
        &mut self,
        app: &'a App,
        ctx: &Context,
        request: &WriteRequest,
    ) -> Result<Made> {
        if let Some(standing) = ctx.standing.as_deref() {
            self.require(standing)?;
        }
        let made = self.add(app, ctx, request)?;
        if self.engine.is_account_model(app, request.model) {
            users::keep_own_address(app.schema().model(request.model), &ctx.actor, request)?;
            // What rules say of the actor's own row may come out otherwise from here on.
            self.changes_authority = true;
            if matches!(request.kind, WriteKind::Delete { .. }) {
                self.end_account(&made).await?;
            }
        }
        Ok(made)
    }

    /// Adds the row of the account model that somebody makes to act as it from then on: with the
    /// fields that it sent, and those that the server gives. Who creates such rows otherwise is not
    /// asked; every other rule holds for it as the user that it becomes, without roles. Where the
    /// database makes the keys, a rule that compares with the user's own key does not hold yet.
    ///
    /// # Errors
    /// `NOT_FOUND` when the schema has no account model; whatever is wrong with what was sent.
    pub fn register(
        &mut self,
        app: &'a App,
        document: Document,
        given: Vec<(FieldId, Value)>,
    ) -> Result<Made> {
        let engine = self.engine;
        let model = app.schema().account_model().ok_or_else(Error::not_found)?;
        let mut fields: Vec<FieldId> = given.iter().map(|(field, _)| *field).collect();
        let lens = engine.lens_for_registration(app, (model.id, &fields));
        let mut request = WriteRequest {
            model: model.id,
            kind: WriteKind::Create { under: None },
            document,
            if_version: None,
            include: Vec::new(),
            fields: None,
        };
        underpin_plan::validate_registration(app.catalog(), &lens.folded, &request, &fields)?;
        request.document.entries.extend(given);
        let key = match model.key_field().kind {
            FieldKind::Scalar(Scalar::Id(IdKind::Uuid)) => {
                let key = Value::Uuid(engine.request_id());
                request.document.entries.push((model.key, key.clone()));
                fields.push(model.key);
                key
            }
            _ => Value::Null,
        };
        let mut actor = Actor::user(key, []);
        actor.user = request.document.entries.iter().cloned().collect();
        let ctx = Context { actor: Arc::new(actor), ..engine.service_context() };
        let plan = engine.registration_plan(app, &lens, &request)?;
        Ok(self.push(&plan, model, (&ctx, &request)))
    }

    /// Adds a write of rows of our own.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` for values that a field cannot have.
    pub fn system(&mut self, write: &SystemWrite) -> Result<Made> {
        let app = self.engine.system();
        let request = write.request(app.schema());
        let made = self.add(app, &self.engine.service_context(), &request)?;
        let unknown = write.keys.iter().filter(|(_, earlier)| earlier.key == Value::Null);
        for (field, earlier) in unknown {
            self.link(app, &request, (field, earlier));
        }
        Ok(made)
    }

    /// Says that the transaction ends or changes what somebody may do: once it is committed, who
    /// asks is looked up anew for every request.
    pub fn changes_authority(&mut self) {
        self.changes_authority = true;
    }

    /// Adds that an actor must stand as it did.
    ///
    /// # Errors
    /// `INTERNAL` for a defect.
    pub fn require(&mut self, standing: &Standing) -> Result<()> {
        self.standings.push(self.steps.len());
        self.steps.push(Step::Require(standing::job(self.engine, standing)?));
        Ok(())
    }

    /// Adds the end of the account whose row goes, and of all that belongs to it.
    async fn end_account(&mut self, row: &Made) -> Result<()> {
        #[derive(Deserialize)]
        struct Row {
            id: Uuid,
        }
        let conditions = [("subject", Operator::Eq, row.text.as_str())];
        let found = self.engine.system_find::<Row>(SystemQuery::new("Account", &conditions));
        if let Some(account) = found.await? {
            self.system(&SystemWrite::delete("Account", account.id))?;
            self.keep_administrator().await?;
        }
        Ok(())
    }

    /// Adds that after the writes so far somebody remains who may do everything, where there is
    /// somebody now. It is looked at when the transaction runs, so that of several that would each
    /// leave one, together none, the last fails: `LAST_ADMINISTRATOR`.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE`.
    pub async fn keep_administrator(&mut self) -> Result<()> {
        let query = SystemQuery::new("Account", standing::ADMINISTRATORS);
        if self.engine.system_find::<IgnoredAny>(query).await?.is_some() {
            self.guards.push(self.steps.len());
            self.require_row(query)?;
        }
        Ok(())
    }

    /// Adds that a question must find something when the transaction runs.
    ///
    /// # Errors
    /// `INTERNAL` for a question that cannot be asked.
    pub fn require_row(&mut self, query: SystemQuery<'_>) -> Result<()> {
        self.steps.push(Step::Require(self.engine.system_job(&query)?));
        Ok(())
    }

    fn add(&mut self, app: &'a App, ctx: &Context, request: &WriteRequest) -> Result<Made> {
        let plan = self.engine.write_plan(app, ctx, request)?;
        Ok(self.push(&plan, app.schema().model(request.model), (ctx, request)))
    }

    fn push(
        &mut self,
        plan: &WritePlan,
        model: &'a Model,
        (ctx, request): (&Context, &WriteRequest),
    ) -> Made {
        let engine = self.engine;
        let (job, key) = plan.prepare(engine.surroundings(ctx, model), request);
        self.steps.push(Step::Write(job));
        let text = if key == Value::Null { "0".to_owned() } else { writes::text_of(model, &key) };
        let place = self.writes.len();
        let operation = request.kind.operation();
        let step = self.steps.len() - 1;
        self.writes.push(Added { model, key: key.clone(), operation, step });
        Made { key, text, place }
    }

    /// Has a field filled in with a key that the database makes in an earlier step.
    fn link(&mut self, app: &App, request: &WriteRequest, (field, earlier): (&str, &Made)) {
        let engine = self.engine;
        let model = app.schema().model(request.model);
        let plan = engine
            .write_plan(app, &engine.service_context(), request)
            .expect("invariant: it was planned a moment ago");
        let field = *model.by_field.get(field).expect("invariant: our own schema has the field");
        let slot = plan.slot_of(field).expect("invariant: a field that is set has a slot");
        if let Some(Step::Write(job)) = self.steps.last_mut() {
            job.earlier.push(Earlier { slot, write: earlier.place });
        }
    }

    /// Does all of it; returns once it is durable.
    ///
    /// # Errors
    /// The first write that does not hold, or that the store cannot write. Nothing was done then.
    /// `UNAUTHENTICATED` when an actor no longer stands as it did.
    pub async fn commit(self) -> Result<Vec<WriteReply>, Aborted> {
        let Self { engine, steps, writes, standings, guards, changes_authority } = self;
        match engine.store().transact(steps).await {
            Ok(outcomes) => {
                if changes_authority {
                    engine.note_authority_change();
                }
                let replies = outcomes.into_iter().zip(writes).map(|(outcome, added)| {
                    writes::reply(outcome, added.model, (added.key, added.operation))
                });
                Ok(replies.collect())
            }
            Err(failure) if guards.contains(&failure.step) && is_absent(&failure) => {
                Err(Aborted { place: None, error: standing::last_administrator() })
            }
            Err(failure) => Err(aborted(failure, &writes, &standings)),
        }
    }
}

fn is_absent(failure: &Failure) -> bool {
    failure.error.code() == Code::NotFound
}

fn aborted(failure: Failure, writes: &[Added<'_>], standings: &[usize]) -> Aborted {
    if is_absent(&failure) && standings.contains(&failure.step) {
        return Aborted { place: None, error: standing::lost() };
    }
    let place = writes.iter().position(|added| added.step == failure.step);
    match place {
        Some(place) => {
            let added = &writes[place];
            let error = writes::named(failure.error, added.model, added.operation);
            Aborted { place: Some(place), error }
        }
        None => Aborted { place: None, error: failure.error },
    }
}
