//! No marks for work left undone: what is missing stands in the documentation, where users see it.

use super::Finding;
use crate::tree::Tree;

/// The marks, put together here so that this file does not find itself.
const MARKS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];

/// Endings of the files that may not hold one.
const ENDINGS: &[&str] = &[".rs", ".md", ".toml", ".graphql", ".scn"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        if !ENDINGS.iter().any(|ending| file.path.ends_with(ending)) {
            continue;
        }
        for (number, line) in file.lines() {
            if let Some(mark) = MARKS.iter().find(|mark| has_word(line, mark)) {
                let message = format!("`{mark}`: do it, or document that it is missing");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_and_a_word_that_contains_it_is_not() {
        let mark = MARKS[0];
        let text = format!("// {mark}: later\nlet {mark}S = 1;\n");
        let findings = check(&Tree::of(&[("a.rs", &text)]));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 1);
    }
}
