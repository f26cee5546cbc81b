//! `[auth]`

use underpin_base::Secret;
use underpin_credentials::MasterSecret;

use super::section::section;
use super::value::{Kind, Links, Origins, RegistrationMode, Setting, Urls, VerificationMode};

section! {
    /// Accounts: who may make one, and how long what proves who somebody is stays good.
    "auth" => Auth {
        /// The secret that every other key of the installation derives from: 32 random bytes or more,
        /// as `openssl rand -base64 32` makes them. All servers of one database have the same. Without
        /// one a random secret is kept in a file beside the SQLite database, readable by its owner
        /// alone. Another secret ends all sessions and makes second factors unreadable.
        secret: Option<AuthSecret> = "";
        /// Whether an e-mail address must be proved before its account can be used. With `required`,
        /// registering tells nobody whether an address has an account.
        verification: VerificationMode = "required";
        /// Who may make an account: `open` is anybody, `closed` nobody but those who may invite.
        registration: RegistrationMode = "open";
        /// Whether there are accounts that have proved nothing.
        anonymous: bool = "false";
        /// Days after which a session ends, however much it is used.
        session_days: u32 = "30", 1..=3_650;
        /// Days without use after which a session ends.
        idle_days: u32 = "7", 1..=3_650;
        /// Minutes that an access token is good for. What is revoked is refused at once all the same.
        access_minutes: u32 = "15", 1..=15;
        /// Seconds in which a refresh token that was just used gives the same answer once more, for
        /// clients whose connection broke.
        grace_seconds: u32 = "10", 0..=60;
        /// Characters that a new password has at least.
        password_min: usize = "8", 8..=128;
        /// Passwords that are hashed at the same time, at most one for each core; each takes 19 MiB.
        hash_permits: usize = "4", 1..=1_024;
        /// Who issues access tokens, their `iss`. Without one the public URL, or the address.
        issuer: Option<String> = "";
        /// Whom access tokens are for, their `aud`.
        audience: String = "underpin";
        /// What links in mails begin with: the page for the link follows, as `/verify-email`, and what
        /// the link holds behind a `#`, which browsers send to no server. Without one the pages of
        /// this server, at the public URL or the address.
        links_url: Option<Links> = "";
        /// Where a login by another party may lead back to: URLs with commas between; each allows
        /// what begins with it, up to a `/`.
        allowed_redirects: Urls = "";
        /// Sites besides this server's own whose pages may send requests with cookies.
        allowed_origins: Origins = "";
        /// Days after which what happened to accounts is forgotten.
        audit_days: u32 = "365", 1..=36_500;
    }
}

/// A text that was found fit to be a master secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSecret(Secret<String>);

impl AuthSecret {
    /// The secret.
    #[must_use]
    pub fn master(&self) -> MasterSecret {
        MasterSecret::from_text(self.0.expose()).expect("invariant: reading it was successful")
    }
}

impl Setting for Option<AuthSecret> {
    const KIND: Kind = Kind::Secret;

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(None);
        }
        // Says what is wrong with a secret, and never what it is.
        MasterSecret::from_text(text).map_err(|error| error.to_string())?;
        Ok(Some(AuthSecret(Secret::new(text.to_owned()))))
    }
}
