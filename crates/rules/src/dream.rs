//! Rows that are dreamt up for tests: every value follows from a seed, nothing is stored.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test that meets another kind panics")]

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};

use underpin_schema::{Field, FieldId, FieldKind, IdKind, ModelId, Scalar, Schema, Value};

use crate::{ActorValue, Facts, Predicate, Rows, Situation, eval};

/// A row by its number.
pub(crate) type Row = (ModelId, u64);

/// Rows of one seed. Each model has a handful of rows, so that references meet.
pub(crate) struct Dream<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) seed: u64,
}

impl Dream<'_> {
    pub(crate) fn roll(&self, of: impl Hash) -> u64 {
        BuildHasherDefault::<DefaultHasher>::default().hash_one((self.seed, of))
    }

    /// Whether the predicate holds of a row, for an actor of whom `facts` are true.
    pub(crate) fn holds(&self, predicate: &Predicate, row: Row, facts: Facts<'_>) -> bool {
        self.ask(row, facts, |situation| eval(predicate, situation))
    }

    /// Asks something of a row, for an actor of whom `facts` are true.
    pub(crate) fn ask<T>(
        &self,
        row: Row,
        facts: Facts<'_>,
        question: impl FnOnce(&Situation<'_, Self>) -> T,
    ) -> T {
        let actor = |value: &ActorValue| self.actor(value, facts);
        let slots: Vec<Value> = (0..64).map(|slot| self.scalar(Scalar::Int, slot)).collect();
        let situation = Situation {
            schema: self.schema,
            rows: self,
            row: &row,
            next: None,
            facts,
            actor: &actor,
            now: 0,
            slots: &slots,
        };
        question(&situation)
    }

    fn actor(&self, value: &ActorValue, facts: Facts<'_>) -> Value {
        match value {
            ActorValue::Id if facts.is_account => key(self.roll(value) % 3),
            ActorValue::Kind => Value::Text(facts.kind.to_owned()),
            ActorValue::Verified => {
                Value::Bool(facts.is_account && self.roll(value).is_multiple_of(2))
            }
            ActorValue::UserField(field) if facts.is_account => {
                let account = self.schema.account_model().unwrap();
                self.value(&(account.id, self.roll("own row") % 3), *field)
            }
            ActorValue::Id | ActorValue::UserField(_) => Value::Null,
            ActorValue::Claim(_) | ActorValue::Ip if self.roll(value).is_multiple_of(3) => {
                Value::Null
            }
            ActorValue::Claim(_) | ActorValue::Ip | ActorValue::Transport => {
                self.scalar(Scalar::String, self.roll(value))
            }
        }
    }

    fn field(&self, field: &Field, row: Row, roll: u64) -> Value {
        match &field.kind {
            FieldKind::Scalar(Scalar::Id(_)) => key(row.1),
            FieldKind::Scalar(scalar) => self.scalar(*scalar, roll),
            FieldKind::Enum(id) => {
                let values = &self.schema.enum_type(*id).values;
                let picked = usize::try_from(roll % values.len() as u64).unwrap();
                Value::Text(values[picked].name.clone())
            }
            FieldKind::ScalarList(scalar) => {
                Value::List((0..roll % 3).map(|n| self.scalar(*scalar, roll / 3 + n)).collect())
            }
            FieldKind::EnumList(_) => Value::List(vec![Value::Text("PAID".to_owned())]),
            FieldKind::ToOne(_) => key(roll % 3),
            FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => unreachable!("has no column"),
        }
    }

    fn scalar(&self, scalar: Scalar, roll: u64) -> Value {
        let n = i64::try_from(roll % 4).unwrap() - 1;
        match scalar {
            Scalar::Id(_) | Scalar::Uuid => key(roll % 3),
            Scalar::String | Scalar::Email | Scalar::Url => {
                let texts = ["", "a", "A%", "ab"];
                Value::Text(texts[usize::try_from(roll % 4).unwrap()].to_owned())
            }
            Scalar::Int | Scalar::BigInt => Value::Int(n),
            #[expect(clippy::cast_precision_loss, reason = "the number is tiny")]
            Scalar::Float => Value::Float(n as f64),
            Scalar::Boolean => Value::Bool(n > 0),
            Scalar::Decimal { .. } => {
                let text = underpin_schema::Literal::Number(
                    ["-1", "0", "0.5", "3"][usize::try_from(roll % 4).unwrap()],
                );
                scalar.from_literal(text).unwrap()
            }
            Scalar::DateTime => Value::DateTime(n * 3_600_000_000),
            Scalar::Date => Value::Date(i32::try_from(n).unwrap()),
            Scalar::Time => Value::Time((n + 1) * 1_000_000),
            Scalar::Duration => Value::Duration(n * 1_000_000),
            Scalar::Json => Value::Json("{}".to_owned()),
        }
    }
}

impl Rows for Dream<'_> {
    type Row = Row;

    fn value(&self, row: &Row, field: FieldId) -> Value {
        let definition = self.schema.field(row.0, field);
        let roll = self.roll((row.0.0, row.1, field.0));
        if definition.nullable && roll.is_multiple_of(3) {
            return Value::Null;
        }
        self.field(definition, *row, roll / 3)
    }

    fn to_one(&self, row: &Row, field: FieldId) -> Option<Row> {
        let FieldKind::ToOne(to_one) = self.schema.field(row.0, field).kind else {
            panic!("not a to-one field")
        };
        let held = self.value(row, field);
        (0..3).find(|n| key(*n) == held).map(|n| (to_one.target, n))
    }

    fn related(&self, row: &Row, field: FieldId) -> Vec<Row> {
        let target = match &self.schema.field(row.0, field).kind {
            FieldKind::ToMany(to_many) => to_many.target,
            FieldKind::ManyToMany(join) => join.target,
            other => panic!("not a to-many field: {other:?}"),
        };
        let roll = self.roll((row.0.0, row.1, field.0));
        (0..roll % 3).map(|n| (target, (roll + n) % 3)).collect()
    }
}

fn key(n: u64) -> Value {
    let text = format!("00000000-0000-7000-8000-{n:012}");
    Scalar::Id(IdKind::Uuid).from_literal(underpin_schema::Literal::Text(&text)).unwrap()
}
