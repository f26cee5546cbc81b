//! Rules as SQL and rules in memory agree on every row.
//!
//! Worlds are made at random: a schema, its rows, rules of all kinds, actors and filters. A list
//! read through `plan`, `sql` and the store must return exactly the rows that `rules::eval`
//! accepts, folded by nobody and compiled by nobody. Everything follows from a seed, which a
//! failure prints.

use std::collections::BTreeSet;

use underpin_plan::Folded;
use underpin_rules::Predicate;

use self::chance::Chance;
use self::mutants::Mutant;
use self::question::Question;
use self::world::World;

mod actors;
mod chance;
mod expressions;
mod membership;
mod mutants;
mod question;
mod schemas;
mod values;
mod world;

/// Worlds of a test run.
const WORLDS: u64 = 24;

/// Further worlds, which have once told SQL and evaluation apart: 252 by a collation that leaked
/// out of a guard.
const TROUBLED: [u64; 1] = [252];

/// Sets of rules tried on the rows of each world.
const RULE_SETS: u64 = 14;

/// Questions asked under each set of rules.
const QUESTIONS: u64 = 8;

/// What a run has seen, so that it cannot pass by seeing nothing.
#[derive(Default)]
struct Tally {
    n_cases: usize,
    /// Cases in which some rows were returned, but not all.
    n_telling: usize,
    n_filtered: usize,
    caught: BTreeSet<Mutant>,
}

#[test]
fn sql_selects_exactly_the_rows_that_evaluation_accepts() {
    let mut tally = Tally::default();
    for seed in (0..WORLDS).chain(TROUBLED) {
        ask_world(seed, &mut tally);
    }
    assert!(tally.n_cases >= 2_000, "only {} cases", tally.n_cases);
    assert!(tally.n_telling >= 500, "only {} cases tell rows apart", tally.n_telling);
    assert!(tally.n_filtered >= 500, "only {} cases have a filter", tally.n_filtered);
    // A wrong evaluator must have been noticed, else agreement would mean nothing.
    let missed: Vec<_> =
        Mutant::ALL.iter().filter(|mutant| !tally.caught.contains(mutant)).collect();
    assert!(missed.is_empty(), "nothing tells these mutants from the original: {missed:?}");
}

fn ask_world(seed: u64, tally: &mut Tally) {
    let mut chance = Chance::new(seed);
    let mut world = World::make(&mut chance);
    for _ in 0..RULE_SETS {
        let catalog = world.with_rules(&mut chance);
        for _ in 0..QUESTIONS {
            let question = Question::make(&world, &catalog, &mut chance);
            let folded = Folded::new(&catalog, &question.actor.profile);
            let Some(found) = question.ask(&world, &catalog, &folded) else { continue };
            let expected = question.judge(&world, &catalog, Predicate::clone);
            assert_eq!(
                found,
                expected,
                "seed {seed}: SQL on the left, evaluation on the right\n{}",
                question.describe(&world, &catalog, &folded)
            );
            tally.n_cases += 1;
            tally.n_filtered += usize::from(question.filter.is_some());
            let n_rows = world.n_rows(question.model);
            tally.n_telling += usize::from(!found.is_empty() && found.len() < n_rows);
            for mutant in Mutant::ALL {
                if !tally.caught.contains(mutant)
                    && question.judge(&world, &catalog, |predicate| mutant.apply(predicate))
                        != found
                {
                    tally.caught.insert(*mutant);
                }
            }
        }
    }
}
