//! Folding: what is left of a predicate once it is known who asks.
//!
//! A predicate is folded once for each profile (kind and roles) and the result is kept, so the
//! actor's key, claims and own fields stay values to bind. What the profile decides is decided:
//! permissions, roles, `auth.kind`, and `auth.id == null`. The result says the same of every row
//! as the original does, for every actor with the profile; it holds no `Can` and no `HasRole`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a fold picks the forms it can decide and leaves all others as they are"
)]

use underpin_schema::{TextOrder, Value};

use crate::eval::literals_compare;
use crate::{ActorValue, CompareOp, Operand, Predicate, Quantified, TextOp};

/// What is known of everybody with one profile.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// `anonymous`, `user`, `key` or `service`, as `auth.kind` reads.
    pub kind: &'static str,
    /// The names of the roles.
    pub roles: &'a [String],
    /// What the roles permit: `products:update`, `products:*`, `*`.
    pub permissions: &'a [String],
    /// What an API key is narrowed to, in the form of permissions; `None` narrows nothing.
    pub scopes: Option<&'a [String]>,
    /// Whether the actor is or acts for a row of the account model, so that `auth.id` and
    /// `auth.user` have values.
    pub is_account: bool,
}

impl Facts<'_> {
    /// Whether the actor has the permission. The server itself has every one.
    #[must_use]
    pub fn can(&self, permission: &str) -> bool {
        self.kind == "service"
            || (grants_any(self.permissions, permission) && self.covers(permission))
    }

    /// Whether the scopes leave the permission in.
    #[must_use]
    pub fn covers(&self, permission: &str) -> bool {
        self.scopes.is_none_or(|scopes| grants_any(scopes, permission))
    }

    /// Whether the actor has the role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}

/// Whether one of several permissions, as granted, covers one as asked for.
#[must_use]
pub fn grants_any(granted: &[String], asked: &str) -> bool {
    granted.iter().any(|granted| grants(granted, asked))
}

/// Whether a permission as granted (`products:*`) covers one as asked for (`products:update`).
#[must_use]
pub fn grants(granted: &str, asked: &str) -> bool {
    if granted == "*" || granted == asked {
        return true;
    }
    granted
        .strip_suffix('*')
        .is_some_and(|prefix| prefix.ends_with(':') && asked.starts_with(prefix))
}

/// The predicate for everybody with these facts.
#[must_use]
pub fn fold(predicate: &Predicate, facts: &Facts<'_>) -> Predicate {
    match predicate {
        Predicate::True => Predicate::True,
        Predicate::False => Predicate::False,
        Predicate::And(parts) => Predicate::and(parts.iter().map(|part| fold(part, facts))),
        Predicate::Or(parts) => Predicate::or(parts.iter().map(|part| fold(part, facts))),
        Predicate::Not(inner) => negate(fold(inner, facts)),
        Predicate::Compare { op, left, right } => {
            compare(*op, fold_operand(left, facts), fold_operand(right, facts))
        }
        Predicate::In { item, list } => {
            let list = list.iter().map(|operand| fold_operand(operand, facts)).collect();
            membership(fold_operand(item, facts), list)
        }
        Predicate::InList { item, list } => {
            in_list(fold_operand(item, facts), fold_operand(list, facts))
        }
        Predicate::Text { op, subject, needle } => {
            text(*op, fold_operand(subject, facts), fold_operand(needle, facts))
        }
        Predicate::IsNull(operand) => null_test(fold_operand(operand, facts)),
        Predicate::IsTrue(operand) => is_true(fold_operand(operand, facts)),
        Predicate::Exists(quantified) => exists(quantified, facts),
        Predicate::Can(permission) => truth(facts.can(permission)),
        Predicate::HasRole(role) => truth(facts.has_role(role)),
    }
}

fn truth(holds: bool) -> Predicate {
    if holds { Predicate::True } else { Predicate::False }
}

/// Negates, and turns an order round where neither side can be null.
fn negate(predicate: Predicate) -> Predicate {
    match predicate {
        Predicate::And(parts) => Predicate::or(parts.into_iter().map(negate)),
        Predicate::Or(parts) => Predicate::and(parts.into_iter().map(negate)),
        Predicate::Compare { op, left, right } if !may_be_null(&left) && !may_be_null(&right) => {
            Predicate::Compare { op: opposite(op), left, right }
        }
        other => other.negated(),
    }
}

const fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Eq => CompareOp::Ne,
        CompareOp::Ne => CompareOp::Eq,
        CompareOp::Lt => CompareOp::Ge,
        CompareOp::Le => CompareOp::Gt,
        CompareOp::Gt => CompareOp::Le,
        CompareOp::Ge => CompareOp::Lt,
    }
}

fn fold_operand(operand: &Operand, facts: &Facts<'_>) -> Operand {
    match operand {
        Operand::Actor(value) => match value {
            ActorValue::Id | ActorValue::UserField(_) if !facts.is_account => {
                Operand::Literal(Value::Null)
            }
            ActorValue::Verified if !facts.is_account => Operand::Literal(Value::Bool(false)),
            ActorValue::Kind => Operand::Literal(Value::Text(facts.kind.to_owned())),
            ActorValue::Id
            | ActorValue::Verified
            | ActorValue::Claim(_)
            | ActorValue::UserField(_)
            | ActorValue::Ip
            | ActorValue::Transport => operand.clone(),
        },
        Operand::Shifted(inner, micros) => match fold_operand(inner, facts) {
            Operand::Literal(Value::Null) => Operand::Literal(Value::Null),
            Operand::Guarded(guard, inner) => Operand::Shifted(inner, *micros).guarded(*guard),
            inner => Operand::Shifted(Box::new(inner), *micros),
        },
        Operand::Guarded(guard, inner) => guarded(fold(guard, facts), fold_operand(inner, facts)),
        Operand::Literal(_)
        | Operand::Slot(_)
        | Operand::Path(_)
        | Operand::Size(_)
        | Operand::Now => operand.clone(),
    }
}

fn guarded(guard: Predicate, inner: Operand) -> Operand {
    match (guard, inner) {
        (Predicate::False, _) | (_, Operand::Literal(Value::Null)) => Operand::Literal(Value::Null),
        (guard, Operand::Guarded(inner_guard, inner)) => {
            inner.guarded(Predicate::and([guard, *inner_guard]))
        }
        (guard, inner) => inner.guarded(guard),
    }
}

fn compare(op: CompareOp, left: Operand, right: Operand) -> Predicate {
    match (op, left, right) {
        (op, Operand::Literal(left), Operand::Literal(right)) => {
            truth(literals_compare(op, &left, &right, TextOrder::Binary))
        }
        (CompareOp::Eq, Operand::Literal(Value::Null), operand)
        | (CompareOp::Eq, operand, Operand::Literal(Value::Null)) => null_test(operand),
        (CompareOp::Ne, Operand::Literal(Value::Null), operand)
        | (CompareOp::Ne, operand, Operand::Literal(Value::Null)) => negate(null_test(operand)),
        (_, Operand::Literal(Value::Null), _) | (_, _, Operand::Literal(Value::Null)) => {
            Predicate::False
        }
        // Where only one side may be hidden, the guard becomes a condition beside the comparison,
        // which an index can then serve.
        (op, Operand::Guarded(guard, left), right) if hoists(op, &right) => {
            hoist(op, *guard, compare(positive(op), *left, right))
        }
        (op, left, Operand::Guarded(guard, right)) if hoists(op, &left) => {
            hoist(op, *guard, compare(positive(op), left, *right))
        }
        (CompareOp::Eq, left, right) if left == right => Predicate::True,
        (CompareOp::Ne, left, right) if left == right => Predicate::False,
        (op, left, right) => Predicate::Compare { op, left, right },
    }
}

/// Whether `guarded OP other` is `guard && (value OP other)`: null must not be equal to `other`.
fn hoists(op: CompareOp, other: &Operand) -> bool {
    match op {
        CompareOp::Eq | CompareOp::Ne => !may_be_null(other),
        CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => true,
    }
}

const fn positive(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Ne => CompareOp::Eq,
        op => op,
    }
}

fn hoist(op: CompareOp, guard: Predicate, compared: Predicate) -> Predicate {
    let holds = Predicate::and([guard, compared]);
    if op == CompareOp::Ne { negate(holds) } else { holds }
}

fn membership(item: Operand, list: Vec<Operand>) -> Predicate {
    let mut decided = Predicate::False;
    let mut rest: Vec<Operand> = Vec::with_capacity(list.len());
    for element in list {
        match (&item, element) {
            (Operand::Literal(item), Operand::Literal(element)) => {
                if literals_compare(CompareOp::Eq, item, &element, TextOrder::Binary) {
                    return Predicate::True;
                }
            }
            (_, Operand::Literal(Value::Null)) => decided = null_test(item.clone()),
            (Operand::Literal(Value::Null), element) => {
                decided = Predicate::or([decided, null_test(element)]);
            }
            (_, element) if rest.contains(&element) => {}
            (_, element) => rest.push(element),
        }
    }
    let compared = match (rest.len(), item) {
        (0, _) => Predicate::False,
        (1, item) => compare(CompareOp::Eq, item, rest.remove(0)),
        (_, Operand::Guarded(guard, item)) if !rest.iter().any(may_be_null) => {
            Predicate::and([*guard, Predicate::In { item: *item, list: rest }])
        }
        (_, item) => Predicate::In { item, list: rest },
    };
    Predicate::or([decided, compared])
}

fn in_list(item: Operand, list: Operand) -> Predicate {
    match (item, list) {
        (Operand::Literal(Value::Null), _) | (_, Operand::Literal(Value::Null)) => Predicate::False,
        (Operand::Guarded(guard, item), list) => Predicate::and([*guard, in_list(*item, list)]),
        (item, Operand::Guarded(guard, list)) => Predicate::and([*guard, in_list(item, *list)]),
        (item, list) => Predicate::InList { item, list },
    }
}

fn text(op: TextOp, subject: Operand, needle: Operand) -> Predicate {
    match (subject, needle) {
        (Operand::Literal(Value::Null), _) | (_, Operand::Literal(Value::Null)) => Predicate::False,
        (Operand::Guarded(guard, subject), needle) => {
            Predicate::and([*guard, text(op, *subject, needle)])
        }
        (subject, Operand::Guarded(guard, needle)) => {
            Predicate::and([*guard, text(op, subject, *needle)])
        }
        (subject, needle) => Predicate::Text { op, subject, needle },
    }
}

/// `operand == null` of a folded operand.
fn null_test(operand: Operand) -> Predicate {
    match operand {
        Operand::Literal(value) => truth(value.is_null()),
        Operand::Shifted(inner, _) => null_test(*inner),
        Operand::Guarded(guard, inner) => Predicate::or([negate(*guard), null_test(*inner)]),
        Operand::Size(path) => null_test(Operand::Path(path)),
        operand if !may_be_null(&operand) => Predicate::False,
        operand => Predicate::IsNull(operand),
    }
}

fn is_true(operand: Operand) -> Predicate {
    match operand {
        Operand::Literal(value) => truth(value == Value::Bool(true)),
        Operand::Guarded(guard, inner) => Predicate::and([*guard, is_true(*inner)]),
        operand => Predicate::IsTrue(operand),
    }
}

fn exists(quantified: &Quantified, facts: &Facts<'_>) -> Predicate {
    match fold(&quantified.body, facts) {
        Predicate::False => Predicate::False,
        body => Predicate::Exists(Box::new(Quantified {
            root: quantified.root,
            steps: quantified.steps.clone(),
            model: quantified.model,
            relation: quantified.relation,
            var: quantified.var,
            body,
        })),
    }
}

/// Whether the operand can be null as far as anyone knows who has not seen the row.
fn may_be_null(operand: &Operand) -> bool {
    match operand {
        Operand::Literal(value) => value.is_null(),
        Operand::Slot(_) | Operand::Now => false,
        Operand::Path(path) | Operand::Size(path) => path.nullable,
        Operand::Actor(value) => match value {
            // Folding has put null in place of `auth.id` for whoever has none.
            ActorValue::Id | ActorValue::Kind | ActorValue::Verified | ActorValue::Transport => {
                false
            }
            ActorValue::Claim(_) | ActorValue::UserField(_) | ActorValue::Ip => true,
        },
        Operand::Shifted(inner, _) => may_be_null(inner),
        Operand::Guarded(..) => true,
    }
}

#[cfg(test)]
pub(crate) mod tests;
