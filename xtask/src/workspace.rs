//! Where the repository is, and what cargo says of its packages.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("invariant: xtask is a folder of the root").to_path_buf()
}

/// A cargo command that runs in the root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// What `cargo metadata` says; only what the rules need.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Metadata {
    /// Every package, ours and foreign ones.
    pub(crate) packages: Vec<Package>,
    /// The ids of ours.
    pub(crate) workspace_members: Vec<String>,
}

/// One package.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Package {
    /// The id cargo knows it by.
    pub(crate) id: String,
    /// The name.
    pub(crate) name: String,
    /// The version.
    pub(crate) version: String,
    /// The licence as the package declares it.
    pub(crate) license: Option<String>,
    /// What it depends on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dependency {
    /// The package.
    pub(crate) name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Metadata {
    /// Asks cargo, and leaves out packages that the lock file names but nothing links.
    pub(crate) fn read() -> Result<Self> {
        let output = ask(&["metadata", "--format-version", "1", "--locked"])?;
        let mut metadata: Self =
            serde_json::from_slice(&output).context("could not read what cargo metadata wrote")?;
        // `metadata` lists what any feature of a package might bring; `tree` knows what is on.
        let edges = ["--workspace", "--target", "all", "--edges", "normal,build,dev"];
        let form = ["--prefix", "none", "--format", "{p}", "--locked"];
        let tree = ask(&[["tree"].as_slice(), edges.as_slice(), form.as_slice()].concat())?;
        let linked = parse_tree(&String::from_utf8_lossy(&tree));
        metadata
            .packages
            .retain(|package| linked.contains(&(package.name.clone(), package.version.clone())));
        Ok(metadata)
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.is_member(package))
    }

    /// Everybody else's.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| !self.is_member(package))
    }

    fn is_member(&self, package: &Package) -> bool {
        self.workspace_members.contains(&package.id)
    }
}

fn ask(arguments: &[&str]) -> Result<Vec<u8>> {
    let output = cargo(arguments).output().context("could not start cargo")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`cargo {}` failed:\n{complaint}", arguments[0]);
    Ok(output.stdout)
}

/// Names and versions of lines such as `syn v2.0.119 (proc-macro) (*)`.
fn parse_tree(text: &str) -> BTreeSet<(String, String)> {
    let package = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next()?;
        let version = words.next()?.strip_prefix('v')?;
        Some((name.to_owned(), version.to_owned()))
    };
    text.lines().filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_read_from_cargos_tree() {
        let text = "underpin v0.1.0 (path)\nsyn v2.0.1 (proc-macro) (*)\n\nsyn v2.0.1\n";
        let packages = parse_tree(text);
        assert_eq!(packages.len(), 2);
        assert!(packages.contains(&("syn".to_owned(), "2.0.1".to_owned())));
    }
}
