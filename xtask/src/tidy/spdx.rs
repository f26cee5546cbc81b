//! SPDX licence expressions: `MIT OR Apache-2.0`, `(MIT OR ISC) AND Unicode-3.0`.
//!
//! A small part of the grammar of SPDX 2.3, annex D: identifiers, `AND`, `OR`, `WITH` and
//! parentheses, and the `/` that old packages write for `OR`.

/// A parsed expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// One licence, with its exception where it has one (`Apache-2.0 WITH LLVM-exception`).
    Licence(String),
    /// Both apply.
    All(Vec<Self>),
    /// The user chooses.
    Any(Vec<Self>),
}

impl Expression {
    /// Reads an expression; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        let expression = parse_any(&mut rest)?;
        rest.is_empty().then_some(expression)
    }

    /// Whether the allowed licences are enough to use the work.
    pub(super) fn is_allowed(&self, allowed: &[String]) -> bool {
        match self {
            Self::Licence(name) => allowed.contains(name),
            Self::All(parts) => parts.iter().all(|part| part.is_allowed(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_allowed(allowed)),
        }
    }
}

fn parse_any(words: &mut &[&str]) -> Option<Expression> {
    let mut parts = vec![parse_all(words)?];
    while take(words, "OR") {
        parts.push(parse_all(words)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
}

fn parse_all(words: &mut &[&str]) -> Option<Expression> {
    let mut parts = vec![parse_one(words)?];
    while take(words, "AND") {
        parts.push(parse_one(words)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
}

fn parse_one(words: &mut &[&str]) -> Option<Expression> {
    if take(words, "(") {
        let inner = parse_any(words)?;
        return take(words, ")").then_some(inner);
    }
    let name = next_name(words)?;
    if !take(words, "WITH") {
        return Some(Expression::Licence(name.to_owned()));
    }
    let exception = next_name(words)?;
    Some(Expression::Licence(format!("{name} WITH {exception}")))
}

fn next_name<'a>(words: &mut &[&'a str]) -> Option<&'a str> {
    let (first, rest) = words.split_first()?;
    if ["AND", "OR", "WITH", "(", ")"].contains(first) {
        return None;
    }
    *words = rest;
    Some(first)
}

fn take(words: &mut &[&str], wanted: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if *first == wanted => {
            *words = rest;
            true
        }
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(text: &str, allowed: &[&str]) -> bool {
        let allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        Expression::parse(text).unwrap().is_allowed(&allowed)
    }

    #[test]
    fn a_choice_needs_one_and_a_sum_needs_all() {
        assert!(is_allowed("MIT OR GPL-3.0-only", &["MIT"]));
        assert!(is_allowed("MIT/Apache-2.0", &["Apache-2.0"]));
        assert!(!is_allowed("MIT AND GPL-3.0-only", &["MIT"]));
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert!(is_allowed("MIT OR GPL-3.0-only AND ISC", &["MIT"]));
        assert!(!is_allowed("(MIT OR ISC) AND Unicode-3.0", &["MIT", "ISC"]));
    }

    #[test]
    fn an_exception_is_part_of_the_licence() {
        assert!(!is_allowed("Apache-2.0 WITH LLVM-exception", &["Apache-2.0"]));
        let with = ["Apache-2.0 WITH LLVM-exception"];
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception", &with));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "MIT OR", "(MIT", "MIT ISC", "AND MIT"] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
    }
}
