//! Packages that must not be linked at all, and packages that must not be linked twice.
//!
//! Both lists stand in `deny.toml`, each entry with its reason.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Finding;
use super::licences::PATH;
use crate::tree::Tree;
use crate::workspace::Metadata;

#[derive(Debug, Deserialize)]
struct Policy {
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Bans {
    #[serde(default)]
    deny: Vec<Entry>,
    #[serde(default)]
    skip: Vec<Entry>,
}

/// A package and why it is listed.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let Some(file) = tree.file(PATH) else { return Vec::new() };
    let bans = match toml::from_str::<Policy>(&file.text) {
        Ok(list) => list.bans,
        Err(error) => return vec![Finding::new(PATH, 0, error.to_string())],
    };
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in metadata.foreign() {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    let mut findings = Vec::new();
    for banned in bans.deny.iter().filter(|banned| versions.contains_key(banned.name.as_str())) {
        let message = format!("`{}` is banned: {}", banned.name, banned.reason);
        findings.push(Finding::new("Cargo.lock", 0, message));
    }
    let twice = versions.iter().filter(|(_, versions)| versions.len() > 1);
    let doubled: BTreeMap<_, _> = twice.collect();
    for (name, versions) in &doubled {
        if !bans.skip.iter().any(|skipped| skipped.name == **name) {
            let list = versions.iter().copied().collect::<Vec<_>>().join(" and ");
            let message = format!("`{name}` is linked as {list}; unify, or list it with a reason");
            findings.push(Finding::new("Cargo.lock", 0, message));
        }
    }
    for skipped in bans.skip.iter().filter(|entry| !doubled.contains_key(&entry.name.as_str())) {
        let message = format!("`{}` has one version again; remove its entry", skipped.name);
        findings.push(Finding::new(PATH, 0, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Package;

    const DENY: &str = r#"
        [bans]
        deny = [{ crate = "openssl", reason = "one TLS library" }]
        skip = [{ crate = "old", reason = "until x moves" }]
    "#;

    fn problems(packages: &[(&str, &str)]) -> usize {
        let package = |(name, version): &(&str, &str)| Package {
            name: (*name).into(),
            version: (*version).into(),
            ..Package::default()
        };
        let packages = packages.iter().map(package).collect();
        let metadata = Metadata { packages, ..Metadata::default() };
        check(&Tree::of(&[(PATH, DENY)]), &metadata).len()
    }

    #[test]
    fn a_banned_package_and_a_second_version_are_found() {
        let listed = [("old", "1.0.0"), ("old", "2.0.0")];
        assert_eq!(problems(&listed), 0);
        assert_eq!(problems(&[listed[0], listed[1], ("openssl", "0.10.0")]), 1);
        assert_eq!(problems(&[listed[0], listed[1], ("a", "1.0.0"), ("a", "2.0.0")]), 1);
    }

    #[test]
    fn an_entry_that_is_not_needed_any_more_is_found() {
        assert_eq!(problems(&[("old", "2.0.0")]), 1);
    }
}
