//! `cargo xtask bench`: Underpin beside the hand-written limit, on the same rows and requests.
//!
//! Both servers are filled alike and must give the same answers before anything is measured. Runs
//! alternate, so that a machine that slows down slows both; what is reported are medians. Speeds
//! are never asserted: they belong to a machine.

mod answers;
mod client;
mod load;
mod logins;
mod process;
mod report;
mod requests;
mod servers;

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::workspace;
use load::Measured;
use report::Report;
use requests::Kind;
use servers::{Profile, Rival, Rivals};

/// How the bench runs.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// Only check that both servers give the same answers; measures nothing
    #[arg(long)]
    smoke: bool,
    /// Write the results to docs/benchmarks.md
    #[arg(long, conflicts_with = "smoke")]
    save: bool,
    /// Measure what accounts cost instead: tokens, bursts of logins, and what their times tell
    #[arg(long, conflicts_with_all = ["smoke", "save"])]
    accounts: bool,
    /// Runs of each request and server; they alternate
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(3..=99))]
    runs: u32,
    /// Seconds of one run
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Connections
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1000))]
    connections: u32,
}

/// Starts of each server, for the time to the first answer.
const N_STARTS: u32 = 10;

/// How long the machine is watched before each run, to learn what else it does.
const WATCH: Duration = Duration::from_millis(300);

/// The share of the machine that others may take while figures are worth keeping.
const LOAD_MAX: f64 = 0.1;

/// Long enough for a server to be idle after its first answer.
const SETTLE: Duration = Duration::from_secs(1);

/// Runs the bench.
pub(crate) fn run(arguments: &BenchArguments) -> Result<()> {
    if arguments.smoke {
        return smoke();
    }
    load::require_wrk()?;
    let rivals = Rivals::prepare(Profile::Release).context("could not prepare the servers")?;
    check_answers(&rivals)?;
    if arguments.accounts {
        return logins::run(&rivals, arguments);
    }
    let mut report = Report::new(arguments.runs, arguments.seconds, arguments.connections);
    measure_starts(&rivals, &mut report)?;
    measure_load(&rivals, arguments, &mut report)?;
    print!("{}", report.table());
    let load = report.machine_load();
    if load > LOAD_MAX {
        println!("others took {:.0} % of the machine; read the ratios with care", load * 100.0);
    }
    if arguments.save {
        ensure!(load <= LOAD_MAX, "the machine is too busy for figures worth keeping");
        let page = Path::new("docs/benchmarks.md");
        std::fs::write(workspace::root().join(page), report.page()?)?;
        println!("wrote {}", page.display());
    }
    Ok(())
}

/// Checks that the bench works and that both servers give the same answers; measures nothing.
pub(crate) fn smoke() -> Result<()> {
    let rivals = Rivals::prepare(Profile::Debug).context("could not prepare the servers")?;
    check_answers(&rivals)?;
    println!("bench: both servers give the same answers");
    Ok(())
}

/// Both servers answer every sampled request alike.
fn check_answers(rivals: &Rivals) -> Result<()> {
    let [limit, underpin] = Rival::ALL.map(|rival| rivals.start(rival));
    let (limit, underpin) = (limit?, underpin?);
    for kind in Kind::ALL {
        answers::compare(kind, &limit, &underpin).with_context(|| kind.describe().to_owned())?;
    }
    Ok(())
}

fn measure_starts(rivals: &Rivals, report: &mut Report) -> Result<()> {
    for _ in 0..N_STARTS {
        for rival in Rival::ALL {
            let server = rivals.start(rival)?;
            report.add_start(rival, server.first_answer());
        }
    }
    for rival in Rival::ALL {
        let server = rivals.start(rival)?;
        thread::sleep(SETTLE);
        report.add_idle(rival, process::resident_bytes(server.pid())?);
    }
    Ok(())
}

fn measure_load(rivals: &Rivals, arguments: &BenchArguments, report: &mut Report) -> Result<()> {
    for kind in Kind::ALL {
        for run in 1..=arguments.runs {
            // Who goes first changes, so that neither always meets the warmer machine.
            let mut rivals_in_turn = Rival::ALL;
            if run % 2 == 0 {
                rivals_in_turn.reverse();
            }
            for rival in rivals_in_turn {
                report.add_machine_load(process::machine_load(WATCH)?);
                let server = rivals.start(rival)?;
                let load = load::Load { kind, arguments, folder: rivals.folder() };
                let measured: Measured = load.run(&server)?;
                println!("{} run {run} {}: {measured}", kind.name(), rival.name());
                report.add(kind, rival, measured);
            }
        }
    }
    Ok(())
}
