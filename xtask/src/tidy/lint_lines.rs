//! Every crate takes the workspace's lints; the rooms of the lower layers take two more.
//!
//! Cargo cannot mix `[lints] workspace = true` with lints of a crate's own, so the stricter rooms
//! say so in their crate root.

use super::{Finding, layers};
use crate::tree::Tree;

/// What the crate root of each room in layers 0 to 3 says.
const STRICT: &str = "#![warn(missing_docs, clippy::wildcard_enum_match_arm)]";

/// The highest layer that is strict.
const STRICT_LAYER_MAX: u8 = 3;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending("Cargo.toml") {
        let is_package = file.text.contains("[package]");
        if is_package && !file.text.contains("[lints]\nworkspace = true") {
            findings.push(Finding::new(&file.path, 0, "add `[lints] workspace = true`"));
        }
    }
    for room in layers::rooms(tree).iter().filter(|room| room.layer <= STRICT_LAYER_MAX) {
        let path = format!("crates/{}/src/lib.rs", room.name);
        if tree.file(&path).is_some_and(|file| !file.text.contains(STRICT)) {
            findings.push(Finding::new(&path, 0, format!("add `{STRICT}`")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARCHITECTURE: &str = "## Layers\n\
        | layer | room | also uses | never uses | holds |\n|---|---|---|---|---|\n\
        | 0 | `base` | | | x |\n| 5 | `http` | | | x |\n";

    #[test]
    fn a_crate_without_the_workspaces_lints_is_found() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", "[package]\n[lints]\nworkspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\n"),
        ]);
        assert_eq!(check(&tree).len(), 1);
    }

    #[test]
    fn low_layers_are_strict_and_high_ones_need_not_be() {
        let (http, lax) = ("crates/http/src/lib.rs", "//! Says nothing.\n");
        let strict = format!("//! x\n{STRICT}\n");
        let base = "crates/base/src/lib.rs";
        let bad = Tree::of(&[("ARCHITECTURE.md", ARCHITECTURE), (base, lax), (http, lax)]);
        let good = Tree::of(&[("ARCHITECTURE.md", ARCHITECTURE), (base, &strict), (http, lax)]);
        assert_eq!(check(&bad)[0].path, base);
        assert_eq!(check(&good), []);
    }
}
