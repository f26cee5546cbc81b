//! Tables for the statements to be prepared on. Says no more of them than SQLite needs for that:
//! what tables really look like is the business of migrations.

use std::fmt::Write as _;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use underpin_schema::{Encoding, Field, FieldKind, IdKind, Model, Scalar, Schema};

/// A database in memory with the tables of a schema.
pub(crate) fn database(schema: &Schema) -> Connection {
    let connection = Connection::open_in_memory().expect("a database");
    // Else a column that does not exist would read as a text.
    for dqs in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
        connection.set_db_config(dqs, false).expect("a setting");
    }
    let mut joins: Vec<String> = Vec::new();
    for model in &schema.models {
        connection.execute_batch(&table(schema, model)).expect("a table");
        for field in &model.fields {
            let FieldKind::ManyToMany(join) = &field.kind else { continue };
            if joins.contains(&join.table) {
                continue;
            }
            joins.push(join.table.clone());
            let (own, target) = (&join.own_column, &join.target_column);
            let text = format!(
                "CREATE TABLE \"{0}\" (\"{own}\", \"{target}\", PRIMARY KEY (\"{own}\", \"{target}\")) \
                 WITHOUT ROWID; CREATE INDEX \"{0}_reverse\" ON \"{0}\" (\"{target}\", \"{own}\");",
                join.table
            );
            connection.execute_batch(&text).expect("a join table");
        }
    }
    connection
}

fn table(schema: &Schema, model: &Model) -> String {
    let columns: Vec<String> = model
        .fields
        .iter()
        .filter(|field| field.has_column())
        .map(|field| column(schema, model, field))
        .collect();
    let uuid = matches!(model.key_field().kind, FieldKind::Scalar(Scalar::Id(IdKind::Uuid)));
    let suffix = if uuid { "STRICT, WITHOUT ROWID" } else { "STRICT" };
    let mut text = format!("CREATE TABLE \"{}\" ({}) {suffix};", model.table, columns.join(", "));
    for index in &model.indexes {
        let columns: Vec<String> = index
            .columns
            .iter()
            .map(|column| {
                let direction = if column.descending { " DESC" } else { "" };
                format!("\"{}\"{direction}", model.field(column.field).column)
            })
            .collect();
        let unique = if index.unique { "UNIQUE " } else { "" };
        let _ = write!(
            text,
            "CREATE {unique}INDEX \"{}\" ON \"{}\" ({});",
            index.name,
            model.table,
            columns.join(", ")
        );
    }
    text
}

fn column(schema: &Schema, model: &Model, field: &Field) -> String {
    let scalar = match &field.kind {
        FieldKind::Scalar(scalar) => *scalar,
        FieldKind::ToOne(to_one) => match schema.model(to_one.target).key_field().kind {
            FieldKind::Scalar(scalar) => scalar,
            _ => Scalar::String,
        },
        _ => Scalar::String,
    };
    let kind = match (scalar, field.encoding) {
        (_, Encoding::Text) => "TEXT",
        (_, Encoding::Real) | (Scalar::Float, _) => "REAL",
        (Scalar::Id(IdKind::Uuid) | Scalar::Uuid, _) => "BLOB",
        (
            Scalar::Id(IdKind::Int)
            | Scalar::Int
            | Scalar::BigInt
            | Scalar::Boolean
            | Scalar::Decimal { .. }
            | Scalar::DateTime
            | Scalar::Date
            | Scalar::Time
            | Scalar::Duration,
            _,
        ) => "INTEGER",
        _ => "TEXT",
    };
    let key = if field.id == model.key { " PRIMARY KEY" } else { "" };
    let null = if field.nullable { "" } else { " NOT NULL" };
    let collation = if field.caseless { " COLLATE NOCASE" } else { "" };
    format!("\"{}\" {kind}{key}{null}{collation}", field.column)
}
