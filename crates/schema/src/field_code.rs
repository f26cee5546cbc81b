//! Why a value of a field is refused, as clients are told.

macro_rules! field_codes {
    ($(#[doc = $doc:literal] $variant:ident, $name:literal;)+) => {
        /// The code of one wrong field, `details.fields[…].code` on the wire.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FieldCode {
            $(#[doc = $doc] $variant,)+
        }

        impl FieldCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence for the reference page.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc,)+ }
            }
        }
    };
}

// tidy: table
field_codes! {
    /// A value must be sent.
    Required, "REQUIRED";
    /// `null` was sent for a field that always has a value.
    NullNotAllowed, "NULL_NOT_ALLOWED";
    /// The model has no such field for this caller.
    UnknownField, "UNKNOWN_FIELD";
    /// The server sets the field.
    ReadOnly, "READ_ONLY";
    /// The field is set when the row is created, and never again.
    Immutable, "IMMUTABLE";
    /// The value has another JSON type.
    InvalidType, "INVALID_TYPE";
    /// The text is not in the form of the type.
    InvalidFormat, "INVALID_FORMAT";
    /// The text holds a character that cannot be stored.
    InvalidCharacter, "INVALID_CHARACTER";
    /// The number or time is outside the range of the type or of the field.
    OutOfRange, "OUT_OF_RANGE";
    /// The text or list has too few characters or items.
    TooShort, "TOO_SHORT";
    /// The text or list has too many characters or items.
    TooLong, "TOO_LONG";
    /// The text does not match the field's pattern.
    PatternMismatch, "PATTERN_MISMATCH";
    /// The enum has no such value.
    UnknownValue, "UNKNOWN_VALUE";
    /// A JSON object names a key twice.
    DuplicateKey, "DUPLICATE_KEY";
    /// Another row has the value.
    NotUnique, "NOT_UNIQUE";
    /// No row has this key.
    NotFound, "NOT_FOUND";
    /// A condition of the model does not hold.
    CheckFailed, "CHECK_FAILED";
    /// The caller may not set the field.
    Forbidden, "FORBIDDEN";
    /// The JSON value nests too deep.
    TooDeep, "TOO_DEEP";
    /// The list has more items than any list may have.
    TooManyItems, "TOO_MANY_ITEMS";
}

/// A text or JSON value that is not a value of the type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// Why, for programs.
    pub code: FieldCode,
    /// Why, for people: continues "the value …" (`must be an integer`).
    pub message: std::borrow::Cow<'static, str>,
}

impl ValueError {
    /// A refusal.
    pub fn new(code: FieldCode, message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }
}
