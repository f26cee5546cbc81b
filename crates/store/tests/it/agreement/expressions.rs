//! Random expressions of the rule language, well typed, about rows of one model.

use underpin_schema::{Field, FieldKind, ModelId, Scalar, Schema};

use super::chance::Chance;
use super::values::Kind;

/// Whether an expression is a rule, or a filter whose fields stand bare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wording {
    Rule,
    Filter,
}

/// Writes conditions.
pub(super) struct Writer<'a> {
    schema: &'a Schema,
    wording: Wording,
    pub(super) chance: &'a mut Chance,
    /// The rows that can be spoken of: their name, model and the relations followed so far.
    scope: Vec<(String, ModelId, usize)>,
}

/// A value that an expression can name.
#[derive(Debug, Clone)]
struct Named {
    text: String,
    kind: Kind,
    /// A field that holds a list of such values.
    list: bool,
}

/// Relations on the longest path.
const RELATIONS_MAX: usize = 4;

/// Times that `request.time` is moved by; one of them leaves the calendar.
const DURATIONS: [&str; 4] = ["1h", "30m", "1ms", "87000000h"];

impl<'a> Writer<'a> {
    pub(super) fn new(
        schema: &'a Schema,
        model: ModelId,
        wording: Wording,
        chance: &'a mut Chance,
    ) -> Self {
        Self { schema, wording, chance, scope: vec![("row".to_owned(), model, 0)] }
    }

    /// A condition of a few parts.
    pub(super) fn condition(&mut self) -> String {
        let depth = 1 + self.chance.below(3);
        self.tree(depth)
    }

    fn tree(&mut self, depth: usize) -> String {
        match self.chance.below(if depth == 0 { 1 } else { 6 }) {
            1 | 2 => format!("({} && {})", self.tree(depth - 1), self.tree(depth - 1)),
            3 | 4 => format!("({} || {})", self.tree(depth - 1), self.tree(depth - 1)),
            5 => format!("!({})", self.tree(depth - 1)),
            _ => self.leaf(depth),
        }
    }

    fn leaf(&mut self, depth: usize) -> String {
        // Not every kind of leaf fits every row; the fallback fits all.
        for _ in 0..8 {
            let leaf = match self.chance.below(12) {
                0..=2 => self.against_literal(),
                3 => self.against_field(),
                4 => self.null_test(),
                5 => self.in_list(),
                6 => self.in_field(),
                7 => self.text(),
                8 => self.size(),
                9 => self.time(),
                10 => self.quantified(depth),
                _ => self.about_actor(),
            };
            if let Some(leaf) = leaf {
                return leaf;
            }
        }
        self.null_test().expect("every row has a key")
    }

    fn against_literal(&mut self) -> Option<String> {
        let named = self.scalar(|kind| !kind.is_json())?;
        if named.kind == Kind::Scalar(Scalar::Boolean) && self.chance.once_in(2) {
            return Some(named.text);
        }
        let op = self.operator(named.kind);
        let literal = named.kind.literal(self.schema, self.chance);
        Some(if self.chance.once_in(4) {
            format!("{literal} {} {}", op, named.text)
        } else {
            format!("{} {op} {literal}", named.text)
        })
    }

    fn against_field(&mut self) -> Option<String> {
        let left = self.scalar(|kind| !kind.is_json())?;
        let right = self.scalar(|kind| kind == left.kind)?;
        Some(format!("{} {} {}", left.text, self.operator(left.kind), right.text))
    }

    fn null_test(&mut self) -> Option<String> {
        let named = self.named(|_| true)?;
        Some(match self.chance.below(3) {
            0 => format!("{} == null", named.text),
            1 => format!("{} != null", named.text),
            _ => format!("has({})", named.text),
        })
    }

    fn in_list(&mut self) -> Option<String> {
        let named = self.scalar(|kind| !kind.is_json())?;
        let mut items: Vec<String> = (0..self.chance.below(4))
            .map(|_| named.kind.literal(self.schema, self.chance))
            .collect();
        if self.chance.once_in(3) {
            items.push("null".to_owned());
        }
        if self.chance.once_in(3)
            && let Some(other) = self.scalar(|kind| kind == named.kind)
        {
            items.push(other.text);
        }
        Some(format!("{} in [{}]", named.text, items.join(", ")))
    }

    fn in_field(&mut self) -> Option<String> {
        let list = self.list()?;
        let alike = list.kind.is_text()
            || matches!(
                list.kind,
                Kind::Enum(_) | Kind::Scalar(Scalar::Int | Scalar::Float | Scalar::DateTime)
            );
        let item = if !alike || self.chance.once_in(2) {
            list.kind.literal(self.schema, self.chance)
        } else {
            self.scalar(|kind| kind == list.kind)?.text
        };
        Some(format!("{item} in {}", list.text))
    }

    fn text(&mut self) -> Option<String> {
        let subject = self.scalar(Kind::is_text)?;
        let method = *self.chance.pick(&["contains", "startsWith", "endsWith"]);
        let needle = if self.chance.once_in(4) {
            self.scalar(Kind::is_text)?.text
        } else {
            Kind::Scalar(Scalar::String).literal(self.schema, self.chance)
        };
        Some(format!("{}.{method}({needle})", subject.text))
    }

    fn size(&mut self) -> Option<String> {
        let named = if self.chance.once_in(3) { self.list()? } else { self.scalar(Kind::is_text)? };
        let (op, n) = (self.operator(Kind::Scalar(Scalar::Int)), self.chance.below(4));
        Some(format!("size({}) {op} {n}", named.text))
    }

    fn time(&mut self) -> Option<String> {
        let is_time = |kind| kind == Kind::Scalar(Scalar::DateTime);
        let moved = |text: String, chance: &mut Chance| {
            let (sign, by) = (*chance.pick(&["+", "-"]), *chance.pick(&DURATIONS));
            format!("{text} {sign} duration('{by}')")
        };
        let left = self.scalar(is_time)?.text;
        let left = if self.chance.once_in(2) { moved(left, self.chance) } else { left };
        let right = "request.time".to_owned();
        let right = if self.chance.once_in(2) { moved(right, self.chance) } else { right };
        Some(format!("{left} {} {right}", self.operator(Kind::Scalar(Scalar::DateTime))))
    }

    fn quantified(&mut self, depth: usize) -> Option<String> {
        let (place, model, n_relations) = self.place();
        if n_relations >= RELATIONS_MAX || self.scope.len() > 3 {
            return None;
        }
        let relations: Vec<(&Field, ModelId)> = self
            .schema
            .model(model)
            .fields
            .iter()
            .filter_map(|field| match &field.kind {
                FieldKind::ToMany(to_many) => Some((field, to_many.target)),
                FieldKind::ManyToMany(join) => Some((field, join.target)),
                _ => None,
            })
            .collect();
        if relations.is_empty() {
            return None;
        }
        let (field, target) = *self.chance.pick(&relations);
        let name = format!("x{}", self.scope.len());
        self.scope.push((name.clone(), target, n_relations + 1));
        let body = self.tree(depth.saturating_sub(1));
        self.scope.pop();
        let method = *self.chance.pick(&["exists", "all"]);
        Some(format!("{}.{method}({name}, {body})", self.member(&place, &field.name)))
    }

    fn about_actor(&mut self) -> Option<String> {
        if self.wording == Wording::Filter {
            return None;
        }
        let account = self.schema.account_model().expect("every world has accounts");
        let same_key = Kind::key_of(self.schema, account.id);
        Some(match self.chance.below(9) {
            0..=2 => {
                let named = self.scalar(|kind| kind == same_key)?;
                format!("{} {} auth.id", named.text, self.chance.pick(&["==", "!="]))
            }
            3 => {
                let columns: Vec<&Field> =
                    account.fields.iter().filter(|field| field.has_column()).collect();
                let field = *self.chance.pick(&columns);
                let list = matches!(field.kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_));
                let kind = Kind::of(self.schema, account.id, field)
                    .filter(|kind| !list && !kind.is_json())?;
                let named = self.scalar(|other| other == kind)?;
                format!("auth.user.{} {} {}", field.name, self.operator(kind), named.text)
            }
            4 => {
                let kind = *self.chance.pick(&["anonymous", "user", "key"]);
                format!("auth.kind == '{kind}'")
            }
            5 => (*self.chance.pick(&["auth.verified", "auth.id == null"])).to_owned(),
            6 => {
                let asked = *self.chance.pick(&["alphas:read", "alphas:count", "things:count"]);
                format!("auth.can('{asked}')")
            }
            7 => (*self.chance.pick(&["auth.is('staff')", "'clerk' in auth.roles"])).to_owned(),
            _ => {
                let named = self.scalar(|kind| kind == Kind::Scalar(Scalar::String))?;
                format!("{} == auth.claims.note", named.text)
            }
        })
    }

    fn operator(&mut self, kind: Kind) -> &'static str {
        let n_operators = if kind.is_ordered() { 6 } else { 2 };
        ["==", "!=", "<", "<=", ">", ">="][self.chance.below(n_operators)]
    }

    /// A field with one value of a kind that fits.
    fn scalar(&mut self, fits: impl Fn(Kind) -> bool) -> Option<Named> {
        self.named(|named| !named.list && fits(named.kind))
    }

    fn list(&mut self) -> Option<Named> {
        self.named(|named| named.list)
    }

    fn named(&mut self, fits: impl Fn(&Named) -> bool) -> Option<Named> {
        for _ in 0..4 {
            let (place, model, _) = self.place();
            let fields: Vec<Named> = self
                .schema
                .model(model)
                .fields
                .iter()
                .filter_map(|field| {
                    let kind = Kind::of(self.schema, model, field)?;
                    let list =
                        matches!(field.kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_));
                    Some(Named { text: self.member(&place, &field.name), kind, list })
                })
                .filter(|named| fits(named))
                .collect();
            if !fields.is_empty() {
                return Some(self.chance.pick(&fields).clone());
            }
        }
        None
    }

    /// A row in scope, or one that a few to-one relations lead to from there.
    fn place(&mut self) -> (String, ModelId, usize) {
        let scope = self.scope.clone();
        let (mut text, mut model, mut n_relations) = self.chance.pick(&scope).clone();
        while n_relations < RELATIONS_MAX && self.chance.once_in(3) {
            let steps: Vec<(&Field, ModelId)> = self
                .schema
                .model(model)
                .fields
                .iter()
                .filter_map(|field| match &field.kind {
                    FieldKind::ToOne(to_one) => Some((field, to_one.target)),
                    _ => None,
                })
                .collect();
            if steps.is_empty() {
                break;
            }
            let (field, target) = *self.chance.pick(&steps);
            text = self.member(&text, &field.name);
            (model, n_relations) = (target, n_relations + 1);
        }
        (text, model, n_relations)
    }

    /// `row.name`, or `name` where fields stand bare.
    fn member(&self, place: &str, name: &str) -> String {
        match (self.wording, place) {
            (Wording::Filter, "row") => name.to_owned(),
            _ => format!("{place}.{name}"),
        }
    }
}
