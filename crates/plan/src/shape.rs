//! What of a write decides its plan, and what it leaves to its values.

use underpin_schema::{FieldId, ModelId, Value};

use crate::{Operation, WriteKind, WriteRequest, WriteSlot};

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
        }
    }
}
