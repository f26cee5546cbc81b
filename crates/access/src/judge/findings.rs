//! Asks the rules of the schema one by one, and keeps what they said.

use underpin_base::Result;
use underpin_plan::{Operation, WriteRequest};
use underpin_rules::{Predicate, RuleKind, grants_any};
use underpin_schema::{Field, FieldId, FieldKind, Model, ModelId, RuleText, Value};

use super::{At, Case, Judge, verb};
use crate::scene::{SceneRow, sent};
use crate::story::{FieldStory, Finding, Permission};

/// A rule of the schema, asked of a row.
pub(super) struct Asked<'a> {
    subject: String,
    rule: &'a Option<RuleText>,
    kind: RuleKind,
    /// The permission that stands in for the rule.
    permission: Option<String>,
}

impl<'a> Judge<'a> {
    pub(super) fn at<'r>(&self, row: &'r SceneRow) -> At<'r> {
        At { row, next: None, words: self.row_words(row.model(), row.key()) }
    }

    pub(super) fn operation(
        &self,
        model: &'a Model,
        operation: Operation,
        reads: bool,
    ) -> Asked<'a> {
        let access = &model.access;
        let (rule, kind) = match operation {
            _ if reads => (&access.read, RuleKind::Access),
            Operation::Create => (&access.create, RuleKind::Access),
            Operation::Merge | Operation::Replace => (&access.update, RuleKind::Update),
            Operation::Delete => (&access.delete, RuleKind::Access),
        };
        let verb = if reads { "read" } else { verb(operation) };
        Asked {
            subject: format!("the {verb} rule of {}", model.name),
            rule,
            kind,
            permission: Some(format!("{}:{verb}", model.plural)),
        }
    }

    pub(super) fn read_finding(&self, case: &Case<'_>) -> Result<Finding> {
        let model = self.catalog.schema.model(case.model.id);
        self.ask(&self.operation(model, case.operation, true), model, &self.at(&case.row))
    }

    /// The rule of the operation; `again` for the row as it would become.
    pub(super) fn operation_finding(&self, case: &Case<'_>, again: bool) -> Result<Finding> {
        let model = self.catalog.schema.model(case.model.id);
        let asked = self.operation(model, case.operation, false);
        self.ask(&asked, model, &self.at_case(case, again))
    }

    pub(super) fn write_finding(
        &self,
        case: &Case<'_>,
        field: &Field,
        again: bool,
    ) -> Result<Finding> {
        let model = self.catalog.schema.model(case.model.id);
        let asked = Asked {
            subject: format!("the write rule of {}.{}", model.name, field.name),
            rule: &model.field(field.id).access.write,
            kind: RuleKind::Access,
            permission: None,
        };
        self.ask(&asked, model, &self.at_case(case, again))
    }

    fn at_case<'r>(&self, case: &'r Case<'_>, again: bool) -> At<'r> {
        let words = match case.operation {
            Operation::Create => format!("the new {}", case.model.name),
            Operation::Merge | Operation::Replace | Operation::Delete => {
                self.row_words(case.model.id, case.row.key())
            }
        };
        match (&case.next, again) {
            (Some(next), true) => {
                At { row: next, next: None, words: format!("{words} as it would become") }
            }
            (next, _) => At { row: &case.row, next: next.as_ref(), words },
        }
    }

    pub(super) fn reference_finding(
        &self,
        case: &Case<'_>,
        field: FieldId,
        (target, key): (ModelId, &Value),
    ) -> Result<Finding> {
        let target = self.catalog.schema.model(target);
        let name = &case.model.field(field).name;
        let words = self.row_words(target.id, key);
        let mut finding = match self.scene.row(target.id, key)? {
            Some(row) => {
                let asked = self.operation(target, Operation::Merge, true);
                self.ask(&asked, target, &self.at(&row))?
            }
            None => empty_finding(format!("the row that `{name}` refers to"), words.clone()),
        };
        finding.holds = false;
        finding.note =
            Some(format!("`{name}` refers to {words}, which {} may not see", self.actor));
        Ok(finding)
    }

    pub(super) fn read_field(
        &self,
        model: &'a Model,
        field: &'a Field,
        at: &At<'_>,
        wanted: bool,
    ) -> Result<Option<FieldStory>> {
        let told = |readable, reason: String, finding| {
            Some(FieldStory { field: field.name.clone(), readable, reason, finding })
        };
        if field.hidden {
            let reason = format!("`{}` is `@hidden`: it never leaves the server", field.name);
            return Ok(told(false, reason, None));
        }
        if let Some(reason) = self.closed_relation(field) {
            return Ok(told(false, reason, None));
        }
        if field.access.read.is_none() {
            let reason = "whoever sees the row sees it".to_owned();
            return Ok(if wanted { told(true, reason, None) } else { None });
        }
        let asked = Asked {
            subject: format!("the read rule of {}.{}", model.name, field.name),
            rule: &field.access.read,
            kind: RuleKind::Access,
            permission: None,
        };
        let finding = self.ask(&asked, model, at)?;
        let verdict = if finding.holds { "holds" } else { "does not hold" };
        let reason = format!("{} {verdict}", finding.subject);
        Ok(told(finding.holds, reason, Some(finding)))
    }

    /// Why a relation to many is not there for anybody with the actor's roles.
    fn closed_relation(&self, field: &Field) -> Option<String> {
        let (target, owner) = match &field.kind {
            FieldKind::ToMany(to_many) => (to_many.target, Some(to_many.field)),
            FieldKind::ManyToMany(join) => (join.target, join.inverse),
            _ => return None,
        };
        let rules = self.scene.folded().rules(self.catalog, target);
        let other = self.catalog.schema.model(target);
        if rules.read == Predicate::False {
            return Some(format!("{} may read no {} at all", self.actor, other.name));
        }
        let owner = owner?;
        let closed = rules.fields[usize::from(owner.0)].read == Predicate::False;
        closed.then(|| {
            format!(
                "{} may never read its other side, {}.{}",
                self.actor,
                other.name,
                other.field(owner).name
            )
        })
    }

    pub(super) fn ask(&self, asked: &Asked<'_>, model: &Model, at: &At<'_>) -> Result<Finding> {
        let permission = asked.permission.as_ref().map(|name| self.permission(name));
        let rule = match asked.rule {
            Some(rule) => self.clauses(model.id, rule, asked.kind, at)?,
            None => None,
        };
        let held = permission.as_ref().is_some_and(|permission| permission.held);
        let covered = permission.as_ref().is_none_or(|permission| permission.covered);
        // A field without a rule is everybody's; an operation without one is nobody's.
        let by_rule = rule.as_ref().map_or(permission.is_none(), |rule| rule.holds);
        Ok(Finding {
            subject: asked.subject.clone(),
            row: at.words.clone(),
            holds: (held || by_rule) && covered,
            decides: false,
            permission,
            rule,
            note: None,
        })
    }

    fn permission(&self, name: &str) -> Permission {
        let facts = self.scene.folded().facts();
        let held = facts.can(name);
        let giving = self
            .roles
            .iter()
            .filter(|(role, can)| grants_any(can, name) && (!held || facts.has_role(role)));
        let roles = giving.map(|(role, _)| role.to_owned()).collect();
        Permission { name: name.to_owned(), held, covered: facts.covers(name), roles }
    }

    /// What a finding says, in a sentence.
    pub(super) fn reason(&self, finding: &Finding) -> String {
        let Finding { subject, permission, rule, holds, row, .. } = finding;
        let by_rule = rule.as_ref().is_some_and(|rule| rule.holds);
        match (holds, permission) {
            (true, _) if by_rule => format!("{subject} holds for {row}"),
            (true, Some(Permission { name, roles, .. })) => {
                format!("the permission `{name}` of {} allows it", roles.join(" and "))
            }
            (true, None) => format!("{subject} allows it"),
            (false, None) => format!("{subject} does not hold for {row}"),
            (false, Some(Permission { name, covered: false, .. })) => {
                format!("no scope of {} covers `{name}`", self.actor)
            }
            (false, Some(Permission { name, .. })) => {
                let lacks = format!("{} lacks the permission `{name}`", self.actor);
                match rule {
                    Some(_) => format!("{subject} does not hold for {row}, and {lacks}"),
                    None => {
                        format!("there is no {}, and {lacks}", subject.trim_start_matches("the "))
                    }
                }
            }
        }
    }

    pub(super) fn read_action(&self, model: &Model, key: &Value, fields: &[FieldId]) -> String {
        let row = self.row_words(model.id, key);
        if fields.is_empty() {
            return format!("read {row}");
        }
        let names: Vec<&str> =
            fields.iter().map(|field| model.field(*field).name.as_str()).collect();
        format!("read {} of {row}", names.join(", "))
    }

    pub(super) fn write_action(&self, model: &Model, request: &WriteRequest) -> String {
        let verb = verb(request.kind.operation());
        let target = match request.kind.key() {
            Some(key) => self.row_words(model.id, key),
            None => model.name.clone(),
        };
        let set: Vec<String> = (model.fields.iter())
            .filter_map(|field| Some((field, sent(&request.document, field.id)?)))
            .map(|(field, value)| format!("{} = {}", field.name, self.value_words(field, value)))
            .collect();
        if set.is_empty() {
            return format!("{verb} {target}");
        }
        format!("{verb} {target} with {}", set.join(", "))
    }
}

fn empty_finding(subject: String, row: String) -> Finding {
    let (permission, rule, note) = (None, None, None);
    Finding { subject, row, holds: false, decides: false, permission, rule, note }
}

pub(super) fn unmet(case: &Case<'_>, message: &str) -> Finding {
    let subject = format!("a check of {}", case.model.name);
    let mut finding = empty_finding(subject, String::new());
    finding.note = Some(format!("a check of {} does not hold: {message}", case.model.name));
    finding
}
