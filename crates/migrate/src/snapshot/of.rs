//! The snapshot of a schema.

use underpin_schema::{
    Encoding, Field, FieldDefault, FieldKind, IdKind, Index, Join, Model, OnDelete, Scalar, Schema,
    Value,
};

use super::{
    Column, EnumShape, EnumValueShape, FORMAT, IndexColumnShape, IndexShape, Kind, OnChange, Owner,
    Reference, Side, Snapshot, SqlType, Storage, Table, TableKey,
};
use crate::quote;

impl Snapshot {
    /// The shape `schema` demands. `filter` writes the condition of a partial index as SQL over
    /// bare column names; it is asked only for indexes that have one.
    #[must_use]
    pub fn of(schema: &Schema, filter: &dyn Fn(&Model, &Index) -> String) -> Self {
        let mut tables: Vec<Table> =
            schema.models.iter().map(|model| model_table(schema, model, filter)).collect();
        for model in &schema.models {
            for field in &model.fields {
                if let FieldKind::ManyToMany(join) = &field.kind
                    && !tables.iter().any(|table| table.name == join.table)
                {
                    tables.push(join_table(schema, model, field, join));
                }
            }
        }
        let enums = schema.enums.iter().map(|shape| EnumShape {
            name: shape.name.clone(),
            values: shape
                .values
                .iter()
                .map(|value| EnumValueShape {
                    name: value.name.clone(),
                    renamed_from: value.renamed_from.clone(),
                })
                .collect(),
        });
        Self { format: FORMAT, version: schema.version, enums: enums.collect(), tables }
    }
}

fn model_table(schema: &Schema, model: &Model, filter: &dyn Fn(&Model, &Index) -> String) -> Table {
    let index = |index: &Index| IndexShape {
        name: index.name.clone(),
        columns: index
            .columns
            .iter()
            .map(|column| IndexColumnShape {
                column: model.field(column.field).column.clone(),
                descending: column.descending,
            })
            .collect(),
        unique: index.unique,
        filter: index.filter.is_some().then(|| filter(model, index)),
    };
    Table {
        name: model.table.clone(),
        owner: Owner::Model { name: model.name.clone(), renamed_from: model.renamed_from.clone() },
        managed: model.managed,
        key: table_key(model),
        primary_key: vec![model.key_field().column.clone()],
        columns: model
            .fields
            .iter()
            .filter(|field| field.has_column())
            .map(|field| field_column(schema, model, field))
            .collect(),
        indexes: model.indexes.iter().map(index).collect(),
    }
}

/// A value as SQL text that can stand beside the column of `field`. `None` where the column holds
/// values in a form that only the store can write.
#[must_use]
pub fn constant(schema: &Schema, field: &Field, value: &Value) -> Option<String> {
    field
        .has_column()
        .then(|| field_kind(schema, field))
        .and_then(|kind| quote::constant(value, &kind, storage(field.encoding)))
}

fn field_column(schema: &Schema, model: &Model, field: &Field) -> Column {
    let kind = field_kind(schema, field);
    let storage = storage(field.encoding);
    let references = if let FieldKind::ToOne(relation) = &field.kind {
        let target = schema.model(relation.target);
        Some(Reference {
            table: target.table.clone(),
            column: target.key_field().column.clone(),
            on_delete: on_change(relation.on_delete),
            on_update: on_change(relation.on_update),
        })
    } else {
        None
    };
    Column {
        name: field.column.clone(),
        field: Some(field.name.clone()),
        renamed_from: field.renamed_from.clone(),
        default: default(model, field, &kind, storage),
        sql_type: sql_type(&kind, storage),
        kind,
        storage,
        nullable: field.nullable && field.id != model.key,
        caseless: field.caseless,
        references,
    }
}

/// The default that the database itself applies, so that a server one schema behind, which does
/// not know the column, can still create rows.
fn default(model: &Model, field: &Field, kind: &Kind, storage: Storage) -> Option<String> {
    if field.id == model.key {
        return None;
    }
    if Some(field.id) == model.version {
        return Some("1".to_owned());
    }
    if Some(field.id) == model.created_at || Some(field.id) == model.updated_at {
        return quote::current_time(kind, storage).map(str::to_owned);
    }
    match &field.default {
        Some(FieldDefault::Value(value)) => quote::constant(value, kind, storage),
        Some(FieldDefault::Now) => quote::current_time(kind, storage).map(str::to_owned),
        Some(FieldDefault::Auth) | None => None,
    }
}

fn join_table(schema: &Schema, model: &Model, field: &Field, join: &Join) -> Table {
    let target = schema.model(join.target);
    let inverse = join.inverse.map(|id| target.field(id));
    let mut sides = [
        (side(model, Some(field), &join.own_column), model),
        (side(target, inverse, &join.target_column), target),
    ];
    // The side whose column sorts first leads, whichever model the file names first.
    sides.sort_by(|left, right| left.0.column.cmp(&right.0.column));
    let [(left, left_model), (right, right_model)] = sides;
    let reverse = IndexShape {
        name: format!("{}_{}", join.table, right.column),
        columns: [&right.column, &left.column]
            .map(|column| IndexColumnShape { column: column.clone(), descending: false })
            .into(),
        unique: false,
        filter: None,
    };
    Table {
        name: join.table.clone(),
        managed: join.managed,
        key: TableKey::Pair,
        primary_key: vec![left.column.clone(), right.column.clone()],
        columns: vec![
            pair_column(&left.column, left_model),
            pair_column(&right.column, right_model),
        ],
        indexes: vec![reverse],
        owner: Owner::Join { sides: [left, right] },
    }
}

fn side(model: &Model, field: Option<&Field>, column: &str) -> Side {
    Side {
        model: model.name.clone(),
        field: field.map(|field| field.name.clone()),
        renamed_from: field.and_then(|field| field.renamed_from.clone()),
        column: column.to_owned(),
    }
}

fn pair_column(name: &str, target: &Model) -> Column {
    let kind = Kind::Reference(table_key(target));
    Column {
        name: name.to_owned(),
        field: None,
        renamed_from: None,
        sql_type: sql_type(&kind, Storage::Native),
        kind,
        storage: Storage::Native,
        nullable: false,
        caseless: false,
        default: None,
        references: Some(Reference {
            table: target.table.clone(),
            column: target.key_field().column.clone(),
            on_delete: OnChange::Cascade,
            on_update: OnChange::Cascade,
        }),
    }
}

fn storage(encoding: Encoding) -> Storage {
    match encoding {
        Encoding::Native => Storage::Native,
        Encoding::Text => Storage::Text,
        Encoding::Real => Storage::Real,
        Encoding::Seconds => Storage::Seconds,
        Encoding::Millis => Storage::Millis,
    }
}

fn table_key(model: &Model) -> TableKey {
    let FieldKind::Scalar(Scalar::Id(kind)) = model.key_field().kind else {
        unreachable!("invariant: the key of a model is an ID")
    };
    key_of(kind)
}

fn key_of(kind: IdKind) -> TableKey {
    match kind {
        IdKind::Uuid => TableKey::Uuid,
        IdKind::Int => TableKey::Int,
        IdKind::String => TableKey::Text,
    }
}

fn field_kind(schema: &Schema, field: &Field) -> Kind {
    match &field.kind {
        FieldKind::Scalar(scalar) => scalar_kind(*scalar),
        FieldKind::Enum(id) => Kind::Enum(schema.enum_type(*id).name.clone()),
        FieldKind::ScalarList(scalar) => Kind::List(Box::new(scalar_kind(*scalar))),
        FieldKind::EnumList(id) => {
            Kind::List(Box::new(Kind::Enum(schema.enum_type(*id).name.clone())))
        }
        FieldKind::ToOne(relation) => Kind::Reference(table_key(schema.model(relation.target))),
        FieldKind::ToMany(_) | FieldKind::ManyToMany(_) => {
            unreachable!("invariant: the caller keeps fields with columns only")
        }
    }
}

fn scalar_kind(scalar: Scalar) -> Kind {
    match scalar {
        Scalar::Id(kind) => Kind::Id(key_of(kind)),
        Scalar::String => Kind::String,
        Scalar::Int => Kind::Int,
        Scalar::BigInt => Kind::BigInt,
        Scalar::Float => Kind::Float,
        Scalar::Boolean => Kind::Boolean,
        Scalar::Decimal { precision, scale } => Kind::Decimal { precision, scale },
        Scalar::DateTime => Kind::DateTime,
        Scalar::Date => Kind::Date,
        Scalar::Time => Kind::Time,
        Scalar::Duration => Kind::Duration,
        Scalar::Json => Kind::Json,
        Scalar::Email => Kind::Email,
        Scalar::Url => Kind::Url,
        Scalar::Uuid => Kind::Uuid,
    }
}

/// The type of a column of ours.
pub(crate) fn sql_type(kind: &Kind, storage: Storage) -> SqlType {
    match storage {
        Storage::Text => SqlType::Text,
        Storage::Real => SqlType::Real,
        Storage::Seconds | Storage::Millis => SqlType::Integer,
        Storage::Native => match kind {
            Kind::Id(key) | Kind::Reference(key) => match key {
                TableKey::Uuid => SqlType::Blob,
                TableKey::Int => SqlType::Integer,
                TableKey::Text | TableKey::Pair => SqlType::Text,
            },
            Kind::Uuid => SqlType::Blob,
            Kind::Float => SqlType::Real,
            Kind::Int
            | Kind::BigInt
            | Kind::Boolean
            | Kind::Decimal { .. }
            | Kind::DateTime
            | Kind::Date
            | Kind::Time
            | Kind::Duration => SqlType::Integer,
            Kind::String | Kind::Json | Kind::Email | Kind::Url | Kind::Enum(_) | Kind::List(_) => {
                SqlType::Text
            }
        },
    }
}

fn on_change(action: OnDelete) -> OnChange {
    match action {
        OnDelete::Restrict => OnChange::Restrict,
        OnDelete::Cascade => OnChange::Cascade,
        OnDelete::SetNull => OnChange::SetNull,
        OnDelete::NoAction => OnChange::NoAction,
    }
}
