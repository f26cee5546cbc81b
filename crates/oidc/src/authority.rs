//! What the configuration of a provider comes to: where it is and how far its word goes.
//!
//! The one place that knows the addresses and peculiarities of presets.

use underpin_egress::{Reach, check};
use url::Url;

use crate::config::{ClientSecret, ConfigError, Preset, ProviderConfig};

const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";
const GOOGLE: &str = "https://accounts.google.com";
const MICROSOFT: &str = "https://login.microsoftonline.com";
const APPLE: &str = "https://appleid.apple.com";

/// The tenant that all private accounts of Microsoft belong to.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// What stands for the tenant in the issuer that Microsoft publishes for many tenants.
pub(crate) const TENANT_MARK: &str = "{tenantid}";

/// Where a provider is, by the protocol it speaks.
#[derive(Debug, Clone)]
pub(crate) enum Authority {
    /// OpenID Connect.
    OpenId {
        /// Where the discovery document is.
        discovery: Url,
        /// The issuer that the document must name.
        issuer: String,
        /// Whose issuers and e-mails count.
        tenants: Tenants,
    },
    /// OAuth 2.0 as GitHub speaks it.
    GitHub(Box<GitHubUrls>),
}

/// Which tenants of Microsoft may log in; `NotApplicable` for everybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tenants {
    /// The provider has no tenants.
    NotApplicable,
    /// One that the operator named: its issuer is exact, and its administrators answer for e-mails.
    One,
    /// The private accounts: the issuer is exact, but e-mails are the users' own.
    Consumers,
    /// All but the private accounts.
    Organizations,
    /// All.
    Common,
}

impl Tenants {
    /// Whether the issuer is known only once a token names its tenant.
    pub(crate) fn are_many(self) -> bool {
        match self {
            Self::Organizations | Self::Common => true,
            Self::NotApplicable | Self::One | Self::Consumers => false,
        }
    }

    /// Whether a tenant named by a token, in lower case, may log in.
    pub(crate) fn accept(self, tenant: &str) -> bool {
        let is_tenant = is_guid(tenant);
        match self {
            Self::NotApplicable | Self::One | Self::Consumers | Self::Common => is_tenant,
            Self::Organizations => is_tenant && tenant != CONSUMERS,
        }
    }
}

/// GitHub's endpoints.
#[derive(Debug, Clone)]
pub(crate) struct GitHubUrls {
    pub(crate) issuer: String,
    pub(crate) authorize: Url,
    pub(crate) token: Url,
    pub(crate) user: Url,
    pub(crate) emails: Url,
}

impl Authority {
    /// Reads the configuration, refusing what cannot work.
    pub(crate) fn of(config: &ProviderConfig) -> Result<Self, ConfigError> {
        let name = || config.name.clone();
        if config.tenant.is_some() && config.preset != Some(Preset::Microsoft) {
            return Err(ConfigError::Tenant { name: name() });
        }
        let own = match config.preset {
            None => None,
            Some(Preset::GitHub) => Some(GITHUB),
            Some(Preset::Google) => Some(GOOGLE),
            Some(Preset::Microsoft) => Some(MICROSOFT),
            Some(Preset::Apple) => Some(APPLE),
        };
        let Some(issuer) = config.issuer.as_deref().or(own) else {
            return Err(ConfigError::NoIssuer { name: name() });
        };
        check_issuer(issuer).ok_or_else(|| ConfigError::Issuer { name: name() })?;
        let authority = match config.preset {
            Some(Preset::GitHub) => GitHubUrls::of(issuer).map(|urls| Self::GitHub(Box::new(urls))),
            Some(Preset::Microsoft) => {
                let tenant = config.tenant.as_deref().unwrap_or("common");
                return microsoft(issuer, tenant)
                    .ok_or_else(|| ConfigError::Tenant { name: name() });
            }
            Some(Preset::Google | Preset::Apple) | None => {
                open_id(issuer.to_owned(), issuer, Tenants::NotApplicable)
            }
        };
        authority.ok_or_else(|| ConfigError::Issuer { name: name() })
    }
}

/// How far requests to the provider go: what is built in is on the internet, what an operator
/// configured may be anywhere.
pub(crate) fn reach(config: &ProviderConfig) -> Reach {
    if config.preset.is_some() && config.issuer.is_none() { Reach::Public } else { Reach::Any }
}

/// Whether the kind of secret is one that the preset works with.
pub(crate) fn check_secret(config: &ProviderConfig) -> Result<(), ConfigError> {
    let needed = match (config.preset, &config.client_secret) {
        (Some(Preset::Apple), ClientSecret::Apple(_)) => return Ok(()),
        (Some(Preset::Apple), ClientSecret::None | ClientSecret::Text(_)) => {
            "the team, the id and the text of a private key"
        }
        (Some(Preset::GitHub), ClientSecret::None) => "a `client_secret`",
        (_, ClientSecret::Apple(_)) => "a `client_secret`; Apple's keys are for the preset `apple`",
        (_, ClientSecret::Text(secret)) if secret.expose().is_empty() => "a `client_secret`",
        (_, ClientSecret::None | ClientSecret::Text(_)) => return Ok(()),
    };
    Err(ConfigError::ClientSecret { name: config.name.clone(), needed })
}

/// OpenID Connect Discovery 1.0, section 3: a URL without query and fragment.
fn check_issuer(issuer: &str) -> Option<Url> {
    let url = Url::parse(issuer).ok()?;
    check(&url, Reach::Any).ok()?;
    let is_plain = url.query().is_none() && url.fragment().is_none();
    is_plain.then_some(url)
}

fn open_id(issuer: String, base: &str, tenants: Tenants) -> Option<Authority> {
    let discovery = below(base, "/.well-known/openid-configuration")?;
    Some(Authority::OpenId { discovery, issuer, tenants })
}

fn microsoft(base: &str, tenant: &str) -> Option<Authority> {
    let base = base.trim_end_matches('/');
    let tenant = tenant.to_ascii_lowercase();
    let (segment, named, tenants) = match tenant.as_str() {
        "common" => ("common", TENANT_MARK, Tenants::Common),
        "organizations" => ("organizations", TENANT_MARK, Tenants::Organizations),
        "consumers" | CONSUMERS => (CONSUMERS, CONSUMERS, Tenants::Consumers),
        guid if is_guid(guid) => (guid, guid, Tenants::One),
        _ => return None,
    };
    open_id(format!("{base}/{named}/v2.0"), &format!("{base}/{segment}/v2.0"), tenants)
}

impl GitHubUrls {
    fn of(issuer: &str) -> Option<Self> {
        let issuer = issuer.trim_end_matches('/').to_owned();
        // GitHub Enterprise Server has its API below its own host.
        let api = if issuer == GITHUB { GITHUB_API.to_owned() } else { format!("{issuer}/api/v3") };
        Some(Self {
            authorize: below(&issuer, "/login/oauth/authorize")?,
            token: below(&issuer, "/login/oauth/access_token")?,
            user: below(&api, "/user")?,
            emails: below(&api, "/user/emails")?,
            issuer,
        })
    }
}

fn below(base: &str, path: &str) -> Option<Url> {
    Url::parse(&format!("{}{path}", base.trim_end_matches('/'))).ok()
}

/// 8-4-4-4-12 lower-case hexadecimal digits.
fn is_guid(text: &str) -> bool {
    let mut lengths = [8, 4, 4, 4, 12].into_iter();
    let is_part = |part: &str| {
        lengths.next() == Some(part.len())
            && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    text.len() == 36 && text.split('-').all(is_part)
}

#[cfg(test)]
mod tests {
    use underpin_base::Secret;

    use super::*;

    fn config(preset: Preset, issuer: Option<&str>, tenant: Option<&str>) -> ProviderConfig {
        ProviderConfig {
            name: "a".to_owned(),
            preset: Some(preset),
            issuer: issuer.map(str::to_owned),
            client_id: "b".to_owned(),
            client_secret: ClientSecret::Text(Secret::new("c".to_owned())),
            tenant: tenant.map(str::to_owned),
            scopes: Vec::new(),
        }
    }

    #[test]
    fn presets_know_their_issuers() {
        let tenant = "11111111-2222-3333-4444-555555555555";
        let microsoft = |segment: &str, named: &str| {
            let base = "https://login.microsoftonline.com";
            (
                format!("{base}/{segment}/v2.0/.well-known/openid-configuration"),
                format!("{base}/{named}/v2.0"),
            )
        };
        let plain =
            |base: &str| (format!("{base}/.well-known/openid-configuration"), base.to_owned());
        for (preset, asked, expected) in [
            (Preset::Google, None, plain("https://accounts.google.com")),
            (Preset::Apple, None, plain("https://appleid.apple.com")),
            (Preset::Microsoft, None, microsoft("common", TENANT_MARK)),
            (Preset::Microsoft, Some("organizations"), microsoft("organizations", TENANT_MARK)),
            (Preset::Microsoft, Some("consumers"), microsoft(CONSUMERS, CONSUMERS)),
            (Preset::Microsoft, Some(tenant), microsoft(tenant, tenant)),
        ] {
            let config = config(preset, None, asked);
            assert_eq!(reach(&config), Reach::Public);
            match Authority::of(&config) {
                Ok(Authority::OpenId { discovery, issuer, .. }) => {
                    assert_eq!((discovery.to_string(), issuer), expected);
                }
                other => panic!("{preset:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn github_is_found_in_the_cloud_and_on_ones_own_server() {
        let urls = |issuer: Option<&str>| match Authority::of(&config(Preset::GitHub, issuer, None))
        {
            Ok(Authority::GitHub(urls)) => [
                urls.issuer.clone(),
                urls.authorize.to_string(),
                urls.token.to_string(),
                urls.user.to_string(),
                urls.emails.to_string(),
            ],
            other => panic!("{other:?}"),
        };
        let expected = |base: &str, api: &str| {
            [
                base.to_owned(),
                format!("{base}/login/oauth/authorize"),
                format!("{base}/login/oauth/access_token"),
                format!("{api}/user"),
                format!("{api}/user/emails"),
            ]
        };
        assert_eq!(urls(None), expected("https://github.com", "https://api.github.com"));
        let own = "https://git.example.com";
        assert_eq!(urls(Some("https://git.example.com/")), expected(own, &format!("{own}/api/v3")));
        assert_eq!(reach(&config(Preset::GitHub, Some(own), None)), Reach::Any);
    }
}
