//! `tidy-allow.txt`: what a rule lets pass, one line each: rule, path, and a size or a reason.

use std::collections::BTreeMap;

use super::Finding;
use crate::tree::Tree;

/// The file's path.
pub(super) const PATH: &str = "tidy-allow.txt";

/// What is let pass.
#[derive(Debug, Default)]
pub(super) struct Allow {
    /// `size PATH LINES`: files longer than the bound, and how long they are.
    pub(super) sizes: BTreeMap<String, usize>,
    /// `sleep PATH REASON`: tests that wait for time to pass, and why they must.
    pub(super) sleeps: BTreeMap<String, String>,
}

impl Allow {
    /// Reads the file; a line that cannot be read, or names no file, is a finding.
    pub(super) fn parse(tree: &Tree) -> (Self, Vec<Finding>) {
        let mut allow = Self::default();
        let mut findings = Vec::new();
        let Some(file) = tree.file(PATH) else {
            return (allow, findings);
        };
        for (number, line) in file.lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err(problem) = allow.add(tree, line) {
                findings.push(Finding::new(PATH, number, problem));
            }
        }
        (allow, findings)
    }

    fn add(&mut self, tree: &Tree, line: &str) -> Result<(), String> {
        let mut words = line.splitn(3, ' ');
        let (Some(rule), Some(path), Some(rest)) = (words.next(), words.next(), words.next())
        else {
            return Err("write `size PATH LINES` or `sleep PATH REASON`".into());
        };
        if tree.file(path).is_none() {
            return Err(format!("{path} is gone; remove the line"));
        }
        match rule {
            "size" => {
                let n_lines =
                    rest.parse().map_err(|_| format!("`{rest}` is no number of lines"))?;
                self.sizes.insert(path.into(), n_lines);
            }
            "sleep" => {
                self.sleeps.insert(path.into(), rest.into());
            }
            other => return Err(format!("there is no rule `{other}`")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_reasons_are_read() {
        let text = "# comment\nsize a.rs 700\nsleep b.rs the kernel reports it late\n";
        let (allow, findings) =
            Allow::parse(&Tree::of(&[(PATH, text), ("a.rs", ""), ("b.rs", "")]));
        assert_eq!(findings, []);
        assert_eq!(allow.sizes["a.rs"], 700);
        assert_eq!(allow.sleeps["b.rs"], "the kernel reports it late");
    }

    #[test]
    fn a_line_without_reason_or_for_a_file_that_is_gone_is_found() {
        let (_, findings) = Allow::parse(&Tree::of(&[(PATH, "sleep a.rs\nsize b.rs 3\n")]));
        assert_eq!(findings.len(), 2);
    }
}
