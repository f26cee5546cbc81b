//! The ID token: a signed statement of who logged in, OpenID Connect Core 1.0, section 3.1.3.7.

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::Deserialize;
use underpin_base::{Secret, Timestamp};

use crate::authority::{TENANT_MARK, Tenants};
use crate::error::TokenFault;
use crate::identity::{Profile, usable_subject};
use crate::keys::Keys;

/// How far the provider's clock may be off, in seconds.
const LEEWAY_SECONDS: f64 = 60.0;

/// Audiences of one token.
const AUDIENCES_MAX: usize = 16;

/// What a token must say to be accepted.
pub(crate) struct Expected<'a> {
    /// The issuer that discovery named; with [`TENANT_MARK`] where there are many tenants.
    pub(crate) issuer: &'a str,
    pub(crate) tenants: Tenants,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a Secret<String>,
    pub(crate) access_token: &'a Secret<String>,
    pub(crate) now: Timestamp,
}

/// The claims of a token that was accepted.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    at_hash: Option<String>,
    /// Microsoft only: the tenant.
    tid: Option<String>,
    #[serde(flatten)]
    pub(crate) profile: Profile,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// Reads the token's head, refusing what must not be followed. What it says is used for nothing but
/// to choose among the provider's own keys.
pub(crate) fn read_head(token: &str, allowed: &[Algorithm]) -> Result<Header, TokenFault> {
    // An algorithm that the crate has no name for, such as `none`, fails here already.
    let head = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Form)?;
    let is_id_token = head.typ.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("JWT"));
    let names_keys = head.jku.is_some() || head.jwk.is_some() || head.x5u.is_some();
    if !is_id_token || names_keys || head.crit.is_some() || head.zip.is_some() {
        return Err(TokenFault::Head);
    }
    if allowed.contains(&head.alg) { Ok(head) } else { Err(TokenFault::Algorithm) }
}

/// Verifies the token with the provider's keys and holds its claims against what is expected.
pub(crate) fn verify(
    token: &str,
    head: &Header,
    keys: &Keys,
    expected: &Expected<'_>,
) -> Result<Claims, TokenFault> {
    let candidates = keys.find(head.kid.as_deref(), head.alg);
    if candidates.is_empty() {
        return Err(TokenFault::UnknownKey);
    }
    let validation = signature_only(head.alg);
    for candidate in candidates {
        let Ok(data) = jsonwebtoken::decode(token, &candidate.key, &validation) else { continue };
        let claims: Claims = serde_json::from_value(data.claims).map_err(|_| TokenFault::Form)?;
        check(&claims, head.alg, expected)?;
        check_key_issuer(candidate.issuer.as_deref(), &claims)?;
        return Ok(claims);
    }
    Err(TokenFault::Signature)
}

/// The crate verifies the signature; the claims are checked here, where time is a parameter and an
/// absent claim is no reason to skip a check.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn check(claims: &Claims, algorithm: Algorithm, expected: &Expected<'_>) -> Result<(), TokenFault> {
    if !is_issuer(claims, expected) {
        return Err(TokenFault::Issuer);
    }
    let audiences = claims.aud.all();
    let is_ours = audiences.iter().any(|audience| audience == expected.client_id);
    if !is_ours || audiences.len() > AUDIENCES_MAX {
        return Err(TokenFault::Audience);
    }
    let is_party = match &claims.azp {
        Some(party) => party == expected.client_id,
        None => audiences.len() == 1,
    };
    if !is_party {
        return Err(TokenFault::AuthorizedParty);
    }
    check_times(claims, expected.now)?;
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !is_same(nonce, expected.nonce.expose()) {
        return Err(TokenFault::Nonce);
    }
    if let Some(hash) = &claims.at_hash {
        let own = access_token_hash(expected.access_token, algorithm);
        if !is_same(hash, &own) {
            return Err(TokenFault::AccessToken);
        }
    }
    usable_subject(&claims.sub).map(|_| ()).ok_or(TokenFault::Subject)
}

/// The issuer must be the one that was discovered, to the letter. Where it stands for many tenants,
/// the token's own tenant takes the place of the mark.
fn is_issuer(claims: &Claims, expected: &Expected<'_>) -> bool {
    if !expected.tenants.are_many() {
        return claims.iss == expected.issuer;
    }
    claims.tid.as_deref().is_some_and(|tenant| {
        let issuer = expected.issuer.replace(TENANT_MARK, tenant);
        expected.tenants.accept(tenant) && claims.iss == issuer
    })
}

/// Microsoft's keys say whose tokens they sign, so that a key for private accounts cannot speak for
/// a company's tenant.
fn check_key_issuer(issuer: Option<&str>, claims: &Claims) -> Result<(), TokenFault> {
    let Some(issuer) = issuer else { return Ok(()) };
    let tenant = claims.tid.as_deref().unwrap_or_default();
    if claims.iss == issuer.replace(TENANT_MARK, tenant) { Ok(()) } else { Err(TokenFault::Issuer) }
}

fn check_times(claims: &Claims, now: Timestamp) -> Result<(), TokenFault> {
    let now = now.0 as f64 / 1e6;
    if claims.exp + LEEWAY_SECONDS <= now {
        return Err(TokenFault::Expired);
    }
    let latest = now + LEEWAY_SECONDS;
    let is_future = claims.iat > latest || claims.nbf.is_some_and(|start| start > latest);
    if is_future { Err(TokenFault::NotYetValid) } else { Ok(()) }
}

fn is_same(found: &str, expected: &str) -> bool {
    !expected.is_empty()
        && constant_time::verify_slices_are_equal(found.as_bytes(), expected.as_bytes()).is_ok()
}

/// The left half of the access token's hash, by the hash of the signature's algorithm.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other algorithms are not accepted")]
fn access_token_hash(token: &Secret<String>, algorithm: Algorithm) -> String {
    let hash = match algorithm {
        Algorithm::ES384 => &digest::SHA384,
        Algorithm::EdDSA => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let digest = digest::digest(hash, token.expose().as_bytes());
    let half = &digest.as_ref()[..digest.as_ref().len() / 2];
    URL_SAFE_NO_PAD.encode(half)
}
