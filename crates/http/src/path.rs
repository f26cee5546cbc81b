//! Splits a request's path into segments, strictly.
//!
//! An escape of a control character or of broken UTF-8 is refused outright. One of a separator is
//! told of, for it is part of a key or nothing: no two readings of a path name different routes.

use std::borrow::Cow;

use underpin_base::{Code, Error, Result};

/// The parts of a path between its slashes, undecoded, at most `N` of them.
pub(crate) struct Segments<'a, const N: usize> {
    parts: [&'a str; N],
    n_parts: usize,
    escapes_separators: bool,
}

impl<'a, const N: usize> Segments<'a, N> {
    pub(crate) fn as_slice(&self) -> &[&'a str] {
        &self.parts[..self.n_parts]
    }

    /// Whether a part holds an escaped slash or backslash, which only a key that is text may.
    pub(crate) fn escapes_separators(&self) -> bool {
        self.escapes_separators
    }
}

/// Splits `path` at its slashes; `None` when it has more than `N` segments or does not start with
/// a slash, so that it is no path of ours.
///
/// # Errors
/// `INVALID_PATH` for a malformed escape, or one of a control character or bytes that are not
/// UTF-8.
pub(crate) fn split<const N: usize>(path: &str) -> Result<Option<Segments<'_, N>>> {
    let escapes_separators = check(path)?;
    let Some(rest) = path.strip_prefix('/') else { return Ok(None) };
    let mut segments = Segments { parts: [""; N], n_parts: 0, escapes_separators };
    for part in rest.split('/') {
        let Some(place) = segments.parts.get_mut(segments.n_parts) else { return Ok(None) };
        *place = part;
        segments.n_parts += 1;
    }
    Ok(Some(segments))
}

/// One segment without its escapes; the path was checked by [`split`].
pub(crate) fn decode(segment: &str) -> Cow<'_, str> {
    if memchr::memchr(b'%', segment.as_bytes()).is_none() {
        return Cow::Borrowed(segment);
    }
    let bytes = unescape(segment.as_bytes()).unwrap_or_default();
    Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
}

/// Whether the path has escaped separators.
fn check(path: &str) -> Result<bool> {
    let bytes = path.as_bytes();
    let plain = bytes.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\'));
    if plain {
        return Ok(false);
    }
    let decoded = unescape(bytes).and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded {
        Some(decoded) if !decoded.contains(char::is_control) && !path.contains('\\') => {
            Ok(count_separators(&decoded) != count_separators(path))
        }
        _ => Err(invalid()),
    }
}

/// The answer for a path with an escape that it must not have.
pub(crate) fn invalid() -> Error {
    Error::new(Code::InvalidPath, "the path has an escape it must not have")
}

fn count_separators(text: &str) -> usize {
    memchr::memchr2_iter(b'/', b'\\', text.as_bytes()).count()
}

/// Resolves `%xx`; `None` where one is malformed.
pub(crate) fn unescape(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'%' {
            let (&[high, low], tail) = tail.split_first_chunk::<2>()?;
            out.push(hex(high)? << 4 | hex(low)?);
            rest = tail;
        } else {
            out.push(byte);
            rest = tail;
        }
    }
    Some(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Appends `text` as a path segment, everything but unreserved characters escaped (RFC 3986,
/// section 2.3).
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 0xf)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_split(path: &str, expected: Option<&[&str]>) {
        let segments = split::<4>(path).unwrap();
        assert_eq!(segments.as_ref().map(Segments::as_slice), expected, "{path}");
    }

    #[test]
    fn a_path_splits_at_its_slashes_and_nowhere_else() {
        check_split("/", Some(&[""]));
        check_split("/api/v1/products", Some(&["api", "v1", "products"]));
        check_split("/api/", Some(&["api", ""]));
        check_split("//api", Some(&["", "api"]));
        check_split("/a/b/c/d/e", None);
        check_split("*", None);
    }

    #[test]
    fn escapes_that_no_path_has_are_refused() {
        for path in [
            "/api\\v1",
            "/a%00",
            "/a%0d%0aSet-Cookie:x",
            "/a%7f",
            "/%c0%af",
            "/%ed%a0%80",
            "/%ff",
            "/%",
            "/%2",
            "/%zz",
            "/%+1",
        ] {
            let error = split::<4>(path).err().map(|error| error.code());
            assert_eq!(error, Some(Code::InvalidPath), "{path}");
        }
    }

    #[test]
    fn escaped_separators_separate_nothing_and_are_told_of() {
        for (path, parts) in [
            ("/pages/..%2fusers", ["pages", "..%2fusers"]),
            ("/pages/..%5Cusers", ["pages", "..%5Cusers"]),
        ] {
            let segments = split::<4>(path).unwrap().unwrap();
            assert_eq!(segments.as_slice(), parts);
            assert!(segments.escapes_separators(), "{path}");
        }
        assert!(!split::<4>("/a%20b/c").unwrap().unwrap().escapes_separators());
    }

    #[test]
    fn escapes_of_other_text_are_resolved() {
        check_split("/a%20b/%C3%BC", Some(&["a%20b", "%C3%BC"]));
        assert_eq!(decode("a%20b+"), "a b+");
        assert_eq!(decode("%C3%BC"), "ü");
        let mut escaped = String::new();
        push_escaped(&mut escaped, "a/b ü");
        assert_eq!(escaped, "a%2Fb%20%C3%BC");
    }
}
