//! Every package we link has a licence that `deny.toml` allows.
//!
//! `deny.toml` is in the format of cargo-deny, so that tool can be run beside this rule; the check
//! here needs nothing but cargo.

use serde::Deserialize;

use super::Finding;
use super::spdx::Expression;
use crate::tree::Tree;
use crate::workspace::{Metadata, Package};

pub(super) const PATH: &str = "deny.toml";

#[derive(Debug, Deserialize)]
struct Policy {
    licenses: Licences,
}

#[derive(Debug, Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
    #[serde(default)]
    clarify: Vec<Clarification>,
}

/// A licence that one package may have and others may not.
#[derive(Debug, Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

/// The licence of a package that declares none in its manifest.
#[derive(Debug, Deserialize)]
struct Clarification {
    #[serde(rename = "crate")]
    name: String,
    expression: String,
}

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let Some(file) = tree.file(PATH) else {
        return vec![Finding::new(PATH, 0, "there is no list of allowed licences")];
    };
    let licences = match toml::from_str::<Policy>(&file.text) {
        Ok(list) => list.licenses,
        Err(error) => return vec![Finding::new(PATH, 0, error.to_string())],
    };
    let mut findings: Vec<Finding> =
        metadata.foreign().filter_map(|package| check_package(&licences, package)).collect();
    let exceptions = licences.exceptions.iter().map(|exception| &exception.name);
    for name in exceptions.chain(licences.clarify.iter().map(|clarified| &clarified.name)) {
        if !metadata.foreign().any(|package| package.name == *name) {
            let message = format!("`{name}` is not used any more; remove what is said of it");
            findings.push(Finding::new(PATH, 0, message));
        }
    }
    findings
}

fn check_package(licences: &Licences, package: &Package) -> Option<Finding> {
    let named = format!("{} {}", package.name, package.version);
    let clarified = licences.clarify.iter().find(|clarified| clarified.name == package.name);
    let declared = match (clarified, &package.license) {
        (Some(clarified), _) => &clarified.expression,
        (None, Some(declared)) => declared,
        (None, None) => {
            return Some(Finding::new(PATH, 0, format!("{named} declares no licence")));
        }
    };
    let Some(expression) = Expression::parse(declared) else {
        let message = format!("{named}: `{declared}` is no licence expression");
        return Some(Finding::new(PATH, 0, message));
    };
    let exceptions = licences.exceptions.iter().filter(|other| other.name == package.name);
    let mut allowed = licences.allow.clone();
    allowed.extend(exceptions.flat_map(|exception| exception.allow.iter().cloned()));
    if expression.is_allowed(&allowed) {
        return None;
    }
    Some(Finding::new(PATH, 0, format!("{named} has a licence that is not allowed: {declared}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = r#"
        [licenses]
        allow = ["MIT"]
        [[licenses.exceptions]]
        crate = "tables"
        allow = ["Unicode-3.0"]
        [[licenses.clarify]]
        crate = "silent"
        expression = "MIT"
    "#;

    fn problems(licences: &[(&str, Option<&str>)]) -> Vec<String> {
        let package = |(name, license): &(&str, Option<&str>)| Package {
            name: (*name).into(),
            license: license.map(Into::into),
            ..Package::default()
        };
        let mut packages: Vec<Package> = licences.iter().map(package).collect();
        packages.push(package(&("tables", Some("MIT AND Unicode-3.0"))));
        packages.push(package(&("silent", None)));
        let metadata = Metadata { packages, ..Metadata::default() };
        let findings = check(&Tree::of(&[(PATH, DENY)]), &metadata);
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn allowed_licences_exceptions_and_clarifications_pass() {
        assert_eq!(problems(&[("a", Some("MIT OR GPL-3.0-only"))]), [""; 0]);
    }

    #[test]
    fn other_licences_and_silence_are_found() {
        assert_eq!(problems(&[("a", Some("GPL-3.0-only"))]).len(), 1);
        assert_eq!(problems(&[("a", Some("Unicode-3.0"))]).len(), 1);
        assert_eq!(problems(&[("a", None)]).len(), 1);
        assert_eq!(problems(&[("a", Some("see the file"))]).len(), 1);
    }

    #[test]
    fn what_is_said_of_packages_that_are_gone_is_found() {
        let findings = check(&Tree::of(&[(PATH, DENY)]), &Metadata::default());
        assert_eq!(findings.len(), 2);
    }
}
