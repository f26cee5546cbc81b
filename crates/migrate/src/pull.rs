//! The schema file that an existing database suggests, so that its tables are served where they
//! lie.
//!
//! Judges facts and nothing else: keys, references and declared types, and what the values look
//! like where a declaration says too little. What the schema language cannot say becomes a note.
//! No rule is written: whoever has no permission sees nothing until a person opens it.

mod column;
mod default;
mod key;
mod model;
mod naming;
mod relation;
mod render;

use crate::introspection::Introspection;

/// The schema of an existing database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledSchema {
    /// The text of `schema.graphql`.
    pub text: String,
    /// What is not served, or not as it is stored: one sentence each.
    pub notes: Vec<String>,
}

/// Writes the schema of the database; `found` must have been read with
/// [`Detail::Data`](crate::Detail::Data). The text is always a valid schema.
#[must_use]
pub fn pull(found: &Introspection) -> PulledSchema {
    let mut notes = Vec::new();
    let mut draft = model::Draft::new(found, &mut notes);
    relation::join_models(&mut draft, &mut notes);
    for view in &found.views {
        notes.push(format!("the view `{view}` is not served: only tables are"));
    }
    for trigger in &found.triggers {
        notes.push(format!(
            "the trigger `{}` of `{}` stays and runs when rows are written",
            trigger.name, trigger.table
        ));
    }
    PulledSchema { text: render::text(&draft, &notes), notes }
}
