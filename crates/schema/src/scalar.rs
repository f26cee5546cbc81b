//! The scalar types of the schema language and how a column holds them.

/// A scalar type. Each means the same on every database: same range, order and comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// The key of a row.
    Id(IdKind),
    /// Text without U+0000, compared byte by byte unless the field says `@text(compare: CASELESS)`.
    String,
    /// A signed 32-bit integer.
    Int,
    /// A signed 64-bit integer; a string on the wire.
    BigInt,
    /// A finite IEEE 754 double.
    Float,
    /// `true` or `false`.
    Boolean,
    /// An exact decimal number of at most `precision` digits (1 to 18), `scale` of them after the
    /// point; a string on the wire.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// A point in time, in microseconds, from year 1 to year 9999; RFC 3339 in UTC on the wire.
    DateTime,
    /// A calendar day, year 1 to year 9999.
    Date,
    /// A time of day in microseconds.
    Time,
    /// A signed length of time in microseconds; ISO 8601 (`PT1H30M`) on the wire.
    Duration,
    /// Any JSON value, kept as its text without insignificant white space.
    Json,
    /// An e-mail address (RFC 5321 `Mailbox`).
    Email,
    /// An absolute URL (WHATWG URL).
    Url,
    /// A UUID of any version, lower case on the wire.
    Uuid,
}

/// What a model's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// UUID version 7, made by the server.
    Uuid,
    /// A 64-bit integer, made by the database; a string on the wire.
    Int,
    /// Text that the client chooses when it creates the row.
    String,
}

/// How a column holds a value. Everything but the first line is for adopted tables, whose columns
/// hold what their former owner wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Encoding {
    /// The type's own: integers, booleans, dates (days since 1970-01-01), times, durations and
    /// date-times (microseconds) as integers; decimals as integers times 10^scale; UUIDs as 16
    /// bytes; floats as doubles; everything else as text.
    #[default]
    Native,
    /// Text: `YYYY-MM-DD HH:MM:SS[.ffffff]` for date-times, `YYYY-MM-DD` for dates, `HH:MM:SS` for
    /// times, digits for decimals, 36 characters for UUIDs.
    Text,
    /// A binary floating point number that stands for a decimal.
    Real,
    /// Date-times as seconds since 1970.
    Seconds,
    /// Date-times as milliseconds since 1970.
    Millis,
}
