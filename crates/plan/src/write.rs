//! Authorizes writes: the only maker of [`AuthorizedWrite`].
//!
//! A write is planned for its shape, that is, for which fields are sent and not for their values,
//! so that plans can be kept. What can only be judged by the values or the actor's row is a
//! [`WriteTest`] in the plan, or is refused by [`validate`](crate::validate()).

use underpin_base::{Code, Error, Limits, Result};
use underpin_rules::{Predicate, Slot, Vars};
use underpin_schema::{
    Field, FieldDefault, FieldId, FieldKind, IdKind, Join, Locking, Model, ModelId, Scalar, Value,
};

use crate::selection::members;
use crate::validate::owning_field;
use crate::view::View;
use crate::{
    Assigned, AuthorizedWrite, Catalog, Folded, Link, LinkSide, Operation, RowTest, Rows,
    Selection, SlotType, Source, Unique, WriteKind, WritePlan, WriteRequest, WriteSlot, WriteTest,
};

/// What of a write decides its plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WriteShape {
    /// The model written.
    pub model: ModelId,
    /// What is done.
    pub operation: Operation,
    /// For a create under a relation: the parent's model and its relation.
    pub under: Option<(ModelId, FieldId)>,
    /// The fields sent, ascending.
    pub sent: Vec<FieldId>,
    /// Whether `If-Match` was sent.
    pub versioned: Versioned,
    /// Relations returned with the row.
    pub include: Vec<String>,
    /// What is returned of the row.
    pub fields: Option<Vec<String>>,
}

/// Whether a write names the version it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Versioned {
    /// `If-Match` was sent.
    Named,
    /// It was not.
    Any,
}

impl WriteShape {
    /// The shape of a request.
    #[must_use]
    pub fn of(request: &WriteRequest) -> Self {
        let mut sent: Vec<FieldId> =
            request.document.entries.iter().map(|(field, _)| *field).collect();
        sent.sort_unstable();
        sent.dedup();
        Self {
            model: request.model,
            operation: request.kind.operation(),
            under: request.kind.under(),
            sent,
            versioned: if request.if_version.is_some() { Versioned::Named } else { Versioned::Any },
            include: request.include.clone(),
            fields: request.fields.clone(),
        }
    }
}

impl WriteKind {
    /// What is done.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Create { .. } => Operation::Create,
            Self::Merge { .. } => Operation::Merge,
            Self::Replace { .. } => Operation::Replace,
            Self::Delete { .. } => Operation::Delete,
        }
    }

    /// The key of the row, when it is there already.
    #[must_use]
    pub fn key(&self) -> Option<&Value> {
        match self {
            Self::Create { .. } => None,
            Self::Merge { key } | Self::Replace { key } | Self::Delete { key } => Some(key),
        }
    }

    fn under(&self) -> Option<(ModelId, FieldId)> {
        match self {
            Self::Create { under: Some((model, field, _)) } => Some((*model, *field)),
            Self::Create { under: None }
            | Self::Merge { .. }
            | Self::Replace { .. }
            | Self::Delete { .. } => None,
        }
    }

    fn parent(&self) -> Value {
        match self {
            Self::Create { under: Some((_, _, key)) } => key.clone(),
            Self::Create { under: None }
            | Self::Merge { .. }
            | Self::Replace { .. }
            | Self::Delete { .. } => Value::Null,
        }
    }
}

impl WriteSlot {
    pub(crate) fn value(self, request: &WriteRequest, new_key: &Value) -> Value {
        match self {
            Self::Key => request.kind.key().cloned().unwrap_or(Value::Null),
            Self::NewKey => new_key.clone(),
            Self::Parent => request.kind.parent(),
            Self::ParentList => Value::List(vec![request.kind.parent()]),
            Self::Version => request.if_version.map_or(Value::Null, Value::Int),
            Self::Field(field) => {
                let entry = request.document.entries.iter().find(|(sent, _)| *sent == field);
                entry.map_or(Value::Null, |(_, value)| value.clone())
            }
            Self::EmptyList => Value::List(Vec::new()),
        }
    }
}

/// Plans a write of this shape under the rules of the profile that `folded` was made for.
///
/// # Errors
/// `FORBIDDEN`, or `UNAUTHENTICATED` for anonymous actors, when no rule ever allows the profile
/// the operation; `PRECONDITION_REQUIRED` when the model wants `If-Match`; as for a read for what
/// is returned.
pub fn authorize_write(
    catalog: &Catalog,
    folded: &Folded,
    shape: &WriteShape,
    limits: &Limits,
) -> Result<AuthorizedWrite> {
    let view = View { catalog, folded, limits };
    let model = view.model(shape.model);
    check_operation(view, shape)?;
    let mut planner = Planner {
        view,
        shape,
        model,
        slots: Vec::new(),
        values: Vec::new(),
        links: Vec::new(),
        vars: Vars::default(),
    };
    let key = planner.key();
    let parent = planner.parent()?;
    planner.assign(parent);
    let tests = planner.tests(parent);
    let reply = planner.reply()?;
    let uniques = planner.uniques();
    Ok(AuthorizedWrite(WritePlan {
        model: shape.model,
        operation: shape.operation,
        key,
        values: planner.values,
        links: planner.links,
        tests,
        slots: planner.slots,
        reply,
        uniques,
        actor: folded.profile().kind,
    }))
}

fn check_operation(view: View<'_>, shape: &WriteShape) -> Result<()> {
    let rules = view.rules(shape.model);
    let (rule, name) = match shape.operation {
        Operation::Create => (&rules.create, "create"),
        Operation::Merge | Operation::Replace => (&rules.update, "update"),
        Operation::Delete => (&rules.delete, "delete"),
    };
    if *rule == Predicate::False {
        return Err(view.denied(shape.model, name));
    }
    let model = view.model(shape.model);
    let wants_version = model.locking == Locking::Required && shape.operation != Operation::Create;
    if wants_version && shape.versioned == Versioned::Any {
        let message = format!("a write of `{}` must name the version it changes", model.plural);
        return Err(Error::new(Code::PreconditionRequired, message)
            .with_hint("send the row's `ETag` in `If-Match`"));
    }
    if shape.versioned == Versioned::Named && model.version.is_none() {
        let message = format!("`{}` has no versions", model.plural);
        return Err(Error::new(Code::InvalidHeader, message).with_parameter("If-Match"));
    }
    Ok(())
}

/// The relation under which a row is created.
#[derive(Clone, Copy)]
struct Under<'a> {
    model: ModelId,
    field: &'a Field,
    slot: Slot,
}

struct Planner<'a> {
    view: View<'a>,
    shape: &'a WriteShape,
    model: &'a Model,
    slots: Vec<WriteSlot>,
    values: Vec<(FieldId, Assigned)>,
    links: Vec<Link>,
    vars: Vars,
}

impl<'a> Planner<'a> {
    fn slot(&mut self, source: WriteSlot) -> Slot {
        let place = self.slots.iter().position(|known| *known == source).unwrap_or_else(|| {
            self.slots.push(source);
            self.slots.len() - 1
        });
        Slot(u16::try_from(place).expect("invariant: a model has fewer than 65,536 fields"))
    }

    /// Where the row's key is.
    fn key(&mut self) -> Option<Slot> {
        let key = self.model.key;
        let source = match self.shape.operation {
            Operation::Merge | Operation::Replace | Operation::Delete => WriteSlot::Key,
            Operation::Create if self.sends(key) => WriteSlot::Field(key),
            Operation::Create
                if SlotType::of_key(self.model).scalar() == Scalar::Id(IdKind::Int) =>
            {
                return None;
            }
            Operation::Create => WriteSlot::NewKey,
        };
        let slot = self.slot(source);
        if self.shape.operation == Operation::Create {
            self.values.push((key, Assigned::Slot(slot)));
        }
        Some(slot)
    }

    fn sends(&self, field: FieldId) -> bool {
        self.shape.sent.contains(&field)
    }

    /// The row in the path of a create.
    fn parent(&mut self) -> Result<Option<Under<'a>>> {
        let Some((model, relation)) = self.shape.under else {
            return Ok(None);
        };
        self.view.require_rows(model)?;
        let field = self.view.schema().field(model, relation);
        if !self.view.exists(model, field) {
            return Err(Error::not_found());
        }
        match &field.kind {
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => {
                let slot = self.slot(WriteSlot::Parent);
                Ok(Some(Under { model, field, slot }))
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => {
                let message = format!("no row can be created under `{}`", field.name);
                Err(Error::new(Code::MethodNotAllowed, message))
            }
        }
    }

    /// Decides what each column and each list is set to.
    fn assign(&mut self, parent: Option<Under<'a>>) {
        if let Some(parent) = parent {
            self.assign_parent(parent);
        }
        if self.shape.operation == Operation::Delete {
            return;
        }
        let model = self.model;
        for field in &model.fields {
            let taken = self.values.iter().any(|(set, _)| *set == field.id);
            if !taken && !kept_by_server(model, field.id) {
                self.assign_field(field);
            }
        }
        // A merge of nothing changes nothing, the version included.
        let idle = self.values.is_empty()
            && self.links.is_empty()
            && self.shape.operation == Operation::Merge;
        if !idle {
            self.assign_kept();
        }
    }

    fn assign_parent(&mut self, parent: Under<'a>) {
        match &parent.field.kind {
            FieldKind::ToMany(to_many) => {
                self.values.push((to_many.field, Assigned::Slot(parent.slot)));
            }
            FieldKind::ManyToMany(_) => {
                let slot = self.slot(WriteSlot::ParentList);
                self.links.push(Link {
                    model: parent.model,
                    field: parent.field.id,
                    side: LinkSide::Target,
                    slot,
                    // Whether the parent is visible is a test of its own.
                    condition: Predicate::True,
                });
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => unreachable!("invariant: the relation is to many"),
        }
    }

    fn assign_field(&mut self, field: &Field) {
        let sent = self.sends(field.id);
        let reset = match self.shape.operation {
            Operation::Create => true,
            Operation::Replace => self.view.is_replaced(self.model, field),
            Operation::Merge | Operation::Delete => false,
        };
        match &field.kind {
            FieldKind::ToMany(_) => {}
            FieldKind::ManyToMany(join) => {
                let source = if sent { WriteSlot::Field(field.id) } else { WriteSlot::EmptyList };
                if sent || (reset && self.shape.operation == Operation::Replace) {
                    self.link(field, join, source);
                }
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => {
                if sent {
                    let slot = self.slot(WriteSlot::Field(field.id));
                    self.values.push((field.id, Assigned::Slot(slot)));
                } else if reset {
                    self.reset(field);
                }
            }
        }
    }

    fn link(&mut self, field: &Field, join: &Join, source: WriteSlot) {
        let slot = self.slot(source);
        self.links.push(Link {
            model: self.model.id,
            field: field.id,
            side: LinkSide::Own,
            slot,
            condition: self.view.rules(join.target).read.clone(),
        });
    }

    fn reset(&mut self, field: &Field) {
        let value = match &field.default {
            Some(FieldDefault::Value(value)) => Assigned::Literal(value.clone()),
            Some(FieldDefault::Now) => Assigned::Now,
            Some(FieldDefault::Auth) => Assigned::ActorId,
            // Columns of a new row that are not named are null anyway.
            None if self.shape.operation == Operation::Create => return,
            None => Assigned::Literal(Value::Null),
        };
        self.values.push((field.id, value));
    }

    /// Timestamps and version.
    fn assign_kept(&mut self) {
        let create = self.shape.operation == Operation::Create;
        let created = self.model.created_at.filter(|_| create);
        for field in created.into_iter().chain(self.model.updated_at) {
            let value = if self.sends(field) {
                Assigned::Slot(self.slot(WriteSlot::Field(field)))
            } else {
                Assigned::Now
            };
            self.values.push((field, value));
        }
        if let Some(version) = self.model.version {
            let value = if create { Assigned::Literal(Value::Int(1)) } else { Assigned::Increment };
            self.values.push((version, value));
        }
    }

    /// What must hold, in the order in which a client is told what did not.
    fn tests(&mut self, parent: Option<Under<'a>>) -> Vec<WriteTest> {
        let stored = self.shape.operation != Operation::Create;
        let view = self.view;
        let rules = view.rules(self.model.id);
        let mut tests = Vec::new();
        if stored && rules.read != Predicate::True {
            tests.push(WriteTest::Readable(rules.read.clone()));
        }
        if let Some(parent) = parent {
            let guard = view.guard(parent.model, parent.field).clone();
            let rows = view.rules(parent.model).read.clone();
            tests.push(WriteTest::Parent(RowTest {
                model: parent.model,
                key: parent.slot,
                nullable: false,
                condition: Predicate::and([rows, guard]),
            }));
        }
        tests.extend(self.allowed().into_iter().map(WriteTest::Allowed));
        tests.extend(self.field_tests());
        if self.shape.versioned == Versioned::Named && stored {
            let slot = self.slot(WriteSlot::Version);
            tests.push(WriteTest::Version(slot));
        }
        tests.extend(self.references(parent));
        tests.extend(self.checks());
        tests
    }

    /// The rule of the operation; for an update, of the row as it was and as it becomes.
    fn allowed(&mut self) -> Vec<Predicate> {
        let rules = self.view.rules(self.model.id);
        let parts = match self.shape.operation {
            Operation::Create => vec![rules.create.clone()],
            Operation::Delete => vec![rules.delete.clone()],
            Operation::Merge | Operation::Replace if rules.update.names_next() => {
                vec![rules.update.clone()]
            }
            Operation::Merge | Operation::Replace => {
                let before = rules.update.clone();
                let mut parts = vec![before];
                if self.touches(&rules.update) {
                    parts.push(rules.update.after_image(self.model.id, &mut self.vars));
                }
                parts
            }
        };
        parts.into_iter().filter(|part| *part != Predicate::True).collect()
    }

    /// Whether a predicate over the row looks at a column that the write sets.
    fn touches(&self, predicate: &Predicate) -> bool {
        crate::reach::columns(predicate)
            .iter()
            .any(|column| self.values.iter().any(|(field, _)| field == column))
    }

    /// The rules of the fields that are sent.
    fn field_tests(&self) -> Vec<WriteTest> {
        let rules = &self.view.rules(self.model.id).fields;
        let under = self.shape.under;
        let under = under.and_then(|(model, field)| owning_field(self.view, model, field));
        let sent = self.shape.sent.iter().copied().chain(under);
        sent.map(|field| (field, &rules[usize::from(field.0)].write))
            .filter(|(_, rule)| **rule != Predicate::True)
            .map(|(field, rule)| WriteTest::Field(field, rule.clone()))
            .collect()
    }

    /// That each row referred to is there for the actor.
    fn references(&self, parent: Option<Under<'a>>) -> Vec<WriteTest> {
        let mut tests = Vec::new();
        for (id, value) in &self.values {
            let field = self.model.field(*id);
            let (FieldKind::ToOne(to_one), Assigned::Slot(slot)) = (&field.kind, value) else {
                continue;
            };
            if parent.is_some_and(|parent| parent.slot == *slot) {
                continue;
            }
            let test = RowTest {
                model: to_one.target,
                key: *slot,
                nullable: field.nullable,
                condition: self.view.rules(to_one.target).read.clone(),
            };
            tests.push(WriteTest::Reference(*id, test));
        }
        tests
    }

    /// The invariants that the change may break.
    fn checks(&mut self) -> Vec<WriteTest> {
        if self.shape.operation == Operation::Delete {
            return Vec::new();
        }
        let create = self.shape.operation == Operation::Create;
        let mut tests = Vec::new();
        for (predicate, message) in self.view.checks(self.model.id) {
            if create {
                tests.push(WriteTest::Check(predicate.clone(), message.to_owned()));
            } else if self.touches(predicate) {
                let after = predicate.after_image(self.model.id, &mut self.vars);
                tests.push(WriteTest::Check(after, message.to_owned()));
            }
        }
        tests
    }

    fn reply(&self) -> Result<Option<Selection>> {
        let read = &self.view.rules(self.model.id).read;
        if self.shape.operation == Operation::Delete || *read == Predicate::False {
            return Ok(None);
        }
        let members =
            members(self.view, self.model.id, self.shape.fields.as_deref(), &self.shape.include)?;
        Ok(Some(Selection {
            model: self.model.id,
            source: Source::Key,
            condition: read.clone(),
            members,
            sort: Vec::new(),
            cursor_shape: 0,
            rows: Rows::One,
        }))
    }

    /// The unique keys with a column that is set.
    fn uniques(&self) -> Vec<Unique> {
        let sets = |field: &FieldId| self.values.iter().any(|(set, _)| set == field);
        let told = |fields: &[FieldId]| {
            fields.iter().all(|field| {
                *self.view.guard(self.model.id, self.model.field(*field)) == Predicate::True
            })
        };
        let mut uniques = Vec::new();
        if sets(&self.model.key) {
            let fields = vec![self.model.key];
            uniques.push(Unique { index: None, told: told(&fields), fields });
        }
        for index in self.model.indexes.iter().filter(|index| index.unique) {
            let fields: Vec<FieldId> = index.columns.iter().map(|column| column.field).collect();
            if fields.iter().any(sets) {
                let told = told(&fields);
                uniques.push(Unique { index: Some(index.name.clone()), fields, told });
            }
        }
        uniques
    }
}

/// Whether the server keeps the field: timestamps and version.
pub(crate) fn kept_by_server(model: &Model, field: FieldId) -> bool {
    [model.created_at, model.updated_at, model.version].contains(&Some(field))
}
