//! Plans: what a request became once its names were resolved and the rules applied.
//!
//! `sql` turns them into statements. The two outer types have no public constructor, so a plan
//! that was not authorized cannot be compiled, let alone executed. Every condition here is a
//! [`Predicate`] folded for the actor's profile; whoever has none says [`Predicate::True`].

use underpin_rules::{Operand, Predicate, Slot};
use underpin_schema::{FieldId, ModelId, Value};

use crate::{ActorKind, PageRequest, SlotType, WriteRequest};

/// A read that the actor's profile may do.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizedRead(pub(crate) ReadPlan);

impl AuthorizedRead {
    /// What is to be read.
    #[must_use]
    pub fn plan(&self) -> &ReadPlan {
        &self.0
    }

    /// The types of the values the read takes, in the order of their slots: the key in the path,
    /// the values of the conditions, the literals of the filter.
    #[must_use]
    pub fn slots(&self) -> &[SlotType] {
        &self.0.slots
    }
}

/// A write that the actor's profile may do to rows for which its tests hold.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorizedWrite(pub(crate) WritePlan);

impl AuthorizedWrite {
    /// What is to be written.
    #[must_use]
    pub fn plan(&self) -> &WritePlan {
        &self.0
    }

    /// The slot that holds the row's key; `None` when the database makes the key.
    #[must_use]
    pub fn key_slot(&self) -> Option<Slot> {
        self.0.key
    }

    /// The values of `request` by slot. `new_key` is the key for a row that is created under a
    /// generated key; other writes ignore it.
    #[must_use]
    pub fn bind(&self, request: &WriteRequest, new_key: &Value) -> Vec<Value> {
        self.0.slots.iter().map(|slot| slot.value(request, new_key)).collect()
    }
}

/// What a read does.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPlan {
    /// For a nested list: the row it belongs to.
    pub parent: Option<Parent>,
    /// The rows.
    pub root: Selection,
    /// How a list is cut.
    pub page: PageRequest,
    /// The types of the values.
    pub slots: Vec<SlotType>,
    /// What kind of actor asks, by which some of its values cannot be null.
    pub actor: ActorKind,
}

/// The row that a nested list belongs to. Its key is in slot 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    /// The model.
    pub model: ModelId,
    /// Its relation that is read.
    pub relation: FieldId,
    /// When it is there for the actor, the relation included.
    pub condition: Predicate,
}

/// Rows of one model, and what becomes of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The model.
    pub model: ModelId,
    /// Which rows are candidates.
    pub source: Source,
    /// Which of them are wanted and visible, over `Root::Row`.
    pub condition: Predicate,
    /// The members of a row's object.
    pub members: Vec<Member>,
    /// The order; ends with the key. Empty for one row.
    pub sort: Vec<SortTerm>,
    /// Names model and order: cursors are good for lists of the same shape.
    pub cursor_shape: u64,
    /// How many.
    pub rows: Rows,
}

/// How a selection's rows are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// All rows of the model.
    All,
    /// The row with the key that the request or the write names.
    Key,
    /// Rows of a relation of the parent's row: the model that has the field, and the field.
    Relation(ModelId, FieldId),
}

/// How many rows a selection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// At most one.
    One,
    /// A page, as the request says.
    Page,
    /// At most so many for each parent row.
    Included(u32),
}

/// A member of a row's object.
#[derive(Debug, Clone, PartialEq)]
pub enum Member {
    /// A column.
    Column {
        /// The field.
        field: FieldId,
        /// When the actor may read it.
        shown: Predicate,
    },
    /// An included relation.
    Relation {
        /// The field.
        field: FieldId,
        /// When the actor may read it.
        shown: Predicate,
        /// The rows.
        selection: Box<Selection>,
    },
}

/// One term of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct SortTerm {
    /// What is compared: a path, guarded where it may be hidden.
    pub operand: Operand,
    /// Whether it can be null. Null is less than any value.
    pub nullable: bool,
    /// Greatest first.
    pub descending: bool,
}

/// What a write does to one row.
#[derive(Debug, Clone, PartialEq)]
pub struct WritePlan {
    /// The model.
    pub model: ModelId,
    /// The operation.
    pub operation: Operation,
    /// Where the row's key is; `None` when the database makes it.
    pub key: Option<Slot>,
    /// The columns set, by field. Columns of a new row that are not named are null; a changed
    /// row keeps them.
    pub values: Vec<(FieldId, Assigned)>,
    /// Many-to-many lists set.
    pub links: Vec<Link>,
    /// What must hold, worst failure first.
    pub tests: Vec<WriteTest>,
    /// Where the value of each slot comes from.
    pub slots: Vec<WriteSlot>,
    /// The row as it is returned, source [`Source::Key`]; `None` for a delete and for an actor
    /// that may never read one.
    pub reply: Option<Selection>,
    /// The unique keys that the change may violate, as fields, and whether the actor may know.
    pub uniques: Vec<Unique>,
    /// What kind of actor asks.
    pub actor: ActorKind,
}

/// What is done to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Made.
    Create,
    /// Changed in the fields sent.
    Merge,
    /// Set in every writable field.
    Replace,
    /// Removed.
    Delete,
}

/// What a column is set to.
#[derive(Debug, Clone, PartialEq)]
pub enum Assigned {
    /// A value of the request.
    Slot(Slot),
    /// A constant.
    Literal(Value),
    /// The time of the request.
    Now,
    /// The actor's account, or null.
    ActorId,
    /// One more than the column has.
    Increment,
}

/// A many-to-many list to set.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The model that has `field`. The written model, unless a row is created under the relation
    /// of another.
    pub model: ModelId,
    /// The many-to-many field.
    pub field: FieldId,
    /// Whether the written row is on the field's own side, or on the target's.
    pub side: LinkSide,
    /// The slot with the list of keys on the other side.
    pub slot: Slot,
    /// When a row of the other side is there for the actor.
    pub condition: Predicate,
}

/// On which side of a many-to-many field the written row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkSide {
    /// It has the field.
    Own,
    /// The field leads to it.
    Target,
}

/// One condition of a write, and with it what a client is told when it fails.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteTest {
    /// The stored row is there for the actor.
    Readable(Predicate),
    /// The row in the path is there for the actor.
    Parent(RowTest),
    /// The rule of the operation. Over `Root::Row`, which is the proposed row on create, and
    /// `Root::Next`.
    Allowed(Predicate),
    /// The rule of a field that is set.
    Field(FieldId, Predicate),
    /// The row has the version in the slot.
    Version(Slot),
    /// The row that a field refers to is there for the actor.
    Reference(FieldId, RowTest),
    /// An invariant, and its message. Over the row as it will be: `Root::Row` on create, else
    /// `Root::Next`.
    Check(Predicate, String),
}

/// That a row with the key in the slot exists and satisfies the condition.
#[derive(Debug, Clone, PartialEq)]
pub struct RowTest {
    /// The model.
    pub model: ModelId,
    /// The key.
    pub key: Slot,
    /// Whether a null key passes.
    pub nullable: bool,
    /// Over `Root::Row`, the row with that key.
    pub condition: Predicate,
}

/// Where the value of a slot of a write comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteSlot {
    /// The key in the path.
    Key,
    /// The key made for a new row.
    NewKey,
    /// The key of the row that the path goes through.
    Parent,
    /// That key as a list of one.
    ParentList,
    /// `If-Match`.
    Version,
    /// The document.
    Field(FieldId),
}

/// A unique key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The index, as the schema names it; `None` for the primary key.
    pub index: Option<String>,
    /// Its fields.
    pub fields: Vec<FieldId>,
    /// Whether the actor may always read all of them, and so may be told.
    pub told: bool,
}
