//! Who logged in, from GitHub's API: GitHub has no ID tokens.
//!
//! The account's number names the person; its login can be changed and taken by another.

use serde::Deserialize;
use underpin_base::Secret;
use underpin_egress::{Client, Reach, Request};
use url::Url;

use crate::authority::GitHubUrls;
use crate::discovery::read;
use crate::error::{DocumentError, OidcError};
use crate::identity::{Identity, usable_email, usable_name, usable_picture};

#[derive(Deserialize)]
struct User {
    id: u64,
    login: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

/// Asks who the access token belongs to.
pub(crate) async fn identify(
    egress: &Client,
    reach: Reach,
    urls: &GitHubUrls,
    token: &Secret<String>,
) -> Result<Identity, OidcError> {
    let ask = |url: &Url| {
        Request::get(url.clone())
            .reach(reach)
            .header("authorization", &format!("Bearer {}", token.expose()))
            .header("x-github-api-version", "2022-11-28")
    };
    let user: User = read(egress, ask(&urls.user)).await.map_err(OidcError::ReadProfile)?;
    // The profile's own address is text of the user's choice; this list is what GitHub has verified.
    let emails: Vec<Email> = match read(egress, ask(&urls.emails)).await {
        Ok(emails) => emails,
        // The user may withhold the scope, and GitHub Apps the permission.
        Err(DocumentError::Status { status: 403 | 404 }) => Vec::new(),
        Err(error) => return Err(OidcError::ReadProfile(error)),
    };
    let primary = emails.into_iter().find(|email| email.primary);
    let is_verified = primary.as_ref().is_some_and(|email| email.verified);
    let email = usable_email(primary.map(|email| email.email));
    Ok(Identity {
        issuer: urls.issuer.clone(),
        subject: user.id.to_string(),
        email_verified: email.is_some() && is_verified,
        email,
        name: usable_name(user.name.or(user.login)),
        picture: usable_picture(user.avatar_url),
    })
}
