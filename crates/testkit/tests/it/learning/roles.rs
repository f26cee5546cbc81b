//! A role that grants nothing, and that no rule asks for, changes nothing of what is told.

use super::chance::Chance;
use super::drive::told;
use super::judge::Judge;
use super::load::Served;
use super::request::Request;
use super::who::{self, Who};
use super::world::World;
use super::{n_worlds, report};

/// Worlds of a run, in the proportion of those of the other tests.
const WORLDS_SHARE: usize = 3;

/// Requests of each actor.
const REQUESTS: usize = 8;

/// The role, which the schema of each world declares.
const IDLE: &str = "idle";

#[test]
fn a_role_that_grants_nothing_neither_widens_nor_narrows_what_is_told() {
    let mut n_rows = 0;
    for seed in 0..n_worlds() / WORLDS_SHARE {
        let seed = u64::try_from(seed).unwrap() + 2_000_000;
        let mut chance = Chance::new(seed);
        let world = World::make(&mut chance);
        let mut actors = who::all(&world, &mut chance);
        actors.retain(|who| !matches!(who.kind, "anonymous" | "service"));
        let with_idle: Vec<Who> = actors.iter().map(with_idle).collect();
        let everybody: Vec<Who> = actors.iter().chain(&with_idle).cloned().collect();
        let served = Served::start(&world, &everybody);
        for (who, other) in actors.iter().zip(&with_idle) {
            let judge = Judge { world: &world, who, mutant: None, unscoped: false };
            for _ in 0..REQUESTS {
                let request = Request::make(&judge, &mut chance);
                let plain = told(&served, &judge, &request);
                let idle = told(&served, &Judge { who: other, ..judge }, &request);
                if plain.exact != idle.exact {
                    report(seed, &served, &Judge { who: other, ..judge }, &request);
                }
                n_rows += plain.plain[0]["body"]["data"].as_array().map_or(0, Vec::len);
            }
        }
    }
    assert!(n_rows >= 100, "only {n_rows} rows were told");
}

fn with_idle(who: &Who) -> Who {
    let mut other = who.clone();
    other.name.push_str("-idle");
    other.roles.push(IDLE);
    other
}
