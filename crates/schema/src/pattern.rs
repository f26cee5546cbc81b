//! `@pattern(regex:)`: a regular expression that the whole of a text must match.

use regex::{Regex, RegexBuilder};

/// A compiled pattern. Matching takes time linear in the text, whatever the pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Bytes a compiled pattern may take: enough for any validation, and a bound on what a schema of
/// many patterns can claim.
const COMPILED_BYTES_MAX: usize = 1 << 20;

impl Pattern {
    /// Compiles a pattern so that it matches whole texts only.
    ///
    /// # Errors
    /// What the `regex` crate says of a pattern it does not accept; look-around and
    /// back-references are among what it has not, because they cannot run in linear time.
    pub fn new(text: &str) -> Result<Self, Box<regex::Error>> {
        // Only a closing parenthesis can leave the group that anchors (`a)|(b`); a pattern that has
        // one must be valid on its own.
        if text.contains(')') {
            compile(text)?;
        }
        let regex = compile(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    /// The pattern as the schema states it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `value` matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

fn compile(text: &str) -> Result<Regex, Box<regex::Error>> {
    RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build().map_err(Box::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_texts_only() {
        let pattern = Pattern::new("a|ab").unwrap();
        assert!(pattern.matches("a"));
        assert!(pattern.matches("ab"));
        assert!(!pattern.matches("abc"));
        assert!(!pattern.matches("xa"));
        assert!(!pattern.matches("a\n"));
        assert_eq!(pattern.as_str(), "a|ab");
    }

    #[test]
    fn a_pattern_cannot_break_out_of_its_anchors() {
        assert!(Pattern::new("a)|(b").is_err());
        assert!(Pattern::new("(?x) a # b").is_err());
        let multi_line = Pattern::new("(?m)^a$").unwrap();
        assert!(!multi_line.matches("a\nb"));
    }

    #[test]
    fn a_pattern_that_would_need_backtracking_or_much_memory_is_refused() {
        assert!(Pattern::new(r"(a)\1").is_err());
        assert!(Pattern::new("(?=a)").is_err());
        assert!(Pattern::new("((a{1,1000}){1,1000}){1,1000}").is_err());
    }

    #[test]
    fn a_nested_quantifier_takes_linear_time() {
        let pattern = Pattern::new("(a+)+b").unwrap();
        assert!(!pattern.matches(&"a".repeat(100_000)));
    }
}
