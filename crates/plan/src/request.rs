//! What a transport asks for, in its client's names.
//!
//! A read is a *shape* (this module's [`ReadRequest`]) and its values, which travel apart: plans
//! are made and kept for shapes. Values fill slots in this order: those of the conditions as they
//! stand, then the literals of the filter as they stand.

use underpin_base::FieldError;
use underpin_rules::FilterExpr;
use underpin_schema::{FieldId, ModelId, Value};

/// A read, without its values.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadRequest {
    /// What is read.
    pub target: Target,
    /// `fields=id,name,customer.name`: what of each row is returned; `None` returns every column
    /// the actor may read.
    pub fields: Option<Vec<String>>,
    /// `include=customer,items.product`: relations returned with each row.
    pub include: Vec<String>,
    /// `price[gte]=10`: all must hold. List targets only.
    pub conditions: Vec<Condition>,
    /// `filter=…` in the rule language. List targets only.
    pub filter: Option<FilterExpr>,
    /// `sort=-createdAt,name`; the key is always added as the last term.
    pub sort: Vec<SortKey>,
    /// How a list is cut into pages.
    pub page: PageRequest,
}

/// What a read is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// The rows of a model.
    List(ModelId),
    /// One row by its key.
    Item(ModelId),
    /// The rows of a relation of one row: `GET /users/{id}/orders`. Absent when the row is hidden.
    Related(ModelId, FieldId),
}

/// One condition of the query form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field, by name, over to-one relations by dots: `customer.name`.
    pub path: String,
    /// The comparison.
    pub operator: Operator,
    /// How many values it takes from the slots; one, but for `in` and `nin`.
    pub n_values: usize,
}

/// The comparisons of the query form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal; null is not equal to any value.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// One of a list.
    In,
    /// None of a list.
    Nin,
    /// Text that contains.
    Contains,
    /// Text that starts with.
    StartsWith,
    /// Text that ends with.
    EndsWith,
    /// Null when the value is `true`, not null when it is `false`.
    IsNull,
}

impl Operator {
    /// Every operator with its name in a query string.
    pub const ALL: [(&'static str, Self); 12] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("in", Self::In),
        ("nin", Self::Nin),
        ("contains", Self::Contains),
        ("startsWith", Self::StartsWith),
        ("endsWith", Self::EndsWith),
        ("isNull", Self::IsNull),
    ];
}

/// One term of a sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// The field, by name, over to-one relations by dots.
    pub path: String,
    /// Greatest first. Null is less than any value.
    pub descending: bool,
}

/// How a list is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageRequest {
    /// Where the page starts.
    pub paging: Paging,
    /// Whether the number of all rows is wanted (`count=exact`, and always with `page=`).
    pub count: bool,
}

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Paging {
    /// At the first row.
    First,
    /// After the row a cursor names.
    After,
    /// Before the row a cursor names; the page still ascends in the sort's order.
    Before,
    /// At an offset (`page=3`).
    Offset,
}

/// A write of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteRequest {
    /// The model written.
    pub model: ModelId,
    /// What is done.
    pub kind: WriteKind,
    /// What the client sent; empty for a delete.
    pub document: Document,
    /// The version the row must have (`If-Match`).
    pub if_version: Option<i64>,
    /// Relations returned with the row, and which fields, as for a read.
    pub include: Vec<String>,
    /// As for a read.
    pub fields: Option<Vec<String>>,
}

/// What a write does.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteKind {
    /// Makes a row. With `under`, one that belongs to a relation of a visible row:
    /// `POST /users/{id}/orders`.
    Create {
        /// The parent's model, its relation field, and the parent's key.
        under: Option<(ModelId, FieldId, Value)>,
    },
    /// Changes the fields sent and leaves the others.
    Merge {
        /// The row's key.
        key: Value,
    },
    /// Sets every writable field, those not sent to their default or null.
    Replace {
        /// The row's key.
        key: Value,
    },
    /// Removes the row.
    Delete {
        /// The row's key.
        key: Value,
    },
}

/// A decoded body: typed values by field, and what was wrong with the rest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// The values, one entry a field. A many-to-many field takes the list of keys it shall have.
    pub entries: Vec<(FieldId, Value)>,
    /// What was wrong; a write with errors is refused once everything else was checked too, so
    /// that the client learns of all mistakes at once.
    pub errors: Vec<FieldError>,
}
