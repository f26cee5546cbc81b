//! That a change which a browser's cookies vouch for was asked for by a page of ours.
//!
//! Two proofs are demanded: where the request comes from, which a page of another site cannot
//! change, and a token that such a page cannot read.

use hyper::HeaderMap;
use hyper::Method;
use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::http::request::Parts;
use underpin_base::{Code, Error, Result};
use url::Url;
use uuid::Uuid;

use crate::server::Shared;

/// Where scripts send the token that their cookie holds.
const TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// Refuses what other sites may have asked for. `session` is the one that the cookies name.
///
/// # Errors
/// `CSRF_FAILED`.
pub(crate) fn check(head: &Parts, shared: &Shared, session: Uuid) -> Result<()> {
    if matches!(head.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    if !is_own_origin(head, shared.public_url.as_ref()) && !is_allowed(head, &shared.origins) {
        return Err(failed("the request does not come from a page of this server")
            .with_hint("name other sites that may send cookies in `auth.allowed_origins`"));
    }
    match only(&head.headers, &TOKEN) {
        Some(token) if shared.accounts.is_csrf_token(session, token) => Ok(()),
        Some(_) | None => Err(failed("the header X-CSRF-Token is not that of the session")
            .with_hint("send the value of the cookie `__Host-csrf` as `X-CSRF-Token`")),
    }
}

/// Whether a page of one of these sites sent the request.
fn is_allowed(head: &Parts, origins: &[String]) -> bool {
    only(&head.headers, &ORIGIN).is_some_and(|origin| origins.iter().any(|it| it == origin))
}

fn failed(message: &str) -> Error {
    Error::new(Code::CsrfFailed, message)
}

/// Whether a page of this server sent the request: `Origin` is the URL that clients use, or the
/// host that the request names, which was checked to be one of ours.
fn is_own_origin(head: &Parts, public_url: Option<&Url>) -> bool {
    let Some(origin) = only(&head.headers, &ORIGIN) else { return false };
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let own_scheme = public_url.map(Url::scheme);
    if !own_scheme.map_or(matches!(scheme, "http" | "https"), |own| own == scheme) {
        return false;
    }
    let own = public_url.is_some_and(|url| url.origin().ascii_serialization() == origin);
    let in_target = head.uri.authority().map(hyper::http::uri::Authority::as_str);
    let host = in_target.or_else(|| only(&head.headers, &HOST));
    own || host.is_some_and(|host| !host.is_empty() && host.eq_ignore_ascii_case(authority))
}

/// The value of a header that stands once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next()?, values.next());
    second.is_none().then(|| first.to_str().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(pairs: &[(HeaderName, &str)]) -> Parts {
        let mut request = hyper::Request::new(());
        for (name, value) in pairs {
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request.into_parts().0
    }

    fn is_own(public_url: Option<&str>, host: &str, origin: &str) -> bool {
        let url = public_url.map(|url| Url::parse(url).unwrap());
        is_own_origin(&head(&[(HOST, host), (ORIGIN, origin)]), url.as_ref())
    }

    #[test]
    fn a_page_of_the_host_that_is_asked_is_our_own() {
        assert!(is_own(None, "localhost:8080", "http://localhost:8080"));
        assert!(is_own(None, "API.example.com", "https://api.example.com"));
        for foreign in [
            "null",
            "",
            "http://localhost",
            "http://localhost:80800",
            "http://localhost:8080/",
            "http://localhost:8080.evil.test",
            "http://evil.test",
            "http://user@localhost:8080",
            "file://localhost:8080",
            "localhost:8080",
        ] {
            assert!(!is_own(None, "localhost:8080", foreign), "{foreign}");
        }
    }

    #[test]
    fn a_page_at_the_public_url_is_our_own_and_none_of_another_scheme() {
        let url = Some("https://api.example.com/");
        assert!(is_own(url, "10.0.0.1:8080", "https://api.example.com"));
        assert!(is_own(url, "other.example.com", "https://other.example.com"));
        for foreign in [
            "http://api.example.com",
            "https://api.example.com:8443",
            "https://api.example.com.evil.test",
            "https://evil-api.example.com",
            "http://10.0.0.1:8080",
        ] {
            assert!(!is_own(url, "10.0.0.1:8080", foreign), "{foreign}");
        }
    }

    #[test]
    fn other_sites_are_allowed_by_name_alone() {
        let origins = ["https://shop.example".to_owned()];
        let is_allowed = |origin: &str| is_allowed(&head(&[(ORIGIN, origin)]), &origins);
        assert!(is_allowed("https://shop.example"));
        for foreign in ["http://shop.example", "https://shop.example.evil.test", "null", ""] {
            assert!(!is_allowed(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_origin_that_is_absent_or_stands_twice_is_nobodys() {
        assert!(!is_own_origin(&head(&[(HOST, "localhost")]), None));
        let twice = [(HOST, "a.test"), (ORIGIN, "http://a.test"), (ORIGIN, "http://a.test")];
        assert!(!is_own_origin(&head(&twice), None));
        assert!(!is_own_origin(&head(&[(ORIGIN, "http://")]), None));
    }
}
