//! How accounts behave: the `[auth]` section of the configuration, as plain values.

/// Whether an address must be proved before its account can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verification {
    /// Nobody logs in before, and registering tells nobody whether an address has an account.
    #[default]
    Required,
    /// Registering logs in at once; rules may ask whether the address was proved.
    Optional,
}

/// Who may make an account by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Registration {
    /// Anybody.
    #[default]
    Open,
    /// Nobody: accounts are made by those who may.
    Closed,
}

/// How accounts behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether an address must be proved first.
    pub verification: Verification,
    /// Who may make an account by itself.
    pub registration: Registration,
    /// Whether there are accounts that have proved nothing.
    pub anonymous: bool,
    /// Days after which a session ends, however much it is used.
    pub session_days: u32,
    /// Days without use after which a session ends.
    pub idle_days: u32,
    /// Minutes that an access token is good for: 1 to 15, other numbers count as the nearest.
    pub access_minutes: u32,
    /// Seconds in which a refresh token that was just replaced still gives its successor: 0 to 60.
    pub grace_seconds: u32,
    /// Characters that a new password has at least; fewer than 8 cannot be set.
    pub password_min: usize,
    /// Passwords that are hashed at the same time.
    pub hash_permits: usize,
    /// Who issues access tokens: `iss`.
    pub issuer: String,
    /// Whom access tokens are for: `aud`.
    pub audience: String,
    /// What links in mails start with, such as `https://app.example.com/account`: the page that a
    /// link leads to follows, as in `/verify-email#token=…`. Links are made of nothing else.
    pub links: String,
    /// What authenticator apps call the server.
    pub app_name: String,
    /// Whether a login of an account that has a passkey, and no authenticator app, must show it.
    pub passkeys_are_second_factors: bool,
    /// Where browsers reach this server, such as `https://api.example.com`: providers send them back
    /// to `/api/v1/auth/oauth/NAME/callback` below it.
    pub public_url: String,
    /// Where a login by another party may lead back to: URLs, of which each allows what begins with
    /// it, up to a `/`.
    pub allowed_redirects: Vec<String>,
    /// Days after which what happened to accounts is forgotten.
    pub audit_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            verification: Verification::Required,
            registration: Registration::Open,
            anonymous: false,
            session_days: 30,
            idle_days: 7,
            access_minutes: 15,
            grace_seconds: 10,
            password_min: 8,
            hash_permits: 4,
            issuer: "underpin".to_owned(),
            audience: "underpin".to_owned(),
            links: "http://localhost:8080".to_owned(),
            app_name: "Underpin".to_owned(),
            passkeys_are_second_factors: false,
            public_url: "http://localhost:8080".to_owned(),
            allowed_redirects: Vec::new(),
            audit_days: 365,
        }
    }
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Settings {
    pub(crate) fn access_seconds(&self) -> i64 {
        i64::from(self.access_minutes.clamp(1, 15)) * 60
    }

    pub(crate) fn session_us(&self) -> i64 {
        i64::from(self.session_days.max(1)) * DAY
    }

    pub(crate) fn idle_us(&self) -> i64 {
        i64::from(self.idle_days.max(1)) * DAY
    }

    pub(crate) fn grace_us(&self) -> i64 {
        i64::from(self.grace_seconds) * SECOND
    }

    pub(crate) fn audit_us(&self) -> i64 {
        i64::from(self.audit_days.max(1)) * DAY
    }
}
