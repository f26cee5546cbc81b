//! The first half of a login: the secrets of it, and the URL that the browser is sent to.

use aws_lc_rs::{digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use underpin_base::Secret;
use url::Url;

use crate::error::OidcError;

/// Random bytes of a state, a nonce and a verifier.
const SECRET_BYTES: usize = 32;

/// A login that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where to send the browser.
    pub url: Url,
    /// What the callback must bring back. Keep it sealed for this browser, and use it once.
    pub state: Secret<String>,
    /// What the ID token must hold. Keep it sealed beside the state.
    pub nonce: Secret<String>,
    /// What proves that the code is redeemed by whom it was asked for (PKCE, RFC 7636). Keep it
    /// sealed beside the state; it must not reach the browser in the clear.
    pub verifier: Secret<String>,
}

/// What was kept of a login that has begun.
#[derive(Debug, Clone)]
pub struct Stored {
    /// [`Begun::nonce`].
    pub nonce: Secret<String>,
    /// [`Begun::verifier`].
    pub verifier: Secret<String>,
    /// The address the browser was told to come back to, as given to
    /// [`Provider::begin`](crate::Provider::begin).
    pub redirect_uri: String,
}

/// What the URL says besides the secrets.
pub(crate) struct Ask<'a> {
    pub(crate) endpoint: &'a Url,
    pub(crate) client_id: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) extra: &'a [(&'a str, &'a str)],
}

/// Makes the secrets and the URL.
pub(crate) fn begin(ask: &Ask<'_>) -> Result<Begun, OidcError> {
    let (state, nonce, verifier) = (random_text()?, random_text()?, random_text()?);
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()));
    let mut url = ask.endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", ask.client_id)
        .append_pair("redirect_uri", ask.redirect_uri)
        .append_pair("scope", ask.scope)
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .extend_pairs(ask.extra);
    let [state, nonce, verifier] = [state, nonce, verifier].map(Secret::new);
    Ok(Begun { url, state, nonce, verifier })
}

fn random_text() -> Result<String, OidcError> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| OidcError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
