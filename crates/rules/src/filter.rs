//! The `filter` of a request: the rule language over the readable fields, standing bare.

/// A parsed filter whose literals have become slots, in the order they stand.
///
/// Its shape is what remains without the literals, so that filters that differ in values alone
/// share one plan.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterExpr {}

/// A literal of a filter as it stands in the text; typed when the filter meets the schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LiteralText<'a> {
    /// A number, with its sign where it has one.
    Number(&'a str),
    /// Text, without quotes; escapes still to be resolved when `true`.
    Text(&'a str, bool),
}
