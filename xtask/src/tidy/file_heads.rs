//! A file of more than 80 lines starts with `//!`: what it is, and what it refuses to know.
//!
//! `foo/tests.rs` holds the tests of `foo.rs` and needs no head: the file it belongs to has one.

use super::Finding;
use crate::tree::Tree;

/// Lines a file may have without a head.
const LINES_MAX: usize = 80;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let long = tree.ending(".rs").filter(|file| file.lines().count() > LINES_MAX);
    let headless =
        long.filter(|file| !file.text.starts_with("//!") && !file.path.ends_with("/tests.rs"));
    let finding = |path: &str| Finding::new(path, 1, "say in a `//!` head what this file is");
    headless.map(|file| finding(&file.path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files_need_a_head_and_short_ones_do_not() {
        let long = "fn a() {}\n".repeat(81);
        let headed = format!("//! A file.\n{long}");
        let (short, tests) = (("short.rs", "fn a() {}"), ("good/tests.rs", long.as_str()));
        let tree = Tree::of(&[("bad.rs", &long), ("good.rs", &headed), short, tests]);
        let paths: Vec<String> = check(&tree).into_iter().map(|finding| finding.path).collect();
        assert_eq!(paths, ["bad.rs"]);
    }
}
