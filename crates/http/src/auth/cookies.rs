//! The cookies of browsers: read strictly, set so that no script and no other site gets at them.
//!
//! `__Host-` binds a cookie to this host and to TLS (RFC 6265bis, section 4.1.3): no other host
//! under the same domain can set or shadow one.

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};
use underpin_base::{Code, Error, Result};

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
    /// What scripts send along with each change, the one cookie that they can read.
    Csrf,
    /// What binds a login by another party to the browser that began it.
    Flow,
}

impl Name {
    /// The cookies of a session.
    pub(crate) const OF_SESSION: [Self; 3] = [Self::Access, Self::Refresh, Self::Csrf];

    fn text(self) -> &'static str {
        match self {
            Self::Access => "__Host-access",
            Self::Refresh => "__Host-refresh",
            Self::Csrf => "__Host-csrf",
            Self::Flow => "__Host-flow",
        }
    }
}

/// The value of a cookie.
///
/// # Errors
/// `INVALID_HEADER` when it stands twice: which of the two a browser meant cannot be known.
pub(crate) fn read(headers: &HeaderMap, name: Name) -> Result<Option<&str>> {
    let mut found = None;
    for header in headers.get_all(COOKIE) {
        for pair in header.as_bytes().split(|byte| *byte == b';') {
            let Some(value) = value_of(pair.trim_ascii(), name) else { continue };
            if found.replace(value).is_some() {
                let message = format!("the cookie `{}` stands twice", name.text());
                return Err(Error::new(Code::InvalidHeader, message).with_parameter("cookie"));
            }
        }
    }
    // A value that is no text, or empty, is that of no token.
    Ok(found.and_then(|value| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty()))
}

fn value_of(pair: &[u8], name: Name) -> Option<&[u8]> {
    pair.strip_prefix(name.text().as_bytes())?.strip_prefix(b"=")
}

/// Sets a cookie for so many seconds.
pub(crate) fn set(name: Name, value: &str, seconds: i64) -> HeaderValue {
    let seconds = seconds.max(0);
    let hidden = if name == Name::Csrf { "" } else { "; HttpOnly" };
    let text =
        format!("{}={value}; Path=/; Max-Age={seconds}; Secure{hidden}; SameSite=Lax", name.text());
    HeaderValue::try_from(text).expect("invariant: tokens are printable")
}

/// Has the browser forget a cookie.
pub(crate) fn forget(name: Name) -> HeaderValue {
    set(name, "", 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for line in lines {
            map.append(COOKIE, HeaderValue::from_static(line));
        }
        map
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let read = |lines: &[&'static str]| {
            let headers = headers(lines);
            read(&headers, Name::Access).map(|value| value.map(str::to_owned)).unwrap()
        };
        let token = Some("a.b=c".to_owned());
        assert_eq!(read(&["__Host-access=a.b=c"]), token);
        assert_eq!(read(&["x=1; __Host-access=a.b=c ; __Host-refresh=r"]), token);
        assert_eq!(read(&["x=1", "y=2;__Host-access=a.b=c"]), token);
        for none in ["", "__host-access=a", "access=a", "__Host-accessory=a", "__Host-access", "x"]
        {
            assert_eq!(read(&[none]), None, "{none}");
        }
        assert_eq!(read(&["__Host-access="]), None);
    }

    #[test]
    fn a_cookie_of_ours_that_stands_twice_is_refused() {
        for lines in [
            &["__Host-access=a; __Host-access=b"][..],
            &["__Host-access=a", "__Host-access=a"],
            &["__Host-access=; __Host-access=a"],
        ] {
            let error = read(&headers(lines), Name::Access).unwrap_err();
            assert_eq!(error.code(), Code::InvalidHeader);
        }
        assert!(read(&headers(&["x=1; x=2; __Host-access=a"]), Name::Access).is_ok());
    }

    #[test]
    fn scripts_read_the_token_against_forgery_alone() {
        let text = |name| set(name, "v", 60).to_str().unwrap().to_owned();
        let csrf = "__Host-csrf=v; Path=/; Max-Age=60; Secure; SameSite=Lax";
        assert_eq!(text(Name::Csrf), csrf);
        for name in [Name::Access, Name::Refresh, Name::Flow] {
            assert!(text(name).contains("; Secure; HttpOnly; SameSite=Lax"), "{name:?}");
        }
        assert!(forget(Name::Access).to_str().unwrap().contains("=; Path=/; Max-Age=0;"));
    }
}
