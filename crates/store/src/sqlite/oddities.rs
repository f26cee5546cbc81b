//! Columns that hold what their codec cannot read: said once, not for every row.

use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rustc_hash::{FxHashSet, FxHasher};
use underpin_sql::{Codec, Output, Select};

/// Columns remembered at most; further ones are not reported.
const KNOWN_MAX: usize = 1_024;

/// The columns that were reported.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    known: Mutex<FxHashSet<u64>>,
}

impl Oddities {
    /// Warns that a column of `select` holds `held`, unless it was said before. The value itself
    /// stays out of the log.
    pub(super) fn report(&self, select: &Select, column: u16, codec: Codec, held: ValueRef<'_>) {
        let mut hasher = FxHasher::default();
        (&select.statement.text, column).hash(&mut hasher);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < KNOWN_MAX && known.insert(hasher.finish()) {
            tracing::warn!(
                member = member_of(select, column),
                scalar = ?codec.scalar,
                encoding = ?codec.encoding,
                held = %held.data_type(),
                "a column holds values that its type cannot express; they read as null"
            );
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn member_of(select: &Select, wanted: u16) -> &str {
    select
        .outputs
        .iter()
        .find_map(|output| match output {
            Output::Column { label, column, .. } if *column == wanted => Some(label.as_ref()),
            Output::Column { .. } | Output::Relation { .. } => None,
        })
        .unwrap_or_default()
        .trim_matches(['"', ':'])
}
