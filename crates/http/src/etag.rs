//! Entity tags and the preconditions made of them (RFC 9110, sections 8.8.3 and 13).
//!
//! A row's tag is its version. Where included rows are part of the answer the version alone does
//! not name it, so a digest of the answer follows; `If-Match` looks at the version in front. A row
//! without a version has a weak tag of its answer, good for `If-None-Match` alone.

use std::hash::Hasher;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use smallvec::SmallVec;
use underpin_base::{Code, Error, Result};

/// Tags of one header at most; more are refused.
const TAGS_MAX: usize = 8;

/// What `If-Match` or `If-None-Match` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tags<'a> {
    /// The header is absent.
    Absent,
    /// `*`
    Any,
    /// These.
    Listed(SmallVec<[Tag<'a>; 2]>),
}

/// One entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    is_weak: bool,
    /// What stands between the quotes.
    opaque: &'a str,
}

impl<'a> Tags<'a> {
    pub(crate) fn if_match(headers: &'a HeaderMap) -> Result<Self> {
        Self::parse(headers, &IF_MATCH)
    }

    pub(crate) fn if_none_match(headers: &'a HeaderMap) -> Result<Self> {
        Self::parse(headers, &IF_NONE_MATCH)
    }

    fn parse(headers: &'a HeaderMap, name: &HeaderName) -> Result<Self> {
        let malformed = |message: &str| {
            Err(Error::new(Code::InvalidHeader, message).with_parameter(name.as_str()))
        };
        let mut found = Self::Absent;
        for value in headers.get_all(name) {
            let Ok(value) = value.to_str() else {
                return malformed("an entity tag has a character it must not have");
            };
            found = match (found, value.trim()) {
                (Self::Absent, "*") => Self::Any,
                (Self::Absent, list) => Self::Listed(parse_list(list, SmallVec::new())),
                (Self::Listed(tags), list) => Self::Listed(parse_list(list, tags)),
                (Self::Any, _) => return malformed("`*` stands alone"),
            };
            match &found {
                Self::Listed(tags) if tags.is_empty() => {
                    return malformed("the header is not `*` or a list of quoted entity tags");
                }
                Self::Listed(tags) if tags.len() > TAGS_MAX => {
                    return malformed("the header lists too many entity tags");
                }
                Self::Absent | Self::Any | Self::Listed(_) => {}
            }
        }
        Ok(found)
    }

    /// Whether one of them names this tag, weak or not (RFC 9110, section 8.8.3.2).
    pub(crate) fn matches(&self, tag: &HeaderValue) -> bool {
        let own = tag.to_str().unwrap_or_default();
        let opaque = own.strip_prefix("W/").unwrap_or(own).trim_matches('"');
        match self {
            Self::Absent => false,
            Self::Any => true,
            Self::Listed(tags) => tags.iter().any(|tag| tag.opaque == opaque),
        }
    }
}

/// The tags of `list` behind those of `tags`; none at all when it is malformed.
fn parse_list<'a>(list: &'a str, mut tags: SmallVec<[Tag<'a>; 2]>) -> SmallVec<[Tag<'a>; 2]> {
    let mut rest = list;
    loop {
        let (is_weak, quoted) = match rest.strip_prefix("W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let Some((opaque, after)) =
            quoted.strip_prefix('"').and_then(|quoted| quoted.split_once('"'))
        else {
            return SmallVec::new();
        };
        if !opaque.bytes().all(|byte| byte.is_ascii_graphic()) {
            return SmallVec::new();
        }
        tags.push(Tag { is_weak, opaque });
        let after = after.trim_start();
        if after.is_empty() {
            return tags;
        }
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return SmallVec::new(),
        }
    }
}

impl Tag<'_> {
    /// The version it names; weak tags and those that are none of ours name none.
    pub(crate) fn version(self) -> Option<i64> {
        if self.is_weak {
            return None;
        }
        let digits = self.opaque.split_once('-').map_or(self.opaque, |(version, _)| version);
        let is_canonical = digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0')
            && !digits.is_empty();
        is_canonical.then(|| digits.parse().ok()).flatten()
    }
}

/// What the tag of an answer is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The row alone.
    Row,
    /// The row and rows included with it.
    WithIncluded,
}

/// The tag of an answer.
pub(crate) fn of_row(version: Option<i64>, scope: Scope, body: &[u8]) -> HeaderValue {
    let text = match (version, scope) {
        (Some(version), Scope::Row) => format!("\"{version}\""),
        (Some(version), Scope::WithIncluded) => format!("\"{version}-{:016x}\"", digest(body)),
        (None, Scope::Row | Scope::WithIncluded) => format!("W/\"{:016x}\"", digest(body)),
    };
    HeaderValue::try_from(text).expect("invariant: digits and quotes make a header value")
}

/// The tag of a file that is the same for all.
pub(crate) fn of_file(bytes: &[u8]) -> HeaderValue {
    // Weak: a file goes out in more than one encoding under one tag.
    of_row(None, Scope::Row, bytes)
}

/// The same for the same bytes, in every process of one build.
pub(crate) fn digest(body: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(body);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&'static str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(IF_MATCH, HeaderValue::from_static(value));
        }
        map
    }

    fn versions(values: &[&'static str]) -> Result<Vec<Option<i64>>, Code> {
        match Tags::if_match(&headers(values)).map_err(|error| error.code())? {
            Tags::Listed(tags) => Ok(tags.iter().map(|tag| tag.version()).collect()),
            Tags::Any => Ok(vec![]),
            Tags::Absent => panic!("the header is there"),
        }
    }

    #[test]
    fn listed_tags_name_the_versions_in_front() {
        assert_eq!(versions(&["\"7\""]), Ok(vec![Some(7)]));
        assert_eq!(versions(&["\"7-00ff\", W/\"8\"", "\"9\""]), Ok(vec![Some(7), None, Some(9)]));
        assert_eq!(versions(&["\"abc\",\"\",\"07\",\"-1\""]), Ok(vec![None; 4]));
        assert_eq!(versions(&["\"99999999999999999999\""]), Ok(vec![None]));
        assert_eq!(versions(&["*"]), Ok(vec![]));
    }

    #[test]
    fn malformed_lists_are_refused() {
        for bad in ["", "7", "\"7", "\"7\" \"8\"", "\"7\",", "w/\"7\"", "*,\"7\"", "\"a b\""] {
            assert_eq!(versions(&[bad]), Err(Code::InvalidHeader), "{bad}");
        }
        assert_eq!(versions(&["*", "\"7\""]), Err(Code::InvalidHeader));
        let many = ["\"1\""; 9].join(",").leak();
        assert_eq!(versions(&[many]), Err(Code::InvalidHeader));
    }

    #[test]
    fn an_answer_with_included_rows_changes_its_tag_with_them() {
        let alone = of_row(Some(7), Scope::Row, b"{}");
        assert_eq!(alone, "\"7\"");
        let (one, other) = (
            of_row(Some(7), Scope::WithIncluded, b"[1]"),
            of_row(Some(7), Scope::WithIncluded, b"[2]"),
        );
        assert_ne!(one, other);
        let mut sent = HeaderMap::new();
        sent.insert(IF_NONE_MATCH, one.clone());
        let tags = Tags::if_none_match(&sent).unwrap();
        assert!(tags.matches(&one) && !tags.matches(&other) && !tags.matches(&alone));
        let weak = of_row(None, Scope::Row, b"{}");
        assert!(weak.to_str().unwrap().starts_with("W/\""));
    }
}
