//! Which codec a column, a key or an actor's value has.

use underpin_rules::ActorValue;
use underpin_schema::{Encoding, Field, FieldId, FieldKind, IdKind, Model, Scalar, Schema, Value};

use crate::Codec;

/// Scalars as the database's own types.
pub(crate) const fn native(scalar: Scalar) -> Codec {
    Codec { scalar, encoding: Encoding::Native, list: false }
}

/// Digits after the point; none for what is no decimal.
pub(crate) fn scale(scalar: Scalar) -> u8 {
    if let Scalar::Decimal { scale, .. } = scalar { scale } else { 0 }
}

/// How a field's column holds its value.
pub(crate) fn of_field(schema: &Schema, field: &Field) -> Codec {
    let (scalar, list) = match &field.kind {
        FieldKind::Scalar(scalar) => (*scalar, false),
        FieldKind::ScalarList(scalar) => (*scalar, true),
        FieldKind::Enum(_) => (Scalar::String, false),
        FieldKind::EnumList(_) => (Scalar::String, true),
        FieldKind::ToOne(to_one) => (key_scalar(schema.model(to_one.target)), false),
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => {
            unreachable!("invariant: plans name no column of a field that has none")
        }
    };
    Codec { scalar, encoding: field.encoding, list }
}

/// How a model's key is held.
pub(crate) fn of_key(model: &Model) -> Codec {
    Codec { scalar: key_scalar(model), encoding: model.key_field().encoding, list: false }
}

fn key_scalar(model: &Model) -> Scalar {
    match model.key_field().kind {
        FieldKind::Scalar(scalar) => scalar,
        FieldKind::Enum(_)
        | FieldKind::ScalarList(_)
        | FieldKind::EnumList(_)
        | FieldKind::ToOne(_)
        | FieldKind::ToMany(_)
        | FieldKind::ManyToMany(_) => Scalar::Id(IdKind::String),
    }
}

/// How something about the actor is bound where no column says.
pub(crate) fn of_actor(schema: &Schema, value: &ActorValue) -> Codec {
    match value {
        ActorValue::Id => schema
            .account_model()
            .map_or(native(Scalar::Id(IdKind::Uuid)), |model| native(key_scalar(model))),
        ActorValue::UserField(field) => user_field(schema, *field),
        ActorValue::Verified => native(Scalar::Boolean),
        ActorValue::Kind | ActorValue::Claim(_) | ActorValue::Ip | ActorValue::Transport => {
            native(Scalar::String)
        }
    }
}

fn user_field(schema: &Schema, field: FieldId) -> Codec {
    let model = schema.account_model().expect("invariant: only an account model gives auth.user");
    Codec { encoding: Encoding::Native, ..of_field(schema, model.field(field)) }
}

/// How a constant is bound where no column says.
pub(crate) fn of_value(value: &Value) -> Codec {
    native(match value {
        Value::Null | Value::Text(_) | Value::List(_) => Scalar::String,
        Value::Bool(_) => Scalar::Boolean,
        Value::Int(_) => Scalar::BigInt,
        Value::Float(_) => Scalar::Float,
        Value::Decimal(decimal) => {
            let scale = u8::try_from(decimal.scale()).expect("invariant: a scale is at most 28");
            Scalar::Decimal { precision: 18, scale }
        }
        Value::Uuid(_) => Scalar::Uuid,
        Value::DateTime(_) => Scalar::DateTime,
        Value::Date(_) => Scalar::Date,
        Value::Time(_) => Scalar::Time,
        Value::Duration(_) => Scalar::Duration,
        Value::Json(_) => Scalar::Json,
    })
}
