//! Every relative link of a Markdown page leads to a file, and every `#fragment` to a heading.

use std::collections::HashSet;

use super::Finding;
use crate::tree::{SourceFile, Tree};
use crate::workspace;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let exists = |path: &str| tree.file(path).is_some() || workspace::root().join(path).exists();
    tree.ending(".md").flat_map(|file| check_page(tree, file, &exists)).collect()
}

fn check_page(tree: &Tree, page: &SourceFile, exists: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, target) in links(page) {
        let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
        let path = if path.is_empty() { page.path.clone() } else { resolve(&page.path, path) };
        if !exists(&path) {
            findings.push(Finding::new(&page.path, number, format!("`{target}` leads nowhere")));
            continue;
        }
        let has_heading =
            |file: &SourceFile| headings(file).contains(&fragment.to_ascii_lowercase());
        if !fragment.is_empty() && tree.file(&path).is_some_and(|file| !has_heading(file)) {
            let message = format!("`{path}` has no heading `#{fragment}`");
            findings.push(Finding::new(&page.path, number, message));
        }
    }
    findings
}

/// Targets of inline links outside code, without those that leave the repository.
fn links(page: &SourceFile) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (number, line) in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let Some((target, _)) = part.split_once(')') else { continue };
            let leaves = target.contains("://") || target.starts_with("mailto:");
            if !leaves && !target.contains(' ') {
                found.push((number, target));
            }
        }
    }
    found
}

/// The path that `target` means in the page at `from`.
fn resolve(from: &str, target: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The fragments of a page's headings, as common renderers make them.
fn headings(page: &SourceFile) -> HashSet<String> {
    let mut in_code = false;
    let mut found = HashSet::new();
    for (_, line) in page.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        }
        if !in_code && line.starts_with('#') {
            found.insert(slug(line.trim_start_matches('#').trim()));
        }
    }
    found
}

fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(files: &[(&str, &str)]) -> usize {
        let tree = Tree::of(files);
        let exists = |path: &str| tree.file(path).is_some();
        tree.ending(".md").flat_map(|page| check_page(&tree, page, &exists)).count()
    }

    #[test]
    fn links_resolve_from_the_page_that_has_them() {
        let rules = ("docs/rules.md", "# Rules\n## Who asks\n");
        let good =
            "[a](rules.md) [b](../README.md#top-of-it) [c](rules.md#who-asks) [d](#here)\n# Here";
        assert_eq!(problems(&[("README.md", "# Top of it"), rules, ("docs/x.md", good)]), 0);
    }

    #[test]
    fn missing_files_and_headings_are_found() {
        assert_eq!(problems(&[("a.md", "[a](b.md) and [c](a.md#nothing)")]), 2);
    }

    #[test]
    fn code_and_addresses_elsewhere_are_not_links_of_ours() {
        assert_eq!(problems(&[("a.md", "```\n[a](b.md)\n```\n[c](https://example.com/d)")]), 0);
    }
}
