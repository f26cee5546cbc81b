//! The typed form of a rule or a filter.
//!
//! A predicate is two-valued: every node is true or false for every row, never unknown. Null is
//! equal to null and to nothing else (`==`, `!=`, `in`), and is neither less nor greater than
//! anything nor contained in any text: such a comparison is false, and its negation true. SQL must
//! be written, and rows judged in memory, to that meaning.
//!
//! Text is compared byte by byte. Where one operand is a field with `@text(compare: CASELESS)`, the
//! letters A to Z count as a to z on both sides, in every comparison: equality, order, lists and
//! text within text.
//!
//! There is no optional predicate. Whoever wants no condition writes [`Predicate::True`].

use underpin_schema::{FieldId, ModelId, Scalar, Value};

/// A condition on a row, typed against a schema.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Holds for every row.
    True,
    /// Holds for no row.
    False,
    /// All of them hold. Never empty.
    And(Vec<Self>),
    /// At least one holds. Never empty.
    Or(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// One operand compared with another of the same type.
    Compare {
        /// How.
        op: CompareOp,
        /// The one.
        left: Operand,
        /// The other.
        right: Operand,
    },
    /// The item equals one of the list.
    In {
        /// The item.
        item: Operand,
        /// The list; empty means never.
        list: Vec<Operand>,
    },
    /// The item equals an element of a list-valued operand (`'new' in row.labels`).
    InList {
        /// The item.
        item: Operand,
        /// The field that holds the list. A null list contains nothing.
        list: Operand,
    },
    /// Text inside text, taken literally: `%` and `_` have no meaning.
    Text {
        /// Where it must stand.
        op: TextOp,
        /// The text searched.
        subject: Operand,
        /// The text sought.
        needle: Operand,
    },
    /// The operand is null.
    IsNull(Operand),
    /// A boolean operand is true.
    IsTrue(Operand),
    /// At least one row of a to-many or many-to-many relation satisfies the body.
    Exists(Box<Quantified>),
    /// The actor has the permission. Folded away for a role set before SQL is made.
    Can(String),
    /// The actor has the role. Folded away for a role set before SQL is made.
    HasRole(String),
}

/// `row.members.exists(m, …)`. `all` is written as not exists not.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantified {
    /// Whose relation it is: the row at the end of this path (no `field` of its own).
    pub root: Root,
    /// To-one fields from the root to the row that has the relation.
    pub steps: Vec<FieldId>,
    /// The model that the path ends at, which has the relation.
    pub model: ModelId,
    /// The to-many or many-to-many field there.
    pub relation: FieldId,
    /// The name under which the body speaks of a related row.
    pub var: Var,
    /// The condition on a related row. What the actor may see of it is already part of it where
    /// the predicate comes from a request.
    pub body: Predicate,
}

/// How two operands compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`; null equals null.
    Eq,
    /// `!=`; the negation of `==`.
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// Where the sought text must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// Anywhere.
    Contains,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
}

/// A place for a value that the request brings; see `plan` for its type. The value is never null:
/// a comparison with null has a shape of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(pub u16);

/// A variable bound by `exists` or `all`; unique within one predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Var(pub u16);

/// Where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Root {
    /// The row as it is stored; on create, as it is proposed.
    Row,
    /// The row as an update will leave it.
    Next,
    /// A related row inside `exists`.
    Var(Var),
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A constant, already of the type it is compared with.
    Literal(Value),
    /// A value of the request.
    Slot(Slot),
    /// A field of a row, or of a row it leads to.
    Path(Path),
    /// The number of characters (Unicode scalar values) of a text, or of items of a list
    /// (`size(row.name)`); null when the text or list is null. An `Int`.
    Size(Path),
    /// Something about who asks.
    Actor(ActorValue),
    /// The time of the request (`DateTime`).
    Now,
    /// A `DateTime` operand moved by this many microseconds
    /// (`request.time - duration('24h')`); clamped to the type's range.
    Shifted(Box<Self>, i64),
    /// The operand where the condition holds, else null: a field that may not be read counts as
    /// null.
    Guarded(Box<Predicate>, Box<Self>),
}

/// A column reached from a root over to-one relations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// The model of the row at the root.
    pub model: ModelId,
    /// To-one fields followed, in order. A missing row makes the whole path null.
    pub steps: Vec<FieldId>,
    /// The field at the end; it has a column. A to-one field stands for the key it holds.
    pub field: FieldId,
    /// The model that has `field`.
    pub target: ModelId,
    /// The type of the value; an enum reads as `String`, a to-one field as the key it refers to.
    pub scalar: Scalar,
    /// Whether the value can be null, by the field or by a step on the way.
    pub nullable: bool,
}

/// Something about who asks; a value bound for each request, so that all actors with the same
/// roles share one statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ActorValue {
    /// `auth.id`: the account's key; null unless the actor is a user. Never null in a folded
    /// predicate, where a null literal stands for those who have none.
    Id,
    /// `auth.kind`: `anonymous`, `user`, `key` or `service`.
    Kind,
    /// `auth.verified`.
    Verified,
    /// `auth.claims.<name>`: text, or null.
    Claim(String),
    /// `auth.user.<field>`: a field of the actor's own row of the account model.
    UserField(FieldId),
    /// `request.ip`, as text.
    Ip,
    /// `request.transport`: `rest`, `graphql`, `realtime`, `function` or `job`.
    Transport,
}
