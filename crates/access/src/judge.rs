//! Decides as the engine would, rule by rule, and tells what each said.
//!
//! The plan of a write says which tests a row must pass; each is decided here in memory, which agrees
//! with the database, and told with the rule that it came from.

use std::sync::Arc;

use underpin_base::{Code, Error, Limits, Result};
use underpin_plan::{
    Catalog, Link, Operation, Roles, RowTest, WritePlan, WriteRequest, WriteShape, WriteTest,
    authorize_write, permit, validate,
};
use underpin_rules::{Predicate, Slot};
use underpin_schema::{FieldCode, FieldId, FieldKind, Model, ModelId, Value};

use crate::scene::{Scene, SceneRow};
use crate::source::Source;
use crate::story::{ClauseStory, FieldStory, Finding, Story};
use crate::world::{key_scalar, text_of};

mod clauses;
mod findings;

/// Names rows: by their names in a file of tests, where they have one.
pub(crate) type Names<'a> = dyn Fn(ModelId, &Value) -> Option<String> + 'a;

/// Somebody's request, to be decided and explained.
pub(crate) struct Judge<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) scene: Scene<'a>,
    /// What roles permit.
    pub(crate) roles: Roles,
    pub(crate) names: Box<Names<'a>>,
    /// The schema file.
    pub(crate) source: &'a Arc<Source>,
    /// The words for who asks.
    pub(crate) actor: String,
    pub(crate) limits: &'a Limits,
}

/// A row and what it would become; where it is judged as it would become, that alone.
struct At<'a> {
    row: &'a SceneRow,
    next: Option<&'a SceneRow>,
    words: String,
}

impl<'a> Judge<'a> {
    /// Whether a row, or these fields of it, can be read.
    pub(crate) fn read(&self, model: ModelId, key: &Value, fields: &[FieldId]) -> Result<Story> {
        let model = self.catalog.schema.model(model);
        let action = self.read_action(model, key, fields);
        let Some(row) = self.scene.row(model.id, key)? else {
            return Ok(self.nothing_there(action));
        };
        let at = self.at(&row);
        let mut finding = self.ask(&self.operation(model, Operation::Merge, true), model, &at)?;
        let mut told = Vec::new();
        if finding.holds {
            for field in &model.fields {
                let wanted = fields.contains(&field.id);
                if wanted || fields.is_empty() {
                    told.extend(self.read_field(model, field, &at, wanted)?);
                }
            }
        }
        let row_reason = self.reason(&finding);
        let asked = told.iter_mut().filter(|_| !fields.is_empty());
        let decider = asked.min_by_key(|field| (field.readable, field.finding.is_none()));
        let (allowed, code, reason) = match decider {
            _ if !finding.holds => (false, Some(self.unread(model)), row_reason.clone()),
            Some(field) if !field.readable || field.finding.is_some() => {
                if let Some(finding) = &mut field.finding {
                    finding.decides = true;
                    finding.rule.iter_mut().for_each(ClauseStory::decide);
                }
                (field.readable, None, field.reason.clone())
            }
            Some(_) | None => (true, None, row_reason.clone()),
        };
        finding.decides = reason == row_reason;
        Ok(self.story(action, (allowed, code.map(Code::name), reason), (vec![finding], told)))
    }

    /// Whether a write is done.
    pub(crate) fn write(&self, request: &WriteRequest) -> Result<Story> {
        let model = self.catalog.schema.model(request.model);
        let operation = request.kind.operation();
        let action = self.write_action(model, request);
        let row = match request.kind.key() {
            Some(key) => match self.scene.row(model.id, key)? {
                Some(row) => row,
                None => return Ok(self.nothing_there(action)),
            },
            None => self.scene.proposed(model, &request.document),
        };
        let next = matches!(operation, Operation::Merge | Operation::Replace)
            .then(|| self.scene.changed(model, &row, &request.document));
        let case = Case { model, operation, row, next };
        if let Err(error) = permit(self.catalog, self.scene.folded(), model.id, operation) {
            let mut finding = self.operation_finding(&case, false)?;
            finding.decides = true;
            let reason = self.reason(&finding);
            let verdict = (false, Some(error.code().name()), reason);
            return Ok(self.story(action, verdict, (vec![finding], Vec::new())));
        }
        if let Err(error) = validate(self.catalog, self.scene.folded(), request) {
            return self.invalid(action, &case, &error);
        }
        let shape = WriteShape::of(request);
        match authorize_write(self.catalog, self.scene.folded(), &shape, self.limits) {
            Ok(authorized) => {
                let slots = authorized.bind(request, case.row.key());
                self.tested(action, &case, (authorized.plan(), &slots))
            }
            Err(error) => self.invalid(action, &case, &error),
        }
    }

    /// A write that is refused for what it sends.
    fn invalid(&self, action: String, case: &Case<'_>, error: &Error) -> Result<Story> {
        let model = case.model;
        let mut findings = vec![self.operation_finding(case, false)?];
        let mut reasons = Vec::new();
        for wrong in &error.details().fields {
            let name = wrong.path.split('.').next().unwrap_or_default();
            let field = model.field_named(name);
            match field {
                Some(field) if wrong.code == FieldCode::Forbidden.name() => {
                    let mut finding = self.write_finding(case, field, false)?;
                    finding.decides = true;
                    reasons.push(format!("{} never holds for {}", finding.subject, self.actor));
                    findings.push(finding);
                }
                Some(_) if wrong.code == FieldCode::UnknownField.name() => {
                    reasons.push(format!(
                        "`{name}` does not exist for {}, who may neither read nor set it",
                        self.actor
                    ));
                }
                _ => reasons.push(format!("`{}` {}", wrong.path, wrong.message)),
            }
        }
        if reasons.is_empty() {
            reasons.push(error.message().to_owned());
        }
        let verdict = (false, Some(error.code().name()), reasons.join("; "));
        Ok(self.story(action, verdict, (findings, Vec::new())))
    }

    /// A write that is decided by the row.
    fn tested(
        &self,
        action: String,
        case: &Case<'_>,
        (plan, slots): (&WritePlan, &[Value]),
    ) -> Result<Story> {
        let tests = &plan.tests;
        let mut findings = Vec::new();
        if case.operation != Operation::Create {
            findings.push(self.read_finding(case)?);
        }
        if !tests.iter().any(|test| matches!(test, WriteTest::Allowed(_))) {
            findings.push(self.operation_finding(case, false)?);
        }
        let mut failed: Option<(usize, Code)> = None;
        let mut seen: Vec<Option<FieldId>> = Vec::new();
        for test in tests {
            let holds = self.passes(test, case, slots)?;
            let code = match test {
                WriteTest::Readable(_) | WriteTest::Parent(_) => Code::NotFound,
                WriteTest::Allowed(_) | WriteTest::Field(..) => Code::Forbidden,
                WriteTest::Version(_) => Code::VersionMismatch,
                WriteTest::Reference(..) => Code::ReferenceConflict,
                WriteTest::Check(..) => Code::ValidationError,
            };
            let place = match test {
                WriteTest::Readable(_) | WriteTest::Parent(_) => 0,
                _ => findings.len(),
            };
            match test {
                WriteTest::Allowed(_) => {
                    let again = seen.contains(&None);
                    seen.push(None);
                    findings.push(self.operation_finding(case, again)?);
                }
                WriteTest::Field(field, _) => {
                    let again = seen.contains(&Some(*field));
                    seen.push(Some(*field));
                    findings.push(self.write_finding(case, case.model.field(*field), again)?);
                }
                WriteTest::Reference(field, row) if !holds => {
                    let key = value_at(slots, row.key);
                    findings.push(self.reference_finding(case, *field, (row.model, key))?);
                }
                WriteTest::Check(_, message) if !holds => {
                    findings.push(findings::unmet(case, message));
                }
                WriteTest::Readable(_)
                | WriteTest::Parent(_)
                | WriteTest::Version(_)
                | WriteTest::Reference(..)
                | WriteTest::Check(..) => {}
            }
            if !holds && failed.is_none() {
                failed = Some((place, code));
            }
        }
        if failed.is_none()
            && let Some(finding) = self.hidden_link(case, &plan.links, slots)?
        {
            failed = Some((findings.len(), Code::ReferenceConflict));
            findings.push(finding);
        }
        let subject = operation_subject(case.model, case.operation);
        let decider = failed.map_or_else(
            || findings.iter().position(|finding| finding.subject == subject).unwrap_or(0),
            |(place, _)| place,
        );
        findings[decider].decides = true;
        let reason = findings[decider].note.clone();
        let reason = reason.unwrap_or_else(|| self.reason(&findings[decider]));
        let verdict = (failed.is_none(), failed.map(|(_, code)| code.name()), reason);
        Ok(self.story(action, verdict, (findings, Vec::new())))
    }

    fn passes(&self, test: &WriteTest, case: &Case<'_>, slots: &[Value]) -> Result<bool> {
        match test {
            WriteTest::Readable(predicate)
            | WriteTest::Allowed(predicate)
            | WriteTest::Field(_, predicate)
            | WriteTest::Check(predicate, _) => {
                self.scene.holds(predicate, &case.row, case.next.as_ref(), slots)
            }
            WriteTest::Parent(row) | WriteTest::Reference(_, row) => self.row_passes(row, slots),
            // The version that is sent is the one that the row has.
            WriteTest::Version(_) => Ok(true),
        }
    }

    /// The first row of a list that is set which the actor does not see.
    fn hidden_link(
        &self,
        case: &Case<'_>,
        links: &[Link],
        slots: &[Value],
    ) -> Result<Option<Finding>> {
        for link in links {
            let FieldKind::ManyToMany(join) = &case.model.field(link.field).kind else { continue };
            let Value::List(keys) = value_at(slots, link.slot) else { continue };
            for key in keys {
                let seen = match self.scene.row(join.target, key)? {
                    Some(row) => self.scene.holds(&link.condition, &row, None, slots)?,
                    None => false,
                };
                if !seen {
                    return self.reference_finding(case, link.field, (join.target, key)).map(Some);
                }
            }
        }
        Ok(None)
    }

    fn row_passes(&self, test: &RowTest, slots: &[Value]) -> Result<bool> {
        let key = value_at(slots, test.key);
        if key.is_null() {
            return Ok(test.nullable);
        }
        match self.scene.row(test.model, key)? {
            Some(row) => self.scene.holds(&test.condition, &row, None, slots),
            None => Ok(false),
        }
    }

    fn story(
        &self,
        action: String,
        (allowed, code, reason): (bool, Option<&'static str>, String),
        (mut findings, fields): (Vec<Finding>, Vec<FieldStory>),
    ) -> Story {
        for finding in findings.iter_mut().filter(|finding| finding.decides) {
            if let Some(rule) = &mut finding.rule
                && rule.holds == finding.holds
            {
                rule.decide();
            }
        }
        let (actor, schema) = (self.actor.clone(), Arc::clone(self.source));
        Story { actor, action, allowed, code, reason, findings, fields, schema }
    }

    fn nothing_there(&self, action: String) -> Story {
        let reason = "there is no such row".to_owned();
        let verdict = (false, Some(Code::NotFound.name()), reason);
        self.story(action, verdict, (Vec::new(), Vec::new()))
    }

    /// What is answered for a row that is not visible.
    fn unread(&self, model: &Model) -> Code {
        let never = self.scene.folded().rules(self.catalog, model.id).read == Predicate::False;
        match (never, self.scene.folded().facts().kind) {
            (false, _) => Code::NotFound,
            (true, "anonymous") => Code::Unauthenticated,
            (true, _) => Code::Forbidden,
        }
    }

    /// `Order/ada-1`
    pub(crate) fn row_words(&self, model: ModelId, key: &Value) -> String {
        let model = self.catalog.schema.model(model);
        format!("{}/{}", model.name, self.key_words(model.id, key))
    }

    pub(crate) fn key_words(&self, model: ModelId, key: &Value) -> String {
        let scalar = key_scalar(self.catalog.schema.model(model));
        (self.names)(model, key).unwrap_or_else(|| text_of(scalar, key))
    }
}

fn value_at(slots: &[Value], slot: Slot) -> &Value {
    slots.get(usize::from(slot.0)).unwrap_or(&Value::Null)
}

/// A write under judgement.
struct Case<'a> {
    model: &'a Model,
    operation: Operation,
    /// The stored row; for a create the proposed one.
    row: SceneRow,
    next: Option<SceneRow>,
}

fn operation_subject(model: &Model, operation: Operation) -> String {
    format!("the {} rule of {}", verb(operation), model.name)
}

/// The word for an operation, as in a permission.
pub(crate) fn verb(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "create",
        Operation::Merge | Operation::Replace => "update",
        Operation::Delete => "delete",
    }
}
