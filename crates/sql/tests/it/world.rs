//! A small random world: rows of every model of a schema, in memory and in SQLite alike.

use std::collections::HashMap;

use rusqlite::Connection;
use rusqlite::types::Value as Held;
use underpin_rules::{ActorValue, Rows};
use underpin_schema::{Encoding, Field, FieldId, FieldKind, ModelId, Scalar, Schema, Value};
use underpin_sql::{Bind, BindSource, Codec, Statement};

use crate::ddl;

/// Numbers that follow from a seed (splitmix64).
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `n`.
    pub(crate) fn roll(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % n as u64).expect("a small number")
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len())]
    }
}

/// Texts whose likeness is treacherous: case, wildcards, length in bytes, order of bytes.
pub(crate) const TEXTS: [&str; 8] = ["", "a", "A", "ab", "A%", "_", "ä", "aB_"];

/// Rows of one model.
const ROWS: usize = 5;

/// The time of every request.
pub(crate) const NOW: i64 = 1_000;

/// A row: one that is stored, by its place, or one that is proposed.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    Stored(ModelId, usize),
    Proposed(ModelId, Vec<Value>),
}

pub(crate) struct World<'a> {
    pub(crate) schema: &'a Schema,
    /// Rows by model; a row's values by field, null for relations to many.
    pub(crate) rows: Vec<Vec<Vec<Value>>>,
    /// Pairs of keys by join table, as its first side has them.
    pairs: HashMap<String, Vec<(Value, Value)>>,
}

impl<'a> World<'a> {
    pub(crate) fn new(schema: &'a Schema, dice: &mut Dice) -> Self {
        let rows = schema
            .models
            .iter()
            .map(|model| {
                (0..ROWS)
                    .map(|row| {
                        let value = |field: &Field| value(schema, (model.id, row), field, dice);
                        model.fields.iter().map(value).collect()
                    })
                    .collect()
            })
            .collect();
        let mut world = Self { schema, rows, pairs: HashMap::new() };
        for model in &schema.models {
            for field in &model.fields {
                if let FieldKind::ManyToMany(join) = &field.kind {
                    world.pairs.entry(join.table.clone()).or_insert_with(|| {
                        let mut pairs = Vec::new();
                        for own in 0..ROWS {
                            for other in 0..ROWS {
                                if dice.roll(3) == 0 {
                                    pairs.push((key(model.id, own), key(join.target, other)));
                                }
                            }
                        }
                        pairs
                    });
                }
            }
        }
        world
    }

    /// A database with the same rows.
    pub(crate) fn database(&self) -> Connection {
        let database = ddl::database(self.schema);
        for model in &self.schema.models {
            for row in &self.rows[usize::from(model.id.0)] {
                let fields: Vec<&Field> =
                    model.fields.iter().filter(|field| field.has_column()).collect();
                let columns: Vec<String> =
                    fields.iter().map(|field| format!("\"{}\"", field.column)).collect();
                let places: Vec<String> =
                    (1..=fields.len()).map(|place| format!("?{place}")).collect();
                let text = format!(
                    "INSERT INTO \"{}\" ({}) VALUES ({})",
                    model.table,
                    columns.join(", "),
                    places.join(", ")
                );
                let values = fields
                    .iter()
                    .map(|field| held(&row[usize::from(field.id.0)], codec(self.schema, field)));
                database.execute(&text, rusqlite::params_from_iter(values)).expect("a row");
            }
            for field in &model.fields {
                self.insert_pairs(&database, field);
            }
        }
        database
    }

    fn insert_pairs(&self, database: &Connection, field: &Field) {
        let FieldKind::ManyToMany(join) = &field.kind else { return };
        let text = format!(
            "INSERT OR IGNORE INTO \"{}\" (\"{}\", \"{}\") VALUES (?1, ?2)",
            join.table, join.own_column, join.target_column
        );
        for (own, target) in self.joined(field) {
            let uuid = Codec { scalar: Scalar::Uuid, encoding: Encoding::Native, list: false };
            database.execute(&text, [held(&own, uuid), held(&target, uuid)]).expect("a pair");
        }
    }

    /// The pairs of a field, its own side first.
    fn joined(&self, field: &Field) -> Vec<(Value, Value)> {
        let FieldKind::ManyToMany(join) = &field.kind else { panic!("not many-to-many") };
        let target = self.schema.model(join.target);
        let pairs = &self.pairs[&join.table];
        let first = self.rows[usize::from(target.id.0)]
            .iter()
            .any(|row| pairs.iter().any(|(_, other)| *other == row[0]));
        pairs
            .iter()
            .map(
                |(one, other)| {
                    if first { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
                },
            )
            .collect()
    }

    fn values<'b>(&'b self, row: &'b Row) -> (ModelId, &'b [Value]) {
        match row {
            Row::Stored(model, place) => (*model, &self.rows[usize::from(model.0)][*place]),
            Row::Proposed(model, values) => (*model, values),
        }
    }

    /// What is known of an actor that is the first account.
    pub(crate) fn actor(&self, value: &ActorValue) -> Value {
        let account = self.schema.account_model().expect("an account model").id;
        match value {
            ActorValue::Id => key(account, 0),
            ActorValue::Kind => Value::Text("user".to_owned()),
            ActorValue::Verified => Value::Bool(true),
            ActorValue::Claim(_) => self.rows[usize::from(account.0)][0][3].clone(),
            ActorValue::UserField(field) => {
                self.rows[usize::from(account.0)][0][usize::from(field.0)].clone()
            }
            ActorValue::Ip => Value::Null,
            ActorValue::Transport => Value::Text("rest".to_owned()),
        }
    }

    /// The values to bind to a statement.
    pub(crate) fn binds(&self, statement: &Statement, inputs: &Inputs<'_>) -> Vec<Held> {
        statement.binds.iter().map(|bind| self.bound(bind, inputs)).collect()
    }

    fn bound(&self, bind: &Bind, inputs: &Inputs<'_>) -> Held {
        let integer = |number: i64| Held::Integer(number);
        match &bind.source {
            BindSource::Literal(value) => held(value, bind.codec),
            BindSource::Slot(slot) => held(&inputs.slots[usize::from(*slot)], bind.codec),
            BindSource::Actor(value) => held(&self.actor(value), bind.codec),
            BindSource::Now => held(&Value::DateTime(NOW), bind.codec),
            BindSource::NowShifted(by) => held(&Value::DateTime(NOW + by), bind.codec),
            BindSource::Cursor(place) => inputs.cursor[usize::from(*place)].clone(),
            BindSource::LimitPlusOne => integer(inputs.limit + 1),
            BindSource::Offset => integer(0),
            BindSource::Parent(_) | BindSource::LinkKey | BindSource::NewKey => {
                panic!("{bind:?} is not for statements of their own")
            }
        }
    }
}

/// The values of one execution.
#[derive(Default)]
pub(crate) struct Inputs<'a> {
    pub(crate) slots: &'a [Value],
    pub(crate) cursor: Vec<Held>,
    pub(crate) limit: i64,
}

impl Rows for World<'_> {
    type Row = Row;

    fn value(&self, row: &Row, field: FieldId) -> Value {
        self.values(row).1[usize::from(field.0)].clone()
    }

    fn to_one(&self, row: &Row, field: FieldId) -> Option<Row> {
        let (model, values) = self.values(row);
        let FieldKind::ToOne(to_one) = &self.schema.field(model, field).kind else { return None };
        let key = &values[usize::from(field.0)];
        let rows = &self.rows[usize::from(to_one.target.0)];
        let place = rows.iter().position(|row| row[0] == *key)?;
        Some(Row::Stored(to_one.target, place))
    }

    fn related(&self, row: &Row, field: FieldId) -> Vec<Row> {
        let (model, values) = self.values(row);
        let field = self.schema.field(model, field);
        let (target, keys): (ModelId, Option<Vec<Value>>) = match &field.kind {
            FieldKind::ManyToMany(join) => {
                let pairs = self.joined(field).into_iter();
                let keys = pairs.filter(|(own, _)| *own == values[0]).map(|(_, other)| other);
                (join.target, Some(keys.collect()))
            }
            FieldKind::ToMany(to_many) => (to_many.target, None),
            other => panic!("{other:?} leads to no list"),
        };
        let rows = self.rows[usize::from(target.0)].iter().enumerate();
        rows.filter(|(_, row)| match (&keys, &field.kind) {
            (Some(keys), _) => keys.contains(&row[0]),
            (None, FieldKind::ToMany(to_many)) => row[usize::from(to_many.field.0)] == values[0],
            (None, _) => false,
        })
        .map(|(place, _)| Row::Stored(target, place))
        .collect()
    }
}

/// The key of a row.
pub(crate) fn key(model: ModelId, row: usize) -> Value {
    let mut bytes = [0_u8; 16];
    bytes[0] = u8::try_from(model.0).expect("few models");
    bytes[15] = u8::try_from(row).expect("few rows");
    Scalar::Uuid.parse_text(&hyphened(&bytes)).expect("a UUID")
}

fn hyphened(bytes: &[u8; 16]) -> String {
    let mut text = Vec::new();
    underpin_schema::wire::uuid(bytes, &mut text);
    String::from_utf8(text).expect("hexadecimal digits")
}

fn value(schema: &Schema, row: (ModelId, usize), field: &Field, dice: &mut Dice) -> Value {
    if schema.model(row.0).key == field.id {
        return key(row.0, row.1);
    }
    if !field.has_column() || (field.nullable && dice.roll(3) == 0) {
        return Value::Null;
    }
    // A unique field holds what no other row has, and so does one of several together.
    let last = |index: &underpin_schema::Index| {
        index.unique && index.columns.last().is_some_and(|column| column.field == field.id)
    };
    if schema.model(row.0).indexes.iter().any(last) {
        return Value::Text(format!("{}@x.org", ["a", "B", "ab", "d", "c"][row.1]));
    }
    match &field.kind {
        FieldKind::Scalar(scalar) => random(*scalar, dice),
        FieldKind::Enum(id) => {
            let values = &schema.enum_type(*id).values;
            Value::Text(dice.pick(values).name.clone())
        }
        FieldKind::ScalarList(scalar) => {
            Value::List((0..dice.roll(3)).map(|_| random(*scalar, dice)).collect())
        }
        FieldKind::ToOne(to_one) => key(to_one.target, dice.roll(ROWS)),
        FieldKind::EnumList(_) | FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => Value::Null,
    }
}

pub(crate) fn random(scalar: Scalar, dice: &mut Dice) -> Value {
    let number = i64::try_from(dice.roll(4)).expect("a small number") - 1;
    match scalar {
        Scalar::Id(_) | Scalar::Uuid => key(ModelId(0), dice.roll(ROWS)),
        Scalar::String | Scalar::Email | Scalar::Url => {
            Value::Text((*dice.pick(&TEXTS)).to_owned())
        }
        Scalar::Int | Scalar::BigInt => Value::Int(number),
        Scalar::Float => Value::Float(f64::from(u8::try_from(dice.roll(4)).expect("small")) / 2.0),
        Scalar::Boolean => Value::Bool(number > 0),
        Scalar::Decimal { .. } => {
            let text: &str = dice.pick::<&str>(&["-0.5", "0", "0.5", "1.25"]);
            scalar.parse_text(text).expect("a decimal")
        }
        Scalar::DateTime => Value::DateTime(number * 1_000),
        Scalar::Date => Value::Date(i32::try_from(number).expect("a small number")),
        Scalar::Time => Value::Time(number.abs()),
        Scalar::Duration => Value::Duration(number),
        Scalar::Json => Value::Json("{}".to_owned()),
    }
}

fn codec(schema: &Schema, field: &Field) -> Codec {
    let scalar = schema.scalar_of(field).expect("a column");
    let list = matches!(field.kind, FieldKind::ScalarList(_) | FieldKind::EnumList(_));
    Codec { scalar, encoding: field.encoding, list }
}

/// A value as SQLite holds it, in the encodings that the test's schema has.
fn held(value: &Value, codec: Codec) -> Held {
    match value {
        Value::Null => Held::Null,
        Value::Bool(flag) => Held::Integer(i64::from(*flag)),
        Value::Int(number)
        | Value::DateTime(number)
        | Value::Time(number)
        | Value::Duration(number) => Held::Integer(*number),
        Value::Float(number) => Held::Real(*number),
        Value::Decimal(number) => {
            let Scalar::Decimal { scale, .. } = codec.scalar else { panic!("{codec:?}") };
            let mut number = *number;
            number.rescale(scale.into());
            Held::Integer(i64::try_from(number.mantissa()).expect("a small number"))
        }
        Value::Text(text) | Value::Json(text) => Held::Text(text.clone()),
        Value::Uuid(uuid) => Held::Blob(uuid.as_bytes().to_vec()),
        Value::Date(days) => Held::Integer(i64::from(*days)),
        Value::List(_) => {
            let mut text = Vec::new();
            codec.scalar.write_json(value, &mut text);
            Held::Text(String::from_utf8(text).expect("JSON"))
        }
    }
}
