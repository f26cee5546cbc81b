//! Requests to other servers leave through `egress` alone, where their addresses are judged.

use super::Finding;
use crate::tree::Tree;
use crate::workspace::Metadata;

/// The package that may send requests.
const ROOM: &str = "underpin-egress";

/// Where its sources are.
const FOLDER: &str = "crates/egress/";

/// Packages that send HTTP requests.
const CLIENTS: &[&str] = &[
    "attohttpc",
    "awc",
    "curl",
    "isahc",
    "minreq",
    "oauth2",
    "openidconnect",
    "reqwest",
    "surf",
    "ureq",
];

/// The clients inside packages that servers use too, put together here so that this file does not
/// find itself.
const PATHS: &[&str] = &[concat!("hyper", "::client"), concat!("hyper_util", "::client")];

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in metadata.members().filter(|package| package.name != ROOM) {
        let linked = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
        for client in linked.filter(|dependency| CLIENTS.contains(&dependency.name.as_str())) {
            let message = format!("`{}` uses `{}`; use `egress`", package.name, client.name);
            findings.push(Finding::new("Cargo.toml", 0, message));
        }
    }
    for file in tree.ending(".rs").filter(|file| !file.path.starts_with(FOLDER)) {
        for (number, line) in file.lines().filter(|(number, _)| !file.is_test_line(*number)) {
            if let Some(path) = PATHS.iter().find(|path| line.contains(*path)) {
                let message = format!("`{path}` is a second client; use `egress`");
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package};

    fn member(name: &str, dependency: &str, kind: Option<&str>) -> Metadata {
        let dependency = Dependency { name: dependency.to_owned(), kind: kind.map(str::to_owned) };
        let package = Package {
            id: name.to_owned(),
            name: name.to_owned(),
            dependencies: vec![dependency],
            ..Package::default()
        };
        Metadata { packages: vec![package], workspace_members: vec![name.to_owned()] }
    }

    #[test]
    fn a_second_client_is_found_by_its_package() {
        let tree = Tree::default();
        assert_eq!(check(&tree, &member("underpin-oidc", "reqwest", None)).len(), 1);
        assert_eq!(check(&tree, &member("underpin-oidc", "reqwest", Some("dev"))), []);
        assert_eq!(check(&tree, &member("underpin-oidc", "hyper", None)), []);
        assert_eq!(check(&tree, &member(ROOM, "reqwest", None)), []);
    }

    #[test]
    fn a_second_client_is_found_by_its_path() {
        let text = format!("use {}::conn;\n", PATHS[0]);
        let files = [("crates/oidc/src/a.rs", text.as_str()), ("crates/egress/src/a.rs", &text)];
        assert_eq!(check(&Tree::of(&files), &Metadata::default()).len(), 1);
        let test = [("crates/oidc/tests/it/a.rs", text.as_str())];
        assert_eq!(check(&Tree::of(&test), &Metadata::default()), []);
    }
}
