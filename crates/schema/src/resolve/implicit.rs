//! The fields that every model has without naming them, and where all fields stand.

use super::field::{Drafted, new_field};
use super::{FieldNote, Work};
use crate::diagnostic::field;
use crate::{Field, FieldId, FieldKind, IdKind, Model, ModelId, Scalar};

impl<'a> Work<'a, '_> {
    /// Puts the fields in order (the key, those of the file, the server's own) and gives them ids.
    pub(super) fn place_fields(&mut self, id: ModelId, mut drafted: Vec<Drafted<'a>>) {
        let key = self.take_key(&mut drafted);
        let with = |argument: &str| {
            let model = self.note(id).directives.get("model");
            model.and_then(|model| model.flag(argument)).unwrap_or(true)
        };
        let (timestamps, version) = (with("timestamps"), with("version"));
        let mut last = Vec::new();
        for (name, scalar, wanted) in [
            ("createdAt", Scalar::DateTime, timestamps),
            ("updatedAt", Scalar::DateTime, timestamps),
            ("version", Scalar::Int, version),
        ] {
            if wanted {
                last.push(self.take_server_field(&mut drafted, name, scalar));
            }
        }
        let all = std::iter::once(key).chain(drafted).chain(last);
        let model = &mut self.schema.models[usize::from(id.0)];
        let notes = &mut self.notes[usize::from(id.0)].fields;
        for (index, Drafted { mut field, note }) in all.enumerate() {
            field.id = FieldId(
                u16::try_from(index).expect("invariant: at most 1,000 fields and four more"),
            );
            model.by_field.insert(field.name.clone(), field.id);
            model.fields.push(field);
            notes.push(note);
        }
        let place = |model: &Model, name: &str, wanted: bool| {
            model.by_field.get(name).copied().filter(|_| wanted)
        };
        model.created_at = place(model, "createdAt", timestamps);
        model.updated_at = place(model, "updatedAt", timestamps);
        model.version = place(model, "version", version);
    }

    /// The key: as declared, or a UUID.
    fn take_key(&mut self, drafted: &mut Vec<Drafted<'a>>) -> Drafted<'a> {
        let mut key = match take(drafted, "id") {
            Some(declared) => {
                if !matches!(declared.field.kind, FieldKind::Scalar(Scalar::Id(_)))
                    || declared.field.nullable
                {
                    self.report(field::key_type(declared.note.type_span));
                }
                declared
            }
            None => implicit("id", Scalar::Id(IdKind::Uuid)),
        };
        let chosen = matches!(key.field.kind, FieldKind::Scalar(Scalar::Id(IdKind::String)));
        key.field.unique = true;
        key.field.readonly = !chosen;
        key.field.immutable = chosen;
        if let Some(default) = key.note.directives.get("default") {
            let span = default.span;
            self.report(field::server_default("id", span));
        }
        key
    }

    /// A field that the server fills: as declared, or made.
    fn take_server_field(
        &mut self,
        drafted: &mut Vec<Drafted<'a>>,
        name: &str,
        scalar: Scalar,
    ) -> Drafted<'a> {
        let mut made = match take(drafted, name) {
            Some(declared) => {
                if declared.field.kind != FieldKind::Scalar(scalar) || declared.field.nullable {
                    self.report(field::server_type(name, scalar, declared.note.type_span));
                }
                if let Some(default) = declared.note.directives.get("default") {
                    let span = default.span;
                    self.report(field::server_default(name, span));
                }
                declared
            }
            None => implicit(name, scalar),
        };
        made.field.readonly = true;
        made
    }
}

fn take<'a>(drafted: &mut Vec<Drafted<'a>>, name: &str) -> Option<Drafted<'a>> {
    let place = drafted.iter().position(|drafted| drafted.field.name == name)?;
    Some(drafted.remove(place))
}

fn implicit<'a>(name: &str, scalar: Scalar) -> Drafted<'a> {
    let kind = FieldKind::Scalar(scalar);
    let column = crate::naming::snake_case(name);
    Drafted { field: Field { column, ..new_field(name, kind) }, note: FieldNote::default() }
}
