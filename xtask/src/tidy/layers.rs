//! The layer table of `ARCHITECTURE.md`, held against what cargo says.
//!
//! A room depends on rooms of lower layers, on those of its own layer that the table names under
//! "also uses", and never on those under "never uses". Development dependencies are free, but
//! for what must not leave development: rooms of layer `dev` are nobody's normal dependency.

use super::Finding;
use crate::tree::Tree;
use crate::workspace::{Metadata, Package};

const PATH: &str = "ARCHITECTURE.md";

/// The heading above the table.
const HEADING: &str = "## Layers";

/// The layer of what only developers run.
const DEV: u8 = u8::MAX;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Room {
    /// The layer.
    pub(super) layer: u8,
    /// The name: the folder below `crates`.
    pub(super) name: String,
    /// Rooms of the same layer that it uses.
    pub(super) also: Vec<String>,
    /// Rooms of lower layers that it does not use.
    pub(super) never: Vec<String>,
}

pub(super) fn check(tree: &Tree, metadata: &Metadata) -> Vec<Finding> {
    let rooms = rooms(tree);
    if rooms.is_empty() {
        return vec![Finding::new(PATH, 0, format!("no table below `{HEADING}`"))];
    }
    let mut findings = Vec::new();
    for package in metadata.members() {
        match rooms.iter().find(|room| room.name == room_name(package)) {
            Some(room) => check_package(&rooms, room, package, &mut findings),
            None => {
                let message = format!("the layer table lacks `{}`", room_name(package));
                findings.push(Finding::new(PATH, 0, message));
            }
        }
    }
    for room in &rooms {
        if !metadata.members().any(|package| room_name(package) == room.name) {
            let message = format!("the layer table names `{}`, which is not there", room.name);
            findings.push(Finding::new(PATH, 0, message));
        }
    }
    findings
}

/// The rooms of the table; none when there is no table.
pub(super) fn rooms(tree: &Tree) -> Vec<Room> {
    let Some(file) = tree.file(PATH) else { return Vec::new() };
    let below = file.text.lines().skip_while(|line| *line != HEADING).skip(1);
    let section = below.take_while(|line| !line.starts_with("## "));
    section.filter(|line| line.starts_with('|')).filter_map(parse_row).collect()
}

fn parse_row(line: &str) -> Option<Room> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [layer, name, also, never, ..] = cells.as_slice() else { return None };
    let layer = if *layer == "dev" { DEV } else { layer.parse().ok()? };
    let name = names(name).pop()?;
    Some(Room { layer, name, also: names(also), never: names(never) })
}

/// The names between back quotes.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The table's name for a package: `underpin` itself is the room `cli`.
fn room_name(package: &Package) -> &str {
    room_of(&package.name).unwrap_or(&package.name)
}

/// The room of a package of ours by its name.
fn room_of(package_name: &str) -> Option<&str> {
    if package_name == "underpin" { Some("cli") } else { package_name.strip_prefix("underpin-") }
}

fn check_package(rooms: &[Room], room: &Room, package: &Package, findings: &mut Vec<Finding>) {
    let shipped = package.dependencies.iter().filter(|line| line.kind.as_deref() != Some("dev"));
    for name in shipped.filter_map(|line| room_of(&line.name)) {
        let Some(used) = rooms.iter().find(|other| other.name == name) else { continue };
        if let Some(problem) = refuse(room, used) {
            let path = format!("crates/{}/Cargo.toml", room.name);
            findings.push(Finding::new(&path, 0, problem));
        }
    }
}

/// Why `room` may not use `used`, if it may not.
fn refuse(room: &Room, used: &Room) -> Option<String> {
    let (name, layer) = (&used.name, used.layer);
    if used.layer == DEV && room.layer != DEV {
        return Some(format!("`{name}` is for development; make it a dev-dependency"));
    }
    if room.never.contains(name) {
        return Some(format!("the layer table says that `{}` never uses `{name}`", room.name));
    }
    if layer < room.layer || room.also.contains(name) {
        return None;
    }
    Some(format!("layer {} may not use `{name}` of layer {layer}", room.layer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const TABLE: &str = "# X\n\n## Layers\n\
        | layer | room | also uses | never uses | holds |\n|---|---|---|---|---|\n\
        | 0 | `base` | | | x |\n\
        | 1 | `schema` | | | x |\n\
        | 1 | `rules` | `schema` | | x |\n\
        | 5 | `http` | | `schema` | x |\n\
        | dev | `testkit` | | | x |\n\n## Next\n| 9 | `nothing` | | | |\n";

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependency = |(name, kind): &(&str, Option<&str>)| Dependency {
            name: format!("underpin-{name}"),
            kind: kind.map(Into::into),
        };
        let name = format!("underpin-{name}");
        let dependencies = uses.iter().map(dependency).collect();
        Package { id: name.clone(), name, dependencies, ..Package::default() }
    }

    fn problems(changed: Package) -> Vec<String> {
        let mut packages: Vec<Package> =
            ["base", "schema", "rules", "http", "testkit"].map(|name| package(name, &[])).into();
        packages.retain(|package| package.name != changed.name);
        packages.push(changed);
        let workspace_members = packages.iter().map(|package| package.id.clone()).collect();
        let metadata = Metadata { packages, workspace_members };
        let findings = check(&Tree::of(&[(PATH, TABLE)]), &metadata);
        findings.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn lower_layers_and_named_neighbours_are_free() {
        assert_eq!(problems(package("rules", &[("base", None), ("schema", None)])), [""; 0]);
        assert_eq!(problems(package("base", &[("http", Some("dev"))])), [""; 0]);
    }

    #[test]
    fn a_room_that_looks_up_or_sideways_is_found() {
        assert_eq!(problems(package("base", &[("schema", None)])).len(), 1);
        assert_eq!(problems(package("schema", &[("rules", None)])).len(), 1);
    }

    #[test]
    fn what_a_room_never_uses_is_found_though_it_is_lower() {
        assert_eq!(problems(package("http", &[("schema", None)])).len(), 1);
    }

    #[test]
    fn nothing_ships_what_is_for_development() {
        assert_eq!(problems(package("http", &[("testkit", None)])).len(), 1);
        assert_eq!(problems(package("http", &[("testkit", Some("dev"))])), [""; 0]);
    }

    #[test]
    fn table_and_packages_name_the_same_rooms() {
        assert_eq!(problems(package("unknown", &[])), ["the layer table lacks `unknown`"]);
        let findings = check(&Tree::of(&[(PATH, TABLE)]), &Metadata::default());
        assert_eq!(findings.len(), 5);
    }
}
