//! One provider: the two halves of a login with it, as lists of their steps.

use std::sync::Arc;

use underpin_base::Clock;
use underpin_egress::{Client, Reach};
use url::Url;

use crate::authority::{self, Authority, Tenants};
use crate::begin::{Ask, Begun, Stored, begin};
use crate::callback::Callback;
use crate::config::{ClientSecret, ConfigError, Preset, ProviderConfig};
use crate::discovery::{ClientAuthentication, Metadata, discover};
use crate::error::{OidcError, TokenFault};
use crate::exchange::{Redeemer, Tokens, error_code};
use crate::id_token::{Claims, Expected, read_head, verify};
use crate::identity::{Identity, usable_email, usable_name, usable_picture};
use crate::keys::Keys;
use crate::remembered::Remembered;
use crate::{apple, github, userinfo};

/// How the browser comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackMethod {
    /// By GET, with the parameters in the query.
    Get,
    /// By POST from another site, with the parameters as a form. Cookies that are not
    /// `SameSite=None` do not come along.
    Post,
}

/// A provider of logins. Lives as long as its configuration; asks nothing before the first login.
#[derive(Debug)]
pub struct Provider {
    config: ProviderConfig,
    authority: Authority,
    reach: Reach,
    scope: String,
    egress: Client,
    clock: Clock,
    metadata: Arc<Remembered<Metadata>>,
    keys: Arc<Remembered<Keys>>,
}

impl ProviderConfig {
    /// Holds what an operator says against itself; asks nobody.
    ///
    /// # Errors
    /// What cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.client_id.is_empty() {
            return Err(ConfigError::NoClientId { name: self.name.clone() });
        }
        Authority::of(self)?;
        authority::check_secret(self)?;
        if let ClientSecret::Apple(key) = &self.client_secret
            && !apple::is_usable(key)
        {
            return Err(ConfigError::AppleKey { name: self.name.clone() });
        }
        scope(self).map(drop)
    }
}

impl Provider {
    /// A provider as configured.
    ///
    /// # Errors
    /// What in the configuration cannot work.
    pub fn new(config: ProviderConfig, egress: Client, clock: Clock) -> Result<Self, ConfigError> {
        config.check()?;
        let authority = Authority::of(&config)?;
        let scope = scope(&config)?;
        let reach = authority::reach(&config);
        let (metadata, keys) = (Remembered::new(clock.clone()), Remembered::new(clock.clone()));
        Ok(Self { config, authority, reach, scope, egress, clock, metadata, keys })
    }

    /// What it is called in URLs and configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// How the browser comes back from it.
    #[must_use]
    pub fn callback_method(&self) -> CallbackMethod {
        match self.config.preset {
            Some(Preset::Apple) => CallbackMethod::Post,
            Some(Preset::GitHub | Preset::Google | Preset::Microsoft) | None => CallbackMethod::Get,
        }
    }

    /// Begins a login that comes back to `redirect_uri`, which must be registered at the provider.
    ///
    /// Needs a Tokio runtime, as [`Provider::finish`] does.
    ///
    /// # Errors
    /// When the provider cannot be discovered.
    pub async fn begin(&self, redirect_uri: &str) -> Result<Begun, OidcError> {
        let discovered;
        let endpoint = match &self.authority {
            Authority::GitHub(urls) => &urls.authorize,
            Authority::OpenId { .. } => {
                discovered = self.metadata().await?;
                &discovered.authorization
            }
        };
        // Apple gives name and e-mail only to whom it may send the form.
        let extra: &[_] = match self.callback_method() {
            CallbackMethod::Get => &[],
            CallbackMethod::Post => &[("response_mode", "form_post")],
        };
        let (client_id, scope) = (self.config.client_id.as_str(), self.scope.as_str());
        begin(&Ask { endpoint, client_id, redirect_uri, scope, extra })
    }

    /// Ends a login: redeems the callback's code and says who logged in.
    ///
    /// The caller has found `stored` by the callback's state, for the browser that began the login,
    /// and has made sure that it is used once.
    ///
    /// # Errors
    /// Whatever keeps the login from being proven; [`OidcError::failure`] says what it comes to.
    pub async fn finish(
        &self,
        callback: &Callback,
        stored: &Stored,
    ) -> Result<Identity, OidcError> {
        match &self.authority {
            Authority::GitHub(urls) => {
                check_issuer(callback, &urls.issuer, Naming::Optional)?;
                let place = (&urls.token, ClientAuthentication::Post);
                let tokens = self.redeem(place, &urls.issuer, callback, stored).await?;
                github::identify(&self.egress, self.reach, urls, &tokens.access).await
            }
            Authority::OpenId { issuer, tenants, .. } => {
                Box::pin(self.finish_open_id(callback, stored, (issuer, *tenants))).await
            }
        }
    }

    async fn finish_open_id(
        &self,
        callback: &Callback,
        stored: &Stored,
        (issuer, tenants): (&str, Tenants),
    ) -> Result<Identity, OidcError> {
        let metadata = self.metadata().await?;
        let naming = if metadata.names_issuer { Naming::Demanded } else { Naming::Optional };
        if !tenants.are_many() {
            check_issuer(callback, issuer, naming)?;
        }
        let place = (&metadata.token, metadata.client_authentication);
        let tokens = self.redeem(place, issuer, callback, stored).await?;
        let expected = Expected {
            issuer,
            tenants,
            client_id: &self.config.client_id,
            nonce: &stored.nonce,
            access_token: &tokens.access,
            now: self.clock.now(),
        };
        let claims = self.verified_claims(&metadata, &tokens, &expected).await?;
        if tenants.are_many() {
            // Which tenant it is, and with it the issuer, is known from here on.
            check_issuer(callback, &claims.iss, naming)?;
        }
        let mut identity = self.identity(claims, &metadata, &tokens, tenants).await?;
        if self.config.preset == Some(Preset::Apple) && identity.name.is_none() {
            identity.name = usable_name(callback.user.as_deref().and_then(apple::name));
        }
        Ok(identity)
    }

    /// What the callback's code is redeemed for at `endpoint`.
    async fn redeem(
        &self,
        (endpoint, announced): (&Url, ClientAuthentication),
        issuer: &str,
        callback: &Callback,
        stored: &Stored,
    ) -> Result<Tokens, OidcError> {
        if let Some(error) = &callback.error {
            return Err(OidcError::Declined { error: error_code(error) });
        }
        let code = callback.code.as_ref().filter(|code| !code.expose().is_empty());
        let code = code.ok_or(OidcError::Callback { fault: "brings no code" })?;
        let client_id = &self.config.client_id;
        let signed;
        let (secret, authentication) = match &self.config.client_secret {
            ClientSecret::None => (None, announced),
            ClientSecret::Text(secret) => (Some(secret), announced),
            ClientSecret::Apple(key) => {
                signed = apple::client_token(key, client_id, issuer, self.clock.now())?;
                (Some(&signed), ClientAuthentication::Post)
            }
        };
        let (egress, reach) = (&self.egress, self.reach);
        let redeemer = Redeemer { egress, reach, endpoint, client_id, secret, authentication };
        redeemer.redeem(code, stored).await
    }

    /// The claims of the ID token, once its signature and they have been verified.
    async fn verified_claims(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        expected: &Expected<'_>,
    ) -> Result<Claims, OidcError> {
        let token = tokens.id.as_ref().ok_or(OidcError::IdToken(TokenFault::Missing))?.expose();
        let head = read_head(token, &metadata.algorithms).map_err(OidcError::IdToken)?;
        let serves = |keys: &Keys| !keys.find(head.kid.as_deref(), head.alg).is_empty();
        let (egress, reach, url) = (self.egress.clone(), self.reach, metadata.keys.clone());
        let ask = async move { Keys::fetch(&egress, reach, &url).await };
        let keys = self.keys.get(serves, ask).await.map_err(OidcError::ReadKeys)?;
        verify(token, &head, &keys, expected).map_err(OidcError::IdToken)
    }

    /// Whom the claims name, with what the userinfo endpoint adds.
    async fn identity(
        &self,
        claims: Claims,
        metadata: &Metadata,
        tokens: &Tokens,
        tenants: Tenants,
    ) -> Result<Identity, OidcError> {
        let Claims { iss, sub, mut profile, .. } = claims;
        if profile.email.is_none()
            && let Some(url) = &metadata.userinfo
        {
            let place = (self.reach, url);
            userinfo::supplement(&self.egress, place, &tokens.access, &sub, &mut profile)
                .await
                .map_err(OidcError::ReadProfile)?;
        }
        let is_vouched_for = match (self.config.preset, tenants) {
            // Any tenant's administrator can write any address into an account, so only the word of
            // a tenant that the operator named counts, or proof that the domain is the tenant's.
            (Some(Preset::Microsoft), Tenants::One) => true,
            (Some(Preset::Microsoft), _) => profile.email_domain_verified,
            (Some(Preset::GitHub | Preset::Google | Preset::Apple) | None, _) => {
                profile.email_verified
            }
        };
        let email = usable_email(profile.email);
        Ok(Identity {
            issuer: iss,
            subject: sub,
            email_verified: email.is_some() && is_vouched_for,
            email,
            name: usable_name(profile.name),
            picture: usable_picture(profile.picture),
        })
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, OidcError> {
        let Authority::OpenId { discovery, issuer, .. } = &self.authority else {
            return Err(OidcError::Callback { fault: "belongs to another kind of provider" });
        };
        let (egress, reach) = (self.egress.clone(), self.reach);
        let (url, issuer) = (discovery.clone(), issuer.clone());
        let ask = async move { discover(&egress, reach, &url, &issuer).await };
        self.metadata.get(|_| true, ask).await.map_err(OidcError::Discover)
    }
}

/// Whether a callback must name the issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// It may.
    Optional,
    /// The provider announces that it does, so a callback without it is not the provider's.
    Demanded,
}

/// RFC 9207: the issuer in the callback tells whose code it is, so that a code of one provider is
/// not taken to another.
fn check_issuer(callback: &Callback, issuer: &str, naming: Naming) -> Result<(), OidcError> {
    match (naming, callback.iss.as_deref()) {
        (Naming::Optional, None) => Ok(()),
        (Naming::Optional | Naming::Demanded, Some(named)) if named == issuer => Ok(()),
        (Naming::Optional | Naming::Demanded, Some(_)) => {
            Err(OidcError::Callback { fault: "comes from another issuer" })
        }
        (Naming::Demanded, None) => Err(OidcError::Callback { fault: "names no issuer" }),
    }
}

/// What to ask for, as one text.
fn scope(config: &ProviderConfig) -> Result<String, ConfigError> {
    // RFC 6749, section 3.3.
    let is_allowed = |b: u8| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let is_wrong = |scope: &&String| scope.is_empty() || !scope.bytes().all(is_allowed);
    if let Some(scope) = config.scopes.iter().find(is_wrong) {
        return Err(ConfigError::Scope { name: config.name.clone(), scope: scope.clone() });
    }
    let own = match config.preset {
        Some(Preset::GitHub) => "read:user user:email",
        Some(Preset::Apple) => "openid email name",
        Some(Preset::Google | Preset::Microsoft) | None => "openid email profile",
    };
    let mut scopes: Vec<&str> = config.scopes.iter().map(String::as_str).collect();
    if scopes.is_empty() {
        return Ok(own.to_owned());
    }
    // Without it there is no ID token.
    if config.preset != Some(Preset::GitHub) && !scopes.contains(&"openid") {
        scopes.insert(0, "openid");
    }
    Ok(scopes.join(" "))
}
