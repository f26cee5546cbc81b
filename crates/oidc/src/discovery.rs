//! The discovery document, OpenID Connect Discovery 1.0: everything a provider says of itself.

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use underpin_egress::{Client, Reach, Request, Response, check};
use url::Url;

use crate::error::DocumentError;

/// Bytes of any document of a provider.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// The algorithms that are accepted, where the provider announces them too. Asymmetric ones only: with
/// a shared secret whoever can verify could also sign.
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
    ("Ed25519", Algorithm::EdDSA), // RFC 9864
];

/// What is used of the document, checked.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) authorization: Url,
    pub(crate) token: Url,
    pub(crate) userinfo: Option<Url>,
    pub(crate) keys: Url,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) client_authentication: ClientAuthentication,
    /// Whether callbacks always name the issuer, RFC 9207.
    pub(crate) names_issuer: bool,
}

/// How a client with a secret proves itself at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// By nothing that this application has.
    Unknown,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Asks for the document at `url` and checks it; `issuer` is whom it must name, to the letter.
pub(crate) async fn discover(
    egress: &Client,
    reach: Reach,
    url: &Url,
    issuer: &str,
) -> Result<Metadata, DocumentError> {
    let document: Document = read(egress, Request::get(url.clone()).reach(reach)).await?;
    if document.issuer != issuer {
        let found = document.issuer.chars().take(200).collect();
        return Err(DocumentError::Issuer { found });
    }
    let endpoint = |member, text: &str| endpoint(url, reach, member, text);
    let userinfo = document.userinfo_endpoint.as_deref();
    Ok(Metadata {
        authorization: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
        token: endpoint("token_endpoint", &document.token_endpoint)?,
        userinfo: userinfo.map(|text| endpoint("userinfo_endpoint", text)).transpose()?,
        keys: endpoint("jwks_uri", &document.jwks_uri)?,
        algorithms: algorithms(document.id_token_signing_alg_values_supported.as_deref()),
        client_authentication: client_authentication(
            document.token_endpoint_auth_methods_supported.as_deref(),
        ),
        names_issuer: document.authorization_response_iss_parameter_supported,
    })
}

/// The URL of an endpoint. A provider that is asked by HTTPS must not lead to one in the clear.
fn endpoint(
    document: &Url,
    reach: Reach,
    member: &'static str,
    text: &str,
) -> Result<Url, DocumentError> {
    let refused = DocumentError::Url { member };
    let Ok(url) = Url::parse(text) else { return Err(refused) };
    let is_private = url.scheme() == "https" || document.scheme() != "https";
    if is_private && check(&url, reach).is_ok() { Ok(url) } else { Err(refused) }
}

/// Sends a request for a JSON document and reads it.
pub(crate) async fn read<T: serde::de::DeserializeOwned>(
    egress: &Client,
    request: Request,
) -> Result<T, DocumentError> {
    let response = send(egress, request.header("accept", "application/json")).await?;
    match response.status() {
        200 => response.json().map_err(DocumentError::Form),
        status => Err(DocumentError::Status { status }),
    }
}

/// Sends a request and takes whatever answer comes.
pub(crate) async fn send(egress: &Client, request: Request) -> Result<Response, DocumentError> {
    let request = request.body_bytes_max(DOCUMENT_BYTES_MAX);
    egress.send(request).await.map_err(DocumentError::Send)
}

fn algorithms(announced: Option<&[String]>) -> Vec<Algorithm> {
    // Every provider must support RS256, so one that announces nothing means it.
    let Some(announced) = announced else { return vec![Algorithm::RS256] };
    let is_announced = |name: &str| announced.iter().any(|announced| announced == name);
    let known = ALGORITHMS.iter().filter(|(name, _)| is_announced(name));
    known.map(|(_, algorithm)| *algorithm).collect()
}

fn client_authentication(announced: Option<&[String]>) -> ClientAuthentication {
    let Some(announced) = announced else { return ClientAuthentication::Basic };
    let is_announced = |name: &str| announced.iter().any(|announced| announced == name);
    if is_announced("client_secret_basic") {
        ClientAuthentication::Basic
    } else if is_announced("client_secret_post") {
        ClientAuthentication::Post
    } else {
        ClientAuthentication::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_read_by_https_leads_to_https_only() {
        let accepts = |document: &str, reach, text| {
            endpoint(&Url::parse(document).expect("a URL"), reach, "jwks_uri", text).is_ok()
        };
        let (open, tls) = ("http://127.0.0.1:1/d", "https://idp.example.com/d");
        assert!(accepts(open, Reach::Any, "http://127.0.0.1:2/keys"));
        assert!(accepts(open, Reach::Any, "https://10.0.0.1/keys"));
        assert!(accepts(tls, Reach::Any, "https://10.0.0.1/keys"));
        assert!(!accepts(tls, Reach::Any, "http://127.0.0.1:2/keys"));
        assert!(!accepts(tls, Reach::Any, "http://localhost/keys"));
        // What is built in has no business in an inner network.
        assert!(!accepts(tls, Reach::Public, "https://10.0.0.1/keys"));
        assert!(accepts(tls, Reach::Public, "https://www.googleapis.com/oauth2/v3/certs"));
    }

    #[test]
    fn only_asymmetric_algorithms_that_are_announced_are_accepted() {
        let of = |names: &[&str]| {
            algorithms(Some(&names.iter().map(ToString::to_string).collect::<Vec<_>>()))
        };
        assert_eq!(algorithms(None), [Algorithm::RS256]);
        assert_eq!(of(&["none", "HS256", "HS512", "RS1", "ES512", "rs256"]), []);
        assert_eq!(of(&["ES256", "none", "RS256"]), [Algorithm::RS256, Algorithm::ES256]);
    }
}
