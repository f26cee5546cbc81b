//! Counts the results that `cargo test` prints, one line for each test binary.

use std::fmt;

/// Tests that passed and failed, over all binaries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Tests that passed.
    pub(super) passed: usize,
    /// Tests that failed.
    pub(super) failed: usize,
}

impl Summary {
    /// Takes note of `test result: ok. 12 passed; 0 failed; …`; other lines change nothing.
    pub(super) fn read(&mut self, line: &str) {
        let Some((_, counts)) =
            line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for part in counts.split("; ") {
            match part.split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse::<usize>().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse::<usize>().unwrap_or(0),
                Some(_) | None => {}
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_add_up() {
        let mut summary = Summary::default();
        summary.read("running 3 tests");
        summary.read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        summary.read("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured");
        assert_eq!(summary, Summary { passed: 13, failed: 2 });
        assert_eq!(summary.to_string(), "13 passed, 2 failed");
    }
}
