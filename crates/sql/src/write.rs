//! Writes: the change with every test in its condition, and the statement that explains a refusal.

use underpin_plan::{
    AuthorizedWrite, Catalog, Link, LinkSide, Operation, Unique, WritePlan, WriteSlot, WriteTest,
};
use underpin_schema::{FieldKind, IdKind, Join, Scalar, Schema};

use crate::codec;
use crate::select::{Origin, select};
use crate::statement::{Draft, Frame, Place, Scope, qualified, quoted, where_clause};
use crate::{
    Bind, BindSource, Codec, Dialect, Failure, LinkProgram, Statement, Test, UniqueKey,
    WriteProgram,
};

/// The statements of a write.
#[must_use]
pub fn write(catalog: &Catalog, write: &AuthorizedWrite, dialect: Dialect) -> WriteProgram {
    let (schema, plan) = (&*catalog.schema, write.plan());
    let slots: Vec<Codec> = plan.slots.iter().map(|slot| slot_codec(schema, plan, *slot)).collect();
    let frame = Frame { schema, dialect, actor: plan.actor, slots: &slots };
    WriteProgram {
        makes_key: plan.key.is_none(),
        main: main(frame, plan),
        explain: explain(frame, plan),
        tests: plan.tests.iter().map(|test| Test { failure: failure(frame, plan, test) }).collect(),
        links: plan.links.iter().map(|link| link_program(frame, plan, link)).collect(),
        reply: plan
            .reply
            .as_ref()
            .map(|reply| select(frame, reply, &Origin::written(key_bind(frame, plan)))),
        uniques: plan.uniques.iter().map(|unique| unique_key(frame, plan, unique)).collect(),
    }
}

fn slot_codec(schema: &Schema, plan: &WritePlan, slot: WriteSlot) -> Codec {
    let model = schema.model(plan.model);
    match slot {
        WriteSlot::Field(field) if model.field(field).has_column() => {
            codec::of_field(schema, model.field(field))
        }
        WriteSlot::Version => codec::native(Scalar::Int),
        WriteSlot::Key
        | WriteSlot::NewKey
        | WriteSlot::Parent
        | WriteSlot::ParentList
        | WriteSlot::Field(_) => codec::of_key(model),
    }
}

/// The key of the row that is written.
fn key_bind(frame: Frame<'_>, plan: &WritePlan) -> Bind {
    let source = plan.key.map_or(BindSource::NewKey, |slot| BindSource::Slot(slot.0));
    let codec = codec::of_key(frame.schema.model(plan.model));
    let scalar = if plan.key.is_none() { Scalar::Id(IdKind::Int) } else { codec.scalar };
    Bind { source, codec: Codec { scalar, ..codec } }
}

fn main(frame: Frame<'_>, plan: &WritePlan) -> Statement {
    let mut draft = Draft::new(frame);
    let text = match plan.operation {
        Operation::Create => insert(&mut draft, plan),
        Operation::Merge | Operation::Replace => update(&mut draft, plan),
        Operation::Delete => {
            let alias = draft.alias();
            let conjuncts = row_conjuncts(&mut draft, plan, &alias);
            format!("DELETE FROM {}{}", draft.table(plan.model, &alias), where_clause(&conjuncts))
        }
    };
    draft.finish(text)
}

fn insert(draft: &mut Draft<'_>, plan: &WritePlan) -> String {
    let model = draft.model(plan.model);
    let table = quoted(&model.table);
    let fields = || plan.values.iter().map(|(field, value)| (model.field(*field), value));
    let columns: Vec<String> = fields().map(|(field, _)| quoted(&field.column)).collect();
    let values: Vec<String> =
        fields().map(|(field, value)| draft.assigned(value, field, None)).collect();
    if columns.is_empty() && plan.tests.is_empty() {
        return format!("INSERT INTO {table} DEFAULT VALUES");
    }
    let (columns, values) = if columns.is_empty() {
        (quoted(&model.key_field().column), "NULL".to_owned())
    } else {
        (columns.join(", "), values.join(", "))
    };
    let scope = proposed(plan);
    let conjuncts: Vec<String> =
        plan.tests.iter().flat_map(|test| test_conjuncts(draft, plan, test, &scope)).collect();
    if conjuncts.is_empty() {
        return format!("INSERT INTO {table} ({columns}) VALUES ({values})");
    }
    format!("INSERT INTO {table} ({columns}) SELECT {values}{}", where_clause(&conjuncts))
}

fn update(draft: &mut Draft<'_>, plan: &WritePlan) -> String {
    let alias = draft.alias();
    let model = draft.model(plan.model);
    let mut set: Vec<String> = plan
        .values
        .iter()
        .map(|(field, value)| {
            let field = model.field(*field);
            let value = draft.assigned(value, field, Some(&alias));
            format!("{} = {value}", quoted(&field.column))
        })
        .collect();
    if set.is_empty() {
        // Nothing is changed, but whether the row is there and may be changed is still asked.
        let idle = model.version.map_or(model.key_field(), |version| model.field(version));
        set.push(format!("{} = {}", quoted(&idle.column), qualified(&alias, &idle.column)));
    }
    let conjuncts = row_conjuncts(draft, plan, &alias);
    let table = draft.table(plan.model, &alias);
    format!("UPDATE {table} SET {}{}", set.join(", "), where_clause(&conjuncts))
}

/// That the stored row is the one named, and every test holds.
fn row_conjuncts(draft: &mut Draft<'_>, plan: &WritePlan, alias: &str) -> Vec<String> {
    let scope = stored(plan, alias);
    let mut conjuncts = vec![key_condition(draft, plan, alias)];
    for test in &plan.tests {
        for conjunct in test_conjuncts(draft, plan, test, &scope) {
            // Who may see a row is often who may change it.
            if !conjuncts.contains(&conjunct) {
                conjuncts.push(conjunct);
            }
        }
    }
    conjuncts
}

fn key_condition(draft: &mut Draft<'_>, plan: &WritePlan, alias: &str) -> String {
    let Bind { source, codec } = key_bind(draft.frame, plan);
    let key = draft.bind(source, codec);
    format!("{} = {key}", draft.key_at_alias(plan.model, alias).text)
}

/// What `row` means on create: the row as it is proposed.
fn proposed(plan: &WritePlan) -> Scope<'_> {
    Scope::of(Place::Image { model: plan.model, values: &plan.values, stored: None })
}

/// What `row` and `next` mean when a row is changed.
fn stored<'a>(plan: &'a WritePlan, alias: &str) -> Scope<'a> {
    Scope::table(plan.model, alias).with_next(Place::Image {
        model: plan.model,
        values: &plan.values,
        stored: Some(alias.to_owned()),
    })
}

fn test_conjuncts(
    draft: &mut Draft<'_>,
    plan: &WritePlan,
    test: &WriteTest,
    scope: &Scope<'_>,
) -> Vec<String> {
    match test {
        WriteTest::Readable(predicate)
        | WriteTest::Allowed(predicate)
        | WriteTest::Field(_, predicate)
        | WriteTest::Check(predicate, _) => draft.conjuncts(predicate, scope),
        WriteTest::Parent(row) | WriteTest::Reference(_, row) => vec![draft.row_exists(row)],
        WriteTest::Version(slot) => {
            let model = draft.model(plan.model);
            let version = model.version.expect("invariant: only versioned models test versions");
            let field = model.field(version);
            let codec = codec::of_field(draft.frame.schema, field);
            let wanted = draft.bind(BindSource::Slot(slot.0), codec);
            let place = scope.place(underpin_rules::Root::Row);
            vec![format!("{} = {wanted}", draft.column(&place, field))]
        }
    }
}

fn explain(frame: Frame<'_>, plan: &WritePlan) -> Statement {
    let mut draft = Draft::new(frame);
    let (from, scope) = match plan.operation {
        Operation::Create => (String::new(), proposed(plan)),
        Operation::Merge | Operation::Replace | Operation::Delete => {
            let alias = draft.alias();
            let key = key_condition(&mut draft, plan, &alias);
            let from = format!(" FROM {} WHERE {key}", draft.table(plan.model, &alias));
            (from, stored(plan, &alias))
        }
    };
    let mut tests: Vec<String> = plan
        .tests
        .iter()
        .map(|test| {
            let conjuncts = test_conjuncts(&mut draft, plan, test, &scope);
            if conjuncts.is_empty() {
                return "1".to_owned();
            }
            format!("({}) IS TRUE", conjuncts.join(" AND "))
        })
        .collect();
    if tests.is_empty() {
        tests.push("1".to_owned());
    }
    draft.finish(format!("SELECT {}{from}", tests.join(", ")))
}

fn failure(frame: Frame<'_>, plan: &WritePlan, test: &WriteTest) -> Failure {
    let name = |field| frame.schema.field(plan.model, field).name.clone();
    match test {
        WriteTest::Readable(_) | WriteTest::Parent(_) => Failure::NotFound,
        WriteTest::Allowed(_) => Failure::Forbidden,
        WriteTest::Field(field, _) => Failure::Field { field: name(*field) },
        WriteTest::Version(_) => Failure::Version,
        WriteTest::Reference(field, _) => Failure::Reference { field: name(*field) },
        WriteTest::Check(_, message) => Failure::Check { message: message.clone() },
    }
}

fn link_program(frame: Frame<'_>, plan: &WritePlan, link: &Link) -> LinkProgram {
    let field = frame.schema.field(link.model, link.field);
    let FieldKind::ManyToMany(join) = &field.kind else {
        unreachable!("invariant: links are many-to-many fields");
    };
    let sides = Sides::of(plan, link, join);
    LinkProgram {
        field: field.name.clone(),
        slot: link.slot.0,
        clear: match plan.operation {
            Operation::Create => None,
            Operation::Merge | Operation::Replace => Some(clear(frame, plan, link, &sides)),
            Operation::Delete => unreachable!("invariant: a delete sets no lists"),
        },
        add: add(frame, plan, link, &sides),
    }
}

/// The columns of a join table, from the written row's side.
struct Sides<'a> {
    table: &'a str,
    written: &'a str,
    other: &'a str,
    /// The model of the rows on the other side.
    model: underpin_schema::ModelId,
}

impl<'a> Sides<'a> {
    fn of(plan: &WritePlan, link: &Link, join: &'a Join) -> Self {
        match link.side {
            LinkSide::Own => {
                debug_assert_eq!(link.model, plan.model);
                Self {
                    table: &join.table,
                    written: &join.own_column,
                    other: &join.target_column,
                    model: join.target,
                }
            }
            LinkSide::Target => Self {
                table: &join.table,
                written: &join.target_column,
                other: &join.own_column,
                model: link.model,
            },
        }
    }
}

/// Removes the pairs with rows that the actor sees. Others it neither sees nor takes away.
fn clear(frame: Frame<'_>, plan: &WritePlan, link: &Link, sides: &Sides<'_>) -> Statement {
    let mut draft = Draft::new(frame);
    let pair = draft.alias();
    let alias = draft.alias();
    let Bind { source, codec } = key_bind(frame, plan);
    let key = draft.bind(source, codec);
    let visible = draft.conjuncts(&link.condition, &Scope::table(sides.model, &alias));
    let mut conjuncts = vec![format!("{} = {key}", qualified(&pair, sides.written))];
    if !visible.is_empty() {
        let other = draft.key_at_alias(sides.model, &alias).text;
        conjuncts.push(format!(
            "EXISTS (SELECT 1 FROM {} WHERE {other} = {} AND {})",
            draft.table(sides.model, &alias),
            qualified(&pair, sides.other),
            visible.join(" AND "),
        ));
    }
    let text = format!("DELETE FROM {} AS {pair}{}", quoted(sides.table), where_clause(&conjuncts));
    draft.finish(text)
}

/// Adds a pair with a row that the actor sees.
fn add(frame: Frame<'_>, plan: &WritePlan, link: &Link, sides: &Sides<'_>) -> Statement {
    let mut draft = Draft::new(frame);
    let alias = draft.alias();
    let Bind { source, codec } = key_bind(frame, plan);
    let key = draft.bind(source, codec);
    let other = draft.key_at_alias(sides.model, &alias);
    let wanted = draft.bind(BindSource::LinkKey, other.codec);
    let mut conjuncts = vec![format!("{} = {wanted}", other.text)];
    conjuncts.extend(draft.conjuncts(&link.condition, &Scope::table(sides.model, &alias)));
    // The body may name the row in the path once more: that pair counts as added, too.
    let conflict = if is_doubled(frame, plan, link) {
        let written = quoted(sides.written);
        format!(" ON CONFLICT DO UPDATE SET {written} = excluded.{written}")
    } else {
        String::new()
    };
    let text = format!(
        "INSERT INTO {} ({}, {}) SELECT {key}, {} FROM {}{}{conflict}",
        quoted(sides.table),
        quoted(sides.written),
        quoted(sides.other),
        other.text,
        draft.table(sides.model, &alias),
        where_clause(&conjuncts),
    );
    draft.finish(text)
}

/// Whether another list of the write goes to the same table of pairs.
fn is_doubled(frame: Frame<'_>, plan: &WritePlan, link: &Link) -> bool {
    let table = |link: &Link| match &frame.schema.field(link.model, link.field).kind {
        FieldKind::ManyToMany(join) => Some(&join.table),
        FieldKind::Scalar(_)
        | FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToOne(_)
        | FieldKind::ToMany(_) => None,
    };
    plan.links.iter().filter(|other| table(other) == table(link)).count() > 1
}

fn unique_key(frame: Frame<'_>, plan: &WritePlan, unique: &Unique) -> UniqueKey {
    let model = frame.schema.model(plan.model);
    let column = |field| format!("{}.{}", model.table, model.field(field).column);
    let name = |field| model.field(field).name.clone();
    UniqueKey {
        columns: unique.fields.iter().copied().map(column).collect(),
        index: unique.index.clone().unwrap_or_default(),
        fields: if unique.told {
            unique.fields.iter().copied().map(name).collect()
        } else {
            Vec::new()
        },
    }
}
