//! What roles permit.

use std::collections::BTreeMap;

use underpin_rules::grants_any;
use underpin_schema::Schema;

use crate::Profile;

/// Roles by name, with the permissions that each has. A schema declares some; while a server runs
/// they are rows, which may change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles(BTreeMap<String, Vec<String>>);

impl Roles {
    /// Those that `schema` declares.
    #[must_use]
    pub fn declared(schema: &Schema) -> Self {
        schema.roles.iter().map(|role| (role.name.clone(), role.can.clone())).collect()
    }

    /// The permissions of everybody who has these roles; names of no role permit nothing.
    #[must_use]
    pub fn permissions(&self, roles: &[String]) -> Vec<String> {
        let held = roles.iter().filter_map(|role| self.0.get(role)).flatten();
        let mut permissions: Vec<String> = held.cloned().collect();
        permissions.sort_unstable();
        permissions.dedup();
        permissions
    }

    /// Whether everybody with this profile has the permission: by a role, and by a scope where the
    /// profile has scopes.
    #[must_use]
    pub fn permit(&self, profile: &Profile, permission: &str) -> bool {
        let covered = profile.scopes.as_ref().is_none_or(|scopes| grants_any(scopes, permission));
        covered && grants_any(&self.permissions(&profile.roles), permission)
    }

    /// Whether there is a role with this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Every role with its permissions, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(name, can)| (name.as_str(), can.as_slice()))
    }
}

impl FromIterator<(String, Vec<String>)> for Roles {
    fn from_iter<I: IntoIterator<Item = (String, Vec<String>)>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;

    fn roles() -> Roles {
        let role = |name: &str, can: &[&str]| {
            (name.to_owned(), can.iter().map(|&permission| permission.to_owned()).collect())
        };
        Roles::from_iter([role("staff", &["products:*", "orders:read"]), role("idle", &[])])
    }

    #[test]
    fn permissions_of_several_roles_add_up_and_unknown_roles_add_nothing() {
        let names = ["idle", "ghost", "staff"].map(str::to_owned);
        assert_eq!(roles().permissions(&names), ["orders:read", "products:*"]);
        assert!(roles().permissions(&["ghost".to_owned()]).is_empty());
    }

    #[test]
    fn scopes_narrow_and_never_widen() {
        let staff = Actor::key(["staff".to_owned()]);
        let permits = |scopes: &[&str], asked| {
            let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
            roles().permit(&staff.clone().as_key(scopes).profile, asked)
        };
        assert!(roles().permit(&staff.profile, "products:update"));
        assert!(permits(&["products:*"], "products:update"));
        assert!(permits(&["*"], "orders:read"));
        assert!(!permits(&["products:read"], "products:update"));
        assert!(!permits(&["*"], "orders:update"));
        assert!(!permits(&[], "orders:read"));
    }
}
