//! Why a value of a field is refused, as clients are told.

/// The code of one wrong field, `details.fields[…].code` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldCode {
    /// A value must be sent.
    Required,
    /// `null` was sent for a field that always has a value.
    NullNotAllowed,
    /// The model has no such field for this caller.
    UnknownField,
    /// The server sets the field.
    ReadOnly,
    /// The field is set when the row is created, and never again.
    Immutable,
    /// The value has another JSON type.
    InvalidType,
    /// The text is not in the form of the type.
    InvalidFormat,
    /// The text holds a character that cannot be stored.
    InvalidCharacter,
    /// The number or time is outside the range of the type or of the field.
    OutOfRange,
    /// The text or list has too few characters or items.
    TooShort,
    /// The text or list has too many characters or items.
    TooLong,
    /// The text does not match the field's pattern.
    PatternMismatch,
    /// The enum has no such value.
    UnknownValue,
    /// A JSON object names a key twice.
    DuplicateKey,
    /// Another row has the value.
    NotUnique,
    /// No row has this key.
    NotFound,
    /// A condition of the model does not hold.
    CheckFailed,
    /// The caller may not set the field.
    Forbidden,
    /// The JSON value nests too deep.
    TooDeep,
    /// The list has more items than any list may have.
    TooManyItems,
}

impl FieldCode {
    /// Every code.
    pub const ALL: &[Self] = &[
        Self::Required,
        Self::NullNotAllowed,
        Self::UnknownField,
        Self::ReadOnly,
        Self::Immutable,
        Self::InvalidType,
        Self::InvalidFormat,
        Self::InvalidCharacter,
        Self::OutOfRange,
        Self::TooShort,
        Self::TooLong,
        Self::PatternMismatch,
        Self::UnknownValue,
        Self::DuplicateKey,
        Self::NotUnique,
        Self::NotFound,
        Self::CheckFailed,
        Self::Forbidden,
        Self::TooDeep,
        Self::TooManyItems,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::NullNotAllowed => "NULL_NOT_ALLOWED",
            Self::UnknownField => "UNKNOWN_FIELD",
            Self::ReadOnly => "READ_ONLY",
            Self::Immutable => "IMMUTABLE",
            Self::InvalidType => "INVALID_TYPE",
            Self::InvalidFormat => "INVALID_FORMAT",
            Self::InvalidCharacter => "INVALID_CHARACTER",
            Self::OutOfRange => "OUT_OF_RANGE",
            Self::TooShort => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::PatternMismatch => "PATTERN_MISMATCH",
            Self::UnknownValue => "UNKNOWN_VALUE",
            Self::DuplicateKey => "DUPLICATE_KEY",
            Self::NotUnique => "NOT_UNIQUE",
            Self::NotFound => "NOT_FOUND",
            Self::CheckFailed => "CHECK_FAILED",
            Self::Forbidden => "FORBIDDEN",
            Self::TooDeep => "TOO_DEEP",
            Self::TooManyItems => "TOO_MANY_ITEMS",
        }
    }
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
