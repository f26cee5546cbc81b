//! The texts that describe the configuration, made from the tables that read it.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::read::{SectionEntry, sections, variable};
use super::section::Key;
use super::value::Kind;

const INTRODUCTION: &str = "\
# Configuration

Underpin runs without any configuration. What a deployment wants otherwise stands in
`underpin.toml` beside `schema.graphql`, in the environment, or in flags; the environment wins over
the file, and flags win over both. Every key has a variable: `UNDERPIN_`, the section, two
underscores, the key, all in upper case.

```toml
# underpin.toml
[server]
address = \"0.0.0.0:8080\"
```

```sh
UNDERPIN_SERVER__ADDRESS=127.0.0.1:0 underpin serve
underpin serve --address 127.0.0.1:0
```

A key, a section or an `UNDERPIN_` variable that does not exist is an error, and so is a value of
the wrong type or out of bounds. All mistakes are reported together, each with its place, and the
command ends with exit code 2. Editors that know JSON Schema check the file against
[configuration.schema.json](configuration.schema.json); [.env.example](.env.example) lists the
variables.
";

/// The reference page, in Markdown.
#[must_use]
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for section in sections() {
        let _ = write!(
            page,
            "\n## `[{}]`\n\n{}\n\n| key | meaning | values | default |\n|---|---|---|---|\n",
            section.title(),
            sentences(section.doc)
        );
        for key in section.keys.iter().chain(&section.other) {
            let default = key.default.toml(key.kind);
            let default = default.map_or("none".to_owned(), |text| format!("`{text}`"));
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {default} |",
                key.name,
                sentences(key.doc),
                values(key)
            );
        }
    }
    page
}

/// The JSON Schema (2020-12) of `underpin.toml`.
#[must_use]
pub fn json_schema() -> String {
    let properties: Map<String, Value> = sections().iter().map(section_schema).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "underpin.toml",
        "description": "How a deployment of Underpin runs.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    let text = serde_json::to_string_pretty(&schema);
    text.expect("invariant: a schema is plain data") + "\n"
}

/// Every variable with its default, commented out.
#[must_use]
pub fn env_example() -> String {
    let mut text =
        "# Settings of Underpin as environment variables, with their defaults.\n".to_owned();
    for section in sections() {
        let _ = writeln!(text, "\n# {}", sentences(section.doc));
        for key in section.keys.iter().chain(&section.other) {
            let default = key.default.toml(key.kind).unwrap_or_default();
            let variable = match section.each {
                None => variable(section.name, key.name),
                Some(each) => variable(section.name, &format!("{each}__{}", key.name)),
            };
            let _ = writeln!(text, "#{variable}={}", default.trim_matches('"'));
        }
    }
    text
}

/// `underpin.toml` for a new project: every section, its keys commented out.
#[must_use]
pub fn starter_file() -> String {
    let mut text = "\
# How this deployment runs. Every key has a default, and the environment overrides this file:
# UNDERPIN_SERVER__ADDRESS=0.0.0.0:8080 and so on. A key that does not exist is an error.
"
    .to_owned();
    for section in sections() {
        // A table that stands for others would be one itself.
        let comment = if section.each.is_some() { "# " } else { "" };
        let _ = writeln!(text, "\n{comment}[{}]", section.title());
        if section.name == "limits" {
            // Limits are many and rarely touched; two show what they look like.
            let _ = writeln!(text, "# page_rows_max = 100\n# body_bytes_max = 1048576");
        } else {
            let keys = section.keys.iter().chain(&section.other);
            let keys: Vec<String> = keys.map(commented_key).collect();
            let _ = writeln!(text, "{}", keys.join("\n\n"));
        }
    }
    text
}

/// What a key does and its default, as comments.
fn commented_key(key: &Key) -> String {
    let mut lines = wrapped(&sentences(key.doc));
    let example = key.default.toml(key.kind);
    let example = example.unwrap_or_else(|| format!("{:?}", key.example));
    lines.push(format!("{} = {example}", key.name));
    lines.iter().map(|line| format!("# {line}")).collect::<Vec<_>>().join("\n")
}

fn section_schema(section: &SectionEntry) -> (String, Value) {
    let keys: Map<String, Value> =
        section.keys.iter().map(|key| (key.name.to_owned(), key_schema(key))).collect();
    let schema = json!({
        "type": "object",
        "description": sentences(section.doc),
        "additionalProperties": section.other.as_ref().map_or(json!(false), key_schema),
        "properties": keys,
    });
    let schema = match section.each {
        None => schema,
        Some(_) => json!({ "type": "object", "additionalProperties": schema }),
    };
    (section.name.to_owned(), schema)
}

fn key_schema(key: &Key) -> Value {
    let mut schema = match key.kind {
        Kind::Text { .. } => json!({ "type": "string" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Secret => json!({ "type": "string", "writeOnly": true }),
    };
    schema["description"] = json!(sentences(key.doc));
    if let Some((min, max)) = key.bounds {
        schema["minimum"] = json!(min);
        schema["maximum"] = json!(max);
    }
    if let Some(default) = key.default.toml(key.kind) {
        schema["default"] = match key.kind {
            Kind::Integer => json!(default.parse::<u64>().ok()),
            Kind::Boolean => json!(default == "true"),
            Kind::Text { .. } | Kind::Choice(_) | Kind::Secret => json!(default.trim_matches('"')),
        };
    }
    schema
}

/// What values a key takes, for a cell of the page.
fn values(key: &Key) -> String {
    match (key.kind, key.bounds) {
        (Kind::Integer, Some((min, max))) => format!("{min} to {max}"),
        (Kind::Integer, None) => "a whole number".to_owned(),
        (Kind::Text { form }, _) => form.to_owned(),
        (Kind::Secret, _) => "text that is never shown".to_owned(),
        (Kind::Boolean, _) => "`true`, `false`".to_owned(),
        (Kind::Choice(words), _) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            quoted.join(", ")
        }
    }
}

/// A doc comment as one line: its own lines begin with a space and end where the source did.
fn sentences(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines of at most 96 characters.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("invariant: there is always a line");
        if !line.is_empty() && line.len() + 1 + word.len() > 96 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
