//! Conditions of the rule language as trees of their own: made at random, and written as text.

use super::chance::Chance;
use super::value::{Kind, Val};
use super::world::{Holds, PERMISSIONS, World};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// All of them; of none, always.
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Compare(Op, Term, Term),
    IsNull(Term),
    Among(Term, Vec<Val>),
    Text(TextOp, Term, Val),
    /// The list holds the text.
    Holds(Val, Term),
    IsTrue(Term),
    Related(Box<Related>),
    Can(&'static str),
    Is(&'static str),
    Kind(&'static str),
    Verified,
}

/// `row.members.exists(x1, …)`, or `all`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Related {
    pub(super) every: bool,
    pub(super) place: Place,
    pub(super) field: usize,
    pub(super) body: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TextOp {
    Contains,
    StartsWith,
    EndsWith,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Literal(Val, Kind),
    Field(Place, usize),
    Size(Place, usize),
    AuthId,
    AuthUser(usize),
    Note,
}

/// A row: one in scope, or what references lead to from there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// 0 for the row itself, then the variables from outside in.
    pub(super) root: usize,
    pub(super) steps: Vec<usize>,
    /// Its model.
    pub(super) model: usize,
    /// The model of the row that it starts at.
    pub(super) origin: usize,
    /// Relations followed to get there.
    depth: usize,
}

impl Place {
    fn at(root: usize, model: usize, depth: usize) -> Self {
        Self { root, steps: Vec::new(), model, origin: model, depth }
    }
}

/// Whether a condition is a rule, or a filter whose fields stand bare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wording {
    Rule,
    Filter,
}

/// Makes conditions.
pub(super) struct Writer<'a> {
    world: &'a World,
    wording: Wording,
    chance: &'a mut Chance,
    /// Which fields are named, most of the time.
    prefers: Box<dyn Fn(usize, usize) -> bool + 'a>,
    scope: Vec<Place>,
}

/// Relations on the longest path.
const DEPTH_MAX: usize = 3;

pub(super) const OPS: [(Op, &str); 6] =
    [(Op::Eq, "=="), (Op::Ne, "!="), (Op::Lt, "<"), (Op::Le, "<="), (Op::Gt, ">"), (Op::Ge, ">=")];

impl<'a> Writer<'a> {
    pub(super) fn new(
        world: &'a World,
        model: usize,
        wording: Wording,
        chance: &'a mut Chance,
    ) -> Self {
        let scope = vec![Place::at(0, model, 0)];
        Self { world, wording, chance, prefers: Box::new(|_, _| true), scope }
    }

    /// Names fields that this allows, most of the time.
    pub(super) fn preferring(mut self, prefers: impl Fn(usize, usize) -> bool + 'a) -> Self {
        self.prefers = Box::new(prefers);
        self
    }

    /// A condition of a few parts.
    pub(super) fn condition(&mut self) -> Expr {
        let depth = self.chance.below(3);
        let tree = self.tree(depth);
        if self.wording == Wording::Rule && self.chance.once_in(10) {
            // A permission that takes something away.
            let can = Expr::Can(self.chance.word(&PERMISSIONS));
            return Expr::All(vec![Expr::Not(Box::new(can)), tree]);
        }
        tree
    }

    fn tree(&mut self, depth: usize) -> Expr {
        match self.chance.below(if depth == 0 { 1 } else { 6 }) {
            1 | 2 => Expr::All(vec![self.tree(depth - 1), self.tree(depth - 1)]),
            3 | 4 => Expr::Any(vec![self.tree(depth - 1), self.tree(depth - 1)]),
            5 => Expr::Not(Box::new(self.tree(depth - 1))),
            _ => self.leaf(depth),
        }
    }

    fn leaf(&mut self, depth: usize) -> Expr {
        // Not every kind of leaf fits every row; the fallback fits all.
        for _ in 0..8 {
            let leaf = match self.chance.below(12) {
                0..=2 => self.against_literal(),
                3 => self.against_field(),
                4 => self.null_test(),
                5 => self.among(),
                6 => self.text(),
                7 => self.list_or_size(),
                8 | 9 => self.related(depth),
                _ => self.about_actor(),
            };
            if let Some(leaf) = leaf {
                return leaf;
            }
        }
        Expr::IsNull(Term::Field(self.scope[0].clone(), 0))
    }

    fn against_literal(&mut self) -> Option<Expr> {
        let (term, kind) = self.value(|_| true)?;
        if kind == Kind::Bool && self.chance.once_in(2) {
            return Some(Expr::IsTrue(term));
        }
        let literal = Term::Literal(kind.value(self.chance), kind);
        let op = self.operator(kind);
        Some(if self.chance.once_in(5) {
            Expr::Compare(op, literal, term)
        } else {
            Expr::Compare(op, term, literal)
        })
    }

    fn against_field(&mut self) -> Option<Expr> {
        let (left, kind) = self.value(|_| true)?;
        let (right, _) = self.value(|other| other.meets(kind))?;
        (left != right).then(|| Expr::Compare(self.operator(kind), left, right))
    }

    fn null_test(&mut self) -> Option<Expr> {
        let (term, _) = self.value(|_| true)?;
        let test = Expr::IsNull(term);
        Some(if self.chance.once_in(2) { test } else { Expr::Not(Box::new(test)) })
    }

    fn among(&mut self) -> Option<Expr> {
        let (term, kind) = self.value(|_| true)?;
        let mut items: Vec<Val> =
            (0..1 + self.chance.below(3)).map(|_| kind.value(self.chance)).collect();
        if self.chance.once_in(4) {
            items.push(Val::Null);
        }
        Some(Expr::Among(term, items))
    }

    fn text(&mut self) -> Option<Expr> {
        let (term, kind) = self.value(Kind::is_text)?;
        let op = *self.chance.pick(&[TextOp::Contains, TextOp::StartsWith, TextOp::EndsWith]);
        Some(Expr::Text(op, term, kind.value(self.chance)))
    }

    fn list_or_size(&mut self) -> Option<Expr> {
        let place = self.place();
        let texts = Kind::Text { caseless: false };
        let field = self
            .field(&place, |holds| matches!(holds, Holds::Texts | Holds::One(Kind::Text { .. })))?;
        let list = self.world.field((place.model, field)).holds == Holds::Texts;
        if list && self.chance.once_in(2) {
            return Some(Expr::Holds(texts.value(self.chance), Term::Field(place, field)));
        }
        let n = i64::try_from(self.chance.below(3)).unwrap();
        let literal = Term::Literal(Val::Int(n), Kind::Int);
        Some(Expr::Compare(self.operator(Kind::Int), Term::Size(place, field), literal))
    }

    fn related(&mut self, depth: usize) -> Option<Expr> {
        let place = self.place();
        if place.depth >= DEPTH_MAX || self.scope.len() > 2 {
            return None;
        }
        let field = self
            .field(&place, |holds| matches!(holds, Holds::Inverse { .. } | Holds::Pairs { .. }))?;
        let model = self.world.field((place.model, field)).target()?;
        let root = self.scope.len();
        self.scope.push(Place::at(root, model, place.depth + 1));
        let body = self.tree(depth.saturating_sub(1));
        self.scope.pop();
        let every = self.chance.once_in(3);
        Some(Expr::Related(Box::new(Related { every, place, field, body })))
    }

    fn about_actor(&mut self) -> Option<Expr> {
        if self.wording == Wording::Filter {
            return None;
        }
        Some(match self.chance.below(9) {
            0..=3 => {
                let (term, _) = self.value(|kind| matches!(kind, Kind::Key(0, _)))?;
                Expr::Compare(*self.chance.pick(&[Op::Eq, Op::Eq, Op::Ne]), term, Term::AuthId)
            }
            4 => {
                let account = Place::at(0, 0, 0);
                let field = self.field(&account, |holds| {
                    matches!(holds, Holds::One(_) | Holds::Reference(_))
                })?;
                let kind = self.world.kind((0, field))?;
                let (term, _) = self.value(|other| other.meets(kind))?;
                Expr::Compare(self.operator(kind), Term::AuthUser(field), term)
            }
            5 => match self.chance.below(3) {
                0 => Expr::Verified,
                1 => Expr::Kind(self.chance.word(&["anonymous", "user", "key"])),
                _ => Expr::IsNull(Term::AuthId),
            },
            6 => Expr::Can(self.chance.word(&PERMISSIONS)),
            7 => Expr::Is(self.chance.word(&["staff", "clerk", "guest"])),
            _ => {
                let (term, _) = self.value(Kind::is_text)?;
                Expr::Compare(Op::Eq, term, Term::Note)
            }
        })
    }

    fn operator(&mut self, kind: Kind) -> Op {
        OPS[self.chance.below(if kind.is_ordered() { 6 } else { 2 })].0
    }

    /// A field with one value of a kind that fits.
    fn value(&mut self, fits: impl Fn(Kind) -> bool) -> Option<(Term, Kind)> {
        for _ in 0..4 {
            let place = self.place();
            let (world, model) = (self.world, place.model);
            let found = self.chance_field(&place, |field| {
                world.field((model, field)).holds != Holds::Texts
                    && world.kind((model, field)).is_some_and(&fits)
            });
            if let Some(field) = found {
                let kind = world.kind((model, field))?;
                return Some((Term::Field(place, field), kind));
            }
        }
        None
    }

    fn field(&mut self, place: &Place, fits: impl Fn(Holds) -> bool) -> Option<usize> {
        let (world, model) = (self.world, place.model);
        self.chance_field(place, |field| fits(world.field((model, field)).holds))
    }

    fn chance_field(&mut self, place: &Place, fits: impl Fn(usize) -> bool) -> Option<usize> {
        let all = 0..self.world.models[place.model].fields.len();
        let strays = self.chance.once_in(25);
        let named = all.filter(|field| strays || (self.prefers)(place.model, *field));
        let fitting: Vec<usize> = named.filter(|field| fits(*field)).collect();
        self.chance.pick_of(fitting)
    }

    /// A row in scope, or one that a few references lead to from there.
    fn place(&mut self) -> Place {
        let mut place = self.chance.pick(&self.scope).clone();
        while place.depth < DEPTH_MAX && self.chance.once_in(3) {
            let Some(step) = self.field(&place, |holds| matches!(holds, Holds::Reference(_)))
            else {
                break;
            };
            let model = self.world.field((place.model, step)).target();
            place.model = model.expect("invariant: a reference has a target");
            place.steps.push(step);
            place.depth += 1;
        }
        place
    }
}

/// A condition as text.
pub(super) struct Text<'a> {
    world: &'a World,
    wording: Wording,
    /// Rows in scope.
    n_bound: usize,
}

impl Text<'_> {
    pub(super) fn of(world: &World, wording: Wording, expr: &Expr) -> String {
        Text { world, wording, n_bound: 1 }.expr(expr)
    }

    fn expr(&mut self, expr: &Expr) -> String {
        match expr {
            Expr::All(parts) if parts.is_empty() => "true".to_owned(),
            Expr::All(parts) => self.joined(parts, " && "),
            Expr::Any(parts) => self.joined(parts, " || "),
            Expr::Not(inner) => match &**inner {
                Expr::IsNull(term) => format!("{} != null", self.term(term)),
                inner => format!("!({})", self.expr(inner)),
            },
            Expr::Compare(op, left, right) => {
                let (_, op) = OPS.iter().find(|(known, _)| known == op).unwrap();
                format!("{} {op} {}", self.term(left), self.term(right))
            }
            Expr::IsNull(term) => format!("{} == null", self.term(term)),
            Expr::Among(term, items) => {
                let kind = self.kind(term);
                let items: Vec<String> = items.iter().map(|item| kind.literal(item)).collect();
                format!("{} in [{}]", self.term(term), items.join(", "))
            }
            Expr::Text(op, term, needle) => {
                let method = match op {
                    TextOp::Contains => "contains",
                    TextOp::StartsWith => "startsWith",
                    TextOp::EndsWith => "endsWith",
                };
                format!("{}.{method}('{}')", self.term(term), needle.text())
            }
            Expr::Holds(item, list) => format!("'{}' in {}", item.text(), self.term(list)),
            Expr::IsTrue(term) => self.term(term),
            Expr::Related(related) => {
                let place = self.place(&related.place);
                let field = self.world.field((related.place.model, related.field));
                let dot = if place.is_empty() { "" } else { "." };
                let method = if related.every { "all" } else { "exists" };
                let var = format!("x{}", self.n_bound);
                self.n_bound += 1;
                let body = self.expr(&related.body);
                self.n_bound -= 1;
                format!("{place}{dot}{}.{method}({var}, {body})", field.name)
            }
            Expr::Can(permission) => format!("auth.can('{permission}')"),
            Expr::Is(role) => format!("auth.is('{role}')"),
            Expr::Kind(kind) => format!("auth.kind == '{kind}'"),
            Expr::Verified => "auth.verified".to_owned(),
        }
    }

    fn joined(&mut self, parts: &[Expr], between: &str) -> String {
        let parts: Vec<String> = parts.iter().map(|part| self.expr(part)).collect();
        format!("({})", parts.join(between))
    }

    fn kind(&self, term: &Term) -> Kind {
        match term {
            Term::Literal(_, kind) => *kind,
            Term::Field(place, field) => self.world.kind((place.model, *field)).unwrap(),
            Term::Size(..) => Kind::Int,
            Term::AuthId => self.world.kind((0, 0)).unwrap(),
            Term::AuthUser(field) => self.world.kind((0, *field)).unwrap(),
            Term::Note => Kind::Text { caseless: false },
        }
    }

    fn term(&self, term: &Term) -> String {
        match term {
            Term::Literal(value, kind) => kind.literal(value),
            Term::Field(place, field) => self.member(place, *field),
            Term::Size(place, field) => format!("size({})", self.member(place, *field)),
            Term::AuthId => "auth.id".to_owned(),
            Term::AuthUser(field) => format!("auth.user.{}", self.world.field((0, *field)).name),
            Term::Note => "auth.claims.note".to_owned(),
        }
    }

    fn member(&self, place: &Place, field: usize) -> String {
        let name = &self.world.field((place.model, field)).name;
        let place = self.place(place);
        if place.is_empty() { name.clone() } else { format!("{place}.{name}") }
    }

    fn place(&self, place: &Place) -> String {
        let mut parts = match (place.root, self.wording) {
            (0, Wording::Rule) => vec!["row".to_owned()],
            (0, Wording::Filter) => Vec::new(),
            (root, _) => vec![format!("x{root}")],
        };
        let mut model = place.origin;
        for step in &place.steps {
            let field = self.world.field((model, *step));
            parts.push(field.name.clone());
            model = field.target().unwrap();
        }
        parts.join(".")
    }
}
