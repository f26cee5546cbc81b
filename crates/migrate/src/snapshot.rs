//! The physical shape of a database as one schema demands it.
//!
//! A database keeps the snapshot it is at as JSON; the next schema's snapshot is compared with it.
//! Beside the physical shape it names models, fields and enum values, without which a rename could
//! not be told from a drop and an add.

mod of;

pub use of::constant;

use std::fmt;

use serde::{Deserialize, Serialize};

/// The format of the JSON. A binary refuses a database whose format is greater than its own.
pub const FORMAT: u32 = 1;

/// What a schema wants of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`FORMAT`] of the binary that wrote it.
    pub format: u32,
    /// `@version(number:)` of the schema.
    pub version: u32,
    /// The tables: one a model, then the join tables.
    pub tables: Vec<Table>,
    /// The enums.
    pub enums: Vec<EnumShape>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The name.
    pub name: String,
    /// Whose rows it holds.
    pub owner: Owner,
    /// Whether migrations own it.
    pub managed: bool,
    /// The kind of its key.
    pub key: TableKey,
    /// The columns of the key.
    pub primary_key: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The indexes beside the key.
    pub indexes: Vec<IndexShape>,
}

/// Whose rows a table holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A model's.
    Model {
        /// The model.
        name: String,
        /// Its former name, where the schema gives one. Never stored: it says how to get there.
        #[serde(skip)]
        renamed_from: Option<String>,
    },
    /// Pairs of rows: a many-to-many relation.
    Join {
        /// The sides, in the order of the columns.
        sides: [Side; 2],
    },
}

/// One side of a many-to-many relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The model whose key the column holds.
    pub model: String,
    /// The field of that model which lists the other side.
    pub field: Option<String>,
    /// The field's former name.
    #[serde(skip)]
    pub renamed_from: Option<String>,
    /// The column.
    pub column: String,
}

/// What a table's key is, which decides how SQLite stores the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKey {
    /// 16 bytes: the table is the tree of its key.
    Uuid,
    /// An integer that never repeats.
    Int,
    /// Text: the table is the tree of its key.
    Text,
    /// Two keys of other tables: the table is the tree of both.
    Pair,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name.
    pub name: String,
    /// The field it holds; none in a join table.
    pub field: Option<String>,
    /// The field's former name.
    #[serde(skip)]
    pub renamed_from: Option<String>,
    /// What its values mean.
    pub kind: Kind,
    /// How it holds them.
    pub storage: Storage,
    /// Its type in SQL, which follows from the two.
    pub sql_type: SqlType,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether text compares without regard to ASCII case.
    pub caseless: bool,
    /// Its default as SQL; an expression stands in parentheses.
    pub default: Option<String>,
    /// The row it refers to.
    pub references: Option<Reference>,
}

/// What the values of a column mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The key of its own table.
    Id(TableKey),
    /// The key of another table.
    Reference(TableKey),
    /// `String`
    String,
    /// `Int`
    Int,
    /// `BigInt`
    BigInt,
    /// `Float`
    Float,
    /// `Boolean`
    Boolean,
    /// `Decimal`
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `DateTime`
    DateTime,
    /// `Date`
    Date,
    /// `Time`
    Time,
    /// `Duration`
    Duration,
    /// `JSON`
    Json,
    /// `Email`
    Email,
    /// `URL`
    Url,
    /// `UUID`
    Uuid,
    /// An enum, by its name.
    Enum(String),
    /// A list, as JSON text.
    List(Box<Self>),
}

/// How a column holds its values; see `schema::Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// The type's own form.
    Native,
    /// Text.
    Text,
    /// A double.
    Real,
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Millis,
}

/// A type of a STRICT table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SqlType {
    /// 64 bits.
    Integer,
    /// A double.
    Real,
    /// UTF-8.
    Text,
    /// Bytes.
    Blob,
}

/// What a foreign key refers to, and what it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The table.
    pub table: String,
    /// Its key column.
    pub column: String,
    /// What deleting the target does.
    pub on_delete: OnChange,
    /// What changing the target's key does.
    pub on_update: OnChange,
}

/// What a foreign key does when its target goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChange {
    /// Refuse at once.
    Restrict,
    /// Follow.
    Cascade,
    /// Become null.
    SetNull,
    /// Refuse when the transaction ends.
    NoAction,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexShape {
    /// The name, unique in the database.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<IndexColumnShape>,
    /// Whether it is unique.
    pub unique: bool,
    /// The condition of a partial index, as SQL over the bare column names.
    pub filter: Option<String>,
}

/// A column of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexColumnShape {
    /// The column.
    pub column: String,
    /// Whether it descends.
    pub descending: bool,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumShape {
    /// The name.
    pub name: String,
    /// The values.
    pub values: Vec<EnumValueShape>,
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumValueShape {
    /// The name, which is what columns hold.
    pub name: String,
    /// The former name.
    #[serde(skip)]
    pub renamed_from: Option<String>,
}

impl Snapshot {
    /// The shape of an empty database.
    #[must_use]
    pub fn empty() -> Self {
        Self { format: FORMAT, version: 1, tables: Vec::new(), enums: Vec::new() }
    }

    /// The JSON a database keeps. Equal snapshots give equal text.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("invariant: a snapshot has string keys only")
    }

    /// Reads what [`Snapshot::to_json`] wrote.
    ///
    /// # Errors
    /// When the text is not a snapshot.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Tells snapshots apart: 32 hexadecimal digits over the JSON. Not a signature.
    #[must_use]
    pub fn checksum(&self) -> String {
        // FNV-1a, 128 bits.
        let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
        for byte in self.to_json().bytes() {
            hash = (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        }
        format!("{hash:032x}")
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The values of an enum; none for an enum that is not there.
    #[must_use]
    pub fn enum_values(&self, name: &str) -> &[EnumValueShape] {
        self.enums.iter().find(|shape| shape.name == name).map_or(&[], |shape| &shape.values)
    }
}

impl Table {
    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether the table is the tree of its key and has no row numbers.
    #[must_use]
    pub fn without_rowid(&self) -> bool {
        match self.key {
            TableKey::Uuid | TableKey::Text | TableKey::Pair => true,
            TableKey::Int => false,
        }
    }

    /// What people call it: the model, or the table of pairs.
    #[must_use]
    pub fn title(&self) -> &str {
        match &self.owner {
            Owner::Model { name, .. } => name,
            Owner::Join { .. } => &self.name,
        }
    }
}

impl Column {
    /// What people call it: the field, or the column of a join table.
    #[must_use]
    pub fn title(&self) -> &str {
        self.field.as_deref().unwrap_or(&self.name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(key) => write!(f, "a key of kind {key}"),
            Self::Reference(key) => write!(f, "a reference by keys of kind {key}"),
            Self::String => f.write_str("String"),
            Self::Int => f.write_str("Int"),
            Self::BigInt => f.write_str("BigInt"),
            Self::Float => f.write_str("Float"),
            Self::Boolean => f.write_str("Boolean"),
            Self::Decimal { precision, scale } => write!(f, "Decimal({precision}, {scale})"),
            Self::DateTime => f.write_str("DateTime"),
            Self::Date => f.write_str("Date"),
            Self::Time => f.write_str("Time"),
            Self::Duration => f.write_str("Duration"),
            Self::Json => f.write_str("JSON"),
            Self::Email => f.write_str("Email"),
            Self::Url => f.write_str("URL"),
            Self::Uuid => f.write_str("UUID"),
            Self::Enum(name) => f.write_str(name),
            Self::List(item) => write!(f, "[{item}]"),
        }
    }
}

impl fmt::Display for TableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uuid => "UUID",
            Self::Int => "INT",
            Self::Text => "STRING",
            Self::Pair => "pair",
        })
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        })
    }
}

impl fmt::Display for OnChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::NoAction => "NO ACTION",
        })
    }
}
