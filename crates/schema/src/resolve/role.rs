//! What the schema says of itself: roles and the version.

use std::collections::{HashMap, HashSet};

use super::Work;
use crate::applied::{Directives, Text};
use crate::declare::Declarations;
use crate::diagnostic::{directive, nearest, role, unknown};
use crate::directives::Place;
use crate::{Role, Span};

/// The role that may do everything, whether declared or not.
const ADMIN: &str = "admin";

/// A role as it is declared.
struct Declared<'a> {
    name: Text<'a>,
    can: Vec<Text<'a>>,
    inherits: Vec<Text<'a>>,
}

impl<'a> Work<'a, '_> {
    pub(super) fn resolve_roles(&mut self, declarations: &Declarations<'a>) {
        let directives = Directives::check(&declarations.schema, Place::Schema, self.diagnostics);
        if let Some((number, span)) =
            directives.get("version").and_then(|version| version.number("number"))
        {
            match u32::try_from(number) {
                Ok(number @ 1..) => self.schema.version = number,
                _ => self.report(directive::version(span)),
            }
        }
        let declared = self.declared_roles(&directives);
        let place: HashMap<&str, usize> =
            declared.iter().enumerate().map(|(index, role)| (role.name.text, index)).collect();
        self.check_inherited(&declared, &place);
        self.check_permissions(&declared);
        for index in 0..declared.len() {
            let mut gathered = Gathered::default();
            self.gather(&declared, &place, &mut vec![index], &mut gathered);
            let name = declared[index].name.text.to_owned();
            self.schema.roles.push(Role { name, can: gathered.can });
        }
        if !place.contains_key(ADMIN) {
            self.schema.roles.push(Role { name: ADMIN.to_owned(), can: vec!["*".to_owned()] });
        }
    }

    fn declared_roles(&mut self, directives: &Directives<'a>) -> Vec<Declared<'a>> {
        let mut declared: Vec<Declared<'a>> = Vec::new();
        for applied in directives.all("role") {
            let Some(name) = applied.text("name") else { continue };
            if let Some(first) = declared.iter().find(|known| known.name.text == name.text) {
                let diagnostic = role::declared_twice(name, first.name.span);
                self.report(diagnostic);
                continue;
            }
            let wrong = role::check_name(name);
            self.diagnostics.extend(wrong);
            declared.push(Declared {
                name,
                can: applied.texts("can").unwrap_or_default(),
                inherits: applied.texts("inherits").unwrap_or_default(),
            });
        }
        declared
    }

    fn check_inherited(&mut self, declared: &[Declared<'a>], place: &HashMap<&str, usize>) {
        for name in declared.iter().flat_map(|role| &role.inherits) {
            if name.text != ADMIN && !place.contains_key(name.text) {
                let known = place.keys().copied().chain([ADMIN]);
                self.report(unknown::role(*name, known));
            }
        }
    }

    fn check_permissions(&mut self, declared: &[Declared<'a>]) {
        for permission in declared.iter().flat_map(|role| &role.can) {
            let diagnostic = match permission.text.split_once(':') {
                None if permission.text == "*" => None,
                None => Some(role::malformed_permission(*permission)),
                Some((plural, operation)) if !role::is_well_formed(plural, operation) => {
                    Some(role::malformed_permission(*permission))
                }
                // Permissions of the team's own making are fine; a slip of a model's name is not.
                Some((plural, operation)) if !self.schema.by_plural.contains_key(plural) => {
                    let plurals = self.schema.by_plural.keys().map(String::as_str);
                    nearest(plural, plurals)
                        .map(|meant| role::near_model(*permission, &format!("{meant}:{operation}")))
                }
                Some(_) => None,
            };
            self.diagnostics.extend(diagnostic);
        }
    }

    /// Adds the permissions of the last role on the path, and of those it inherits from.
    fn gather(
        &mut self,
        declared: &[Declared<'a>],
        place: &HashMap<&str, usize>,
        path: &mut Vec<usize>,
        gathered: &mut Gathered,
    ) {
        let Some(&last) = path.last() else { return };
        gathered.seen.insert(last);
        declared[last].can.iter().for_each(|permission| gathered.add(permission.text));
        for name in &declared[last].inherits {
            match place.get(name.text) {
                // Each circle is met from every role on it; its first role reports it.
                Some(&next) if path[0] == next && path.iter().all(|member| next <= *member) => {
                    let around: Vec<(&str, Span)> = path
                        .iter()
                        .map(|role| (declared[*role].name.text, declared[*role].name.span))
                        .collect();
                    self.report(role::cycle(&around, name.span));
                }
                Some(&next) if !gathered.seen.contains(&next) => {
                    path.push(next);
                    self.gather(declared, place, path, gathered);
                    path.pop();
                }
                Some(_) => {}
                None if name.text == ADMIN => gathered.add("*"),
                None => {}
            }
        }
    }
}

/// The permissions of a role as they are found.
#[derive(Default)]
struct Gathered {
    can: Vec<String>,
    known: HashSet<String>,
    /// Roles whose permissions are in, so that each is followed once.
    seen: HashSet<usize>,
}

impl Gathered {
    fn add(&mut self, permission: &str) {
        if self.known.insert(permission.to_owned()) {
            self.can.push(permission.to_owned());
        }
    }
}
