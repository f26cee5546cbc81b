//! The project's own tasks: `cargo xtask tidy`, `cargo xtask test` and `cargo xtask bench`.
//!
//! House rules that no compiler or linter knows are code here, so that a review need not repeat
//! them. Nothing of the product depends on this crate.
#![expect(clippy::print_stdout, reason = "a task runner talks to the terminal")]

mod bench;
mod tidy;
mod tree;
mod verify;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the Underpin repository.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks the house rules: layers, sizes, names, links, licences.
    Tidy,
    /// Measures Underpin beside a server written by hand for the same requests.
    Bench(bench::BenchArguments),
    /// Checks everything a change must pass: format, lints, house rules, tests, documentation.
    Test {
        /// A folder of real data (`chinook/…`) that further tests run over.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.task {
        Task::Tidy => tidy::run(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Test { data } => verify::run(data.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
