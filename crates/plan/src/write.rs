//! Authorizes writes: the only maker of [`AuthorizedWrite`].
//!
//! A write is planned for its shape, that is, for which fields are sent and not for their values,
//! so that plans can be kept. What can only be judged by the values or the actor's row is a
//! [`WriteTest`] in the plan, or is refused by [`validate`](crate::validate()).

mod demand;

use underpin_base::{Code, Error, Limits, Result};
use underpin_rules::{Predicate, Slot, Vars};
use underpin_schema::{
    Field, FieldDefault, FieldId, FieldKind, IdKind, Join, Locking, Model, ModelId, Scalar, Value,
};

use crate::selection::members;
use crate::view::View;
use crate::{
    Assigned, AuthorizedWrite, Catalog, Folded, Link, LinkSide, Operation, Rows, Selection,
    SlotType, Source, Unique, Versioned, WritePlan, WriteShape, WriteSlot,
};

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
    view.require_operation(shape.model, shape.operation)?;
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
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) if self.sets_by_path(field) => {
                let slot = self.slot(WriteSlot::Parent);
                Ok(Some(Under { model, field, slot }))
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_)
            | FieldKind::ToMany(_)
            | FieldKind::ManyToMany(_) => {
                let message = format!("no row can be created under `{}`", field.name);
                Err(Error::new(Code::MethodNotAllowed, message))
            }
        }
    }

    /// Whether the actor sets a relation of the row in the path: a path sets it no less than a
    /// body does.
    fn sets_by_path(&self, relation: &Field) -> bool {
        let kept = match &relation.kind {
            FieldKind::ToMany(to_many) => {
                let owner = self.model.field(to_many.field);
                owner.readonly || owner.hidden
            }
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_)
            | FieldKind::ManyToMany(_) => false,
        };
        self.view.folded.is_service() || !(kept || relation.readonly)
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
                // A list that was not sent stays as it is: it may be longer than a client reads.
                if sent {
                    self.link(field, join);
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

    fn link(&mut self, field: &Field, join: &Join) {
        let slot = self.slot(WriteSlot::Field(field.id));
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
        // The row that has the values already may be one that the actor does not see.
        let rules = &self.view.rules(self.model.id).fields;
        let told = |fields: &[FieldId]| {
            fields.iter().all(|field| rules[usize::from(field.0)].read == Predicate::True)
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
