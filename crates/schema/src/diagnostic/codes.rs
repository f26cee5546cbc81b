//! The one table of diagnostic codes. A code once published keeps its meaning.
//!
//! Tens group what belongs together: files and definitions (1), names (10), unknown names (20),
//! directives (30), fields (40), relations (60), indexes (70), accounts and roles (80), access (90).
//! S0100 to S0199 belong to rules; the `rules` room makes those.

use super::{Explanation, Page, Severity, rule};

macro_rules! diagnostic_codes {
    ($($variant:ident, $name:literal, $severity:ident, $page:path;)+) => {
        /// The kind of a diagnostic: a stable code with a page of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DiagnosticCode {
            $(#[doc = $name] $variant,)+
        }

        impl DiagnosticCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The code as it is printed: `S0020`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Whether diagnostics of this kind keep a schema from being used.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)+ }
            }

            /// The page about it.
            #[must_use]
            pub const fn explanation(self) -> Explanation {
                let Page { title, meaning, bad, good } = match self { $(Self::$variant => $page,)+ };
                Explanation { code: self, title, meaning, bad, good }
            }
        }
    };
}

// tidy: table
diagnostic_codes! {
    RuleSyntax, "S0101", Error, rule::SYNTAX;
    RuleUnknownName, "S0102", Error, rule::UNKNOWN_NAME;
    RuleTypeMismatch, "S0103", Error, rule::TYPE_MISMATCH;
    RuleUnsupported, "S0104", Error, rule::UNSUPPORTED;
    RuleTooComplex, "S0105", Error, rule::TOO_COMPLEX;
    RuleNextOutsideUpdate, "S0106", Error, rule::NEXT_OUTSIDE_UPDATE;
    RuleRelationAsValue, "S0107", Error, rule::RELATION_AS_VALUE;
    RuleWrongLiteral, "S0108", Error, rule::WRONG_LITERAL;
    RuleUnknownPermission, "S0109", Warning, rule::UNKNOWN_PERMISSION;
    RuleBeyondTheRow, "S0110", Error, rule::BEYOND_THE_ROW;
}
