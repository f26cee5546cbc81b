//! Why somebody may or may not do something, as it is told: plain texts and places.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use crate::source::Source;

/// What was asked, what came of it, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// Who asked.
    pub actor: String,
    /// What they asked for: `update Order/ada-1`.
    pub action: String,
    /// Whether they get it.
    pub allowed: bool,
    /// The error code that a client is answered, when they do not.
    pub code: Option<&'static str>,
    /// The one thing that decided, in a sentence.
    pub reason: String,
    /// The rules that were asked, in the order in which they decide.
    pub findings: Vec<Finding>,
    /// Fields that are not always readable, for a read.
    pub fields: Vec<FieldStory>,
    /// The schema file; as JSON, its path.
    #[serde(serialize_with = "path_of")]
    pub(crate) schema: Arc<Source>,
}

fn path_of<S: serde::Serializer>(source: &Arc<Source>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&source.path)
}

/// One rule and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which rule: `the update rule of Order`.
    pub subject: String,
    /// Of which row: `Order/ada-1`, `Order/ada-1 as it would become`.
    pub row: String,
    /// Whether it is allowed so far, by the rule or the permission.
    pub holds: bool,
    /// Whether this decided.
    pub decides: bool,
    /// The permission that stands in for the rule, where there is one.
    pub permission: Option<Permission>,
    /// The rule, clause by clause; `None` where the schema has none.
    pub rule: Option<ClauseStory>,
    /// What else is to say.
    pub note: Option<String>,
}

/// A permission that would allow it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Permission {
    /// `orders:update`
    pub name: String,
    /// Whether the actor has it.
    pub held: bool,
    /// Whether the scopes of the actor's key leave it in: without, no rule helps.
    pub covered: bool,
    /// The roles that give it; of the actor's own where they have it.
    pub roles: Vec<String>,
}

/// How the parts of a clause are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Joined {
    /// It has none.
    Plain,
    /// `&&`
    All,
    /// `||`
    Any,
    /// `!`
    Not,
    /// `exists`
    Exists,
    /// `all`
    Every,
}

/// A clause of a rule and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClauseStory {
    /// As the schema has it.
    pub text: String,
    /// The line in the schema file, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes of the schema file.
    #[serde(skip)]
    pub span: Range<usize>,
    /// How its parts are joined.
    pub joined: Joined,
    /// Whether it holds.
    pub holds: bool,
    /// Whether it decided the rule.
    pub decides: bool,
    /// What was compared: the text of an operand and its value.
    pub values: Vec<Seen>,
    /// The parts.
    pub parts: Vec<Self>,
    /// For `exists` and `all`: some of the rows, and what became of the condition on each.
    pub rows: Vec<RowStory>,
    /// How many rows there are.
    pub n_rows: usize,
}

/// An operand and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// `row.customer`
    pub operand: String,
    /// `bob`
    pub value: String,
}

/// A related row and the condition on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowStory {
    /// The row.
    pub row: String,
    /// The condition.
    pub condition: ClauseStory,
}

/// Whether a field can be read, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldStory {
    /// The field.
    pub field: String,
    /// Whether it is there.
    pub readable: bool,
    /// Why, in a sentence.
    pub reason: String,
    /// The rule that decided, where there is one.
    pub finding: Option<Finding>,
}

/// A place in the schema file, and a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The bytes.
    pub span: Range<usize>,
    /// The words.
    pub label: String,
}

impl Story {
    /// The schema file, in which clauses have their places.
    #[must_use]
    pub fn schema(&self) -> &Source {
        &self.schema
    }

    /// The clauses that decided, the most telling first. Empty where no clause did: where there is
    /// no rule, or a permission stood in for it.
    #[must_use]
    pub fn pointers(&self) -> Vec<Pointer> {
        let of_fields = self.fields.iter().filter_map(|field| field.finding.as_ref());
        let deciding = self.findings.iter().chain(of_fields).filter(|finding| finding.decides);
        let mut pointers: Vec<Pointer> = Vec::new();
        for finding in deciding {
            if let Some(rule) = &finding.rule {
                rule.point(&mut pointers);
            }
        }
        pointers
    }
}

impl ClauseStory {
    fn point(&self, pointers: &mut Vec<Pointer>) {
        if !self.decides {
            return;
        }
        let n_before = pointers.len();
        self.parts.iter().for_each(|part| part.point(pointers));
        let told = pointers.iter().any(|pointer| pointer.span == self.span);
        if pointers.len() == n_before && !told {
            pointers.push(Pointer { span: self.span.clone(), label: self.label() });
        }
    }

    /// What became of it, in a few words.
    #[must_use]
    pub fn label(&self) -> String {
        let verdict = if self.holds { "true" } else { "false" };
        // A clause that is its operand says it all.
        let values = self.values.iter().filter(|seen| seen.operand != self.text);
        let values: Vec<String> =
            values.map(|seen| format!("{} is {}", seen.operand, seen.value)).collect();
        let rows = match (self.joined, self.n_rows) {
            (Joined::Exists | Joined::Every, 0) => Some("there is no row".to_owned()),
            (Joined::Exists | Joined::Every, n_rows) => Some(self.rows_label(n_rows)),
            (Joined::Plain | Joined::All | Joined::Any | Joined::Not, _) => None,
        };
        match rows {
            Some(rows) => format!("{verdict}: {rows}"),
            None if values.is_empty() => verdict.to_owned(),
            None => format!("{verdict}: {}", values.join(", ")),
        }
    }

    fn rows_label(&self, n_rows: usize) -> String {
        let wanted = self.joined == Joined::Exists;
        let decider = self.rows.iter().find(|row| row.condition.holds == wanted);
        match (decider, wanted) {
            (Some(row), true) => format!("{} satisfies it", row.row),
            (Some(row), false) => format!("{} does not satisfy it", row.row),
            (None, true) => format!("none of {n_rows} rows satisfies it"),
            (None, false) => format!("all of {n_rows} rows satisfy it"),
        }
    }

    /// Marks the parts that decided, given that this one did.
    pub(crate) fn decide(&mut self) {
        self.decides = true;
        let (holds, joined) = (self.holds, self.joined);
        match (joined, holds) {
            // One part is enough: the first.
            (Joined::All, false) | (Joined::Any, true) => {
                if let Some(part) = self.parts.iter_mut().find(|part| part.holds == holds) {
                    part.decide();
                }
            }
            // All of them together.
            (Joined::All, true) | (Joined::Any, false) | (Joined::Not, _) => {
                self.parts.iter_mut().for_each(Self::decide);
            }
            (Joined::Plain | Joined::Exists | Joined::Every, _) => {}
        }
    }
}
