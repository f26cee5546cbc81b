//! Judges what a write sends, all of it at once.

use underpin_base::{Code, Error, FieldError, Limits, Result};
use underpin_rules::Predicate;
use underpin_schema::{
    Field, FieldCode, FieldDefault, FieldId, FieldKind, IdKind, Model, ModelId, Scalar, Value,
    nearest,
};

use crate::view::View;
use crate::write::kept_by_server;
use crate::{Catalog, Folded, Operation, SlotType, WriteKind, WriteRequest};

/// Refuses a write whose document has mistakes, those found in decoding it among them.
///
/// # Errors
/// As [`authorize_write`](crate::authorize_write()) when no rule ever allows the operation, so that
/// whoever may not write learns nothing of the fields. `FORBIDDEN` when the document sets fields
/// that the profile may never set, else `VALIDATION_ERROR`; both name every field concerned.
/// `FORBIDDEN` that names none for a create that lacks a field which does not exist for the profile.
pub fn validate(catalog: &Catalog, folded: &Folded, request: &WriteRequest) -> Result<()> {
    validate_registration(catalog, folded, request, &[])
}

/// As [`validate`], of a row that somebody makes to act as it from then on. The server adds the
/// fields of `given`: nobody need send them.
///
/// # Errors
/// As [`validate`].
pub fn validate_registration(
    catalog: &Catalog,
    folded: &Folded,
    request: &WriteRequest,
    given: &[FieldId],
) -> Result<()> {
    // Nothing here depends on a limit: those of the body were held when it was decoded.
    let limits = Limits::default();
    let view = View { catalog, folded, limits: &limits };
    view.require_operation(request.model, request.kind.operation())?;
    let validator = Validator { view, request, model: view.model(request.model), given };
    let document = &request.document;
    let decoded = document.errors.iter().map(|error| validator.decoded(error));
    let sent = document
        .entries
        .iter()
        .filter_map(|(field, value)| validator.sent(validator.model.field(*field), value));
    let (forbidden, mut errors): (Vec<FieldError>, Vec<FieldError>) =
        decoded.chain(sent).partition(|error| error.code == FieldCode::Forbidden.name());
    if !forbidden.is_empty() {
        let message = "you may not set some of the fields that were sent";
        return Err(Error::new(Code::Forbidden, message).with_fields(forbidden));
    }
    validator.require_reach()?;
    // What is no object as a whole lacks every field, which need not be said of each.
    if !errors.iter().any(|error| error.path.is_empty()) {
        validator.missing(&mut errors);
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::validation(errors)) }
}

/// Refuses an operation that no rule ever allows the profile, before anything of the request but
/// its target is known.
///
/// # Errors
/// `UNAUTHENTICATED` for the anonymous actor, else `FORBIDDEN`.
pub fn permit(
    catalog: &Catalog,
    folded: &Folded,
    model: ModelId,
    operation: Operation,
) -> Result<()> {
    let limits = Limits::default();
    View { catalog, folded, limits: &limits }.require_operation(model, operation)
}

struct Validator<'a> {
    view: View<'a>,
    request: &'a WriteRequest,
    model: &'a Model,
    given: &'a [FieldId],
}

impl Validator<'_> {
    fn service(&self) -> bool {
        self.view.folded.is_service()
    }

    fn operation(&self) -> Operation {
        self.request.kind.operation()
    }

    fn known(&self, field: &Field) -> bool {
        self.view.is_known(self.model, field)
    }

    /// A mistake found in decoding, as the actor may learn of it.
    fn decoded(&self, error: &FieldError) -> FieldError {
        let name = error.path.split('.').next().unwrap_or_default();
        let field = self.model.field_named(name);
        let unknown = error.code == FieldCode::UnknownField.name();
        if unknown || field.is_some_and(|field| !self.known(field)) {
            return self.unknown(name);
        }
        // What may not be sent at all is refused for being there, whatever its value.
        field.and_then(|field| self.sent(field, &Value::Null)).unwrap_or_else(|| error.clone())
    }

    fn unknown(&self, name: &str) -> FieldError {
        let known = self.model.fields.iter().filter(|field| self.known(field));
        let message = match nearest(name, known.map(|field| field.name.as_str())) {
            Some(near) => format!("is not a field; did you mean `{near}`?"),
            None => "is not a field".to_owned(),
        };
        refusal(name, FieldCode::UnknownField, message)
    }

    /// What is wrong with setting a field.
    fn sent(&self, field: &Field, value: &Value) -> Option<FieldError> {
        let name = &field.name;
        if self.under_field() == Some(field.id) && self.parent() != Some(value) {
            let message = "is set by the path and may not differ from it";
            return Some(refusal(name, FieldCode::ReadOnly, message));
        }
        if self.model.version == Some(field.id) {
            return Some(refusal(name, FieldCode::ReadOnly, "is set by the server"));
        }
        if self.service() {
            return None;
        }
        let rules = &self.view.rules(self.model.id).fields[usize::from(field.id.0)];
        if !self.known(field) {
            return Some(self.unknown(name));
        }
        if self.set_by_server(field) {
            return Some(refusal(name, FieldCode::ReadOnly, "is set by the server"));
        }
        if field.immutable && self.operation() != Operation::Create {
            let message = "is set when the row is created, and never again";
            return Some(refusal(name, FieldCode::Immutable, message));
        }
        (rules.write == Predicate::False)
            .then(|| refusal(name, FieldCode::Forbidden, "may not be set by you"))
    }

    fn set_by_server(&self, field: &Field) -> bool {
        if field.id == self.model.key {
            let chosen = SlotType::of_key(self.model).scalar() == Scalar::Id(IdKind::String);
            return !(chosen && self.operation() == Operation::Create);
        }
        field.readonly || kept_by_server(self.model, field.id)
    }

    /// The owning field that the path of a create sets.
    fn under_field(&self) -> Option<FieldId> {
        match &self.request.kind {
            WriteKind::Create { under: Some((model, field, _)) } => {
                owning_field(self.view, *model, *field)
            }
            WriteKind::Create { under: None }
            | WriteKind::Merge { .. }
            | WriteKind::Replace { .. }
            | WriteKind::Delete { .. } => None,
        }
    }

    fn parent(&self) -> Option<&Value> {
        match &self.request.kind {
            WriteKind::Create { under: Some((_, _, key)) } => Some(key),
            WriteKind::Create { under: None }
            | WriteKind::Merge { .. }
            | WriteKind::Replace { .. }
            | WriteKind::Delete { .. } => None,
        }
    }

    /// Refuses a create that cannot succeed for want of a field that does not exist for the actor,
    /// and does not name it.
    fn require_reach(&self) -> Result<()> {
        let under = self.under_field();
        let reaches = |field: &Field| {
            under == Some(field.id) || self.given.contains(&field.id) || self.known(field)
        };
        let mut required = self.model.fields.iter().filter(|field| self.is_required(field));
        if self.operation() != Operation::Create || required.all(reaches) {
            return Ok(());
        }
        let message = format!("you may not create `{}`", self.model.plural);
        Err(Error::new(Code::Forbidden, message))
    }

    /// Adds the fields that must be sent and are not.
    fn missing(&self, errors: &mut Vec<FieldError>) {
        if matches!(self.operation(), Operation::Merge | Operation::Delete) {
            return;
        }
        let under = self.under_field();
        for field in &self.model.fields {
            let sent = self.given.contains(&field.id)
                || self.request.document.entries.iter().any(|(id, _)| *id == field.id);
            let wrong = errors
                .iter()
                .any(|error| error.path.split('.').next() == Some(field.name.as_str()));
            if !sent && !wrong && under != Some(field.id) && self.is_required(field) {
                let message = "must be sent";
                errors.push(refusal(&field.name, FieldCode::Required, message));
            }
        }
    }

    fn is_required(&self, field: &Field) -> bool {
        let model = self.model;
        if field.nullable || !field.has_column() || kept_by_server(model, field.id) {
            return false;
        }
        let generated = SlotType::of_key(model).scalar() != Scalar::Id(IdKind::String);
        if field.id == model.key {
            return self.operation() == Operation::Create && !generated;
        }
        if self.operation() == Operation::Replace && !self.view.is_replaced(model, field) {
            return false;
        }
        match field.default {
            None => true,
            Some(FieldDefault::Auth) => !self.view.folded.profile().is_account,
            Some(FieldDefault::Value(_) | FieldDefault::Now) => false,
        }
    }
}

/// The field on the other side that a relation to many is the inverse of.
pub(crate) fn owning_field(view: View<'_>, model: ModelId, relation: FieldId) -> Option<FieldId> {
    match &view.schema().field(model, relation).kind {
        FieldKind::ToMany(to_many) => Some(to_many.field),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToOne(_)
        | FieldKind::ManyToMany(_) => None,
    }
}

fn refusal(path: &str, code: FieldCode, message: impl Into<String>) -> FieldError {
    FieldError { path: path.to_owned(), code: code.name(), message: message.into() }
}
