//! What an existing SQLite database holds: the facts that drift checks and `pull` judge by.
//!
//! [`Introspection::read`] asks the questions; any connection can answer them, a read-only one too.
//! Judging is done elsewhere.

mod create_table;
mod profile;
mod read;

/// Everything found in a database, but for SQLite's own tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Introspection {
    /// The tables, by name.
    pub tables: Vec<TableFacts>,
    /// The names of the views.
    pub views: Vec<String>,
    /// The triggers.
    pub triggers: Vec<TriggerFacts>,
}

/// How much to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The shape alone: a few pragmas a table.
    Shape,
    /// The shape and a [`Profile`] of each column, which reads every row.
    Data,
}

/// A table as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct TableFacts {
    /// The name.
    pub name: String,
    /// The statement that would make it.
    pub sql: String,
    /// Whether it is `STRICT`.
    pub strict: bool,
    /// Whether it is `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// What it is made of.
    pub kind: TableKind,
    /// Whether its integer key never repeats.
    pub autoincrement: bool,
    /// The columns, in order, generated ones too.
    pub columns: Vec<ColumnFacts>,
    /// The indexes, those behind `UNIQUE` and `PRIMARY KEY` among them, by name.
    pub indexes: Vec<IndexFacts>,
    /// The foreign keys, in the order they were declared.
    pub foreign_keys: Vec<ForeignKeyFacts>,
    /// The conditions of its `CHECK` constraints, as they are written.
    pub checks: Vec<String>,
    /// Rows, with [`Detail::Data`].
    pub n_rows: Option<u64>,
}

/// What a table is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Rows of its own.
    Plain,
    /// What a module of SQLite makes of it.
    Virtual,
    /// Rows in which a virtual table keeps what it needs.
    Shadow,
}

/// A column as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnFacts {
    /// The name.
    pub name: String,
    /// The type as it was declared; empty where none was.
    pub declared_type: String,
    /// Whether it is declared `NOT NULL`.
    pub not_null: bool,
    /// The default as an SQL expression.
    pub default: Option<String>,
    /// Its place in the primary key, from 1.
    pub key_position: Option<u32>,
    /// Whether the database computes it.
    pub generated: Generated,
    /// The collation, where one is declared.
    pub collation: Option<String>,
    /// What its values look like, with [`Detail::Data`].
    pub profile: Option<Profile>,
}

/// Whether a column is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Generated {
    /// It is stored as written.
    No,
    /// Computed when read.
    Virtual,
    /// Computed when written.
    Stored,
    /// A hidden column of a virtual table.
    Hidden,
}

/// An index as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexFacts {
    /// The name.
    pub name: String,
    /// Whether it is unique.
    pub unique: bool,
    /// What made it.
    pub origin: IndexOrigin,
    /// The columns, in order.
    pub columns: Vec<IndexColumnFacts>,
    /// The condition of a partial index, as it is written.
    pub filter: Option<String>,
    /// The statement that would make it; none for those behind constraints.
    pub sql: Option<String>,
}

/// What made an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexOrigin {
    /// `CREATE INDEX`.
    Created,
    /// A `UNIQUE` constraint.
    Unique,
    /// A `PRIMARY KEY` constraint.
    PrimaryKey,
}

/// A column of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexColumnFacts {
    /// The column; none for an expression.
    pub name: Option<String>,
    /// Whether it descends.
    pub descending: bool,
    /// The collation it compares with.
    pub collation: String,
}

/// A foreign key as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyFacts {
    /// The referring columns.
    pub columns: Vec<String>,
    /// The table referred to, as it is written.
    pub target: String,
    /// The columns referred to; empty where the target's primary key is meant.
    pub target_columns: Vec<String>,
    /// `ON DELETE`.
    pub on_delete: Action,
    /// `ON UPDATE`.
    pub on_update: Action,
}

/// What a foreign key does when its target goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Refuse when the transaction ends.
    NoAction,
    /// Refuse at once.
    Restrict,
    /// Follow.
    Cascade,
    /// Become null.
    SetNull,
    /// Become the column's default.
    SetDefault,
}

/// A trigger as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerFacts {
    /// The name.
    pub name: String,
    /// The table or view it is on.
    pub table: String,
}

/// What the values of a column look like. Counts are of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Profile {
    /// Nulls.
    pub nulls: u64,
    /// Values stored as integers.
    pub integers: u64,
    /// Values stored as doubles.
    pub reals: u64,
    /// Values stored as text.
    pub texts: u64,
    /// Values stored as bytes.
    pub blobs: u64,
    /// The least integer.
    pub integer_min: Option<i64>,
    /// The greatest integer.
    pub integer_max: Option<i64>,
    /// Characters of the longest text.
    pub text_length_max: Option<u64>,
    /// Texts `YYYY-MM-DD` that are days.
    pub dates: u64,
    /// Texts `YYYY-MM-DD HH:MM:SS[.ffffff]` that are points in time.
    pub date_times: u64,
    /// Texts with a `T` between day and time, or an offset.
    pub iso_date_times: u64,
    /// Texts `HH:MM:SS` that are times of day.
    pub times: u64,
    /// Texts of 36 characters that are UUIDs, in lower case.
    pub uuids: u64,
    /// Texts that are JSON objects or arrays.
    pub json_containers: u64,
    /// Texts that are plain decimal numbers.
    pub decimals: u64,
    /// Bytes of length 16.
    pub uuid_blobs: u64,
    /// Digits after the point that doubles and decimal texts need, up to 9; 10 for more.
    pub scale_max: u8,
    /// Digits before the point that numbers need at most.
    pub digits_max: u8,
}
