//! The form of an expression before any name in it means something.

use std::borrow::Cow;

use crate::lexer::unescape;

/// Bytes from `start` to before `end` of an expression's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The span from the start of `self` to the end of `other`.
    pub(crate) const fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// A literal as it stands in the text; its type follows from what it meets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LiteralText<'a> {
    /// A number, with its sign where it has one.
    Number(&'a str),
    /// Text, without quotes; escapes still to be resolved when `true`.
    Text(&'a str, bool),
}

impl<'a> LiteralText<'a> {
    /// The number as written, or the text with its escapes resolved.
    #[must_use]
    pub fn resolve(self) -> Cow<'a, str> {
        match self {
            Self::Number(text) | Self::Text(text, false) => Cow::Borrowed(text),
            Self::Text(text, true) => Cow::Owned(resolve_escapes(text)),
        }
    }
}

/// Resolves every escape; one that does not exist stays as it is written.
fn resolve_escapes(text: &str) -> String {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        resolved.push_str(&rest[..at]);
        rest = &rest[at..];
        match unescape(rest) {
            Ok((found, length)) => {
                resolved.push(found);
                rest = &rest[length..];
            }
            Err(_) => {
                resolved.push('\\');
                rest = &rest[1..];
            }
        }
    }
    resolved.push_str(rest);
    resolved
}

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    pub(crate) text: Box<str>,
    pub(crate) span: Span,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Literal(Literal),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `row`
    Name(Box<str>),
    /// `row.name`
    Member(Box<Expr>, Name),
    /// `auth.claims['org-id']`
    Index(Box<Expr>, Box<Expr>),
    /// `size(row.name)`
    Call(Name, Vec<Expr>),
    /// `row.name.startsWith('a')`
    Method(Box<Expr>, Name, Vec<Expr>),
    Not(Box<Expr>),
    /// `a && b && c`, never fewer than two.
    And(Vec<Expr>),
    /// `a || b || c`, never fewer than two.
    Or(Vec<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
}

/// A literal of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    /// A number as written.
    Number(Box<str>),
    /// Text, its escapes resolved.
    Text(Box<str>),
    /// The literal with this number, which travels apart (filters).
    Slot(u16, LiteralKind),
}

/// Whether a literal that travels apart is a number or a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiteralKind {
    Number,
    Text,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    Add,
    Sub,
}

/// Why a text is not an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SyntaxError {
    pub(crate) kind: SyntaxErrorKind,
    pub(crate) span: Span,
    pub(crate) message: String,
}

/// What kind of mistake it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SyntaxErrorKind {
    /// The text follows no grammar.
    Malformed,
    /// It is CEL, but a part of CEL that does not exist here.
    Unsupported,
    /// It is too long, too deep or has too many parts.
    TooComplex,
}

impl SyntaxError {
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self { kind: SyntaxErrorKind::Malformed, span, message: message.into() }
    }

    pub(crate) fn unsupported(span: Span, message: impl Into<String>) -> Self {
        Self { kind: SyntaxErrorKind::Unsupported, span, message: message.into() }
    }

    pub(crate) fn too_complex(span: Span, message: impl Into<String>) -> Self {
        Self { kind: SyntaxErrorKind::TooComplex, span, message: message.into() }
    }
}
