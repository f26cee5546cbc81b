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
            verified: chance.once_in(2),
            note: chance.once_in(2).then(|| *chance.pick(&["a", "ab"])),
            own,
        });
    }
    let key = Who { name: "script".to_owned(), kind: "key", ..anonymous.clone() };
    all.push(Who { roles: roles(chance), ..key });
    let admin = Who { name: "admin".to_owned(), kind: "key", ..anonymous.clone() };
    all.push(Who { roles: vec!["admin"], ..admin });
    all.push(Who { name: "service".to_owned(), kind: "service", ..anonymous });
    all
}

fn roles(chance: &mut Chance) -> Vec<&'static str> {
    ["staff", "clerk", "guest"].into_iter().filter(|_| chance.once_in(3)).collect()
}

impl Who {
    /// As the server knows them.
    pub(super) fn actor(&self, world: &World, schema: &Schema) -> Option<Actor> {
        let roles = self.roles.iter().map(|role| (*role).to_owned());
        let mut actor = match (self.kind, self.key) {
            ("user", Some(key)) => Actor::user(load::key(world, 0, key), roles),
            ("key", _) => Actor::key(roles),
            _ => return None,
        };
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
