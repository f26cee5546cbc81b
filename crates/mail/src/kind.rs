//! The one table of mails: the name of each, what it is for, and the variables of its templates.
//!
//! Template files are named after a kind, rows of the queue carry its name, and the guide's tables
//! are held against this one.

/// A value that templates may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Variable {
    /// The application's name.
    App,
    /// The address that the mail goes to.
    Email,
    /// Where the recipient goes on.
    Link,
    /// The code to enter.
    Code,
    /// For how long link or code are good.
    Minutes,
    /// Who asked: the network address.
    Ip,
    /// Who asked: the browser.
    Agent,
    /// When it was asked, or happened.
    At,
}

impl Variable {
    /// Every variable, in the order of the reference.
    pub const ALL: &[Self] = &[
        Self::App,
        Self::Email,
        Self::Link,
        Self::Code,
        Self::Minutes,
        Self::Ip,
        Self::Agent,
        Self::At,
    ];

    /// The name in templates.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Email => "email",
            Self::Link => "link",
            Self::Code => "code",
            Self::Minutes => "minutes",
            Self::Ip => "ip",
            Self::Agent => "agent",
            Self::At => "at",
        }
    }

    /// One sentence for the reference.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::App => "the application's name: `app_name` of `[mail]`",
            Self::Email => "the address that the mail goes to",
            Self::Link => "the link to follow; it is good once, so it must stand in both files",
            Self::Code => "the code to enter; it is good once, so it must stand in both files",
            Self::Minutes => "the minutes for which link or code are good",
            Self::Ip => "the network address that the request came from; empty when nobody knows",
            Self::Agent => "the browser that the request came from; empty when nobody knows",
            Self::At => "when it was asked for, or happened: `2026-11-20 19:30 UTC`",
        }
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, [$($variable:ident),+];)+) => {
        /// What a mail is for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Kind {
            /// Every kind, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name, as template files and rows of the queue carry it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What its templates may show.
            #[must_use]
            pub const fn variables(self) -> &'static [Variable] {
                match self { $(Self::$variant => &[$(Variable::$variable,)+],)+ }
            }

            /// One sentence for the reference.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc,)+).trim_start(),)+ }
            }

            /// The text and the page that are sent when the project has none of its own.
            pub(crate) const fn built_in(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => (
                    include_str!(concat!("../templates/", $name, ".txt")),
                    include_str!(concat!("../templates/", $name, ".html")),
                ),)+ }
            }
        }
    };
}

// tidy: table
kinds! {
    /// Somebody registered with this address: the link confirms that it is theirs.
    VerifyEmail, "verify-email", [App, Email, Link, Minutes];
    /// Somebody registered with the address of an account that is there already.
    AlreadyRegistered, "already-registered", [App, Email, Ip, Agent, At];
    /// Somebody forgot a password: the link leads to where another is chosen.
    ResetPassword, "reset-password", [App, Email, Link, Minutes, Ip, Agent, At];
    /// The password was changed.
    PasswordChanged, "password-changed", [App, Email, Ip, Agent, At];
    /// An account is to have this address: the link confirms it. Sent to the new address.
    ChangeEmail, "change-email", [App, Email, Link, Minutes];
    /// An account has another address from now on. Sent to the old one.
    EmailChanged, "email-changed", [App, Email, Ip, Agent, At];
    /// The link signs in.
    MagicLink, "magic-link", [App, Email, Link, Minutes, Ip, Agent, At];
    /// The code signs in.
    Code, "code", [App, Email, Code, Minutes, Ip, Agent, At];
    /// A second factor was added or removed.
    MfaChanged, "mfa-changed", [App, Email, Ip, Agent, At];
    /// Somebody can sign in to the account by a provider that could not before.
    IdentityLinked, "identity-linked", [App, Email, Ip, Agent, At];
    /// A session was ended because its refresh token was used twice, so it may have been stolen.
    SessionReused, "session-reused", [App, Email, Ip, Agent, At];
    /// Somebody made an account for this address: the link leads to where a password is chosen.
    Invitation, "invitation", [App, Email, Link, Minutes];
}

impl Kind {
    /// The kind with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
