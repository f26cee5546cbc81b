//! What the kernel knows of a process: processor time and memory (Linux, proc(5)).

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Length of a tick in `/proc/PID/stat`; a hundredth of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Processor time that the process has used, in user and kernel mode, all threads together.
pub(super) fn processor_time(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
    parse_ticks(&text).map(|ticks| TICK * ticks).with_context(|| format!("{path} has another form"))
}

/// Memory of the process that is resident, in bytes.
pub(super) fn resident_bytes(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read {path}"))?;
    parse_resident(&text).with_context(|| format!("{path} has another form"))
}

/// The share of all processors' time that something took during `length`: what the machine does by
/// itself, when nothing is being measured.
pub(super) fn machine_load(length: Duration) -> Result<f64> {
    let before = machine_ticks()?;
    std::thread::sleep(length);
    let after = machine_ticks()?;
    let (all, idle) = (after.0 - before.0, after.1 - before.1);
    Ok(1.0 - idle as f64 / (all.max(1)) as f64)
}

/// Ticks of all processors since the machine started: all, and idle ones.
fn machine_ticks() -> Result<(u64, u64)> {
    let path = "/proc/stat";
    let text = fs::read_to_string(path).with_context(|| format!("could not read {path}"))?;
    parse_machine(&text).with_context(|| format!("{path} has another form"))
}

/// `cpu  user nice system idle iowait …`; waiting for a disk counts as idle.
fn parse_machine(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: Option<Vec<u64>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
    let ticks = ticks?;
    Some((ticks.iter().take(8).sum(), ticks.get(3)? + ticks.get(4)?))
}

/// Fields 14 and 15, counted after the name, which may hold blanks and parentheses itself.
fn parse_ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let kernel: u32 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

fn parse_resident(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_a_name_with_blanks() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 1 2 3 4 50 25 0 0 20 0 9 0 1 2 3";
        assert_eq!(parse_ticks(stat), Some(75));
        assert_eq!(parse_ticks("7 (a) S"), None);
    }

    #[test]
    fn idle_ticks_of_the_machine_are_told_from_all() {
        let stat = "cpu  10 0 5 70 15 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(parse_machine(stat), Some((100, 85)));
        assert_eq!(parse_machine("intr 5\n"), None);
    }

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(parse_resident("Name: x\nVmRSS:\t    12 kB\n"), Some(12 * 1024));
        assert_eq!(parse_resident("Name: x\n"), None);
    }
}
