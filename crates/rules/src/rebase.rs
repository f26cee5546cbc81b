//! Moves a predicate to another place, so that it can become part of a larger one.
//!
//! A rule is written about `row`. To say the same of the row at the end of a relation, of a row
//! inside `exists`, or of the row as an update leaves it, every path from `row` is led from there.
//! Variables are numbered anew on the way, so that they stay unique in the whole.

use underpin_schema::{FieldId, FieldKind, ModelId, Schema};

use crate::{Operand, Path, Predicate, Quantified, Root, Var};

/// A place that takes the place of `row`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Where paths start.
    pub root: Root,
    /// The model of the row at the root.
    pub model: ModelId,
    /// To-one fields from the root to the row that takes the place of `row`.
    pub steps: Vec<FieldId>,
    /// Whether there may be no such row, so that every path through it may be null.
    pub nullable: bool,
}

/// Hands out variables that no other part of a predicate has.
#[derive(Debug, Clone, Default)]
pub struct Vars(u16);

impl Base {
    /// The root itself, a row of `model`.
    #[must_use]
    pub fn root(root: Root, model: ModelId) -> Self {
        Self { root, model, steps: Vec::new(), nullable: false }
    }

    /// The row that `field`, a to-one field of `model` at this place, refers to.
    #[must_use]
    pub fn step(&self, schema: &Schema, model: ModelId, field: FieldId) -> Self {
        debug_assert!(matches!(schema.field(model, field).kind, FieldKind::ToOne(_)));
        let mut steps = self.steps.clone();
        steps.push(field);
        let nullable = self.nullable || schema.field(model, field).nullable;
        Self { root: self.root, model: self.model, steps, nullable }
    }
}

impl Vars {
    /// Variables that do not occur in `predicate`.
    #[must_use]
    pub fn after(predicate: &Predicate) -> Self {
        let mut vars = Self::default();
        predicate.visit(&mut |part| {
            if let Predicate::Exists(quantified) = part {
                vars.0 = vars.0.max(quantified.var.0 + 1);
            }
        });
        vars
    }

    /// The next variable.
    ///
    /// # Panics
    /// After 65,535 variables, which the bounds on rules and filters keep out of reach.
    pub fn next_var(&mut self) -> Var {
        let var = Var(self.0);
        self.0 = self.0.checked_add(1).expect("invariant: a predicate has few variables");
        var
    }
}

impl Predicate {
    /// The same of the row at `base` as this says of `row`. `next` and free variables stay.
    #[must_use]
    pub fn rebase(&self, base: &Base, vars: &mut Vars) -> Self {
        Rebase { row: Some(base), vars, renamed: Vec::new() }.predicate(self)
    }

    /// The same with variables of its own, for a second use in one predicate.
    #[must_use]
    pub fn with_fresh_vars(&self, vars: &mut Vars) -> Self {
        Rebase { row: None, vars, renamed: Vec::new() }.predicate(self)
    }

    /// The same of the row as an update leaves it.
    #[must_use]
    pub fn after_image(&self, model: ModelId, vars: &mut Vars) -> Self {
        self.rebase(&Base::root(Root::Next, model), vars)
    }

    /// Whether it speaks of `next`.
    #[must_use]
    pub fn names_next(&self) -> bool {
        let mut found = false;
        self.visit_roots(&mut |root| found |= root == Root::Next);
        found
    }

    /// Calls `see` for this predicate and every one inside it, guards and bodies included.
    pub fn visit(&self, see: &mut dyn FnMut(&Self)) {
        see(self);
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(see)),
            Self::Not(inner) => inner.visit(see),
            Self::Exists(quantified) => quantified.body.visit(see),
            Self::True
            | Self::False
            | Self::Compare { .. }
            | Self::In { .. }
            | Self::InList { .. }
            | Self::Text { .. }
            | Self::IsNull(_)
            | Self::IsTrue(_)
            | Self::Can(_)
            | Self::HasRole(_) => {}
        }
        for operand in self.operands() {
            operand.visit_guards(see);
        }
    }

    /// The operands of this node, not those of nodes inside it.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        let (first, second, rest): (Option<&Operand>, Option<&Operand>, &[Operand]) = match self {
            Self::Compare { left, right, .. } => (Some(left), Some(right), &[]),
            Self::In { item, list } => (Some(item), None, list),
            Self::InList { item, list } => (Some(item), Some(list), &[]),
            Self::Text { subject, needle, .. } => (Some(subject), Some(needle), &[]),
            Self::IsNull(operand) | Self::IsTrue(operand) => (Some(operand), None, &[]),
            Self::True
            | Self::False
            | Self::And(_)
            | Self::Or(_)
            | Self::Not(_)
            | Self::Exists(_)
            | Self::Can(_)
            | Self::HasRole(_) => (None, None, &[]),
        };
        first.into_iter().chain(second).chain(rest)
    }

    fn visit_roots(&self, see: &mut dyn FnMut(Root)) {
        self.visit(&mut |part| {
            if let Self::Exists(quantified) = part {
                see(quantified.root);
            }
            for operand in part.operands() {
                if let Some(path) = operand.path() {
                    see(path.root);
                }
            }
        });
    }
}

impl Operand {
    /// The path inside it, if it is of a row.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) | Self::Size(path) => Some(path),
            Self::Shifted(inner, _) | Self::Guarded(_, inner) => inner.path(),
            Self::Literal(_) | Self::Slot(_) | Self::Actor(_) | Self::Now => None,
        }
    }

    fn visit_guards(&self, see: &mut dyn FnMut(&Predicate)) {
        match self {
            Self::Guarded(guard, inner) => {
                guard.visit(see);
                inner.visit_guards(see);
            }
            Self::Shifted(inner, _) => inner.visit_guards(see),
            Self::Literal(_)
            | Self::Slot(_)
            | Self::Path(_)
            | Self::Size(_)
            | Self::Actor(_)
            | Self::Now => {}
        }
    }
}

struct Rebase<'a> {
    row: Option<&'a Base>,
    vars: &'a mut Vars,
    renamed: Vec<(Var, Var)>,
}

impl Rebase<'_> {
    fn predicate(&mut self, predicate: &Predicate) -> Predicate {
        match predicate {
            Predicate::True => Predicate::True,
            Predicate::False => Predicate::False,
            Predicate::And(parts) => {
                Predicate::And(parts.iter().map(|part| self.predicate(part)).collect())
            }
            Predicate::Or(parts) => {
                Predicate::Or(parts.iter().map(|part| self.predicate(part)).collect())
            }
            Predicate::Not(inner) => Predicate::Not(Box::new(self.predicate(inner))),
            Predicate::Compare { op, left, right } => {
                Predicate::Compare { op: *op, left: self.operand(left), right: self.operand(right) }
            }
            Predicate::In { item, list } => Predicate::In {
                item: self.operand(item),
                list: list.iter().map(|operand| self.operand(operand)).collect(),
            },
            Predicate::InList { item, list } => {
                Predicate::InList { item: self.operand(item), list: self.operand(list) }
            }
            Predicate::Text { op, subject, needle } => Predicate::Text {
                op: *op,
                subject: self.operand(subject),
                needle: self.operand(needle),
            },
            Predicate::IsNull(operand) => Predicate::IsNull(self.operand(operand)),
            Predicate::IsTrue(operand) => Predicate::IsTrue(self.operand(operand)),
            Predicate::Exists(quantified) => {
                Predicate::Exists(Box::new(self.quantified(quantified)))
            }
            Predicate::Can(permission) => Predicate::Can(permission.clone()),
            Predicate::HasRole(role) => Predicate::HasRole(role.clone()),
        }
    }

    fn quantified(&mut self, quantified: &Quantified) -> Quantified {
        let (root, steps) = self.start(quantified.root, &quantified.steps);
        let var = self.vars.next_var();
        self.renamed.push((quantified.var, var));
        let body = self.predicate(&quantified.body);
        self.renamed.pop();
        Quantified {
            root,
            steps,
            model: quantified.model,
            relation: quantified.relation,
            var,
            body,
        }
    }

    fn operand(&mut self, operand: &Operand) -> Operand {
        match operand {
            Operand::Path(path) => Operand::Path(self.path(path)),
            Operand::Size(path) => Operand::Size(self.path(path)),
            Operand::Shifted(inner, micros) => {
                Operand::Shifted(Box::new(self.operand(inner)), *micros)
            }
            Operand::Guarded(guard, inner) => {
                Operand::Guarded(Box::new(self.predicate(guard)), Box::new(self.operand(inner)))
            }
            Operand::Literal(_) | Operand::Slot(_) | Operand::Actor(_) | Operand::Now => {
                operand.clone()
            }
        }
    }

    fn path(&self, path: &Path) -> Path {
        let (root, steps) = self.start(path.root, &path.steps);
        let moved = self.row.filter(|_| path.root == Root::Row);
        Path {
            root,
            model: moved.map_or(path.model, |base| base.model),
            steps,
            field: path.field,
            target: path.target,
            scalar: path.scalar,
            nullable: path.nullable || moved.is_some_and(|base| base.nullable),
        }
    }

    fn start(&self, root: Root, steps: &[FieldId]) -> (Root, Vec<FieldId>) {
        match (root, self.row) {
            (Root::Row, Some(base)) => {
                (base.root, base.steps.iter().chain(steps).copied().collect())
            }
            (Root::Var(var), _) => {
                let renamed = self.renamed.iter().rev().find(|(from, _)| *from == var);
                (Root::Var(renamed.map_or(var, |(_, to)| *to)), steps.to_vec())
            }
            (Root::Row | Root::Next, _) => (root, steps.to_vec()),
        }
    }
}
