//! The type of a field from the declared type of its column and from what the column holds.

use crate::introspection::{ColumnFacts, Profile};

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct FieldType {
    /// `String`, `Int`, …
    pub(super) name: &'static str,
    /// `storage:` of `@column`.
    pub(super) storage: Option<&'static str>,
    /// What else stands at the field: `@length(max: 40)`.
    pub(super) directives: Vec<String>,
    /// Digits after the point, for a `Decimal`.
    pub(super) scale: u8,
    /// Characters at most, for a `String`.
    pub(super) length_max: Option<u64>,
    /// What a reader of the schema should know.
    pub(super) note: Option<String>,
}

/// A declared type taken apart: `NUMERIC(10,2)`.
struct Declared {
    base: String,
    sizes: Vec<u64>,
}

/// What a declaration asks for, before the values are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Boolean,
    Integer,
    BigInteger,
    Text,
    Json,
    Uuid,
    Blob,
    Float,
    Decimal,
    Date,
    Time,
    DateTime,
    Unknown,
}

/// The type, or why the column cannot be served.
pub(super) fn field_type(column: &ColumnFacts) -> Result<FieldType, String> {
    let declared = Declared::parse(&column.declared_type);
    let profile = column.profile.unwrap_or_default();
    let n_values = profile.values();
    match declared.family() {
        Family::Blob | Family::Unknown if n_values > 0 && profile.blobs == n_values => {
            Err("holds bytes, which have no type in a schema".to_owned())
        }
        Family::Blob if n_values == 0 => {
            Err("is declared for bytes, which have no type in a schema".to_owned())
        }
        Family::Boolean if is_boolean(&profile) => Ok(simple("Boolean")),
        Family::Boolean | Family::Integer => Ok(integer(&profile)),
        Family::BigInteger => Ok(noting_others(simple("BigInt"), profile.integers, &profile)),
        Family::Float => {
            Ok(noting_others(simple("Float"), profile.reals + profile.integers, &profile))
        }
        Family::Decimal => Ok(decimal(&declared, &profile)),
        Family::Date | Family::Time | Family::DateTime => Ok(temporal(declared.family(), &profile)),
        Family::Json if profile.json_containers == n_values => Ok(simple("JSON")),
        Family::Uuid if profile.uuid_blobs == n_values && n_values > 0 => Ok(simple("UUID")),
        Family::Uuid if profile.uuids == n_values => Ok(stored("UUID", "TEXT")),
        Family::Text if keeps_time(column) && profile.date_times == n_values => {
            Ok(stored("DateTime", "TEXT"))
        }
        Family::Text | Family::Json | Family::Uuid => Ok(text(column, &declared, &profile)),
        Family::Blob | Family::Unknown => Ok(by_values(column, &declared, &profile)),
    }
}

fn simple(name: &'static str) -> FieldType {
    FieldType { name, ..FieldType::default() }
}

fn stored(name: &'static str, storage: &'static str) -> FieldType {
    FieldType { storage: Some(storage), ..simple(name) }
}

fn is_boolean(profile: &Profile) -> bool {
    profile.integers == profile.values()
        && profile.integer_min.is_none_or(|min| min >= 0)
        && profile.integer_max.is_none_or(|max| max <= 1)
}

fn integer(profile: &Profile) -> FieldType {
    let fits = |bound: Option<i64>| bound.is_none_or(|value| i32::try_from(value).is_ok());
    if profile.reals > 0 && profile.reals + profile.integers == profile.values() {
        return simple("Float");
    }
    let name =
        if fits(profile.integer_min) && fits(profile.integer_max) { "Int" } else { "BigInt" };
    noting_others(simple(name), profile.integers, profile)
}

/// SQLite lets rows hold what the declaration does not say. Such values read as null.
fn noting_others(mut made: FieldType, n_fitting: u64, profile: &Profile) -> FieldType {
    let n_others = profile.values().saturating_sub(n_fitting);
    if n_others > 0 {
        let rows = if n_others == 1 { "1 row".to_owned() } else { format!("{n_others} rows") };
        made.note =
            Some(format!("holds something else than {} in {rows}, which reads as null", made.name));
    }
    made
}

fn text(column: &ColumnFacts, declared: &Declared, profile: &Profile) -> FieldType {
    let mut made = simple("String");
    if let Some(max) = declared.sizes.first().filter(|max| **max > 0) {
        match profile.text_length_max {
            Some(longest) if longest > *max => {
                made.note = Some(format!(
                    "is declared for {max} characters but holds {longest}, so no length is asked for"
                ));
            }
            _ => {
                made.length_max = Some(*max);
                made.directives.push(format!("@length(max: {max})"));
            }
        }
    }
    if column.collation.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("NOCASE")) {
        made.directives.push("@text(compare: CASELESS)".to_owned());
    }
    if profile.texts < profile.values() {
        noting_others(made, profile.texts, profile)
    } else {
        made
    }
}

fn decimal(declared: &Declared, profile: &Profile) -> FieldType {
    let size = |at: usize| declared.sizes.get(at).and_then(|size| u8::try_from(*size).ok());
    let n_values = profile.values();
    let is_text = n_values > 0 && profile.decimals == n_values;
    let is_number = profile.integers + profile.reals == n_values;
    let wanted = match size(1) {
        Some(scale) => scale.max(profile.scale_max),
        None if size(0).is_some() || (n_values > 0 && profile.reals == 0) => profile.scale_max,
        None => profile.scale_max.max(2),
    };
    if !is_text && !is_number || wanted > 9 || profile.digits_max.saturating_add(wanted) > 18 {
        return noting_others(simple("Float"), profile.integers + profile.reals, profile);
    }
    let precision = size(0).unwrap_or(18).clamp(1, 18);
    let precision = precision.max(profile.digits_max.saturating_add(wanted)).max(wanted).min(18);
    let whole = wanted == 0 && profile.reals == 0 && !is_text;
    let storage = match (is_text, whole) {
        (true, _) => Some("TEXT"),
        (false, true) => None,
        (false, false) => Some("REAL"),
    };
    let directives = vec![format!("@decimal(precision: {precision}, scale: {wanted})")];
    FieldType { storage, directives, scale: wanted, ..simple("Decimal") }
}

fn temporal(family: Family, profile: &Profile) -> FieldType {
    let n_values = profile.values();
    let by_text = [
        (profile.date_times, stored("DateTime", "TEXT")),
        (profile.dates, stored("Date", "TEXT")),
        (profile.times, stored("Time", "TEXT")),
    ];
    if n_values == 0 {
        let name = match family {
            Family::Date => "Date",
            Family::Time => "Time",
            Family::Boolean
            | Family::Integer
            | Family::BigInteger
            | Family::Text
            | Family::Json
            | Family::Uuid
            | Family::Blob
            | Family::Float
            | Family::Decimal
            | Family::DateTime
            | Family::Unknown => "DateTime",
        };
        return stored(name, "TEXT");
    }
    if let Some((_, made)) = by_text.into_iter().find(|(count, _)| *count == n_values) {
        return made;
    }
    if profile.integers == n_values {
        let largest = [profile.integer_min, profile.integer_max].into_iter().flatten();
        // Counted since 1970: seconds reach 10^11 in the year 5138, milliseconds 10^14.
        return match largest.map(i64::unsigned_abs).max().unwrap_or(0) {
            ..100_000_000_000 => stored("DateTime", "SECONDS"),
            100_000_000_000..100_000_000_000_000 => stored("DateTime", "MILLIS"),
            _ => simple("DateTime"),
        };
    }
    if profile.texts == n_values {
        let note = "holds times in several forms, or in one that cannot be kept when written, so it \
                    is served as text";
        return FieldType { note: Some(note.to_owned()), ..simple("String") };
    }
    let made = noting_others(simple("Float"), profile.reals + profile.integers, profile);
    let note = "holds times as numbers that are not whole, so it is served as such";
    FieldType { note: made.note.or(Some(note.to_owned())), ..simple("Float") }
}

fn by_values(column: &ColumnFacts, declared: &Declared, profile: &Profile) -> FieldType {
    let n_values = profile.values();
    if n_values > 0 && profile.integers == n_values {
        integer(profile)
    } else if n_values > 0 && profile.integers + profile.reals == n_values {
        simple("Float")
    } else {
        text(column, declared, profile)
    }
}

/// Whether the database writes the time into the column by itself.
fn keeps_time(column: &ColumnFacts) -> bool {
    column.default.as_deref().is_some_and(|default| {
        default.eq_ignore_ascii_case("CURRENT_TIMESTAMP")
            || default.to_ascii_lowercase().starts_with("datetime('now'")
    })
}

impl Declared {
    fn parse(text: &str) -> Self {
        let (base, sizes) = text.split_once('(').unwrap_or((text, ""));
        let sizes = sizes.split([',', ')']).filter_map(|size| size.trim().parse().ok());
        Self { base: base.trim().to_ascii_uppercase(), sizes: sizes.collect() }
    }

    fn family(&self) -> Family {
        let base = self.base.as_str();
        let has = |words: &[&str]| words.iter().any(|word| base.contains(word));
        if has(&["BOOL"]) || base == "BIT" || (base == "TINYINT" && self.sizes == [1]) {
            Family::Boolean
        } else if has(&["BIGINT", "INT8"]) {
            Family::BigInteger
        } else if has(&["DATETIME", "TIMESTAMP"]) {
            Family::DateTime
        } else if has(&["JSON"]) {
            Family::Json
        } else if has(&["UUID", "GUID", "UNIQUEIDENTIFIER"]) {
            Family::Uuid
        } else if has(&["INT", "SERIAL"]) {
            Family::Integer
        } else if has(&["CHAR", "CLOB", "TEXT", "STRING"]) {
            Family::Text
        } else if has(&["BLOB", "BINARY", "BYTEA"]) {
            Family::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Family::Float
        } else if has(&["NUMERIC", "DECIMAL", "MONEY", "NUMBER"]) {
            Family::Decimal
        } else if base == "DATE" {
            Family::Date
        } else if base == "TIME" {
            Family::Time
        } else {
            Family::Unknown
        }
    }
}
