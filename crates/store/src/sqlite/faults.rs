//! Faults that tests provoke.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

use super::open::Purpose;

/// What goes wrong, and what is deliberately done wrong to see that a test notices.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    /// Pages the database may have; a connection that writes learns of it when it is opened.
    pub(crate) pages_max: Arc<AtomicU32>,
    /// Acknowledge writes before their commit.
    pub(crate) acknowledges_early: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self { pages_max: Arc::new(AtomicU32::new(u32::MAX - 1)), acknowledges_early: false }
    }
}

impl Faults {
    pub(crate) fn apply(&self, conn: &Connection, purpose: Purpose) -> rusqlite::Result<()> {
        if purpose == Purpose::Write {
            let pages_max = self.pages_max.load(Ordering::SeqCst);
            conn.pragma_update(None, "max_page_count", pages_max)?;
        }
        Ok(())
    }
}
