//! No path of somebody's machine: a fresh clone elsewhere must find everything.

use super::Finding;
use crate::tree::Tree;

/// How such paths start, put together here so that this file does not find itself.
const STARTS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.lines() {
            if let Some(start) = STARTS.iter().find(|start| has_path(line, start)) {
                let message = format!("`{start}…` is a path of one machine");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

/// Whether an absolute path starts so: nothing of a longer path or URL stands before it.
fn has_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_found_and_urls_are_not() {
        let start = STARTS[0];
        let bad = format!("let dir = \"{start}ada\";");
        let good = format!("https://example.com{start}ada");
        assert_eq!(check(&Tree::of(&[("a.rs", &bad)])).len(), 1);
        assert_eq!(check(&Tree::of(&[("a.md", &good)])), []);
    }
}
