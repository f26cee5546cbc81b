//! The answers that a request must have, worked out row by row.

use serde_json::{Map, Value, json};

use super::drive::cut;
use super::judge::{Eyes, Judge, Mutant, compares, is_caseless, text};
use super::load::INCLUDED_MAX;
use super::request::{Condition, Request, Target, Test, Wanted, end_of};
use super::rule::{Expr, Op, Place, Term};
use super::value::Val;
use super::world::{At, Holds};

/// Rows on a page where the request does not say.
const PAGE_ROWS: usize = 20;

/// What comes of a request, before a list is cut into pages.
enum Outcome {
    Refused { status: u16, code: &'static str, allowed: Vec<String> },
    Item { row: Value, tag: Option<String> },
    List { rows: Vec<Value>, total: usize },
}

/// The answers to a request and to those that its cursors lead to: forward to the last page, and
/// back to the first. Cursors themselves are left open, but whether there is one is said.
///
/// Where a row of the first page comes with a list that was cut short, the rest of the first such
/// list is the last answer.
pub(super) fn answers(judge: &Judge<'_>, request: &Request) -> Vec<Value> {
    let mut all = pages_of(judge, request);
    if let Some((key, name)) = cut(&all[0]["body"]) {
        let model = request.target.model(judge.world);
        all.push(judge.rest(model, &key, &name));
    }
    all
}

fn pages_of(judge: &Judge<'_>, request: &Request) -> Vec<Value> {
    match judge.outcome(request) {
        Outcome::Refused { status, code, mut allowed } => {
            allowed.sort();
            vec![json!({ "status": status, "code": code, "allowed": allowed })]
        }
        Outcome::Item { row, tag } => {
            vec![json!({ "status": 200, "body": { "data": row }, "tag": tag })]
        }
        Outcome::List { rows, total } => pages(request, &rows, total),
    }
}

fn pages(request: &Request, rows: &[Value], total: usize) -> Vec<Value> {
    let limit = request.limit.unwrap_or(PAGE_ROWS);
    let page = |from: usize, to: usize| {
        let cut = &rows[from.min(rows.len())..to.min(rows.len())];
        let (more, before) = (to < rows.len(), from > 0 && !cut.is_empty());
        let mut meta = json!({
            "limit": limit, "nextCursor": more, "previousCursor": before, "hasMore": more,
        });
        if let Some(number) = request.page {
            meta["page"] = json!(number);
            meta["totalPages"] = json!(total.div_ceil(limit));
        }
        if request.count || request.page.is_some() {
            meta["total"] = json!(total);
        }
        json!({ "status": 200, "body": { "data": cut, "meta": meta } })
    };
    if let Some(number) = request.page {
        return vec![page((number - 1) * limit, number * limit)];
    }
    let last = rows.len().saturating_sub(1) / limit * limit;
    let forward = (0..=last).step_by(limit);
    let back = (0..last).step_by(limit).rev();
    forward.chain(back).map(|from| page(from, from + limit)).collect()
}

impl Judge<'_> {
    fn outcome(&self, request: &Request) -> Outcome {
        if let Some(refused) = self.refusal(request) {
            return refused;
        }
        let absent = Outcome::Refused { status: 404, code: "NOT_FOUND", allowed: Vec::new() };
        match request.target {
            Target::Item(model, key) => {
                let found = self.world.find(model, key).filter(|at| self.sees(*at));
                let Some(at) = found else { return absent };
                let version = self.world.models[model].version;
                let tag = version.filter(|_| request.wanted.relations.is_empty()).map(|field| {
                    let Val::Int(version) = self.world.row(at).cells[field] else {
                        return String::new();
                    };
                    format!("\"{version}\"")
                });
                Outcome::Item { row: self.row(at, &request.wanted, INCLUDED_MAX), tag }
            }
            Target::List(model) => {
                let all: Vec<At> = self.world.places(model).collect();
                let seen = all.iter().copied().filter(|at| self.sees(*at)).collect();
                self.list(request, seen, &all)
            }
            Target::Related(model, key, field) => {
                let found = self.world.find(model, key).filter(|at| {
                    (self.is(Mutant::ParentShown) || self.sees(*at)) && self.reads(*at, field)
                });
                let Some(at) = found else { return absent };
                self.list(request, self.related(at, field), &self.world.related(at, field))
            }
        }
    }

    /// What follows the rows of a list that came with their parent.
    fn rest(&self, model: usize, key: &str, name: &str) -> Value {
        let held = &self.world.models[model];
        let mut rows = self.world.places(model);
        let at = rows.find(|at| held.key.text(self.world.row(*at).key) == key).unwrap();
        let field = held.fields.iter().position(|field| field.name == name).unwrap();
        let related = self.related(at, field);
        let rest = related.iter().skip(INCLUDED_MAX);
        let rows: Vec<Value> =
            rest.map(|row| self.row(*row, &Wanted::default(), INCLUDED_MAX)).collect();
        let meta = json!({
            "limit": PAGE_ROWS, "nextCursor": false, "previousCursor": true, "hasMore": false,
        });
        json!({ "status": 200, "body": { "data": rows, "meta": meta } })
    }

    fn list(&self, request: &Request, mut seen: Vec<At>, all: &[At]) -> Outcome {
        let fits = |at: &At| {
            request
                .conditions
                .iter()
                .all(|condition| self.meets(Some(*at), (at.0, &condition.path), condition))
                && request
                    .filter
                    .as_ref()
                    .is_none_or(|filter| self.holds(filter, &[*at], Eyes::Actor))
        };
        seen.retain(fits);
        let total = if self.is(Mutant::CountedBefore) {
            all.iter().filter(|at| fits(at)).count()
        } else {
            seen.len()
        };
        self.sort(request, &mut seen);
        let rows = seen.iter().map(|at| self.row(*at, &request.wanted, INCLUDED_MAX)).collect();
        Outcome::List { rows, total }
    }

    fn sort(&self, request: &Request, rows: &mut [At]) {
        // The key decides last, in the direction of the term before it.
        let descends = request.sort.last().is_some_and(|(_, descends)| *descends);
        rows.sort_by(|one, other| {
            for (path, descends) in &request.sort {
                let caseless = is_caseless(self.world.field(end_of(self.world, one.0, path)));
                let values = [one, other].map(|at| self.sorted_value(*at, path));
                let order = values[0].order(&values[1], caseless);
                let order = if *descends { order.reverse() } else { order };
                if order.is_ne() {
                    return order;
                }
            }
            let order = self.world.row(*one).key.cmp(&self.world.row(*other).key);
            if descends { order.reverse() } else { order }
        });
    }

    fn sorted_value(&self, at: At, path: &[usize]) -> Val {
        let (last, steps) = path.split_last().expect("invariant: a path names a field");
        let end = steps.iter().try_fold(at, |at, step| self.follow(at, *step));
        let end = end.filter(|at| self.is(Mutant::FieldSorted) || self.reads(*at, *last));
        end.map_or(Val::Null, |at| self.world.row(at).cells[*last].clone())
    }

    /// Whether a condition holds of what a path leads to from a row, or from where none is.
    fn meets(&self, at: Option<At>, (model, path): (usize, &[usize]), asked: &Condition) -> bool {
        let (step, rest) = path.split_first().expect("invariant: a path names a field");
        let field = self.world.field((model, *step));
        if rest.is_empty() {
            let read = at.filter(|at| self.is(Mutant::FieldCompared) || self.reads(*at, *step));
            let value = read.map_or(Val::Null, |at| self.world.row(at).cells[*step].clone());
            return tests(asked, &value, is_caseless(field));
        }
        let target = field.target().expect("invariant: a path goes over relations");
        if matches!(field.holds, Holds::Reference(_)) {
            let next = at.and_then(|at| self.follow(at, *step));
            return self.meets(next, (target, rest), asked);
        }
        let rows = at.filter(|at| self.reads(*at, *step)).map(|at| self.related(at, *step));
        let mut rows = rows.into_iter().flatten();
        rows.any(|row| self.meets(Some(row), (target, rest), asked))
    }

    fn row(&self, at: At, wanted: &Wanted, rows_max: usize) -> Value {
        let mut row = Map::new();
        let mut next = Map::new();
        for (place, field) in self.world.models[at.0].fields.iter().enumerate() {
            let related = wanted.relations.iter().find(|(known, _)| *known == place);
            if let Some((_, inner)) = related {
                if self.is(Mutant::RelationShown) || self.reads(at, place) {
                    let (value, cut) = self.included(at, place, inner, rows_max);
                    row.insert(field.name.clone(), value);
                    if cut {
                        next.insert(field.name.clone(), json!(true));
                    }
                }
                continue;
            }
            let named = wanted.columns.as_ref().is_none_or(|columns| columns.contains(&place));
            let read = !field.hidden && (self.is(Mutant::FieldShown) || self.reads(at, place));
            if named && field.has_column() && read && self.knows(at.0, place) {
                let kind = self.world.kind((at.0, place)).unwrap();
                row.insert(field.name.clone(), kind.json(&self.world.row(at).cells[place]));
            }
        }
        if !next.is_empty() {
            row.insert("_next".to_owned(), Value::Object(next));
        }
        Value::Object(row)
    }

    /// What stands for a relation, and whether it was cut short.
    fn included(&self, at: At, field: usize, wanted: &Wanted, rows_max: usize) -> (Value, bool) {
        let held = self.world.field((at.0, field));
        if held.is_list() {
            let rows = self.related(at, field);
            let nested_max = (rows_max / 10).max(1);
            let shown = rows.iter().take(rows_max).map(|row| self.row(*row, wanted, nested_max));
            return (shown.collect(), rows.len() > rows_max);
        }
        let row = match held.holds {
            Holds::Reference(_) => {
                let row = self.world.related(at, field).pop();
                row.filter(|row| self.is(Mutant::IncludedRow) || self.sees(*row))
            }
            _ => self.related(at, field).first().copied(),
        };
        (row.map_or(Value::Null, |row| self.row(row, wanted, rows_max)), false)
    }
}

/// What a request is refused for, whatever the rows are.
impl Judge<'_> {
    fn refusal(&self, request: &Request) -> Option<Outcome> {
        let asked = match request.target {
            Target::List(model) | Target::Item(model, _) | Target::Related(model, ..) => model,
        };
        if !self.may_see(asked) {
            let (status, code) = match self.who.kind {
                "anonymous" => (401, "UNAUTHENTICATED"),
                _ => (403, "FORBIDDEN"),
            };
            return Some(Outcome::Refused { status, code, allowed: Vec::new() });
        }
        if let Target::Related(model, _, field) = request.target
            && !self.knows(model, field)
        {
            return Some(Outcome::Refused { status: 404, code: "NOT_FOUND", allowed: Vec::new() });
        }
        let model = request.target.model(self.world);
        let conditions = request.conditions.iter().map(|condition| &condition.path);
        let unknown = conditions
            .map(|path| self.unknown_in_path(model, path))
            .chain(request.filter.iter().map(|filter| self.unknown_in_filter(filter)))
            .chain(request.sort.iter().map(|(path, _)| self.unknown_in_path(model, path)))
            .chain([self.unknown_in_include(model, &request.wanted)])
            .chain([self.unknown_in_fields(model, &request.wanted)]);
        let allowed = unknown.flatten().next()?;
        Some(Outcome::Refused { status: 400, code: "UNKNOWN_FIELD", allowed })
    }

    /// The names that are told in place of one that does not exist.
    fn unknown(&self, model: usize, field: usize) -> Option<Vec<String>> {
        let fields = &self.world.models[model].fields;
        (!self.knows(model, field)).then(|| {
            let known = (0..fields.len()).filter(|field| self.knows(model, *field));
            known.map(|field| fields[field].name.clone()).collect()
        })
    }

    fn unknown_in_path(&self, model: usize, path: &[usize]) -> Option<Vec<String>> {
        let (step, rest) = path.split_first()?;
        if let Some(told) = self.unknown(model, *step) {
            return Some(told);
        }
        if rest.is_empty() {
            return None;
        }
        let target = self.world.field((model, *step)).target()?;
        if !self.may_see(target) {
            return Some(Vec::new());
        }
        self.unknown_in_path(target, rest)
    }

    fn unknown_in_include(&self, model: usize, wanted: &Wanted) -> Option<Vec<String>> {
        wanted.relations.iter().find_map(|(field, inner)| {
            let target = self.world.field((model, *field)).target()?;
            let hidden = || (!self.may_see(target)).then(Vec::new);
            let below = || self.unknown_in_include(target, inner);
            self.unknown(model, *field).or_else(hidden).or_else(below)
        })
    }

    fn unknown_in_fields(&self, model: usize, wanted: &Wanted) -> Option<Vec<String>> {
        let own = wanted.columns.iter().flatten().find_map(|field| self.unknown(model, *field));
        own.or_else(|| {
            wanted.relations.iter().find_map(|(field, inner)| {
                let target = self.world.field((model, *field)).target()?;
                self.unknown_in_fields(target, inner)
            })
        })
    }

    /// The answer for a filter tells no names.
    fn unknown_in_filter(&self, filter: &Expr) -> Option<Vec<String>> {
        let known = |place: &Place, field: usize| {
            let mut model = place.origin;
            place.steps.iter().all(|step| {
                let named = self.knows(model, *step);
                model = self.world.field((model, *step)).target().unwrap();
                named && self.may_see(model)
            }) && self.knows(place.model, field)
        };
        let known_term = |term: &Term| match term {
            Term::Field(place, field) | Term::Size(place, field) => known(place, *field),
            Term::Literal(..) | Term::AuthId | Term::AuthUser(_) | Term::Note => true,
        };
        let told = match filter {
            Expr::All(parts) | Expr::Any(parts) => {
                return parts.iter().find_map(|part| self.unknown_in_filter(part));
            }
            Expr::Not(inner) => return self.unknown_in_filter(inner),
            Expr::Related(related) => {
                if known(&related.place, related.field) {
                    return self.unknown_in_filter(&related.body);
                }
                false
            }
            Expr::Compare(_, left, right) => known_term(left) && known_term(right),
            Expr::IsNull(term)
            | Expr::Among(term, _)
            | Expr::Text(_, term, _)
            | Expr::Holds(_, term)
            | Expr::IsTrue(term) => known_term(term),
            Expr::Can(_) | Expr::Is(_) | Expr::Kind(_) | Expr::Verified => true,
        };
        (!told).then(Vec::new)
    }
}

fn tests(asked: &Condition, value: &Val, caseless: bool) -> bool {
    let first = &asked.values[0];
    let among = || asked.values.iter().any(|item| compares(Op::Eq, value, item, caseless));
    match asked.test {
        Test::Compare(op) => compares(op, value, first, caseless),
        Test::In => among(),
        Test::NotIn => !among(),
        Test::Text(op) => text(op, value, first, caseless),
        Test::Holds => {
            matches!(value, Val::Texts(items) if items.iter().any(|item| item == first.text()))
        }
        Test::IsNull => Val::Bool(value.is_null()) == *first,
    }
}
