//! What is planned against: the schema with its rules, and the rules folded for one profile.

use std::sync::{Arc, OnceLock};

use underpin_rules::{Facts, Predicate, Rules, fold};
use underpin_schema::{Field, FieldId, ModelId, Schema};

use crate::{ActorKind, Profile, Roles};

/// A schema with its rules.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The schema.
    pub schema: Arc<Schema>,
    /// Its rules.
    pub rules: Rules,
}

/// All rules folded for one profile, each model's when it is first asked for. Share one between
/// all requests of a profile.
#[derive(Debug)]
pub struct Folded {
    profile: Profile,
    permissions: Vec<String>,
    models: Box<[OnceLock<FoldedModel>]>,
}

/// What a profile may do with the rows of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldedModel {
    /// Which it sees.
    pub read: Predicate,
    /// Which it creates; `Root::Row` is the proposed row.
    pub create: Predicate,
    /// Which it changes.
    pub update: Predicate,
    /// Whether the rule for changes names `Root::Next`, as it is written and not as it folds. One
    /// that does not must hold before and after.
    pub names_next: bool,
    /// Which it removes.
    pub delete: Predicate,
    /// The fields, by their ids.
    pub fields: Vec<FoldedField>,
}

/// What a profile may do with a field of a row that it may read, or write.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldedField {
    /// On which rows it sees the field; `False` when the field does not exist for it.
    pub read: Predicate,
    /// The same of rows that it sees: what the rule of the model says already is left out.
    pub shown: Predicate,
    /// On which rows it sets the field.
    pub write: Predicate,
}

impl Folded {
    /// The rules of `catalog` for a profile whose roles are those that the schema declares. The same
    /// catalog goes with it wherever it is used.
    #[must_use]
    pub fn new(catalog: &Catalog, profile: &Profile) -> Self {
        Self::with_roles(catalog, &Roles::declared(&catalog.schema), profile)
    }

    /// The rules of `catalog` for a profile where roles permit what `roles` says.
    #[must_use]
    pub fn with_roles(catalog: &Catalog, roles: &Roles, profile: &Profile) -> Self {
        Self {
            profile: profile.clone(),
            permissions: roles.permissions(&profile.roles),
            models: catalog.schema.models.iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// The rules for whoever makes the row of `model` that it will act as: all rules of a user
    /// without roles but the one of who creates such rows, which is not asked, and those of the
    /// fields in `given`, which the server sets.
    #[must_use]
    pub fn registering(
        catalog: &Catalog,
        roles: &Roles,
        profile: &Profile,
        (model, given): (ModelId, &[FieldId]),
    ) -> Self {
        let folded = Self::with_roles(catalog, roles, profile);
        let mut rules = folded.fold_model(catalog, model);
        // Where such a user neither makes nor changes rows, registering is no way to set what others
        // were trusted with: only what a row cannot be without.
        if rules.create == Predicate::False && rules.update == Predicate::False {
            let fields = catalog.schema.model(model).fields.iter();
            let spare = fields.filter(|field| field.nullable || field.default.is_some());
            for field in spare {
                rules.fields[usize::from(field.id.0)].write = Predicate::False;
            }
        }
        rules.create = Predicate::True;
        for field in given {
            rules.fields[usize::from(field.0)].write = Predicate::True;
        }
        folded.models[usize::from(model.0)]
            .set(rules)
            .expect("invariant: no rule of this model was asked for yet");
        folded
    }

    /// Whose rules they are.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The rules of a model.
    #[must_use]
    pub fn rules(&self, catalog: &Catalog, model: ModelId) -> &FoldedModel {
        self.models[usize::from(model.0)].get_or_init(|| self.fold_model(catalog, model))
    }

    fn fold_model(&self, catalog: &Catalog, model: ModelId) -> FoldedModel {
        let rules = catalog.rules.model(model);
        let fields = &catalog.schema.model(model).fields;
        let plural = &catalog.schema.model(model).plural;
        let read = self.fold_operation(&rules.read, (plural, "read"));
        FoldedModel {
            fields: fields
                .iter()
                .map(|field| self.fold_field(catalog, (model, &read), field))
                .collect(),
            read,
            create: self.fold_operation(&rules.create, (plural, "create")),
            update: self.fold_operation(&rules.update.predicate, (plural, "update")),
            names_next: rules.update.names_next,
            delete: self.fold_operation(&rules.delete, (plural, "delete")),
        }
    }

    fn fold_field(
        &self,
        catalog: &Catalog,
        rows: (ModelId, &Predicate),
        field: &Field,
    ) -> FoldedField {
        let (model, visible) = rows;
        let rules = catalog.rules.model(model).field(field.id);
        // Nobody reads a hidden field; the server itself may still set it.
        let read = if field.hidden { Predicate::False } else { self.fold(&rules.read) };
        FoldedField { shown: beyond(&read, visible), read, write: self.fold(&rules.write) }
    }

    /// The rule of an operation: what no scope covers is never allowed.
    fn fold_operation(&self, rule: &Predicate, asked: (&str, &str)) -> Predicate {
        let (plural, operation) = asked;
        let narrowed = self.profile.scopes.is_some();
        if narrowed && !self.facts().covers(&format!("{plural}:{operation}")) {
            return Predicate::False;
        }
        self.fold(rule)
    }

    /// A rule as it applies to the profile. Where scopes narrow a key, the rule must hold without
    /// them, too: one that says `!auth.can(…)` would else give a key what its owner may not have.
    fn fold(&self, rule: &Predicate) -> Predicate {
        if self.is_service() {
            return Predicate::True;
        }
        let facts = self.facts();
        let folded = fold(rule, &facts);
        if facts.scopes.is_none() {
            return folded;
        }
        Predicate::and([folded, fold(rule, &Facts { scopes: None, ..facts })])
    }

    /// What the rules were folded by.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            kind: self.profile.kind.name(),
            roles: &self.profile.roles,
            permissions: &self.permissions,
            scopes: self.profile.scopes.as_deref(),
            is_account: self.profile.is_account,
        }
    }

    /// Whether every rule holds: for the server itself.
    pub(crate) fn is_service(&self) -> bool {
        self.profile.kind == ActorKind::Service
    }
}

/// What `guard` demands beyond what holds anyway.
fn beyond(guard: &Predicate, holds: &Predicate) -> Predicate {
    let holds = conjuncts(holds);
    let rest = conjuncts(guard).iter().filter(|part| !holds.contains(part));
    Predicate::and(rest.cloned())
}

fn conjuncts(predicate: &Predicate) -> &[Predicate] {
    if let Predicate::And(parts) = predicate { parts } else { std::slice::from_ref(predicate) }
}
