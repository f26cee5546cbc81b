//! One list asked of the database and judged in memory.

use std::fmt::Write;

use underpin_base::{Code, Limits};
use underpin_plan::{
    Actor, ActorKind, Catalog, Folded, PageRequest, Paging, RawText, ReadRequest, Target,
    authorize_read,
};
use underpin_rules::{
    ActorValue, Facts, Predicate, Situation, Visible, VisibleField, eval, parse_filter,
    scan_filter, type_filter,
};
use underpin_schema::{FieldId, FieldKind, ModelId, Value};
use underpin_sql::{Dialect, Inputs, ReadProgram};
use underpin_store::Seal;

use super::actors;
use super::chance::Chance;
use super::expressions::{Wording, Writer};
use super::values::Kind;
use super::world::{Place, World};

/// 2026-01-01T00:30:00Z
const NOW: i64 = 1_767_227_400_000_000;

/// Who asks for which rows.
pub(super) struct Question {
    pub(super) actor: Actor,
    pub(super) model: ModelId,
    pub(super) filter: Option<String>,
}

impl Question {
    pub(super) fn make(world: &World, catalog: &Catalog, chance: &mut Chance) -> Self {
        let model = chance.pick(&catalog.schema.models).id;
        let actor = actors::make(world, chance);
        let filter = chance
            .once_in(2)
            .then(|| Writer::new(&catalog.schema, model, Wording::Filter, chance).condition());
        Self { actor, model, filter }
    }

    /// The keys that the database returns; nothing when the question may not be asked.
    pub(super) fn ask(
        &self,
        world: &World,
        catalog: &Catalog,
        folded: &Folded,
    ) -> Option<Vec<String>> {
        let (program, slots) = match self.program(catalog, folded) {
            Ok(found) => found,
            Err(Code::Forbidden | Code::Unauthenticated) if self.filter.is_none() => {
                return Some(Vec::new());
            }
            // A filter may name what the actor can never read.
            Err(Code::UnknownField | Code::Forbidden | Code::Unauthenticated) => return None,
            Err(code) => panic!("{}: {:?}", code.name(), self.filter),
        };
        let facts = actors::all(&self.actor, &catalog.schema);
        let found = keys(world, &program, slots, facts);
        Some(
            found.unwrap_or_else(|error| {
                panic!("{error:?}\n{}", self.describe(world, catalog, folded))
            }),
        )
    }

    /// The keys of the rows that evaluation accepts, with predicates of another meaning where
    /// `meant` gives them one.
    pub(super) fn judge(
        &self,
        world: &World,
        catalog: &Catalog,
        meant: impl Fn(&Predicate) -> Predicate,
    ) -> Vec<String> {
        let mut all = vec![self.rows(catalog, self.model)];
        let mut slots = Vec::new();
        if let Some(text) = &self.filter {
            let sees = Sees { question: self, catalog };
            let expr = parse_filter(text, &Limits::default()).unwrap();
            let (predicate, types) =
                type_filter(&expr, &catalog.schema, self.model, 0, &sees).unwrap();
            let mut literals = Vec::new();
            scan_filter(text, &mut Vec::new(), &mut literals).unwrap();
            let typed = literals.iter().zip(&types);
            slots = typed
                .map(|(literal, slot)| slot.parse_literal(*literal, &catalog.schema).unwrap())
                .collect();
            all.push(predicate);
        }
        let predicate = meant(&Predicate::and(all));
        let permissions = self.permissions(catalog);
        let facts = Facts {
            kind: self.actor.profile.kind.name(),
            roles: &self.actor.profile.roles,
            permissions: &permissions,
            scopes: self.actor.profile.scopes.as_deref(),
            is_account: self.actor.profile.is_account,
        };
        let actor = |asked: &ActorValue| actors::value(&self.actor, asked);
        let rows = (0..world.n_rows(self.model)).map(|row| Place { model: self.model, row });
        let mut keys: Vec<String> = rows
            .filter(|row| {
                let situation = Situation {
                    schema: &catalog.schema,
                    rows: world,
                    row,
                    next: None,
                    facts,
                    actor: &actor,
                    now: NOW,
                    slots: &slots,
                };
                eval(&predicate, &situation)
            })
            .map(|row| shown(world, row))
            .collect();
        keys.sort_unstable();
        keys
    }

    /// Everything that is needed to understand a disagreement.
    pub(super) fn describe(&self, world: &World, catalog: &Catalog, folded: &Folded) -> String {
        let schema = &catalog.schema;
        let mut text = format!("{}\n{:?}\n", world.source, self.actor);
        for model in &schema.models {
            let folded = folded.rules(catalog, model.id);
            let rule = model.access.read.as_ref().map_or("", |rule| &rule.text);
            writeln!(
                text,
                "{} read: {rule}\n  folded: {}",
                model.name,
                folded.read.display(schema)
            )
            .unwrap();
            for field in &model.fields {
                if let Some(rule) = &field.access.read {
                    writeln!(text, "  {} read: {}", field.name, rule.text).unwrap();
                }
            }
        }
        writeln!(text, "asked: {} where {:?}", schema.model(self.model).name, self.filter).unwrap();
        if let Ok((program, slots)) = self.program(catalog, folded) {
            writeln!(text, "{}\nslots {slots:?}", program.root.statement.text).unwrap();
            for (n, bind) in program.root.statement.binds.iter().enumerate() {
                writeln!(text, "?{} = {bind:?}", n + 1).unwrap();
            }
        }
        text + &world.describe_rows()
    }

    fn program(
        &self,
        catalog: &Catalog,
        folded: &Folded,
    ) -> Result<(ReadProgram, Vec<Value>), Code> {
        let limits = Limits { filter_nodes_max: 1_000, ..Limits::default() };
        let filter = self.filter.as_ref().map(|text| parse_filter(text, &limits).unwrap());
        let request = ReadRequest {
            target: Target::List(self.model),
            fields: Some(vec!["id".to_owned()]),
            include: Vec::new(),
            conditions: Vec::new(),
            filter,
            sort: Vec::new(),
            page: PageRequest { paging: Paging::First, count: false },
        };
        let read =
            authorize_read(catalog, folded, &request, &limits).map_err(|error| error.code())?;
        let mut literals = Vec::new();
        if let Some(text) = &self.filter {
            scan_filter(text, &mut Vec::new(), &mut literals).unwrap();
        }
        assert_eq!(literals.len(), read.slots().len(), "every literal has a slot");
        let slots = literals
            .iter()
            .zip(read.slots())
            .map(|(literal, slot)| slot.parse(RawText::Literal(*literal), &catalog.schema).unwrap())
            .collect();
        Ok((underpin_sql::read(catalog, &read, Dialect::Sqlite), slots))
    }

    /// The rows the actor may see, by the rule as it is written.
    fn rows(&self, catalog: &Catalog, model: ModelId) -> Predicate {
        match self.actor.profile.kind {
            ActorKind::Service => Predicate::True,
            ActorKind::Anonymous | ActorKind::User | ActorKind::Key => {
                catalog.rules.model(model).read.clone()
            }
        }
    }

    fn permissions(&self, catalog: &Catalog) -> Vec<String> {
        let roles = catalog.schema.roles.iter();
        roles
            .filter(|role| self.actor.profile.roles.contains(&role.name))
            .flat_map(|role| role.can.clone())
            .collect()
    }
}

/// What the actor may name, by the rules as they are written and not as they fold.
struct Sees<'a> {
    question: &'a Question,
    catalog: &'a Catalog,
}

impl Visible for Sees<'_> {
    fn field(&self, model: ModelId, name: &str) -> Option<VisibleField> {
        let field = self.catalog.schema.model(model).field_named(name)?.id;
        let guard = match self.question.actor.profile.kind {
            ActorKind::Service => Predicate::True,
            ActorKind::Anonymous | ActorKind::User | ActorKind::Key => {
                self.catalog.rules.model(model).field(field).read.clone()
            }
        };
        Some(VisibleField { field, guard })
    }

    fn rows(&self, model: ModelId) -> Predicate {
        self.question.rows(self.catalog, model)
    }

    fn related(&self, model: ModelId, field: FieldId) -> Predicate {
        let (target, owner) = match &self.catalog.schema.field(model, field).kind {
            FieldKind::ToMany(to_many) => (to_many.target, Some(to_many.field)),
            FieldKind::ManyToMany(join) => (join.target, join.inverse),
            FieldKind::Scalar(_)
            | FieldKind::Enum(_)
            | FieldKind::ScalarList(_)
            | FieldKind::EnumList(_)
            | FieldKind::ToOne(_) => unreachable!("invariant: a relation to many"),
        };
        let owner = owner.map(|owner| &self.catalog.schema.field(target, owner).name);
        let shown = owner.and_then(|name| self.field(target, name)).map(|field| field.guard);
        Predicate::and([self.rows(target), shown.unwrap_or(Predicate::True)])
    }
}

/// The keys of the rows that a program reads, in order.
pub(super) fn keys(
    world: &World,
    program: &ReadProgram,
    slots: Vec<Value>,
    actor: Vec<(ActorValue, Value)>,
) -> underpin_base::Result<Vec<String>> {
    let cursor = Vec::new();
    let inputs = Inputs { slots, actor, now: NOW, limit: 100, offset: 0, cursor };
    let mut out = Vec::new();
    world.store.read(program, &inputs, &NoCursors, &mut out)?;
    let mut keys = keys_of(std::str::from_utf8(&out).unwrap());
    keys.sort_unstable();
    Ok(keys)
}

struct NoCursors;

impl Seal for NoCursors {
    fn seal(&self, _: u64, _: &[Value], _: &mut Vec<u8>) {}
}

/// The keys in `[{"id":"a"},{"id":"b"}]`.
fn keys_of(json: &str) -> Vec<String> {
    let rows: serde_json::Value = serde_json::from_str(json).unwrap();
    let rows = rows.as_array().unwrap_or_else(|| panic!("not a list: {json}"));
    rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn shown(world: &World, row: Place) -> String {
    let Kind::Key(_, kind) = Kind::key_of(&world.schema, row.model) else {
        unreachable!("a key is a key")
    };
    let mut text = Vec::new();
    underpin_schema::Scalar::Id(kind).write_text(world.key(row), &mut text);
    String::from_utf8(text).unwrap()
}
