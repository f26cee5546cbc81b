//! Sign in with Apple: the client's secret is a token of its own, signed with a key, and the person's
//! name comes with the callback instead of the ID token.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use underpin_base::{Secret, Timestamp};

use crate::config::AppleKey;
use crate::error::OidcError;

/// Seconds that a token is good for; Apple allows half a year, one request needs less.
const LIFETIME_SECONDS: i64 = 300;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    iat: i64,
    exp: i64,
    aud: &'a str,
    sub: &'a str,
}

/// A token that proves to `audience` that the application is `client_id`.
pub(crate) fn client_token(
    key: &AppleKey,
    client_id: &str,
    audience: &str,
    now: Timestamp,
) -> Result<Secret<String>, OidcError> {
    let signing = signing_key(key).ok_or(OidcError::SignClientToken)?;
    let iat = now.0 / 1_000_000;
    let exp = iat + LIFETIME_SECONDS;
    let claims = Claims { iss: &key.team_id, iat, exp, aud: audience, sub: client_id };
    let mut head = Header::new(Algorithm::ES256);
    head.kid = Some(key.key_id.clone());
    let token = jsonwebtoken::encode(&head, &claims, &signing);
    token.map(Secret::new).map_err(|_| OidcError::SignClientToken)
}

/// Whether the key signs.
pub(crate) fn is_usable(key: &AppleKey) -> bool {
    client_token(key, "", "", Timestamp(0)).is_ok()
}

/// The key out of its PEM armour.
fn signing_key(key: &AppleKey) -> Option<EncodingKey> {
    let (_, rest) = key.private_key.expose().split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let packed: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    Some(EncodingKey::from_ec_der(&STANDARD.decode(packed).ok()?))
}

#[derive(Deserialize)]
struct User {
    name: Option<Name>,
}

#[derive(Deserialize)]
struct Name {
    #[serde(rename = "firstName")]
    first: Option<String>,
    #[serde(rename = "lastName")]
    last: Option<String>,
}

/// The person's name in the callback's `user`. The browser could have changed it, which a name may
/// bear; the address beside it is not read.
pub(crate) fn name(user: &str) -> Option<String> {
    let name = serde_json::from_str::<User>(user).ok()?.name?;
    let parts: Vec<String> = [name.first, name.last].into_iter().flatten().collect();
    Some(parts.join(" "))
}
