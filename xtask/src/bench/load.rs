//! Drives a server with wrk and reads what it cost.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::requests::Kind;
use super::servers::Server;
use super::{BenchArguments, process};
use crate::workspace;

/// One run of one request on one server.
pub(super) struct Load<'a> {
    /// The request.
    pub(super) kind: Kind,
    /// How long and how wide.
    pub(super) arguments: &'a BenchArguments,
    /// Where the list of targets may lie.
    pub(super) folder: &'a Path,
}

/// What a run showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Requests a second.
    pub(super) per_second: f64,
    /// Half of the answers took at most so many microseconds.
    pub(super) p50_us: f64,
    /// All but one in a hundred took at most so many.
    pub(super) p99_us: f64,
    /// Processor time of the server for one request, in microseconds.
    pub(super) processor_us: f64,
    /// Memory of the server after the run, in bytes.
    pub(super) resident_bytes: u64,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_second, p50_us, p99_us, processor_us, .. } = self;
        write!(f, "{per_second:.0} req/s, p50 {p50_us:.0} µs, p99 {p99_us:.0} µs, ")?;
        write!(f, "{processor_us:.1} µs of processor per request")
    }
}

/// Makes sure that wrk is there: installs Debian's package where that is possible.
pub(super) fn require_wrk() -> Result<()> {
    if Command::new("wrk").arg("--version").output().is_ok() {
        return Ok(());
    }
    println!("wrk is not installed; trying apt-get install wrk");
    let installed = Command::new("apt-get").args(["install", "--yes", "wrk"]).status();
    if installed.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    bail!("the bench needs wrk: install it (Debian and Ubuntu: `sudo apt-get install wrk`)")
}

impl Load<'_> {
    /// Warms the server up for a second, then measures.
    pub(super) fn run(&self, server: &Server) -> Result<Measured> {
        let targets = self.folder.join(format!("{}.targets", self.kind.name()));
        fs::write(&targets, self.kind.targets().join("\n"))?;
        self.wrk(server, &targets, 1)?;
        let before = process::processor_time(server.pid())?;
        let result = self.wrk(server, &targets, self.arguments.seconds)?;
        let used = process::processor_time(server.pid())? - before;
        ensure!(result.n_failed == 0, "{} requests failed", result.n_failed);
        Ok(Measured {
            per_second: result.n_requests / result.seconds,
            p50_us: result.p50_us,
            p99_us: result.p99_us,
            processor_us: used.as_secs_f64() * 1e6 / result.n_requests,
            resident_bytes: process::resident_bytes(server.pid())?,
        })
    }

    fn wrk(&self, server: &Server, targets: &Path, seconds: u64) -> Result<WrkResult> {
        let output = Command::new("wrk")
            .arg("--threads=1")
            .arg(format!("--connections={}", self.arguments.connections))
            .arg(format!("--duration={seconds}s"))
            .arg("--script")
            .arg(workspace::root().join("bench/wrk/requests.lua"))
            .arg(format!("http://{}", server.address()))
            .env("BENCH_METHOD", self.kind.method())
            .env("BENCH_TARGETS", targets)
            .env("BENCH_BODY", self.kind.body())
            .env("BENCH_TOKEN", server.token())
            .output()
            .context("could not run wrk")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        WrkResult::parse(&text).with_context(|| format!("wrk failed:\n{text}{complaint}"))
    }
}

/// What `bench/wrk/requests.lua` reports.
#[derive(Debug, Clone, Copy, PartialEq)]
struct WrkResult {
    n_requests: f64,
    seconds: f64,
    p50_us: f64,
    p99_us: f64,
    n_failed: u64,
}

impl WrkResult {
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("RESULT "))?;
        let numbers: Option<Vec<u64>> = line.split(' ').map(|word| word.parse().ok()).collect();
        let [n_requests, micros, p50_us, p99_us, n_failed] = *numbers?.as_slice() else {
            return None;
        };
        Some(Self {
            n_requests: n_requests as f64,
            seconds: micros as f64 / 1e6,
            p50_us: p50_us as f64,
            p99_us: p99_us as f64,
            n_failed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_script_is_read() {
        let text = "Running 1s test\nRESULT 5000 2000000 90 400 0\n";
        let result = WrkResult::parse(text).unwrap();
        assert_eq!((result.n_requests / result.seconds, result.p99_us), (2_500.0, 400.0));
        assert_eq!(WrkResult::parse("Requests/sec: 2500\n"), None);
    }
}
