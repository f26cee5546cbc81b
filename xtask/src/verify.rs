//! `cargo xtask test`: everything a change must pass, in the order of what fails soonest.
//!
//! Each step is a plain cargo command that can be run by itself. The last line counts the tests of
//! all crates together.

pub(crate) mod provider;
mod summary;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::{bench, tidy, workspace};
use summary::Summary;

/// The variable that names the folder of real data to tests.
const DATA_VARIABLE: &str = "UNDERPIN_TEST_DATA";

/// Runs every check; `data` is the folder of real data that tests may use.
pub(crate) fn run(data: Option<&Path>) -> Result<()> {
    let data = data.map(real_folder).transpose()?;
    let started = Instant::now();
    step("format", || succeed(&mut workspace::cargo(&["fmt", "--all", "--check"])))?;
    step("house rules", tidy::run)?;
    let lints = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    step("lints", || succeed(&mut workspace::cargo(&lints)))?;
    let mut summary = Summary::default();
    step("tests", || run_tests(data.as_deref().map(Path::as_os_str), &mut summary))?;
    let provider = step("provider of logins", provider::install)?;
    step("logins", || run_logins(&provider, &mut summary))?;
    step("bench, answers only", bench::smoke)?;
    step("documentation", || {
        let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--quiet"];
        succeed(workspace::cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))
    })?;
    println!("all checks took {} s", started.elapsed().as_secs());
    println!("{summary}");
    Ok(())
}

/// Runs one step between two lines that say so, flushed so that a pipe sees them at once.
fn step<T>(name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    std::io::stdout().flush()?;
    let started = Instant::now();
    let result = run().with_context(|| format!("the step `{name}` failed"))?;
    println!("== {name}: ok, {} s", started.elapsed().as_secs());
    std::io::stdout().flush()?;
    Ok(result)
}

fn real_folder(path: &Path) -> Result<std::path::PathBuf> {
    let folder = path
        .canonicalize()
        .with_context(|| format!("--data {}: there is no such folder", path.display()))?;
    ensure!(folder.is_dir(), "--data {} is not a folder", path.display());
    Ok(folder)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().context("could not start cargo")?;
    ensure!(status.success(), "{}", shown(command));
    Ok(())
}

/// Runs all tests of all crates but those that need a provider of logins.
fn run_tests(data: Option<&OsStr>, summary: &mut Summary) -> Result<()> {
    let mut command = workspace::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    match data {
        Some(folder) => command.env(DATA_VARIABLE, folder),
        None => command.env_remove(DATA_VARIABLE),
    };
    count(&mut command, summary)
}

/// Runs the tests of all crates that need the provider in this folder.
fn run_logins(folder: &Path, summary: &mut Summary) -> Result<()> {
    let run = ["test", "--workspace", "--tests", "--locked", "--no-fail-fast"];
    let only = ["--", "--ignored", provider::TESTS];
    let mut command = workspace::cargo(&[run.as_slice(), only.as_slice()].concat());
    count(command.env(provider::FOLDER_VARIABLE, folder), summary)
}

/// Runs tests, printing their output as it comes and counting results.
fn count(command: &mut Command, summary: &mut Summary) -> Result<()> {
    let mut child = command.stdout(Stdio::piped()).spawn().context("could not start cargo")?;
    let output = child.stdout.take().expect("invariant: stdout is piped");
    let n_before = summary.passed;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("could not read what the tests print")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        summary.read(&line);
    }
    let status = child.wait()?;
    if !status.success() || summary.failed > 0 {
        println!("{summary}");
        bail!("{}", shown(command));
    }
    ensure!(summary.passed > n_before, "no test ran");
    Ok(())
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let arguments: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
    format!("`cargo {}` failed", arguments.join(" "))
}
