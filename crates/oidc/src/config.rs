//! What an operator says about a provider.

use underpin_base::Secret;

/// A provider whose peculiarities are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// GitHub, or GitHub Enterprise Server where an issuer is given. OAuth 2.0 only: who the user is
    /// comes from its API.
    GitHub,
    /// Google.
    Google,
    /// Microsoft Entra ID, for one tenant or for many. An issuer names another cloud of it.
    Microsoft,
    /// Sign in with Apple. The client's secret is a key, and the browser comes back by POST.
    Apple,
}

impl Preset {
    /// The preset of this name in configuration: `github`, `google`, `microsoft` or `apple`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "github" => Some(Self::GitHub),
            "google" => Some(Self::Google),
            "microsoft" => Some(Self::Microsoft),
            "apple" => Some(Self::Apple),
            _ => None,
        }
    }
}

/// One provider, as configured.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    /// What it is called in URLs and configuration, such as `google`.
    pub name: String,
    /// A provider whose peculiarities are known; any other is described by its issuer alone.
    pub preset: Option<Preset>,
    /// The issuer, exactly as its discovery document writes it. A preset has one of its own; given
    /// with one, it replaces that, or the host that it begins with (GitHub, Microsoft).
    pub issuer: Option<String>,
    /// The name under which this application is registered there.
    pub client_id: String,
    /// How the application proves that it is the registered one.
    pub client_secret: ClientSecret,
    /// Microsoft only: the tenant that users belong to (its GUID), or `organizations`, `consumers`
    /// or `common` for many; `common` when absent.
    pub tenant: Option<String>,
    /// What to ask for. Empty for what a login needs: `openid email profile` and the like.
    pub scopes: Vec<String>,
}

/// How the application proves who it is when it redeems a code.
#[derive(Debug, Clone)]
pub enum ClientSecret {
    /// Not at all: a public client, which PKCE alone protects.
    None,
    /// By a shared text.
    Text(Secret<String>),
    /// By a token signed with a key of Apple's.
    Apple(AppleKey),
}

/// The key with which an application proves to Apple who it is.
#[derive(Debug, Clone)]
pub struct AppleKey {
    /// The team that the key belongs to: ten letters and digits.
    pub team_id: String,
    /// The key's own id.
    pub key_id: String,
    /// The content of the `.p8` file: a P-256 key as PKCS #8 in PEM.
    pub private_key: Secret<String>,
}

/// What cannot work in the configuration of a provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither preset nor issuer.
    #[error("the provider `{name}` needs an `issuer`, or a `preset`")]
    NoIssuer {
        /// The provider.
        name: String,
    },
    /// The issuer is not a URL that could be one.
    #[error(
        "the issuer of `{name}` must be an https:// URL without query and fragment \
         (http:// for this machine only)"
    )]
    Issuer {
        /// The provider.
        name: String,
    },
    /// No client id.
    #[error("the provider `{name}` needs the `client_id` it gave this application")]
    NoClientId {
        /// The provider.
        name: String,
    },
    /// A secret of another kind than the preset works with.
    #[error("the provider `{name}` needs {needed}")]
    ClientSecret {
        /// The provider.
        name: String,
        /// What it needs.
        needed: &'static str,
    },
    /// The key's text is not a P-256 key in PKCS #8 PEM.
    #[error("the private key of `{name}` must be the text of a .p8 file: a P-256 key in PEM form")]
    AppleKey {
        /// The provider.
        name: String,
    },
    /// A tenant that is none, or with another preset.
    #[error(
        "the `tenant` of `{name}` must be a GUID, `organizations`, `consumers` or `common`, and \
         belongs to the preset `microsoft`"
    )]
    Tenant {
        /// The provider.
        name: String,
    },
    /// A scope with a blank or another character that scopes cannot hold.
    #[error("the scope `{scope}` of `{name}` holds a character that scopes cannot hold")]
    Scope {
        /// The provider.
        name: String,
        /// The scope.
        scope: String,
    },
}
