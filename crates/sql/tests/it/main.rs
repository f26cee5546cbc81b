//! Statements as golden files, run against a real SQLite that has the schema's tables.

mod agree;
mod case;
mod ddl;
mod golden;
mod names;
mod plans;
mod render;
mod world;
