//! Relations between models, by way of the column on the owning side.
//!
//! `customer: User!` owns: it has a column. `orders: [Order!]!` on the other side is its inverse,
//! found by `@relation(field:)`, or without it where only one field can be meant. What has no
//! owner is many-to-many, if it says `@relation`, and left to `join`.

use super::Work;
use super::field::UNRESOLVED;
use crate::applied::Text;
use crate::diagnostic::{field, relation, unknown};
use crate::{Encoding, FieldId, FieldKind, ModelId, OnDelete, Span, ToMany};

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_relations(&mut self) {
        for model in self.model_ids() {
            for field in self.field_ids(model) {
                if matches!(self.field(model, field).kind, FieldKind::ToOne(_)) {
                    self.check_owner(model, field);
                }
            }
        }
        // Those that name their other side first, so that the others find it taken.
        for named in [true, false] {
            for model in self.model_ids() {
                for field in self.field_ids(model) {
                    let is_inverse = self.unresolved(model, field).is_some();
                    if is_inverse && self.other_name(model, field).is_some() == named {
                        self.resolve_inverse(model, field);
                    }
                }
            }
        }
    }

    /// The target of a field that has no column and no resolved other side yet.
    pub(super) fn unresolved(&self, model: ModelId, field: FieldId) -> Option<ToMany> {
        let FieldKind::ToMany(inverse) = self.field(model, field).kind else { return None };
        (inverse.field == UNRESOLVED).then_some(inverse)
    }

    /// What `@relation(field:)` names.
    pub(super) fn other_name(&self, model: ModelId, field: FieldId) -> Option<Text<'a>> {
        self.field_note(model, field).directives.get("relation")?.text("field")
    }

    /// Whether the field says that it is joined through a table of pairs.
    pub(super) fn names_table(&self, model: ModelId, field: FieldId) -> bool {
        let relation = self.field_note(model, field).directives.get("relation");
        relation.is_some_and(|own| ["table", "from", "to"].iter().any(|name| own.has(name)))
    }

    fn check_owner(&mut self, model: ModelId, id: FieldId) {
        let field = self.field(model, id);
        let FieldKind::ToOne(to_one) = field.kind else { return };
        let key = self.model(to_one.target).key_field();
        let (key_encoding, key_scalar) = (key.encoding, self.schema.scalar_of(key));
        let nullable = field.nullable;
        let note = self.field_note(model, id);
        let own = note.directives.get("relation");
        let mut found = Vec::new();
        for (argument, action) in [("onDelete", to_one.on_delete), ("onUpdate", to_one.on_update)] {
            if action == OnDelete::SetNull && !nullable {
                let span = own.and_then(|own| own.symbol(argument)).map(|(_, span)| span);
                found.push(relation::set_null(argument, span.unwrap_or_default(), note.type_span));
            }
        }
        if let Some(argument) = own
            .and_then(|own| ["table", "from", "to"].into_iter().find(|argument| own.has(argument)))
        {
            let span = own.and_then(|own| own.text(argument)).map(|text| text.span);
            found.push(relation::misplaced_argument(
                argument,
                "a many-to-many relation",
                span.unwrap_or_default(),
            ));
        }
        let storage = note.directives.get("column").and_then(|column| column.symbol("storage"));
        if let Some((storage, span)) = storage
            && !field::storage_fits(self.field(model, id).encoding, key_scalar)
        {
            found.push(field::storage(storage, span));
        }
        // A reference holds what its target's key holds, in the same way unless it says otherwise.
        if storage.is_none() && key_encoding != Encoding::Native {
            self.field_mut(model, id).encoding = key_encoding;
        }
        self.diagnostics.extend(found);
    }

    fn resolve_inverse(&mut self, model: ModelId, id: FieldId) {
        let Some(inverse) = self.unresolved(model, id) else { return };
        match self.other_name(model, id) {
            Some(name) => self.resolve_named(model, id, name),
            None if self.names_table(model, id) => {}
            None => {
                let owners = self.owners(inverse.target, model);
                if self.is_bare_pair(model, id) {
                    // Both sides say `@relation` and no more: many to many.
                    return;
                }
                match owners.as_slice() {
                    [owner] => self.join_inverse(model, id, *owner),
                    [] if self.field_note(model, id).directives.has("relation") => {}
                    [] => self.report_no_owner(model, id, inverse.target),
                    several => self.report_ambiguous(model, id, inverse.target, several),
                }
            }
        }
    }

    fn resolve_named(&mut self, model: ModelId, id: FieldId, name: Text<'a>) {
        let Some(inverse) = self.unresolved(model, id) else { return };
        let target = self.model(inverse.target);
        let Some(other) = target.field_named(name.text) else {
            if !self.note(inverse.target).broken.contains(name.text) {
                let diagnostic = unknown::field(name, target);
                self.report(diagnostic);
            }
            // Reported; whatever else is said of this field would follow from it.
            self.settle(model, id, ToMany { field: FieldId(0), ..inverse });
            return;
        };
        let other_id = other.id;
        let owns = matches!(other.kind, FieldKind::ToOne(to_one) if to_one.target == model);
        let is_list =
            matches!(other.kind, FieldKind::ToMany(back) if back.target == model && !back.single);
        if owns {
            self.join_inverse(model, id, other_id);
        } else if !is_list || inverse.single {
            let diagnostic = relation::not_a_way_back(name, other, self.model(model));
            self.report(diagnostic);
            self.settle(model, id, ToMany { field: FieldId(0), ..inverse });
        }
        // What is left are two lists, one of which names the other: many to many.
    }

    /// Makes a field the inverse of an owning one.
    fn join_inverse(&mut self, model: ModelId, id: FieldId, owner_id: FieldId) {
        let Some(inverse) = self.unresolved(model, id) else { return };
        let owner = self.field(inverse.target, owner_id);
        let FieldKind::ToOne(mut to_one) = owner.kind else { return };
        let (owner_span, owner_name) = (owner.span, owner.name.clone());
        let owner_unique = owner.unique;
        let own = self.field(model, id);
        let (own_span, own_nullable) = (own.span, own.nullable);
        let note = self.field_note(model, id);
        let (type_span, own_relation) = (note.type_span, note.directives.get("relation"));
        let mut found = Vec::new();
        if let Some(first) = to_one.inverse {
            let first = self.field(to_one.target, first);
            found.push(relation::second_inverse(&owner_name, own_span, first.span));
        }
        for (argument, owner_side) in [
            ("onDelete", true),
            ("onUpdate", true),
            ("table", false),
            ("from", false),
            ("to", false),
        ] {
            let Some(relation) = own_relation.filter(|own| own.has(argument)) else { continue };
            let span = relation.literal(argument).map_or(relation.span, crate::declare::span);
            let place = if owner_side { "the owning side" } else { "a many-to-many relation" };
            found.push(relation::misplaced_argument(argument, place, span));
        }
        if inverse.single && !owner_unique {
            found.push(relation::single_of_many(&owner_name, type_span, owner_span));
        } else if inverse.single && !own_nullable {
            found.push(relation::required_inverse(type_span));
        }
        self.diagnostics.extend(found);
        self.settle(model, id, ToMany { field: owner_id, ..inverse });
        to_one.inverse = Some(to_one.inverse.unwrap_or(id));
        self.field_mut(inverse.target, owner_id).kind = FieldKind::ToOne(to_one);
    }

    fn settle(&mut self, model: ModelId, id: FieldId, inverse: ToMany) {
        self.field_mut(model, id).kind = FieldKind::ToMany(inverse);
    }

    /// The fields of `owner` that refer to `target`.
    fn owners(&self, owner: ModelId, target: ModelId) -> Vec<FieldId> {
        let refers =
            |kind: &FieldKind| matches!(kind, FieldKind::ToOne(to_one) if to_one.target == target);
        let fields = self.model(owner).fields.iter();
        fields.filter(|field| refers(&field.kind)).map(|field| field.id).collect()
    }

    /// Whether this field and one on the other side are lists that say `@relation` and no more.
    fn is_bare_pair(&self, model: ModelId, id: FieldId) -> bool {
        self.is_bare_list(model, id) && !self.bare_partners(model, id).is_empty()
    }

    /// The lists on the other side that could be this one's partner in a many-to-many relation
    /// without either naming the other.
    pub(super) fn bare_partners(&self, model: ModelId, id: FieldId) -> Vec<FieldId> {
        let Some(inverse) = self.unresolved(model, id) else { return Vec::new() };
        let leads_back = |other: FieldId| {
            let back = self.unresolved(inverse.target, other);
            back.is_some_and(|back| back.target == model)
                && (inverse.target, other) != (model, id)
                && self.is_bare_list(inverse.target, other)
        };
        self.field_ids(inverse.target).filter(|other| leads_back(*other)).collect()
    }

    fn is_bare_list(&self, model: ModelId, id: FieldId) -> bool {
        let note = self.field_note(model, id);
        note.is_list && note.directives.get("relation").is_some_and(|own| !own.has("field"))
    }

    fn report_no_owner(&mut self, model: ModelId, id: FieldId, target: ModelId) {
        let span = self.field_note(model, id).type_span;
        let target_span: Span = self.model(target).span;
        let (target, owner) = (self.note(target).type_name, self.note(model).type_name);
        self.report(relation::no_owner(target, owner, span, target_span));
    }

    fn report_ambiguous(
        &mut self,
        model: ModelId,
        id: FieldId,
        target: ModelId,
        owners: &[FieldId],
    ) {
        let candidates: Vec<(String, Span)> = owners
            .iter()
            .map(|owner| {
                let field = self.field(target, *owner);
                (field.name.clone(), field.span)
            })
            .collect();
        let span = self.field(model, id).span;
        self.report(relation::ambiguous(&candidates, span));
    }
}
