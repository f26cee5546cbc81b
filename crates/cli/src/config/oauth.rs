//! `[oauth.NAME]`: parties besides this server that users may log in by.

use std::collections::BTreeMap;

use underpin_base::Secret;
use underpin_oidc::{AppleKey, ClientSecret, Preset, ProviderConfig};

use super::section::{Key, Section, section};
use super::value::PresetName;
use super::{Place, Problem};

section! {
    /// A provider that users may log in with, and what it is called in URLs, as `[oauth.google]`. It
    /// sends browsers back to `/api/v1/auth/oauth/NAME/callback` of the public URL, which must be
    /// registered there.
    "oauth" => OauthKeys {
        /// A provider whose peculiarities are known. Any other is described by its issuer alone.
        preset: PresetName = "none";
        /// The issuer, exactly as the provider's discovery document writes it. A preset has its own.
        issuer: Option<String> = "";
        /// The name under which this application is registered there.
        client_id: Option<String> = "";
        /// The secret that was given with it. A public client has none.
        client_secret: Option<Secret<String>> = "";
        /// Microsoft only: the tenant that users belong to, or `organizations`, `consumers` or `common`.
        tenant: Option<String> = "";
        /// What to ask for, with blanks between; without any, what a login needs.
        scopes: Option<String> = "";
        /// Apple only: the team that the key belongs to.
        team_id: Option<String> = "";
        /// Apple only: the key's own id.
        key_id: Option<String> = "";
        /// Apple only: the text of the `.p8` file.
        private_key: Option<Secret<String>> = "";
    }
}

/// `[oauth]`: every provider.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Oauth {
    /// By their names.
    pub providers: BTreeMap<String, OauthProvider>,
}

/// `[oauth.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthProvider {
    /// Its keys.
    pub keys: OauthKeys,
    /// Where it is first named.
    pub place: Place,
}

impl Section for Oauth {
    const NAME: &'static str = OauthKeys::NAME;
    const DOC: &'static str = OauthKeys::DOC;
    const EACH: Option<&'static str> = Some("NAME");

    fn keys() -> Vec<Key> {
        OauthKeys::keys()
    }

    fn set(&mut self, _name: &str, _text: &str) -> Result<(), String> {
        unreachable!("invariant: keys stand in a table of their provider")
    }

    fn set_each(
        &mut self,
        (each, name): (&str, &str),
        text: &str,
        place: &Place,
    ) -> Result<(), String> {
        let provider = self
            .providers
            .entry(each.to_owned())
            .or_insert_with(|| OauthProvider { keys: OauthKeys::default(), place: place.clone() });
        provider.keys.set(name, text)
    }
}

impl Oauth {
    /// The providers in the terms of whoever logs in by them.
    #[must_use]
    pub fn configs(&self) -> Vec<ProviderConfig> {
        self.providers.iter().map(|(name, provider)| provider.keys.config(name)).collect()
    }

    /// What cannot work.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let check = |(name, provider): (&String, &OauthProvider)| {
            let error = provider.keys.config(name).check().err()?;
            Some(Problem {
                place: provider.place.clone(),
                message: error.to_string(),
                label: "this provider".to_owned(),
                help: Some("docs/configuration.md lists the keys of a provider".to_owned()),
            })
        };
        self.providers.iter().filter_map(check).collect()
    }
}

impl OauthKeys {
    fn config(&self, name: &str) -> ProviderConfig {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let client_secret = match (&self.private_key, &self.client_secret) {
            (Some(key), _) => ClientSecret::Apple(AppleKey {
                team_id: text(&self.team_id),
                key_id: text(&self.key_id),
                private_key: key.clone(),
            }),
            (None, Some(secret)) => ClientSecret::Text(secret.clone()),
            (None, None) => ClientSecret::None,
        };
        ProviderConfig {
            name: name.to_owned(),
            preset: match self.preset {
                PresetName::None => None,
                PresetName::GitHub => Some(Preset::GitHub),
                PresetName::Google => Some(Preset::Google),
                PresetName::Microsoft => Some(Preset::Microsoft),
                PresetName::Apple => Some(Preset::Apple),
            },
            issuer: self.issuer.clone(),
            client_id: text(&self.client_id),
            client_secret,
            tenant: self.tenant.clone(),
            scopes: text(&self.scopes).split_whitespace().map(str::to_owned).collect(),
        }
    }
}
