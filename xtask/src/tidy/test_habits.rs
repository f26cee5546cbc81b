//! Tests run, say what they expect, and do not wait for time to pass.
//!
//! An ignored test is dead, unless its name is one by which `cargo xtask test` runs it: it needs a
//! program that `cargo test` cannot install. A `should_panic` passes for the wrong panic, and a sleep
//! is either too short on a busy machine or too long on every other.

use super::Finding;
use super::allow::{self, Allow};
use crate::tree::{SourceFile, Tree};
use crate::verify::provider;

/// How the mark of an ignored test begins.
const IGNORED: &str = concat!("#[", "ignore");

/// What no test does, and what to do instead.
const BANNED: &[(&str, &str)] = &[
    (IGNORED, "let the test run, or remove it"),
    ("#[should_panic", "return a value and compare it, so that the wrong panic cannot pass"),
];

/// Calls that wait for time to pass.
const SLEEPS: &[&str] = &["thread::sleep(", "time::sleep(", " sleep("];

pub(super) fn check(tree: &Tree, allow: &Allow) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        tree.ending(".rs").flat_map(|file| check_file(file, allow)).collect();
    let is_stale = |path: &&String| tree.file(path).is_some_and(|file| sleeps(file).is_empty());
    for path in allow.sleeps.keys().filter(is_stale) {
        let message = format!("{path} does not sleep any more; remove the line");
        findings.push(Finding::new(allow::PATH, 0, message));
    }
    findings
}

fn check_file(file: &SourceFile, allow: &Allow) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let line = line.trim_start();
        let banned = BANNED.iter().find(|(start, _)| line.starts_with(start));
        if let Some((_, advice)) =
            banned.filter(|(start, _)| *start != IGNORED || !is_run_by_us(file, number))
        {
            findings.push(Finding::new(&file.path, number, *advice));
        }
    }
    if !allow.sleeps.contains_key(&file.path) {
        let message = "a test that sleeps: wait for the event, or list it with a reason";
        let found = sleeps(file).into_iter();
        findings.extend(found.map(|number| Finding::new(&file.path, number, message)));
    }
    findings
}

/// Whether the function behind this line is a test that `cargo xtask test` runs by its name.
fn is_run_by_us(file: &SourceFile, number: usize) -> bool {
    let mut lines = file.lines().skip(number).map(|(_, line)| line.trim_start());
    let name = lines.find_map(|line| line.split_once("fn ").map(|(_, name)| name));
    name.is_some_and(|name| name.starts_with(provider::TESTS))
}

/// The lines of test code that sleep.
fn sleeps(file: &SourceFile) -> Vec<usize> {
    let is_code = |line: &str| !line.trim_start().starts_with("//") && !line.contains('"');
    let sleeping = file.lines().filter(|(number, line)| {
        is_code(line) && SLEEPS.iter().any(|call| line.contains(call)) && file.is_test_line(*number)
    });
    sleeping.map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "crates/a/tests/it/main.rs";

    #[test]
    fn ignored_tests_and_expected_panics_are_found() {
        let text = BANNED.iter().map(|(start, _)| format!("    {start}]\n")).collect::<String>();
        assert_eq!(check(&Tree::of(&[(PATH, &text)]), &Allow::default()).len(), 2);
    }

    #[test]
    fn an_ignored_test_passes_when_it_is_run_by_its_name() {
        let of = |name: &str| format!("{}]\n#[tokio::test]\nasync fn {name}() {{}}\n", BANNED[0].0);
        let check = |text: &str| check(&Tree::of(&[(PATH, text)]), &Allow::default()).len();
        assert_eq!(check(&of("certified_provider_logs_in")), 0);
        assert_eq!(check(&of("it_logs_in_with_a_certified_provider")), 1);
        assert_eq!(check(&format!("{}{}", of("a"), of("certified_provider_logs_in"))), 1);
    }

    #[test]
    fn a_test_sleeps_only_with_a_listed_reason() {
        let text = format!("std::{}x);\n", SLEEPS[0]);
        let tree = Tree::of(&[(PATH, &text), ("crates/a/src/b.rs", &text)]);
        assert_eq!(check(&tree, &Allow::default()).len(), 1);
        let sleeps = [(PATH.to_owned(), "a reason".to_owned())].into();
        assert_eq!(check(&tree, &Allow { sleeps, ..Allow::default() }), []);
    }

    #[test]
    fn a_reason_without_a_sleep_is_found() {
        let sleeps = [(PATH.to_owned(), "a reason".to_owned())].into();
        let allow = Allow { sleeps, ..Allow::default() };
        assert_eq!(check(&Tree::of(&[(PATH, "fn a() {}\n")]), &allow).len(), 1);
    }
}
