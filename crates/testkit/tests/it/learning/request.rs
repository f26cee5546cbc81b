//! Random requests for rows, and how they stand in a URL.

use underpin_testkit::{Client, Request as Sent};

use super::chance::Chance;
use super::judge::Judge;
use super::rule::{Expr, Op, Text, TextOp, Wording, Writer};
use super::value::{Kind, Val};
use super::world::{Field, Holds, World};

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) target: Target,
    pub(super) wanted: Wanted,
    pub(super) conditions: Vec<Condition>,
    pub(super) filter: Option<Expr>,
    /// Paths, and whether they descend.
    pub(super) sort: Vec<(Vec<usize>, bool)>,
    pub(super) limit: Option<usize>,
    pub(super) page: Option<usize>,
    pub(super) count: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    List(usize),
    /// A model and a key.
    Item(usize, usize),
    /// A model, a key and a relation.
    Related(usize, usize, usize),
}

/// What is wanted of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The columns of `fields`; all where it names none.
    pub(super) columns: Option<Vec<usize>>,
    pub(super) relations: Vec<(usize, Wanted)>,
}

/// `to0.f1[gte]=2`
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) path: Vec<usize>,
    pub(super) test: Test,
    pub(super) values: Vec<Val>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Test {
    Compare(Op),
    In,
    NotIn,
    Text(TextOp),
    Holds,
    IsNull,
}

impl Request {
    pub(super) fn make(judge: &Judge<'_>, chance: &mut Chance) -> Self {
        let world = judge.world;
        let models: Vec<usize> = (0..world.models.len()).collect();
        let seen = models.iter().copied().filter(|model| judge.may_see(*model));
        let model = if chance.once_in(20) { None } else { chance.pick_of(seen) };
        let model = model.unwrap_or_else(|| *chance.pick(&models));
        let key = 1 + chance.below(world.rows[model].len() + 1);
        let lists = names(judge, model, chance, |field| field.is_list() && !field.hidden);
        let target = match (chance.below(6), chance.pick_of(lists)) {
            (0, _) => Target::Item(model, key),
            (1 | 2, Some(field)) => Target::Related(model, key, field),
            _ => Target::List(model),
        };
        let model = target.model(world);
        let wanted = Wanted::make(judge, model, 0, chance);
        let mut request = Self {
            target,
            wanted,
            conditions: Vec::new(),
            filter: None,
            sort: Vec::new(),
            limit: None,
            page: None,
            count: false,
        };
        if !matches!(target, Target::Item(..)) {
            request.add_list(judge, model, chance);
        }
        request
    }

    fn add_list(&mut self, judge: &Judge<'_>, model: usize, chance: &mut Chance) {
        for _ in 0..chance.below(4).saturating_sub(1) {
            let Some(condition) = Condition::make(judge, model, chance) else { continue };
            let same =
                |other: &Condition| (&other.path, other.test) == (&condition.path, condition.test);
            if !self.conditions.iter().any(same) {
                self.conditions.push(condition);
            }
        }
        if chance.once_in(4) {
            let writer = Writer::new(judge.world, model, Wording::Filter, chance);
            let mut writer = writer.preferring(|model, field| judge.knows(model, field));
            self.filter = Some(writer.condition());
        }
        for _ in 0..chance.below(3) {
            let Some(path) = path(judge, model, chance, Leads::ToOneRow) else { continue };
            if !self.sort.iter().any(|(known, _)| *known == path) {
                self.sort.push((path, chance.once_in(2)));
            }
        }
        self.limit = (!chance.once_in(3)).then(|| 1 + chance.below(3));
        self.page = chance.once_in(5).then(|| 1 + chance.below(3));
        self.count = chance.once_in(4);
    }

    /// The request as `client` sends it, where `cursor` leads.
    pub(super) fn sent(&self, world: &World, client: &Client, cursor: Option<&str>) -> Sent {
        let mut sent = client.get(&self.path(world)).header("X-Request-Id", "learning");
        for (name, value) in self.parameters(world) {
            sent = sent.query(&name, &value);
        }
        match cursor {
            Some(cursor) => sent.query("cursor", cursor),
            None => sent,
        }
    }

    fn path(&self, world: &World) -> String {
        let plural = |model: usize| format!("/api/v1/{}", world.models[model].plural);
        let item =
            |model: usize, key| format!("{}/{}", plural(model), world.models[model].key.text(key));
        match self.target {
            Target::List(model) => plural(model),
            Target::Item(model, key) => item(model, key),
            Target::Related(model, key, field) => {
                format!("{}/{}", item(model, key), world.field((model, field)).name)
            }
        }
    }

    fn parameters(&self, world: &World) -> Vec<(String, String)> {
        let model = self.target.model(world);
        let mut all = Vec::new();
        let mut add = |name: &str, value: Option<String>| {
            all.extend(value.map(|value| (name.to_owned(), value)));
        };
        for condition in &self.conditions {
            let (name, value) = condition.parameter(world, model);
            add(&name, Some(value));
        }
        let filter = self.filter.as_ref();
        add("filter", filter.map(|filter| Text::of(world, Wording::Filter, filter)));
        let sort = self.sort.iter().map(|(path, descends)| {
            format!("{}{}", if *descends { "-" } else { "" }, dotted(world, model, path))
        });
        add("sort", joined(&sort.collect::<Vec<_>>()));
        add("include", joined(&self.wanted.includes(world, model, "")));
        add("fields", joined(&self.wanted.fields(world, model, "")));
        add("limit", self.limit.map(|limit| limit.to_string()));
        add("page", self.page.map(|page| page.to_string()));
        add("count", self.count.then(|| "exact".to_owned()));
        all
    }

    /// The request as a person reads it.
    pub(super) fn describe(&self, world: &World) -> String {
        let parameters = self.parameters(world).into_iter();
        let lines: Vec<String> =
            parameters.map(|(name, value)| format!("\n  ? {name} = {value}")).collect();
        format!("GET {}{}", self.path(world), lines.concat())
    }

    /// Requests with one part less.
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut all = vec![
            Self { filter: None, ..self.clone() },
            Self { sort: Vec::new(), ..self.clone() },
            Self { wanted: Wanted::default(), ..self.clone() },
            Self { page: None, ..self.clone() },
            Self { limit: None, ..self.clone() },
            Self { count: false, ..self.clone() },
        ];
        for at in 0..self.conditions.len() {
            let mut less = self.clone();
            less.conditions.remove(at);
            all.push(less);
        }
        if let Some(Expr::All(parts) | Expr::Any(parts)) = &self.filter {
            all.extend(
                parts.iter().map(|part| Self { filter: Some(part.clone()), ..self.clone() }),
            );
        }
        if let Some(Expr::Not(inner)) = &self.filter {
            all.push(Self { filter: Some((**inner).clone()), ..self.clone() });
        }
        all
    }
}

impl Target {
    /// The model of the rows.
    pub(super) fn model(self, world: &World) -> usize {
        match self {
            Self::List(model) | Self::Item(model, _) => model,
            Self::Related(model, _, field) => world.field((model, field)).target().unwrap(),
        }
    }
}

impl Wanted {
    fn make(judge: &Judge<'_>, model: usize, depth: usize, chance: &mut Chance) -> Self {
        let mut wanted = Self::default();
        let n_relations = if depth < 3 { chance.below(3 - depth) } else { 0 };
        for _ in 0..n_relations {
            let fields = names(judge, model, chance, |field| field.target().is_some());
            let Some(field) = chance.pick_of(fields) else { break };
            if !wanted.relations.iter().any(|(known, _)| *known == field) {
                let target = judge.world.field((model, field)).target().unwrap();
                wanted.relations.push((field, Self::make(judge, target, depth + 1, chance)));
            }
        }
        if chance.once_in(3) {
            let mut columns = names(judge, model, chance, Field::has_column);
            columns.retain(|field| {
                !wanted.relations.iter().any(|(known, _)| known == field) && chance.once_in(2)
            });
            wanted.columns = Some(columns);
        }
        // A path of `fields` selects on every level that it passes.
        let below = wanted.relations.iter().any(|(_, inner)| inner.columns.is_some());
        match (&wanted.columns, below) {
            (None, true) => wanted.columns = Some(Vec::new()),
            (Some(columns), false) if columns.is_empty() => wanted.columns = None,
            _ => {}
        }
        wanted
    }

    fn includes(&self, world: &World, model: usize, before: &str) -> Vec<String> {
        let mut all = Vec::new();
        for (field, inner) in &self.relations {
            let field = world.field((model, *field));
            let path = format!("{before}{}", field.name);
            let within = inner.includes(world, field.target().unwrap(), &format!("{path}."));
            all.push(path);
            all.extend(within);
        }
        all
    }

    fn fields(&self, world: &World, model: usize, before: &str) -> Vec<String> {
        let name = |field: &usize| format!("{before}{}", world.field((model, *field)).name);
        let mut all: Vec<String> = self.columns.iter().flatten().map(name).collect();
        for (field, inner) in &self.relations {
            let before = format!("{}.", name(field));
            let target = world.field((model, *field)).target().unwrap();
            all.extend(inner.fields(world, target, &before));
        }
        all
    }
}

impl Condition {
    fn make(judge: &Judge<'_>, model: usize, chance: &mut Chance) -> Option<Self> {
        let path = path(judge, model, chance, Leads::Anywhere)?;
        let at = end_of(judge.world, model, &path);
        let kind = judge.world.kind(at)?;
        let tests = tests(judge.world.field(at).holds, kind);
        let test = *chance.pick(&tests);
        let values = match test {
            Test::IsNull => vec![Val::Bool(chance.once_in(2))],
            Test::In | Test::NotIn => {
                (0..1 + chance.below(3)).map(|_| kind.value(chance)).collect()
            }
            Test::Compare(_) | Test::Text(_) | Test::Holds => vec![kind.value(chance)],
        };
        Some(Self { path, test, values })
    }

    fn parameter(&self, world: &World, model: usize) -> (String, String) {
        let name = dotted(world, model, &self.path);
        let operator = match self.test {
            Test::Compare(Op::Eq) => return (name, self.value_text(world, model)),
            Test::Compare(Op::Ne) => "ne",
            Test::Compare(Op::Lt) => "lt",
            Test::Compare(Op::Le) => "lte",
            Test::Compare(Op::Gt) => "gt",
            Test::Compare(Op::Ge) => "gte",
            Test::In => "in",
            Test::NotIn => "nin",
            Test::Text(TextOp::Contains) | Test::Holds => "contains",
            Test::Text(TextOp::StartsWith) => "startsWith",
            Test::Text(TextOp::EndsWith) => "endsWith",
            Test::IsNull => "isNull",
        };
        (format!("{name}[{operator}]"), self.value_text(world, model))
    }

    fn value_text(&self, world: &World, model: usize) -> String {
        let kind = if self.test == Test::IsNull {
            Kind::Bool
        } else {
            world.kind(end_of(world, model, &self.path)).unwrap()
        };
        let values: Vec<String> = self.values.iter().map(|value| kind.plain(value)).collect();
        values.join(",")
    }
}

fn tests(holds: Holds, kind: Kind) -> Vec<Test> {
    let compare = |ops: &[Op]| ops.iter().map(|op| Test::Compare(*op)).collect::<Vec<_>>();
    let mut tests = vec![Test::IsNull];
    if holds == Holds::Texts {
        tests.push(Test::Holds);
        return tests;
    }
    tests.extend(compare(&[Op::Eq, Op::Ne]));
    tests.extend([Test::In, Test::NotIn]);
    if kind.is_ordered() {
        tests.extend(compare(&[Op::Lt, Op::Le, Op::Gt, Op::Ge]));
    }
    if kind.is_text() {
        let ops = [TextOp::Contains, TextOp::StartsWith, TextOp::EndsWith];
        tests.extend(ops.map(Test::Text));
    }
    tests
}

/// Where a path leads.
#[derive(Clone, Copy, PartialEq)]
enum Leads {
    /// Over references alone, to a value that has an order.
    ToOneRow,
    /// Over any relations.
    Anywhere,
}

fn path(
    judge: &Judge<'_>,
    mut model: usize,
    chance: &mut Chance,
    leads: Leads,
) -> Option<Vec<usize>> {
    let mut path = Vec::new();
    while path.len() < 3 && chance.once_in(3) {
        let steps = names(judge, model, chance, |field| match field.holds {
            Holds::Reference(_) => true,
            Holds::Inverse { .. } | Holds::Pairs { .. } => leads == Leads::Anywhere,
            Holds::One(_) | Holds::Texts => false,
        });
        let Some(step) = chance.pick_of(steps) else { break };
        path.push(step);
        model = judge.world.field((model, step)).target().unwrap();
    }
    let ends = names(judge, model, chance, |field| {
        field.has_column() && (leads == Leads::Anywhere || field.holds != Holds::Texts)
    });
    path.push(chance.pick_of(ends)?);
    Some(path)
}

/// Fields that fit: those that exist for the actor, most of the time.
fn names(
    judge: &Judge<'_>,
    model: usize,
    chance: &mut Chance,
    fits: impl Fn(&Field) -> bool,
) -> Vec<usize> {
    let strays = chance.once_in(25);
    let fields = &judge.world.models[model].fields;
    (0..fields.len())
        .filter(|field| fits(&fields[*field]) && (strays || judge.knows(model, *field)))
        .collect()
}

/// The model and field at the end of a path.
pub(super) fn end_of(world: &World, model: usize, path: &[usize]) -> (usize, usize) {
    let (last, steps) = path.split_last().expect("invariant: a path names a field");
    let to = |model, step: &usize| world.field((model, *step)).target().unwrap();
    (steps.iter().fold(model, to), *last)
}

fn dotted(world: &World, mut model: usize, path: &[usize]) -> String {
    let mut names = Vec::new();
    for step in path {
        let field = world.field((model, *step));
        names.push(field.name.as_str());
        model = field.target().unwrap_or(model);
    }
    names.join(".")
}

fn joined(parts: &[String]) -> Option<String> {
    (!parts.is_empty()).then(|| parts.join(","))
}
