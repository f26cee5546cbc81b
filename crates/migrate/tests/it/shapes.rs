//! Snapshots made by hand, for tests about shapes that need no schema text.

use underpin_migrate::{
    Column, FORMAT, IndexColumnShape, IndexShape, Kind, OnChange, Owner, Reference, Snapshot,
    SqlType, Storage, Table, TableKey,
};

pub(crate) fn snapshot(tables: Vec<Table>) -> Snapshot {
    Snapshot { format: FORMAT, version: 1, tables, enums: Vec::new() }
}

pub(crate) fn table(model: &str, key: TableKey, columns: Vec<Column>) -> Table {
    let mut all = vec![Column { nullable: false, ..column("id", Kind::Id(key)) }];
    all.extend(columns);
    Table {
        name: model.to_lowercase(),
        owner: Owner::Model { name: model.to_owned(), renamed_from: None },
        managed: true,
        key,
        primary_key: vec!["id".to_owned()],
        columns: all,
        indexes: Vec::new(),
    }
}

pub(crate) fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.to_lowercase(),
        field: Some(name.to_owned()),
        renamed_from: None,
        sql_type: sql_type(&kind),
        kind,
        storage: Storage::Native,
        nullable: true,
        caseless: false,
        default: None,
        references: None,
    }
}

pub(crate) fn reference(name: &str, target: &str, key: TableKey, on_delete: OnChange) -> Column {
    Column {
        references: Some(Reference {
            table: target.to_lowercase(),
            column: "id".to_owned(),
            on_delete,
            on_update: OnChange::Restrict,
        }),
        ..column(name, Kind::Reference(key))
    }
}

pub(crate) fn index(name: &str, columns: &[(&str, bool)], unique: bool) -> IndexShape {
    let column = |(column, descending): &(&str, bool)| IndexColumnShape {
        column: (*column).to_owned(),
        descending: *descending,
    };
    IndexShape {
        name: name.to_owned(),
        columns: columns.iter().map(column).collect(),
        unique,
        filter: None,
    }
}

fn sql_type(kind: &Kind) -> SqlType {
    match kind {
        Kind::Id(TableKey::Uuid) | Kind::Reference(TableKey::Uuid) | Kind::Uuid => SqlType::Blob,
        Kind::Float => SqlType::Real,
        Kind::Id(TableKey::Int)
        | Kind::Reference(TableKey::Int)
        | Kind::Int
        | Kind::BigInt
        | Kind::Boolean
        | Kind::Decimal { .. }
        | Kind::DateTime
        | Kind::Date
        | Kind::Time
        | Kind::Duration => SqlType::Integer,
        _ => SqlType::Text,
    }
}
