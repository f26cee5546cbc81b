//! Binds the placeholders of a statement.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Row};
use underpin_schema::Value;
use underpin_sql::{Bind, BindSource, Inputs, Statement};

use super::encode::{encode, encode_date_time};

/// Where values of an execution come from, besides the request's inputs.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The request's values.
    pub(super) inputs: &'a Inputs,
    /// The parent's row, inside an included relation.
    pub(super) parent: Option<&'a Row<'a>>,
    /// The key that the database made for the row inserted.
    pub(super) new_key: Option<i64>,
    /// The key of the pair to add.
    pub(super) link_key: Option<&'a Value>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(inputs: &'a Inputs) -> Self {
        Self { inputs, parent: None, new_key: None, link_key: None }
    }
}

/// Binds every placeholder of `prepared`, which was prepared from `statement`.
pub(super) fn bind(
    prepared: &mut CachedStatement<'_>,
    statement: &Statement,
    around: &Surroundings<'_>,
) -> rusqlite::Result<()> {
    for (place, bind) in statement.binds.iter().enumerate() {
        prepared.raw_bind_parameter(place + 1, resolve(bind, around)?)?;
    }
    Ok(())
}

fn resolve<'a>(bind: &'a Bind, around: &Surroundings<'a>) -> rusqlite::Result<ToSqlOutput<'a>> {
    let inputs = around.inputs;
    let value = match &bind.source {
        BindSource::Literal(value) => value,
        BindSource::Slot(slot) => inputs.slots.get(usize::from(*slot)).ok_or_else(|| lack(bind))?,
        BindSource::Cursor(place) => {
            inputs.cursor.get(usize::from(*place)).ok_or_else(|| lack(bind))?
        }
        BindSource::LinkKey => around.link_key.ok_or_else(|| lack(bind))?,
        // Who has no such attribute compares as null, which no rule takes for a match.
        BindSource::Actor(wanted) => inputs
            .actor
            .iter()
            .find_map(|(known, value)| (known == wanted).then_some(value))
            .unwrap_or(&Value::Null),
        BindSource::Parent(column) => {
            let parent = around.parent.ok_or_else(|| lack(bind))?;
            return parent.get_ref(usize::from(*column)).map(ToSqlOutput::Borrowed);
        }
        BindSource::Now => return Ok(encode_date_time(inputs.now, bind.codec)),
        BindSource::NowShifted(by) => {
            return Ok(encode_date_time(inputs.now_shifted(*by), bind.codec));
        }
        BindSource::LimitPlusOne => return Ok(integer(i64::from(inputs.limit) + 1)),
        BindSource::Offset => return Ok(integer(i64::from(inputs.offset))),
        BindSource::NewKey => return around.new_key.map(integer).ok_or_else(|| lack(bind)),
    };
    Ok(encode(value, bind.codec))
}

fn integer(number: i64) -> ToSqlOutput<'static> {
    ToSqlOutput::Borrowed(ValueRef::Integer(number))
}

/// Inputs that do not match their program are a defect of whoever made them.
fn lack(bind: &Bind) -> rusqlite::Error {
    rusqlite::Error::InvalidParameterName(format!("{:?}", bind.source))
}
