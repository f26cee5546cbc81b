//! What is wrong with an expression, before it is told to the author of a schema or to a client.

use underpin_base::{Code, Error};
use underpin_schema::{Diagnostic, DiagnosticCode, RuleText};

use crate::syntax::{Span, SyntaxError, SyntaxErrorKind};

/// A mistake in an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) fault: Fault,
    pub(crate) span: Span,
    /// One line that says what is wrong, without a full stop.
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// What kind of mistake it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Syntax,
    UnknownField,
    UnknownName,
    TypeMismatch,
    Unsupported,
    TooComplex,
    NextOutsideUpdate,
    RelationAsValue,
    WrongLiteral,
    UnknownPermission,
    BeyondTheRow,
    NullOwner,
}

impl Problem {
    pub(crate) fn new(fault: Fault, span: Span, message: impl Into<String>) -> Self {
        Self { fault, span, message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_help_opt(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// As the author of the schema reads it.
    pub(crate) fn into_diagnostic(self, rule: &RuleText) -> Diagnostic {
        let code = match self.fault {
            Fault::Syntax => DiagnosticCode::RuleSyntax,
            Fault::UnknownField | Fault::UnknownName => DiagnosticCode::RuleUnknownName,
            Fault::TypeMismatch => DiagnosticCode::RuleTypeMismatch,
            Fault::Unsupported => DiagnosticCode::RuleUnsupported,
            Fault::TooComplex => DiagnosticCode::RuleTooComplex,
            Fault::NextOutsideUpdate => DiagnosticCode::RuleNextOutsideUpdate,
            Fault::RelationAsValue => DiagnosticCode::RuleRelationAsValue,
            Fault::WrongLiteral => DiagnosticCode::RuleWrongLiteral,
            Fault::UnknownPermission => DiagnosticCode::RuleUnknownPermission,
            Fault::BeyondTheRow => DiagnosticCode::RuleBeyondTheRow,
            Fault::NullOwner => DiagnosticCode::RuleNullOwner,
        };
        let span = rule.span_of(self.span.start, self.span.end);
        Diagnostic::new(code, self.message, span, "").with_help_opt(self.help)
    }

    /// As the client that sent a filter reads it. `offset` is where in the parameter's text the
    /// mistake stands, in characters.
    pub(crate) fn into_error(self, offset: usize) -> Error {
        let error = Error::new(self.fault.code(), self.message)
            .with_parameter("filter")
            .with_offset(offset);
        match self.help {
            Some(help) => error.with_hint(help),
            None => error,
        }
    }
}

impl Fault {
    /// Whether the expression can be used all the same.
    pub(crate) const fn is_warning(self) -> bool {
        matches!(self, Self::UnknownPermission | Self::NullOwner)
    }

    /// What a client is told when its filter has this mistake.
    pub(crate) const fn code(self) -> Code {
        match self {
            Self::UnknownField => Code::UnknownField,
            Self::TooComplex => Code::QueryTooComplex,
            Self::Syntax
            | Self::UnknownName
            | Self::TypeMismatch
            | Self::Unsupported
            | Self::NextOutsideUpdate
            | Self::RelationAsValue
            | Self::WrongLiteral
            | Self::UnknownPermission
            | Self::BeyondTheRow
            | Self::NullOwner => Code::InvalidFilter,
        }
    }
}

impl From<SyntaxError> for Problem {
    fn from(error: SyntaxError) -> Self {
        let fault = match error.kind {
            SyntaxErrorKind::Malformed => Fault::Syntax,
            SyntaxErrorKind::Unsupported => Fault::Unsupported,
            SyntaxErrorKind::TooComplex => Fault::TooComplex,
        };
        Self::new(fault, error.span, error.message)
    }
}
