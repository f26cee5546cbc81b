//! No file is named after nothing: `utils.rs` says only that its contents have no home.

use super::Finding;
use crate::tree::Tree;

/// Names without meaning, and `mod.rs`, which hides what a folder is behind one name for all.
const BANNED: &[&str] = &["utils", "util", "helpers", "helper", "common", "types", "misc", "mod"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let banned = tree.ending(".rs").filter(|file| is_banned(&file.path));
    let message = "name the file after what it holds";
    banned.map(|file| Finding::new(&file.path, 0, message)).collect()
}

fn is_banned(path: &str) -> bool {
    path.trim_end_matches(".rs").split('/').any(|part| BANNED.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_meaning_are_found_in_files_and_folders() {
        let tree = Tree::of(&[
            ("crates/a/src/utils.rs", ""),
            ("crates/a/src/b/mod.rs", ""),
            ("crates/a/src/common/c.rs", ""),
            ("crates/a/src/common_path.rs", ""),
            ("docs/types.md", ""),
        ]);
        assert_eq!(check(&tree).len(), 3);
    }
}
