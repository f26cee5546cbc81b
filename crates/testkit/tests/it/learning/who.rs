//! Random actors.

use underpin_plan::Actor;
use underpin_schema::Schema;

use super::chance::Chance;
use super::load;
use super::value::Val;
use super::world::World;

/// Who asks.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// The number of the account's row, for a user; there may be no such row.
    pub(super) key: Option<usize>,
    pub(super) roles: Vec<&'static str>,
    /// What a key is narrowed to.
    pub(super) scopes: Option<Vec<&'static str>>,
    pub(super) verified: bool,
    pub(super) note: Option<&'static str>,
    /// The cells of the own row.
    pub(super) own: Option<Vec<Val>>,
}

/// Some of every kind.
pub(super) fn all(world: &World, chance: &mut Chance) -> Vec<Who> {
    let anonymous = Who {
        name: "anonymous".to_owned(),
        kind: "anonymous",
        key: None,
        roles: Vec::new(),
        scopes: None,
        verified: false,
        note: None,
        own: None,
    };
    let mut all = vec![anonymous.clone()];
    for n in 1..=3 {
        // Another beyond the last row, at times.
        let key = 1 + chance.below(world.rows[0].len() + 1);
        let own = world.find(0, key).map(|at| world.row(at).cells.clone());
        all.push(Who {
            name: format!("user{n}"),
            kind: "user",
            key: Some(key),
            roles: roles(chance),
            scopes: None,
            verified: chance.once_in(2),
            note: chance.once_in(2).then(|| *chance.pick(&["a", "ab"])),
            own,
        });
    }
    for n in 1..=2 {
        let owner = all[n].clone();
        let scopes = Some(scopes(chance));
        all.push(Who { name: format!("key{n}"), kind: "key", scopes, ..owner });
    }
    let key = Who { name: "script".to_owned(), kind: "key", ..anonymous.clone() };
    all.push(Who { roles: roles(chance), ..key });
    let admin = Who { name: "admin".to_owned(), kind: "key", ..anonymous.clone() };
    all.push(Who { roles: vec!["admin"], ..admin });
    all.push(Who { name: "service".to_owned(), kind: "service", ..anonymous });
    all
}

fn scopes(chance: &mut Chance) -> Vec<&'static str> {
    let models = ["alphas:*", "betas:read", "users:read", "gammas:*"];
    let mut scopes: Vec<&str> = models.into_iter().filter(|_| !chance.once_in(3)).collect();
    // What covers everything, or asks of rules, is rare: it hides what scopes take away.
    scopes.extend(["*", "things:count"].into_iter().filter(|_| chance.once_in(6)));
    scopes
}

fn roles(chance: &mut Chance) -> Vec<&'static str> {
    ["staff", "clerk", "guest"].into_iter().filter(|_| chance.once_in(2)).collect()
}

impl Who {
    /// As the server knows them.
    pub(super) fn actor(&self, world: &World, schema: &Schema) -> Option<Actor> {
        let roles = self.roles.iter().map(|role| (*role).to_owned());
        let mut actor = match (self.kind, self.key) {
            ("user", Some(key)) => Actor::user(load::key(world, 0, key), roles),
            ("key", Some(key)) => Actor::user(load::key(world, 0, key), roles).as_unscoped_key(),
            ("key", None) => Actor::key(roles),
            _ => return None,
        };
        if let Some(scopes) = &self.scopes {
            actor = actor.as_key(scopes.iter().map(|&scope| scope.to_owned()).collect());
        }
        actor.verified = self.verified;
        actor.claims.extend(self.note.map(|note| ("note".to_owned(), note.to_owned())));
        let model = schema.model(schema.by_name[world.models[0].name]);
        for (field, cell) in self.own.iter().flatten().enumerate() {
            if world.models[0].fields[field].has_column() {
                let id = model.by_field[&world.models[0].fields[field].name];
                let value = load::value(world, (0, field), cell);
                actor.user.insert(id, value);
            }
        }
        Some(actor)
    }

    /// The account's key as values hold it.
    pub(super) fn id(&self) -> Val {
        self.key.map_or(Val::Null, Val::Key)
    }
}
