//! The repository's text files, read once, as the rules see them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that hold no source of ours.
const SKIPPED_FOLDERS: &[&str] = &["target", ".git", "node_modules"];

/// Endings of the files that rules look at.
const TEXT_ENDINGS: &[&str] =
    &[".rs", ".md", ".toml", ".txt", ".graphql", ".scn", ".sql", ".lua", ".yaml", ".json", ".sh"];

/// A text file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

/// Every text file.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The files, by path.
    pub(crate) files: Vec<SourceFile>,
}

impl Tree {
    /// Reads all text files below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        tree.files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(tree)
    }

    /// A tree made of `(path, text)` pairs, for tests of rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file =
            |(path, text): &(&str, &str)| SourceFile { path: (*path).into(), text: (*text).into() };
        Self { files: files.iter().map(file).collect() }
    }

    /// The file at `path`.
    pub(crate) fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Files whose names end so.
    pub(crate) fn ending(&self, ending: &str) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(move |file| file.path.ends_with(ending))
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder)
            .with_context(|| format!("could not list the folder {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if entry.file_type()?.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    self.read_folder(&entry.path(), &path)?;
                }
            } else if is_text(&path) {
                let text = fs::read_to_string(entry.path())
                    .with_context(|| format!("could not read {path} as text"))?;
                self.files.push(SourceFile { path, text });
            }
        }
        Ok(())
    }
}

fn is_text(path: &str) -> bool {
    TEXT_ENDINGS.iter().any(|ending| path.ends_with(ending)) || path.starts_with(".ci/")
}

impl SourceFile {
    /// Whether all of the file is test code.
    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The number of the first line of the file's own tests module, if it has one.
    pub(crate) fn tests_start(&self) -> Option<usize> {
        let mut lines = self.lines().peekable();
        while let Some((number, line)) = lines.next() {
            let next_is_module = lines.peek().is_some_and(|(_, next)| next.starts_with("mod "));
            if line == "#[cfg(test)]" && next_is_module {
                return Some(number);
            }
        }
        None
    }

    /// Whether the line stands in test code.
    pub(crate) fn is_test_line(&self, number: usize) -> bool {
        self.is_test() || self.tests_start().is_some_and(|start| number >= start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_tests_module_is_told_from_its_code() {
        let text = "fn a() {}\n#[cfg(test)]\nuse x::y;\n#[cfg(test)]\nmod tests {\n}\n";
        let file = SourceFile { path: "crates/a/src/b.rs".into(), text: text.into() };
        assert_eq!(file.tests_start(), Some(4));
        assert!(!file.is_test_line(3));
        assert!(file.is_test_line(5));
    }

    #[test]
    fn files_below_tests_are_test_code_from_their_first_line() {
        let file = SourceFile { path: "crates/a/tests/it/main.rs".into(), text: "x\n".into() };
        assert!(file.is_test_line(1));
    }
}
