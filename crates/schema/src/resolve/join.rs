//! Many-to-many relations: who pairs with whom, and the table of pairs.
//!
//! Names follow from the two models (or from the models and a field, where the sides name each
//! other) and not from the order of the file, so that moving a type never renames a table.

use std::collections::HashMap;

use super::Work;
use crate::applied::Text;
use crate::diagnostic::{collision, name, relation};
use crate::naming::{fit_identifier, snake_case};
use crate::{FieldId, FieldKind, IdKind, Join, ModelId, Scalar};

type Side = (ModelId, FieldId);

/// What one side says of the table.
#[derive(Default, Clone, Copy)]
struct Said<'a> {
    table: Option<Text<'a>>,
    from: Option<Text<'a>>,
    to: Option<Text<'a>>,
}

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_joins(&mut self) {
        let sides: Vec<Side> = self
            .model_ids()
            .flat_map(|model| self.field_ids(model).map(move |id| (model, id)).collect::<Vec<_>>())
            .filter(|(model, id)| self.unresolved(*model, *id).is_some_and(|side| !side.single))
            .collect();
        let mut joined: Vec<(Side, Option<Side>)> = Vec::new();
        for side in &sides {
            if joined.iter().any(|(_, other)| *other == Some(*side)) {
                continue;
            }
            joined.push((*side, self.partner(*side)));
        }
        let mut tables: HashMap<String, Side> = HashMap::new();
        for (one, other) in joined {
            self.join(one, other, &mut tables);
        }
    }

    /// The field on the other side, named or the only one that it can be.
    fn partner(&mut self, (model, id): Side) -> Option<Side> {
        let target = self.unresolved(model, id)?.target;
        if let Some(name) = self.other_name(model, id) {
            let other = self.model(target).field_named(name.text)?.id;
            let back = self.other_name(target, other);
            if let Some(back) = back.filter(|back| back.text != self.field(model, id).name) {
                self.report(relation::sides_disagree(back.span, name.span));
            }
            return Some((target, other));
        }
        // A side that names this one has it for a partner, though this one is silent.
        let names_this = |other: &FieldId| {
            let name = self.other_name(target, *other);
            self.unresolved(target, *other).is_some_and(|back| back.target == model)
                && name.is_some_and(|name| name.text == self.field(model, id).name)
        };
        if let Some(other) = self.field_ids(target).find(names_this) {
            return Some((target, other));
        }
        let mut partners = self.bare_partners(model, id);
        if partners.len() > 1 {
            let candidates = partners.iter().map(|other| {
                let field = self.field(target, *other);
                (field.name.clone(), field.span)
            });
            let candidates: Vec<_> = candidates.collect();
            let span = self.field(model, id).span;
            self.report(relation::ambiguous(&candidates, span));
        }
        partners.pop().map(|other| (target, other))
    }

    fn join(&mut self, one: Side, other: Option<Side>, tables: &mut HashMap<String, Side>) {
        let Some(side) = self.unresolved(one.0, one.1) else { return };
        let (own, far) =
            (self.said(one), other.map_or_else(Said::default, |other| self.said(other)));
        for (near, mirrored) in [(own.table, far.table), (own.from, far.to), (own.to, far.from)] {
            if let (Some(near), Some(mirrored)) = (near, mirrored)
                && near.text != mirrored.text
            {
                self.report(relation::sides_disagree(near.span, mirrored.span));
            }
        }
        self.refuse_malformed_names([own, far]);
        let text = |given: Option<Text<'_>>| given.map(|given| given.text.to_owned());
        let table = text(own.table.or(far.table));
        let through = table.as_ref().and_then(|table| {
            self.schema.models.iter().find(|model| model.table == *table).map(|model| model.id)
        });
        let table = table.unwrap_or_else(|| self.table_of_pairs(one, other));
        let (default_own, default_far) = self.pair_columns(one, other, side.target, through);
        let own_column = text(own.from.or(far.to)).unwrap_or(default_own);
        let target_column = text(own.to.or(far.from)).unwrap_or(default_far);
        self.refuse_taken_table(&table, one, through, tables);
        if own_column.eq_ignore_ascii_case(&target_column) {
            let span = self.field(one.0, one.1).span;
            self.report(relation::same_columns(&own_column, span));
        }
        let pair = [(own_column.as_str(), one.0), (target_column.as_str(), side.target)];
        self.refuse_missing_references(through, one, pair);
        let closed = through.is_some_and(|through| self.needs_more_than(through, pair));
        let managed =
            through.is_none() && self.model(one.0).managed && self.model(side.target).managed;
        let join = Join {
            target: side.target,
            table,
            own_column,
            target_column,
            inverse: other.map(|(_, field)| field),
            managed,
        };
        if let Some((model, field)) = other {
            self.field_mut(model, field).readonly |= closed;
            self.field_mut(model, field).kind = FieldKind::ManyToMany(Join {
                target: one.0,
                table: join.table.clone(),
                own_column: join.target_column.clone(),
                target_column: join.own_column.clone(),
                inverse: Some(one.1),
                managed,
            });
        }
        self.field_mut(one.0, one.1).readonly |= closed;
        self.field_mut(one.0, one.1).kind = FieldKind::ManyToMany(join);
        self.refuse_owner_arguments(one);
        if let Some(other) = other {
            self.refuse_owner_arguments(other);
        }
    }

    /// A model that links two others refers to either by the column that the relation reads.
    fn refuse_missing_references(
        &mut self,
        through: Option<ModelId>,
        side: Side,
        pair: [(&str, ModelId); 2],
    ) {
        let Some(through) = through else { return };
        let linking = self.model(through);
        // A reference that could not be resolved has a diagnostic of its own.
        if !self.note(through).broken.is_empty() {
            return;
        }
        let lacking = pair.into_iter().find(|(column, target)| {
            !linking.fields.iter().any(|field| {
                field.column == *column
                    && matches!(field.kind, FieldKind::ToOne(to_one) if to_one.target == *target)
            })
        });
        if let Some((column, target)) = lacking {
            let span = self.field(side.0, side.1).span;
            let target = &self.model(target).name;
            let diagnostic = relation::no_pair_column(linking, column, target, span);
            self.report(diagnostic);
        }
    }

    /// Whether a row of the linking model needs more than the two keys: such rows are made as rows
    /// of that model, and the lists over them are only read.
    fn needs_more_than(&self, through: ModelId, pair: [(&str, ModelId); 2]) -> bool {
        let model = self.model(through);
        let numbered = matches!(model.key_field().kind, FieldKind::Scalar(Scalar::Id(IdKind::Int)));
        model.managed
            && model.fields.iter().any(|field| {
                let paired = pair.iter().any(|(column, _)| field.column == *column);
                let given = field.id == model.key && numbered;
                field.has_column() && !field.nullable && !paired && !given
            })
    }

    fn refuse_malformed_names(&mut self, sides: [Said<'a>; 2]) {
        for Said { table, from, to } in sides {
            let table = table.and_then(|table| name::check_table(table.text, table.span));
            let columns = [from, to].into_iter().flatten();
            let columns = columns.filter_map(|column| name::check_column(column.text, column.span));
            self.diagnostics.extend(table.into_iter().chain(columns));
        }
    }

    fn said(&self, (model, id): Side) -> Said<'a> {
        let Some(relation) = self.field_note(model, id).directives.get("relation") else {
            return Said::default();
        };
        let text = |argument: &str| relation.text(argument);
        Said { table: text("table"), from: text("from"), to: text("to") }
    }

    /// `post_tag`; with the name of a field where the sides name each other or lead to themselves.
    fn table_of_pairs(&self, one: Side, other: Option<Side>) -> String {
        let target = self.unresolved(one.0, one.1).map_or(one.0, |side| side.target);
        let names_other = other.is_some_and(|other| {
            self.other_name(one.0, one.1).is_some() || self.other_name(other.0, other.1).is_some()
        });
        if names_other || target == one.0 {
            let (model, field) = self.canonical(one, other);
            let name = snake_case(&self.field(model, field).name);
            return fit_identifier(format!("{}_{name}", self.model(model).table));
        }
        let mut tables = [self.model(one.0).table.as_str(), self.model(target).table.as_str()];
        tables.sort_unstable();
        fit_identifier(tables.join("_"))
    }

    /// The side that names come from: the first by name, wherever it stands in the file.
    fn canonical(&self, one: Side, other: Option<Side>) -> Side {
        let rank =
            |side: &Side| (self.note(side.0).type_name, self.field(side.0, side.1).name.clone());
        [Some(one), other].into_iter().flatten().min_by_key(rank).unwrap_or(one)
    }

    /// The columns for this side's key and the other's, unless the schema names them.
    fn pair_columns(
        &self,
        one: Side,
        other: Option<Side>,
        target: ModelId,
        through: Option<ModelId>,
    ) -> (String, String) {
        let column = |model: ModelId| format!("{}_id", self.model(model).table);
        // Through a model, the columns are those of its relations to the two sides.
        let reference = |model: ModelId| {
            let fields = self.model(through?).fields.iter();
            let mut references = fields.filter(
                |field| matches!(field.kind, FieldKind::ToOne(to_one) if to_one.target == model),
            );
            references
                .next()
                .filter(|_| references.next().is_none())
                .map(|field| field.column.clone())
        };
        let named = |model: ModelId| reference(model).unwrap_or_else(|| column(model));
        if target != one.0 {
            return (named(one.0), named(target));
        }
        let canonical = self.canonical(one, other);
        let far = format!("{}_id", snake_case(&self.field(canonical.0, canonical.1).name));
        if canonical == one { (column(one.0), far) } else { (far, column(one.0)) }
    }

    fn refuse_taken_table(
        &mut self,
        table: &str,
        side: Side,
        through: Option<ModelId>,
        tables: &mut HashMap<String, Side>,
    ) {
        let span = self.field(side.0, side.1).span;
        let folded = table.to_ascii_lowercase();
        if let Some(first) = tables.get(&folded) {
            let first = self.field(first.0, first.1).span;
            self.report(collision::table(table, span, first));
        }
        let model = self.schema.models.iter().find(|model| model.table.eq_ignore_ascii_case(table));
        if let (Some(model), None) = (model, through) {
            let diagnostic = collision::table(table, span, model.span);
            self.report(diagnostic);
        }
        tables.insert(folded, side);
    }

    fn refuse_owner_arguments(&mut self, (model, id): Side) {
        let mut found = Vec::new();
        if let Some(own) = self.field_note(model, id).directives.get("relation") {
            for argument in ["onDelete", "onUpdate"] {
                if let Some((_, span)) = own.symbol(argument) {
                    found.push(relation::misplaced_argument(argument, "the owning side", span));
                }
            }
        }
        self.diagnostics.extend(found);
    }
}
