//! What pragmas do not tell about a table, read from the statement that made it.
//!
//! Not a parser of SQL: it splits SQLite's own, known good text into words, enough to find the
//! collation of a column, `AUTOINCREMENT`, the conditions of checks and of partial indexes.

/// The parts of a `CREATE TABLE` that pragmas leave out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Declaration {
    /// Whether the key is `AUTOINCREMENT`.
    pub(super) autoincrement: bool,
    /// The conditions of `CHECK` constraints.
    pub(super) checks: Vec<String>,
    collations: Vec<(String, String)>,
}

impl Declaration {
    pub(super) fn parse(sql: &str) -> Self {
        let words = words(sql);
        let mut found = Self::default();
        let mut depth = 0_usize;
        let mut column = None;
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let starts_definition =
                depth == 1 && at > 0 && (words[at - 1].is("(") || words[at - 1].is(","));
            if starts_definition {
                column = Some(word.name());
            }
            if word.is("(") {
                depth += 1;
            } else if word.is(")") {
                depth = depth.saturating_sub(1);
            } else if depth == 1 && word.is("AUTOINCREMENT") {
                found.autoincrement = true;
            } else if depth == 1 && word.is("COLLATE") {
                if let (Some(column), Some(collation)) = (&column, words.get(at + 1)) {
                    found.collations.push((column.clone(), collation.name()));
                }
            } else if depth == 1 && word.is("CHECK") {
                let close = closing(&words, at + 1);
                if let (Some(open), Some(end)) = (words.get(at + 1), words.get(close)) {
                    found.checks.push(sql[open.end..end.start].trim().to_owned());
                }
                at = close;
            }
            at += 1;
        }
        found
    }

    pub(super) fn collation(&self, column: &str) -> Option<&str> {
        let of_column = |(name, _): &&(String, String)| name.eq_ignore_ascii_case(column);
        self.collations.iter().find(of_column).map(|(_, collation)| collation.as_str())
    }
}

/// The condition of a partial index, from the statement that made it.
pub(super) fn index_filter(sql: &str) -> Option<String> {
    let mut depth = 0_usize;
    for word in words(sql) {
        if word.is("(") {
            depth += 1;
        } else if word.is(")") {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && word.is("WHERE") {
            return Some(sql[word.end..].trim().to_owned());
        }
    }
    None
}

fn closing(words: &[Word<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate().skip(open) {
        if word.is("(") {
            depth += 1;
        } else if word.is(")") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at;
            }
        }
    }
    words.len()
}

struct Word<'a> {
    text: &'a str,
    start: usize,
    end: usize,
}

impl Word<'_> {
    /// Whether it is this keyword or mark. Quoted names are never keywords.
    fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }

    fn name(&self) -> String {
        let inner = || self.text.get(1..self.text.len() - 1).unwrap_or_default();
        match self.text.as_bytes()[0] {
            b'"' => inner().replace("\"\"", "\""),
            b'`' => inner().replace("``", "`"),
            b'[' => inner().to_owned(),
            b'\'' => inner().replace("''", "'"),
            _ => self.text.to_owned(),
        }
    }
}

fn words(sql: &str) -> Vec<Word<'_>> {
    let bytes = sql.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at = match bytes[at] {
            quote @ (b'"' | b'`' | b'\'') => after_quoted(bytes, start, quote),
            b'[' => after_byte(bytes, start, b']'),
            b'-' if bytes.get(at + 1) == Some(&b'-') => {
                at = after_byte(bytes, start, b'\n');
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = sql[start + 2..].find("*/").map_or(bytes.len(), |n| start + n + 4);
                continue;
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if is_word(byte) => {
                start + bytes[start..].iter().take_while(|byte| is_word(**byte)).count()
            }
            _ => start + 1,
        };
        found.push(Word { text: &sql[start..at], start, end: at });
    }
    found
}

/// The byte after the quoted word that starts at `start`; a doubled quote stands for itself.
fn after_quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return at + 1;
            }
            at += 1;
        }
        at += 1;
    }
    bytes.len()
}

fn after_byte(bytes: &[u8], start: usize, byte: u8) -> usize {
    bytes[start..].iter().position(|b| *b == byte).map_or(bytes.len(), |n| start + n + 1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_pragmas_leave_out() {
        let found = Declaration::parse(
            "CREATE TABLE \"we(ird\" ( -- a comment, with CHECK (\n \
             id INTEGER PRIMARY KEY /* ( */ AUTOINCREMENT, \
             [na me] TEXT COLLATE nocase DEFAULT ('a,b'), \
             \"AUTOINCREMENT\" TEXT CHECK (length(\"AUTOINCREMENT\") > 1 AND x IN (1, 2)), \
             CONSTRAINT c CHECK (id > 0) )",
        );
        assert!(found.autoincrement);
        assert_eq!(found.collation("NA ME"), Some("nocase"));
        assert_eq!(found.collation("id"), None);
        assert_eq!(found.checks, ["length(\"AUTOINCREMENT\") > 1 AND x IN (1, 2)", "id > 0"]);
    }

    #[test]
    fn the_condition_of_a_partial_index_is_found() {
        let filter = index_filter("CREATE INDEX \"where\" ON t (\"where\", (a + 1)) WHERE a > 0");
        assert_eq!(filter.as_deref(), Some("a > 0"));
        assert_eq!(index_filter("CREATE INDEX i ON t (a)"), None);
    }

    #[test]
    fn broken_text_does_no_harm() {
        for sql in ["", "(", "CREATE TABLE t (a CHECK", "CREATE TABLE t ('", "/*", "[", "--"] {
            let _ = Declaration::parse(sql);
            let _ = index_filter(sql);
        }
    }
}
