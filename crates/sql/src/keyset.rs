//! The order of a list, and where in it a page starts.
//!
//! A page starts beside the row that its cursor names, so that it is found by the index that gives
//! the order, and rows that come and go before it move nothing. Null is less than any value, as
//! SQLite has it.

use underpin_plan::{Paging, SortTerm};

use crate::statement::{Draft, Scope};
use crate::{BindSource, Codec};

/// A term of an order as text.
pub(crate) struct Term {
    /// The value, as a column of the statement.
    pub(crate) text: String,
    pub(crate) codec: Codec,
    nullable: bool,
    descending: bool,
    caseless: bool,
}

impl Draft<'_> {
    pub(crate) fn sort_term(&mut self, term: &SortTerm, scope: &Scope<'_>) -> Term {
        let codec = self.meeting(&term.operand, &term.operand);
        Term {
            text: self.operand(&term.operand, codec, scope),
            codec,
            nullable: term.nullable,
            descending: term.descending,
            caseless: self.caseless(&term.operand),
        }
    }
}

impl Term {
    fn compared(&self, draft: &Draft<'_>) -> String {
        if self.caseless { draft.frame.dialect.caseless(&self.text) } else { self.text.clone() }
    }

    /// Whether rows further on, in the direction that is read, have greater values.
    fn ascends(&self, paging: Paging) -> bool {
        self.descending == (paging == Paging::Before)
    }
}

/// ` ORDER BY …`, turned round when the page lies before its cursor.
pub(crate) fn order(draft: &Draft<'_>, terms: &[Term], paging: Paging) -> String {
    if terms.is_empty() {
        return String::new();
    }
    let terms: Vec<String> = terms
        .iter()
        .map(|term| {
            let text = term.compared(draft);
            if term.ascends(paging) { text } else { format!("{text} DESC") }
        })
        .collect();
    format!(" ORDER BY {}", terms.join(", "))
}

/// The condition that a row lies beyond the row that the cursor names.
pub(crate) fn beyond_cursor(draft: &mut Draft<'_>, terms: &[Term], paging: Paging) -> String {
    let values: Vec<String> = terms
        .iter()
        .enumerate()
        .map(|(place, term)| {
            let place = u16::try_from(place).expect("invariant: an order has few terms");
            draft.bind(BindSource::Cursor(place), term.codec)
        })
        .collect();
    let ascends = terms.first().is_some_and(|term| term.ascends(paging));
    let uniform = terms
        .iter()
        .all(|term| !term.nullable && !term.caseless && term.ascends(paging) == ascends);
    if uniform {
        let texts: Vec<&str> = terms.iter().map(|term| term.text.as_str()).collect();
        let operator = if ascends { ">" } else { "<" };
        return if let ([text], [value]) = (texts.as_slice(), values.as_slice()) {
            format!("{text} {operator} {value}")
        } else {
            format!("({}) {operator} ({})", texts.join(", "), values.join(", "))
        };
    }
    let steps: Vec<Step<'_>> = terms
        .iter()
        .zip(&values)
        .map(|(term, value)| Step {
            text: term.compared(draft),
            value,
            nullable: term.nullable,
            ascends: term.ascends(paging),
        })
        .collect();
    stepwise(draft, &steps)
}

struct Step<'a> {
    text: String,
    value: &'a str,
    nullable: bool,
    ascends: bool,
}

/// The comparison term by term. A term without nulls bounds the whole, so that an index serves.
fn stepwise(draft: &Draft<'_>, steps: &[Step<'_>]) -> String {
    let Some((step, rest)) = steps.split_first() else {
        return "0".to_owned();
    };
    let Step { text, value, ascends, .. } = step;
    let operator = if *ascends { ">" } else { "<" };
    let beyond = if step.nullable {
        let (null_value, null_text) =
            if *ascends { ("IS NULL", "IS NOT NULL") } else { ("IS NOT NULL", "IS NULL") };
        format!("({text} {operator} {value} OR ({value} {null_value} AND {text} {null_text}))")
    } else {
        format!("{text} {operator} {value}")
    };
    if rest.is_empty() {
        return beyond;
    }
    let rest = stepwise(draft, rest);
    if step.nullable {
        let same = draft.frame.dialect.same();
        return format!("({beyond} OR ({text} {same} {value} AND {rest}))");
    }
    format!("({text} {operator}= {value} AND ({beyond} OR {rest}))")
}
