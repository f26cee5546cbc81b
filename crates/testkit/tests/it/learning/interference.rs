//! What an actor may not see changes nothing of what it is told, to the byte.
//!
//! Rows and fields that an actor does not see are changed behind the server's back: values, rows
//! added and removed, pairs. Every answer it had before must come again with the same bytes:
//! totals, cursors, tags, refusals. Here no judge says what the answers are; it says only what the
//! actor sees.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::answer::answers;
use super::chance::Chance;
use super::drive::told;
use super::judge::{Judge, Mutant};
use super::load::{self, Served};
use super::request::Request;
use super::value::Val;
use super::who::{self, Who};
use super::world::{At, Holds, Row, World};
use super::{describe_rows, n_worlds};

/// Requests made for each actor, each tried on one mutant.
const TRIED: usize = 250;

/// Requests of each actor that are asked, besides those by which a mutant would have told
/// something.
const REQUESTS: usize = 4;

/// Changes tried for each actor; those that it could see are taken back.
const CHANGES: usize = 60;

/// Guards whose lack cannot tell anything of the rows: what they hold back is never a row's.
const HARMLESS: [Mutant; 4] =
    [Mutant::NameKnown, Mutant::StarForgotten, Mutant::InheritanceForgotten, Mutant::AllOfNothing];

#[derive(Debug, Default)]
struct Tally {
    n_requests: usize,
    n_changes: usize,
    caught: BTreeSet<Mutant>,
}

#[test]
fn what_an_actor_may_not_see_changes_no_byte_of_what_it_is_told() {
    let mut tally = Tally::default();
    for seed in 0..n_worlds() {
        compare_world(u64::try_from(seed).unwrap() + 1_000_000, &mut tally);
    }
    assert!(tally.n_requests >= 500, "{tally:?}");
    assert!(tally.n_changes >= 500, "{tally:?}");
    let leaks = Mutant::ALL.iter().filter(|mutant| !HARMLESS.contains(mutant));
    let missed: Vec<_> = leaks.filter(|mutant| !tally.caught.contains(mutant)).collect();
    assert!(missed.is_empty(), "these mutants tell nothing of what is hidden: {missed:?}");
}

fn compare_world(seed: u64, tally: &mut Tally) {
    let mut chance = Chance::new(seed);
    let world = World::make(&mut chance);
    let actors = who::all(&world, &mut chance);
    let served = Served::start(&world, &actors);
    for who in &actors {
        let (changed, n_changes) = change_unseen(&world, who, &mut chance);
        if n_changes == 0 {
            continue;
        }
        tally.n_changes += n_changes;
        let pair = Pair { seed, world: &world, changed: &changed, who };
        let requests = pair.requests(&mut chance, &mut tally.caught);
        tally.n_requests += requests.len();
        pair.ask(&served, &requests);
    }
}

/// Two worlds between which an actor must find no difference.
struct Pair<'a> {
    seed: u64,
    world: &'a World,
    changed: &'a World,
    who: &'a Who,
}

impl Pair<'_> {
    /// Requests, those first that would tell the worlds apart if one guard were left out.
    fn requests(&self, chance: &mut Chance, caught: &mut BTreeSet<Mutant>) -> Vec<Request> {
        let judge = Judge { world: self.world, who: self.who, mutant: None, unscoped: false };
        let leaks: Vec<Mutant> =
            Mutant::ALL.into_iter().filter(|mutant| !HARMLESS.contains(mutant)).collect();
        let (mut telling, mut others) = (Vec::new(), Vec::new());
        for _ in 0..TRIED {
            let request = Request::make(&judge, chance);
            let missed = leaks.iter().copied().filter(|mutant| !caught.contains(mutant));
            let missed = chance.pick_of(missed).filter(|_| chance.once_in(2));
            let mutant = missed.unwrap_or_else(|| *chance.pick(&leaks));
            let [one, other] = [self.world, self.changed]
                .map(|world| answers(&Judge { world, mutant: Some(mutant), ..judge }, &request));
            if one == other {
                others.push(request);
            } else {
                caught.insert(mutant);
                telling.push(request);
            }
        }
        others.truncate(REQUESTS);
        telling.truncate(4 * REQUESTS);
        telling.extend(others);
        telling
    }

    fn ask(&self, served: &Served, requests: &[Request]) {
        let judge = Judge { world: self.world, who: self.who, mutant: None, unscoped: false };
        let ask = |world: &World| -> Vec<Vec<String>> {
            served.load(world);
            requests.iter().map(|request| told(served, &judge, request).exact).collect()
        };
        let (before, after) = (ask(self.world), ask(self.changed));
        for ((request, before), after) in requests.iter().zip(before).zip(after) {
            assert!(
                before == after,
                "seed {}: as {:?}\n{}\nbefore {before:#?}\nafter {after:#?}\n{}\n{}\nchanged to\n{}",
                self.seed,
                self.who,
                request.describe(self.world),
                load::source(self.world),
                describe_rows(self.world),
                describe_rows(self.changed),
            );
        }
    }
}

/// The world with other rows where the actor does not see it, and how many changes that took.
fn change_unseen(world: &World, who: &Who, chance: &mut Chance) -> (World, usize) {
    let seen = |world: &World| sight(&Judge { world, who, mutant: None, unscoped: false });
    let wanted = seen(world);
    let mut changed = world.clone();
    let mut n_changes = 0;
    for _ in 0..CHANGES {
        let mut next = changed.clone();
        change(&mut next, chance);
        let differs = next.rows != changed.rows || next.pairs != changed.pairs;
        if differs && seen(&next) == wanted {
            changed = next;
            n_changes += 1;
        }
    }
    (changed, n_changes)
}

/// Everything that an actor sees: rows, their fields, which relations it reads, and the pairs of
/// both sides. Rows on the other side of a reference are told by the reference.
fn sight(judge: &Judge<'_>) -> String {
    let mut text = String::new();
    let world = judge.world;
    let rows = (0..world.models.len()).flat_map(|model| world.places(model));
    for at in rows.filter(|at| judge.sees(*at)) {
        write!(text, "\n{} {}", world.models[at.0].name, world.row(at).key).unwrap();
        for (place, field) in world.models[at.0].fields.iter().enumerate() {
            if !judge.reads(at, place) {
                continue;
            }
            if field.has_column() {
                write!(text, " {}={:?}", field.name, world.row(at).cells[place]).unwrap();
                continue;
            }
            write!(text, " {}", field.name).unwrap();
            if matches!(field.holds, Holds::Pairs { .. }) {
                let keys = judge.related(at, place).into_iter().map(|row| world.row(row).key);
                write!(text, "={:?}", keys.collect::<Vec<_>>()).unwrap();
            }
        }
    }
    text
}

fn change(world: &mut World, chance: &mut Chance) {
    let model = chance.below(world.models.len());
    match chance.below(8) {
        0 => add_row(world, model, chance),
        1 => remove_row(world, model, chance),
        2 => {
            if !world.pairs.is_empty() {
                let pair = chance.pick_of(world.possible_pairs(0)).unwrap();
                match world.pairs[0].iter().position(|known| *known == pair) {
                    Some(at) => drop(world.pairs[0].remove(at)),
                    None => world.pairs[0].push(pair),
                }
            }
        }
        _ => {
            let row = chance.below(world.rows[model].len());
            let field = 1 + chance.below(world.models[model].fields.len() - 1);
            let cell = world.new_cell((model, row), field, chance);
            world.rows[model][row].cells[field] = cell;
        }
    }
}

fn add_row(world: &mut World, model: usize, chance: &mut Chance) {
    let last = world.rows[model].iter().map(|row| row.key).max().unwrap_or(0);
    let cells = vec![Val::Null; world.models[model].fields.len()];
    world.rows[model].push(Row { key: last + 1, cells });
    let at: At = (model, world.rows[model].len() - 1);
    for field in 0..world.models[model].fields.len() {
        let cell = world.new_cell(at, field, chance);
        world.rows[model][at.1].cells[field] = cell;
    }
}

/// Removes a row that no other one refers to.
fn remove_row(world: &mut World, model: usize, chance: &mut Chance) {
    if world.rows[model].len() < 2 {
        return;
    }
    let row = chance.below(world.rows[model].len());
    let key = world.rows[model][row].key;
    let referred = world.models.iter().zip(&world.rows).any(|(other, rows)| {
        other.fields.iter().enumerate().any(|(place, field)| {
            field.holds == Holds::Reference(model)
                && rows.iter().any(|row| row.cells[place] == Val::Key(key))
        })
    });
    if referred {
        return;
    }
    world.rows[model].remove(row);
    for table in 0..world.pairs.len() {
        let [one, other] = world.pair_models(table);
        world.pairs[table].retain(|(first, second)| {
            (one, *first) != (model, key) && (other, *second) != (model, key)
        });
    }
}
