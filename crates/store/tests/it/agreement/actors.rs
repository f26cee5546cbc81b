//! Random actors, and what rules may know of them.

use underpin_plan::{Actor, ActorKind};
use underpin_rules::{ActorValue, Rows};
use underpin_schema::{FieldKind, Scalar, Schema, Value};

use super::chance::Chance;
use super::values::Kind;
use super::world::World;

/// Somebody: nobody known, an account with or without a row of its own, a key, or the server.
pub(super) fn make(world: &World, chance: &mut Chance) -> Actor {
    let roles: Vec<String> = ["staff", "clerk", "admin"]
        .into_iter()
        .filter(|role| chance.once_in(if *role == "admin" { 12 } else { 4 }))
        .map(str::to_owned)
        .collect();
    let mut actor = match chance.below(12) {
        0 | 1 => Actor::anonymous(),
        2 => Actor::key(roles),
        3 => Actor::service(),
        _ => user(world, roles, chance),
    };
    if actor.profile.kind != ActorKind::Anonymous && chance.once_in(2) {
        let Value::Text(note) = Kind::Scalar(Scalar::String).value(&world.schema, chance) else {
            unreachable!("a string is text")
        };
        actor.claims.insert("note".to_owned(), note);
    }
    actor
}

fn user(world: &World, roles: Vec<String>, chance: &mut Chance) -> Actor {
    let account = world.schema.account_model().unwrap();
    let id = Kind::key(&world.schema, account.id, chance.below(6));
    let mut actor = Actor::user(id.clone(), roles);
    actor.verified = chance.once_in(2);
    if let Some(own) = world.find(account.id, &id) {
        let columns = account
            .fields
            .iter()
            .filter(|field| !matches!(field.kind, FieldKind::ToMany(_) | FieldKind::ManyToMany(_)));
        actor.user = columns.map(|field| (field.id, world.value(&own, field.id))).collect();
    }
    actor
}

/// Everything that a rule may read of the actor.
pub(super) fn all(actor: &Actor, schema: &Schema) -> Vec<(ActorValue, Value)> {
    let account = schema.account_model().unwrap();
    let note = ActorValue::Claim("note".to_owned());
    [ActorValue::Id, ActorValue::Kind, ActorValue::Verified, note]
        .into_iter()
        .chain(account.fields.iter().map(|field| ActorValue::UserField(field.id)))
        .map(|asked| {
            let value = value(actor, &asked);
            (asked, value)
        })
        .collect()
}

/// What a rule reads of the actor.
pub(super) fn value(actor: &Actor, asked: &ActorValue) -> Value {
    match asked {
        ActorValue::Id => actor.id.clone(),
        ActorValue::Kind => Value::Text(actor.profile.kind.name().to_owned()),
        ActorValue::Verified => Value::Bool(actor.verified),
        ActorValue::Claim(name) => {
            actor.claims.get(name).map_or(Value::Null, |claim| Value::Text(claim.clone()))
        }
        ActorValue::UserField(field) => actor.user.get(field).cloned().unwrap_or(Value::Null),
        ActorValue::Ip => Value::Null,
        ActorValue::Transport => Value::Text("rest".to_owned()),
    }
}
