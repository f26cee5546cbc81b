//! From one schema to the next: the physical shape a schema demands, the steps between two shapes,
//! and the schema an existing database suggests.
//!
//! Pure. A [`Snapshot`] is what a schema wants of a database. Connections belong to the store, which
//! lends one as a [`Database`] for as long as a call here lasts. Knows no transport and no rules:
//! conditions of indexes arrive as SQL text.
#![warn(missing_docs, clippy::wildcard_enum_match_arm)]

mod convert;
mod database;
mod ddl;
mod diff;
mod drift;
mod introspection;
mod plan;
mod pull;
mod quote;
mod record;
mod run;
mod snapshot;

pub use database::{Cell, Database, Failure};
pub use diff::diff;
pub use drift::{Mismatch, drift};
pub use introspection::{
    Action, ColumnFacts, Detail, ForeignKeyFacts, Generated, IndexColumnFacts, IndexFacts,
    IndexOrigin, Introspection, Profile, TableFacts, TableKind, TriggerFacts,
};
pub use plan::{Check, Class, MigrationPlan, Step};
pub use pull::{PulledSchema, pull};
pub use run::{Applied, Consent, Part, Refusal, RunError, Status, apply, recorded, status};
pub use snapshot::{
    Column, EnumShape, EnumValueShape, FORMAT, IndexColumnShape, IndexShape, Kind, OnChange, Owner,
    Reference, Side, Snapshot, SqlType, Storage, Table, TableKey, constant,
};
