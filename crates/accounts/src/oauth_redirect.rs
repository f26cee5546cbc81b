//! Where a login by another party leads back to, and what the page there is told.
//!
//! What is told stands in the fragment, which no server sees and no `Referer` carries.

use underpin_base::{Code, Error, Result, Secret};
use url::Url;

use crate::Answer;

/// Bytes of an address to lead back to.
const TARGET_BYTES_MAX: usize = 2_048;

/// Why a login by another party did not come about, as the page that it leads back to is told:
/// `#error=EMAIL_TAKEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OauthFault {
    /// The user, or the provider on their behalf, said no.
    Declined,
    /// What came back does not prove who logged in.
    Refused,
    /// The provider does not answer as one should.
    ProviderUnavailable,
    /// The provider told no address, or one that no account here can have.
    NoEmail,
    /// The provider does not vouch for the address.
    EmailUnverified,
    /// The address belongs to an account that this login does not prove to be its owner's.
    EmailTaken,
    /// Nobody makes an account by themselves here.
    RegistrationClosed,
    /// An account needs more than a provider tells: register first, with this address.
    FieldsRequired,
    /// The account is suspended.
    AccountSuspended,
    /// The server failed; trying again may help.
    Failed,
}

impl OauthFault {
    /// Every fault.
    pub const ALL: &[Self] = &[
        Self::Declined,
        Self::Refused,
        Self::ProviderUnavailable,
        Self::NoEmail,
        Self::EmailUnverified,
        Self::EmailTaken,
        Self::RegistrationClosed,
        Self::FieldsRequired,
        Self::AccountSuspended,
        Self::Failed,
    ];

    /// The name in the fragment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declined => "DECLINED",
            Self::Refused => "REFUSED",
            Self::ProviderUnavailable => "PROVIDER_UNAVAILABLE",
            Self::NoEmail => "NO_EMAIL",
            Self::EmailUnverified => "EMAIL_UNVERIFIED",
            Self::EmailTaken => "EMAIL_TAKEN",
            Self::RegistrationClosed => "REGISTRATION_CLOSED",
            Self::FieldsRequired => "FIELDS_REQUIRED",
            Self::AccountSuspended => "ACCOUNT_SUSPENDED",
            Self::Failed => "FAILED",
        }
    }
}

/// The address to lead back to, if it is one of those that are allowed: of exactly the origin of one,
/// with a path that begins with its path, up to a `/`.
///
/// # Errors
/// `INVALID_PARAMETER`.
pub(crate) fn target(given: &str, allowed: &[String]) -> Result<Url> {
    let parsed = (given.len() <= TARGET_BYTES_MAX).then(|| Url::parse(given).ok()).flatten();
    let allows = |url: &Url| {
        let mut allowed = allowed.iter().filter_map(|allowed| Url::parse(allowed).ok());
        allowed.any(|allowed| begins_with(url, &allowed))
    };
    parsed.filter(|url| is_plain(given, url) && allows(url)).ok_or_else(|| {
        Error::new(Code::InvalidParameter, "`redirect` is not an address that may be led back to")
            .with_parameter("redirect")
            .with_hint("`allowed_redirects` of `[auth]` lists what such addresses begin with")
    })
}

/// Whether a URL is one that all programs read alike.
fn is_plain(given: &str, url: &Url) -> bool {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    let has_user = !url.username().is_empty() || url.password().is_some();
    url.has_host() && !has_user && url.fragment().is_none() && !given.contains(is_odd)
}

fn begins_with(url: &Url, allowed: &Url) -> bool {
    let prefix = allowed.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(prefix);
    place(url) == place(allowed)
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The origin. Apps have schemes of their own, whose URLs have none by the standard.
fn place(url: &Url) -> (&str, Option<&str>, Option<u16>) {
    (url.scheme(), url.host_str(), url.port_or_known_default())
}

/// Leads back with what came of the login, and has the browser forget the flow.
pub(crate) fn lead_back(mut target: Url, came: Result<Secret<String>, OauthFault>) -> Answer {
    let fragment = match came {
        Ok(token) => format!("token={}", token.expose()),
        Err(fault) => format!("error={}", fault.name()),
    };
    target.set_fragment(Some(&fragment));
    Answer::Redirect { location: target.into(), flow_cookie: Some(Secret::new(String::new())) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn allowed() -> Vec<String> {
        [
            "https://app.example.com/account",
            "http://localhost:5173",
            "https://b.example.com:8443/",
            "myapp://login",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn what_begins_with_an_allowed_address_may_be_led_back_to() {
        for given in [
            "https://app.example.com/account",
            "https://app.example.com/account/done?next=%2Fa&b=@c",
            "https://APP.example.com:443/account/",
            "http://localhost:5173",
            "http://localhost:5173/any/path",
            "https://b.example.com:8443/x",
            "myapp://login",
            "myapp://login/done",
        ] {
            assert!(target(given, &allowed()).is_ok(), "{given}");
        }
    }

    #[test]
    fn nothing_else_may() {
        let long = format!("https://app.example.com/account/{}", "a".repeat(2_048));
        for given in [
            "",
            "/account",
            "//app.example.com/account",
            "javascript:alert(1)",
            "data:text/html,x",
            "https:///account",
            "ftp://app.example.com/account",
            "http://app.example.com/account",
            "https://app.example.com",
            "https://app.example.com/accounts",
            "https://app.example.com/account/../other",
            "https://app.example.com/account/%2e%2e/other",
            "https://app.example.com:444/account",
            "https://app.example.com@evil.example/account",
            "https://user@app.example.com/account",
            "https://:pass@app.example.com/account",
            "https://app.example.com.evil.example/account",
            "https://evil.example/https://app.example.com/account",
            "https://evil.example#https://app.example.com/account",
            "https://evil.example?https://app.example.com/account",
            "https://app.example.com/account#fragment",
            "https://app.example.com/account#",
            "https://app.example.com\\@evil.example/account",
            "https://evil.example\\.app.example.com/account",
            "https://app.example.com/account\n",
            " https://app.example.com/account",
            "https://app.exa\tmple.com/account",
            "https://app．example．com.evil.example/account",
            "https://127.0.0.1:5173/",
            "http://localhost:5173.evil.example/",
            "myapp://other",
            "myapp:login",
            "otherapp://login",
            &long,
        ] {
            let error = target(given, &allowed()).unwrap_err();
            assert_eq!(error.code(), Code::InvalidParameter, "{given}");
        }
    }

    #[test]
    fn faults_have_names_of_their_own_and_stand_in_the_guide() {
        let names: HashSet<&str> = OauthFault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), OauthFault::ALL.len());
        let guide = include_str!("../../../docs/guides/accounts.md");
        for name in names {
            assert!(guide.contains(&format!("| `{name}` |")), "{name} is not in the guide");
        }
    }
}
