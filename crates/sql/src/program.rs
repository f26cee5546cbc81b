//! What a store executes: statements, where their binds come from, and how rows become JSON.
//!
//! Programs are plain data, made once for a shape and a profile and then kept. Only this crate
//! makes them, and only of authorized plans.

use underpin_rules::ActorValue;
use underpin_schema::calendar::{DATE_TIME_MAX, DATE_TIME_MIN};
use underpin_schema::{Encoding, Scalar, Value};

/// A statement and its binds, in the order of its placeholders (`?1`, `?2`, …).
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The SQL.
    pub text: String,
    /// One for each placeholder.
    pub binds: Vec<Bind>,
}

/// A value to bind.
#[derive(Debug, Clone, PartialEq)]
pub struct Bind {
    /// Where it comes from.
    pub source: BindSource,
    /// How the column it meets holds values.
    pub codec: Codec,
}

/// Where the value of a placeholder comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum BindSource {
    /// The plan.
    Literal(Value),
    /// [`Inputs::slots`].
    Slot(u16),
    /// [`Inputs::actor`].
    Actor(ActorValue),
    /// [`Inputs::now`].
    Now,
    /// [`Inputs::now`] moved by so many microseconds: [`Inputs::now_shifted`].
    NowShifted(i64),
    /// A column of the parent's row, passed on as the database gave it.
    Parent(u16),
    /// [`Inputs::limit`] plus one: the row that tells whether there are more.
    LimitPlusOne,
    /// [`Inputs::offset`].
    Offset,
    /// [`Inputs::cursor`].
    Cursor(u16),
    /// One key of a many-to-many list, when [`LinkProgram::add`] runs for it.
    LinkKey,
    /// The integer key that the database gave the row which `main` inserted. Links and reply of a
    /// create alone; take it before the next statement runs.
    NewKey,
}

/// How a column holds a value of a type, and what it is on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Codec {
    /// The type. Enums are `String`; a reference has the type of the key it holds.
    pub scalar: Scalar,
    /// How the column holds it.
    pub encoding: Encoding,
    /// Whether it is a list of such values, held as JSON text.
    pub list: bool,
}

/// The values of one execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// The request's values, by slot.
    pub slots: Vec<Value>,
    /// Who asks, by what the statements want to know.
    pub actor: Vec<(ActorValue, Value)>,
    /// The time of the request, microseconds since 1970.
    pub now: i64,
    /// Rows wanted.
    pub limit: u32,
    /// Rows skipped.
    pub offset: u32,
    /// The sort values of the row a cursor names.
    pub cursor: Vec<Value>,
}

impl Inputs {
    /// The time of the request moved by so many microseconds, but not out of the range of
    /// `DateTime`, as a column that is moved is not either.
    #[must_use]
    pub fn now_shifted(&self, by: i64) -> i64 {
        self.now.saturating_add(by).clamp(DATE_TIME_MIN, DATE_TIME_MAX)
    }
}

/// A read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadProgram {
    /// Yields a row when the parent of a nested list is visible; without one the answer is 404.
    pub parent: Option<Statement>,
    /// The rows.
    pub root: Select,
    /// Yields the number of all rows.
    pub count: Option<Statement>,
}

/// One statement of a read, with what is made of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// The SQL.
    pub statement: Statement,
    /// What a row becomes, in order.
    pub outputs: Vec<Output>,
    /// How many rows there are.
    pub cardinality: Cardinality,
    /// The columns that hold the sort's values, for cursors; empty for one row.
    pub cursor: Vec<CursorColumn>,
    /// Names model and sort: what a cursor for this list must have been made for.
    pub cursor_shape: u64,
    /// Rows come in reverse and are turned round before they are written (`Paging::Before`).
    pub reversed: bool,
    /// The column with the row's version, for `ETag`.
    pub version_column: Option<u16>,
    /// The column with the row's key.
    pub key_column: u16,
    /// The key's codec.
    pub key_codec: Codec,
}

/// How many rows a select yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cardinality {
    /// At most one: an object, or `null`.
    One,
    /// A page of [`Inputs::limit`] rows: an array.
    Page,
    /// At most so many for each parent row: an array.
    Included(u32),
}

/// A sort value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorColumn {
    /// The column of the statement.
    pub column: u16,
    /// How it is read.
    pub codec: Codec,
}

/// One member of a row's JSON object.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A column.
    Column {
        /// The member's name with quotes and colon: `"name":`.
        label: Box<str>,
        /// The column of the statement.
        column: u16,
        /// How it is read.
        codec: Codec,
        /// The boolean column that says whether the member is there at all; `None` means always.
        shown: Option<u16>,
    },
    /// An included relation.
    Relation {
        /// The member's name, bare.
        name: Box<str>,
        /// As for a column.
        shown: Option<u16>,
        /// Skip the statement and write `null` when this column of the row is null.
        unless_null: Option<u16>,
        /// The related rows.
        select: Box<Select>,
    },
}

/// A write of one row, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteProgram {
    /// Whether the database makes the key of the row that `main` inserts.
    pub makes_key: bool,
    /// The change. Its condition holds every test, so it changes one row or none.
    pub main: Statement,
    /// Selects every test as a boolean column, to explain why no row was changed. No row at all:
    /// the row does not exist.
    pub explain: Statement,
    /// What each column of `explain` means, in order. The first that does not hold is the one that
    /// a client may learn of.
    pub tests: Vec<Test>,
    /// Many-to-many lists to set, after the change.
    pub links: Vec<LinkProgram>,
    /// Reads the row as it is afterwards; `None` for a delete.
    pub reply: Option<Select>,
    /// The unique keys that the change may violate.
    pub uniques: Vec<UniqueKey>,
}

/// One condition of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// What a client is told when it does not hold.
    pub failure: Failure,
}

/// Why a write changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The row, or the parent in the path, is not there for the actor: 404.
    NotFound,
    /// The rule does not allow the write: 403.
    Forbidden,
    /// The row has another version: 412.
    Version,
    /// The field refers to a row that is not there for the actor: 409.
    Reference {
        /// The field's wire name.
        field: String,
    },
    /// `@check` does not hold: 400.
    Check {
        /// Its message.
        message: String,
    },
    /// The field may not be set on this row: 403.
    Field {
        /// The field's wire name.
        field: String,
    },
}

/// Sets the rows that a many-to-many field joins to.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkProgram {
    /// The field's wire name.
    pub field: String,
    /// The slot with the list of keys ([`Value::List`], without duplicates). A key whose pair
    /// was not added is one that is not there for the actor: [`Failure::Reference`].
    pub slot: u16,
    /// Removes the pairs that are there; `None` on create.
    pub clear: Option<Statement>,
    /// Adds one pair if the other row is there for the actor; run for each key.
    pub add: Statement,
}

/// A unique key that a write may violate, and what a client may be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueKey {
    /// `table.column` of each column, as the database names them in its error.
    pub columns: Vec<String>,
    /// The index, as the database names it.
    pub index: String,
    /// The wire names of its fields; empty when the actor may not read one of them.
    pub fields: Vec<String>,
}
