//! What a migration does, step by step.

use std::fmt;

/// The way from one snapshot to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationPlan {
    /// The steps, in the order they run. All of them run in one transaction.
    pub steps: Vec<Step>,
}

/// One change, as people would name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// One sentence.
    pub description: String,
    /// What it asks of the rows and of whoever waits.
    pub class: Class,
    /// The table it works on, under the name it then has.
    pub table: String,
    /// What must hold of the rows before it runs.
    pub checks: Vec<Check>,
    /// The statements. None where only the meaning of a column changes.
    pub sql: Vec<String>,
    /// Whether the table is made anew, which would lose what others hung on it: their indexes and
    /// triggers are put back.
    pub rebuilds: bool,
}

/// What a step asks, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Done at once, whatever the rows hold.
    Safe,
    /// Loses nothing, but takes time in proportion to the rows, and writes wait.
    Locking,
    /// Depends on what the rows hold: refused, with a count, when they do not allow it.
    NeedsData,
    /// Deletes data.
    Destructive,
}

/// A condition on the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Counts the rows that stand in the way.
    pub sql: String,
    /// What to say when there are any; `{rows}` becomes `1 row` or `n rows`.
    pub message: String,
}

impl MigrationPlan {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The gravest class among the steps.
    #[must_use]
    pub fn class(&self) -> Class {
        self.steps.iter().map(|step| step.class).max().unwrap_or(Class::Safe)
    }
}

impl Check {
    /// The message for this many rows.
    #[must_use]
    pub fn message_for(&self, n_rows: u64) -> String {
        let rows = if n_rows == 1 { "1 row".to_owned() } else { format!("{n_rows} rows") };
        self.message.replace("{rows}", &rows)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Locking => "locking",
            Self::NeedsData => "needs data",
            Self::Destructive => "destructive",
        })
    }
}
