//! House rules as code: each rule is one file with a good and a bad case of its own.
//!
//! A rule looks at the [`Tree`] or at cargo's [`Metadata`] and returns what it found. All findings
//! are printed together. What a rule must let pass for the time being stands in
//! `tidy-allow.txt`, where entries may shrink and vanish but not grow.

mod allow;
mod changelog;
mod doc_links;
mod file_heads;
mod file_names;
mod file_sizes;
mod layers;
mod licences;
mod lint_lines;
mod machine_paths;
mod one_client;
mod open_ends;
mod spdx;
mod test_habits;
mod versions;

use std::fmt;

use anyhow::{Result, bail};

use crate::tree::Tree;
use crate::workspace::{self, Metadata};
use allow::Allow;

/// One violation of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file.
    path: String,
    /// The line, or 0 for the whole file.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Checks every rule and prints what it found.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::read(&workspace::root())?;
    let metadata = Metadata::read()?;
    let findings = check(&tree, &metadata);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            let n_packages = metadata.packages.len();
            println!("tidy: {} files and {n_packages} packages are in order", tree.files.len());
            Ok(())
        }
        n_findings => bail!("tidy found {n_findings} violations of the house rules"),
    }
}

fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let (allow, mut findings) = Allow::parse(tree);
    findings.extend(layers::check(tree, metadata));
    findings.extend(file_sizes::check(tree, &allow));
    findings.extend(file_heads::check(tree));
    findings.extend(file_names::check(tree));
    findings.extend(lint_lines::check(tree));
    findings.extend(open_ends::check(tree));
    findings.extend(machine_paths::check(tree));
    findings.extend(one_client::check(tree, metadata));
    findings.extend(test_habits::check(tree, &allow));
    findings.extend(doc_links::check(tree));
    findings.extend(changelog::check(tree));
    findings.extend(licences::check(tree, metadata));
    findings.extend(versions::check(tree, metadata));
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_repository_is_in_order() {
        let tree = Tree::read(&workspace::root()).unwrap();
        let metadata = Metadata::read().unwrap();
        let findings: Vec<String> =
            check(&tree, &metadata).iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
