//! The userinfo endpoint, OpenID Connect Core 1.0, section 5.3: what the ID token left out.

use serde::Deserialize;
use underpin_base::Secret;
use underpin_egress::{Client, Reach, Request};
use url::Url;

use crate::discovery::read;
use crate::error::DocumentError;
use crate::identity::Profile;

#[derive(Deserialize)]
struct Answer {
    sub: String,
    #[serde(flatten)]
    profile: Profile,
}

/// Adds to `profile` what the endpoint says of `subject`; what the token says stands. An answer about
/// somebody else is not used.
pub(crate) async fn supplement(
    egress: &Client,
    (reach, url): (Reach, &Url),
    token: &Secret<String>,
    subject: &str,
    profile: &mut Profile,
) -> Result<(), DocumentError> {
    let authorization = format!("Bearer {}", token.expose());
    let request = Request::get(url.clone()).reach(reach).header("authorization", &authorization);
    let answer: Answer = read(egress, request).await?;
    if answer.sub != subject {
        tracing::warn!("the userinfo endpoint speaks of another subject than the ID token");
        return Ok(());
    }
    let found = answer.profile;
    // The address and whether it is verified belong together.
    if profile.email.is_none() {
        profile.email = found.email;
        profile.email_verified = found.email_verified;
        profile.email_domain_verified = found.email_domain_verified;
    }
    profile.name = profile.name.take().or(found.name);
    profile.picture = profile.picture.take().or(found.picture);
    Ok(())
}
