//! What SQLite answers is what the rules mean: random worlds, filters and changes, each decided
//! twice.

use std::fmt::Write as _;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Held;
use underpin_base::Limits;
use underpin_plan::{
    Actor, ActorKind, Assigned, AuthorizedRead, Catalog, Document, Folded, Member, Operation,
    PageRequest, Paging, RawText, ReadRequest, SortKey, Target, WriteKind, WritePlan, WriteRequest,
    WriteShape, WriteTest, authorize_read, authorize_write,
};
use underpin_rules::{ActorValue, Facts, Predicate, Situation, eval, parse_filter, scan_filter};
use underpin_schema::{Field, FieldKind, Model, ModelId, Scalar, Schema, Value};
use underpin_sql::{Dialect, Output, Select, read, write};

use crate::case;
use crate::world::{Dice, Inputs, NOW, Row, TEXTS, World, key, random};

const PLURALS: [&str; 6] = ["users", "products", "tags", "orders", "orderItems", "notes"];

/// A condition in the filter language about rows of `model`, whose fields follow `before`.
fn condition(
    schema: &Schema,
    model: ModelId,
    before: &str,
    depth: usize,
    dice: &mut Dice,
) -> String {
    if depth > 0 && dice.roll(3) == 0 {
        let mut part = || condition(schema, model, before, depth - 1, dice);
        let (one, other) = (part(), part());
        return match dice.roll(3) {
            0 => format!("({one} && {other})"),
            1 => format!("({one} || {other})"),
            _ => format!("!({one})"),
        };
    }
    let fields = &schema.model(model).fields;
    let field = dice.pick(fields);
    let name = format!("{before}{}", field.name);
    match &field.kind {
        FieldKind::ToOne(to_one) if depth > 0 && dice.roll(2) == 0 => {
            condition(schema, to_one.target, &format!("{name}."), depth - 1, dice)
        }
        FieldKind::ToOne(to_one) => match dice.roll(3) {
            0 => format!("{name} == null"),
            1 => format!("{name} != {}", literal(&key(to_one.target, dice.roll(3)))),
            _ => format!("{name} == {}", literal(&key(to_one.target, dice.roll(3)))),
        },
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) if depth > 0 => {
            let target = match &field.kind {
                FieldKind::ToMany(to_many) => to_many.target,
                FieldKind::ManyToMany(join) => join.target,
                _ => unreachable!("a relation to many"),
            };
            let var = format!("v{depth}");
            let body = condition(schema, target, &format!("{var}."), depth - 1, dice);
            let quantifier = dice.pick(&["exists", "all"]);
            format!("{name}.{quantifier}({var}, {body})")
        }
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => "true".to_owned(),
        FieldKind::Scalar(scalar) => compared(&name, *scalar, field, dice),
        FieldKind::Enum(id) => {
            let value = &dice.pick(&schema.enum_type(*id).values).name;
            let operator = dice.pick(&["==", "!="]);
            format!("{name} {operator} '{value}'")
        }
        FieldKind::ScalarList(_) | FieldKind::EnumList(_) => match dice.roll(3) {
            0 => format!("size({name}) > {}", dice.roll(2)),
            1 => format!("{name} == null"),
            _ => format!("'{}' in {name}", dice.pick(&TEXTS)),
        },
    }
}

fn compared(name: &str, scalar: Scalar, field: &Field, dice: &mut Dice) -> String {
    let text = matches!(scalar, Scalar::String | Scalar::Email | Scalar::Url);
    if scalar == Scalar::Boolean {
        return if dice.roll(2) == 0 { name.to_owned() } else { format!("!{name}") };
    }
    if scalar == Scalar::Json || dice.roll(6) == 0 {
        return format!("{name} {} null", dice.pick(&["==", "!="]));
    }
    if text && dice.roll(2) == 0 {
        let method = dice.pick(&["contains", "startsWith", "endsWith"]);
        return format!("{name}.{method}('{}')", dice.pick(&TEXTS));
    }
    let mut value = || match scalar {
        Scalar::Email => format!("'{}@x.org'", dice.pick(&["a", "A", "ab", "c"])),
        Scalar::DateTime => "request.time".to_owned(),
        _ if field.name == "id" => literal(&key(ModelId(1), dice.roll(3))),
        scalar => written(scalar, &random(scalar, dice)),
    };
    let (one, other) = (value(), value());
    if scalar != Scalar::DateTime && dice.roll(4) == 0 {
        return format!("{name} in [{one}, {other}]");
    }
    format!("{name} {} {one}", dice.pick(&["==", "!=", "<", "<=", ">", ">="]))
}

fn written(scalar: Scalar, value: &Value) -> String {
    let mut text = Vec::new();
    scalar.write_text(value, &mut text);
    let text = String::from_utf8(text).expect("a text");
    match scalar {
        Scalar::Int | Scalar::BigInt | Scalar::Float | Scalar::Decimal { .. } => text,
        _ => format!("'{text}'"),
    }
}

fn literal(value: &Value) -> String {
    written(Scalar::Uuid, value)
}

fn profile(dice: &mut Dice) -> Actor {
    let role = *dice.pick(&["", "staff", "admin"]);
    Actor::user(Value::Null, (!role.is_empty()).then(|| role.to_owned()))
}

fn request(
    model: ModelId,
    filter: Option<&str>,
    sort: Vec<SortKey>,
    paging: Paging,
) -> ReadRequest {
    let parse = |text| parse_filter(text, &Limits::default()).expect("a filter");
    ReadRequest {
        target: Target::List(model),
        fields: None,
        include: Vec::new(),
        conditions: Vec::new(),
        filter: filter.map(parse),
        sort,
        page: PageRequest { paging, count: false },
    }
}

/// The values of a filter's literals.
fn slots(catalog: &Catalog, plan: &AuthorizedRead, filter: &str) -> Vec<Value> {
    let mut literals = Vec::new();
    scan_filter(filter, &mut Vec::new(), &mut literals).expect("a filter");
    let typed = plan.slots().iter().zip(literals);
    typed
        .map(|(slot, literal)| {
            slot.parse(RawText::Literal(literal), &catalog.schema).expect("a literal of the type")
        })
        .collect()
}

struct Judge<'a> {
    world: &'a World<'a>,
    slots: &'a [Value],
}

impl Judge<'_> {
    fn holds(&self, predicate: &Predicate, row: &Row, next: Option<&Row>) -> bool {
        let actor = |value: &ActorValue| self.world.actor(value);
        eval(
            predicate,
            &Situation {
                schema: self.world.schema,
                rows: self.world,
                row,
                next,
                // Plans are folded: kind, roles and permissions are decided already.
                facts: Facts {
                    kind: ActorKind::User.name(),
                    roles: &[],
                    permissions: &[],
                    scopes: None,
                    is_account: true,
                },
                actor: &actor,
                now: NOW,
                slots: self.slots,
            },
        )
    }
}

/// The rows of a select, each with all its columns.
fn rows(
    world: &World<'_>,
    database: &Connection,
    select: &Select,
    inputs: &Inputs<'_>,
) -> Vec<Vec<Held>> {
    let mut prepared = database.prepare(&select.statement.text).expect("a statement");
    let n_columns = prepared.column_count();
    let binds = world.binds(&select.statement, inputs);
    prepared
        .query_map(rusqlite::params_from_iter(binds), |row| {
            (0..n_columns).map(|column| row.get(column)).collect()
        })
        .expect("rows")
        .collect::<Result<_, _>>()
        .expect("rows")
}

fn key_of(value: &Value) -> Held {
    let Value::Uuid(uuid) = value else { panic!("{value:?} is no key") };
    Held::Blob(uuid.as_bytes().to_vec())
}

/// Checks that SQL selects the rows that the plan's condition holds for, and shows of each the
/// columns whose guards hold.
fn check_filter(seed: u64) {
    let mut dice = Dice(seed);
    let catalog = case::catalog("shop");
    let world = World::new(&catalog.schema, &mut dice);
    let database = world.database();
    let folded = Folded::new(&catalog, &profile(&mut dice).profile);
    for plural in PLURALS {
        let model = catalog.schema.by_plural[plural];
        let filter = condition(&catalog.schema, model, "", 3, &mut dice);
        let asked = request(model, Some(&filter), Vec::new(), Paging::First);
        // A filter may name what this actor does not know; then there is nothing to compare.
        let Ok(plan) = authorize_read(&catalog, &folded, &asked, &Limits::default()) else {
            continue;
        };
        let slots = slots(&catalog, &plan, &filter);
        let judge = Judge { world: &world, slots: &slots };
        let select = read(&catalog, &plan, Dialect::Sqlite).root;
        let inputs = Inputs { slots: &slots, cursor: Vec::new(), limit: 100 };
        let found = rows(&world, &database, &select, &inputs);
        for (place, values) in world.rows[usize::from(model.0)].iter().enumerate() {
            let row = Row::Stored(model, place);
            let key = key_of(&values[0]);
            let hit = found.iter().find(|found| found[usize::from(select.key_column)] == key);
            let expected = judge.holds(&plan.plan().root.condition, &row, None);
            let context =
                || format!("seed {seed}\n{filter}\n{values:?}\n{}", select.statement.text);
            assert_eq!(hit.is_some(), expected, "{}", context());
            let Some(hit) = hit else { continue };
            for (member, output) in plan.plan().root.members.iter().zip(&select.outputs) {
                let (Member::Column { shown, .. }, Output::Column { shown: column, .. }) =
                    (member, output)
                else {
                    continue;
                };
                let expected = judge.holds(shown, &row, None);
                let given = column.is_none_or(|c| hit[usize::from(c)] == Held::Integer(1));
                assert_eq!(given, expected, "{}", context());
            }
        }
    }
}

fn sort_keys(model: &Model, dice: &mut Dice) -> Vec<SortKey> {
    let mut keys: Vec<SortKey> = Vec::new();
    for _ in 0..dice.roll(4) {
        let field = dice.pick(&model.fields);
        let path = match &field.kind {
            FieldKind::ToOne(_) if dice.roll(2) == 0 => format!("{}.createdAt", field.name),
            _ => field.name.clone(),
        };
        if keys.iter().all(|key| key.path != path) {
            keys.push(SortKey { path, descending: dice.roll(2) == 0 });
        }
    }
    keys
}

/// Checks that pages, read forwards and backwards by their cursors, give the list in its order.
fn check_pages(seed: u64) {
    let mut dice = Dice(seed);
    let catalog = case::catalog("shop");
    let world = World::new(&catalog.schema, &mut dice);
    let database = world.database();
    let folded = Folded::new(&catalog, &profile(&mut dice).profile);
    for plural in PLURALS {
        let model = catalog.schema.by_plural[plural];
        let sort = sort_keys(catalog.schema.model(model), &mut dice);
        let program = |paging| {
            let asked = request(model, None, sort.clone(), paging);
            let plan = authorize_read(&catalog, &folded, &asked, &Limits::default()).ok()?;
            Some(read(&catalog, &plan, Dialect::Sqlite).root)
        };
        let Some(first) = program(Paging::First) else { continue };
        let list = |select: &Select, cursor, limit| {
            rows(&world, &database, select, &Inputs { slots: &[], cursor, limit })
        };
        let keys = |select: &Select, rows: &[Vec<Held>]| -> Vec<Held> {
            rows.iter().map(|row| row[usize::from(select.key_column)].clone()).collect()
        };
        let whole = list(&first, Vec::new(), 100);
        let order = keys(&first, &whole);
        for (place, row) in whole.iter().enumerate() {
            let cursor: Vec<Held> =
                first.cursor.iter().map(|term| row[usize::from(term.column)].clone()).collect();
            let after = program(Paging::After).expect("a plan");
            let rest = keys(&after, &list(&after, cursor.clone(), 100));
            assert_eq!(rest, order[place + 1..], "seed {seed} {sort:?}\n{}", after.statement.text);
            let before = program(Paging::Before).expect("a plan");
            let mut past = keys(&before, &list(&before, cursor, 100));
            past.reverse();
            assert_eq!(past, order[..place], "seed {seed} {sort:?}\n{}", before.statement.text);
        }
    }
}

fn document(model: &Model, schema: &Schema, dice: &mut Dice) -> Document {
    let mut document = Document::default();
    for field in &model.fields {
        let scalar = schema.scalar_of(field).filter(|_| field.has_column());
        let Some(scalar) = scalar.filter(|_| field.id != model.key && dice.roll(3) == 0) else {
            continue;
        };
        let value = match &field.kind {
            _ if field.nullable && dice.roll(3) == 0 => Value::Null,
            FieldKind::ToOne(to_one) => key(to_one.target, dice.roll(5)),
            FieldKind::Enum(id) => {
                Value::Text(dice.pick(&schema.enum_type(*id).values).name.clone())
            }
            FieldKind::ScalarList(_) => Value::List(vec![random(scalar, dice)]),
            _ => random(scalar, dice),
        };
        document.entries.push((field.id, value));
    }
    document
}

/// The row as the plan leaves it.
fn image(world: &World<'_>, plan: &WritePlan, slots: &[Value], stored: Option<&[Value]>) -> Row {
    let model = world.schema.model(plan.model);
    let mut values =
        stored.map_or_else(|| vec![Value::Null; model.fields.len()], <[Value]>::to_vec);
    for (field, assigned) in &plan.values {
        let place = usize::from(field.0);
        values[place] = match assigned {
            Assigned::Slot(slot) => slots[usize::from(slot.0)].clone(),
            Assigned::Literal(value) => value.clone(),
            Assigned::Now => Value::DateTime(NOW),
            Assigned::ActorId => world.actor(&ActorValue::Id),
            Assigned::Increment => match &values[place] {
                Value::Int(version) => Value::Int(version + 1),
                other => panic!("{other:?} is no version"),
            },
        };
    }
    Row::Proposed(plan.model, values)
}

fn expected(judge: &Judge<'_>, test: &WriteTest, row: &Row, next: &Row) -> Option<bool> {
    match test {
        WriteTest::Readable(predicate)
        | WriteTest::Allowed(predicate)
        | WriteTest::Field(_, predicate)
        | WriteTest::Check(predicate, _) => Some(judge.holds(predicate, row, Some(next))),
        WriteTest::Reference(_, test) => {
            let key = &judge.slots[usize::from(test.key.0)];
            if *key == Value::Null {
                return Some(test.nullable);
            }
            let rows = &judge.world.rows[usize::from(test.model.0)];
            let place = rows.iter().position(|row| row[0] == *key);
            Some(place.is_some_and(|place| {
                judge.holds(&test.condition, &Row::Stored(test.model, place), None)
            }))
        }
        WriteTest::Parent(_) | WriteTest::Version(_) => None,
    }
}

/// Checks that the tests of a write, as SQLite explains them, are what the rules mean, and that
/// the write changes a row when they all hold.
fn check_write(seed: u64) {
    let mut dice = Dice(seed);
    let catalog = case::catalog("shop");
    let world = World::new(&catalog.schema, &mut dice);
    let folded = Folded::new(&catalog, &profile(&mut dice).profile);
    for plural in PLURALS {
        let model = catalog.schema.model(catalog.schema.by_plural[plural]);
        let place = dice.roll(5);
        let kind = match dice.roll(3) {
            0 => WriteKind::Create { under: None },
            1 => WriteKind::Merge { key: key(model.id, place) },
            _ => WriteKind::Delete { key: key(model.id, place) },
        };
        let sent = document(model, &catalog.schema, &mut dice);
        let document =
            if kind.operation() == Operation::Delete { Document::default() } else { sent };
        let asked = WriteRequest {
            model: model.id,
            kind,
            document,
            if_version: (model.name == "Note").then_some(1),
            include: Vec::new(),
            fields: None,
        };
        let shape = WriteShape::of(&asked);
        let Ok(plan) = authorize_write(&catalog, &folded, &shape, &Limits::default()) else {
            continue;
        };
        let slots = plan.bind(&asked, &key(model.id, 99));
        let judge = Judge { world: &world, slots: &slots };
        let create = plan.plan().operation == Operation::Create;
        let before = &world.rows[usize::from(model.id.0)][place];
        let next = image(&world, plan.plan(), &slots, (!create).then_some(before));
        let row = if create { next.clone() } else { Row::Stored(model.id, place) };
        let program = write(&catalog, &plan, Dialect::Sqlite);
        let database = world.database();
        let inputs = Inputs { slots: &slots, cursor: Vec::new(), limit: 0 };
        let binds = world.binds(&program.explain, &inputs);
        let given: Vec<bool> = database
            .query_row(&program.explain.text, rusqlite::params_from_iter(binds), |row| {
                (0..plan.plan().tests.len()).map(|column| row.get(column)).collect()
            })
            .expect("an explanation");
        for (test, given) in plan.plan().tests.iter().zip(&given) {
            if let Some(expected) = expected(&judge, test, &row, &next) {
                let mut context = format!("seed {seed}\n{test:?}\n{row:?}\n{next:?}\n");
                let _ = write!(context, "{}", program.explain.text);
                assert_eq!(*given, expected, "{context}");
            }
        }
        let binds = world.binds(&program.main, &inputs);
        let changed = database.execute(&program.main.text, rusqlite::params_from_iter(binds));
        let all = given.iter().all(|holds| *holds);
        // Values that no client could send may still break a constraint; a refusal never may.
        if let Ok(changed) = changed {
            assert_eq!(changed, usize::from(all), "seed {seed}\n{}", program.main.text);
        } else {
            assert!(all, "seed {seed}\n{}", program.main.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn lists_hold_the_rows_that_the_rules_mean(seed: u64) {
        check_filter(seed);
    }

    #[test]
    fn pages_give_the_list_in_its_order(seed: u64) {
        check_pages(seed);
    }

    #[test]
    fn writes_pass_the_tests_that_the_rules_mean(seed: u64) {
        check_write(seed);
    }
}
