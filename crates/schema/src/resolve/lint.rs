//! What no single definition is wrong about: rows that could never be made, and warnings.

use super::Work;
use crate::diagnostic::{access, relation};
use crate::{FieldId, FieldKind, Model, ModelId, RuleText, Scalar};

impl Work<'_, '_> {
    pub(super) fn lint(&mut self) {
        self.refuse_required_cycles();
        let mut found = Vec::new();
        for model in &self.schema.models {
            found.extend(warn_of_access(model));
            found.extend(warn_of_secrets(model));
        }
        self.diagnostics.extend(found);
    }

    /// A row that needs another row that needs it can never be the first.
    fn refuse_required_cycles(&mut self) {
        let mut done = vec![false; self.schema.models.len()];
        let mut found = Vec::new();
        for start in self.model_ids() {
            let mut path: Vec<(ModelId, FieldId)> = Vec::new();
            self.walk_required(start, &mut path, &mut done, &mut found);
        }
        for cycle in found {
            let members: Vec<_> = cycle
                .iter()
                .map(|(model, field)| {
                    let field = self.field(*model, *field);
                    (format!("{}.{}", self.model(*model).name, field.name), field.span)
                })
                .collect();
            self.report(relation::required_cycle(&members));
        }
    }

    /// Follows required references depth first; `done` models lead to no cycle not yet found.
    fn walk_required(
        &self,
        model: ModelId,
        path: &mut Vec<(ModelId, FieldId)>,
        done: &mut [bool],
        found: &mut Vec<Vec<(ModelId, FieldId)>>,
    ) {
        if done[usize::from(model.0)] {
            return;
        }
        for field in &self.model(model).fields {
            let FieldKind::ToOne(to_one) = field.kind else { continue };
            if field.nullable {
                continue;
            }
            path.push((model, field.id));
            match path.iter().position(|(known, _)| *known == to_one.target) {
                Some(first) => found.push(path[first..].to_vec()),
                None => self.walk_required(to_one.target, path, done, found),
            }
            path.pop();
        }
        done[usize::from(model.0)] = true;
    }
}

fn warn_of_access(model: &Model) -> Vec<crate::Diagnostic> {
    let rules = &model.access;
    let all = [&rules.read, &rules.create, &rules.update, &rules.delete];
    if all.iter().all(|rule| rule.is_none()) {
        return vec![access::no_rules(model)];
    }
    let is_open = |rule: &RuleText| rule.text.trim() == "true";
    let writes = [("update", &rules.update), ("delete", &rules.delete)];
    let open = writes.into_iter().filter_map(|(operation, rule)| {
        let rule = rule.as_ref().filter(|rule| is_open(rule))?;
        Some(access::open_write(operation, &model.name, rule.span))
    });
    open.collect()
}

/// Words that name what must not be readable, wherever they stand in a field's name.
const SECRETS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "privatekey",
    "accesstoken",
    "refreshtoken",
];

fn warn_of_secrets(model: &Model) -> Vec<crate::Diagnostic> {
    let fields = model.fields.iter().filter(|field| {
        let name = field.name.to_ascii_lowercase();
        let is_text = matches!(field.kind, FieldKind::Scalar(Scalar::String));
        let is_open = !field.hidden && field.access.read.is_none();
        is_text && is_open && SECRETS.iter().any(|word| name.contains(word))
    });
    fields.map(|field| access::readable_secret(&field.name, field.span)).collect()
}
