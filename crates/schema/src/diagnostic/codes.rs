//! The one table of diagnostic codes. A code once published keeps its meaning.
//!
//! Tens group what belongs together: files and definitions (1), names (10), unknown names (20),
//! directives (30), fields (40), relations (60), indexes (70), accounts and roles (80), access (90).
//! S0100 to S0199 belong to rules; the `rules` room makes those.

use super::{
    Explanation, Page, Severity, access, account, collision, constraint, default, definition,
    directive, duplicate, field, file, index, name, relation, role, rule, unknown,
};

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
    Syntax, "S0001", Error, file::SYNTAX;
    TooLarge, "S0002", Error, file::TOO_LARGE;
    Unsupported, "S0003", Error, definition::UNSUPPORTED;
    NoModels, "S0004", Warning, definition::NO_MODELS;
    NotAModel, "S0005", Error, definition::NOT_A_MODEL;
    ExtendsNothing, "S0006", Error, definition::EXTENDS_NOTHING;
    DuplicateType, "S0010", Error, duplicate::TYPE;
    DuplicateField, "S0011", Error, duplicate::FIELD;
    DuplicateEnumValue, "S0012", Error, duplicate::ENUM_VALUE;
    MalformedName, "S0013", Error, name::MALFORMED;
    ReservedName, "S0014", Error, name::RESERVED;
    PluralTaken, "S0015", Error, collision::PLURAL;
    TableTaken, "S0016", Error, collision::TABLE;
    ColumnTaken, "S0017", Error, collision::COLUMN;
    FormerNamePresent, "S0018", Error, name::FORMER_PRESENT;
    FormerNameTwice, "S0019", Error, name::FORMER_TWICE;
    UnknownType, "S0020", Error, unknown::TYPE;
    UnknownDirective, "S0021", Error, unknown::DIRECTIVE;
    UnknownArgument, "S0022", Error, unknown::ARGUMENT;
    UnknownField, "S0023", Error, unknown::FIELD;
    UnknownValue, "S0024", Error, unknown::VALUE;
    UnknownRole, "S0025", Error, unknown::ROLE;
    FilesUnavailable, "S0026", Error, unknown::FILE;
    DirectivePlace, "S0030", Error, directive::PLACE;
    DirectiveRepeated, "S0031", Error, directive::REPEATED;
    MissingArgument, "S0032", Error, directive::MISSING_ARGUMENT;
    ArgumentType, "S0033", Error, directive::ARGUMENT_TYPE;
    ArgumentTwice, "S0034", Error, directive::ARGUMENT_TWICE;
    ArgumentPlace, "S0035", Error, directive::ARGUMENT_PLACE;
    SaysNothing, "S0036", Error, directive::SAYS_NOTHING;
    Contradiction, "S0037", Error, directive::CONTRADICTION;
    NobodySets, "S0038", Error, directive::NOBODY_SETS;
    VersionNumber, "S0039", Error, directive::VERSION;
    DirectiveMisfit, "S0040", Error, constraint::MISFIT;
    Range, "S0041", Error, constraint::RANGE;
    Length, "S0042", Error, constraint::LENGTH;
    Pattern, "S0043", Error, constraint::PATTERN;
    DecimalSize, "S0044", Error, constraint::DECIMAL;
    DefaultType, "S0045", Error, default::TYPE;
    DefaultCount, "S0046", Error, default::COUNT;
    DefaultOutside, "S0047", Error, default::OUTSIDE;
    DefaultMisfit, "S0048", Error, default::MISFIT;
    ListShape, "S0050", Error, field::LIST_SHAPE;
    KeyType, "S0051", Error, field::KEY;
    ServerField, "S0052", Error, field::SERVER_FIELD;
    Storage, "S0053", Error, field::STORAGE;
    PairModel, "S0059", Error, relation::PAIR_MODEL;
    RelationNoOwner, "S0060", Error, relation::NO_OWNER;
    RelationAmbiguous, "S0061", Error, relation::AMBIGUOUS;
    RelationNotBack, "S0062", Error, relation::NOT_BACK;
    RelationSetNull, "S0063", Error, relation::SET_NULL;
    RelationSecondInverse, "S0064", Error, relation::SECOND_INVERSE;
    RelationSidesDisagree, "S0065", Error, relation::SIDES_DISAGREE;
    RelationArgument, "S0066", Error, relation::ARGUMENT;
    RequiredCycle, "S0067", Error, relation::REQUIRED_CYCLE;
    SingleInverse, "S0068", Error, relation::SINGLE;
    PairColumns, "S0069", Error, relation::PAIR_COLUMNS;
    NotIndexable, "S0070", Error, index::NOT_INDEXABLE;
    IndexFieldTwice, "S0071", Error, index::FIELD_TWICE;
    IndexNameTaken, "S0072", Error, index::NAME_TAKEN;
    IndexUseless, "S0073", Warning, index::USELESS;
    SecondAccount, "S0080", Error, account::SECOND;
    NoIdentity, "S0081", Error, account::NO_IDENTITY;
    IdentityField, "S0082", Error, account::IDENTITY_FIELD;
    RoleTwice, "S0083", Error, role::TWICE;
    RoleCycle, "S0084", Error, role::CYCLE;
    PermissionForm, "S0085", Error, role::FORM;
    PermissionNearModel, "S0086", Warning, role::NEAR_MODEL;
    NoRules, "S0090", Warning, access::NO_RULES;
    ReadableSecret, "S0091", Warning, access::READABLE_SECRET;
    OpenWrite, "S0092", Warning, access::OPEN_WRITE;
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
    RuleNullOwner, "S0111", Warning, rule::NULL_OWNER;
    RulePairsWritten, "S0112", Error, rule::PAIRS_WRITTEN;
    RulePairsOpen, "S0113", Error, rule::PAIRS_OPEN;
}
