//! Compares JSON with what a test expects of it, where some values are known by kind only.
//!
//! An expected string that starts with `$` stands for a value: `"$uuid"` for any UUID, `"$ada"`
//! for whatever was remembered as `ada`, `"$uuid as new"` for any UUID, remembered as `new`.
//! Every placeholder checks the value it stands for. A member `"..."` of an object lets it have
//! more members; otherwise both sides have the same. The order of members does not matter, that
//! of items does.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values remembered by name.
pub type Names = BTreeMap<String, String>;

/// The member that lets an object have more members than are named.
const MORE: &str = "...";

/// What differs, as `path: expected …, found …`, one for each difference.
pub fn differences(expected: &Value, found: &Value, names: &mut Names) -> Vec<String> {
    let mut comparison = Comparison { names, path: String::new(), differences: Vec::new() };
    comparison.compare(expected, found);
    comparison.differences
}

/// `text` with each `$name` replaced by what was remembered; unknown names stay.
#[must_use]
pub fn substitute(text: &str, names: &Names) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &tail[..end.unwrap_or(tail.len())];
        match names.get(name) {
            Some(value) => out.push_str(value),
            None => {
                out.push('$');
                out.push_str(name);
            }
        }
        rest = &tail[name.len()..];
    }
    out.push_str(rest);
    out
}

struct Comparison<'a> {
    names: &'a mut Names,
    path: String,
    differences: Vec<String>,
}

impl Comparison<'_> {
    fn compare(&mut self, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::String(text), _) if text.starts_with('$') => {
                self.compare_placeholder(text, found);
            }
            (Value::Object(expected), Value::Object(found)) => {
                self.compare_members(expected, found);
            }
            (Value::Array(expected), Value::Array(found)) => self.compare_items(expected, found),
            _ if expected == found => {}
            _ => self.differ(&expected.to_string(), found),
        }
    }

    fn compare_members(&mut self, expected: &Map<String, Value>, found: &Map<String, Value>) {
        for (name, value) in expected.iter().filter(|(name, _)| *name != MORE) {
            match found.get(name) {
                Some(other) => self.below(name, |inner| inner.compare(value, other)),
                None => self.below(name, |inner| {
                    inner.differences.push(format!("{}: missing", inner.path));
                }),
            }
        }
        if expected.contains_key(MORE) {
            return;
        }
        for (name, value) in found.iter().filter(|(name, _)| !expected.contains_key(*name)) {
            self.below(name, |inner| inner.differ("nothing", value));
        }
    }

    fn compare_items(&mut self, expected: &[Value], found: &[Value]) {
        for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
            self.below(&index.to_string(), |inner| inner.compare(expected, found));
        }
        if expected.len() != found.len() {
            let message =
                format!("{}: expected {} items, found {}", self.path, expected.len(), found.len());
            self.differences.push(message);
        }
    }

    fn compare_placeholder(&mut self, text: &str, found: &Value) {
        let (kind, name) = match text[1..].split_once(" as ") {
            Some((kind, name)) => (kind, Some(name)),
            None => (&text[1..], None),
        };
        let holds = match self.names.get(kind) {
            Some(remembered) => found.as_str() == Some(remembered),
            None => is_of_kind(kind, found),
        };
        if !holds {
            let shown = self.names.get(kind).map_or(text, String::as_str).to_owned();
            return self.differ(&shown, found);
        }
        if let Some(name) = name {
            let value = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            self.names.insert(name.to_owned(), value);
        }
    }

    fn below(&mut self, name: &str, run: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        run(self);
        self.path.truncate(length);
    }

    fn differ(&mut self, expected: &str, found: &Value) {
        let separator = if self.path.is_empty() { "" } else { ": " };
        let path = &self.path;
        self.differences.push(format!("{path}{separator}expected {expected}, found {found}"));
    }
}

/// Whether the value is one that `$kind` stands for.
fn is_of_kind(kind: &str, value: &Value) -> bool {
    match (kind, value) {
        ("any", _) | ("int", Value::Number(_)) => kind == "any" || value.is_i64(),
        ("text", Value::String(text)) => !text.is_empty(),
        ("uuid", Value::String(text)) => is_uuid(text),
        ("time", Value::String(text)) => is_time(text),
        ("cursor", Value::String(text)) => is_cursor(text),
        ("weaktag", Value::String(text)) => is_weak_tag(text),
        _ => false,
    }
}

/// Version 7, lower case, as the server makes them.
fn is_uuid(text: &str) -> bool {
    let parsed = uuid::Uuid::try_parse(text);
    parsed.is_ok_and(|id| id.get_version_num() == 7 && id.hyphenated().to_string() == text)
}

/// `2026-11-20T16:01:24.123456Z`
fn is_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00.000000Z";
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

/// `W/"…"`, over a hash in hexadecimal.
fn is_weak_tag(text: &str) -> bool {
    let hash = text.strip_prefix("W/\"").and_then(|rest| rest.strip_suffix('"'));
    hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Base64 without padding, safe in URLs.
fn is_cursor(text: &str) -> bool {
    text.len() > 20
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(expected: &Value, found: &Value) -> Vec<String> {
        differences(expected, found, &mut Names::new())
    }

    #[test]
    fn every_difference_is_named_by_its_path() {
        let expected = json!({"a": {"b": [1, 2]}, "c": null});
        let found = json!({"a": {"b": [1, 3, 4]}, "d": true});
        assert_eq!(
            compare(&expected, &found),
            [
                "a.b.1: expected 2, found 3",
                "a.b: expected 2 items, found 3",
                "c: missing",
                "d: expected nothing, found true",
            ]
        );
    }

    #[test]
    fn further_members_are_allowed_where_the_test_says_so() {
        assert_eq!(compare(&json!({"a": 1, "...": true}), &json!({"a": 1, "b": 2})), [""; 0]);
    }

    #[test]
    fn placeholders_check_what_they_stand_for() {
        let id = "01900000-0000-7000-8000-000000000001";
        assert_eq!(compare(&json!("$uuid"), &json!(id)), [""; 0]);
        assert_eq!(compare(&json!("$uuid"), &json!(id.replace("-7", "-4"))).len(), 1);
        assert_eq!(compare(&json!("$uuid"), &json!(7)).len(), 1);
        assert_eq!(compare(&json!("$time"), &json!("2026-11-20T16:01:24.123456Z")), [""; 0]);
        assert_eq!(compare(&json!("$time"), &json!("2026-11-20T16:01:24Z")).len(), 1);
        assert_eq!(compare(&json!("$int"), &json!(1.5)).len(), 1);
        assert_eq!(compare(&json!("$unknown"), &json!("x")).len(), 1);
    }

    #[test]
    fn a_value_is_remembered_and_expected_again() {
        let mut names = Names::new();
        let id = json!({"id": "01900000-0000-7000-8000-000000000001"});
        assert_eq!(differences(&json!({"id": "$uuid as made"}), &id, &mut names), [""; 0]);
        assert_eq!(differences(&json!({"id": "$made"}), &id, &mut names), [""; 0]);
        assert_eq!(differences(&json!({"id": "$made"}), &json!({"id": "x"}), &mut names).len(), 1);
    }

    #[test]
    fn names_are_substituted_whole() {
        let names = Names::from([("a".into(), "1".into()), ("ab".into(), "2".into())]);
        assert_eq!(substitute("/x/$ab/$a?y=$abc", &names), "/x/2/1?y=$abc");
    }
}
