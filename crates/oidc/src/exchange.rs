//! Redeeming a code at the token endpoint, RFC 6749, section 4.1.3.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use underpin_base::Secret;
use underpin_egress::{Client, Reach, Request, Response};
use url::{Url, form_urlencoded};

use crate::begin::Stored;
use crate::discovery::{ClientAuthentication, send};
use crate::error::{DocumentError, OidcError};

/// What a code was redeemed for.
pub(crate) struct Tokens {
    pub(crate) access: Secret<String>,
    pub(crate) id: Option<Secret<String>>,
}

/// Where and as whom to redeem codes.
pub(crate) struct Redeemer<'a> {
    pub(crate) egress: &'a Client,
    pub(crate) reach: Reach,
    pub(crate) endpoint: &'a Url,
    pub(crate) client_id: &'a str,
    pub(crate) secret: Option<&'a Secret<String>>,
    pub(crate) authentication: ClientAuthentication,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    id_token: Option<String>,
    error: Option<String>,
}

impl Redeemer<'_> {
    /// Redeems the code. It works once; a second attempt is the provider's to refuse.
    pub(crate) async fn redeem(
        &self,
        code: &Secret<String>,
        stored: &Stored,
    ) -> Result<Tokens, OidcError> {
        let request = self.request(code, stored).map_err(OidcError::Redeem)?;
        let request = request.header("accept", "application/json").reach(self.reach);
        let response = send(self.egress, request).await.map_err(OidcError::Redeem)?;
        read(&response)
    }

    fn request(&self, code: &Secret<String>, stored: &Stored) -> Result<Request, DocumentError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose().as_str()),
            ("redirect_uri", stored.redirect_uri.as_str()),
            ("code_verifier", stored.verifier.expose().as_str()),
        ];
        let endpoint = self.endpoint.clone();
        let Some(secret) = self.secret else {
            form.push(("client_id", self.client_id));
            return Ok(Request::post_form(endpoint, &form));
        };
        match self.authentication {
            ClientAuthentication::Basic => {
                let header = basic(self.client_id, secret.expose());
                Ok(Request::post_form(endpoint, &form).header("authorization", &header))
            }
            ClientAuthentication::Post => {
                form.push(("client_id", self.client_id));
                form.push(("client_secret", secret.expose()));
                Ok(Request::post_form(endpoint, &form))
            }
            ClientAuthentication::Unknown => Err(DocumentError::ClientAuthentication),
        }
    }
}

/// Both halves are encoded as in forms first, RFC 6749, section 2.3.1.
fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret))))
}

fn read(response: &Response) -> Result<Tokens, OidcError> {
    let status = response.status();
    // GitHub answers refusals with 200; RFC 6749 wants 400 or 401.
    if !matches!(status, 200 | 400 | 401) {
        return Err(OidcError::Redeem(DocumentError::Status { status }));
    }
    let answer: Answer = match response.json() {
        Ok(answer) => answer,
        Err(_) if status != 200 => {
            return Err(OidcError::Redeem(DocumentError::Status { status }));
        }
        Err(error) => return Err(OidcError::Redeem(DocumentError::Form(error))),
    };
    if status != 200 || answer.error.is_some() {
        let error = error_code(answer.error.as_deref().unwrap_or("no code"));
        // These say that the application is set up wrongly, not that the code is bad.
        let is_ours = matches!(error.as_str(), "invalid_client" | "unauthorized_client");
        return Err(if is_ours {
            OidcError::Redeem(DocumentError::ClientRefused { error })
        } else {
            OidcError::CodeRefused { error }
        });
    }
    let is_bearer = answer.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let Some(access) = answer.access_token.filter(|token| !token.is_empty() && is_bearer) else {
        return Err(OidcError::CodeRefused { error: "no bearer token".to_owned() });
    };
    Ok(Tokens { access: Secret::new(access), id: answer.id_token.map(Secret::new) })
}

/// An error's code as RFC 6749 allows it, short enough for a line of a log.
pub(crate) fn error_code(text: &str) -> String {
    let is_allowed = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '`');
    text.chars().filter(is_allowed).take(64).collect()
}
