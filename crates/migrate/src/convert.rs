//! How the values of a column become values of another type, exactly or not at all.
//!
//! Every conversion is reversible in the sense that no information is lost. Where only some values
//! can be converted, the condition that tells them goes into the plan as a check; where none can,
//! the condition is false, so that the change is still possible while no row has a value.

use crate::quote;
use crate::snapshot::{Column, EnumValueShape, Kind, Snapshot, Storage, TableKey};

/// The way from one column type to another, over the value `v`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Conversion {
    /// The new value as SQL over `{v}`; none where values stay as they are.
    pub(crate) value: Option<String>,
    /// Which values can be converted, as SQL over `{v}`; none where all can.
    pub(crate) fits: Option<String>,
    /// What those that cannot are to be called: `does not hold a whole number`.
    pub(crate) complaint: &'static str,
}

impl Conversion {
    fn keep() -> Self {
        Self::default()
    }

    fn keep_if(fits: impl Into<String>, complaint: &'static str) -> Self {
        Self { value: None, fits: Some(fits.into()), complaint }
    }

    fn by(value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    fn by_if(value: impl Into<String>, fits: impl Into<String>, complaint: &'static str) -> Self {
        Self { value: Some(value.into()), fits: Some(fits.into()), complaint }
    }

    fn impossible() -> Self {
        Self::by_if("NULL", "0", "would lose its value, for there is no exact conversion")
    }

    /// The new value of this column.
    pub(crate) fn value_of(&self, column: &str) -> String {
        let column = quote::name(column);
        self.value.as_ref().map_or_else(|| column.clone(), |value| value.replace("{v}", &column))
    }

    /// Which values of this column can be converted.
    pub(crate) fn fits_of(&self, column: &str) -> Option<String> {
        self.fits.as_ref().map(|fits| fits.replace("{v}", &quote::name(column)))
    }
}

/// The way from the one column to the other.
pub(crate) fn convert(old: (&Snapshot, &Column), new: (&Snapshot, &Column)) -> Conversion {
    let (from, to) = (&old.1.kind, &new.1.kind);
    if old.1.storage != new.1.storage {
        return between_storages(from, to, old.1.storage, new.1.storage);
    }
    if new.1.storage != Storage::Native {
        return if from == to { Conversion::keep() } else { Conversion::impossible() };
    }
    match (from, to) {
        (Kind::Enum(left), Kind::Enum(right)) => {
            between_enums(old.0.enum_values(left), new.0.enum_values(right))
        }
        (Kind::List(left), Kind::List(right)) => match (&**left, &**right) {
            (Kind::Enum(left), Kind::Enum(right)) => {
                between_enum_lists(old.0.enum_values(left), new.0.enum_values(right))
            }
            _ if left == right || (is_text(left) && **right == Kind::String) => Conversion::keep(),
            _ => Conversion::impossible(),
        },
        (_, Kind::List(item)) => into_list(from, item),
        (Kind::List(item), _) => out_of_list(item, to),
        (_, Kind::Enum(name)) if is_text(from) => {
            let values = one_of("{v}", new.0.enum_values(name).iter().map(|v| v.name.as_str()));
            Conversion::keep_if(values, "holds no value of the enum")
        }
        _ => between_scalars(from, to),
    }
}

/// The same type in another form. Adopted columns that become managed ones pass through here.
fn between_storages(from: &Kind, to: &Kind, old: Storage, new: Storage) -> Conversion {
    if from != to {
        return Conversion::impossible();
    }
    let micros = |storage| match storage {
        Storage::Native => Some(1),
        Storage::Millis => Some(1_000),
        Storage::Seconds => Some(1_000_000),
        Storage::Text | Storage::Real => None,
    };
    match (from, old, new) {
        (Kind::DateTime, _, _) => match (micros(old), micros(new)) {
            (Some(old), Some(new)) if old >= new => {
                Conversion::by(format!("{{v}} * {}", old / new))
            }
            (Some(old), Some(new)) => Conversion::by_if(
                format!("{{v}} / {}", new / old),
                format!("{{v}} % {} = 0", new / old),
                "has a fraction that would be lost",
            ),
            _ => Conversion::impossible(),
        },
        (Kind::Decimal { precision, scale }, Storage::Text, Storage::Native) => {
            into_decimal(&Kind::String, *precision, *scale)
        }
        (Kind::Decimal { scale, .. }, Storage::Native, Storage::Text) => {
            out_of_decimal(*scale, &Kind::String)
        }
        (Kind::Uuid | Kind::Date | Kind::Time, Storage::Text, Storage::Native) => out_of_text(to),
        (Kind::Uuid | Kind::Date | Kind::Time, Storage::Native, Storage::Text) => into_text(from),
        _ => Conversion::impossible(),
    }
}

fn is_text(kind: &Kind) -> bool {
    matches!(kind, Kind::String | Kind::Email | Kind::Url | Kind::Enum(_))
}

fn one_of<'a>(value: &str, allowed: impl Iterator<Item = &'a str>) -> String {
    let allowed: Vec<String> = allowed.map(quote::text).collect();
    format!("{value} COLLATE BINARY IN ({})", allowed.join(", "))
}

const INT: &str = "{v} BETWEEN -2147483648 AND 2147483647";

// tidy: table
fn between_scalars(from: &Kind, to: &Kind) -> Conversion {
    match (from, to) {
        (left, right) if left == right => Conversion::keep(),
        (Kind::Int, Kind::BigInt)
        | (Kind::Boolean, Kind::Int | Kind::BigInt)
        | (Kind::Email | Kind::Url | Kind::Enum(_) | Kind::Json, Kind::String) => {
            Conversion::keep()
        }
        (Kind::BigInt, Kind::Int) => Conversion::keep_if(INT, "is beyond the range of Int"),
        (Kind::Int | Kind::BigInt, Kind::Boolean) => {
            Conversion::keep_if("{v} IN (0, 1)", "is neither 0 nor 1")
        }
        (Kind::Int, Kind::Float) => Conversion::by("CAST({v} AS REAL)"),
        (Kind::BigInt, Kind::Float) => Conversion::by_if(
            "CAST({v} AS REAL)",
            "{v} BETWEEN -9007199254740992 AND 9007199254740992",
            "has more digits than a Float keeps",
        ),
        (Kind::Float, Kind::Int) => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            format!("{INT} AND {{v}} = CAST({{v}} AS INTEGER)"),
            "is not a whole number in the range of Int",
        ),
        (Kind::Float, Kind::BigInt) => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            "abs({v}) <= 9007199254740992 AND {v} = CAST({v} AS INTEGER)",
            "is not a whole number that a Float holds exactly",
        ),
        (Kind::Date, Kind::DateTime) => Conversion::by("{v} * 86400000000"),
        (Kind::DateTime, Kind::Date) => Conversion::by_if(
            "{v} / 86400000000",
            "{v} % 86400000000 = 0",
            "has a time of day, which a Date would lose",
        ),
        (_, Kind::Decimal { precision, scale }) => into_decimal(from, *precision, *scale),
        (Kind::Decimal { scale, .. }, _) => out_of_decimal(*scale, to),
        (_, Kind::String) => into_text(from),
        (Kind::String | Kind::Email | Kind::Url | Kind::Enum(_), _) => out_of_text(to),
        (Kind::Uuid, Kind::Reference(TableKey::Uuid))
        | (Kind::Reference(TableKey::Uuid), Kind::Uuid)
        | (Kind::BigInt, Kind::Reference(TableKey::Int))
        | (Kind::Reference(TableKey::Int), Kind::BigInt) => Conversion::keep(),
        (Kind::Int, Kind::Reference(TableKey::Int)) => Conversion::keep(),
        _ => Conversion::impossible(),
    }
}

fn into_decimal(from: &Kind, precision: u8, scale: u8) -> Conversion {
    let power = |digits: u8| 10_i64.pow(u32::from(digits.min(18)));
    let below = |value: &str, digits: u8| {
        let most = power(digits) - 1;
        format!("{value} BETWEEN -{most} AND {most}")
    };
    const TOO_LONG: &str = "has more digits than the Decimal";
    match from {
        Kind::Int | Kind::BigInt => Conversion::by_if(
            format!("{{v}} * {}", power(scale)),
            below("{v}", precision - scale),
            TOO_LONG,
        ),
        Kind::Decimal { precision: old_precision, scale: old_scale } => {
            if scale == *old_scale && precision >= *old_precision {
                Conversion::keep()
            } else if scale == *old_scale {
                Conversion::keep_if(below("{v}", precision), TOO_LONG)
            } else if scale > *old_scale {
                let by = scale - old_scale;
                let value = format!("{{v}} * {}", power(by));
                if precision - scale >= old_precision - old_scale {
                    Conversion::by(value)
                } else {
                    Conversion::by_if(value, below("{v}", precision - by), TOO_LONG)
                }
            } else {
                let by = power(old_scale - scale);
                let fits = below(&format!("{{v}} / {by}"), precision);
                Conversion::by_if(
                    format!("{{v}} / {by}"),
                    format!("{{v}} % {by} = 0 AND {fits}"),
                    "has digits that the Decimal would lose",
                )
            }
        }
        Kind::Float => {
            let scaled = format!("CAST(round({{v}} * {}) AS INTEGER)", power(scale));
            let fits = format!(
                "abs({{v}}) < {}.0 AND {scaled} / {}.0 = {{v}} AND {}",
                power(precision - scale),
                power(scale),
                below(&scaled, precision.min(15)),
            );
            Conversion::by_if(scaled, fits, "has digits that the Decimal would lose")
        }
        Kind::String => {
            // Digits after the point; none without a point.
            let fraction = "iif(instr({v}, '.'), length({v}) - instr({v}, '.'), 0)";
            let zeros = "0".repeat(usize::from(scale));
            let scaled = format!(
                "CAST(replace({{v}}, '.', '') || substr('{zeros}', 1, {scale} - {fraction}) AS INTEGER)"
            );
            let fits = format!(
                "{NUMBER} AND length({{v}}) <= 40 AND {fraction} <= {scale} AND {}",
                below(&scaled, precision),
            );
            Conversion::by_if(scaled, fits, "is not a number that the Decimal can hold")
        }
        _ => Conversion::impossible(),
    }
}

/// Digits with a sign before and a point among them, as JSON writes them, without an exponent.
const NUMBER: &str = "iif({v} NOT GLOB '*[^0-9.-]*' AND json_valid({v}), \
                      json_type({v}) IN ('integer', 'real'), 0)";

fn out_of_decimal(scale: u8, to: &Kind) -> Conversion {
    let power = 10_i64.pow(u32::from(scale));
    match to {
        Kind::Int | Kind::BigInt => {
            let value = format!("{{v}} / {power}");
            let range = if *to == Kind::Int {
                format!(" AND {}", INT.replace("{v}", &format!("({value})")))
            } else {
                String::new()
            };
            let fits = format!("{{v}} % {power} = 0{range}");
            Conversion::by_if(value, fits, "is not a whole number in the range of the type")
        }
        Kind::Float => Conversion::by_if(
            format!("CAST({{v}} AS REAL) / {power}"),
            "{v} BETWEEN -999999999999999 AND 999999999999999",
            "has more digits than a Float keeps",
        ),
        Kind::String if scale == 0 => Conversion::by("CAST({v} AS TEXT)"),
        Kind::String => Conversion::by(format!(
            "printf('%s%d.%0{scale}d', iif({{v}} < 0, '-', ''), abs({{v}}) / {power}, \
             abs({{v}}) % {power})"
        )),
        _ => Conversion::impossible(),
    }
}

/// Microseconds since midnight of a `DateTime`, also before 1970.
const DAY_MICROS: &str = "(({v} % 86400000000 + 86400000000) % 86400000000)";

fn into_text(from: &Kind) -> Conversion {
    let clock = |micros: &str| {
        format!(
            "printf('%02d:%02d:%02d', {micros} / 3600000000, {micros} / 60000000 % 60, \
             {micros} / 1000000 % 60)"
        )
    };
    match from {
        Kind::Int | Kind::BigInt | Kind::Reference(TableKey::Int) => {
            Conversion::by("CAST({v} AS TEXT)")
        }
        Kind::Boolean => Conversion::by("iif({v}, 'true', 'false')"),
        Kind::Float => Conversion::by("printf('%!.17g', {v})"),
        Kind::Uuid | Kind::Reference(TableKey::Uuid) => Conversion::by(
            "lower(printf('%s-%s-%s-%s-%s', hex(substr({v}, 1, 4)), hex(substr({v}, 5, 2)), \
             hex(substr({v}, 7, 2)), hex(substr({v}, 9, 2)), hex(substr({v}, 11))))",
        ),
        Kind::Reference(TableKey::Text) => Conversion::keep(),
        Kind::Date => Conversion::by("date({v} * 86400, 'unixepoch')"),
        Kind::DateTime => Conversion::by(format!(
            "date(({{v}} - {DAY_MICROS}) / 1000000, 'unixepoch') || 'T' || {} || \
             printf('.%06dZ', {DAY_MICROS} % 1000000)",
            clock(DAY_MICROS),
        )),
        Kind::Time => Conversion::by(format!(
            "{} || iif({{v}} % 1000000, printf('.%06d', {{v}} % 1000000), '')",
            clock("{v}"),
        )),
        _ => Conversion::impossible(),
    }
}

// tidy: table
fn out_of_text(to: &Kind) -> Conversion {
    match to {
        Kind::Int => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            format!(
                "CAST(CAST({{v}} AS INTEGER) AS TEXT) = {{v}} COLLATE BINARY AND {}",
                INT.replace("{v}", "CAST({v} AS INTEGER)"),
            ),
            "is not a whole number in the range of Int",
        ),
        Kind::BigInt | Kind::Reference(TableKey::Int) => Conversion::by_if(
            "CAST({v} AS INTEGER)",
            "CAST(CAST({v} AS INTEGER) AS TEXT) = {v} COLLATE BINARY",
            "is not a whole number in the range of BigInt",
        ),
        Kind::Float => Conversion::by_if(
            "CAST({v} AS REAL)",
            "iif(json_valid({v}), json_type({v}) IN ('integer', 'real') \
             AND abs(CAST({v} AS REAL)) <= 1.7976931348623157e308, 0)",
            "is not a number",
        ),
        Kind::Boolean => Conversion::by_if(
            "{v} = 'true'",
            "{v} COLLATE BINARY IN ('true', 'false')",
            "is neither `true` nor `false`",
        ),
        Kind::Email => Conversion::keep_if(
            "{v} LIKE '_%@_%' AND {v} NOT LIKE '%@%@%' AND {v} NOT LIKE '% %'",
            "is not an e-mail address",
        ),
        Kind::Url => {
            Conversion::keep_if("{v} GLOB '[A-Za-z]*:?*' AND {v} NOT LIKE '% %'", "is not a URL")
        }
        Kind::Json => Conversion::by_if("json({v})", "json_valid({v})", "is not JSON"),
        Kind::Uuid | Kind::Reference(TableKey::Uuid) => Conversion::by_if(
            "unhex(replace({v}, '-', ''))",
            "{v} GLOB '????????-????-????-????-????????????' \
             AND coalesce(length(unhex(replace({v}, '-', ''))), 0) = 16",
            "is not a UUID",
        ),
        Kind::Reference(TableKey::Text) => Conversion::keep(),
        Kind::Date => Conversion::by_if(
            "unixepoch({v}) / 86400",
            "coalesce(date({v}) = {v} COLLATE BINARY, 0)",
            "is not a day in the form YYYY-MM-DD",
        ),
        Kind::Time => {
            let (micros, fits) = micros_after(9);
            Conversion::by_if(
                format!("unixepoch('1970-01-01 ' || substr({{v}}, 1, 8)) * 1000000 + {micros}"),
                format!("coalesce(time(substr({{v}}, 1, 8)) = substr({{v}}, 1, 8), 0) AND {fits}"),
                "is not a time in the form HH:MM:SS",
            )
        }
        Kind::DateTime => {
            let (micros, fits) = micros_after(20);
            Conversion::by_if(
                format!("unixepoch(substr({{v}}, 1, 19) || {ZONE}) * 1000000 + {micros}"),
                format!(
                    "{{v}} GLOB '????-??-??T??:??:??*' AND coalesce(strftime('%Y-%m-%dT%H:%M:%S', \
                     substr({{v}}, 1, 19)) = substr({{v}}, 1, 19), 0) AND ({{v}} GLOB '*Z' OR {{v}} \
                     GLOB '*[+-][0-2][0-9]:[0-5][0-9]') AND {fits}"
                ),
                "is not a point in time in the form of RFC 3339",
            )
        }
        _ => Conversion::impossible(),
    }
}

/// The offset at the end of a text, empty where there is none.
const ZONE: &str = "CASE WHEN {v} GLOB '*Z' THEN 'Z' WHEN {v} GLOB '*[+-]??:??' \
                    THEN substr({v}, -6) ELSE '' END";

/// The microseconds written from character `start` on, and whether they are well written.
fn micros_after(start: u8) -> (String, String) {
    let fraction =
        format!("substr({{v}}, {start}, length({{v}}) - {} - length({ZONE}))", start - 1);
    let micros = format!("CAST(substr(substr({fraction}, 2) || '000000', 1, 6) AS INTEGER)");
    let fits = format!(
        "({fraction} = '' OR ({fraction} GLOB '.[0-9]*' AND length({fraction}) <= 7 \
         AND substr({fraction}, 2) NOT GLOB '*[^0-9]*'))"
    );
    (micros, fits)
}

fn into_list(from: &Kind, item: &Kind) -> Conversion {
    match (from, item) {
        (Kind::Boolean, Kind::Boolean) => Conversion::by("iif({v}, '[true]', '[false]')"),
        (Kind::Int, Kind::Int) => Conversion::by("json_array({v})"),
        (left, right) if is_text(left) && (left == right || *right == Kind::String) => {
            Conversion::by("json_array({v})")
        }
        _ => Conversion::impossible(),
    }
}

fn out_of_list(item: &Kind, to: &Kind) -> Conversion {
    if item == to && (is_text(item) || matches!(item, Kind::Int | Kind::Boolean)) {
        return Conversion::by_if(
            "{v} ->> 0",
            "json_array_length({v}) = 1",
            "is a list that does not hold exactly one item",
        );
    }
    Conversion::impossible()
}

/// The values that change their name: those the new enum renames and the old one still has.
fn renames<'a>(old: &'a [EnumValueShape], new: &'a [EnumValueShape]) -> Vec<(&'a str, &'a str)> {
    let had = |name: &str| old.iter().any(|value| value.name == name);
    let has = |name: &str| new.iter().any(|value| value.name == name);
    let renamed = new.iter().filter_map(|value| {
        let former = value.renamed_from.as_deref()?;
        (had(former) && !has(former) && !had(&value.name)).then_some((former, value.name.as_str()))
    });
    renamed.collect()
}

/// The values the old enum had that the new one knows, under either name.
fn survivors<'a>(
    old: &'a [EnumValueShape],
    new: &'a [EnumValueShape],
    renamed: &[(&str, &str)],
) -> Option<Vec<&'a str>> {
    let survives = |name: &str| {
        new.iter().any(|value| value.name == name) || renamed.iter().any(|(from, _)| *from == name)
    };
    let kept: Vec<&str> = old.iter().map(|v| v.name.as_str()).filter(|n| survives(n)).collect();
    (kept.len() < old.len()).then_some(kept)
}

const GONE: &str = "holds a value that the enum no longer has";

fn between_enums(old: &[EnumValueShape], new: &[EnumValueShape]) -> Conversion {
    let renamed = renames(old, new);
    let value = (!renamed.is_empty()).then(|| renaming("{v}", &renamed));
    let fits = survivors(old, new, &renamed).map(|kept| one_of("{v}", kept.into_iter()));
    Conversion { value, fits, complaint: GONE }
}

fn between_enum_lists(old: &[EnumValueShape], new: &[EnumValueShape]) -> Conversion {
    let renamed = renames(old, new);
    let value = (!renamed.is_empty()).then(|| {
        let item = renaming("value", &renamed);
        format!("(SELECT json_group_array({item} ORDER BY key) FROM json_each({{v}}))")
    });
    let fits = survivors(old, new, &renamed).map(|kept| {
        let known = one_of("value", kept.into_iter());
        format!("NOT EXISTS (SELECT 1 FROM json_each({{v}}) WHERE NOT {known})")
    });
    Conversion { value, fits, complaint: GONE }
}

fn renaming(value: &str, renamed: &[(&str, &str)]) -> String {
    let whens: String = renamed
        .iter()
        .map(|(from, to)| format!(" WHEN {} THEN {}", quote::text(from), quote::text(to)))
        .collect();
    format!("CASE {value}{whens} ELSE {value} END")
}
