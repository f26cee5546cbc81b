//! What an actor learns is what the rules let it, and nothing else.
//!
//! Worlds are made at random: a schema with rules, rows, actors and requests of every kind that
//! REST has. A naive judge, which shares no code with the product, works out each answer row by
//! row: rows and their order, fields, totals, pages, refusals. The server must give the same.
//!
//! Everything follows from a seed, which a failure prints. `UNDERPIN_TEST_CASES` sets the number of
//! worlds.

use std::collections::BTreeSet;

use self::answer::answers;
use self::chance::Chance;
use self::drive::{Told, told};
use self::judge::{Judge, Mutant};
use self::load::Served;
use self::request::Request;
use self::world::World;

mod answer;
mod chance;
mod drive;
mod interference;
mod judge;
mod load;
mod names;
mod request;
mod roles;
mod rule;
mod value;
mod who;
mod world;

/// Worlds of a run.
const WORLDS: usize = 30;

/// Requests of each actor in each world.
const REQUESTS: usize = 12;

/// Requests among which one is sought that tells a mutant.
const HUNTED: usize = 60;

/// What a run has seen, so that it cannot pass by seeing nothing.
#[derive(Debug, Default)]
struct Tally {
    n_requests: usize,
    n_pages: usize,
    n_refused: usize,
    n_rows: usize,
    /// Answers in which a list of related rows was cut short, and read on.
    n_cut: usize,
    caught: BTreeSet<Mutant>,
}

#[test]
fn every_answer_is_the_one_that_a_naive_reading_of_the_rules_gives() {
    let mut tally = Tally::default();
    for seed in 0..n_worlds() {
        ask_world(u64::try_from(seed).unwrap(), &mut tally);
    }
    assert!(tally.n_requests >= 1_000, "{tally:?}");
    assert!(tally.n_pages >= tally.n_requests + 200, "{tally:?}");
    assert!(tally.n_rows >= 1_000, "{tally:?}");
    assert!(tally.n_cut >= 20, "{tally:?}");
    assert!((50..tally.n_requests / 3).contains(&tally.n_refused), "{tally:?}");
    let missed: Vec<_> =
        Mutant::ALL.iter().filter(|mutant| !tally.caught.contains(mutant)).collect();
    assert!(missed.is_empty(), "nothing tells these mutants from the original: {missed:?}");
}

fn ask_world(seed: u64, tally: &mut Tally) {
    let mut chance = Chance::new(seed);
    let world = World::make(&mut chance);
    let actors = who::all(&world, &mut chance);
    let served = Served::start(&world, &actors);
    for who in &actors {
        let judge = Judge { world: &world, who, mutant: None, unscoped: false };
        let mut requests: Vec<Request> =
            (0..REQUESTS).map(|_| Request::make(&judge, &mut chance)).collect();
        requests.extend(hunted(&judge, &mut chance, &tally.caught));
        for request in requests {
            let found = told(&served, &judge, &request);
            if found.plain != answers(&judge, &request) {
                report(seed, &served, &judge, &request);
            }
            tally.note(&found);
            for mutant in Mutant::ALL {
                let mutated = Judge { mutant: Some(mutant), ..judge };
                if !tally.caught.contains(&mutant) && answers(&mutated, &request) != found.plain {
                    tally.caught.insert(mutant);
                }
            }
        }
    }
}

/// A request by which a mutant is told from the original that none has been told by yet.
fn hunted(judge: &Judge<'_>, chance: &mut Chance, caught: &BTreeSet<Mutant>) -> Option<Request> {
    let missed: Vec<Mutant> =
        Mutant::ALL.into_iter().filter(|mutant| !caught.contains(mutant)).collect();
    let tries = if missed.is_empty() { 0 } else { HUNTED };
    let mut candidates = (0..tries).map(|_| Request::make(judge, chance));
    candidates.find(|request| {
        let original = answers(judge, request);
        let told = |mutant: &Mutant| {
            answers(&Judge { mutant: Some(*mutant), ..*judge }, request) != original
        };
        missed.iter().any(told)
    })
}

impl Tally {
    fn note(&mut self, found: &Told) {
        self.n_requests += 1;
        self.n_pages += found.plain.len();
        self.n_cut += usize::from(drive::cut(&found.plain[0]["body"]).is_some());
        self.n_refused += usize::from(found.plain[0]["status"] != 200);
        let rows = found.plain.iter().filter_map(|page| page["body"]["data"].as_array());
        self.n_rows += rows.map(Vec::len).sum::<usize>();
    }
}

/// Fails with the smallest request found that is answered differently.
fn report(seed: u64, served: &Served, judge: &Judge<'_>, request: &Request) -> ! {
    let differs = |request: &Request| told(served, judge, request).plain != answers(judge, request);
    let mut request = request.clone();
    while let Some(smaller) = request
        .smaller()
        .into_iter()
        .find(|less| format!("{less:?}").len() < format!("{request:?}").len() && differs(less))
    {
        request = smaller;
    }
    let (found, expected) = (told(served, judge, &request).plain, answers(judge, &request));
    let Judge { world, who, .. } = judge;
    panic!(
        "seed {seed}: as {who:?}\n{}\nfound {found:#?}\nexpected {expected:#?}\n{}\n{}",
        request.describe(world),
        load::source(world),
        describe_rows(world),
    )
}

fn describe_rows(world: &World) -> String {
    let rows = world.models.iter().zip(&world.rows).flat_map(|(model, rows)| {
        rows.iter().map(|row| {
            let cells = model.fields.iter().zip(&row.cells).filter(|(field, _)| field.has_column());
            let cells: Vec<String> =
                cells.map(|(field, cell)| format!("{}={cell:?}", field.name)).collect();
            format!("{} {}\n", model.name, cells.join(" "))
        })
    });
    format!("{}{:?}", rows.collect::<String>(), world.pairs)
}

fn n_worlds() -> usize {
    let set = std::env::var_os("UNDERPIN_TEST_CASES");
    set.and_then(|text| text.to_str()?.parse().ok()).unwrap_or(WORLDS)
}
