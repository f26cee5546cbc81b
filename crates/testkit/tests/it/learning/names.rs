//! Which names exist for an actor, whatever the rows: a field whose rule can never hold for it
//! reads as one that does not exist.
//!
//! A rule is asked without a row, with the actor's kind, roles and permissions alone. What depends
//! on a row, or on who exactly asks, stays open; a rule that is false all the same never holds.

use super::judge::{Judge, Mutant, compares};
use super::rule::{Expr, Op, Place, Related, Term};
use super::value::Val;

/// What is known of a value without a row.
enum Known {
    Value(Val),
    Something,
    SomethingOrNull,
}

impl Judge<'_> {
    /// Whether a field exists for the actor.
    pub(super) fn knows(&self, model: usize, field: usize) -> bool {
        if self.is(Mutant::NameKnown) && !self.world.field((model, field)).hidden {
            return true;
        }
        let sides = self.world.field((model, field)).other_side();
        self.may_read(model, field)
            && sides
                .is_none_or(|(target, field)| self.may_read(target, field) && self.may_see(target))
    }

    /// Whether the actor may see a row of the model at all.
    pub(super) fn may_see(&self, model: usize) -> bool {
        let model = &self.world.models[model];
        let asked = format!("{}:read", model.plural);
        let rule = model.read.as_ref();
        let may = |judge: &Self| {
            rule.is_some_and(|rule| judge.decide(rule) != Some(false)) || judge.can(&asked)
        };
        self.is_service() || (self.covers(&asked) && self.twice(may))
    }

    fn may_read(&self, model: usize, field: usize) -> bool {
        let field = self.world.field((model, field));
        let rule = field.read.as_ref().filter(|_| !self.is_service());
        let may = |rule| self.twice(|judge| judge.decide(rule) != Some(false));
        !field.hidden && rule.is_none_or(may)
    }

    /// What a rule is for every row there could be, where that is known.
    fn decide(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::All(parts) => all(parts.iter().map(|part| self.decide(part))),
            Expr::Any(parts) => all(parts.iter().map(|part| self.decide(part).map(|known| !known)))
                .map(|none| !none),
            Expr::Not(inner) => self.decide(inner).map(|known| !known),
            Expr::Compare(op, left, right) => match (self.known(left), self.known(right)) {
                (Known::Value(left), Known::Value(right)) => {
                    Some(compares(*op, &left, &right, false))
                }
                (Known::Value(Val::Null), other) | (other, Known::Value(Val::Null)) => match op {
                    Op::Eq => is_null(&other),
                    Op::Ne => is_null(&other).map(|null| !null),
                    Op::Lt | Op::Le | Op::Gt | Op::Ge => Some(false),
                },
                _ => None,
            },
            Expr::IsNull(term) => is_null(&self.known(term)),
            Expr::Among(term, items) => match self.known(term) {
                Known::Value(value) => Some(items.contains(&value)),
                Known::Something if items.iter().all(Val::is_null) => Some(false),
                Known::Something | Known::SomethingOrNull => None,
            },
            Expr::Text(_, term, _) | Expr::Holds(_, term) | Expr::IsTrue(term) => {
                matches!(self.known(term), Known::Value(Val::Null)).then_some(false)
            }
            Expr::Related(related) => self.decide_related(related),
            Expr::Can(permission) => Some(self.can(permission)),
            Expr::Is(role) => Some(self.who.roles.contains(role)),
            Expr::Kind(kind) => Some(self.who.kind == *kind),
            Expr::Verified => self.who.key.is_none().then_some(false),
        }
    }

    fn decide_related(&self, related: &Related) -> Option<bool> {
        let Related { every, place, body, .. } = related;
        let may_be_absent = self.is_nullable(place, None);
        match (every, self.decide(body)) {
            (false, Some(false)) => Some(false),
            (true, Some(true)) if !may_be_absent => Some(true),
            _ => None,
        }
    }

    fn known(&self, term: &Term) -> Known {
        let user = self.who.key.is_some();
        match term {
            Term::Literal(value, _) => Known::Value(value.clone()),
            Term::AuthId | Term::AuthUser(_) if !user => Known::Value(Val::Null),
            Term::AuthId => Known::Something,
            Term::AuthUser(_) | Term::Note => Known::SomethingOrNull,
            Term::Field(place, field) | Term::Size(place, field) => {
                if self.is_nullable(place, Some(*field)) {
                    Known::SomethingOrNull
                } else {
                    Known::Something
                }
            }
        }
    }

    /// Whether a reference on the way may be null, or the field at its end.
    fn is_nullable(&self, place: &Place, field: Option<usize>) -> bool {
        let mut model = place.origin;
        for step in place.steps.iter().copied().chain(field) {
            let field = self.world.field((model, step));
            if field.nullable {
                return true;
            }
            model = field.target().unwrap_or(model);
        }
        false
    }
}

fn is_null(known: &Known) -> Option<bool> {
    match known {
        Known::Value(value) => Some(value.is_null()),
        Known::Something => Some(false),
        Known::SomethingOrNull => None,
    }
}

/// Whether all hold; unknown where that depends on one that is.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}
