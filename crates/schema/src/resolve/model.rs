//! Models: names, tables and what their own directives say.

use std::collections::{HashMap, HashSet};

use super::{ModelNote, Named, Work};
use crate::applied::Directives;
use crate::declare::{self, Declarations, TypeDeclaration};
use crate::diagnostic::{collision, definition, directive, name, nearest};
use crate::directives::{Place, TABLE};
use crate::naming::{camel_case, fit_identifier, plural, snake_case};
use crate::{Access, Check, FieldId, Locking, Model, ModelId, Scalar};

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_models(&mut self, declarations: &Declarations<'a>) {
        for (scalar_name, scalar) in Scalar::ALL {
            self.names.insert(scalar_name, Named::Scalar(scalar));
        }
        for (index, declared) in declarations.types.iter().enumerate() {
            let id = ModelId(u16::try_from(index).expect("invariant: at most 2,000 models"));
            let span = declare::name_span(declared.name);
            if let Some(diagnostic) = name::check_type(declared.name, span) {
                self.report(diagnostic);
            }
            let directives =
                Directives::check(&declared.directives, Place::Model, self.diagnostics);
            // A type without @model is resolved as one all the same, so that relations to it are
            // not reported as well. A slip like @modl is reported once, as an unknown directive.
            let meant = |name: &str| nearest(name, TABLE.names_at(Place::Model)) == Some("model");
            let says_so = declared.directives.iter().any(|node| meant(&node.name));
            if !says_so {
                self.report(definition::not_a_model(declared.name, span));
            }
            self.names.insert(declared.name.as_str(), Named::Model(id));
            let model = self.new_model(id, declared, &directives);
            self.schema.models.push(model);
            self.notes.push(ModelNote {
                type_name: declared.name.as_str(),
                directives,
                fields: Vec::new(),
                broken: HashSet::new(),
            });
        }
        if declarations.types.is_empty() {
            self.report(definition::no_models());
        }
        self.name_models();
        self.refuse_shared_tables();
    }

    fn new_model(
        &mut self,
        id: ModelId,
        declared: &TypeDeclaration<'a>,
        directives: &Directives<'a>,
    ) -> Model {
        let own = directives.get("model");
        let text = |argument: &str| own.and_then(|model| model.text(argument));
        let name = text("name").map_or(declared.name.as_str(), |name| name.text);
        let plural = match text("plural") {
            Some(given) => given.text.to_owned(),
            None => plural(&camel_case(name)),
        };
        let table = match text("table") {
            Some(given) => given.text.to_owned(),
            None => fit_identifier(snake_case(name)),
        };
        let locking = match own.and_then(|model| model.symbol("locking")) {
            Some(("REQUIRED", _)) => Locking::Required,
            _ => Locking::Optional,
        };
        for (given, check) in
            [("name", name::check_type as fn(&str, _) -> _), ("plural", name::check_plural)]
        {
            let wrong = text(given).and_then(|given| check(given.text, given.span));
            self.diagnostics.extend(wrong);
        }
        let wrong_table = text("table").and_then(|table| name::check_table(table.text, table.span));
        self.diagnostics.extend(wrong_table);
        Model {
            id,
            name: name.to_owned(),
            plural,
            table,
            managed: own.and_then(|model| model.flag("managed")).unwrap_or(true),
            doc: declared.doc.clone(),
            renamed_from: self.renamed_from(directives),
            deprecated: deprecated(directives),
            fields: Vec::new(),
            by_field: HashMap::new(),
            key: FieldId(0),
            created_at: None,
            updated_at: None,
            version: None,
            locking,
            account: None,
            access: self.access(directives),
            indexes: Vec::new(),
            checks: self.checks(directives),
            span: declare::name_span(declared.name),
        }
    }

    /// Makes models known by their names, which two of them may share only by mistake.
    fn name_models(&mut self) {
        for id in self.model_ids() {
            let model = self.model(id);
            let (name, plural, span) = (model.name.clone(), model.plural.clone(), model.span);
            if let Some(first) = self.schema.by_name.get(&name) {
                let first = self.model(*first).span;
                self.report(collision::model_name(&name, span, first));
            } else {
                self.schema.by_name.insert(name.clone(), id);
            }
            if let Some(diagnostic) = name::check_reserved_plural(&plural, &name, span) {
                self.report(diagnostic);
            }
            if let Some(first) = self.schema.by_plural.get(&plural) {
                let first = self.model(*first).span;
                self.report(collision::plural(&plural, span, first));
            } else {
                self.schema.by_plural.insert(plural, id);
            }
        }
        for id in self.model_ids() {
            let model = self.model(id);
            let Some(former) = &model.renamed_from else { continue };
            if let Some(other) = self.schema.by_name.get(former) {
                let diagnostic =
                    name::renamed_from_present(&model.name, former, self.model(*other).span);
                self.report(diagnostic);
            }
        }
        let models = self.schema.models.iter();
        let twice = name::renamed_from_twice(
            models.map(|model| (model.name.as_str(), model.renamed_from.as_deref(), model.span)),
        );
        self.diagnostics.extend(twice);
    }

    fn refuse_shared_tables(&mut self) {
        // Databases fold the case of table names, so names that differ by case alone collide.
        let mut tables: HashMap<String, ModelId> = HashMap::new();
        for id in self.model_ids() {
            let model = self.model(id);
            match tables.get(&model.table.to_ascii_lowercase()) {
                Some(first) => {
                    let diagnostic =
                        collision::table(&model.table, model.span, self.model(*first).span);
                    self.report(diagnostic);
                }
                None => {
                    tables.insert(model.table.to_ascii_lowercase(), id);
                }
            }
        }
    }

    fn access(&mut self, directives: &Directives<'a>) -> Access {
        let Some(access) = directives.get("access") else { return Access::default() };
        if access.is_bare() && access.sound {
            self.report(directive::says_nothing("access", access.span));
        }
        Access {
            read: self.rule(access, "read"),
            create: self.rule(access, "create"),
            update: self.rule(access, "update"),
            delete: self.rule(access, "delete"),
        }
    }

    fn checks(&self, directives: &Directives<'a>) -> Vec<Check> {
        let checks = directives.all("check").filter_map(|check| {
            let message = check.text("message")?.text.to_owned();
            Some(Check { rule: self.rule(check, "rule")?, message })
        });
        checks.collect()
    }

    pub(super) fn renamed_from(&mut self, directives: &Directives<'a>) -> Option<String> {
        Some(directives.get("renamedFrom")?.text("name")?.text.to_owned())
    }
}

/// The reason of `@deprecated`, which has one by default.
pub(super) fn deprecated(directives: &Directives<'_>) -> Option<String> {
    let deprecated = directives.get("deprecated")?;
    let reason = deprecated.text("reason").map(|reason| reason.text.to_owned());
    Some(reason.unwrap_or_else(|| "No longer supported".to_owned()))
}
