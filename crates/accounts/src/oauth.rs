//! Logging in by another party: the browser goes to a provider and comes back, and the page that it
//! is led to trades a token for a session.
//!
//! A flow is a ticket that the provider's `state` finds. It holds, sealed, the secrets of the login
//! and where to lead back to, and belongs to the browser that began it, which brings a cookie: without
//! it somebody else's flow would log a victim in to the wrong account. No token of a session stands
//! in any URL; the one that does is good once, for a minute, and in the fragment.

use std::error::Error as StdError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use underpin_base::{Clock, Code, Error, Result, Secret};
use underpin_credentials::ticket::Ticket;
use underpin_egress::{Client, Settings as EgressSettings};
use underpin_engine::{SystemWrite, Transaction};
use underpin_oidc::{Begun, Callback, Failure, Identity, OidcError, Provider, Stored};
use url::{Url, form_urlencoded};

use crate::ask::Ask;
use crate::audit::Event;
use crate::challenge::lost_race;
use crate::oauth_accounts::Setback;
use crate::oauth_redirect::{OauthFault, lead_back, target};
use crate::people::email_field;
use crate::session::Proven;
use crate::tickets::{Purpose, TicketRow, invalid_token};
use crate::{Accounts, Answer, Options};

/// What the cookie's hash is bound to.
const BROWSER: &str = "oauth-browser";

/// What is sealed in a flow.
#[derive(Serialize, Deserialize)]
struct Sealed {
    nonce: String,
    verifier: String,
    callback: String,
    target: String,
}

/// The providers of these options.
///
/// # Errors
/// `INTERNAL` for a provider that cannot work; whoever reads the configuration says so before.
pub(crate) fn providers(options: &Options, clock: &Clock) -> Result<Vec<Provider>> {
    if options.providers.is_empty() {
        return Ok(Vec::new());
    }
    let egress = match &options.egress {
        Some(egress) => egress.clone(),
        None => Client::new(EgressSettings::default()).map_err(Error::internal)?,
    };
    let provider = |config: &underpin_oidc::ProviderConfig| {
        Provider::new(config.clone(), egress.clone(), clock.clone()).map_err(Error::internal)
    };
    options.providers.iter().map(provider).collect()
}

impl Accounts {
    /// The providers, by the names that they have in paths.
    pub(crate) fn list_providers(&self) -> Answer {
        let list = self.providers.iter().map(|provider| json!({ "name": provider.name() }));
        Answer::Data { data: Json::Array(list.collect()), meta: None }
    }

    fn provider(&self, ask: &Ask<'_>) -> Result<&Provider> {
        let name = ask.segment(0)?;
        let found = self.providers.iter().find(|provider| provider.name() == name);
        // Whoever logs in so is known by an address.
        found.filter(|_| email_field(ask.app).is_some()).ok_or_else(Error::not_found)
    }

    /// Sends the browser to a provider.
    pub(crate) async fn oauth_start(&self, ask: &Ask<'_>) -> Result<Answer> {
        let provider = self.provider(ask)?;
        let target = self.page_to_lead_back_to(ask)?;
        let settings = &self.options.settings;
        let callback = format!(
            "{}/api/v{}/auth/oauth/{}/callback",
            settings.public_url.trim_end_matches('/'),
            ask.app.schema().version,
            provider.name()
        );
        let begun = match provider.begin(&callback).await {
            Ok(begun) => begun,
            Err(error) => return Ok(lead_back(target, Err(fault_of(provider, &error)))),
        };
        let cookie = self.add_oauth_flow(provider, &begun, (callback, target)).await?;
        Ok(Answer::Redirect { location: begun.url.into(), flow_cookie: Some(cookie) })
    }

    /// The address that the query says to lead back to.
    fn page_to_lead_back_to(&self, ask: &Ask<'_>) -> Result<Url> {
        let mut given = None;
        for (name, value) in ask.query {
            if name != "redirect" {
                let message = format!("there is no parameter `{name}`");
                return Err(Error::new(Code::UnknownParameter, message).with_parameter(name));
            }
            if given.replace(value.as_str()).is_some() {
                return Err(Error::new(Code::InvalidParameter, "`redirect` stands twice")
                    .with_parameter("redirect"));
            }
        }
        target(given.unwrap_or_default(), &self.options.settings.allowed_redirects)
    }

    /// Keeps what the callback needs, and gives what the browser brings back.
    async fn add_oauth_flow(
        &self,
        provider: &Provider,
        begun: &Begun,
        (callback, target): (String, Url),
    ) -> Result<Secret<String>> {
        let keys = self.keys_of_installation()?;
        let sealed = Sealed {
            nonce: begun.nonce.expose().clone(),
            verifier: begun.verifier.expose().clone(),
            callback,
            target: target.into(),
        };
        let sealed = serde_json::to_vec(&sealed).map_err(Error::internal)?;
        let sealed = STANDARD.encode(keys.seal(&place(provider.name()), &sealed));
        let browser = Ticket::generate();
        let data = json!({
            "provider": provider.name(),
            "browser": browser.hash(keys, BROWSER),
            "sealed": sealed,
        });
        let state = Ticket::parse(begun.state.expose())
            .ok_or_else(|| Error::internal("the state of a login is no ticket"))?;
        let mut transaction = Transaction::new(&self.engine);
        self.add_ticket_of(&mut transaction, Purpose::Oauth, (&state, None), data)?;
        transaction.commit().await.map_err(Error::from)?;
        Ok(browser.text())
    }

    /// Takes the browser back from a provider.
    pub(crate) async fn oauth_callback(&self, ask: &Ask<'_>) -> Result<Answer> {
        let provider = self.provider(ask)?;
        let callback = read_callback(ask.query)?;
        let flow = self.take_oauth_flow(ask, provider, &callback).await?;
        let target = Url::parse(&flow.target).map_err(Error::internal)?;
        let stored = Stored {
            nonce: Secret::new(flow.nonce),
            verifier: Secret::new(flow.verifier),
            redirect_uri: flow.callback,
        };
        let came = match Box::pin(provider.finish(&callback, &stored)).await {
            Ok(identity) => Box::pin(self.exchange_token(ask, provider.name(), &identity)).await,
            Err(error) => Err(Setback::Fault(fault_of(provider, &error))),
        };
        let came = match came {
            Ok(token) => Ok(token),
            Err(Setback::Fault(fault)) => {
                let details = json!({ "provider": provider.name(), "fault": fault.name() });
                let event = Event::new("oauth.tried").details(details);
                self.audit_refusal(ask, &event, Code::InvalidCredentials).await?;
                Err(fault)
            }
            // The page is told that something failed; what it was is for the log.
            Err(Setback::Error(error)) => {
                tracing::error!(error = &error as &dyn StdError, "a login by a provider failed");
                Err(OauthFault::Failed)
            }
        };
        Ok(lead_back(target, came))
    }

    /// The flow that a callback belongs to, which is used up. One that the browser did not begin is
    /// left alone: it is still good for the browser that did.
    async fn take_oauth_flow(
        &self,
        ask: &Ask<'_>,
        provider: &Provider,
        callback: &Callback,
    ) -> Result<Sealed> {
        let keys = self.keys_of_installation()?;
        let state = callback.state.as_ref().ok_or_else(invalid_token)?;
        let ticket = self.find_ticket(&[Purpose::Oauth], state.expose()).await?;
        let cookie = ask.flow_cookie.and_then(Ticket::parse).ok_or_else(another_browser)?;
        if ticket.text("browser") != Some(cookie.hash(keys, BROWSER).as_str()) {
            return Err(another_browser());
        }
        if ticket.text("provider") != Some(provider.name()) {
            return Err(invalid_token());
        }
        let write = SystemWrite::delete("Ticket", ticket.id).at(ticket.version);
        match self.engine.system_write(write).await {
            Ok(_) => {}
            Err(error) if lost_race(&error) => return Err(invalid_token()),
            Err(error) => return Err(error),
        }
        let sealed = ticket.text("sealed").and_then(|text| STANDARD.decode(text).ok());
        let opened = sealed.and_then(|sealed| keys.open(&place(provider.name()), &sealed));
        serde_json::from_slice(&opened.ok_or_else(invalid_token)?).map_err(Error::internal)
    }

    /// What the page trades for a session of the account that an identity belongs to.
    async fn exchange_token(
        &self,
        ask: &Ask<'_>,
        provider: &str,
        identity: &Identity,
    ) -> Result<Secret<String>, Setback> {
        let (account, epoch) = self.account_by_identity(ask, provider, identity).await?;
        let data = json!({ "epoch": epoch });
        let mut transaction = Transaction::new(&self.engine);
        let purpose = Purpose::OauthExchange;
        let token = self.add_ticket(&mut transaction, purpose, Some(account), data)?;
        transaction.commit().await.map_err(Error::from)?;
        self.mail_is_queued();
        Ok(token)
    }

    /// Trades what the redirect brought for a session.
    pub(crate) async fn oauth_exchange(&self, ask: &Ask<'_>) -> Result<Answer> {
        let attempt = async {
            let ticket =
                self.find_ticket(&[Purpose::OauthExchange], ask.inputs.text("token")).await?;
            let proven = proven(&ticket)?;
            let mut transaction = Transaction::new(&self.engine);
            Self::consume(&mut transaction, &ticket)?;
            self.log_in(ask, transaction, &proven).await
        };
        match attempt.await {
            Ok(grant) => Ok(Answer::Session(Box::new(grant))),
            Err(error) if lost_race(&error) => Err(invalid_token()),
            Err(error) => Err(error),
        }
    }
}

/// What a ticket proves, while its account stands as it did when the browser came back.
fn proven(ticket: &TicketRow) -> Result<Proven> {
    let epoch = ticket.data.as_ref().and_then(|data| data["epoch"].as_i64());
    let account = ticket
        .account
        .as_ref()
        .filter(|account| account.suspended_at.is_none() && Some(account.epoch) == epoch);
    let account = account.ok_or_else(invalid_token)?;
    Ok(Proven { account: account.id, epoch: account.epoch, methods: vec!["oauth"] })
}

/// What the browser brings back.
fn read_callback(query: &[(String, String)]) -> Result<Callback> {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(query);
    Callback::parse(&text.finish()).map_err(|cause| invalid_token().with_source(cause))
}

/// What a failure of a provider is towards the page; the log is told more.
fn fault_of(provider: &Provider, error: &OidcError) -> OauthFault {
    let name = provider.name();
    match error.failure() {
        Failure::Declined => OauthFault::Declined,
        Failure::Refused => {
            tracing::warn!(provider = name, error = error as &dyn StdError, "a login was refused");
            OauthFault::Refused
        }
        Failure::Unavailable => {
            tracing::warn!(provider = name, error = error as &dyn StdError, "a provider failed");
            OauthFault::ProviderUnavailable
        }
    }
}

/// What is sealed is bound to.
fn place(provider: &str) -> String {
    format!("Ticket/oauth/{provider}")
}

fn another_browser() -> Error {
    Error::new(Code::InvalidToken, "this login was begun in another browser, or long ago")
        .with_hint("begin again in this one")
}
