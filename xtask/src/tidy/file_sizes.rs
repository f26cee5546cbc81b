//! No file has more than 600 lines of code; files that had more when they were listed may shrink.
//!
//! Tests do not count, nor does a table marked `// tidy: table`: a long table is easy to read, a
//! long flow is not.

use super::Finding;
use super::allow::{self, Allow};
use crate::tree::{SourceFile, Tree};

/// Lines of code a file may have.
const LINES_MAX: usize = 600;

/// The comment before a table.
const TABLE_MARK: &str = "// tidy: table";

pub(super) fn check(tree: &Tree, allow: &Allow) -> Vec<Finding> {
    let sources = tree.ending(".rs").filter(|file| !file.is_test());
    sources.filter_map(|file| check_file(file, allow)).collect()
}

fn check_file(file: &SourceFile, allow: &Allow) -> Option<Finding> {
    let n_lines = code_lines(file);
    match allow.sizes.get(&file.path) {
        Some(_) if n_lines <= LINES_MAX => {
            let message = format!("{} has {n_lines} lines; remove its line here", file.path);
            Some(Finding::new(allow::PATH, 0, message))
        }
        Some(listed) if n_lines < *listed => {
            let message = format!("{} has shrunk; lower its size to {n_lines}", file.path);
            Some(Finding::new(allow::PATH, 0, message))
        }
        Some(listed) if n_lines == *listed => None,
        Some(_) | None if n_lines <= LINES_MAX => None,
        Some(_) | None => {
            let message = format!("{n_lines} lines of code, {LINES_MAX} at most; find the seam");
            Some(Finding::new(&file.path, 0, message))
        }
    }
}

/// Lines before the tests module, tables left out.
fn code_lines(file: &SourceFile) -> usize {
    let end = file.tests_start().map_or(usize::MAX, |start| start - 1);
    let mut n_lines = 0;
    let mut in_table = false;
    for (_, line) in file.lines().take(end) {
        if line.trim_start().starts_with(TABLE_MARK) {
            in_table = true;
        }
        if !in_table {
            n_lines += 1;
        }
        if in_table && line.starts_with(['}', ']']) {
            in_table = false;
        }
    }
    n_lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(path: &str, n_lines: usize) -> Allow {
        Allow { sizes: [(path.to_owned(), n_lines)].into(), ..Allow::default() }
    }

    #[test]
    fn a_file_at_the_bound_passes_and_one_line_more_is_found() {
        let (fits, over) = ("x\n".repeat(600), "x\n".repeat(601));
        assert_eq!(check(&Tree::of(&[("a.rs", &fits)]), &Allow::default()), []);
        assert_eq!(check(&Tree::of(&[("a.rs", &over)]), &Allow::default()).len(), 1);
    }

    #[test]
    fn tests_and_tables_do_not_count() {
        let table = format!("{TABLE_MARK}\nconst T: [u8] = [\n{}];\n", "1,\n".repeat(700));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(700));
        let tree = Tree::of(&[("a.rs", &format!("{table}{tests}"))]);
        assert_eq!(check(&tree, &Allow::default()), []);
    }

    #[test]
    fn a_listed_file_may_keep_its_size_and_must_not_grow() {
        let tree = Tree::of(&[("a.rs", &"x\n".repeat(700))]);
        assert_eq!(check(&tree, &allow("a.rs", 700)), []);
        assert_eq!(check(&tree, &allow("a.rs", 699))[0].path, "a.rs");
    }

    #[test]
    fn the_list_follows_a_file_that_shrinks() {
        let tree = Tree::of(&[("a.rs", &"x\n".repeat(700))]);
        assert!(check(&tree, &allow("a.rs", 800))[0].message.contains("lower its size to 700"));
        let tree = Tree::of(&[("a.rs", "x\n")]);
        assert!(check(&tree, &allow("a.rs", 800))[0].message.contains("remove its line"));
    }
}
