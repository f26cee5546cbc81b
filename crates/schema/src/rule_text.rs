//! The text of a rule out of a string literal of the schema file, with the way back to the source.

use apollo_compiler::Node;
use apollo_compiler::ast;

use crate::{RuleText, Span, declare};

/// The rule in a string argument, or `None` where the node is no string.
pub(crate) fn rule_text(source: &str, node: &Node<ast::Value>) -> Option<RuleText> {
    let ast::Value::String(text) = &**node else { return None };
    let span = declare::span(node);
    let raw = source.get(span.start..span.end)?;
    let rule = match raw.strip_prefix("\"\"\"").and_then(|raw| raw.strip_suffix("\"\"\"")) {
        Some(inside) => read_block(inside, span.start + 3),
        None => read_quoted(raw.strip_prefix('"')?.strip_suffix('"')?, span.start + 1),
    };
    // The parser's reading of the literal is the meaning; ours only adds where it stands.
    debug_assert_eq!(&rule.text, text, "two readings of {raw}");
    Some(RuleText { text: text.clone(), ..rule })
}

/// Text being read, with the places where it and the source fall out of step.
struct Builder {
    text: String,
    jumps: Vec<(usize, usize)>,
    start: usize,
}

impl Builder {
    fn new(start: usize) -> Self {
        Self { text: String::new(), jumps: Vec::new(), start }
    }

    /// Appends text that stands in the source at `source` as it is.
    fn push(&mut self, text: &str, source: usize) {
        let (last_text, last_source) = self.jumps.last().copied().unwrap_or((0, self.start));
        if last_source + (self.text.len() - last_text) != source {
            self.jumps.push((self.text.len(), source));
        }
        self.text.push_str(text);
    }

    fn finish(self, end: usize) -> RuleText {
        RuleText { text: self.text, span: Span { start: self.start, end }, jumps: self.jumps }
    }
}

/// Reads what stands between quotes.
fn read_quoted(raw: &str, start: usize) -> RuleText {
    let mut builder = Builder::new(start);
    let mut rest = raw;
    while let Some(place) = rest.find('\\') {
        let at = start + raw.len() - rest.len();
        builder.push(&rest[..place], at);
        let (character, length) = read_escape(&rest[place..]);
        builder.push(character.encode_utf8(&mut [0; 4]), at + place);
        rest = &rest[place + length..];
    }
    builder.push(rest, start + raw.len() - rest.len());
    builder.finish(start + raw.len())
}

/// The character of the escape that `text` starts with, and the bytes the escape takes. Escapes
/// that do not exist were refused by the parser.
fn read_escape(text: &str) -> (char, usize) {
    let unit = |digits: Option<&str>| {
        u32::from_str_radix(digits.unwrap_or_default(), 16).unwrap_or(0xfffd)
    };
    match text.as_bytes().get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => {
            let high = unit(text.get(2..6));
            let low =
                text.get(6..8).filter(|escape| *escape == "\\u").map(|_| unit(text.get(8..12)));
            match (high, low) {
                (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
                    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                    (char::from_u32(code).unwrap_or('\u{fffd}'), 12)
                }
                (code, _) => (char::from_u32(code).unwrap_or('\u{fffd}'), 6.min(text.len())),
            }
        }
        Some(byte) => (char::from(*byte), 2),
        None => ('\\', 1),
    }
}

/// Reads what stands between triple quotes: the indentation common to all lines but the first goes,
/// and so do blank lines at both ends (GraphQL specification, section 2.9.4).
fn read_block(raw: &str, start: usize) -> RuleText {
    let lines: Vec<(usize, &str)> = split_lines(raw);
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let is_blank = |line: &str| indent_of(line) == line.len();
    let indents = lines.iter().skip(1).filter(|(_, line)| !is_blank(line));
    let indent = indents.map(|(_, line)| indent_of(line)).min().unwrap_or(0);
    let first = lines.iter().position(|(_, line)| !is_blank(line));
    let last = lines.iter().rposition(|(_, line)| !is_blank(line));
    let mut builder = Builder::new(start);
    let (Some(first), Some(last)) = (first, last) else { return builder.finish(start + raw.len()) };
    for (index, &(at, line)) in lines.iter().enumerate().take(last + 1).skip(first) {
        let n_cut = if index == 0 { 0 } else { indent.min(line.len()) };
        if index > first {
            builder.push("\n", start + at - 1);
        }
        let mut rest = &line[n_cut..];
        while let Some(place) = rest.find("\\\"\"\"") {
            let here = start + at + line.len() - rest.len();
            builder.push(&rest[..place], here);
            builder.push("\"\"\"", here + place + 1);
            rest = &rest[place + 4..];
        }
        builder.push(rest, start + at + line.len() - rest.len());
    }
    builder.finish(start + raw.len())
}

/// The lines with where they start. `\r\n`, `\n` and `\r` end a line.
fn split_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let ends = match byte {
            b'\n' => true,
            b'\r' => bytes.get(index + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends {
            let line = &text[start..index];
            lines.push((start, line.strip_suffix('\r').unwrap_or(line)));
            start = index + 1;
        }
    }
    lines.push((start, &text[start..]));
    lines
}

#[cfg(test)]
mod tests {
    use apollo_compiler::ast::{Definition, Document};

    use super::*;

    /// The rule of the only directive of a schema extension, by way of the parser.
    fn read(source: &str) -> RuleText {
        let document = Document::parse(source, "schema.graphql").unwrap();
        let Definition::SchemaExtension(schema) = &document.definitions[0] else { panic!() };
        rule_text(source, &schema.directives[0].arguments[0].value).unwrap()
    }

    /// What stands in the source where `part` of the text was found.
    fn source_of<'a>(source: &'a str, rule: &RuleText, part: &str) -> &'a str {
        let start = rule.text.find(part).unwrap();
        let span = rule.span_of(start, start + part.len());
        &source[span.start..span.end]
    }

    #[test]
    fn a_plain_rule_runs_in_step_with_the_source() {
        let source = r#"extend schema @a(rule: "row.id == auth.id")"#;
        let rule = read(source);
        assert!(rule.jumps.is_empty());
        assert_eq!(source_of(source, &rule, "auth"), "auth");
        let end = rule.span_of(rule.text.len(), rule.text.len());
        assert_eq!(&source[end.start..=end.end], "\"");
    }

    #[test]
    fn escapes_are_stepped_over() {
        let source =
            r#"extend schema @a(rule: "row.a == \"x\" && \u0072ow.b \u00e9 \ud83d\ude00 end")"#;
        let rule = read(source);
        assert_eq!(rule.text, "row.a == \"x\" && row.b é 😀 end");
        for part in ["row.a", "x", "&&", "end"] {
            assert_eq!(source_of(source, &rule, part), part);
        }
        assert_eq!(source_of(source, &rule, "\"x\""), r#"\"x\""#.strip_suffix('"').unwrap());
    }

    #[test]
    fn a_block_string_loses_its_indentation_and_keeps_its_places() {
        let source = "extend schema @a(rule: \"\"\"\n    row.a == 1\n      || row.b == 2\n\n    && \\\"\"\" x\n  \"\"\")";
        let rule = read(source);
        assert_eq!(rule.text, "row.a == 1\n  || row.b == 2\n\n&& \"\"\" x");
        for part in ["row.a", "row.b", "||", "&&", "x"] {
            assert_eq!(source_of(source, &rule, part), part);
        }
    }

    #[test]
    fn a_block_string_on_one_line_and_with_carriage_returns_is_read() {
        let source = "extend schema @a(rule: \"\"\"row.a\r\n  row.b\"\"\")";
        let rule = read(source);
        assert_eq!(rule.text, "row.a\nrow.b");
        assert_eq!(source_of(source, &rule, "row.b"), "row.b");
        assert_eq!(read("extend schema @a(rule: \"\"\"   \"\"\")").text, "");
    }
}
