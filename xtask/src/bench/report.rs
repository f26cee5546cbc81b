//! Medians of what was measured, as a table for the terminal and as a page of the documentation.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::load::Measured;
use super::requests::Kind;
use super::servers::Rival;

/// Everything measured.
pub(super) struct Report {
    runs: u32,
    seconds: u64,
    connections: u32,
    measured: HashMap<(Kind, Rival), Vec<Measured>>,
    starts: HashMap<Rival, Vec<Duration>>,
    idle_bytes: HashMap<Rival, u64>,
    machine_loads: Vec<f64>,
}

impl Report {
    /// An empty report of so many runs, each so long and over so many connections.
    pub(super) fn new(runs: u32, seconds: u64, connections: u32) -> Self {
        Self {
            runs,
            seconds,
            connections,
            measured: HashMap::new(),
            starts: HashMap::new(),
            idle_bytes: HashMap::new(),
            machine_loads: Vec::new(),
        }
    }

    /// Adds a run.
    pub(super) fn add(&mut self, kind: Kind, rival: Rival, measured: Measured) {
        self.measured.entry((kind, rival)).or_default().push(measured);
    }

    /// Adds a start.
    pub(super) fn add_start(&mut self, rival: Rival, first_answer: Duration) {
        self.starts.entry(rival).or_default().push(first_answer);
    }

    /// Adds the share of the machine that others took before a run.
    pub(super) fn add_machine_load(&mut self, share: f64) {
        self.machine_loads.push(share);
    }

    /// The share of the machine that others took, in the median.
    pub(super) fn machine_load(&self) -> f64 {
        median(self.machine_loads.clone())
    }

    /// Adds the memory of an idle server.
    pub(super) fn add_idle(&mut self, rival: Rival, bytes: u64) {
        self.idle_bytes.insert(rival, bytes);
    }

    /// The results as a Markdown table, which reads well in a terminal too.
    pub(super) fn table(&self) -> String {
        let mut out = String::from(
            "| request | server | req/s | of limit | p50 µs | p99 µs | CPU µs/request | of limit | memory MiB |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|\n",
        );
        for kind in Kind::ALL {
            for rival in Rival::ALL {
                self.write_row(&mut out, kind, rival);
            }
        }
        out.push_str("\n| | limit | underpin |\n|---|---:|---:|\n");
        let start_ms = |rival| self.start(rival).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let idle = |rival| self.idle_bytes.get(&rival).map_or(0.0, |bytes| mebibytes(*bytes));
        let (limit, underpin) = (Rival::Limit, Rival::Underpin);
        let (left, right) = (start_ms(limit), start_ms(underpin));
        let _ = writeln!(out, "| start to first answer, ms | {left:.1} | {right:.1} |");
        let (left, right) = (idle(limit), idle(underpin));
        let _ = writeln!(out, "| memory after the first answer, MiB | {left:.1} | {right:.1} |");
        out
    }

    /// The page for the documentation.
    pub(super) fn page(&self) -> Result<String> {
        let compiler = version("rustc", &["--version"])?;
        let wrk = version("wrk", &["--version"])?;
        let wrk = wrk.split(" Copyright").next().unwrap_or_default();
        let date = version("date", &["--utc", "+%Y-%m-%d"])?;
        let n_cores = std::thread::available_parallelism()?;
        let (runs, seconds, connections) = (self.runs, self.seconds, self.connections);
        let release = env!("CARGO_PKG_VERSION");
        let table = self.table();
        Ok(format!(
            "# Benchmarks\n\n\
            Made by `cargo xtask bench --save` on {date}: Underpin {release}, {compiler}, {wrk}, \
            {n_cores} cores shared by server and load.\n\n\
            *limit* is a server written by hand for these requests alone \
            ([bench/limit](../bench/limit/src/main.rs)): axum and rusqlite, no accounts, no rules, \
            no limits, no logs. It reads the same tables. Underpin checks a key and applies the \
            rules of [bench/shop](../bench/shop/schema.graphql) on every request. Both give the \
            same answers; the bench refuses to run otherwise.\n\n\
            Medians of {runs} alternating runs of {seconds} s over {connections} connections on \
            the loopback interface. Requests a second belong to the machine; read the ratios and \
            the processor time. Inserts are durable on both (`synchronous=FULL`).\n\n\
            {table}\n\
            R1 {}; R2 {}; R3 {}; W1 {}.\n",
            Kind::ReadById.describe(),
            Kind::List.describe(),
            Kind::Nested.describe(),
            Kind::Insert.describe(),
        ))
    }

    fn write_row(&self, out: &mut String, kind: Kind, rival: Rival) {
        let of = |rival, value: fn(&Measured) -> f64| {
            let runs = self.measured.get(&(kind, rival)).map_or(&[] as &[_], Vec::as_slice);
            median(runs.iter().map(value).collect())
        };
        let per_second = of(rival, |run| run.per_second);
        let speed = per_second / of(Rival::Limit, |run| run.per_second);
        let processor_us = of(rival, |run| run.processor_us);
        let cost = processor_us / of(Rival::Limit, |run| run.processor_us);
        let _ = writeln!(
            out,
            "| {} | {} | {per_second:.0} | {speed:.2} | {:.0} | {:.0} | {processor_us:.1} | {cost:.2} | {:.0} |",
            kind.name(),
            rival.name(),
            of(rival, |run| run.p50_us),
            of(rival, |run| run.p99_us),
            of(rival, |run| mebibytes(run.resident_bytes)),
        );
    }

    fn start(&self, rival: Rival) -> Option<Duration> {
        let mut starts = self.starts.get(&rival)?.clone();
        starts.sort_unstable();
        starts.get(starts.len() / 2).copied()
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// The middle value; zero of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The first line that a program prints.
fn version(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("could not run {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(per_second: f64) -> Measured {
        Measured {
            per_second,
            p50_us: 90.0,
            p99_us: 400.0,
            processor_us: 12.5,
            resident_bytes: 20 * 1024 * 1024,
        }
    }

    #[test]
    fn the_table_holds_medians_and_ratios() {
        let mut report = Report::new(3, 1, 32);
        for (limit, underpin) in [(100.0, 50.0), (200.0, 1.0), (300.0, 180.0)] {
            report.add(Kind::ReadById, Rival::Limit, measured(limit));
            report.add(Kind::ReadById, Rival::Underpin, measured(underpin));
        }
        let table = report.table();
        assert!(
            table.contains("| R1 | limit | 200 | 1.00 | 90 | 400 | 12.5 | 1.00 | 20 |"),
            "{table}"
        );
        assert!(
            table.contains("| R1 | underpin | 50 | 0.25 | 90 | 400 | 12.5 | 1.00 | 20 |"),
            "{table}"
        );
    }

    #[test]
    fn a_median_is_not_moved_by_one_bad_run() {
        assert_eq!(median(vec![3.0, 1000.0, 1.0]), 3.0);
    }
}
