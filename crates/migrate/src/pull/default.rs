//! Defaults of columns that a schema can say.

use super::column::FieldType;

/// `@default(…)` for the SQL expression, where the type has such a default; `None` where only the
/// database knows how.
pub(super) fn directive(sql: &str, made: &FieldType) -> Option<String> {
    let sql = unwrapped(sql);
    let upper = sql.to_ascii_uppercase();
    if matches!(upper.as_str(), "CURRENT_TIMESTAMP" | "CURRENT_DATE" | "CURRENT_TIME") {
        let fits = matches!(made.name, "DateTime" | "Date" | "Time");
        return fits.then(|| "@default(now: true)".to_owned());
    }
    let lower = sql.to_ascii_lowercase();
    let is_now = ["datetime('now'", "date('now'", "time('now'", "unixepoch('now'", "unixepoch("]
        .iter()
        .any(|start| lower.starts_with(start));
    if is_now && matches!(made.name, "DateTime" | "Date" | "Time") {
        return Some("@default(now: true)".to_owned());
    }
    value(sql, made).map(|value| format!("@default(value: {value})"))
}

/// Whether the default says no more than that there is none.
pub(super) fn is_null(sql: &str) -> bool {
    unwrapped(sql).eq_ignore_ascii_case("NULL")
}

fn value(sql: &str, made: &FieldType) -> Option<String> {
    match made.name {
        "String" => {
            let text = quoted(sql)?;
            let fits = made.length_max.is_none_or(|max| text.chars().count() as u64 <= max);
            (fits && !text.contains('\0')).then(|| super::render::string(&text))
        }
        "Boolean" => match sql.to_ascii_uppercase().as_str() {
            "0" | "FALSE" => Some("false".to_owned()),
            "1" | "TRUE" => Some("true".to_owned()),
            _ => None,
        },
        "Int" => sql.parse::<i32>().ok().map(|value| value.to_string()),
        "BigInt" => sql.parse::<i64>().ok().map(|value| format!("\"{value}\"")),
        "Float" => {
            let value: f64 = quoted(sql).as_deref().unwrap_or(sql).parse().ok()?;
            value.is_finite().then(|| format!("{value:?}"))
        }
        "Decimal" => {
            let text = quoted(sql).unwrap_or_else(|| sql.to_owned());
            let digits = text.strip_prefix('-').unwrap_or(&text);
            let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
            let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            let fits = fraction.trim_end_matches('0').len() <= usize::from(made.scale);
            (plain(whole) && plain(fraction) && fits && whole.len() < 9)
                .then(|| format!("\"{text}\""))
        }
        _ => None,
    }
}

fn unwrapped(sql: &str) -> &str {
    let sql = sql.trim();
    sql.strip_prefix('(').and_then(|sql| sql.strip_suffix(')')).map_or(sql, str::trim)
}

fn quoted(sql: &str) -> Option<String> {
    let quote = sql.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = sql.strip_prefix(quote)?.strip_suffix(quote)?;
    let doubled = format!("{quote}{quote}");
    let is_one_text = !inner.replace(&doubled, "").contains(quote);
    is_one_text.then(|| inner.replace(&doubled, &quote.to_string()))
}
