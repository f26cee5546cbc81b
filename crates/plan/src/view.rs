//! The schema as one profile sees it: which names exist, and which rows and fields are guarded.
//!
//! Naming a field is reading it. Whatever a request names, to return it, to compare it or to sort
//! by it, is looked up here; what the profile can never read is not found, like what does not
//! exist.

use underpin_base::{Code, Error, Limits, Result};
use underpin_rules::{Base, Operand, Path, Predicate, Root, Vars, Visible, VisibleField};
use underpin_schema::{Field, FieldId, FieldKind, Model, ModelId, Scalar, Schema, nearest};

use crate::selection::target;
use crate::{ActorKind, Catalog, Folded, FoldedModel, Operation, SlotType};

/// A catalog through the eyes of a profile.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) folded: &'a Folded,
    pub(crate) limits: &'a Limits,
}

/// A field that a path leads to.
pub(crate) struct Found<'a> {
    pub(crate) field: &'a Field,
    /// The field's value, null where it may not be read.
    pub(crate) operand: Operand,
    pub(crate) nullable: bool,
}

/// Where a path has come to.
#[derive(Clone)]
pub(crate) struct Spot {
    pub(crate) base: Base,
    /// The model of the row there.
    pub(crate) model: ModelId,
    /// When the actor may see everything on the way.
    pub(crate) guard: Predicate,
    /// Relations followed so far.
    pub(crate) n_relations: usize,
}

/// Which part of a request names something.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Parameter<'a> {
    Fields,
    Include,
    Sort,
    Condition(&'a str),
}

impl Parameter<'_> {
    fn name(self) -> String {
        match self {
            Self::Fields => "fields".to_owned(),
            Self::Include => "include".to_owned(),
            Self::Sort => "sort".to_owned(),
            Self::Condition(parameter) => parameter.to_owned(),
        }
    }

    /// A refusal of this part.
    pub(crate) fn refuse(self, code: Code, message: impl Into<String>) -> Error {
        Error::new(code, message).with_parameter(self.name())
    }
}

impl<'a> View<'a> {
    pub(crate) fn schema(self) -> &'a Schema {
        &self.catalog.schema
    }

    pub(crate) fn model(self, id: ModelId) -> &'a Model {
        self.catalog.schema.model(id)
    }

    pub(crate) fn rules(self, model: ModelId) -> &'a FoldedModel {
        self.folded.rules(self.catalog, model)
    }

    /// When a field may be read of a row that is visible: `False` when it does not exist.
    pub(crate) fn guard(self, model: ModelId, field: &Field) -> &'a Predicate {
        self.guard_of(model, field.id)
    }

    fn guard_of(self, model: ModelId, field: FieldId) -> &'a Predicate {
        &self.rules(model).fields[usize::from(field.0)].shown
    }

    /// Whether the profile may read the field of any row.
    pub(crate) fn exists(self, model: ModelId, field: &Field) -> bool {
        *self.guard(model, field) != Predicate::False
            && opposite(field).is_none_or(|(target, owner)| {
                let shown =
                    owner.is_none_or(|owner| *self.guard_of(target, owner) != Predicate::False);
                shown && self.rules(target).read != Predicate::False
            })
    }

    /// Which rows of a relation the profile may see, over `row` there: those that it may see at
    /// all, and whose own side of the relation it may read. That a row is in the list of another
    /// says what the field on its own side says.
    pub(crate) fn related_rows(self, field: &Field) -> Predicate {
        match (opposite(field), target(field)) {
            (Some((target, Some(owner))), _) => Predicate::and([
                self.rules(target).read.clone(),
                self.guard_of(target, owner).clone(),
            ]),
            (_, Some(target)) => self.rules(target).read.clone(),
            (_, None) => Predicate::False,
        }
    }

    /// The field with this name, if it exists for the profile.
    pub(crate) fn find(
        self,
        model: ModelId,
        name: &str,
        parameter: Parameter<'_>,
    ) -> Result<&'a Field> {
        let owner = self.model(model);
        let found = owner.field_named(name).filter(|field| self.exists(model, field));
        found.ok_or_else(|| {
            let known: Vec<&str> = owner
                .fields
                .iter()
                .filter(|field| self.exists(model, field))
                .map(|field| field.name.as_str())
                .collect();
            let message = format!("`{}` has no field `{name}`", owner.name);
            let error = parameter.refuse(Code::UnknownField, message);
            let near = nearest(name, known.iter().copied());
            let error = error.with_allowed(known.iter().map(|&name| name.to_owned()).collect());
            match near {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// Whether the actor may know of the field when it writes: it reads it on some row, or the field
    /// has a rule of its own by which it sets it on some row.
    pub(crate) fn is_known(self, model: &Model, field: &Field) -> bool {
        let rules = &self.rules(model.id).fields[usize::from(field.id.0)];
        let writes = field.access.write.is_some() && rules.write != Predicate::False;
        self.folded.is_service() || (!field.hidden && (rules.read != Predicate::False || writes))
    }

    /// Whether a replace that does not send the field sets it back: only what the actor could
    /// have sent, on every row.
    pub(crate) fn is_replaced(self, model: &Model, field: &Field) -> bool {
        let rules = &self.rules(model.id).fields[usize::from(field.id.0)];
        let settable = !field.readonly && rules.write == Predicate::True;
        (self.folded.is_service() || (settable && self.is_known(model, field)))
            && !field.immutable
            && field.id != model.key
    }

    /// The invariants of a model's rows with their messages.
    pub(crate) fn checks(self, model: ModelId) -> impl Iterator<Item = (&'a Predicate, &'a str)> {
        let checks = &self.catalog.rules.model(model).checks;
        checks.iter().map(|check| (&check.predicate, check.message.as_str()))
    }

    /// Refuses when the profile may see no row of the model at all.
    pub(crate) fn require_rows(self, model: ModelId) -> Result<()> {
        if self.rules(model).read == Predicate::False {
            return Err(self.denied(model, "read"));
        }
        Ok(())
    }

    /// Refuses when no rule ever allows the profile the operation.
    pub(crate) fn require_operation(self, model: ModelId, operation: Operation) -> Result<()> {
        let rules = self.rules(model);
        let (rule, name) = match operation {
            Operation::Create => (&rules.create, "create"),
            Operation::Merge | Operation::Replace => (&rules.update, "update"),
            Operation::Delete => (&rules.delete, "delete"),
        };
        if *rule == Predicate::False { Err(self.denied(model, name)) } else { Ok(()) }
    }

    /// The answer for an operation that no rule ever allows this profile.
    pub(crate) fn denied(self, model: ModelId, operation: &str) -> Error {
        let plural = &self.model(model).plural;
        if self.folded.profile().kind == ActorKind::Anonymous {
            let message = format!("to {operation} `{plural}` you must be authenticated");
            return Error::new(Code::Unauthenticated, message);
        }
        let message = format!("you may not {operation} `{plural}`");
        Error::new(Code::Forbidden, message).with_hint(format!(
            "no rule of `{}` allows it; the permission `{plural}:{operation}` does",
            self.model(model).name
        ))
    }

    /// The start of a path at a row of `model`.
    pub(crate) fn start(self, root: Root, model: ModelId) -> Spot {
        let base = Base::root(root, model);
        Spot { base, model, guard: Predicate::True, n_relations: 0 }
    }

    /// Adds to the guard of a spot that the field may be read there.
    pub(crate) fn guarded(self, spot: &Spot, field: &Field, vars: &mut Vars) -> Predicate {
        let guard = self.guard(spot.model, field).rebase(&spot.base, vars);
        Predicate::and([spot.guard.clone(), guard])
    }

    /// The row that a to-one field leads to.
    pub(crate) fn step(
        self,
        spot: &Spot,
        field: &Field,
        vars: &mut Vars,
        parameter: Parameter<'_>,
    ) -> Result<Spot> {
        let FieldKind::ToOne(to_one) = &field.kind else {
            let message = format!("`{}` does not lead to one row", field.name);
            return Err(parameter.refuse(Code::InvalidParameter, message));
        };
        let n_relations = self.count_relation(spot, parameter)?;
        let guard = self.guarded(spot, field, vars);
        // As for `include`: a reference to rows that are never visible leads nowhere.
        if self.rules(to_one.target).read == Predicate::False {
            let message = format!("`{}` leads to no row that may be read", field.name);
            return Err(parameter.refuse(Code::UnknownField, message));
        }
        let base = spot.base.step(self.schema(), spot.model, field.id);
        let rows = self.rules(to_one.target).read.rebase(&base, vars);
        let guard = Predicate::and([guard, rows]);
        Ok(Spot { base, model: to_one.target, guard, n_relations })
    }

    /// One relation more than it took to come to `spot`, if that is not too many.
    pub(crate) fn count_relation(self, spot: &Spot, parameter: Parameter<'_>) -> Result<usize> {
        let relations_max = self.limits.relation_depth_max;
        if spot.n_relations >= relations_max {
            let message = format!("the path goes over more than {relations_max} relations");
            return Err(parameter.refuse(Code::QueryTooComplex, message));
        }
        Ok(spot.n_relations + 1)
    }

    /// The value of a field at a spot; `None` for relations to many, which have none.
    pub(crate) fn value(self, spot: &Spot, field: &'a Field, vars: &mut Vars) -> Option<Found<'a>> {
        let slot = SlotType::of_field(self.schema(), field)?;
        let guard = self.guarded(spot, field, vars);
        let path = self.path(spot, field, slot.scalar());
        let nullable = path.nullable || guard != Predicate::True;
        Some(Found { field, operand: Operand::Path(path).guarded(guard), nullable })
    }

    /// The column of a field at a spot, whoever may read it.
    pub(crate) fn path(self, spot: &Spot, field: &Field, scalar: Scalar) -> Path {
        Path {
            root: spot.base.root,
            model: spot.base.model,
            steps: spot.base.steps.clone(),
            field: field.id,
            target: spot.model,
            scalar,
            nullable: spot.base.nullable || field.nullable,
        }
    }
}

impl Visible for View<'_> {
    fn field(&self, model: ModelId, name: &str) -> Option<VisibleField> {
        let field =
            self.model(model).field_named(name).filter(|field| self.exists(model, field))?;
        Some(VisibleField { field: field.id, guard: self.guard(model, field).clone() })
    }

    fn rows(&self, model: ModelId) -> Predicate {
        self.rules(model).read.clone()
    }

    fn related(&self, model: ModelId, field: FieldId) -> Predicate {
        self.related_rows(self.schema().field(model, field))
    }
}

/// The model that a relation to many leads to, and the field there that is its other side.
fn opposite(field: &Field) -> Option<(ModelId, Option<FieldId>)> {
    match &field.kind {
        FieldKind::ToMany(to_many) => Some((to_many.target, Some(to_many.field))),
        FieldKind::ManyToMany(join) => Some((join.target, join.inverse)),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToOne(_) => None,
    }
}
