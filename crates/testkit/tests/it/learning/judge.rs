//! Decides naively what an actor may see: every rule is asked of every row, as it is written.
//!
//! Shares no code with what it judges. A [`Mutant`] makes it wrong in one point, to prove that the
//! comparison would notice.

use super::rule::{Expr, Op, Place, Related, Term, TextOp};
use super::value::Val;
use super::who::Who;
use super::world::{At, Field, Holds, World};

/// One guard that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mutant {
    /// A row that may not be seen is listed.
    RowShown,
    /// A field that may not be read is returned.
    FieldShown,
    /// The order of rows tells a field that may not be read.
    FieldSorted,
    /// A condition tells one.
    FieldCompared,
    /// A filter tells one.
    FieldFiltered,
    /// A path goes over a row that may not be seen.
    StepOverRow,
    /// A path goes over a reference that may not be read.
    StepOverField,
    /// `exists` and lists know related rows that may not be seen.
    RelatedRow,
    /// They know rows whose own side of the relation may not be read.
    RelatedSide,
    /// A relation that may not be read is returned with the row.
    RelationShown,
    /// A row that may not be seen is returned with one that refers to it.
    IncludedRow,
    /// The rows of a parent that may not be seen are listed.
    ParentShown,
    /// The total counts rows that may not be seen.
    CountedBefore,
    /// A field that may never be read is known.
    NameKnown,
    /// Whoever has the permission for the model reads its guarded fields.
    PermissionReadsFields,
    /// `products:*` grants nothing.
    StarForgotten,
    /// A key has what no scope of it covers.
    ScopesForgotten,
    /// A key has what a rule denies its owner for a permission that no scope covers.
    ScopeWidens,
    /// A role does not have what it inherits.
    InheritanceForgotten,
    /// `all` is true of rows of a relation that may not be read.
    AllOfNothing,
}

impl Mutant {
    pub(super) const ALL: [Self; 20] = [
        Self::ScopesForgotten,
        Self::ScopeWidens,
        Self::RowShown,
        Self::FieldShown,
        Self::FieldSorted,
        Self::FieldCompared,
        Self::FieldFiltered,
        Self::StepOverRow,
        Self::StepOverField,
        Self::RelatedRow,
        Self::RelatedSide,
        Self::RelationShown,
        Self::IncludedRow,
        Self::ParentShown,
        Self::CountedBefore,
        Self::NameKnown,
        Self::PermissionReadsFields,
        Self::StarForgotten,
        Self::InheritanceForgotten,
        Self::AllOfNothing,
    ];
}

/// A world in the eyes of one actor.
#[derive(Clone, Copy)]
pub(super) struct Judge<'a> {
    pub(super) world: &'a World,
    pub(super) who: &'a Who,
    pub(super) mutant: Option<Mutant>,
    /// Whether a key is judged as if nothing narrowed it.
    pub(super) unscoped: bool,
}

/// With whose eyes a condition looks at rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Eyes {
    /// A rule's: it sees everything.
    Rule,
    /// The actor's, in a filter.
    Actor,
}

impl Judge<'_> {
    pub(super) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Whether the actor sees the row.
    pub(super) fn sees(&self, at: At) -> bool {
        if self.is_service() || self.is(Mutant::RowShown) {
            return true;
        }
        let model = &self.world.models[at.0];
        let asked = format!("{}:read", model.plural);
        let rule = model.read.as_ref();
        self.covers(&asked)
            && self.twice(|judge| {
                let ruled = rule.is_some_and(|rule| judge.holds(rule, &[at], Eyes::Rule));
                ruled || judge.can(&asked)
            })
    }

    /// Whether something holds for a key as its scopes narrow it, and as it would be without them.
    pub(super) fn twice(&self, holds: impl Fn(&Self) -> bool) -> bool {
        let unscoped = Self { unscoped: true, ..*self };
        holds(self)
            && (self.who.scopes.is_none() || self.is(Mutant::ScopeWidens) || holds(&unscoped))
    }

    /// Whether the scopes leave a permission in.
    pub(super) fn covers(&self, asked: &str) -> bool {
        let scopes = self.who.scopes.as_ref();
        let narrows = scopes.filter(|_| !self.unscoped && !self.is(Mutant::ScopesForgotten));
        narrows.is_none_or(|scopes| scopes.iter().any(|scope| self.covered(scope, asked)))
    }

    /// Whether the actor reads the field of the row, if it sees that.
    pub(super) fn reads(&self, at: At, field: usize) -> bool {
        let model = &self.world.models[at.0];
        let field = &model.fields[field];
        let free = self.is_service()
            || (self.is(Mutant::PermissionReadsFields)
                && self.can(&format!("{}:read", model.plural)));
        let rule = field.read.as_ref().filter(|_| !free);
        let holds = |rule| self.twice(|judge| judge.holds(rule, &[at], Eyes::Rule));
        !field.hidden && rule.is_none_or(holds)
    }

    /// The rows of a relation to many that the actor sees there.
    pub(super) fn related(&self, at: At, field: usize) -> Vec<At> {
        let side = self.world.field((at.0, field)).other_side();
        let mut rows = self.world.related(at, field);
        rows.retain(|row| {
            let seen = self.is(Mutant::RelatedRow) || self.sees(*row);
            let told = side
                .is_none_or(|(_, field)| self.is(Mutant::RelatedSide) || self.reads(*row, field));
            seen && told
        });
        rows
    }

    /// The row that a reference leads to, where the actor may follow it.
    pub(super) fn follow(&self, at: At, field: usize) -> Option<At> {
        if !self.is(Mutant::StepOverField) && !self.reads(at, field) {
            return None;
        }
        let target = self.world.related(at, field).pop()?;
        (self.is(Mutant::StepOverRow) || self.sees(target)).then_some(target)
    }

    pub(super) fn is_service(&self) -> bool {
        self.who.kind == "service"
    }

    pub(super) fn can(&self, asked: &str) -> bool {
        let granted = || self.who.roles.iter().any(|role| self.grants(role, asked));
        self.is_service() || (self.covers(asked) && granted())
    }

    fn grants(&self, role: &str, asked: &str) -> bool {
        if role == "admin" {
            return true;
        }
        let role = self.world.roles.iter().find(|known| known.name == role).unwrap();
        let inherits = !self.is(Mutant::InheritanceForgotten);
        role.can.iter().any(|granted| self.covered(granted, asked))
            || (inherits && role.inherits.iter().any(|other| self.grants(other, asked)))
    }

    fn covered(&self, granted: &str, asked: &str) -> bool {
        let all = granted.strip_suffix('*').filter(|_| !self.is(Mutant::StarForgotten));
        granted == asked || all.is_some_and(|start| asked.starts_with(start))
    }

    /// Whether a condition holds of rows in scope, the row itself first.
    pub(super) fn holds(&self, expr: &Expr, scope: &[At], eyes: Eyes) -> bool {
        match expr {
            Expr::All(parts) => parts.iter().all(|part| self.holds(part, scope, eyes)),
            Expr::Any(parts) => parts.iter().any(|part| self.holds(part, scope, eyes)),
            Expr::Not(inner) => !self.holds(inner, scope, eyes),
            Expr::Compare(op, left, right) => {
                let caseless = self.is_caseless(left) || self.is_caseless(right);
                let (left, right) = (self.value(left, scope, eyes), self.value(right, scope, eyes));
                compares(*op, &left, &right, caseless)
            }
            Expr::IsNull(term) => self.value(term, scope, eyes).is_null(),
            Expr::Among(term, items) => {
                let caseless = self.is_caseless(term);
                let value = self.value(term, scope, eyes);
                items.iter().any(|item| compares(Op::Eq, &value, item, caseless))
            }
            Expr::Text(op, term, needle) => {
                let caseless = self.is_caseless(term);
                text(*op, &self.value(term, scope, eyes), needle, caseless)
            }
            Expr::Holds(item, list) => match self.value(list, scope, eyes) {
                Val::Texts(items) => items.iter().any(|own| own == item.text()),
                _ => false,
            },
            Expr::IsTrue(term) => self.value(term, scope, eyes) == Val::Bool(true),
            Expr::Related(related) => self.some_or_all(related, scope, eyes),
            Expr::Can(permission) => self.can(permission),
            Expr::Is(role) => self.who.roles.contains(role),
            Expr::Kind(kind) => self.who.kind == *kind,
            Expr::Verified => self.who.verified,
        }
    }

    fn some_or_all(&self, related: &Related, scope: &[At], eyes: Eyes) -> bool {
        let nothing = related.every && eyes == Eyes::Actor && self.is(Mutant::AllOfNothing);
        let Some(at) = self.place(&related.place, scope, eyes) else { return nothing };
        let rows = match eyes {
            Eyes::Rule => self.world.related(at, related.field),
            Eyes::Actor if !self.reads(at, related.field) => return nothing,
            Eyes::Actor => self.related(at, related.field),
        };
        let mut holds = rows.into_iter().map(|row| {
            let scope: Vec<At> = scope.iter().copied().chain([row]).collect();
            self.holds(&related.body, &scope, eyes)
        });
        if related.every { holds.all(|holds| holds) } else { holds.any(|holds| holds) }
    }

    fn place(&self, place: &Place, scope: &[At], eyes: Eyes) -> Option<At> {
        place.steps.iter().try_fold(scope[place.root], |at, step| match eyes {
            Eyes::Rule => self.world.related(at, *step).pop(),
            Eyes::Actor => self.follow(at, *step),
        })
    }

    fn value(&self, term: &Term, scope: &[At], eyes: Eyes) -> Val {
        match term {
            Term::Literal(value, _) => value.clone(),
            Term::Field(place, field) => self.cell(place, *field, scope, eyes),
            Term::Size(place, field) => match self.cell(place, *field, scope, eyes) {
                Val::Text(text) => Val::Int(i64::try_from(text.chars().count()).unwrap()),
                Val::Texts(items) => Val::Int(i64::try_from(items.len()).unwrap()),
                _ => Val::Null,
            },
            Term::AuthId => self.who.id(),
            Term::AuthUser(field) => {
                self.who.own.as_ref().map_or(Val::Null, |cells| cells[*field].clone())
            }
            Term::Note => self.who.note.map_or(Val::Null, |note| Val::Text(note.to_owned())),
        }
    }

    fn cell(&self, place: &Place, field: usize, scope: &[At], eyes: Eyes) -> Val {
        let Some(at) = self.place(place, scope, eyes) else { return Val::Null };
        let free = eyes == Eyes::Rule || self.is(Mutant::FieldFiltered);
        if free || self.reads(at, field) {
            self.world.row(at).cells[field].clone()
        } else {
            Val::Null
        }
    }

    fn is_caseless(&self, term: &Term) -> bool {
        let Term::Field(place, field) = term else { return false };
        is_caseless(self.world.field((place.model, *field)))
    }
}

pub(super) fn is_caseless(field: &Field) -> bool {
    field.holds == Holds::One(super::value::Kind::Text { caseless: true })
}

/// How two values compare. Null equals null, and is neither less nor greater than anything.
pub(super) fn compares(op: Op, left: &Val, right: &Val, caseless: bool) -> bool {
    let same = left.is_null() == right.is_null();
    let equal = same && (left.is_null() || left.order(right, caseless).is_eq());
    if matches!(op, Op::Eq | Op::Ne) {
        return equal == (op == Op::Eq);
    }
    if left.is_null() || right.is_null() {
        return false;
    }
    let order = left.order(right, caseless);
    match op {
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge | Op::Eq | Op::Ne => order.is_ge(),
    }
}

/// Whether a text stands in another. Null does in none.
pub(super) fn text(op: TextOp, subject: &Val, needle: &Val, caseless: bool) -> bool {
    let Val::Text(subject) = subject else { return false };
    let (mut subject, mut needle) = (subject.clone(), needle.text().to_owned());
    if caseless {
        subject.make_ascii_lowercase();
        needle.make_ascii_lowercase();
    }
    match op {
        TextOp::Contains => subject.contains(&needle),
        TextOp::StartsWith => subject.starts_with(&needle),
        TextOp::EndsWith => subject.ends_with(&needle),
    }
}
