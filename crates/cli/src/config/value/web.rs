//! URLs that belong to others than this server.

use url::Url;

use super::{Kind, Setting, expects};

/// What links begin with: a URL without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links(String);

impl Links {
    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Option<Links> {
    const KIND: Kind =
        Kind::Text { form: "a URL without a query, as `https://shop.example/account`" };
    const EXAMPLE: &'static str = "https://shop.example/account";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let url = web_url(text).ok_or_else(|| expects(Self::KIND))?;
        Ok(Some(Links(url.as_str().trim_end_matches('/').to_owned())))
    }
}

/// URLs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Urls(Vec<String>);

impl Urls {
    /// Them, in the order written.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl Setting for Urls {
    const KIND: Kind = Kind::Text {
        form: "URLs with commas between, as `https://shop.example/login, myapp://login`",
    };
    const EXAMPLE: &'static str = "https://shop.example/login, myapp://login";

    fn parse(text: &str) -> Result<Self, String> {
        let read = |part: &str| {
            let url = Url::parse(part).ok()?;
            let has_place = url.has_host() || !matches!(url.scheme(), "http" | "https");
            // Whoever begins with these can make a page of anything.
            let is_code =
                matches!(url.scheme(), "javascript" | "data" | "blob" | "file" | "vbscript");
            let is_bare = url.username().is_empty() && url.password().is_none() && is_short(&url);
            (has_place && !is_code && is_bare).then(|| url.to_string())
        };
        list(text, read).map(Self).ok_or_else(|| expects(Self::KIND))
    }
}

/// Origins: schemes and hosts, maybe with ports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Them as browsers send them, in the order written.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl Setting for Origins {
    const KIND: Kind =
        Kind::Text { form: "origins with commas between, as `https://shop.example`" };
    const EXAMPLE: &'static str = "https://shop.example, http://localhost:5173";

    fn parse(text: &str) -> Result<Self, String> {
        let read = |part: &str| {
            let url = web_url(part).filter(|url| url.path() == "/")?;
            Some(url.origin().ascii_serialization())
        };
        list(text, read).map(Self).ok_or_else(|| expects(Self::KIND))
    }
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none() && is_short(&url);
    (plain && matches!(url.scheme(), "http" | "https")).then_some(url)
}

fn is_short(url: &Url) -> bool {
    url.query().is_none() && url.fragment().is_none()
}

/// The parts of a list, where all of them can be read.
fn list(text: &str, read: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|part| read(part.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_with_a_page_or_a_site() {
        let parse = |text| <Option<Links>>::parse(text).map(|links| links.map(|links| links.0));
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse("https://a.example/"), Ok(Some("https://a.example".to_owned())));
        assert_eq!(parse("http://a.example/b/"), Ok(Some("http://a.example/b".to_owned())));
        for wrong in ["a.example", "ftp://a", "https://u@a", "https://a/?b", "https://a/#b"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn redirects_may_lead_to_apps_and_never_to_code() {
        let urls = Urls::parse("https://a.example/x, myapp://login").unwrap();
        assert_eq!(urls.as_slice(), ["https://a.example/x", "myapp://login"]);
        assert_eq!(Urls::parse(" "), Ok(Urls::default()));
        for wrong in ["javascript:alert(1)", "data:text/html,x", "/x", "https://a,", "https://a?b"]
        {
            assert!(Urls::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        let origins = Origins::parse("https://A.example:443/, http://localhost:5173").unwrap();
        assert_eq!(origins.as_slice(), ["https://a.example", "http://localhost:5173"]);
        for wrong in ["https://a.example/x", "null", "*", "a.example"] {
            assert!(Origins::parse(wrong).is_err(), "{wrong}");
        }
    }
}
