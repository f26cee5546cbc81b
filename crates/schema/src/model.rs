//! What a schema file says, with every name resolved.
//!
//! Rooms above look names up once, at load or when a request's shape is first seen, and carry
//! [`ModelId`] and [`FieldId`] from there on.

use std::collections::HashMap;

use crate::{Encoding, Pattern, Scalar, Value};

/// Bytes from `start` to before `end` of one source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// The place of a model in [`Schema::models`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u16);

/// The place of a field in [`Model::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u16);

/// The place of an enum in [`Schema::enums`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnumId(pub u16);

/// A whole schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// `@version(number:)`: the number in `/api/v1`.
    pub version: u32,
    /// The roles, `admin` among them whether declared or not.
    pub roles: Vec<Role>,
    /// The enums.
    pub enums: Vec<EnumType>,
    /// The models, in the order of the file.
    pub models: Vec<Model>,
    /// The place of each model by its name (`Product`).
    pub by_name: HashMap<String, ModelId>,
    /// The place of each model by its plural (`products`).
    pub by_plural: HashMap<String, ModelId>,
}

/// A role: a name for a set of permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The name.
    pub name: String,
    /// Permissions, own and inherited: `products:update`, `products:*` or `*`.
    pub can: Vec<String>,
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumType {
    /// The name.
    pub name: String,
    /// The description.
    pub doc: Option<String>,
    /// The values, in the order of the file.
    pub values: Vec<EnumValue>,
}

/// One value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumValue {
    /// The name, which is also what the column holds.
    pub name: String,
    /// The description.
    pub doc: Option<String>,
    /// `@renamedFrom(name:)`.
    pub renamed_from: Option<String>,
    /// `@deprecated(reason:)`.
    pub deprecated: Option<String>,
}

/// A model: a kind of row, and a resource of every API.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its place in the schema.
    pub id: ModelId,
    /// `Product`.
    pub name: String,
    /// `products`: the path segment and the first half of its permissions.
    pub plural: String,
    /// The table.
    pub table: String,
    /// Whether migrations own the table; `@model(managed: false)` leaves it as it is.
    pub managed: bool,
    /// The description.
    pub doc: Option<String>,
    /// `@renamedFrom(name:)`: the model's former name.
    pub renamed_from: Option<String>,
    /// `@deprecated(reason:)`.
    pub deprecated: Option<String>,
    /// The fields: the key first, then as in the file, then `createdAt`, `updatedAt`, `version`
    /// where the model has them.
    pub fields: Vec<Field>,
    /// The place of each field by its name.
    pub by_field: HashMap<String, FieldId>,
    /// The key.
    pub key: FieldId,
    /// `createdAt`, unless `@model(timestamps: false)`.
    pub created_at: Option<FieldId>,
    /// `updatedAt`, unless `@model(timestamps: false)`.
    pub updated_at: Option<FieldId>,
    /// `version`, unless `@model(version: false)`.
    pub version: Option<FieldId>,
    /// `@model(locking: REQUIRED)`: writes need `If-Match`.
    pub locking: Locking,
    /// `@account(identity:)`.
    pub account: Option<Account>,
    /// `@access(…)` on the model.
    pub access: Access,
    /// Every index: `@index`, `@unique` and one for each foreign key that none of them starts
    /// with; tables that migrations do not own get none of the last kind.
    pub indexes: Vec<Index>,
    /// `@check(rule:, message:)`.
    pub checks: Vec<Check>,
    /// Where the name stands in the source.
    pub span: Span,
}

/// Whether a write must name the version it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Locking {
    /// `If-Match` is honoured when sent.
    #[default]
    Optional,
    /// `If-Match` must be sent.
    Required,
}

/// What makes a model the account model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The fields an account may log in by.
    pub identity: Vec<FieldId>,
}

/// A rule as it stands in the schema file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleText {
    /// The expression.
    pub text: String,
    /// Where its first character stands, and its last.
    pub span: Span,
    /// Where text and source fall out of step, which an escape (`\"`) or the indentation of a block
    /// string makes them do: from this byte of the text on, that byte of the source. Ascending;
    /// empty for most rules.
    pub jumps: Vec<(usize, usize)>,
}

impl RuleText {
    /// Where in the source the bytes from `start` to before `end` of the text stand.
    #[must_use]
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let end = end.max(start);
        // The last byte is looked up, and not the one after it, which may lie beyond a jump.
        let last =
            if end > start { self.source_byte(end - 1) + 1 } else { self.source_byte(start) };
        Span { start: self.source_byte(start), end: last.min(self.span.end) }
    }

    fn source_byte(&self, byte: usize) -> usize {
        let n_before = self.jumps.partition_point(|(text, _)| *text <= byte);
        let (text, source) = match n_before {
            0 => (0, self.span.start),
            n_before => self.jumps[n_before - 1],
        };
        (source + (byte - text)).min(self.span.end)
    }
}

/// The rules of a model, by operation. No rule: only a permission allows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Access {
    /// Who sees a row.
    pub read: Option<RuleText>,
    /// Who creates one.
    pub create: Option<RuleText>,
    /// Who changes one.
    pub update: Option<RuleText>,
    /// Who deletes one.
    pub delete: Option<RuleText>,
}

/// The rules of a field, which narrow the model's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldAccess {
    /// Who sees the field of a row they see.
    pub read: Option<RuleText>,
    /// Who sets it.
    pub write: Option<RuleText>,
}

/// An invariant of each row of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The condition, over `row` alone.
    pub rule: RuleText,
    /// What a client is told when it does not hold.
    pub message: String,
}

/// An index, unique or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The name in the database.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<IndexColumn>,
    /// Whether two rows may share the values. Rows with a null in one of them never conflict.
    pub unique: bool,
    /// `where:` of `@index`: only rows for which this holds, over `row` alone.
    pub filter: Option<RuleText>,
}

/// One column of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexColumn {
    /// The field.
    pub field: FieldId,
    /// Whether the index descends (`-createdAt`).
    pub descending: bool,
}

/// A field of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its place in the model.
    pub id: FieldId,
    /// The name on the wire.
    pub name: String,
    /// The column; empty for relations that have none (to-many, many-to-many).
    pub column: String,
    /// How the column holds the value.
    pub encoding: Encoding,
    /// The description.
    pub doc: Option<String>,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether the value may be null.
    pub nullable: bool,
    /// Whether no two rows may share a value: the key, and what a unique index of its own covers.
    pub unique: bool,
    /// What a row gets when a create does not say. `None` for what the server fills by itself: the
    /// key, `createdAt`, `updatedAt` and `version`.
    pub default: Option<FieldDefault>,
    /// `@length(min:, max:)`: characters (Unicode scalar values) of text, items of a list. An open
    /// end is 0 or `u64::MAX`.
    pub length: Option<(u64, u64)>,
    /// `@range(min:, max:)`, either end open.
    pub range: Option<(Option<Value>, Option<Value>)>,
    /// `@pattern(regex:)`, which the whole text must match.
    pub pattern: Option<Pattern>,
    /// Text compares without regard to ASCII case (`@text(compare: CASELESS)`).
    pub caseless: bool,
    /// Set on create only.
    pub immutable: bool,
    /// Never set by a client.
    pub readonly: bool,
    /// Never leaves the server.
    pub hidden: bool,
    /// `@access(…)` on the field.
    pub access: FieldAccess,
    /// `@renamedFrom(name:)`: the field's former name.
    pub renamed_from: Option<String>,
    /// `@deprecated(reason:)`.
    pub deprecated: Option<String>,
    /// Where the name stands in the source; empty for fields a model has unnamed.
    pub span: Span,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    /// One value.
    Scalar(Scalar),
    /// One value of an enum.
    Enum(EnumId),
    /// A list of scalars, held as JSON text.
    ScalarList(Scalar),
    /// A list of enum values, held as JSON text.
    EnumList(EnumId),
    /// The key of a row of another model (or of the same): the owning side, with a column.
    ToOne(ToOne),
    /// The rows that own a relation to this one.
    ToMany(ToMany),
    /// Rows joined through a table of pairs.
    ManyToMany(Join),
}

/// The owning side of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToOne {
    /// The model referred to.
    pub target: ModelId,
    /// What deleting the target does.
    pub on_delete: OnDelete,
    /// What changing the target's key does.
    pub on_update: OnDelete,
    /// The to-many field on the target that is the inverse, where it has one.
    pub inverse: Option<FieldId>,
}

/// What a foreign key does when its target goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnDelete {
    /// Refuse while rows refer to it.
    #[default]
    Restrict,
    /// Delete the referring rows too.
    Cascade,
    /// Set the reference to null.
    SetNull,
    /// Nothing at all until the transaction ends; then refuse (adopted tables).
    NoAction,
}

/// The inverse of a to-one relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToMany {
    /// The model that owns the relation.
    pub target: ModelId,
    /// The owning field there. When that field is unique this side holds at most one row.
    pub field: FieldId,
    /// Whether this side is one row (`profile: Profile @relation(field: "user")`) and not a list.
    pub single: bool,
}

/// One side of a many-to-many relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The model on the other side.
    pub target: ModelId,
    /// The table of pairs.
    pub table: String,
    /// The column there that holds this side's key.
    pub own_column: String,
    /// The column there that holds the other side's key.
    pub target_column: String,
    /// The field on the other side, where it has one.
    pub inverse: Option<FieldId>,
    /// Whether migrations own the table.
    pub managed: bool,
}

/// What a field is set to when a create does not say.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldDefault {
    /// `@default(value:)`.
    Value(Value),
    /// `@default(now: true)`: the time of the request.
    Now,
    /// `@default(auth: true)`: the caller's account.
    Auth,
}

impl FieldKind {
    /// The scalar type, where it is a single value of one.
    #[must_use]
    pub const fn scalar(&self) -> Option<Scalar> {
        match self {
            Self::Scalar(scalar) => Some(*scalar),
            Self::Enum(_)
            | Self::ScalarList(_)
            | Self::EnumList(_)
            | Self::ToOne(_)
            | Self::ToMany(_)
            | Self::ManyToMany(_) => None,
        }
    }
}

impl Schema {
    /// The model with this id.
    #[must_use]
    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[usize::from(id.0)]
    }

    /// The field with these ids.
    #[must_use]
    pub fn field(&self, model: ModelId, field: FieldId) -> &Field {
        self.model(model).field(field)
    }

    /// The enum with this id.
    #[must_use]
    pub fn enum_type(&self, id: EnumId) -> &EnumType {
        &self.enums[usize::from(id.0)]
    }

    /// The texts of all rules of models and fields about who may do what.
    pub fn access_rules(&self) -> impl Iterator<Item = &RuleText> {
        self.models.iter().flat_map(|model| {
            let access = &model.access;
            let of_model = [&access.read, &access.create, &access.update, &access.delete];
            let of_fields =
                model.fields.iter().flat_map(|field| [&field.access.read, &field.access.write]);
            of_model.into_iter().chain(of_fields).flatten()
        })
    }

    /// The account model, where the schema names one.
    #[must_use]
    pub fn account_model(&self) -> Option<&Model> {
        self.models.iter().find(|model| model.account.is_some())
    }
}

impl Model {
    /// The field with this id.
    #[must_use]
    pub fn field(&self, id: FieldId) -> &Field {
        &self.fields[usize::from(id.0)]
    }

    /// The field with this name.
    #[must_use]
    pub fn field_named(&self, name: &str) -> Option<&Field> {
        self.by_field.get(name).map(|id| self.field(*id))
    }

    /// The key field.
    #[must_use]
    pub fn key_field(&self) -> &Field {
        self.field(self.key)
    }
}

impl Field {
    /// Whether the field is a column of its model's table.
    #[must_use]
    pub fn has_column(&self) -> bool {
        match self.kind {
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => true,
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => false,
        }
    }

    /// Whether the field is a relation of any kind.
    #[must_use]
    pub fn is_relation(&self) -> bool {
        matches!(self.kind, FieldKind::ToOne(_) | FieldKind::ToMany(_) | FieldKind::ManyToMany(_))
    }
}
