//! Fields: types and what their own directives say. Relations get their targets here and the rest
//! in `relation`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use apollo_compiler::Node;
use apollo_compiler::ast::{FieldDefinition, Type};

use super::{FieldNote, Named, Work};
use crate::applied::Directives;
use crate::declare::{self, Declarations, TypeDeclaration};
use crate::diagnostic::{
    collision, constraint, definition, directive, duplicate, field, name, unknown,
};
use crate::directives::Place;
use crate::naming::{fit_identifier, snake_case};
use crate::{
    Encoding, Field, FieldAccess, FieldId, FieldKind, IdKind, ModelId, OnDelete, Scalar, Span,
    ToMany, ToOne,
};

/// Stands for an id that `relation` has yet to find; no schema with one leaves the resolver.
pub(super) const UNRESOLVED: FieldId = FieldId(u16::MAX);

/// A field as far as its own declaration tells.
pub(super) struct Drafted<'a> {
    pub(super) field: Field,
    pub(super) note: FieldNote<'a>,
}

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_fields(&mut self, declarations: &Declarations<'a>) {
        for (id, declared) in self.model_ids().zip(&declarations.types) {
            let drafted = self.draft_fields(id, declared);
            self.place_fields(id, drafted);
            self.refuse_shared_columns(id);
            self.refuse_present_former_names(id);
        }
    }

    fn draft_fields(&mut self, model: ModelId, declared: &TypeDeclaration<'a>) -> Vec<Drafted<'a>> {
        let mut drafted: Vec<Drafted<'a>> = Vec::new();
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for node in &declared.fields {
            let span = declare::name_span(&node.name);
            if let Some(first) = seen.get(node.name.as_str()) {
                self.report(duplicate::field(&node.name, span, *first));
                continue;
            }
            seen.insert(node.name.as_str(), span);
            let wrong_name = name::check_field(&node.name, span);
            self.diagnostics.extend(wrong_name);
            if let Some(argument) = node.arguments.first() {
                let span = declare::name_span(&argument.name);
                self.report(definition::unsupported("an argument of a field", span));
            }
            match self.draft_field(node) {
                Some(field) => drafted.push(field),
                None => {
                    self.notes[usize::from(model.0)].broken.insert(node.name.as_str());
                }
            }
        }
        drafted
    }

    fn draft_field(&mut self, node: &'a Node<FieldDefinition>) -> Option<Drafted<'a>> {
        let nodes: Vec<_> = node.directives.iter().collect();
        let directives = Directives::check(&nodes, Place::Field, self.diagnostics);
        let type_span = declare::name_span(node.ty.inner_named_type());
        let note = FieldNote { directives, type_span, is_list: node.ty.is_list() };
        let kind = self.field_kind(node, &note)?;
        let mut field = new_field(node.name.as_str(), kind);
        field.nullable = !node.ty.is_non_null();
        field.doc = declare::text_of(node.description.as_ref());
        field.span = declare::name_span(&node.name);
        self.apply_directives(&mut field, &note);
        Some(Drafted { field, note })
    }

    fn field_kind(
        &mut self,
        node: &Node<FieldDefinition>,
        note: &FieldNote<'a>,
    ) -> Option<FieldKind> {
        let type_name = node.ty.inner_named_type().as_str();
        let Some(named) = self.names.get(type_name).copied() else {
            let known = self.names.keys().copied();
            let diagnostic = unknown::type_name(type_name, note.type_span, known);
            self.report(diagnostic);
            return None;
        };
        if note.is_list && !self.check_list(&node.ty, named, note.type_span) {
            return None;
        }
        Some(match (named, note.is_list) {
            (Named::Scalar(scalar), is_list) => {
                let scalar = self.sized_scalar(scalar, &node.name, note);
                if is_list { FieldKind::ScalarList(scalar) } else { FieldKind::Scalar(scalar) }
            }
            (Named::Enum(id), false) => FieldKind::Enum(id),
            (Named::Enum(id), true) => FieldKind::EnumList(id),
            (Named::Model(target), false) if !is_inverse(note) => FieldKind::ToOne(ToOne {
                target,
                on_delete: reference_action(note, "onDelete"),
                on_update: reference_action(note, "onUpdate"),
                inverse: None,
            }),
            (Named::Model(target), is_list) => {
                FieldKind::ToMany(ToMany { target, field: UNRESOLVED, single: !is_list })
            }
        })
    }

    /// Whether a list is one of non-null items, and for relations never null itself.
    fn check_list(&mut self, ty: &Type, named: Named, span: Span) -> bool {
        let (Type::List(item) | Type::NonNullList(item)) = ty else { return true };
        let is_relation = matches!(named, Named::Model(_));
        let fits = matches!(**item, Type::NonNullNamed(_)) && (ty.is_non_null() || !is_relation);
        if !fits {
            let name = ty.inner_named_type();
            let diagnostic = match **item {
                Type::List(_) | Type::NonNullList(_) => field::nested_list(span),
                Type::Named(_) | Type::NonNullNamed(_) if is_relation => {
                    field::list_of_rows(name, span)
                }
                Type::Named(_) | Type::NonNullNamed(_) => field::list_of_nullable(name, span),
            };
            self.report(diagnostic);
        }
        fits
    }

    /// The scalar with what `@decimal` and `@id` say of it.
    fn sized_scalar(&mut self, scalar: Scalar, name: &str, note: &FieldNote<'a>) -> Scalar {
        if matches!(scalar, Scalar::Id(_)) {
            if name != "id" || note.is_list {
                self.report(field::key_elsewhere(name, note.type_span));
            }
            let kind = note.directives.get("id").and_then(|id| id.symbol("kind"));
            return Scalar::Id(match kind {
                Some(("INT", _)) => IdKind::Int,
                Some(("STRING", _)) => IdKind::String,
                _ => IdKind::Uuid,
            });
        }
        let Scalar::Decimal { precision, scale } = scalar else { return scalar };
        let Some(size) = note.directives.get("decimal") else { return scalar };
        let precision = size.number("precision").map_or(precision.into(), |(n, _)| n);
        let scale = size.number("scale").map_or(i64::from(scale).min(precision), |(n, _)| n);
        match (u8::try_from(precision), u8::try_from(scale)) {
            (Ok(precision @ 1..=18), Ok(scale)) if scale <= precision => {
                Scalar::Decimal { precision, scale }
            }
            _ => {
                self.report(constraint::decimal(precision, scale, size.span));
                scalar
            }
        }
    }

    fn apply_directives(&mut self, field: &mut Field, note: &FieldNote<'a>) {
        let directives = &note.directives;
        field.immutable = directives.has("immutable");
        field.readonly = directives.has("readonly");
        field.hidden = directives.has("hidden");
        field.renamed_from = self.renamed_from(directives);
        field.deprecated = super::model::deprecated(directives);
        field.access = self.field_access(note);
        self.refuse_contradictions(field, note);
        self.apply_column(field, note);
        self.refuse_misfits(field, note);
        let compare = directives.get("text").and_then(|text| text.symbol("compare"));
        field.caseless = matches!(compare, Some(("CASELESS", _)));
        self.apply_constraints(field, note);
        self.apply_default(field, note);
    }

    fn field_access(&mut self, note: &FieldNote<'a>) -> FieldAccess {
        let Some(access) = note.directives.get("access") else { return FieldAccess::default() };
        if access.is_bare() && access.sound {
            self.report(directive::says_nothing("access", access.span));
        }
        FieldAccess { read: self.rule(access, "read"), write: self.rule(access, "write") }
    }

    /// Directives that say the opposite of each other, or the same twice.
    fn refuse_contradictions(&mut self, field: &Field, note: &FieldNote<'a>) {
        let span = |name: &str| note.directives.get(name).map(|applied| applied.span);
        for (one, other, why) in [
            (
                "readonly",
                "immutable",
                "a field that no client sets needs no protection after create",
            ),
            ("hidden", "readonly", "clients neither read nor write a hidden field anyway"),
            ("hidden", "immutable", "clients neither read nor write a hidden field anyway"),
            (
                "hidden",
                "access",
                "clients neither read nor write a hidden field, whatever a rule says",
            ),
        ] {
            if let (Some(one_span), Some(other_span)) = (span(one), span(other)) {
                self.report(directive::contradiction([(one, one_span), (other, other_span)], why));
            }
        }
        if let (true, Some(write)) = (field.readonly, &field.access.write) {
            let readonly = span("readonly").unwrap_or(write.span);
            let access = span("access").unwrap_or(write.span);
            let why = "a field that no client sets needs no rule for setting it";
            self.report(directive::contradiction(
                [("readonly", readonly), ("access", access)],
                why,
            ));
        }
    }

    fn apply_column(&mut self, field: &mut Field, note: &FieldNote<'a>) {
        if !field.has_column() {
            return;
        }
        let snake = snake_case(&field.name);
        let is_reference = matches!(field.kind, FieldKind::ToOne(_));
        field.column = fit_identifier(if is_reference { format!("{snake}_id") } else { snake });
        let Some(column) = note.directives.get("column") else { return };
        if let Some(name) = column.text("name") {
            let wrong = name::check_column(name.text, name.span);
            self.diagnostics.extend(wrong);
            field.column = name.text.to_owned();
        }
        if let Some((storage, span)) = column.symbol("storage") {
            field.encoding = match storage {
                "TEXT" => Encoding::Text,
                "REAL" => Encoding::Real,
                "SECONDS" => Encoding::Seconds,
                "MILLIS" => Encoding::Millis,
                _ => Encoding::Native,
            };
            // A reference's storage is checked once its target's key is known.
            let scalar = field.kind.scalar();
            if !is_reference && !field::storage_fits(field.encoding, scalar) {
                self.report(field::storage(storage, span));
            }
        }
    }

    fn refuse_shared_columns(&mut self, model: ModelId) {
        let mut found = Vec::new();
        let mut taken: HashMap<String, &Field> = HashMap::new();
        for field in self.model(model).fields.iter().filter(|field| field.has_column()) {
            match taken.entry(field.column.to_ascii_lowercase()) {
                Entry::Occupied(first) => found.push(collision::column(field, first.get())),
                Entry::Vacant(free) => {
                    free.insert(field);
                }
            }
        }
        self.diagnostics.extend(found);
    }

    fn refuse_present_former_names(&mut self, model: ModelId) {
        let model = self.model(model);
        let present = model.fields.iter().filter_map(|field| {
            let former = field.renamed_from.as_deref()?;
            let other = model.field_named(former)?;
            Some(name::renamed_from_present(&field.name, former, other.span))
        });
        let mut found: Vec<_> = present.collect();
        found.extend(name::renamed_from_twice(
            model
                .fields
                .iter()
                .map(|field| (field.name.as_str(), field.renamed_from.as_deref(), field.span)),
        ));
        self.diagnostics.extend(found);
    }
}

fn is_inverse(note: &FieldNote<'_>) -> bool {
    note.directives.get("relation").is_some_and(|relation| relation.has("field"))
}

fn reference_action(note: &FieldNote<'_>, argument: &str) -> OnDelete {
    let relation = note.directives.get("relation");
    match relation.and_then(|relation| relation.symbol(argument)) {
        Some(("CASCADE", _)) => OnDelete::Cascade,
        Some(("SET_NULL", _)) => OnDelete::SetNull,
        Some(("NO_ACTION", _)) => OnDelete::NoAction,
        _ => OnDelete::Restrict,
    }
}

/// A field about which nothing but its name and kind is known.
pub(super) fn new_field(name: &str, kind: FieldKind) -> Field {
    Field {
        id: UNRESOLVED,
        name: name.to_owned(),
        column: String::new(),
        encoding: Encoding::Native,
        doc: None,
        kind,
        nullable: false,
        unique: false,
        default: None,
        length: None,
        range: None,
        pattern: None,
        caseless: false,
        immutable: false,
        readonly: false,
        hidden: false,
        access: FieldAccess::default(),
        renamed_from: None,
        deprecated: None,
        span: Span::default(),
    }
}
