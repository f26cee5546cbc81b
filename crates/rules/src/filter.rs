//! The `filter` of a request: the rule language over the readable fields, standing bare.
//!
//! A filter meets this file up to three times. [`scan_filter`] runs for every request and takes
//! the literals out of the text; what remains is the filter's shape, under which plans are kept.
//! For a shape not seen before, [`parse_filter`] parses the text and [`type_filter`] gives it a
//! meaning, with slots in place of the literals, in the same order.

use underpin_base::{Code, Error, Limits};
use underpin_schema::{EnumId, FieldId, ModelId, Scalar, Schema};

use crate::Predicate;
use crate::checker::{Checker, Setting};
use crate::lexer::{Lexer, Symbol, TokenKind};
use crate::parser::{Literals, parse};
use crate::problem::{Fault, Problem};
use crate::syntax::{Expr, ExprKind, LiteralText, Span, SyntaxError};

/// A parsed filter whose literals have become slots, in the order they stand.
///
/// Its shape is what remains without the literals, so that filters that differ in values alone
/// share one plan.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterExpr {
    /// The text that was parsed, to say where a mistake stands.
    text: Box<str>,
    expr: Expr,
    n_slots: u16,
    n_conditions: usize,
    relations_max: usize,
}

/// Why a text is not a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterError {
    /// [`Code::InvalidFilter`] or [`Code::QueryTooComplex`].
    pub code: Code,
    /// The character it broke at, counted from 0.
    pub offset: usize,
    /// One line that says what is wrong, without a full stop.
    pub message: String,
}

/// What an actor may name and see. `plan` knows; a filter asks it about every name.
pub trait Visible {
    /// The field of `model` that the actor may read under this name, if there is one. A field that
    /// does not exist and one that may never be read are the same.
    fn field(&self, model: ModelId, name: &str) -> Option<VisibleField>;

    /// The rows of `model` that the actor may see, as a predicate over `row`.
    fn rows(&self, model: ModelId) -> Predicate;

    /// The rows of a to-many relation of `model` that the actor may see, as a predicate over
    /// `row`, which is one of them. Narrower than [`rows`](Self::rows) where the actor may not
    /// read the other side of the relation.
    fn related(&self, model: ModelId, field: FieldId) -> Predicate;
}

/// A field that an actor may read, on some rows at least.
#[derive(Debug, Clone, PartialEq)]
pub struct VisibleField {
    /// The field.
    pub field: FieldId,
    /// On which rows it may be read, over `row`; elsewhere it counts as null.
    pub guard: Predicate,
}

/// The type of a value that fills a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SlotType {
    /// The type; `String` for an enum, the key's type for a reference.
    pub scalar: Scalar,
    /// The enum that the value must be of.
    pub enum_id: Option<EnumId>,
    /// The field it meets compares without regard to ASCII case.
    pub caseless: bool,
}

/// Takes a filter apart into its shape, appended to `shape`, and its literals, appended to
/// `literals`. Allocates nothing else.
///
/// Two filters with the same shape have the same plan. The number of items of a list is part of
/// the shape, and so is whether a literal is a number or a text, `true`, `false` and `null`, and
/// the text of `duration('…')`. White space and comments are not. The shape of one filter is never
/// the beginning of another's: it ends with a line feed, which nothing inside it holds.
///
/// # Errors
/// The text is too long or holds something that is no token.
pub fn scan_filter<'a>(
    text: &'a str,
    shape: &mut Vec<u8>,
    literals: &mut Vec<LiteralText<'a>>,
) -> Result<(), FilterError> {
    let told = |error: SyntaxError| FilterError::of(error.into(), text);
    let mut lexer = Lexer::new(text).map_err(told)?;
    let mut before = [TokenKind::End; 3];
    loop {
        let token = lexer.next_token().map_err(told)?;
        match token.kind {
            TokenKind::End => break,
            TokenKind::Literal(LiteralText::Text(text, _)) if keeps_literal(&before) => {
                shape.push(b'"');
                shape.extend_from_slice(text.as_bytes());
                // No text holds a line's end, so this one cannot be taken for part of it.
                shape.push(b'\r');
            }
            TokenKind::Literal(literal) => {
                shape.push(match literal {
                    LiteralText::Number(_) => b'0',
                    LiteralText::Text(..) => b'\'',
                });
                literals.push(literal);
            }
            TokenKind::Name(name) => {
                shape.extend_from_slice(name.as_bytes());
                shape.push(b' ');
            }
            TokenKind::True => shape.extend_from_slice(b"true "),
            TokenKind::False => shape.extend_from_slice(b"false "),
            TokenKind::Null => shape.extend_from_slice(b"null "),
            TokenKind::In => shape.extend_from_slice(b"in "),
            // A blank, so that `<` and `=` stay apart from `<=`.
            TokenKind::Symbol(symbol) => {
                shape.extend_from_slice(symbol.text().as_bytes());
                shape.push(b' ');
            }
        }
        before = [before[1], before[2], token.kind];
    }
    shape.push(b'\n');
    Ok(())
}

/// Parses a filter. Its literals become slots, numbered in the order in which [`scan_filter`]
/// finds them.
///
/// # Errors
/// `INVALID_FILTER` when the text follows no grammar, `QUERY_TOO_COMPLEX` when it has more
/// conditions or longer lists than `limits` allow.
pub fn parse_filter(text: &str, limits: &Limits) -> Result<FilterExpr, FilterError> {
    let told = |problem| FilterError::of(problem, text);
    let (expr, n_slots) = parse(text, Literals::Slots).map_err(|error| told(error.into()))?;
    let mut size = Size { limits, n_conditions: 0, too_complex: None };
    size.condition(&expr);
    if let Some(problem) = size.too_complex {
        return Err(told(problem));
    }
    let n_conditions = size.n_conditions;
    Ok(FilterExpr {
        text: text.into(),
        expr,
        n_slots,
        n_conditions,
        relations_max: limits.relation_depth_max,
    })
}

/// Gives a filter over rows of `model` its meaning for one actor, and each slot its type. Slots
/// are numbered from `first_slot`.
///
/// # Errors
/// `UNKNOWN_FIELD` for a name that the actor may not read, `INVALID_FILTER` for what means
/// nothing, `QUERY_TOO_COMPLEX` for a path over too many relations.
pub fn type_filter(
    filter: &FilterExpr,
    schema: &Schema,
    model: ModelId,
    first_slot: u16,
    visible: &dyn Visible,
) -> Result<(Predicate, Vec<SlotType>), Error> {
    let checker = Checker::new(schema, Setting::Filter(visible), model)
        .with_slots(first_slot, filter.n_slots)
        .with_relations_max(filter.relations_max);
    let (checked, problems) = checker.check(&filter.expr);
    match (checked, problems.into_iter().next()) {
        (Some(checked), None) => {
            let slots = checked.slots.iter().map(|ty| ty.slot_type()).collect();
            Ok((checked.predicate, slots))
        }
        (_, Some(problem)) => {
            let offset = characters(&filter.text, problem.span);
            Err(problem.into_error(offset))
        }
        (None, None) => unreachable!("invariant: what is refused is refused with a reason"),
    }
}

impl FilterExpr {
    /// Conditions in it, for the bound on all conditions of a request together.
    #[must_use]
    pub fn n_conditions(&self) -> usize {
        self.n_conditions
    }

    /// Literals in it, each of which fills a slot.
    #[must_use]
    pub fn n_slots(&self) -> u16 {
        self.n_slots
    }
}

impl FilterError {
    fn of(problem: Problem, text: &str) -> Self {
        let code = problem.fault.code();
        let message = match problem.help {
            Some(help) => format!("{}; {help}", problem.message),
            None => problem.message,
        };
        Self { code, offset: characters(text, problem.span), message }
    }
}

impl From<FilterError> for Error {
    fn from(error: FilterError) -> Self {
        Self::new(error.code, error.message).with_parameter("filter").with_offset(error.offset)
    }
}

/// Characters before the start of a span.
fn characters(text: &str, span: Span) -> usize {
    text.bytes().take(span.start).filter(|byte| byte & 0xC0 != 0x80).count()
}

/// Whether the parser keeps a text that follows these tokens: in `duration('24h')` and between
/// the brackets of an index.
fn keeps_literal(before: &[TokenKind<'_>; 3]) -> bool {
    match before {
        [of, TokenKind::Name("duration"), TokenKind::Symbol(Symbol::OpenParen)] => {
            *of != TokenKind::Symbol(Symbol::Dot)
        }
        [_, of, TokenKind::Symbol(Symbol::OpenBracket)] => matches!(
            of,
            TokenKind::Name(_)
                | TokenKind::Literal(_)
                | TokenKind::True
                | TokenKind::False
                | TokenKind::Null
                | TokenKind::Symbol(Symbol::CloseParen | Symbol::CloseBracket)
        ),
        _ => false,
    }
}

/// Counts what limits bound.
struct Size<'a> {
    limits: &'a Limits,
    n_conditions: usize,
    too_complex: Option<Problem>,
}

impl Size<'_> {
    fn condition(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            ExprKind::Not(inner) => self.condition(inner),
            ExprKind::Method(_, name, arguments) if matches!(&*name.text, "exists" | "all") => {
                self.count(expr.span);
                arguments.iter().skip(1).for_each(|argument| self.condition(argument));
            }
            ExprKind::Binary(_, left, right) => {
                self.count(expr.span);
                for operand in [left, right] {
                    if let ExprKind::List(items) = &operand.kind {
                        self.list(items.len(), operand.span);
                    }
                }
            }
            ExprKind::Literal(_)
            | ExprKind::List(_)
            | ExprKind::Name(_)
            | ExprKind::Member(..)
            | ExprKind::Index(..)
            | ExprKind::Call(..)
            | ExprKind::Method(..) => self.count(expr.span),
        }
    }

    fn count(&mut self, span: Span) {
        self.n_conditions += 1;
        let most = self.limits.filter_nodes_max;
        if self.n_conditions > most {
            let message = format!("a filter has at most {most} conditions");
            self.refuse(span, message);
        }
    }

    fn list(&mut self, n_items: usize, span: Span) {
        let most = self.limits.in_values_max;
        if n_items > most {
            let message = format!("a list has at most {most} values, found {n_items}");
            self.refuse(span, message);
        }
    }

    fn refuse(&mut self, span: Span, message: String) {
        self.too_complex.get_or_insert_with(|| Problem::new(Fault::TooComplex, span, message));
    }
}

#[cfg(test)]
mod tests;
