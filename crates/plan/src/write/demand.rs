//! What must hold for a write: the rules that apply to it, as tests of one row.

use underpin_rules::Predicate;
use underpin_schema::{FieldId, FieldKind};

use super::{Planner, Under};
use crate::reach;
use crate::validate::owning_field;
use crate::{Assigned, Operation, RowTest, Versioned, WriteSlot, WriteTest};

impl Planner<'_> {
    /// What must hold, in the order in which a client is told what did not.
    pub(super) fn tests(&mut self, parent: Option<Under<'_>>) -> Vec<WriteTest> {
        let stored = self.shape.operation != Operation::Create;
        let view = self.view;
        let rules = view.rules(self.model.id);
        let mut tests = Vec::new();
        if stored && rules.read != Predicate::True {
            tests.push(WriteTest::Readable(rules.read.clone()));
        }
        if let Some(parent) = parent {
            let guard = view.guard(parent.model, parent.field).clone();
            let rows = view.rules(parent.model).read.clone();
            tests.push(WriteTest::Parent(RowTest {
                model: parent.model,
                key: parent.slot,
                nullable: false,
                condition: Predicate::and([rows, guard]),
            }));
        }
        tests.extend(self.allowed().into_iter().map(WriteTest::Allowed));
        tests.extend(self.field_tests());
        if self.shape.versioned == Versioned::Named && stored {
            let slot = self.slot(WriteSlot::Version);
            tests.push(WriteTest::Version(slot));
        }
        tests.extend(self.references(parent));
        tests.extend(self.checks());
        tests
    }

    /// The rule of the operation; for an update, of the row as it was and as it becomes.
    fn allowed(&mut self) -> Vec<Predicate> {
        let rules = self.view.rules(self.model.id);
        let parts = match self.shape.operation {
            Operation::Create => vec![rules.create.clone()],
            Operation::Delete => vec![rules.delete.clone()],
            Operation::Merge | Operation::Replace if rules.names_next => {
                vec![rules.update.clone()]
            }
            Operation::Merge | Operation::Replace => {
                let before = rules.update.clone();
                let mut parts = vec![before];
                if self.touches(&rules.update) {
                    parts.push(rules.update.after_image(self.model.id, &mut self.vars));
                }
                parts
            }
        };
        parts.into_iter().filter(|part| *part != Predicate::True).collect()
    }

    /// Whether a predicate over the row looks at a column that the write sets.
    fn touches(&self, predicate: &Predicate) -> bool {
        reach::columns(predicate)
            .iter()
            .any(|column| self.values.iter().any(|(field, _)| field == column))
    }

    /// The rules of the fields that are sent; for an update, of the row as it was and as it becomes.
    fn field_tests(&mut self) -> Vec<WriteTest> {
        let rules = &self.view.rules(self.model.id).fields;
        let under = self.shape.under;
        let under = under.and_then(|(model, field)| owning_field(self.view, model, field));
        let sent: Vec<FieldId> = self.shape.sent.iter().copied().chain(under).collect();
        let mut tests = Vec::new();
        for field in sent {
            let rule = &rules[usize::from(field.0)].write;
            if *rule != Predicate::True {
                tests.push(WriteTest::Field(field, rule.clone()));
            }
            if self.shape.operation != Operation::Create && self.touches(rule) {
                let after = rule.after_image(self.model.id, &mut self.vars);
                tests.push(WriteTest::Field(field, after));
            }
        }
        tests
    }

    /// That each row referred to is there for the actor.
    fn references(&self, parent: Option<Under<'_>>) -> Vec<WriteTest> {
        let mut tests = Vec::new();
        for (id, value) in &self.values {
            let field = self.model.field(*id);
            let (FieldKind::ToOne(to_one), Assigned::Slot(slot)) = (&field.kind, value) else {
                continue;
            };
            if parent.is_some_and(|parent| parent.slot == *slot) {
                continue;
            }
            let test = RowTest {
                model: to_one.target,
                key: *slot,
                nullable: field.nullable,
                condition: self.view.rules(to_one.target).read.clone(),
            };
            tests.push(WriteTest::Reference(*id, test));
        }
        tests
    }

    /// The invariants that the change may break.
    fn checks(&mut self) -> Vec<WriteTest> {
        if self.shape.operation == Operation::Delete {
            return Vec::new();
        }
        let create = self.shape.operation == Operation::Create;
        let mut tests = Vec::new();
        for (predicate, message) in self.view.checks(self.model.id) {
            if create {
                tests.push(WriteTest::Check(predicate.clone(), message.to_owned()));
            } else if self.touches(predicate) {
                let after = predicate.after_image(self.model.id, &mut self.vars);
                tests.push(WriteTest::Check(after, message.to_owned()));
            }
        }
        tests
    }
}
