//! The changelog has a place for what is not released yet, above everything released.

use super::Finding;
use crate::tree::Tree;

const PATH: &str = "CHANGELOG.md";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(PATH) else {
        return vec![Finding::new(PATH, 0, "there is no changelog")];
    };
    let first = file.lines().find(|(_, line)| line.starts_with("## "));
    match first {
        Some((_, "## Unreleased")) => Vec::new(),
        Some((number, _)) => {
            vec![Finding::new(PATH, number, "the first section must be `## Unreleased`")]
        }
        None => vec![Finding::new(PATH, 0, "add the section `## Unreleased`")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreleased_stands_first() {
        let good = "# Changelog\n\n## Unreleased\n\n## 0.1.0\n";
        assert_eq!(check(&Tree::of(&[(PATH, good)])), []);
        assert_eq!(check(&Tree::of(&[(PATH, "## 0.1.0\n## Unreleased\n")])).len(), 1);
        assert_eq!(check(&Tree::of(&[(PATH, "# Changelog\n")])).len(), 1);
    }
}
