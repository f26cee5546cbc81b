//! The room itself: what it holds while the server runs.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use underpin_base::{Error, Result};
use underpin_credentials::Keys;
use underpin_credentials::passkey::RelyingParty;
use underpin_credentials::password::{Hasher, Rules};
use underpin_egress::Client;
use underpin_engine::Engine;
use underpin_oidc::{Provider, ProviderConfig};
use underpin_plan::Actor;

use crate::Settings;
use crate::identity::Known;
use crate::signing::Signing;
use crate::usage::Usage;
use crate::{oauth, secret};

/// What the accounts of a server run with.
#[derive(Clone, Default)]
pub struct Options {
    /// Bearer tokens that stand for these actors, besides those in the database: how the test kit
    /// acts as any user with any roles. Empty in a server.
    pub fixed_tokens: HashMap<String, Arc<Actor>>,
    /// How accounts behave.
    pub settings: Settings,
    /// The keys of the installation. Without them there are API keys and nothing else: no sessions,
    /// no links, no codes.
    pub keys: Option<Arc<Keys>>,
    /// The server as passkeys know it: its domain and pages. Without it there are none.
    pub relying_party: Option<Arc<RelyingParty>>,
    /// The parties besides this server that users may log in by.
    pub providers: Vec<ProviderConfig>,
    /// How providers are asked; without it, a client with the usual bounds.
    pub egress: Option<Client>,
    /// Called once a mail was queued, so that whoever sends mails looks.
    pub on_mail: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Recognises who asks, and does what accounts ask for.
pub struct Accounts {
    pub(crate) engine: Arc<Engine>,
    pub(crate) options: Options,
    pub(crate) known: Known,
    pub(crate) hasher: Hasher,
    pub(crate) password_rules: Rules,
    pub(crate) signing: Signing,
    pub(crate) usage: Usage,
    pub(crate) providers: Vec<Provider>,
}

impl Accounts {
    /// Of the database that `engine` serves.
    ///
    /// # Errors
    /// `STORAGE_UNAVAILABLE` and the like, also when the keys are not those that the accounts were
    /// made with; `INTERNAL` for a provider that cannot work.
    pub async fn start(engine: Arc<Engine>, options: Options) -> Result<Self> {
        engine.refresh_roles().await?;
        if let Some(keys) = &options.keys {
            secret::hold(&engine, keys)?;
        }
        let hasher = Hasher::new(options.settings.hash_permits);
        let password_rules = Rules::new(options.settings.password_min);
        let (known, signing, usage) = (Known::new(), Signing::new(), Usage::new());
        let providers = oauth::providers(&options, engine.clock())?;
        Ok(Self { engine, options, known, hasher, password_rules, signing, usage, providers })
    }

    /// The engine whose accounts these are.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// How accounts behave.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.options.settings
    }

    /// The keys of the installation.
    pub(crate) fn keys_of_installation(&self) -> Result<&Keys> {
        self.options
            .keys
            .as_deref()
            .ok_or_else(|| Error::internal("accounts were started without the keys they need"))
    }
}
